import type { GpuSetTables } from '../../compile/gpu-set-tables.js';
import { damageKey, FIGURE_TOLERANCE } from '../../figures.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../../units.js';
import { PodSearch } from '../pods/pod-search.js';
import { RangeSearch } from '../pods/range-search.js';
import { sharesOn } from '../pods/share-placement.js';
import type { FreeIndex } from '../state/free-index.js';
import { podsThatFit } from '../state/state.js';
import { candidates, hopefulDomains, PLANS_MAX } from './candidates.js';
import { type Gang, SERVER, timesNeed } from './gang.js';
import { gangBandwidth } from './gang-bandwidth.js';
import { GangCapacity } from './gang-capacity.js';
import { Cheapest, costOf, type GangPlan, smallerSliceLast } from './gang-plan.js';
import type { ServerPattern } from './gang-target.js';
import { GangTask, type Piece } from './gang-task.js';
import { greedyPieces, isGreedyLeast, wholeRacks } from './greedy-plan.js';
import { LeastLoad } from './least-load.js';
import { PackedGangs } from './packed-gangs.js';
import { PodPlacer, type TakeAndGive } from './pod-placer.js';
import { type RackAllotment, rackCost } from './rack-orders.js';
import { ReachableCounts } from './reachable-counts.js';
import { allotments } from './spread.js';

/** Additions that one search may spend on plans of least load; a domain that would take more gets a greedy plan. */
const STEPS_MAX = 2 ** 20;
/** The same for whole servers of one kind, which have good plans in racks. */
const WHOLE_STEPS_MAX = 2 ** 15;
/** Plans of least load that are made in one domain, each with rates of damage from the plan before. */
const LOOKS_MAX = 3;
/** The least relative step from one bandwidth to the next higher one; smaller differences are rounding. */
const NEXT_FIGURE = 2 * FIGURE_TOLERANCE;

/**
 * Finds where a gang goes, in six phases. Each keeps what the phases before it have found.
 *
 * 1. Size: the most pods, up to `pods`, that fit.
 * 2. Level: one server if it holds them all, else the narrowest level with a domain that does.
 * 3. Bandwidth: the highest that a plan on that level reaches. Phases 1 to 3 are exact.
 * 4. Candidates: the domains that reach it, at most 16.
 * 5. Plan: in each candidate a plan with little load on links of others, then little damage, then few servers; the
 *    best of them all. A greedy plan, and where the step budget allows it the plan of least load.
 * 6. Slices: the pods of the smaller slice come last.
 *
 * Other gangs leave after phase 1 or 2: pods that do not communicate (`PackedGangs`), gangs on one server, pods without
 * GPUs, and shares.
 */
export class GangSearch {
  readonly #index: FreeIndex;
  readonly #capacity: GangCapacity;
  readonly #search: PodSearch;
  readonly #placer: PodPlacer;
  readonly #packed: PackedGangs;

  constructor(index: FreeIndex, hands: TakeAndGive) {
    this.#index = index;
    this.#capacity = new GangCapacity(index.tables, index.state, index);
    this.#search = new PodSearch(index);
    this.#placer = new PodPlacer(new RangeSearch(index), hands);
    this.#packed = new PackedGangs(index, this.#capacity, this.#placer, hands);
  }

  /** The plan for a gang; undefined if it does not fit. Commits nothing. */
  find(gang: Gang): GangPlan | undefined {
    const pods = gang.podsMin < gang.pods ? this.mostPods(gang) : gang.pods;
    if (pods < gang.podsMin) return undefined;
    this.#capacity.begin(gang);
    if (!gang.need.communicates) return this.#packed.find(gang, pods);
    const onServer = this.#onServer(gang, pods);
    if (onServer !== undefined) return onServer;
    for (let level = 0; level <= gang.requireLevel; level++) {
      const domains = this.#capacity.holding(level, pods);
      if (domains.length > 0) return this.#atLevel(gang, pods, level, domains);
    }
    return undefined;
  }

  /** Phase 1: the most pods of a gang, up to what it asks for, that fit where it must be; ignores `podsMin`. */
  mostPods(gang: Gang): number {
    this.#capacity.begin(gang);
    return this.#capacity.mostPods(gang.requireLevel);
  }

