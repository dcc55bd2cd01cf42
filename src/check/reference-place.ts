import { readFields } from '../checks/fields.js';
import { CorralError } from '../errors.js';
import type { TierName } from '../ids.js';
import { checkCluster } from '../topology/expected-topology.js';
import type { ClusterTopology, ServerTopology } from '../topology/index.js';
import { GPU_MILLI } from '../units.js';
import { ordinalsOf, sizeOf, subsetsOfSize } from './bandwidth/gpu-set.js';
import { GangDamage } from './gangs/gang-damage.js';
import {
  gpusPerPod,
  isPlaceKind,
  isWholeAndTalks,
  milliPerGpu,
  placesAsked,
  podRange,
  serverFaults,
  sliceLevel,
} from './gangs/gang-faults.js';
import { type GangState, gangState, type ReferenceState } from './gangs/gang-state.js';
import { gangBandwidthGBps, gangLoad, type TakenGpus } from './gangs/gang-traffic.js';
import { domainAt, domainsAt, levelNames, levelOf } from './gangs/levels.js';
import { strandedGpus } from './gangs/stranded-gpus.js';
import type { CheckedRequest } from './read/checked-request.js';
import { readRequest } from './read/read-request.js';
import { type PlaceKind, placesOf } from './sets/gpu-places.js';
import { DEFAULT_SIZES, readSizes, type Sizes } from './sets/reference-leftover-value.js';

/** Most GPUs of a cluster whose placements are enumerated: 4096 sets. */
const GPUS_MAX = 12;
/** Most servers of such a cluster. */
const SERVERS_MAX = 8;
/** Most pods if GPUs do not limit their number: 16 pods have 245,157 distributions over 8 servers. */
const PODS_MAX = 16;

