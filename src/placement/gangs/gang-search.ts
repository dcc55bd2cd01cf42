import type { GpuSetTables } from '../../compile/gpu-set-tables.js';
import { damageKey, FIGURE_TOLERANCE } from '../../figures.js';
import { GPU_MILLI } from '../../units.js';
import { PodSearch } from '../pods/pod-search.js';
import { RangeSearch } from '../pods/range-search.js';
import { sharesOn } from '../pods/share-placement.js';
import type { FreeIndex } from '../state/free-index.js';
import { podsThatFit } from '../state/state.js';
import { type Gang, SERVER, timesNeed } from './gang.js';
import { allotments, type Part, share } from './gang-allotments.js';
import { GangTarget, gangBandwidth } from './gang-bandwidth.js';
import { fillsServers, GangCapacity } from './gang-capacity.js';
import { costOf, type GangPlan, isCheaper, type PlanCost } from './gang-plan.js';
import { mostOnOneServer } from './holds-gang.js';
import { LeastLoad } from './least-load.js';
import { PackedGangs } from './packed-gangs.js';
import { PodPlacer, type TakeAndGive } from './pod-placer.js';
import { type RackAllotment, rackAllotments, rackCost } from './rack-orders.js';
import { type Piece, ReachableCounts } from './reachable-counts.js';

/** Domains of the lowest level whose plans are compared in full; the rest is ruled out by estimates. */
const PLANS_MAX = 16;
/** Additions that one search may spend on plans of least load; a plan that would take more is a greedy one. */
const STEPS_MAX = 2 ** 20;
/** The same for gangs of whole servers of one kind, which are found fast otherwise. */
const WHOLE_STEPS_MAX = 2 ** 15;
/** Looks at how to do less damage with the same load. */
const LOOKS_MAX = 3;
/** A bandwidth that is higher by this share of itself is another one, see {@link FIGURE_TOLERANCE}. */
const NEXT_FIGURE = 2 * FIGURE_TOLERANCE;

