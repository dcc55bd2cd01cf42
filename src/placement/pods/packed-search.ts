import { lossGpus } from '../../compile/gpu-set-tables.js';
import { damageKey } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { setChoices } from '../state/gpu-set-choices.js';
import type { PodNeed } from '../state/pod-need.js';
import { fits, popcount16 } from '../state/state.js';
import type { PodChooser } from './pod-chooser.js';

/**
 * Chooses a server for a pod of whole GPUs that do not communicate: least damage, then the fuller server, then tree order.
 * The result is exact. Servers are tried one by one; of equal servers only the first. O(servers) per pod.
 */
export class PackedSearch implements PodChooser {
  server = -1;
  gpuMask = 0;
  readonly #index: FreeIndex;
  /** The number of the current search. */
  #search = 0;
  /** Kind → free mask → the last search that met such a server; a list is made when its kind is first met. */
  readonly #maskMet: (Float64Array | undefined)[];
  /** Narrowest cell → the last search that met a wholly free server of it. Length: cells. */
  readonly #cellMet: Float64Array;

  constructor(index: FreeIndex) {
    this.#index = index;
    this.#maskMet = index.kinds.map(() => undefined);
    this.#cellMet = new Float64Array(index.tables.fabric.cellCount);
  }

  choose(need: PodNeed, from: number, to: number): boolean {
    const index = this.#index;
    const { tables, state } = index;
    this.server = -1;
    this.#search++;
    let least = Number.POSITIVE_INFINITY;
    let fullest = 0;
    for (let s = from; s < to; s++) {
      if (this.#isMet(s) || !fits(tables, state, need, s)) continue;
      this.#meet(s);
      const kind = index.kindOf(s);
      const of = index.kinds[kind]!;
      const free = state.freeMask[s]!;
      const sets = of.classes.tables;
      const set = setChoices(sets, index.placeSetsOf(need, kind)).leastLoss(free, need.gpus);
      const inTiers = free === of.full ? index.whole.damageOf(tables.fabric.groupOf[s]!, 1) : 0;
      const key = damageKey(lossGpus(sets, free, set) + inTiers);
      if (key > least || (key === least && popcount16(free) >= fullest)) continue;
      least = key;
      fullest = popcount16(free);
      this.server = s;
      this.gpuMask = set;
    }
    return this.server !== -1;
  }

  /** Whether this search has tried an equal server: of one kind and free mask; a wholly free one also of the same domains. */
  #isMet(server: number): boolean {
    const index = this.#index;
    const kind = index.kindOf(server);
    const free = index.state.freeMask[server]!;
    if (free === index.kinds[kind]?.full) {
      return this.#cellMet[index.tables.fabric.groupOf[server]!] === this.#search;
    }
    return this.#maskMet[kind]?.[free] === this.#search;
  }

  #meet(server: number): void {
    const index = this.#index;
    const kind = index.kindOf(server);
    const free = index.state.freeMask[server]!;
    const { full } = index.kinds[kind]!;
    if (free === full) this.#cellMet[index.tables.fabric.groupOf[server]!] = this.#search;
    else {
      this.#maskMet[kind] ??= new Float64Array(full + 1);
      this.#maskMet[kind][free] = this.#search;
    }
  }
}