/** Options of {@link referencePlace} and `judgePlacement`. */
export interface ReferencePlaceOptions {
  /**
   * GPU count → weight in future requests; default `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Counts above the GPUs of a server
   * are left out.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
}

/** The figures that placements are compared by, in the order of comparison. */
export interface ReferencePlacement {
  readonly pods: number;
  /** The narrowest level of which one domain contains all pods: `server`, a tier, or `cluster`. */
  readonly tier: TierName;
  /** GB/s per GPU and direction; null for fewer than two GPUs, for shares, and if GPUs do not communicate. */
  readonly bandwidthGBps: number | null;
  /** Load on links that others could use, in units of what two GPUs of the gang exchange; 0 where bandwidth is null. */
  readonly load: number;
  /** Loss for future jobs, about in GPUs. For pods without GPUs: the number of GPUs that they make useless. */
  readonly damage: number;
  /** Servers that have a pod. */
  readonly servers: number;
}

/** One way to place a gang. */
interface Candidate {
  /** Pods by position of the server. */
  readonly pods: readonly number[];
  /** Bit masks of the wholly free GPUs that become used, by position of the server. */
  readonly taken: TakenGpus;
  readonly bandwidthGBps: number | null;
}

/**
 * The figures of the best placement of a gang, by enumeration of all placements. It checks a solver, shares no code
 * with it except `route`, and is far slower.
 *
 * Placements are compared in steps; each step decides only between placements that are equal in the steps before: (0)
 * most pods; (1) lowest level of which one domain contains them; (2) highest bandwidth; (3) least load on links that
 * others could use; (4) least damage; (5) fewest servers. Figures that differ by less than a billionth of themselves
 * are equal. If GPUs do not communicate, steps 1 to 3 are left out: the pods are in one domain of `require`, and if
 * possible of `prefer`.
 *
 * It enumerates: for whole GPUs every set of wholly free GPUs that gives each pod its GPUs on one server; for shares
 * every distribution of pods over servers, and on each server every set of wholly free GPUs that shares could use;
 * without GPUs every distribution of pods. If each pod must be on one place, every partition of a set into pods is
 * tried. Pods are equal, so slices only restrict numbers: the pods of each domain are whole slices, except that one
 * domain may also have the smaller last slice.
 *
 * @param cluster - at most 12 GPUs in all and 8 servers
 * @param state - what is free, and which servers are cordoned
 * @param request - at most 16 pods if they have no GPUs or share them
 * @param options - see {@link ReferencePlaceOptions}
 * @returns the figures; undefined if nothing fits
 * @throws CorralError `limit-exceeded` for larger clusters or gangs, and as `referenceBandwidth` does;
 * `invalid-request` for `podsMin` above `pods`, counts that are no integers from 1, and levels that do not exist;
 * `invalid-option` for a state of another cluster, or sizes out of range
 * @complexity O(2^GPUs × servers × tiers) besides the cuts of each set, which are kept with the server type
 * @example
 * const cluster = clusterTopology({ tiers: [], types: { t: 'ws-4x5090' }, servers: [{ id: 's', type: 't' }] });
 * referencePlace(cluster, { free: compile(cluster).free() }, { gpus: 2 })?.tier; // 'server'
 */
export function referencePlace(
  cluster: ClusterTopology,
  state: ReferenceState,
  request: CheckedRequest,
  options: ReferencePlaceOptions = {},
): ReferencePlacement | undefined {
  checkCluster(cluster, ['cluster']);
  const given = readFields(options, ['sizes'], ['options']);
  const sizes = readSizes(given.sizes ?? DEFAULT_SIZES);
  return bestPlacement(cluster, state, readRequest(request), sizes);
}

function bestPlacement(
  cluster: ClusterTopology,
  state: ReferenceState,
  request: CheckedRequest,
  sizes: Sizes,
): ReferencePlacement | undefined {
  const gpus = cluster.servers.reduce((sum, { type }) => sum + type.gpus.length, 0);
  if (gpus > GPUS_MAX || cluster.servers.length > SERVERS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['cluster'],
      `${gpus} GPUs on ${cluster.servers.length} servers, at most ${GPUS_MAX} on ${SERVERS_MAX} for an enumeration of all placements`,
    );
  }
  const { min, max } = podRange(request);
  const wholeGpus = gpusPerPod(request) > 0 && milliPerGpu(request) === GPU_MILLI;
  if (!wholeGpus && max > PODS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['pods'],
      `${max} pods, at most ${PODS_MAX} for an enumeration of all distributions`,
    );
  }
  const before = gangState(cluster, state);
  const damage = new GangDamage(cluster, before, sizes);
  const asked = placesAsked(request);
  const names = levelNames(cluster);
  const { require, prefer } = request;
  const widest =
    require === undefined || isPlaceKind(require) ? names.length - 1 : levelOf(cluster, require, ['require']);
  const fitsSlices = sliceRule(cluster, request);
  const aimed = prefer === undefined || isPlaceKind(prefer) ? widest : levelOf(cluster, prefer, ['prefer']);
  const levels =
    (request.communicates ?? true)
      ? [...names.keys()].slice(0, widest + 1)
      : [Math.min(aimed, widest), widest];
  const damageOf = ({ pods, taken }: Candidate): number =>
    gpusPerPod(request) === 0 ? strandedGpus(cluster, before, request, pods) : damage.of(taken);

  // A preferred place counts as a required one if some server can satisfy it.
  const wishes = isPlaceKind(prefer) ? [[...asked, prefer], asked] : [asked];
  for (const places of wishes) {
    const choices = before.map((_, server) =>
      choicesOf(cluster, server, before, damage, request, max, places),
    );
    const best = bestAmong(choices);
    if (best !== undefined) return best;
  }
  return undefined;

  function bestAmong(choices: readonly Choices[]): ReferencePlacement | undefined {
    for (let pods = wholeGpus ? Math.min(max, gpus) : max; pods >= min; pods--) {
      for (const level of levels) {
        const found = new Candidates(cluster, isWholeAndTalks(request), damageOf);
        for (const servers of domainsAt(cluster, level)) {
          forEachDistribution(choices, servers, pods, (distribution) => {
            if (!fitsSlices(distribution)) return;
            forEachTaken(choices, distribution, (taken) => found.add(distribution, taken));
          });
        }
        const best = found.best();
        if (best !== undefined) return { pods, tier: names[level]!, ...best };
      }
    }
    return undefined;
  }
}