/**
 * Finds where a gang goes: the largest size, the lowest level, the highest bandwidth, each exact; then the least load,
 * the least damage and the fewest servers: of a greedy plan, and where a bound on steps allows one of least load, in each
 * of the most hopeful domains that are left.
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
    this.#capacity.begin(gang);
    let { pods } = gang;
    if (gang.podsMin < pods) {
      pods = this.mostPods(gang);
      if (pods < gang.podsMin) return undefined;
    }
    if (!gang.need.communicates) return this.#packed.find(gang, pods);
    const onServer = this.#onServer(gang, pods);
    if (onServer !== undefined) return onServer;
    const { levelStart } = this.#index.tables.fabric;
    for (let level = 0; level <= gang.requireLevel; level++) {
      this.#capacity.fill(level);
      for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
        if (this.#capacity.holds(domain, level, pods)) return this.#atLevel(gang, level, pods);
      }
    }
    return undefined;
  }

  /** The most pods of a gang, up to what it asks for, that fit where it must be; ignores `podsMin`. */
  mostPods(gang: Gang): number {
    this.#capacity.begin(gang);
    if (gang.requireLevel !== SERVER) return this.#capacity.mostPods(gang.requireLevel);
    return mostOnOneServer(this.#index.tables, this.#index.state, gang);
  }

  #onServer(gang: Gang, pods: number): GangPlan | undefined {
    const { need } = gang;
    if (need.gpuMilli > 0 && need.gpuMilli < GPU_MILLI && pods > 1) return this.#sharesOnServer(gang, pods);
    if (need.gpus * pods > 16) return undefined;
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

  /** Shares of a whole gang on the server where they do least damage. O(servers). */
  #sharesOnServer(gang: Gang, pods: number): GangPlan | undefined {
    const { tables, state } = this.#index;
    let best: { readonly server: number; readonly masks: number[] } | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (let s = 0; s < tables.serverCount; s++) {
      if (podsThatFit(tables, state, gang.need, s, pods) < pods) continue;
      const { masks, damageGpus } = sharesOn(this.#index, gang.need, s, pods);
      const key = damageKey(damageGpus);
      if (key >= least) continue;
      best = { server: s, masks };
      least = key;
    }
    if (best === undefined) return undefined;
    const { server, masks } = best;
    const servers = masks.map(() => server);
    return { pods, level: SERVER, bandwidthGBps: null, servers, masks, podCounts: masks.map(() => 1) };
  }

  #atLevel(gang: Gang, level: number, pods: number): GangPlan {
    const { need } = gang;
    const whole = need.gpuMilli === GPU_MILLI;
    if (need.gpus === 0) return this.#packed.atLevel(gang, level, pods)!;
    if (!whole) return this.#onePerPod(gang, level, pods);
    const reach = new GangTarget(this.#index, gang, pods, level);
    // The fabric of an accelerator domain carries whatever the gang is made of.
    const free = level <= reach.islandLevel && !reach.isMixed;
    if (!free) reach.aim(reach.upperBound((visit) => this.#patterns(gang, reach, level, pods, visit)));
    if (free || !this.#limits(gang, reach, level, pods)) {
      const kind = this.#isWhole(gang) ? this.#onlyKind(gang) : -1;
      const domains = this.#hopeful(gang, reach, kind, level, pods);
      if (kind !== -1 && this.#comparesByRacks(gang, reach, kind, level, pods, domains)) {
        return this.#inSlices(gang, this.#byRacks(gang, kind, level, pods, domains));
      }
      return this.#cheapest(
        gang,
        reach,
        level,
        pods,
        domains,
        (domain) => this.#greedy(gang, reach, domain, level, pods),
        (domain) => this.#isLeast(gang, reach, domain, level),
      );
    }
    return this.#exact(gang, reach, level, pods);
  }

  /**
   * Calls for every kind and free mask on servers of domains that can hold the gang, some more than once, and says
   * whether they lie in an accelerator domain.
   */
  #patterns(
    gang: Gang,
    reach: GangTarget,
    level: number,
    pods: number,
    visit: (kind: number, free: number, isInside: boolean) => void,
  ): void {
    const index = this.#index;
    const { fabric } = index.tables;
    const { need } = gang;
    const allInside = reach.islandLevel >= 0 && !reach.isMixed;
    if (this.#isWhole(gang) && !reach.isMixed) {
      for (let kind = 0; kind < index.kinds.length; kind++) {
        const of = index.kinds[kind];
        if (of === undefined || !index.allows(need, kind) || of.classes.gpuCount < need.gpus) continue;
        if (index.whole.countOf(index.rootOf(kind)) > 0) visit(kind, 2 ** of.classes.gpuCount - 1, allInside);
      }
      return;
    }
    // Kind → free mask → 1 if seen outside accelerator domains, 2 inside, 3 both.
    const seen = index.kinds.map((of) => new Uint8Array(of === undefined ? 0 : 2 ** of.classes.gpuCount));
    for (let domain = fabric.levelStart[level]!; domain < fabric.levelStart[level + 1]!; domain++) {
      if (!this.#capacity.holds(domain, level, pods)) continue;
      for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
        const free = index.state.freeMask[s]!;
        const kind = index.kindOf(s);
        const isInside = reach.isMixed ? reach.islandOf(s) !== -1 : allInside;
        const place = isInside ? 2 : 1;
        if (
          free === 0 ||
          index.state.cordoned[s] === 1 ||
          (seen[kind]![free]! & place) !== 0 ||
          !index.allows(need, kind)
        )
          continue;
        seen[kind]![free]! |= place;
        visit(kind, free, isInside);
      }
    }
  }

  /** Whether every pod fills a server, so that counters of wholly free servers say it all. */
  #isWhole(gang: Gang): boolean {
    return fillsServers(this.#index, gang.need);
  }

  /** Whether the bandwidth aimed at rules out some way to spread the gang over a domain. */
  #limits(gang: Gang, reach: GangTarget, level: number, pods: number): boolean {
    if (reach.islandLevel >= 0) return true;
    // A part with the fewest GPUs has to take in the most.
    for (let at = 0; at < level; at++) if (!reach.everyUplinkAllows(at, gang.need.gpus)) return true;
    let limits = false;
    this.#patterns(gang, reach, level, pods, (kind, free) => {
      if (limits) return;
      const allowed = reach.allowedFor(kind, free);
      // All numbers from 0 up: a mask of ones.
      const most = 31 - Math.clz32(allowed);
      limits = (allowed & (allowed + 1)) !== 0 || most < this.#index.podsOf(gang.need, kind, free);
    });
    return limits;
  }

  /** The domains of a level that hold the gang, by an estimate of the damage, at most so many. */
  #candidates(gang: Gang, reach: GangTarget, level: number, pods: number, most: number): number[] {
    const { fabric } = this.#index.tables;
    const start = fabric.levelStart[level]!;
    const end = fabric.levelStart[level + 1]!;
    const kind = this.#isWhole(gang) ? this.#onlyKind(gang) : -1;
    if (kind !== -1 && level === 0 && !reach.isMixed) {
      // Bandwidth is the same everywhere, and here the estimate of the damage is what it estimates.
      let best = -1;
      let least = Number.POSITIVE_INFINITY;
      const { whole } = this.#index;
      let around = -1;
      let damageAround = 0;
      for (let domain = start; domain < end; domain++) {
        if (!this.#capacity.holds(domain, level, pods)) continue;
        const cell = fabric.cellAt[domain * fabric.kindCount + kind]!;
        if (fabric.cellParent[cell] !== around) {
          around = fabric.cellParent[cell]!;
          damageAround = whole.damageOf(around, pods);
        }
        const key = damageKey(whole.damageInCell(cell, pods) + damageAround);
        if (key < least) {
          best = domain;
          least = key;
        }
      }
      return [best];
    }
    const found: { domain: number; estimate: number }[] = [];
    for (let domain = start; domain < end; domain++) {
      if (!this.#capacity.holds(domain, level, pods)) continue;
      const cell = kind === -1 ? -1 : fabric.cellAt[domain * fabric.kindCount + kind]!;
      found.push({
        domain,
        estimate:
          cell === -1 ? this.#capacity.full[domain]! : damageKey(this.#index.whole.damageOf(cell, pods)),
      });
    }
    found.sort((a, b) => a.estimate - b.estimate || a.domain - b.domain);
    return found.slice(0, most).map(({ domain }) => domain);
  }

  /** The domains whose plans are compared in full: by their load where racks tell it, else by an estimate of the damage. */
  #hopeful(gang: Gang, reach: GangTarget, kind: number, level: number, pods: number): number[] {
    const isByRacks =
      kind !== -1 && reach.islandLevel < 0 && (gang.slicePods === 1 || gang.sliceLevel !== SERVER);
    if (!isByRacks) return this.#candidates(gang, reach, level, pods, PLANS_MAX);
    const all = this.#candidates(gang, reach, level, pods, Number.POSITIVE_INFINITY);
    if (all.length <= PLANS_MAX) return all;
    const costs = new Map<number, PlanCost>();
    for (const domain of all) {
      const allotments = this.#racksOf(gang, kind, domain, level, pods);
      costs.set(domain, rackCost(this.#index, kind, level, pods, allotments));
    }
    const sign = (a: number, b: number): number =>
      Number(isCheaper(costs.get(b)!, costs.get(a)!)) - Number(isCheaper(costs.get(a)!, costs.get(b)!));
    return all.sort(sign).slice(0, PLANS_MAX);
  }

  /** The one kind that can take pods of a gang, -1 if there are several. */
  #onlyKind(gang: Gang): number {
    let only = -1;
    for (let kind = 0; kind < this.#index.kinds.length; kind++) {
      const of = this.#index.kinds[kind];
      if (of === undefined || of.classes.gpuCount < gang.need.gpus || !this.#index.allows(gang.need, kind))
        continue;
      if (only !== -1) return -1;
      only = kind;
    }
    return only;
  }

  /** The best of the plans in several domains. */
  #cheapest(
    gang: Gang,
    reach: GangTarget,
    level: number,
    pods: number,
    domains: readonly number[],
    piecesIn: (domain: number) => Piece[],
    isLeast: (domain: number) => boolean,
  ): GangPlan {
    let best: GangPlan | undefined;
    let cost: PlanCost | undefined;
    let bestDomain = -1;
    const offer = (domain: number, pieces: Piece[], isOnly: boolean): GangPlan => {
      const plan = this.#planOf(reach, level, pods, pieces);
      if (isOnly) {
        best = plan;
        return plan;
      }
      const planCost = costOf(this.#index, level, plan);
      if (best === undefined || isPreferred(planCost, domain, cost!, bestDomain)) {
        best = plan;
        cost = planCost;
        bestDomain = domain;
      }
      return plan;
    };
    const kind = this.#isWhole(gang) ? this.#onlyKind(gang) : -1;
    const least = new LeastLoad(this.#index, reach, this.#capacity, pods, kind);
    let left = kind === -1 ? STEPS_MAX : WHOLE_STEPS_MAX;
    for (const domain of domains) {
      const steps = isLeast(domain) ? Number.POSITIVE_INFINITY : least.stepsIn(domain, level);
      offer(domain, piecesIn(domain), domains.length === 1 && steps > left);
      least.begin();
      for (let look = 0; look < LOOKS_MAX && steps <= left; look++) {
        left -= steps;
        const plan = offer(domain, least.planIn(domain, level), false);
        if (!least.refine(plan)) break;
      }
    }
    return this.#inSlices(gang, best!);
  }

  /**
   * Whether greedy plans in a domain are best as they are. For servers of one kind that are taken whole they are so in a
   * rack, and in a domain of racks of equal size, all of that kind: the load is less the further the numbers in the
   * racks lie apart, and those of racks in order of their room lie apart furthest.
   */
  #isLeast(gang: Gang, reach: GangTarget, domain: number, level: number): boolean {
    if (level > 1 || gang.slicePods > 1 || !this.#isWhole(gang)) return false;
    const kind = this.#onlyKind(gang);
    if (kind === -1) return false;
    if (level === 0) return true;
    const { fabric } = this.#index.tables;
    // Inside an accelerator domain nothing loads anything: damage decides.
    if (level <= reach.islandLevel) return false;
    const { gpuCount } = this.#index.kinds[kind]!.classes;
    const first = fabric.childStart[domain]!;
    for (let child = first; child < fabric.childEnd[domain]!; child++) {
      const cell = fabric.cellAt[child * fabric.kindCount + kind]!;
      if (cell === -1) return false;
      const gpus = gpuCount * (fabric.cellEnd[cell]! - fabric.cellStart[cell]!);
      if (gpus !== fabric.domainGpus[child] || gpus !== fabric.domainGpus[first]) return false;
    }
    return true;
  }

  /** Pieces in tree order with their GPUs, and the bandwidth of it all. */
  #planOf(reach: GangTarget, level: number, pods: number, pieces: Piece[]): GangPlan {
    pieces.sort((a, b) => a.server - b.server);
    const servers = pieces.map((piece) => piece.server);
    const podCounts = pieces.map((piece) => piece.pods);
    const masks = pieces.map((piece) => reach.maskOn(piece.server, piece.pods));
    const setTablesOf = (kind: number): GpuSetTables => this.#index.kinds[kind]!.classes.tables;
    const bandwidthGBps = gangBandwidth(this.#index.tables.fabric, setTablesOf, level, { servers, masks });
    return { pods, level, bandwidthGBps, servers, masks, podCounts };
  }

  /** Moves the slice that is smaller to the end. */
  #inSlices(gang: Gang, plan: GangPlan): GangPlan {
    const { slicePods, sliceLevel } = gang;
    if (plan.pods % slicePods === 0 || sliceLevel >= plan.level) return plan;
    const { fabric } = this.#index.tables;
    const domainOf = (server: number): number => {
      if (sliceLevel === SERVER) return server;
      let domain = fabric.cellDomain[fabric.groupOf[server]!]!;
      for (let at = 0; at < sliceLevel; at++) domain = fabric.domainParent[domain]!;
      return domain;
    };
    const podsIn = new Map<number, number>();
    plan.servers.forEach((server, i) => {
      podsIn.set(domainOf(server), (podsIn.get(domainOf(server)) ?? 0) + plan.podCounts[i]!);
    });
    const isLast = (server: number): boolean => podsIn.get(domainOf(server))! % slicePods !== 0;
    const order = [...plan.servers.keys()].sort(
      (a, b) => Number(isLast(plan.servers[a]!)) - Number(isLast(plan.servers[b]!)) || a - b,
    );
    return {
      ...plan,
      servers: order.map((i) => plan.servers[i]!),
      masks: order.map((i) => plan.masks[i]!),
      podCounts: order.map((i) => plan.podCounts[i]!),
    };
  }

  // Whole servers of one kind, where counts of racks say it all -----------------------------------------------------

  /** Whether plans are to be compared rack by rack, rather than server by server or as exactly as a few steps allow. */
  #comparesByRacks(
    gang: Gang,
    reach: GangTarget,
    kind: number,
    level: number,
    pods: number,
    domains: readonly number[],
  ): boolean {
    if (gang.slicePods > 1 && gang.sliceLevel === SERVER) return false;
    if (level === 0) return true;
    if (reach.islandLevel >= 0) return false;
    const least = new LeastLoad(this.#index, reach, this.#capacity, pods, kind);
    let left = WHOLE_STEPS_MAX;
    for (const domain of domains) {
      if (!this.#isLeast(gang, reach, domain, level)) left -= least.stepsIn(domain, level);
      if (left < 0) return true;
    }
    return left === WHOLE_STEPS_MAX;
  }

  /** The cheapest plan of several domains; servers are looked up for that one alone. */
  #byRacks(gang: Gang, kind: number, level: number, pods: number, domains: readonly number[]): GangPlan {
    const index = this.#index;
    let allotments: RackAllotment[] = [];
    let cost: PlanCost | undefined;
    let bestDomain = -1;
    for (const domain of domains) {
      const here = this.#racksOf(gang, kind, domain, level, pods);
      if (domains.length === 1) allotments = here;
      else {
        const hereCost = rackCost(index, kind, level, pods, here);
        if (cost !== undefined && !isPreferred(hereCost, domain, cost, bestDomain)) continue;
        allotments = here;
        cost = hereCost;
        bestDomain = domain;
      }
    }
    allotments.sort((a, b) => a.rack - b.rack);
    const { fabric } = index.tables;
    const of = index.kinds[kind]!;
    const { fullClass } = of.classes;
    const servers: number[] = [];
    for (const { rack, servers: count } of allotments) {
      let local = fabric.cellStart[fabric.cellAt[rack * fabric.kindCount + kind]!]! - 1;
      for (let i = 0; i < count; i++) {
        local = of.nextOfClass(fullClass, local + 1);
        servers.push(index.serverAt(kind, local));
      }
    }
    const masks = new Array<number>(pods).fill(of.full);
    const podCounts = new Array<number>(pods).fill(1);
    const setTablesOf = (): GpuSetTables => of.classes.tables;
    const bandwidthGBps = gangBandwidth(fabric, setTablesOf, level, { servers, masks });
    return { pods, level, bandwidthGBps, servers, masks, podCounts };
  }

  /** How many servers each rack of a domain gives. */
  #racksOf(gang: Gang, kind: number, domain: number, level: number, pods: number): RackAllotment[] {
    if (level > 0 && gang.slicePods === 1) return rackAllotments(this.#index, kind, domain, level, pods);
    const allotments: RackAllotment[] = [];
    const unit = this.#capacity.unit(level);
    const slices = Math.floor(pods / unit);
    this.#spread(gang, domain, level, slices, pods - slices * unit, (rack, servers) => {
      allotments.push({ rack, servers });
    });
    return allotments;
  }

  // The exact programme -------------------------------------------------------------------------------------------

  #exact(gang: Gang, reach: GangTarget, level: number, pods: number): GangPlan {
    const exact = new ReachableCounts(this.#index, reach, pods);
    const domains = this.#candidates(gang, reach, level, pods, Number.POSITIVE_INFINITY);
    const isReached = (target: number): number | undefined => {
      reach.aim(target);
      return domains.find((domain) => exact.isReached(domain, level));
    };
    const reachedIn = (domain: number): number => {
      const plan = this.#planOf(reach, level, pods, exact.planIn(domain, level));
      return plan.bandwidthGBps!;
    };
    let high = reach.target;
    let best = high;
    if (isReached(high) === undefined) {
      best = reachedIn(isReached(0)!);
      // From a plan to one that is faster, and halfway up to what none reaches, until nothing is faster.
      for (;;) {
        const next = best + Math.max(best, high * NEXT_FIGURE) * NEXT_FIGURE;
        const faster = isReached(next);
        if (faster === undefined) break;
        best = Math.max(next, reachedIn(faster));
        const middle = (best + high) / 2;
        const halfway = isReached(middle);
        if (halfway === undefined) high = middle;
        else best = Math.max(best, middle, reachedIn(halfway));
      }
    }
    reach.aim(best);
    const reached: number[] = [];
    for (const domain of domains) {
      if (reached.length < PLANS_MAX && exact.isReached(domain, level)) reached.push(domain);
    }
    return this.#cheapest(
      gang,
      reach,
      level,
      pods,
      reached,
      (domain) => exact.planIn(domain, level),
      () => false,
    );
  }

  // Greedy plans, where nothing but room limits -------------------------------------------------------------------

  #greedy(gang: Gang, reach: GangTarget, domain: number, level: number, pods: number): Piece[] {
    const pieces: Piece[] = [];
    const kind = this.#isWhole(gang) && level > 0 && gang.slicePods === 1 ? this.#onlyKind(gang) : -1;
    if (kind !== -1 && reach.islandLevel < 0) {
      for (const { rack, servers } of rackAllotments(this.#index, kind, domain, level, pods)) {
        this.#spreadOverServers(gang, rack, servers, 0, pieces);
      }
      return pieces;
    }
    const unit = this.#capacity.unit(level);
    const slices = Math.floor(pods / unit);
    this.#spread(gang, domain, level, slices, pods - slices * unit, (rack, full, rest) =>
      this.#spreadOverServers(gang, rack, full, rest, pieces),
    );
    return pieces;
  }

  /**
   * Spreads full slices and the pods of a smaller one over the parts of a domain: the parts with most room first, what
   * is left where it fits best. Over parts of equal size on one level this loads the links between them least.
   */
  #spread(
    gang: Gang,
    domain: number,
    level: number,
    full: number,
    rest: number,
    give: (rack: number, full: number, rest: number) => void,
  ): void {
    let slices = full;
    let over = rest;
    if (level === gang.sliceLevel) {
      slices = full * gang.slicePods + rest;
      over = 0;
    }
    const { fabric } = this.#index.tables;
    if (level === 0) {
      give(domain, slices, over);
      return;
    }
    const { full: room, rest: roomOver } = this.#capacity;
    const parts: Part[] = [];
    for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
      if (room[child]! > 0 || roomOver[child]! > 0)
        parts.push({ at: child, full: room[child]!, rest: roomOver[child]! });
    }
    share(parts, slices, over, (at, some, someOver) =>
      this.#spread(gang, at, level - 1, some, someOver, give),
    );
  }

  #spreadOverServers(gang: Gang, domain: number, full: number, rest: number, pieces: Piece[]): void {
    const index = this.#index;
    const { tables, state } = index;
    const { fabric } = tables;
    const { need, sliceLevel } = gang;
    if (rest === 0 && (sliceLevel !== SERVER || gang.slicePods === 1) && this.#isWhole(gang)) {
      let left = full;
      for (let kind = 0; kind < index.kinds.length && left > 0; kind++) {
        const of = index.kinds[kind];
        const cell = fabric.cellAt[domain * fabric.kindCount + kind]!;
        if (of === undefined || cell === -1 || !index.allows(need, kind)) continue;
        if (of.classes.gpuCount !== need.gpus) continue;
        const end = fabric.cellEnd[cell]!;
        const { fullClass } = of.classes;
        let local = of.nextOfClass(fullClass, fabric.cellStart[cell]!);
        for (; local !== -1 && local < end && left > 0; left--) {
          pieces.push({ server: index.serverAt(kind, local), pods: 1, last: false });
          local = of.nextOfClass(fullClass, local + 1);
        }
      }
      return;
    }
    const inServer = sliceLevel === SERVER ? gang.slicePods : 1;
    const parts: Part[] = [];
    for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
      const pods = podsThatFit(tables, state, need, s, gang.pods);
      if (pods > 0) parts.push({ at: s, full: Math.floor(pods / inServer), rest: pods % inServer });
    }
    share(parts, full, rest, (server, some, over) => {
      pieces.push({ server, pods: some * inServer + over, last: over > 0 });
    });
  }

  // Shares ----------------------------------------------------------------------------------------------------

  /** In the domain that is filled best, slice by slice in parts of it; shares pod by pod. */
  #onePerPod(gang: Gang, level: number, pods: number): GangPlan {
    const { tables, state } = this.#index;
    const { fabric } = tables;
    const capacity = this.#capacity;
    let best = -1;
    for (let domain = fabric.levelStart[level]!; domain < fabric.levelStart[level + 1]!; domain++) {
      if (!capacity.holds(domain, level, pods)) continue;
      if (best === -1 || capacity.full[domain]! < capacity.full[best]!) best = domain;
    }
    const parts = allotments(tables, state, capacity, gang, { domain: best, level, pods });
    return this.#placer.plan(gang.need, parts, level);
  }
}

/** Whether a plan in one domain is better than one in another: cheaper, or as cheap and in the domain that comes first. */
function isPreferred(cost: PlanCost, domain: number, other: PlanCost, otherDomain: number): boolean {
  return isCheaper(cost, other) || (domain < otherDomain && !isCheaper(other, cost));
}
