import type { ClusterTables } from '../../compile/cluster-tables.js';
import { type Gang, SERVER } from '../../placement/gangs/gang.js';
import { type PlacementState, podsThatFit } from '../../placement/state/state.js';
import { CheapestLines, type LineChoice } from './cheapest-lines.js';
import { isCheaper, type Offer, type Price, type PriceList, ServerPricer } from './price-list.js';
import type { VictimPiece } from './victim-pieces.js';

/** Comparisons and sums that one search may spend: some tens of milliseconds. */
const STEPS_MAX = 2 ** 20;
/** Steps counted for a decision itself, for each server of the domain. */
const STEPS_PER_HOST = 16;
/** With more victims no search is made. */
const VICTIMS_MAX = 2 ** 16;
/** The weight of one victim in the tie-break; sums of positions stay below it. */
const VICTIM = 2 ** 32;

/** What a search found. */
export interface CheapestVictims {
  /** Positions in the list of victims, rising; undefined if none was found. */
  readonly victims: readonly number[] | undefined;
  /** True if the result is proven: no cheaper set exists, or none at all. False past the limit of steps. */
  readonly isProven: boolean;
}

/**
 * Finds the cheapest set of victims without which a gang fits: the least sum of costs; of equal sums the fewest
 * victims; then the victims nearest to the front of the list (the least sum of positions).
 *
 * Branch and bound:
 * 1. A victim with pieces on one server has its full price there. A victim with pieces on several servers counts on
 * each with a part of its price. All its parts together never exceed the price, so the sum is a lower bound.
 * 2. With these prices servers are independent: on one server the ways to choose among its pieces are compared
 * (ServerPricer), over the servers a knapsack chooses (CheapestLines).
 * 3. If the result takes every victim whole or not at all, it is the answer for this branch. Otherwise the search
 * branches on the victim with the largest unpaid part of its price.
 * At most 2^20 steps and 65,536 victims.
 *
 * @param pieces - server → what victims hold on it
 * @param costs - of the victims, in the order of the list: whole numbers, 0 or more, with sums below 2^53
 * @complexity O(servers × GPUs²) where victims are on one server each and pods ask for whole GPUs alone; at most 2^20 steps
 */
export function cheapestVictims(
  tables: ClusterTables,
  state: PlacementState,
  gang: Gang,
  pieces: ReadonlyMap<number, readonly VictimPiece[]>,
  costs: readonly number[],
): CheapestVictims {
  if (costs.length > VICTIMS_MAX) return { victims: undefined, isProven: false };
  return new Search(tables, state, gang, pieces, costs).run();
}

/** The decision about a victim in the present branch. */
const OPEN = 0;
const GONE = 1;
const KEPT = 2;

/** A server of the domain being searched, and the pieces of victims on it. */
interface Host {
  readonly server: number;
  readonly pieces: readonly VictimPiece[];
}

class Search {
  readonly #tables: ClusterTables;
  readonly #state: PlacementState;
  readonly #gang: Gang;
  readonly #pieces: ReadonlyMap<number, readonly VictimPiece[]>;
  /** Victim → what it costs. */
  readonly #prices: readonly Price[];
  readonly #menus: ServerPricer;
  readonly #lines = new CheapestLines();
  /** Victim → {@link OPEN}, {@link GONE} or {@link KEPT}. */
  readonly #decided: Uint8Array;
  /** Victim → server → its part of the price; only for victims on several servers of the domain. */
  #parts: ReadonlyMap<number, ReadonlyMap<number, Price>> = new Map();
  /** Victim → positions of its hosts, of the same victims. */
  #hostsOf: ReadonlyMap<number, readonly number[]> = new Map();
  #hosts: readonly Host[] = [];
  /** Where the hosts of each domain of slices end; undefined where slices do not matter. */
  #groupEnds: readonly number[] | undefined;
  /** Pods that the hosts must take. */
  #pods = 0;
  #best: (Price & { readonly victims: readonly number[] }) | undefined;
  #nodeSteps = 0;
  #isCut = false;

  constructor(
    tables: ClusterTables,
    state: PlacementState,
    gang: Gang,
    pieces: ReadonlyMap<number, readonly VictimPiece[]>,
    costs: readonly number[],
  ) {
    this.#tables = tables;
    this.#state = state;
    this.#gang = gang;
    this.#pieces = pieces;
    this.#prices = costs.map((cost, position) => ({ cost, tie: VICTIM + position }));
    this.#menus = new ServerPricer(tables, state, gang.need, gang.podsMin);
    this.#decided = new Uint8Array(costs.length);
  }

