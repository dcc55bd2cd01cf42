import { atLeast } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { popcount16 } from '../state/state.js';
import { addCount, type CountSets, hasCount, largestCount, nothing, sumOf } from './count-set.js';
import { SERVER } from './gang.js';
import type { GangTarget } from './gang-bandwidth.js';

/** A server and what it may take or takes, in a plan under construction. */
export interface Piece {
  readonly server: number;
  readonly pods: number;
  /** Whether it holds the pods of the smaller slice, where slices are of servers. */
  readonly last: boolean;
}

/**
 * The small exact programme behind the bandwidth of a gang: which numbers of pods can every domain take if the whole
 * gang is to reach a bandwidth? The sets of the parts are added up the tree, and a plan is read off down the tree.
 *
 * Inside an accelerator domain the sets carry a figure: the most NIC bandwidth that so many pods can bring together,
 * since the NICs of all its servers carry what leaves it.
 *
 * @complexity per bandwidth tried O(servers × pods²/32) at worst for a gang of p pods; where few counts per server occur
 * it is near O(servers × pods / 32)
 */
export class ReachableCounts {
  readonly #index: FreeIndex;
  readonly #reach: GangTarget;
  readonly #slicePods: number;
  readonly #sliceLevel: number;
  /** Full slices of the gang, and pods of the smaller one. */
  readonly #slices: number;
  readonly #restPods: number;
  readonly #pods: number;

  constructor(index: FreeIndex, reach: GangTarget, pods: number) {
    this.#index = index;
    this.#reach = reach;
    const { slicePods, sliceLevel } = reach.gang;
    this.#pods = pods;
    this.#slicePods = slicePods;
    this.#sliceLevel = sliceLevel;
    this.#slices = Math.floor(pods / slicePods);
    this.#restPods = pods % slicePods;
  }

  /** Whether a domain that has room for the gang can hold it with the bandwidth aimed at. */
  isReached(domain: number, level: number): boolean {
    const island = this.#index.tables.fabric.islandOf[domain]!;
    // Inside one accelerator domain nothing but its fabric limits.
    if (island !== -1) return this.#reach.islandAllows(island);
    const units = this.#unitsOf(level, this.#slices, true);
    const sets = this.#setsInside(domain, level);
    return hasCount(units.rest ? sets.withRest! : sets.plain, units.count);
  }

  /** The pieces of a plan in a domain for which {@link ReachableCounts.isReached}. */
  planIn(domain: number, level: number): Piece[] {
    const pieces: Piece[] = [];
    const units = this.#unitsOf(level, this.#slices, true);
    this.#fill(domain, level, units.count, units.rest, pieces);
    return pieces;
  }

  /** What an island can take as part of a larger gang with the bandwidth aimed at. */
  islandSets(domain: number): CountSets {
    return this.#setsOf(domain, this.#reach.islandLevel);
  }

  /** The pieces of an island that bring most to its NICs, for a count of {@link ReachableCounts.islandSets}. */
  piecesOfIsland(domain: number, count: number, rest: boolean): Piece[] {
    const pieces: Piece[] = [];
    this.#fillIsland(domain, this.#reach.islandLevel, count, rest, pieces);
    return pieces;
  }

  /** A count of the level of slices as one of a level: pods below the slices. */
  #unitsOf(level: number, slices: number, rest: boolean): { count: number; rest: boolean } {
    if (level >= this.#sliceLevel) return { count: slices, rest: rest && this.#restPods > 0 };
    return { count: slices * this.#slicePods + (rest ? this.#restPods : 0), rest: false };
  }

  /** Words of a set on a level. */
  #words(level: number): number {
    return ((level >= this.#sliceLevel ? this.#slices : this.#pods) >>> 5) + 1;
  }

  /** Whether sets of a level have a second half, for the smaller slice. */
  #hasRest(level: number): boolean {
    return level >= this.#sliceLevel && this.#restPods > 0;
  }

  /** Pods behind a count of a level. */
  #podsOf(level: number, count: number, rest: boolean): number {
    if (level < this.#sliceLevel) return count;
    return count * this.#slicePods + (rest ? this.#restPods : 0);
  }

  /** What a domain can take as part of the gang. */
  #setsOf(domain: number, level: number): CountSets {
    const sets = this.#isIsland(domain) ? this.#setsOfIsland(domain, level) : this.#setsInside(domain, level);
    return this.#filtered(sets, domain, level);
  }

