import type { ClusterTables } from '../compile/cluster-tables.js';
import type { ServerId, TierName } from '../ids.js';
import type { ClusterTopology } from '../topology/cluster-topology.js';
import { fewestPlaces, gpuPlaces, placeName, placesTouched } from '../topology/gpu-places.js';
import { GPU_MILLI } from '../units.js';
import type { PlacementEngine } from './engine.js';
import { type Gang, type Levels, SERVER } from './gang.js';
import { GangCapacity } from './gang-capacity.js';
import { costOf, type GangPlan, merged } from './gang-plan.js';
import { mostOnOneServer } from './gang-search.js';
import type { PodNeed } from './pod-need.js';
import type { PlacementRequest } from './request.js';
import { type PlacementState, podsOnPlaces, podsThatFit, popcount16 } from './state.js';

/** What a server can fail on. */
export type Constraint =
  | 'cordon'
  | 'gpu-model'
  | 'labels'
  | 'gpus'
  | 'gpu-share'
  | 'cpu'
  | 'memory'
  /** The GPUs of a pod on one socket or NUMA node: too few are free on one, or the server does not know where they are. */
  | 'place';

/** How many servers one constraint keeps out. */
export interface ConstraintFailures {
  readonly constraint: Constraint;
  /** Servers that fail on it, whatever else they fail on. */
  readonly servers: number;
  /** Servers that fail on nothing else: what lifting it would bring in. */
  readonly serversAlone: number;
}

/** The best domain of one tier. */
export interface TierExplanation {
  /** `server`, a tier, or `cluster`. */
  readonly tier: TierName;
  /** The domain that takes the most pods, the first among equals: its id, of a server its id; null for `cluster`. */
  readonly domain: string | null;
  /** Pods it takes, up to those asked for. */
  readonly pods: number;
  /** Pods it lacks of those asked for (of `podsMin`, where that is given). */
  readonly podsLacking: number;
  /** Domains of the tier that would hold the gang. */
  readonly domainsThatFit: number;
  /** Whether `require` allows the tier: a domain of a wider one is not enough. */
  readonly allowed: boolean;
}

/** A change of the request, or of the cluster, that would make it fit. */
export interface Remedy {
  readonly change: 'fewer-pods' | 'wider-tier' | 'no-slices' | 'no-place' | 'uncordon' | 'release';
  readonly message: string;
  /** For `fewer-pods`: how many fit. */
  readonly pods?: number;
  /** For `wider-tier`: the narrowest that fits. */
  readonly tier?: TierName;
}

/** One figure that decided, in the order in which they do. */
export interface PlacementStep {
  readonly step: 'size' | 'tier' | 'bandwidth' | 'load' | 'damage' | 'servers' | 'sockets' | 'score';
  /** Pods; name of the tier; GB/s; GB/s; GPU-equivalents; servers; pods that straddle sockets; score. Null where the step has nothing to say. */
  readonly figure: number | string | null;
  readonly message: string;
}

