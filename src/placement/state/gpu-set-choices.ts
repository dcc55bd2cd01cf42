import { bestSet, type GpuSetTables, isBetterSet, lossSteps } from '../../compile/gpu-set-tables.js';
import { atLeast } from '../../figures.js';
import type { PlaceSets } from './place-sets.js';
import { popcount16 } from './state.js';

/** Fronts and choices remembered per server type; beyond this number they are computed again. */
const KEPT_MAX = 2 ** 16;

/**
 * The GPU sets that a server offers to a gang over several servers, by the bandwidth among the GPUs and by that to the compute
 * NICs. Every subset of a free mask is tried once; the results are remembered.
 */
export class SetChoices {
  readonly tables: GpuSetTables;
  readonly #among: PlaceSets | undefined;
  readonly #fronts = new Map<number, Float64Array>();
  readonly #leastLoss = new Map<number, number>();

  /**
   * @param among - the sets to choose from; absent = all
   */
  constructor(tables: GpuSetTables, among?: PlaceSets) {
    this.tables = tables;
    this.#among = among;
  }

  /**
   * The Pareto front of sets of `count` GPUs of a free mask: the pairs of bandwidth and NIC bandwidth that no other set exceeds in both.
   *
   * @returns pairs one after the other, bandwidth first, GB/s
   * @complexity O(2^free) once
   */
  front(free: number, count: number): Float64Array {
    const key = (count << 16) | free;
    const known = this.#fronts.get(key);
    if (known !== undefined) return known;
    const { sizeOf, bandwidthGBps, nicGBps } = this.tables;
    const pairs: [bandwidth: number, nic: number][] = [];
    for (let set = free; set !== 0; set = (set - 1) & free) {
      if (sizeOf[set] !== count || this.#among?.has(set) === false) continue;
      const bandwidth = bandwidthGBps[set]!;
      const nic = nicGBps[set]!;
      if (pairs.some((pair) => pair[0] >= bandwidth && pair[1] >= nic)) continue;
      for (let i = pairs.length - 1; i >= 0; i--) {
        if (pairs[i]![0] <= bandwidth && pairs[i]![1] <= nic) pairs.splice(i, 1);
      }
      pairs.push([bandwidth, nic]);
    }
    const front = Float64Array.from(pairs.flat());
    if (this.#fronts.size >= KEPT_MAX) this.#fronts.clear();
    this.#fronts.set(key, front);
    return front;
  }

  /** As the function {@link leastLoss}, among these sets; the result is remembered. */
  leastLoss(free: number, count: number): number {
    const key = (count << 16) | free;
    let set = this.#leastLoss.get(key);
    if (set === undefined) {
      set = leastLoss(this.tables, free, count, this.#among);
      if (this.#leastLoss.size >= KEPT_MAX) this.#leastLoss.clear();
      this.#leastLoss.set(key, set);
    }
    return set;
  }

  /** The highest NIC bandwidth of a set of `count` GPUs of a free mask, GB/s. */
  mostNic(free: number, count: number): number {
    const front = this.front(free, count);
    let most = 0;
    for (let i = 1; i < front.length; i += 2) most = Math.max(most, front[i]!);
    return most;
  }

  /** Whether some set of `count` GPUs of a free mask reaches both figures. */
  reaches(free: number, count: number, bandwidthGBps: number, nicGBps: number): boolean {
    const front = this.front(free, count);
    for (let i = 0; i < front.length; i += 2) {
      if (atLeast(front[i]!, bandwidthGBps) && atLeast(front[i + 1]!, nicGBps)) return true;
    }
    return false;
  }

  /**
   * The best set that reaches both figures: least load on links of others, then least loss, then the order of single
   * placements.
   */
  best(free: number, count: number, bandwidthGBps: number, nicGBps: number): number {
    if (popcount16(free) === count) return free;
    const { tables } = this;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let set = free; set !== 0; set = (set - 1) & free) {
      if (tables.sizeOf[set] !== count || this.#among?.has(set) === false) continue;
      if (!atLeast(tables.bandwidthGBps[set]!, bandwidthGBps)) continue;
      if (!atLeast(tables.nicGBps[set]!, nicGBps)) continue;
      const load = unitLoad(tables, set);
      if (load > least) continue;
      if (load === least) {
        const more = lossSteps(tables, free, set) - lossSteps(tables, free, best);
        if (more > 0 || (more === 0 && !isBetterSet(tables, free, set, best))) continue;
      }
      best = set;
      least = load;
    }
    if (best !== 0) return best;
    return this.#among === undefined ? bestSet(tables, free, count) : this.#among.best(free, count);
  }
}

const kept = new WeakMap<GpuSetTables | PlaceSets, SetChoices>();

/** The {@link SetChoices} of a server type, kept with its tables or with the sets to choose from. */
export function setChoices(tables: GpuSetTables, among?: PlaceSets): SetChoices {
  let choices = kept.get(among ?? tables);
  if (choices === undefined) {
    choices = new SetChoices(tables, among);
    kept.set(among ?? tables, choices);
  }
  return choices;
}

/** The set of `count` GPUs of a free mask that leaves most value; of equal sets the first in the order of the tables. */
export function leastLoss(tables: GpuSetTables, free: number, count: number, among?: PlaceSets): number {
  let best = 0;
  for (let set = free; set !== 0; set = (set - 1) & free) {
    if (tables.sizeOf[set] !== count || among?.has(set) === false) continue;
    const less = best === 0 ? -1 : lossSteps(tables, free, set) - lossSteps(tables, free, best);
    if (less < 0 || (less === 0 && isBetterSet(tables, free, set, best))) best = set;
  }
  return best;
}

/**
 * The load on links of others inside one server, where every GPU sends 1 GB/s to each other one. It counts pairs times links,
 * so it is an integer.
 */
export function unitLoad(tables: GpuSetTables, set: number): number {
  const count = tables.sizeOf[set]!;
  const bandwidth = tables.bandwidthGBps[set]!;
  return count < 2 || bandwidth === 0
    ? 0
    : Math.round((tables.sharedLoadGBps[set]! * (count - 1)) / bandwidth);
}
