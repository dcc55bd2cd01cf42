import { describe, expect, it } from 'vitest';
import { superPod } from '../../../src/catalogue/index.js';
import { gangBandwidthGBps } from '../../../src/check/gangs/gang-traffic.js';
import { clusterTopology, compile, type PlacementRequest } from '../../../src/index.js';
import type { Gang } from '../../../src/placement/gangs/gang.js';
import { GangTask, type Piece } from '../../../src/placement/gangs/gang-task.js';
import { ReachableCounts } from '../../../src/placement/gangs/reachable-counts.js';
import { podsThatFit } from '../../../src/placement/state/state.js';
import { anyGang, Disorder, domainsOf, lowestLevelOf, someGpus } from '../kinds-cluster.js';
import { Dice, gangCase } from './gang-cluster.js';

/** Whether numbers of pods by server keep the rule of slices: at most one domain has a smaller one. */
function isSliced(
  disorder: Disorder,
  gang: Gang,
  servers: readonly number[],
  pods: readonly number[],
): boolean {
  const total = pods.reduce((sum, n) => sum + n, 0);
  const podsOf = new Map(servers.map((server, i) => [server, pods[i]!]));
  const sums = disorder
    .slicesOf(servers, gang.sliceLevel)
    .map((part) => part.reduce((sum, s) => sum + podsOf.get(s)!, 0) % gang.slicePods)
    .filter((over) => over !== 0);
  return sums.length === 0 || (sums.length === 1 && sums[0] === total % gang.slicePods);
}

/**
 * The highest bandwidth of a gang over several servers of a domain, by looking at every number of pods on each and every
 * set of GPUs; undefined where none keeps the rules.
 */
function highest(
  disorder: Disorder,
  gang: Gang,
  pods: number,
  servers: readonly number[],
): number | undefined {
  const { tables, engine, cluster } = disorder;
  let best: number | undefined;
  const taken = cluster.servers.map(() => 0);
  const counts = servers.map(() => 0);
  const visit = (i: number, left: number): void => {
    if (i === servers.length) {
      if (left > 0 || counts.filter((n) => n > 0).length < 2) return;
      if (!isSliced(disorder, gang, servers, counts)) return;
      best = Math.max(best ?? 0, gangBandwidthGBps(cluster, taken)!);
      return;
    }
    const s = servers[i]!;
    const position = tables.documentIndexOf[s]!;
    const room = podsThatFit(tables, engine.state, gang.need, s, left);
    for (let own = 0; own <= room; own++) {
      counts[i] = own;
      for (const mask of someGpus(engine.state.freeMask[s]!, own * gang.need.gpus)) {
        taken[position] = mask;
        visit(i + 1, left - own);
      }
    }
    counts[i] = 0;
    taken[position] = 0;
  };
  visit(0, pods);
  return best;
}

describe('ReachableCounts', () => {
  it('reaches in every domain just what looking at every placement finds, and says how', () => {
    let compared = 0;
    let sliced = 0;
    for (let seed = 0; seed < 5000; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(gangCase(seed).cluster, dice, { limits: true });
      disorder.run(1);
      const { tables, index, levels, cluster } = disorder;
      const { fabric } = tables;
      const { gang, request } = anyGang(dice, tables, levels, { limits: true, podsMax: 5 });
      const { pods, need } = gang;
      if (need.gpus === 0 || need.gpuMilli < 1000) continue;
      const level = dice.below(fabric.levelCount);
      const domain = dice.of(domainsOf(fabric, level));
      // Inside one accelerator domain nothing is asked of this.
      if (fabric.islandOf[domain] !== -1) continue;
      const first = fabric.serverStart[domain]!;
      const servers = Array.from({ length: fabric.serverEnd[domain]! - first }, (_, i) => first + i);
      const best = highest(disorder, gang, pods, servers);
      // A gang that fits in a narrower domain, or on one server, is looked for there.
      const fitsBelow =
        servers.some((s) => podsThatFit(tables, disorder.engine.state, need, s, pods) >= pods) ||
        (level > 0 &&
          domainsOf(fabric, level - 1).some((inside) => {
            const from = fabric.serverStart[inside]!;
            const some = servers.filter((s) => s >= from && s < fabric.serverEnd[inside]!);
            return some.length > 0 && highest(disorder, gang, pods, some) !== undefined;
          }));
      if (best === undefined || fitsBelow) continue;
      compared++;
      if (gang.slicePods > 1) sliced++;
      const where = `seed ${seed}, ${JSON.stringify(request)}`;
      const task = new GangTask(index, gang, pods, level, [domain]);
      const { target } = task;
      const counted = new ReachableCounts(index, task);
      for (const share of [0, 0.5, 1]) {
        target.aim(best * share);
        expect(counted.isReached(domain, level), `${where}, ${share} of ${best}`).toBe(true);
        const pieces: Piece[] = counted.planIn(domain, level);
        const taken = cluster.servers.map(() => 0);
        for (const piece of pieces) {
          taken[tables.documentIndexOf[piece.server]!] = target.maskOn(piece.server, piece.pods);
        }
        const counts = servers.map((s) =>
          pieces.reduce((sum, piece) => sum + (piece.server === s ? piece.pods : 0), 0),
        );
        expect(
          counts.reduce((sum, n) => sum + n, 0),
          where,
        ).toBe(pods);
        expect(new Set(pieces.map((piece) => piece.server)).size, where).toBe(pieces.length);
        expect(isSliced(disorder, gang, servers, counts), where).toBe(true);
        expect(
          lowestLevelOf(
            fabric,
            pieces.map((piece) => piece.server),
          ),
          where,
        ).toBe(level);
        expect(gangBandwidthGBps(cluster, taken)!, where).toBeGreaterThanOrEqual(best * share * (1 - 1e-8));
      }
      target.aim(best * 1.001 + 1e-6);
      expect(counted.isReached(domain, level), where).toBe(false);
    }
    expect(compared).toBeGreaterThan(150);
    expect(sliced).toBeGreaterThan(20);
  });

  it('takes the first of equal servers, also where NICs limit the gang', () => {
    const solver = compile(clusterTopology(superPod({ units: 1 })));
    const serversOf = (request: PlacementRequest): string[] => {
      const result = solver.find(request);
      return result.ok ? [...new Set(result.placement.pods.map((pod) => pod.server))] : [];
    };
    expect(serversOf({ pods: 6, gpus: 4 })).toEqual(['unit0-server0', 'unit0-server1', 'unit0-server2']);
    expect(serversOf({ pods: 5, gpus: 3 })).toEqual(['unit0-server0', 'unit0-server1', 'unit0-server2']);
    expect(serversOf({ pods: 3, gpus: 4 })).toEqual(['unit0-server0', 'unit0-server1']);
  });
});