/** Why a request fits or does not. Plain data. */
export interface Explanation {
  readonly fits: boolean;
  readonly message: string;
  /** Servers of the cluster, and those that could take at least one of the pods now. */
  readonly servers: number;
  readonly serversThatFit: number;
  /** One per constraint that some server fails on. */
  readonly constraints: readonly ConstraintFailures[];
  /** From `server` over the tiers to `cluster`. */
  readonly tiers: readonly TierExplanation[];
  /** What would make it fit; empty if it does, or if nothing would. */
  readonly remedies: readonly Remedy[];
  /** The steps of the decision; empty if it does not fit. */
  readonly steps: readonly PlacementStep[];
}

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
  const fits = plan !== undefined;
  const remedies = fits ? [] : remediesFor(engine, gang, levels, tiers);
  return {
    fits,
    message: fits ? fitMessage(plan, levels) : lackMessage(gang, tiers, remedies, levels),
    servers: tables.serverCount,
    serversThatFit,
    constraints,
    tiers,
    remedies,
    steps: fits ? stepsOf(engine, gang, plan, levels) : [],
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
  /** Shape → bits of what its servers fail on whatever is free. */
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
      if (free === 0 && !hasRoom(tables, state, need, s)) bits |= 16;
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

function hasRoom(tables: ClusterTables, state: PlacementState, need: PodNeed, server: number): boolean {
  for (let g = tables.gpuStart[server]!; g < tables.gpuStart[server + 1]!; g++) {
    const room = state.shareRoomMilli[g]!;
    if (room < GPU_MILLI && room >= need.gpuMilli) return true;
  }
  return false;
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

function remediesFor(
  engine: PlacementEngine,
  gang: Gang,
  levels: Levels,
  tiers: readonly TierExplanation[],
): Remedy[] {
  const { tables, state } = engine;
  const remedies: Remedy[] = [];
  const most = engine.mostPods(gang);
  if (most > 0) {
    remedies.push({
      change: 'fewer-pods',
      pods: most,
      message: `${plural(most, 'pod')} would fit: ask for podsMin ${most}`,
    });
  }
  const wider = tiers.find((tier, i) => i - 1 > gang.requireLevel && tier.podsLacking === 0);
  if (wider !== undefined) {
    const { tier } = wider;
    remedies.push({
      change: 'wider-tier',
      tier,
      message: `it would fit in one domain of ${tier}: require no narrower`,
    });
  }
  const holds = (in_: PlacementState, of: Gang): boolean => {
    if (of.requireLevel === SERVER) return mostOnOneServer(tables, in_, of) >= of.podsMin;
    const capacity = new GangCapacity(tables, in_, undefined);
    capacity.begin(of);
    return capacity.mostPods(of.requireLevel) >= of.podsMin;
  };
  if (gang.slicePods > 1 && holds(state, { ...gang, slicePods: 1, sliceLevel: SERVER })) {
    remedies.push({
      change: 'no-slices',
      message: `it would fit without slices: no domain of ${levels.nameOf(gang.sliceLevel)} has room for enough of them`,
    });
  }
  const { anywhere, placeKinds } = gang.need;
  if (anywhere !== undefined && holds(state, { ...gang, need: anywhere })) {
    const what = placeKinds.map(placeName).join(' and one ');
    remedies.push({
      change: 'no-place',
      message: `it would fit if pods need not be on one ${what}: ask for no place`,
    });
  }
  if (state.cordoned.includes(1) && holds({ ...state, cordoned: new Uint8Array(tables.serverCount) }, gang)) {
    remedies.push({ change: 'uncordon', message: 'it would fit if no server were cordoned' });
  }
  if (engine.fitsEmptyCluster(gang)) {
    remedies.push({
      change: 'release',
      message: 'it would fit in the empty cluster: wait for others to leave',
    });
  }
  return remedies;
}

function stepsOf(engine: PlacementEngine, gang: Gang, plan: GangPlan, levels: Levels): PlacementStep[] {
  const steps: PlacementStep[] = [];
  const servers = new Set(plan.servers).size;
  if (gang.podsMin < gang.pods) {
    steps.push({
      step: 'size',
      figure: plan.pods,
      message: `${plan.pods} of ${plural(gang.pods, 'pod')}: the most that fit`,
    });
  }
  const { byTopology, byScore } = engine;
  if (byTopology === undefined) {
    const score = byScore!.finder.scoreOf(gang.need, plan.servers[0]!);
    steps.push({
      step: 'score',
      figure: score,
      message: `the first pod scores ${round(score)} on its server`,
    });
    return steps;
  }
  const tier = levels.nameOf(plan.level);
  steps.push({ step: 'tier', figure: tier, message: `lowest tier with one domain that holds all: ${tier}` });
  if (gang.need.gpuMilli === GPU_MILLI) {
    const pieces = merged(plan);
    const cost = costOf(byTopology.index, plan.level, pieces);
    let gpus = 0;
    for (const mask of pieces.masks) gpus += popcount16(mask);
    const { bandwidthGBps } = plan;
    steps.push({
      step: 'bandwidth',
      figure: bandwidthGBps,
      message:
        bandwidthGBps === null
          ? 'bandwidth: one GPU talks to nobody'
          : `highest bandwidth there: ${round(bandwidthGBps)} GB/s per GPU`,
    });
    const load =
      plan.level === SERVER
        ? engine.setTablesOf(byTopology.index.kindOf(plan.servers[0]!)).sharedLoadGBps[pieces.masks[0]!]!
        : gpus < 2 || bandwidthGBps === null
          ? 0
          : (cost.unitLoad * bandwidthGBps) / (gpus - 1);
    steps.push({
      step: 'load',
      figure: load,
      message: `load on links that others could use: ${round(load)} GB/s, summed over links`,
    });
    steps.push({
      step: 'damage',
      figure: cost.damageGpus,
      message: `damage to what remains: worth ${round(cost.damageGpus)} GPUs, on servers and in tiers`,
    });
  }
  const straddling = straddlingPods(engine, gang, plan);
  if (straddling > 0) {
    steps.push({
      step: 'sockets',
      figure: straddling,
      message: `${plural(straddling, 'pod')} of ${plan.pods} with GPUs on several sockets of a server`,
    });
  }
  steps.push({ step: 'servers', figure: servers, message: `${plural(servers, 'server')} touched` });
  return steps;
}

/** Pods of whole GPUs that are on more sockets than they need, as far as servers know their sockets. */
function straddlingPods(engine: PlacementEngine, { need }: Gang, plan: GangPlan): number {
  if (need.gpus < 2) return 0;
  let pods = 0;
  plan.servers.forEach((server, i) => {
    const sockets = gpuPlaces(engine.tables.shapeType[engine.tables.shapeOf[server]!]!).socket ?? [];
    const fewest = fewestPlaces(sockets)[need.gpus] ?? 0;
    for (const mask of engine.splitGpus(need, server, plan.masks[i]!, plan.podCounts[i]!)) {
      if (placesTouched(sockets, mask) > fewest) pods++;
    }
  });
  return pods;
}

function fitMessage(plan: GangPlan, levels: Levels): string {
  const servers = new Set(plan.servers).size;
  return `${plural(plan.pods, 'pod')} on ${plural(servers, 'server')}, held by one ${levels.nameOf(plan.level)}`;
}

function lackMessage(
  gang: Gang,
  tiers: readonly TierExplanation[],
  remedies: readonly Remedy[],
  levels: Levels,
): string {
  const { tier, pods, domain } = tiers[gang.requireLevel + 1]!;
  const where = domain === null ? 'the whole cluster takes' : `the best ${tier}, ${domain}, takes`;
  const what =
    gang.slicePods > 1 ? ` in slices of ${gang.slicePods} per ${levels.nameOf(gang.sliceLevel)}` : '';
  const first = remedies[0] === undefined ? 'nothing would make it fit' : remedies[0].message;
  return `${where} ${pods} of ${plural(gang.podsMin, 'pod')}${what}; ${first}`;
}

function plural(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${n} ${noun}s`;
}

/** At most three decimals. */
function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}
