import { damageKey } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { SERVER } from './gang.js';
import type { GangCapacity } from './gang-capacity.js';
import { isCheaper, type PlanCost } from './gang-plan.js';
import type { GangTask } from './gang-task.js';
import { wholeRacks } from './greedy-plan.js';
import { rackCost } from './rack-orders.js';

/** Domains whose plans are compared in full; estimates rule out the rest. */
export const PLANS_MAX = 16;

/**
 * The domains whose plans are compared in full, the best first: by the load of a plan in racks where servers of one kind
 * are taken whole, else by an estimate of the damage.
 */
export function hopefulDomains(index: FreeIndex, capacity: GangCapacity, task: GangTask): number[] {
  const { gang, wholeKind, target } = task;
  const isByRacks =
    wholeKind !== -1 && target.islandLevel < 0 && (gang.slicePods === 1 || gang.sliceLevel !== SERVER);
  if (!isByRacks) return candidates(index, capacity, task, PLANS_MAX);
  const all = candidates(index, capacity, task, Number.POSITIVE_INFINITY);
  if (all.length <= PLANS_MAX) return all;
  const costs = new Map<number, PlanCost>();
  for (const domain of all) {
    costs.set(domain, rackCost(index, task, wholeRacks(index, capacity, task, domain)));
  }
  const isBetter = (a: number, b: number): boolean => isCheaper(costs.get(a)!, costs.get(b)!);
  return all.sort((a, b) => Number(isBetter(b, a)) - Number(isBetter(a, b))).slice(0, PLANS_MAX);
}

/** The domains that hold the gang, by an estimate of the damage, at most so many. O(domains × log). */
export function candidates(
  index: FreeIndex,
  capacity: GangCapacity,
  { domains, level, pods, wholeKind, target }: GangTask,
  most: number,
): number[] {
  const { fabric } = index.tables;
  const { whole } = index;
  if (wholeKind !== -1 && level === 0 && !target.isMixed) {
    // In racks of whole servers of one kind bandwidth and load are the same and this damage is exact: one is the best.
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    let around = -1;
    let damageAround = 0;
    const { cellAt, cellParent, kindCount } = fabric;
    for (let i = 0; i < domains.length; i++) {
      const domain = domains[i]!;
      const cell = cellAt[domain * kindCount + wholeKind]!;
      if (cellParent[cell] !== around) {
        around = cellParent[cell]!;
        damageAround = whole.damageOf(around, pods);
      }
      const key = damageKey(whole.damageInCell(cell, pods) + damageAround);
      if (key >= least) continue;
      best = domain;
      least = key;
    }
    return [best];
  }
  const found = domains.map((domain) => ({
    domain,
    estimate:
      wholeKind === -1
        ? capacity.full[domain]!
        : damageKey(whole.damageOf(fabric.cellAt[domain * fabric.kindCount + wholeKind]!, pods)),
  }));
  found.sort((a, b) => a.estimate - b.estimate || a.domain - b.domain);
  return found.slice(0, most).map(({ domain }) => domain);
}