/** Number of pods → the sets of wholly free GPUs that these pods can take on a server. */
type Choices = readonly (readonly number[])[];

function choicesOf(
  cluster: ClusterTopology,
  server: number,
  state: GangState,
  damage: GangDamage,
  request: CheckedRequest,
  podsMax: number,
  places: readonly PlaceKind[],
): Choices {
  const { gpuMilli, cpuMilli, memoryMiB, cordoned } = state[server]!;
  if (cordoned || serverFaults(cluster.servers[server]!, request).length > 0) return [[0]];
  const perGpu = milliPerGpu(request);
  const perPod = gpusPerPod(request);
  const sets = subsetsOf(damage.free[server]!);
  // A share may also go to a GPU that is partly in use.
  const onUsed = gpuMilli.reduce(
    (sum, milli) => sum + (milli < GPU_MILLI ? Math.floor(milli / perGpu) : 0),
    0,
  );
  const sharesOfOne = Math.floor(GPU_MILLI / perGpu);
  const couldTake = (pods: number, set: number): boolean => {
    const size = sizeOf(set);
    if (perPod === 0) return size === 0;
    if (perGpu === GPU_MILLI) {
      return size === pods * perPod && isCutIntoPods(cluster.servers[server]!.type, set, perPod, places);
    }
    // Every GPU of the set gets at least one share.
    return size <= pods && pods <= onUsed + size * sharesOfOne;
  };
  const choices: number[][] = [];
  for (let pods = 0; pods <= podsMax; pods++) {
    if (pods * (request.cpuMilli ?? 0) > cpuMilli || pods * (request.memoryMiB ?? 0) > memoryMiB) break;
    const possible = sets.filter((set) => couldTake(pods, set));
    if (possible.length === 0) break;
    choices.push(perGpu === GPU_MILLI ? possible : [leastHarmful(possible, server, damage)]);
  }
  return choices;
}

/** True if a set of GPUs can be divided among pods so that the GPUs of each pod share a place of every kind. */
function isCutIntoPods(
  server: ServerTopology,
  set: number,
  perPod: number,
  places: readonly PlaceKind[],
): boolean {
  if (places.length === 0 || perPod < 2) return true;
  const names = places.map((kind) => placesOf(server, kind));
  if (names.includes(undefined)) return set === 0;
  const areTogether = (gpus: readonly number[]): boolean =>
    names.every((place) => gpus.every((gpu) => place![gpu] === place![gpus[0]!]));
  const cuts = (gpus: readonly number[]): boolean => {
    const [first, ...others] = gpus;
    if (first === undefined) return true;
    return subsetsOfSize(others, perPod - 1).some(
      (rest) => areTogether([first, ...rest]) && cuts(others.filter((gpu) => !rest.includes(gpu))),
    );
  };
  return cuts(ordinalsOf(set));
}

/**
 * The set with the least damage by itself. Sets for shares differ only in damage, and other servers do not change
 * their order: the number of pods alone decides how many whole servers of a rack are lost, because a whole server has
 * no partly used GPU for a share.
 */
function leastHarmful(sets: readonly number[], server: number, damage: GangDamage): number {
  const taken = damage.free.map(() => 0);
  const damages = sets.map((set) => {
    taken[server] = set;
    return damage.of(taken);
  });
  return sets[damages.indexOf(leastOf(damages))]!;
}

function subsetsOf(mask: number): number[] {
  const subsets: number[] = [];
  for (let set = mask; ; set = (set - 1) & mask) {
    subsets.push(set);
    if (set === 0) return subsets;
  }
}

/**
 * Calls `visit` with every distribution of the pods over these servers: pods by position of the server. The list is
 * reused.
 */
function forEachDistribution(
  choices: readonly Choices[],
  servers: readonly number[],
  pods: number,
  visit: (distribution: readonly number[]) => void,
): void {
  const distribution = choices.map(() => 0);
  const spread = (i: number, left: number): void => {
    if (i === servers.length) {
      if (left === 0) visit(distribution);
      return;
    }
    const server = servers[i]!;
    for (let here = Math.min(left, choices[server]!.length - 1); here >= 0; here--) {
      distribution[server] = here;
      spread(i + 1, left - here);
    }
  };
  spread(0, pods);
}

