import { bestSet } from '../../compile/gpu-set-tables.js';
import { damageKey } from '../../figures.js';
import { GPU_MILLI } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import type { PodNeed } from '../state/pod-need.js';
import { fits, popcount16 } from '../state/state.js';
import { PackedSearch } from './packed-search.js';
import type { PodChooser } from './pod-chooser.js';
import { PodSearch } from './pod-search.js';
import { sharesOn } from './share-placement.js';

/**
 * Chooses for a pod that is placed by itself, a share or one whose GPUs do not talk to each other, among a range of
 * servers: the tightest shared GPU, then the wholly free GPUs that do least damage. O(servers of the range); for GPUs one
 * by one the whole cluster is asked of the index.
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
      const room = this.#tightestRoom(need, s);
      if (room > tightest || (room === tightest && room < GPU_MILLI)) continue;
      if (room < GPU_MILLI) tightest = room;
      else {
        const key = damageKey(sharesOn(this.#index, need, s, 1).damageGpus);
        // Few servers in use: of equals the fuller one.
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

  /** The least room of a shared GPU that suffices; 1000 where only a wholly free one does. */
  #tightestRoom(need: PodNeed, server: number): number {
    const { tables, state } = this.#index;
    let tightest = GPU_MILLI;
    for (let g = tables.gpuStart[server]!; g < tables.gpuStart[server + 1]!; g++) {
      const room = state.sharedFreeMilli[g]!;
      if (room >= need.gpuMilli && room < tightest) tightest = room;
    }
    return tightest;
  }

  #gpuOn(need: PodNeed, server: number, room: number): number {
    const { tables, state } = this.#index;
    if (room === GPU_MILLI) {
      const classes = this.#index.kinds[this.#index.kindOf(server)]!.classes;
      return bestSet(classes.tables, state.freeMask[server]!, need.gpus);
    }
    const start = tables.gpuStart[server]!;
    let gpu = 0;
    while (state.sharedFreeMilli[start + gpu] !== room) gpu++;
    return 1 << gpu;
  }
}