  #isIsland(domain: number): boolean {
    return this.#index.tables.fabric.islandOf[domain] === domain;
  }

  /** Leaves out what the uplink of a domain does not carry. */
  #filtered(sets: CountSets, domain: number, level: number): CountSets {
    const { gang } = this.#reach;
    const keep = (set: Uint32Array, rest: boolean): void => {
      for (let count = largestCount(set); count >= 0; count--) {
        if (!hasCount(set, count)) continue;
        const gpus = this.#podsOf(level, count, rest) * gang.need.gpus;
        if (!this.#reach.uplinkAllows(domain, gpus)) set[count >>> 5]! &= ~(1 << (count & 31));
      }
    };
    keep(sets.plain, false);
    if (sets.withRest !== undefined) keep(sets.withRest, true);
    return sets;
  }

  /** What the parts of a domain can take together. */
  #setsInside(domain: number, level: number): CountSets {
    const parts = this.#partsOf(domain, level);
    let sum = nothing(this.#words(level - 1), this.#hasRest(level - 1));
    for (const part of parts) sum = sumOf(sum, part.sets);
    return this.#toSlices(sum, level);
  }

  /** The parts of a domain with what each can take: domains one level down, or servers. */
  #partsOf(domain: number, level: number): { readonly at: number; readonly sets: CountSets }[] {
    const { fabric } = this.#index.tables;
    const parts: { at: number; sets: CountSets }[] = [];
    if (level > 0) {
      for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
        const sets = this.#setsOf(child, level - 1);
        if (takesAny(sets)) parts.push({ at: child, sets });
      }
      return parts;
    }
    for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
      const sets = this.#setsOfServer(this.#reach.allowedOn(s));
      if (takesAny(sets)) parts.push({ at: s, sets });
    }
    return parts;
  }

  #setsOfServer(allowed: number): CountSets {
    const sets = nothing(this.#words(SERVER), this.#hasRest(SERVER));
    for (let pods = 1; 1 << pods <= allowed; pods++) {
      if (((allowed >>> pods) & 1) === 1) this.#addPods(sets, SERVER, pods);
    }
    return sets;
  }

  /** Adds a number of pods to the sets of a level, as full slices or with the smaller one. */
  #addPods(sets: CountSets, level: number, pods: number): void {
    if (level < this.#sliceLevel) {
      addCount(sets.plain, pods);
      return;
    }
    if (pods % this.#slicePods === 0) addCount(sets.plain, pods / this.#slicePods);
    const full = pods - this.#restPods;
    if (sets.withRest !== undefined && full >= 0 && full % this.#slicePods === 0) {
      addCount(sets.withRest, full / this.#slicePods);
    }
  }

  /** Reads a set of pods as one of slices, on the level of slices. */
  #toSlices(sets: CountSets, level: number): CountSets {
    if (level !== this.#sliceLevel) return sets;
    const turned = nothing(this.#words(level), this.#hasRest(level));
    for (let pods = largestCount(sets.plain); pods >= 0; pods--) {
      if (hasCount(sets.plain, pods)) this.#addPods(turned, level, pods);
    }
    return turned;
  }

  /** Reads the plan of a domain off the sets: the parts that can take most first, the rest where it fits best. */
  #fill(domain: number, level: number, count: number, rest: boolean, pieces: Piece[]): void {
    if (level === this.#sliceLevel) {
      const pods = this.#podsOf(level, count, rest);
      this.#spread(domain, level, pods, false, pieces);
    } else this.#spread(domain, level, count, rest, pieces);
  }

  #spread(domain: number, level: number, count: number, rest: boolean, pieces: Piece[]): void {
    const below = level - 1;
    const parts = this.#partsOf(domain, level).map((part, order) => ({
      ...part,
      order,
      most: Math.max(
        largestCount(part.sets.plain),
        part.sets.withRest === undefined ? -1 : largestCount(part.sets.withRest),
      ),
    }));
    parts.sort((a, b) => b.most - a.most || a.order - b.order);
    // What the parts from i on can take together.
    const after: CountSets[] = [nothing(this.#words(below), this.#hasRest(below))];
    for (let i = parts.length - 1; i >= 0; i--) after.push(sumOf(after.at(-1)!, parts[i]!.sets));
    after.reverse();
    let left = count;
    let restLeft = rest;
    for (let i = 0; i < parts.length && (left > 0 || restLeft); i++) {
      const taker = this.#lastTaker(parts, i, left, restLeft);
      if (taker !== -1) {
        this.#give(parts[taker]!.at, below, left, restLeft, pieces);
        return;
      }
      const { sets, at } = parts[i]!;
      const next = after[i + 1]!;
      const choice = mostOf(sets, next, left, restLeft);
      if (choice.count === 0 && !choice.rest) continue;
      this.#give(at, below, choice.count, choice.rest, pieces);
      left -= choice.count;
      if (choice.rest) restLeft = false;
    }
  }

  /** The part that can take all that is left and has least room, of equals the first; -1 if none can. */
  #lastTaker(
    parts: readonly { readonly sets: CountSets; readonly most: number }[],
    from: number,
    count: number,
    rest: boolean,
  ): number {
    // Sorted by room: the last one that can, and of those with as much room the first that can.
    let taker = -1;
    for (let i = parts.length - 1; i >= from; i--) {
      const { sets, most } = parts[i]!;
      if (taker !== -1 && most !== parts[taker]!.most) break;
      if (hasCount(rest ? sets.withRest! : sets.plain, count)) taker = i;
    }
    return taker;
  }

  #give(part: number, level: number, count: number, rest: boolean, pieces: Piece[]): void {
    if (level === SERVER) {
      pieces.push({ server: part, pods: this.#podsOf(SERVER, count, rest), last: rest });
    } else if (this.#isIsland(part)) this.#fillIsland(part, level, count, rest, pieces);
    else this.#fill(part, level, count, rest, pieces);
  }

  // Accelerator domains ------------------------------------------------------------------------------------------

  #setsOfIsland(domain: number, level: number): CountSets {
    const { gang } = this.#reach;
    const nics = this.#nicsInside(domain, level);
    const sets = nothing(this.#words(level), this.#hasRest(level));
    const keep = (from: Float64Array | undefined, into: Uint32Array | undefined, rest: boolean): void => {
      if (from === undefined || into === undefined) return;
      from.forEach((nicGBps, count) => {
        const gpus = this.#podsOf(level, count, rest) * gang.need.gpus;
        const inside = gpus < 2 || this.#reach.islandAllows(domain);
        if (nicGBps >= 0 && inside && atLeast(nicGBps, this.#reach.crossing(gpus))) addCount(into, count);
      });
    };
    keep(nics.plain, sets.plain, false);
    keep(nics.withRest, sets.withRest, true);
    return sets;
  }

  /** Count → the most NIC bandwidth of so many pods or slices inside a domain, -1 where they do not fit. */
  #nicsInside(domain: number, level: number): NicSums {
    let sum = noNics(this.#hasRest(level - 1));
    for (const part of this.#nicPartsOf(domain, level))
      sum = mostNics(sum, part.nics, this.#limit(level - 1));
    return this.#nicsToSlices(sum, level);
  }

  #nicPartsOf(domain: number, level: number): { readonly at: number; readonly nics: NicSums }[] {
    const { fabric } = this.#index.tables;
    const parts: { at: number; nics: NicSums }[] = [];
    if (level > 0) {
      for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
        parts.push({ at: child, nics: this.#nicsInside(child, level - 1) });
      }
      return parts;
    }
    for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
      const allowed = this.#reach.allowedOn(s);
      if (allowed > 1) parts.push({ at: s, nics: this.#nicsOfServer(s, allowed) });
    }
    return parts;
  }

  #nicsOfServer(server: number, allowed: number): NicSums {
    const index = this.#index;
    const choices = this.#reach.choicesOf(index.kindOf(server));
    const free = index.state.freeMask[server]!;
    const gpus = this.#reach.gang.need.gpus;
    const byPods: number[] = [];
    for (let pods = 0; pods * gpus <= popcount16(free); pods++) {
      byPods.push(((allowed >>> pods) & 1) === 0 ? -1 : pods === 0 ? 0 : choices.mostNic(free, pods * gpus));
    }
    return this.#sliced(Float64Array.from(byPods), SERVER);
  }

  #nicsToSlices(sums: NicSums, level: number): NicSums {
    return level === this.#sliceLevel ? this.#sliced(sums.plain, level) : sums;
  }

  /** Reads figures by pods as figures by slices, from the level of slices up. */
  #sliced(byPods: Float64Array, level: number): NicSums {
    if (level < this.#sliceLevel) return { plain: byPods, withRest: undefined };
    const of = (rest: number): Float64Array => {
      const figures: number[] = [];
      for (let pods = rest; pods < byPods.length; pods += this.#slicePods) figures.push(byPods[pods]!);
      return Float64Array.from(figures);
    };
    return { plain: of(0), withRest: this.#restPods > 0 ? of(this.#restPods) : undefined };
  }

  /** Most units of a level that matter. */
  #limit(level: number): number {
    return level >= this.#sliceLevel ? this.#slices : this.#pods;
  }

  /** Reads the plan of an island, or a domain inside one, that brings most to the NICs. */
  #fillIsland(domain: number, level: number, count: number, rest: boolean, pieces: Piece[]): void {
    const below = level - 1;
    const inPods = level === this.#sliceLevel;
    let left = inPods ? this.#podsOf(level, count, rest) : count;
    let restLeft = inPods ? false : rest;
    const parts = this.#nicPartsOf(domain, level);
    const after: NicSums[] = [noNics(this.#hasRest(below))];
    for (let i = parts.length - 1; i >= 0; i--) {
      after.push(mostNics(after.at(-1)!, parts[i]!.nics, this.#limit(below)));
    }
    after.reverse();
    for (let i = 0; i < parts.length && (left > 0 || restLeft); i++) {
      const { at, nics } = parts[i]!;
      const choice = mostNicChoice(nics, after[i + 1]!, left, restLeft);
      if (choice.count === 0 && !choice.rest) continue;
      if (below === SERVER) {
        pieces.push({ server: at, pods: this.#podsOf(SERVER, choice.count, choice.rest), last: choice.rest });
      } else this.#fillIsland(at, below, choice.count, choice.rest, pieces);
      left -= choice.count;
      if (choice.rest) restLeft = false;
    }
  }
}

/** NIC bandwidth by count, -1 where a count cannot be; as {@link CountSets}. */
interface NicSums {
  readonly plain: Float64Array;
  readonly withRest: Float64Array | undefined;
}

function noNics(rest: boolean): NicSums {
  return { plain: new Float64Array(1), withRest: rest ? new Float64Array(0) : undefined };
}

function mostNics(a: NicSums, b: NicSums, limit: number): NicSums {
  const plain = mostSums(a.plain, b.plain, limit);
  if (a.withRest === undefined || b.withRest === undefined) return { plain, withRest: undefined };
  const one = mostSums(a.withRest, b.plain, limit);
  const other = mostSums(a.plain, b.withRest, limit);
  const withRest = one.length > other.length ? one : other;
  const second = withRest === one ? other : one;
  second.forEach((figure, count) => {
    withRest[count] = Math.max(withRest[count]!, figure);
  });
  return { plain, withRest };
}

function mostSums(a: Float64Array, b: Float64Array, limit: number): Float64Array {
  if (a.length === 0 || b.length === 0) return new Float64Array(0);
  const sums = new Float64Array(Math.min(limit + 1, a.length + b.length - 1)).fill(-1);
  for (let i = 0; i < a.length; i++) {
    if (a[i]! < 0) continue;
    for (let j = 0; j < b.length && i + j < sums.length; j++) {
      if (b[j]! >= 0) sums[i + j] = Math.max(sums[i + j]!, a[i]! + b[j]!);
    }
  }
  return sums;
}

/** The largest count of a part that leaves a total the rest can bring to the same most. */
function mostNicChoice(
  part: NicSums,
  after: NicSums,
  left: number,
  rest: boolean,
): { count: number; rest: boolean } {
  let best = { count: 0, rest: false };
  let most = -1;
  const offer = (
    own: Float64Array | undefined,
    others: Float64Array | undefined,
    takesRest: boolean,
  ): void => {
    if (own === undefined || others === undefined) return;
    for (let count = 0; count <= left && count < own.length; count++) {
      const other = left - count < others.length ? others[left - count]! : -1;
      if (own[count]! < 0 || other < 0) continue;
      const sum = own[count]! + other;
      // Equal sums: more on this one, so that fewer servers are touched.
      if (sum > most || (sum === most && count >= best.count)) {
        most = sum;
        best = { count, rest: takesRest };
      }
    }
  };
  if (rest) {
    offer(part.plain, after.withRest, false);
    offer(part.withRest, after.plain, true);
  } else offer(part.plain, after.plain, false);
  return best;
}

function takesAny(sets: CountSets): boolean {
  return largestCount(sets.plain) > 0 || (sets.withRest !== undefined && largestCount(sets.withRest) >= 0);
}

/** The most that a part can take so that those after it can take what is left. */
function mostOf(
  part: CountSets,
  after: CountSets,
  left: number,
  rest: boolean,
): { count: number; rest: boolean } {
  for (let count = left; count >= 0; count--) {
    if (rest) {
      if (hasCount(part.withRest!, count) && hasCount(after.plain, left - count))
        return { count, rest: true };
      if (hasCount(part.plain, count) && hasCount(after.withRest!, left - count))
        return { count, rest: false };
    } else if (hasCount(part.plain, count) && hasCount(after.plain, left - count))
      return { count, rest: false };
  }
  throw new Error('a plan was read off sets that have none');
}
