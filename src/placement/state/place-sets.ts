import { bestSet, type GpuSetTables, isBetterSet } from '../../compile/gpu-set-tables.js';

/** Best sets remembered per server type, size of pods and places; beyond this number they are computed again. */
const KEPT_MAX = 2 ** 16;

/**
 * The sets of GPUs that hold pods of which each is on one place: on every place they have a multiple of a pod's GPUs. Every
 * subset is tried once; the best sets are remembered.
 */
export class PlaceSets {
  readonly #tables: GpuSetTables;
  readonly #places: readonly number[];
  readonly #podGpus: number;
  readonly #best = new Map<number, number>();

  /**
   * @param places - masks of GPUs that are on one place, disjoint
   * @param podGpus - GPUs of one pod, 1 or more
   */
  constructor(tables: GpuSetTables, places: readonly number[], podGpus: number) {
    this.#tables = tables;
    this.#places = places;
    this.#podGpus = podGpus;
  }

  /** Whether a set is made of whole pods. */
  has(set: number): boolean {
    const { sizeOf } = this.#tables;
    let held = 0;
    for (let i = 0; i < this.#places.length; i++) {
      const gpus = sizeOf[this.#places[i]! & set]!;
      if (gpus % this.#podGpus !== 0) return false;
      held += gpus;
    }
    return held === sizeOf[set];
  }

  /**
   * The best of these sets of `count` GPUs among the free ones, by the objective of `bestSet`.
   *
   * @returns its mask; 0 if there is none
   * @complexity O(2^free × places) once
   */
  best(free: number, count: number): number {
    const key = (count << 16) | free;
    const known = this.#best.get(key);
    if (known !== undefined) return known;
    const tables = this.#tables;
    // The best of all sets often qualifies; then no search is needed.
    let best = bestSet(tables, free, count);
    if (best !== 0 && !this.has(best)) {
      best = 0;
      for (let set = free; set !== 0; set = (set - 1) & free) {
        if (tables.sizeOf[set] !== count || !this.has(set)) continue;
        if (isBetterSet(tables, free, set, best)) best = set;
      }
    }
    if (this.#best.size >= KEPT_MAX) this.#best.clear();
    this.#best.set(key, best);
    return best;
  }
}

const cache = new WeakMap<GpuSetTables, Map<string, PlaceSets>>();

/** The {@link PlaceSets} of a server type, kept with its tables. */
export function placeSets(tables: GpuSetTables, places: readonly number[], podGpus: number): PlaceSets {
  let known = cache.get(tables);
  if (known === undefined) {
    known = new Map();
    cache.set(tables, known);
  }
  const key = `${podGpus} ${places.join()}`;
  let sets = known.get(key);
  if (sets === undefined) {
    sets = new PlaceSets(tables, places, podGpus);
    known.set(key, sets);
  }
  return sets;
}