/**
 * Calls `visit` with all sets of wholly free GPUs that a distribution could take: bit mask by position of the server.
 * The list is reused.
 */
function forEachTaken(
  choices: readonly Choices[],
  distribution: readonly number[],
  visit: (taken: TakenGpus) => void,
): void {
  const taken = choices.map(() => 0);
  const take = (server: number): void => {
    if (server === choices.length) {
      visit(taken);
      return;
    }
    for (const set of choices[server]![distribution[server]!]!) {
      taken[server] = set;
      take(server + 1);
    }
  };
  take(0);
}

/** Returns a test of distributions: true if the pods can be divided into slices, each in one domain. */
function sliceRule(
  cluster: ClusterTopology,
  request: CheckedRequest,
): (distribution: readonly number[]) => boolean {
  const { slice } = request;
  const level = sliceLevel(cluster, request);
  if (slice === undefined || level === undefined) return () => true;
  return (distribution) => {
    const podsIn = new Map<number, number>();
    distribution.forEach((pods, server) => {
      const domain = domainAt(cluster, server, level);
      podsIn.set(domain, (podsIn.get(domain) ?? 0) + pods);
    });
    // If only one domain has pods beyond whole slices, their number is that of the last slice.
    return [...podsIn.values()].filter((pods) => pods % slice.pods > 0).length <= 1;
  };
}

/** Relative differences below this are rounding. */
const ROUNDING = 1e-9;

/**
 * Collects the candidates of one number of pods and one level. Most candidates with less than the highest bandwidth
 * are dropped at once.
 */
class Candidates {
  readonly #cluster: ClusterTopology;
  readonly #hasBandwidth: boolean;
  readonly #damageOf: (candidate: Candidate) => number;
  #highestGBps = 0;
  #kept: Candidate[] = [];

  constructor(cluster: ClusterTopology, hasBandwidth: boolean, damageOf: (candidate: Candidate) => number) {
    this.#cluster = cluster;
    this.#hasBandwidth = hasBandwidth;
    this.#damageOf = damageOf;
  }

  add(pods: readonly number[], taken: TakenGpus): void {
    const bandwidthGBps = this.#hasBandwidth ? gangBandwidthGBps(this.#cluster, taken) : null;
    if ((bandwidthGBps ?? 0) < this.#highestGBps * (1 - ROUNDING)) return;
    this.#highestGBps = Math.max(this.#highestGBps, bandwidthGBps ?? 0);
    this.#kept.push({ pods: [...pods], taken: [...taken], bandwidthGBps });
  }

  /**
   * The figures of the best candidate without the number of pods and the level; undefined if there is no candidate.
   */
  best(): Omit<ReferencePlacement, 'pods' | 'tier'> | undefined {
    const fast = this.#kept.filter(
      ({ bandwidthGBps }) => (bandwidthGBps ?? 0) >= this.#highestGBps * (1 - ROUNDING),
    );
    const first = fast[0];
    if (first === undefined) return undefined;
    const loads = fast.map(({ taken }) => (this.#hasBandwidth ? gangLoad(this.#cluster, taken) : 0));
    const load = leastOf(loads);
    const light = fast.filter((_, i) => isLeast(loads[i]!, load));
    const damages = light.map((candidate) => this.#damageOf(candidate));
    const least = leastOf(damages);
    const kind = light.filter((_, i) => isLeast(damages[i]!, least));
    return {
      bandwidthGBps: first.bandwidthGBps === null ? null : this.#highestGBps,
      load,
      damage: least,
      servers: leastOf(kind.map(({ pods }) => pods.filter((here) => here > 0).length)),
    };
  }
}

/** The least of one or more figures. `Math.min(...figures)` has a limit on arguments. */
function leastOf(figures: readonly number[]): number {
  return figures.reduce((least, figure) => Math.min(least, figure));
}

function isLeast(figure: number, least: number): boolean {
  return figure <= least + ROUNDING * Math.max(1, least);
}
