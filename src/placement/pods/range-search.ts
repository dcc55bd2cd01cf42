import { bestSet } from '../../compile/gpu-set-tables.js';
import { damageKey } from '../../figures.js';
import { GPU_MILLI } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import type { PodNeed } from '../state/pod-need.js';
import { gpuWithFreeMilli, tightestFreeMilli } from '../state/shared-gpus.js';
import { fits, popcount16 } from '../state/state.js';
import { PackedSearch } from './packed-search.js';
import type { PodChooser } from './pod-chooser.js';
import { PodSearch } from './pod-search.js';
import { sharesOn } from './share-placement.js';

/**
 * Chooses a server of a range for one pod of a gang: a share, or a pod whose GPUs do not communicate. The tightest shared
 * GPU comes first, then the wholly free GPUs that do least damage. O(servers of the range); a share or a pod of one GPU that
 * may go anywhere is found in the index.
 */
export class RangeSearch implements PodChooser {
  server = -1;
  gpuMask = 0;
  readonly #index: FreeIndex;
  readonly #search: PodSearch;
  readonly #packed: PackedSearch;

  constructor(index: FreeIndex) {
    this.#index = index;
    this.#search = new PodSearch(index);
    this.#packed = new PackedSearch(index);
  }

  choose(need: PodNeed, from: number, to: number): boolean {
    const { tables, state } = this.#index;
    if (need.gpuMilli === GPU_MILLI && (need.gpus > 1 || to - from < tables.serverCount)) {
      const found = this.#packed.choose(need, from, to);
      this.server = this.#packed.server;
      this.gpuMask = this.#packed.gpuMask;
      return found;
    }
    if (from === 0 && to === tables.serverCount) {
      const found = this.#search.find(need);
      this.server = this.#search.server;
      this.gpuMask = this.#search.gpuMask;
      return found;
    }
    this.server = -1;
    let tightest = GPU_MILLI;
    let least = Number.POSITIVE_INFINITY;
    let fullest = 0;
    for (let s = from; s < to; s++) {
      if (!fits(tables, state, need, s)) continue;
      const free = tightestFreeMilli(tables, state, s, need.gpuMilli);
      if (free > tightest || (free === tightest && free < GPU_MILLI)) continue;
      if (free < GPU_MILLI) tightest = free;
      else {
        const key = damageKey(sharesOn(this.#index, need, s, 1).damageGpus);
        // Of equal servers the fuller one, so that few are in use.
        if (key > least || (key === least && popcount16(state.freeMask[s]!) >= fullest)) continue;
        least = key;
        fullest = popcount16(state.freeMask[s]!);
      }
      this.server = s;
    }
    if (this.server === -1) return false;
    this.gpuMask = this.#gpuOn(need, this.server, tightest);
    return true;
  }

  /** The GPU of a share: the one with so many thousandths free, or the best of the wholly free ones. */
  #gpuOn(need: PodNeed, server: number, freeMilli: number): number {
    const { tables, state } = this.#index;
    if (freeMilli < GPU_MILLI) return 1 << gpuWithFreeMilli(tables, state, server, freeMilli);
    const { classes } = this.#index.kinds[this.#index.kindOf(server)]!;
    return bestSet(classes.tables, state.freeMask[server]!, need.gpus);
  }
}