  run(): CheapestVictims {
    const { podsMin, requireLevel, sliceLevel, slicePods } = this.#gang;
    const { levelStart, serverStart, serverEnd } = this.#tables.fabric;
    // One pod is on one server, so no price needs to be divided.
    if (requireLevel === SERVER || podsMin === 1) {
      for (const server of this.#pieces.keys()) this.#inDomain(server, server + 1, undefined);
    } else {
      const hasSlices = slicePods > 1 && requireLevel >= sliceLevel;
      for (let domain = levelStart[requireLevel]!; domain < levelStart[requireLevel + 1]!; domain++) {
        const end = serverEnd[domain]!;
        this.#inDomain(serverStart[domain]!, end, hasSlices ? this.#groups(domain) : undefined);
      }
    }
    return { victims: this.#best?.victims.toSorted((a, b) => a - b), isProven: !this.#isCut };
  }

  /** Where the servers of each domain of slices end, inside a domain. */
  #groups(domain: number): number[] {
    const { sliceLevel } = this.#gang;
    const { levelStart, serverStart, serverEnd } = this.#tables.fabric;
    const [from, to] = [serverStart[domain]!, serverEnd[domain]!];
    if (sliceLevel === SERVER) return Array.from({ length: to - from }, (_, i) => from + i + 1);
    const ends: number[] = [];
    for (let d = levelStart[sliceLevel]!; d < levelStart[sliceLevel + 1]!; d++) {
      if (serverStart[d]! >= from && serverEnd[d]! <= to) ends.push(serverEnd[d]!);
    }
    return ends;
  }

  /** Searches the servers `from … to - 1`, which may be grouped by domains of slices. */
  #inDomain(from: number, to: number, groups: readonly number[] | undefined): void {
    const { need, podsMin } = this.#gang;
    const hosts: Host[] = [];
    let free = 0;
    let most = 0;
    for (let server = from; server < to; server++) {
      const pieces = this.#menus.isAllowed(server) ? (this.#pieces.get(server) ?? []) : [];
      if (pieces.length > 0) most += this.#menus.podsWithout(server, pieces);
      if (pieces.length > 0 || groups !== undefined) hosts.push({ server, pieces });
      else free += podsThatFit(this.#tables, this.#state, need, server, podsMin);
    }
    if (groups === undefined && most + free < podsMin) return;
    this.#hosts = hosts;
    this.#pods = podsMin - free;
    this.#groupEnds = groups?.map((end) => end - from);
    const menus = this.#partPrices();
    if (menus !== undefined) this.#branch({ cost: 0, tie: 0 }, menus);
  }

  /** Divides the prices of victims on several servers, and returns the menus that follow. */
  #partPrices(): PriceList[] | undefined {
    const podsOn = new Map<number, [host: number, pods: number][]>();
    let useful = this.#pods;
    this.#hosts.forEach(({ server, pieces }, host) => {
      if (this.#groupEnds === undefined) useful -= this.#menus.podsWithout(server, []);
      for (const { victim, pods } of pieces) {
        const entry = podsOn.get(victim);
        if (entry === undefined) podsOn.set(victim, [[host, pods]]);
        else entry.push([host, pods]);
      }
    });
    const parts = new Map<number, Map<number, Price>>();
    const hostsOf = new Map<number, number[]>();
    for (const [victim, places] of podsOn) {
      if (places.length === 1) continue;
      parts.set(victim, partsOf(this.#prices[victim]!, places, useful));
      hostsOf.set(
        victim,
        places.map(([host]) => host),
      );
    }
    this.#parts = parts;
    this.#hostsOf = hostsOf;
    const menus: PriceList[] = [];
    for (let host = 0; host < this.#hosts.length; host++) {
      const menu = this.#menuOf(host);
      if (menu === undefined) return undefined;
      menus.push(menu);
    }
    return menus;
  }

  #menuOf(host: number): PriceList | undefined {
    const { server, pieces } = this.#hosts[host]!;
    const gone: VictimPiece[] = [];
    const offers: Offer[] = [];
    for (const piece of pieces) {
      const { victim } = piece;
      if (this.#decided[victim] === GONE) gone.push(piece);
      else if (this.#decided[victim] === OPEN) {
        const { cost, tie } = this.#parts.get(victim)?.get(host) ?? this.#prices[victim]!;
        offers.push({ piece, cost, tie });
      }
    }
    const menu = this.#menus.of(server, gone, offers);
    if (menu === undefined) this.#isCut = true;
    return menu;
  }

  /** Searches the open victims, after others with a total price have been chosen. */
  #branch(spent: Price, menus: readonly PriceList[]): void {
    this.#nodeSteps += STEPS_PER_HOST * menus.length;
    if (this.#nodeSteps + this.#menus.steps + this.#lines.steps > STEPS_MAX) this.#isCut = true;
    if (this.#isCut) return;
    const chosen = this.#choose(menus);
    if (chosen === undefined) return;
    const bound = { cost: spent.cost + chosen.cost, tie: spent.tie + chosen.tie };
    if (this.#best !== undefined && !isCheaper(bound, this.#best)) return;
    const { victims, price, partly } = this.#takenBy(chosen, menus);
    const whole = { cost: spent.cost + price.cost, tie: spent.tie + price.tie };
    if (this.#best === undefined || isCheaper(whole, this.#best)) {
      const gone: number[] = [];
      for (const victim of this.#parts.keys()) if (this.#decided[victim] === GONE) gone.push(victim);
      this.#best = { ...whole, victims: [...gone, ...victims] };
    }
    if (partly === undefined) return;
    const { cost, tie } = this.#prices[partly]!;
    this.#decide(partly, GONE, { cost: spent.cost + cost, tie: spent.tie + tie }, menus);
    this.#decide(partly, KEPT, spent, menus);
    this.#decided[partly] = OPEN;
  }

  #decide(victim: number, decision: number, spent: Price, menus: readonly PriceList[]): void {
    this.#decided[victim] = decision;
    const changed = [...menus];
    for (const host of this.#hostsOf.get(victim)!) {
      const menu = this.#menuOf(host);
      if (menu === undefined) return;
      changed[host] = menu;
    }
    this.#branch(spent, changed);
  }

  #choose(menus: readonly PriceList[]): LineChoice | undefined {
    if (this.#groupEnds === undefined) return this.#lines.forPods(menus, this.#pods);
    return this.#lines.forSlices(menus, this.#groupEnds, this.#gang.slicePods, this.#pods);
  }

  /**
   * The victims that a choice of lines takes, whole or in part; their price; and the victim with the largest unpaid
   * part.
   */
  #takenBy(
    { extras }: LineChoice,
    menus: readonly PriceList[],
  ): { readonly victims: number[]; readonly price: Price; readonly partly: number | undefined } {
    const unpaid = new Map<number, Price>();
    const victims: number[] = [];
    let cost = 0;
    let tie = 0;
    menus.forEach((menu, host) => {
      for (const victim of menu.victims[extras[host]!]!) {
        const price = this.#prices[victim]!;
        const part = this.#parts.get(victim)?.get(host) ?? price;
        const before = unpaid.get(victim);
        if (before === undefined) {
          victims.push(victim);
          cost += price.cost;
          tie += price.tie;
        }
        const left = before ?? price;
        unpaid.set(victim, { cost: left.cost - part.cost, tie: left.tie - part.tie });
      }
    });
    let partly: number | undefined;
    let most: Price = { cost: 0, tie: 0 };
    for (const [victim, left] of unpaid) {
      if (!isCheaper(most, left)) continue;
      partly = victim;
      most = left;
    }
    return { victims, price: { cost, tie }, partly };
  }
}

/**
 * Divides a price over servers by pods, so that the parts on any `useful` servers sum to at most the price. A choice
 * that takes no more than it needs uses at most as many servers of a victim as it needs pods.
 */
function partsOf(
  { cost, tie }: Price,
  places: readonly (readonly [host: number, pods: number])[],
  useful: number,
): Map<number, Price> {
  const counts = places.map(([, pods]) => pods).sort((a, b) => b - a);
  const whole = counts.slice(0, Math.max(1, useful)).reduce((sum, pods) => sum + pods, 0);
  const parts = new Map<number, Price>();
  let costLeft = cost;
  let tieLeft = tie;
  places.forEach(([host, pods], i) => {
    const isLast = i === places.length - 1 && useful >= places.length;
    const part = {
      cost: isLast ? costLeft : Math.floor((cost * pods) / whole),
      tie: isLast ? tieLeft : Math.floor((tie * pods) / whole),
    };
    costLeft -= part.cost;
    tieLeft -= part.tie;
    parts.set(host, part);
  });
  return parts;
}
