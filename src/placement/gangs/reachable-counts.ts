import { atLeast } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { popcount16 } from '../state/state.js';
import { addCount, type CountSets, hasCount, largestCount, nothing, sumOf } from './count-set.js';
import { SERVER } from './gang.js';
import type { GangTarget } from './gang-target.js';
import type { GangTask, Piece } from './gang-task.js';
import { mostNicChoice, mostNics, type NicSums, noNics } from './nic-sums.js';
import type { Rest, SliceUnits } from './slice-units.js';

/** Units of a level, and whether the smaller slice goes along. */
interface Units {
  readonly count: number;
  readonly rest: Rest;
}

/** A domain one level down, or a server, and what it can take. */
interface Taker {
  readonly at: number;
  readonly sets: CountSets;
}

/**
 * The dynamic programme for the bandwidth of a gang: which numbers of pods can each domain take, if the whole gang is to
 * reach the target? The sets of the parts are added up the tree; a plan is read down the tree.
 *
 * Inside an accelerator domain a number is kept beside every count: the most NIC bandwidth that so many pods bring
 * together. The NICs of all its servers carry what leaves the domain.
 *
 * @complexity per bandwidth tried at most O(servers × pods² / 32) for a gang of p pods; where servers allow few different
 * counts it is near O(servers × pods / 32)
 */
export class ReachableCounts {
  readonly #index: FreeIndex;
  readonly #target: GangTarget;
  readonly #units: SliceUnits;

  constructor(index: FreeIndex, { target, units }: GangTask) {
    this.#index = index;
    this.#target = target;
    this.#units = units;
  }

  /** Whether a domain that can hold the gang can hold it at the target bandwidth. */
  isReached(domain: number, level: number): boolean {
    const island = this.#index.tables.fabric.islandOf[domain]!;
    // Inside one accelerator domain only its fabric limits.
    if (island !== -1) return this.#target.islandAllows(island);
    const sets = this.#setsInside(domain, level);
    return hasCount(sets[this.#units.restOf(level)]!, this.#units.most(level));
  }

  /** The pieces of a plan in a domain for which {@link ReachableCounts.isReached}. */
  planIn(domain: number, level: number): Piece[] {
    const pieces: Piece[] = [];
    this.#fill(domain, level, this.#units.most(level), this.#units.restOf(level), pieces);
    return pieces;
  }

  /** What an island can take as part of a larger gang at the target bandwidth. */
  islandSets(domain: number): CountSets {
    return this.#setsOf(domain, this.#target.islandLevel);
  }

  /** The pieces in an island that bring most to its NICs, for a count of {@link ReachableCounts.islandSets}. */
  piecesOfIsland(domain: number, count: number, rest: Rest): Piece[] {
    const pieces: Piece[] = [];
    this.#fillIsland(domain, this.#target.islandLevel, count, rest, pieces);
    return pieces;
  }

  #nothing(level: number): CountSets {
    return nothing((this.#units.most(level) >>> 5) + 1, this.#units.restOf(level));
  }

  #gpusOf(level: number, count: number, rest: Rest): number {
    return this.#units.podsOf(level, count, rest) * this.#target.gang.need.gpus;
  }

  /** What a domain can take as part of the gang: what its servers can take, less what its uplink does not carry. */
  #setsOf(domain: number, level: number): CountSets {
    const sets = this.#isIsland(domain) ? this.#setsOfIsland(domain, level) : this.#setsInside(domain, level);
    for (const rest of restsOf(sets)) {
      const set = sets[rest]!;
      for (let count = largestCount(set); count >= 0; count--) {
        if (!hasCount(set, count) || this.#target.uplinkAllows(domain, this.#gpusOf(level, count, rest)))
          continue;
        set[count >>> 5]! &= ~(1 << (count & 31));
      }
    }
    return sets;
  }

  #isIsland(domain: number): boolean {
    return this.#index.tables.fabric.islandOf[domain] === domain;
  }

  /** What the parts of a domain can take together. */
  #setsInside(domain: number, level: number): CountSets {
    const sum = this.#takersIn(domain, level).reduce(
      (sets, part) => sumOf(sets, part.sets),
      this.#nothing(level - 1),
    );
    if (level !== this.#units.sliceLevel) return sum;
    // Pods become slices.
    const sets = this.#nothing(level);
    for (let pods = largestCount(sum[0]!); pods >= 0; pods--) {
      if (hasCount(sum[0]!, pods)) this.#addPods(sets, level, pods);
    }
    return sets;
  }