  /** Phase 2, one server: there the search for one pod finds the best place for all of them. */
  #onServer(gang: Gang, pods: number): GangPlan | undefined {
    const { need } = gang;
    if (need.gpuMilli > 0 && need.gpuMilli < GPU_MILLI && pods > 1) return this.#sharesOnServer(gang, pods);
    if (need.gpus * pods > GPUS_PER_SERVER_MAX) return undefined;
    const search = this.#search;
    if (!search.find(pods === 1 ? need : timesNeed(need, pods))) return undefined;
    const isSet = need.gpus * pods > 1 && need.gpuMilli === GPU_MILLI;
    return {
      pods,
      level: SERVER,
      bandwidthGBps: isSet ? search.bandwidthGBps : null,
      servers: [search.server],
      masks: [search.gpuMask],
      podCounts: [pods],
    };
  }

  /** Phase 2, one server: the shares of a whole gang where they do least damage. O(servers). */
  #sharesOnServer(gang: Gang, pods: number): GangPlan | undefined {
    const { tables, state } = this.#index;
    let server = -1;
    let masks: number[] = [];
    let least = Number.POSITIVE_INFINITY;
    for (let s = 0; s < tables.serverCount; s++) {
      if (podsThatFit(tables, state, gang.need, s, pods) < pods) continue;
      const shares = sharesOn(this.#index, gang.need, s, pods);
      const key = damageKey(shares.damageGpus);
      if (key >= least) continue;
      server = s;
      masks = shares.masks;
      least = key;
    }
    if (server === -1) return undefined;
    const servers = masks.map(() => server);
    return { pods, level: SERVER, bandwidthGBps: null, servers, masks, podCounts: masks.map(() => 1) };
  }

  /** Phases 3 to 6, on a level whose `domains` hold the gang. */
  #atLevel(gang: Gang, pods: number, level: number, domains: readonly number[]): GangPlan {
    if (gang.need.gpus === 0) return this.#packed.atLevel(gang, level, pods)!;
    if (gang.need.gpuMilli < GPU_MILLI) return this.#sharesAtLevel(gang, pods, level, domains);
    const task = new GangTask(this.#index, gang, pods, level, domains);
    const plan = this.#reachesBound(task) ? this.#planAtBound(task) : this.#planBelowBound(task);
    return smallerSliceLast(this.#index.tables.fabric, gang, plan);
  }

  /** Shares, pod by pod in the first of the domains that take least, slice by slice in parts of it. */
  #sharesAtLevel(gang: Gang, pods: number, level: number, domains: readonly number[]): GangPlan {
    const { full } = this.#capacity;
    const tightest = domains.reduce((best, domain) => (full[domain]! < full[best]! ? domain : best));
    return this.#placer.plan(gang.need, allotments(this.#capacity, tightest, level, pods), level);
  }

  // Phase 3: bandwidth --------------------------------------------------------------------------------------------

  /**
   * Phase 3, the usual case: aims at the most that the best server reaches by itself, or a fabric. True where every way to
   * spread the gang reaches that.
   */
  #reachesBound(task: GangTask): boolean {
    const { target, level, gang } = task;
    // Inside one accelerator domain the bandwidth is that of its fabric, whatever the plan.
    if (level <= target.islandLevel && !target.isMixed) return true;
    const patterns = target.isBoundByIslands ? [] : this.#patterns(task);
    target.aim(target.upperBound(patterns));
    if (target.islandLevel >= 0) return false;
    // Traffic through an uplink is most where the fewest GPUs lie on one side.
    for (let at = 0; at < level; at++) if (!target.everyUplinkAllows(at, gang.need.gpus)) return false;
    return patterns.every(({ kind, free }) => {
      const allowed = target.allowedFor(kind, free);
      // Every number of pods from 0 up to the most that fit is allowed: a mask of ones.
      const most = 31 - Math.clz32(allowed);
      return (allowed & (allowed + 1)) === 0 && most >= this.#index.podsOf(gang.need, kind, free);
    });
  }

  /** Phase 3: the servers of domains that hold the gang, alike ones once. O(servers); O(kinds) where servers are taken whole. */
  #patterns({ gang, isWhole, target, domains }: GangTask): ServerPattern[] {
    const index = this.#index;
    const { serverStart, serverEnd } = index.tables.fabric;
    const allInside = target.islandLevel >= 0 && !target.isMixed;
    if (isWhole && !target.isMixed) {
      return index
        .kindsFor(gang.need)
        .filter((kind) => index.whole.countOf(index.rootOf(kind)) > 0)
        .map((kind) => ({ kind, free: index.kinds[kind]!.full, isInside: allInside }));
    }
    const found: ServerPattern[] = [];
    // Kind → free mask → bit 0 set if it was seen outside accelerator domains, bit 1 inside.
    const seen = index.kinds.map((of) => new Uint8Array(of === undefined ? 0 : of.full + 1));
    for (const domain of domains) {
      for (let s = serverStart[domain]!; s < serverEnd[domain]!; s++) {
        const free = index.state.freeMask[s]!;
        if (free === 0 || index.state.cordoned[s] === 1) continue;
        const kind = index.kindOf(s);
        const isInside = target.isMixed ? target.islandOf(s) !== -1 : allInside;
        const bit = isInside ? 2 : 1;
        if ((seen[kind]![free]! & bit) !== 0 || !index.allows(gang.need, kind)) continue;
        seen[kind]![free]! |= bit;
        found.push({ kind, free, isInside });
      }
    }
    return found;
  }

  /**
   * Phase 3, the exact case: aims at the highest bandwidth that some domain reaches.
   *
   * @returns the first domains that reach it, at most 16, for phase 4
   */
  #reachHighest(task: GangTask, counts: ReachableCounts): number[] {
    const { target, level } = task;
    const domains = candidates(this.#index, this.#capacity, task, Number.POSITIVE_INFINITY);
    const firstReaching = (bandwidthGBps: number): number | undefined => {
      target.aim(bandwidthGBps);
      return domains.find((domain) => counts.isReached(domain, level));
    };
    const reachedIn = (domain: number): number =>
      this.#planOf(task, counts.planIn(domain, level)).bandwidthGBps!;
    let high = target.bandwidthGBps;
    let best = high;
    if (firstReaching(high) === undefined) {
      best = reachedIn(firstReaching(0)!);
      // From a plan to a faster one, and halfway up to a bandwidth that none reaches, until none is faster.
      for (;;) {
        const next = best + Math.max(best, high * NEXT_FIGURE) * NEXT_FIGURE;
        const faster = firstReaching(next);
        if (faster === undefined) break;
        best = Math.max(next, reachedIn(faster));
        const middle = (best + high) / 2;
        const halfway = firstReaching(middle);
        if (halfway === undefined) high = middle;
        else best = Math.max(best, middle, reachedIn(halfway));
      }
    }
    target.aim(best);
    const reached: number[] = [];
    for (const domain of domains) {
      if (reached.length < PLANS_MAX && counts.isReached(domain, level)) reached.push(domain);
    }
    return reached;
  }

  // Phases 4 and 5: candidates and plan -----------------------------------------------------------------------------

  /** Phases 4 and 5 where every way to spread the gang reaches the bandwidth. */
  #planAtBound(task: GangTask): GangPlan {
    const index = this.#index;
    const capacity = this.#capacity;
    const domains = hopefulDomains(index, capacity, task);
    if (this.#comparesByRacks(task, domains)) return this.#bestByRacks(task, domains);
    return this.#bestPlan(
      task,
      domains,
      (domain) => greedyPieces(index, capacity, task, domain),
      (domain) => isGreedyLeast(index, task, domain),
    );
  }

  /** Phases 3 to 5 where some ways to spread the gang are slower than the bound. */
  #planBelowBound(task: GangTask): GangPlan {
    const counts = new ReachableCounts(this.#index, task);
    const domains = this.#reachHighest(task, counts);
    return this.#bestPlan(
      task,
      domains,
      (domain) => counts.planIn(domain, task.level),
      () => false,
    );
  }

  /**
   * Phase 5: the best plan of several domains.
   *
   * @param piecesIn - gives the greedy plan in a domain
   * @param isLeast - whether that plan has the least load, so that no other is tried
   */
  #bestPlan(
    task: GangTask,
    domains: readonly number[],
    piecesIn: (domain: number) => Piece[],
    isLeast: (domain: number) => boolean,
  ): GangPlan {
    const { level } = task;
    const best = new Cheapest<GangPlan>();
    const least = new LeastLoad(this.#index, this.#capacity, task);
    let left = task.wholeKind === -1 ? STEPS_MAX : WHOLE_STEPS_MAX;
    for (const domain of domains) {
      const steps = isLeast(domain) ? Number.POSITIVE_INFINITY : least.stepsIn(domain, level);
      let plan = this.#planOf(task, piecesIn(domain));
      // Nothing to compare it with.
      if (domains.length === 1 && steps > left) return plan;
      best.offer(plan, costOf(this.#index, level, plan), domain);
      least.begin();
      for (let look = 0; look < LOOKS_MAX && steps <= left; look++) {
        left -= steps;
        plan = this.#planOf(task, least.planIn(domain, level));
        best.offer(plan, costOf(this.#index, level, plan), domain);
        if (!least.refine(plan)) break;
      }
    }
    return best.item!;
  }

  /** Phase 5: a plan of pieces, in tree order, with the GPUs of each and the bandwidth of all. */
  #planOf({ target, level, pods }: GangTask, pieces: Piece[]): GangPlan {
    pieces.sort((a, b) => a.server - b.server);
    const servers = pieces.map((piece) => piece.server);
    const podCounts = pieces.map((piece) => piece.pods);
    const masks = pieces.map((piece) => target.maskOn(piece.server, piece.pods));
    const setTablesOf = (kind: number): GpuSetTables => this.#index.kinds[kind]!.classes.tables;
    const bandwidthGBps = gangBandwidth(this.#index.tables.fabric, setTablesOf, level, { servers, masks });
    return { pods, level, bandwidthGBps, servers, masks, podCounts };
  }

  /**
   * Phase 5: whether plans are compared by the number of servers in each rack. Only for whole servers of one kind, where
   * these numbers give the cost of a plan, and where no plan of least load is to be made: none is needed, or the step budget does
   * not suffice for all domains.
   */
  #comparesByRacks(task: GangTask, domains: readonly number[]): boolean {
    const { gang, level, target, wholeKind } = task;
    if (wholeKind === -1 || (gang.slicePods > 1 && gang.sliceLevel === SERVER)) return false;
    if (level === 0) return true;
    if (target.islandLevel >= 0) return false;
    const least = new LeastLoad(this.#index, this.#capacity, task);
    let steps = 0;
    for (const domain of domains) {
      if (!isGreedyLeast(this.#index, task, domain)) steps += least.stepsIn(domain, level);
      if (steps > WHOLE_STEPS_MAX) return true;
    }
    // No step at all: in every domain the plan by racks has the least load.
    return steps === 0;
  }

  /** Phase 5: the best plan by racks; its servers are looked up, those of other plans are not. */
  #bestByRacks(task: GangTask, domains: readonly number[]): GangPlan {
    const best = new Cheapest<RackAllotment[]>();
    for (const domain of domains) {
      const racks = wholeRacks(this.#index, this.#capacity, task, domain);
      if (domains.length === 1) return this.#wholePlan(task, racks);
      best.offer(racks, rackCost(this.#index, task, racks), domain);
    }
    return this.#wholePlan(task, best.item!);
  }

  /** Phase 5: the plan of whole servers, the first of every rack. */
  #wholePlan({ wholeKind, level, pods }: GangTask, racks: RackAllotment[]): GangPlan {
    const { fabric } = this.#index.tables;
    const { classes, full } = this.#index.kinds[wholeKind]!;
    racks.sort((a, b) => a.rack - b.rack);
    const servers: number[] = [];
    for (const { rack, servers: count } of racks) {
      this.#index.addWholeServers(fabric.cellAt[rack * fabric.kindCount + wholeKind]!, count, servers);
    }
    const masks = new Array<number>(pods).fill(full);
    const podCounts = new Array<number>(pods).fill(1);
    const bandwidthGBps = gangBandwidth(fabric, () => classes.tables, level, { servers, masks });
    return { pods, level, bandwidthGBps, servers, masks, podCounts };
  }
}
