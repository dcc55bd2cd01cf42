import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { ServerId } from '../../ids.js';
import type { ClusterTopology } from '../../topology/types.js';
import { GPU_MILLI } from '../../units.js';
import type { PlacementEngine } from '../engine.js';
import { type Gang, type Levels, SERVER } from '../gangs/gang.js';
import { GangCapacity } from '../gangs/gang-capacity.js';
import type { GangPlan } from '../gangs/gang-plan.js';
import type { Constraint, ConstraintFailures, Explanation, TierExplanation } from '../request/explanation.js';
import type { PlacementRequest } from '../request/request.js';
import type { PodNeed } from '../state/pod-need.js';
import { tightestFreeMilli } from '../state/shared-gpus.js';
import { type PlacementState, podsOnPlaces, podsThatFit, popcount16 } from '../state/state.js';
import { stepsOf } from './explain-steps.js';
import { refusalOf } from './refusal.js';
import { fitsIfAllIsChanged, remediesFor } from './remedies.js';
import { plural } from './words.js';

/**
 * Explains a request without placing it.
 *
 * @complexity O(servers × tiers)
 */
export function explainRequest(
  engine: PlacementEngine,
  gang: Gang,
  request: PlacementRequest,
  levels: Levels,
  cluster: ClusterTopology,
): Explanation {
  const { tables, state } = engine;
  const plan = engine.peekPlan(gang);
  const { constraints, serversThatFit } = countFailures(tables, state, gang.need, request);
  const tiers = explainTiers(tables, state, gang, levels, cluster);
  const counts = { servers: tables.serverCount, serversThatFit, constraints, tiers };
  if (plan !== undefined) {
    return {
      fits: true,
      reason: null,
      message: fitMessage(plan, levels),
      tier: levels.nameOf(plan.level),
      bandwidthGBps: plan.bandwidthGBps,
      ...counts,
      remedies: [],
      steps: stepsOf(engine, gang, plan, levels),
    };
  }
  const refusal = refusalOf(engine, gang, request, levels);
  const remedies = remediesFor(engine, request, gang, levels, tiers);
  const help =
    remedies[0]?.message ??
    (fitsIfAllIsChanged(engine, request, levels)
      ? `no single change would make it fit: ${refusal.message}`
      : `nothing would make it fit: ${refusal.message}`);
  return {
    fits: false,
    reason: refusal.reason,
    message: `${lackMessage(gang, tiers, levels)}; ${help}`,
    tier: null,
    bandwidthGBps: null,
    ...counts,
    remedies,
    steps: [],
  };
}

const CONSTRAINTS: readonly Constraint[] = [
  'cordon',
  'gpu-model',
  'labels',
  'gpus',
  'gpu-share',
  'cpu',
  'memory',
  'place',
];

function countFailures(
  tables: ClusterTables,
  state: PlacementState,
  need: PodNeed,
  request: PlacementRequest,
): { readonly constraints: ConstraintFailures[]; readonly serversThatFit: number } {
  const models = new Set(request.gpuModels ?? []);
  const labels = Object.entries(request.labels ?? {});
  /** Shape → bits of the constraints that its servers always fail. */
  const fixed = Int32Array.from(tables.shapeType, (_, shape) => {
    const modelFails = models.size > 0 && !models.has(tables.gpuModels[tables.shapeModel[shape]!]!);
    const own = tables.shapeLabels[shape]!;
    const labelsFail = labels.some(([name, value]) => !Object.hasOwn(own, name) || own[name] !== value);
    return (modelFails ? 2 : 0) | (labelsFail ? 4 : 0);
  });
  const share = need.gpuMilli > 0 && need.gpuMilli < GPU_MILLI;
  const hasPlaces = need.places !== undefined;
  const byBits = new Int32Array(2 ** CONSTRAINTS.length);
  for (let s = 0; s < tables.serverCount; s++) {
    let bits = fixed[tables.shapeOf[s]!]! | state.cordoned[s]!;
    const free = state.freeMask[s]!;
    if (share) {
      if (free === 0 && tightestFreeMilli(tables, state, s, need.gpuMilli) === GPU_MILLI) bits |= 16;
    } else if (popcount16(free) < need.gpus) bits |= 8;
    if (state.cpuFreeMilli[s]! < need.cpuMilli) bits |= 32;
    if (state.memoryFreeMiB[s]! < need.memoryMiB) bits |= 64;
    if (hasPlaces && podsOnPlaces(need, tables.shapeOf[s]!, free) < 1) bits |= 128;
    byBits[bits]!++;
  }
  const constraints: ConstraintFailures[] = [];
  CONSTRAINTS.forEach((constraint, i) => {
    let servers = 0;
    byBits.forEach((count, bits) => {
      if (((bits >> i) & 1) === 1) servers += count;
    });
    if (servers > 0) constraints.push({ constraint, servers, serversAlone: byBits[1 << i]! });
  });
  return { constraints, serversThatFit: byBits[0]! };
}

function explainTiers(
  tables: ClusterTables,
  state: PlacementState,
  gang: Gang,
  levels: Levels,
  cluster: ClusterTopology,
): TierExplanation[] {
  const { fabric, documentIndexOf } = tables;
  const wanted = gang.podsMin;
  const found: TierExplanation[] = [];
  const add = (level: number, domain: string | null, pods: number, domainsThatFit: number): void => {
    found.push({
      tier: levels.nameOf(level),
      domain,
      pods,
      podsLacking: Math.max(0, wanted - pods),
      domainsThatFit,
      allowed: level <= gang.requireLevel,
    });
  };
  let server = 0;
  let most = -1;
  let fitting = 0;
  for (let s = 0; s < tables.serverCount; s++) {
    const pods = podsThatFit(tables, state, gang.need, s, gang.pods);
    if (pods >= wanted) fitting++;
    if (pods <= most) continue;
    most = pods;
    server = s;
  }
  add(SERVER, cluster.servers[documentIndexOf[server]!]!.id as ServerId, most, fitting);
  const capacity = new GangCapacity(tables, state, undefined);
  capacity.begin(gang);
  for (let level = 0; level < fabric.levelCount; level++) {
    capacity.fill(level);
    let best = fabric.levelStart[level]!;
    let bestPods = -1;
    let holding = 0;
    for (let domain = fabric.levelStart[level]!; domain < fabric.levelStart[level + 1]!; domain++) {
      const pods = capacity.podsIn(domain, level);
      if (pods >= wanted) holding++;
      if (pods <= bestPods) continue;
      bestPods = pods;
      best = domain;
    }
    const tier = cluster.tiers[cluster.tiers.length - 1 - level];
    add(level, tier === undefined ? null : tier.domains[fabric.domainIndex[best]!]!, bestPods, holding);
  }
  return found;
}

function fitMessage(plan: GangPlan, levels: Levels): string {
  const servers = new Set(plan.servers).size;
  return `${plural(plan.pods, 'pod')} on ${plural(servers, 'server')}, held by one ${levels.nameOf(plan.level)}`;
}

function lackMessage(gang: Gang, tiers: readonly TierExplanation[], levels: Levels): string {
  const { tier, pods, domain } = tiers[gang.requireLevel + 1]!;
  const where = domain === null ? 'the whole cluster takes' : `the best ${tier}, ${domain}, takes`;
  const what =
    gang.slicePods > 1 ? ` in slices of ${gang.slicePods} per ${levels.nameOf(gang.sliceLevel)}` : '';
  return `${where} ${pods} of ${plural(gang.podsMin, 'pod')}${what}`;
}