  /** The parts of a domain that can take any of the gang. */
  #takersIn(domain: number, level: number): Taker[] {
    const { fabric } = this.#index.tables;
    const takers: Taker[] = [];
    const add = (at: number, sets: CountSets): void => {
      const takesAny = largestCount(sets[0]!) > 0 || (sets.length > 1 && largestCount(sets[1]!) >= 0);
      if (takesAny) takers.push({ at, sets });
    };
    if (level > 0) {
      for (let child = fabric.childStart[domain]!; child < fabric.childEnd[domain]!; child++) {
        add(child, this.#setsOf(child, level - 1));
      }
    } else {
      for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
        add(s, this.#setsOfServer(this.#target.allowedOn(s)));
      }
    }
    return takers;
  }

  #setsOfServer(allowed: number): CountSets {
    const sets = this.#nothing(SERVER);
    for (let pods = 1; 1 << pods <= allowed; pods++) {
      if (((allowed >>> pods) & 1) === 1) this.#addPods(sets, SERVER, pods);
    }
    return sets;
  }

  /** Adds a number of pods to the sets of a level, in its units. */
  #addPods(sets: CountSets, level: number, pods: number): void {
    for (const rest of restsOf(sets)) {
      const count = this.#units.countOf(level, pods, rest);
      if (count >= 0) addCount(sets[rest]!, count);
    }
  }

  /** Reads the pieces of a plan in a domain from the sets. The parts that can take most come first. */
  #fill(domain: number, level: number, count: number, rest: Rest, pieces: Piece[]): void {
    const below = level - 1;
    let left = level === this.#units.sliceLevel ? this.#units.podsOf(level, count, rest) : count;
    let restLeft: Rest = level === this.#units.sliceLevel ? 0 : rest;
    const parts = this.#takersIn(domain, level).map((part, order) => ({
      ...part,
      order,
      most: mostIn(part.sets),
    }));
    parts.sort((a, b) => b.most - a.most || a.order - b.order);
    // Position → what the parts from there on can take together.
    const after: CountSets[] = [this.#nothing(below)];
    for (let i = parts.length - 1; i >= 0; i--) after.push(sumOf(after.at(-1)!, parts[i]!.sets));
    after.reverse();
    for (let i = 0; i < parts.length && left + restLeft > 0; i++) {
      const last = lastTaker(parts, i, left, restLeft);
      if (last !== -1) {
        this.#give(parts[last]!.at, below, left, restLeft, pieces);
        return;
      }
      const units = mostUnits(parts[i]!.sets, after[i + 1]!, left, restLeft);
      if (units.count + units.rest === 0) continue;
      this.#give(parts[i]!.at, below, units.count, units.rest, pieces);
      left -= units.count;
      if (units.rest === 1) restLeft = 0;
    }
  }

  #give(part: number, level: number, count: number, rest: Rest, pieces: Piece[]): void {
    if (level === SERVER) pieces.push({ server: part, pods: this.#units.podsOf(SERVER, count, rest) });
    else if (this.#isIsland(part)) this.#fillIsland(part, level, count, rest, pieces);
    else this.#fill(part, level, count, rest, pieces);
  }

  // Accelerator domains ------------------------------------------------------------------------------------------

  #setsOfIsland(domain: number, level: number): CountSets {
    const sets = this.#nothing(level);
    const allows = this.#target.islandAllows(domain);
    this.#nicsInside(domain, level).forEach((figures, i) => {
      const rest = i as Rest;
      figures.forEach((nicGBps, count) => {
        const gpus = this.#gpusOf(level, count, rest);
        const isInside = gpus < 2 || allows;
        if (nicGBps >= 0 && isInside && atLeast(nicGBps, this.#target.crossing(gpus)))
          addCount(sets[rest]!, count);
      });
    });
    return sets;
  }

  /** The most NIC bandwidth of so many units inside a domain. */
  #nicsInside(domain: number, level: number): NicSums {
    const most = this.#units.most(level - 1);
    const sum = this.#nicPartsOf(domain, level).reduce(
      (sums, part) => mostNics(sums, part.nics, most),
      noNics(this.#units.restOf(level - 1)),
    );
    return level === this.#units.sliceLevel ? this.#inUnits(sum[0]!, level) : sum;
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
      const allowed = this.#target.allowedOn(s);
      if (allowed > 1) parts.push({ at: s, nics: this.#nicsOfServer(s, allowed) });
    }
    return parts;
  }

  #nicsOfServer(server: number, allowed: number): NicSums {
    const index = this.#index;
    const choices = this.#target.choicesOf(index.kindOf(server));
    const free = index.state.freeMask[server]!;
    const { gpus } = this.#target.gang.need;
    const byPods: number[] = [];
    for (let pods = 0; pods * gpus <= popcount16(free); pods++) {
      byPods.push(((allowed >>> pods) & 1) === 0 ? -1 : pods === 0 ? 0 : choices.mostNic(free, pods * gpus));
    }
    return this.#inUnits(Float64Array.from(byPods), SERVER);
  }

  /** Turns figures by pods into figures by units of a level. */
  #inUnits(byPods: Float64Array, level: number): NicSums {
    const unit = this.#units.unit(level);
    return Array.from({ length: 1 + this.#units.restOf(level) }, (_, rest) => {
      const figures: number[] = [];
      for (let pods = rest * this.#units.restPods; pods < byPods.length; pods += unit) {
        figures.push(byPods[pods]!);
      }
      return Float64Array.from(figures);
    });
  }

  /** Reads the pieces in an island, or in a domain inside one, that bring most to the NICs. */
  #fillIsland(domain: number, level: number, count: number, rest: Rest, pieces: Piece[]): void {
    const below = level - 1;
    let left = level === this.#units.sliceLevel ? this.#units.podsOf(level, count, rest) : count;
    let restLeft: Rest = level === this.#units.sliceLevel ? 0 : rest;
    const parts = this.#nicPartsOf(domain, level);
    // Position → what the parts from there on can bring together.
    const after: NicSums[] = [noNics(this.#units.restOf(below))];
    for (let i = parts.length - 1; i >= 0; i--) {
      after.push(mostNics(after.at(-1)!, parts[i]!.nics, this.#units.most(below)));
    }
    after.reverse();
    for (let i = 0; i < parts.length && left + restLeft > 0; i++) {
      const { at, nics } = parts[i]!;
      const units = mostNicChoice(nics, after[i + 1]!, left, restLeft);
      if (units.count + units.rest === 0) continue;
      if (below === SERVER) {
        pieces.push({ server: at, pods: this.#units.podsOf(SERVER, units.count, units.rest) });
      } else this.#fillIsland(at, below, units.count, units.rest, pieces);
      left -= units.count;
      if (units.rest === 1) restLeft = 0;
    }
  }
}

/** The entries of sets without the smaller slice, and with it. */
const ONLY_FULL: readonly Rest[] = [0];
const BOTH: readonly Rest[] = [0, 1];

/** The entries that sets have. */
function restsOf(sets: CountSets): readonly Rest[] {
  return sets.length > 1 ? BOTH : ONLY_FULL;
}

/** The most units in any of the sets; -1 if all are empty. */
function mostIn(sets: CountSets): number {
  const most = largestCount(sets[0]!);
  return sets.length > 1 ? Math.max(most, largestCount(sets[1]!)) : most;
}

/** The part that takes all that is left and otherwise could take least; of equals the first; -1 if no part takes it all. */
function lastTaker(
  parts: readonly { readonly sets: CountSets; readonly most: number }[],
  from: number,
  count: number,
  rest: Rest,
): number {
  let taker = -1;
  // Parts are sorted by what they can take, the most first.
  for (let i = parts.length - 1; i >= from; i--) {
    const { sets, most } = parts[i]!;
    if (taker !== -1 && most !== parts[taker]!.most) break;
    if (hasCount(sets[rest]!, count)) taker = i;
  }
  return taker;
}

/** The most that a part can take so that the parts after it can take what is left; with the smaller slice if it can. */
function mostUnits(part: CountSets, after: CountSets, left: number, restLeft: Rest): Units {
  for (let count = left; count >= 0; count--) {
    for (let rest = restLeft; rest >= 0; rest--) {
      if (hasCount(part[rest]!, count) && hasCount(after[restLeft - rest]!, left - count))
        return { count, rest: rest as Rest };
    }
  }
  throw new Error('a plan was read from sets that hold none');
}
