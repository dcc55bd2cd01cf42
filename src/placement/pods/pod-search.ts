import type { FreeClasses } from '../../compile/free-classes.js';
import { bestSet, lossGpus } from '../../compile/gpu-set-tables.js';
import { damageKey } from '../../figures.js';
import { GPU_MILLI } from '../../units.js';
import type { FreeIndex } from '../state/free-index.js';
import type { KindIndex } from '../state/kind-index.js';
import type { PodNeed } from '../state/pod-need.js';
import { gpuWithFreeMilli } from '../state/shared-gpus.js';
import { fits, popcount16 } from '../state/state.js';
import { CpuPods } from './cpu-pods.js';

/**
 * Finds the best server and GPUs for one pod, by bandwidth, load on links of others, damage, the fuller server and tree
 * order. The result is exact. It is read from the sets of the index; for a pod that also asks for CPU, memory or labels
 * the servers of a set are tried one by one.
 */
export class PodSearch {
  /** The result of the last search that found a server. */
  server = -1;
  gpuMask = 0;
  /** GB/s per GPU and direction; Infinity below two GPUs. */
  bandwidthGBps = 0;
  /** Load on links of others, GB/s. */
  sharedLoadGBps = 0;
  /** Damage, GPU-equivalents. */
  damageGpus = 0;
  /** Results are compared by these: the rank of bandwidth and load, and the key of the damage. */
  #speedRank = 0;
  #damageKey = 0;
  readonly #index: FreeIndex;
  readonly #cpu: CpuPods;

  constructor(index: FreeIndex) {
    this.#index = index;
    this.#cpu = new CpuPods(index);
  }

  /** Finds the best; returns whether there is any. */
  find(need: PodNeed): boolean {
    this.server = -1;
    if (need.gpus === 0) return this.#findCpu(need);
    if (need.gpuMilli < GPU_MILLI && this.#findShared(need)) return true;
    if (need.places !== undefined) {
      if (!this.#findWhole({ ...need, places: undefined })) return false;
      const sets = this.#index.placeSetsOf(need, this.#index.kindOf(this.server))!;
      if (sets.has(this.gpuMask)) return true;
      this.server = -1;
      return this.#findOnPlaces(need);
    }
    return this.#findWhole(need);
  }

  /** Places a pod without GPUs. Its damage is the GPUs that it strands. */
  #findCpu(need: PodNeed): boolean {
    const server = this.#cpu.find(need);
    if (server === -1) return false;
    this.server = server;
    this.#show(0, Number.POSITIVE_INFINITY, 0, this.#cpu.strandedGpus(need, server, 1));
    return true;
  }

  /** Finds the shared GPU with the fewest free thousandths that suffice; of equals that of the first server. */
  #findShared(need: PodNeed): boolean {
    const index = this.#index;
    let tightest = GPU_MILLI;
    for (let kind = 0; kind < index.kinds.length; kind++) {
      const of = index.kinds[kind];
      if (of === undefined || !index.allows(need, kind)) continue;
      for (
        let milli = of.nextFreeMilli(need.gpuMilli);
        milli !== -1 && milli <= tightest;
        milli = of.nextFreeMilli(milli + 1)
      ) {
        const server = this.#firstOfFreeMilli(need, kind, of, milli);
        if (server === -1) continue;
        if (milli < tightest || this.server === -1 || server < this.server) {
          tightest = milli;
          this.server = server;
        }
        break;
      }
    }
    if (this.server === -1) return false;
    const gpu = gpuWithFreeMilli(index.tables, index.state, this.server, tightest);
    this.#show(1 << gpu, Number.POSITIVE_INFINITY, 0, 0);
    return true;
  }

  #firstOfFreeMilli(need: PodNeed, kind: number, of: KindIndex, milli: number): number {
    const { tables, state } = this.#index;
    for (
      let local = of.nextOfFreeMilli(milli, 0);
      local !== -1;
      local = of.nextOfFreeMilli(milli, local + 1)
    ) {
      const server = this.#index.serverAt(kind, local);
      if (fits(tables, state, need, server)) return server;
    }
    return -1;
  }

  #findWhole(need: PodNeed): boolean {
    const index = this.#index;
    const picky = need.cpuMilli > 0 || need.memoryMiB > 0 || !need.byKind;
    for (let kind = 0; kind < index.kinds.length; kind++) {
      const of = index.kinds[kind];
      if (of === undefined || need.gpus > of.classes.gpuCount || !index.allows(need, kind)) continue;
      const rank = picky ? this.#partlyFreePicky(need, kind, of) : this.#partlyFree(need, kind, of);
      if (rank === -1 || of.classes.beatsFull[need.gpus * of.classes.classCount + rank] === 0) {
        this.#whollyFree(need, kind, of, picky);
      }
    }
    if (this.server === -1) return false;
    // The set is looked up once, for the winner of all kinds.
    const { tables } = index.kinds[index.kindOf(this.server)]!.classes;
    this.gpuMask = bestSet(tables, index.state.freeMask[this.server]!, need.gpus);
    return true;
  }

  /**
   * Finds the best server and set where every pod must be on one place. Classes know no places, so servers are tried one
   * by one; of equal servers only the first. O(servers).
   */
  #findOnPlaces(need: PodNeed): boolean {
    const index = this.#index;
    const { tables, state } = index;
    const seen = new Set<number>();
    for (let s = 0; s < tables.serverCount; s++) {
      const kind = index.kindOf(s);
      const of = index.kinds[kind];
      if (of === undefined) continue;
      const free = state.freeMask[s]!;
      // The damage on a wholly free server depends on its domains. There are fewer than 2^20 groups, and kinds.
      const group = free === of.full ? tables.fabric.groupOf[s]! : -1;
      const key = group === -1 ? kind * 2 ** 20 + free : 2 ** 40 + group;
      if (seen.has(key) || !fits(tables, state, need, s)) continue;
      seen.add(key);
      const sets = of.classes.tables;
      const set = index.placeSetsOf(need, kind)!.best(free, need.gpus);
      const damage = lossGpus(sets, free, set) + (group === -1 ? 0 : index.whole.damageOf(group, 1));
      if (this.#isBest(index.speedRankOf(kind, set), damageKey(damage), s)) {
        this.#show(set, sets.bandwidthGBps[set]!, sets.sharedLoadGBps[set]!, damage);
      }
    }
    return this.server !== -1;
  }

  /** Offers the best partly free server of a kind; returns its rank, -1 if there is none. */
  #partlyFree(need: PodNeed, kind: number, of: KindIndex): number {
    const { classes } = of;
    const size = need.gpus;
    const rank = of.nextRank(size, 0);
    if (rank === -1) return -1;
    const row = size * classes.classCount;
    let local = of.nextOfClass(classes.classAt[row + rank]!, 0);
    const end = classes.tieEnd[row + rank]!;
    if (end > rank + 1) {
      for (
        let tied = of.nextRank(size, rank + 1);
        tied !== -1 && tied < end;
        tied = of.nextRank(size, tied + 1)
      ) {
        const other = of.nextOfClass(classes.classAt[row + tied]!, 0);
        if (other < local) local = other;
      }
    }
    this.#offerClass(kind, classes, row + classes.classAt[row + rank]!, this.#index.serverAt(kind, local), 0);
    return rank;
  }

  /** As {@link PodSearch.#partlyFree}, where a server must also have CPU, memory, or labels. */
  #partlyFreePicky(need: PodNeed, kind: number, of: KindIndex): number {
    const { classes } = of;
    const size = need.gpus;
    const row = size * classes.classCount;
    let rank = of.nextRank(size, 0);
    while (rank !== -1) {
      const end = classes.tieEnd[row + rank]!;
      let best = -1;
      for (let tied = rank; tied !== -1 && tied < end; tied = of.nextRank(size, tied + 1)) {
        const local = this.#firstOfClass(need, kind, of, classes.classAt[row + tied]!, 0, of.serverCount);
        if (local !== -1 && (best === -1 || local < best)) best = local;
      }
      if (best !== -1) {
        this.#offerClass(
          kind,
          classes,
          row + classes.classAt[row + rank]!,
          this.#index.serverAt(kind, best),
          0,
        );
        return rank;
      }
      rank = of.nextRank(size, end);
    }
    return -1;
  }

  /** Offers the wholly free server of a kind that does least damage to its domains. */
  #whollyFree(need: PodNeed, kind: number, of: KindIndex, picky: boolean): void {
    const index = this.#index;
    const { classes } = of;
    const root = index.rootOf(kind);
    const group = index.whole.bestGroup(root);
    if (group === -1) return;
    let damage = index.whole.leastDamage(root);
    const { cellStart, cellEnd } = index.tables.fabric;
    let local = picky
      ? this.#firstOfClass(need, kind, of, classes.fullClass, cellStart[group]!, cellEnd[group]!)
      : of.nextOfClass(classes.fullClass, cellStart[group]!);
    if (local === -1) {
      // No server of the best group fits: try all groups.
      let least = Number.POSITIVE_INFINITY;
      const first = index.firstGroup[kind]!;
      for (let g = first; g < first + of.groupCount; g++) {
        if (index.whole.countOf(g) === 0) continue;
        const here = index.whole.damageOf(g, 1);
        const key = damageKey(here);
        if (key >= least) continue;
        const found = this.#firstOfClass(need, kind, of, classes.fullClass, cellStart[g]!, cellEnd[g]!);
        if (found === -1) continue;
        least = key;
        damage = here;
        local = found;
      }
      if (local === -1) return;
    }
    const entry = need.gpus * classes.classCount + classes.fullClass;
    this.#offerClass(kind, classes, entry, index.serverAt(kind, local), damage);
  }

  /** The first server of a class that fits, among local numbers from … to; -1 if there is none. */
  #firstOfClass(
    need: PodNeed,
    kind: number,
    of: KindIndex,
    freeClass: number,
    from: number,
    to: number,
  ): number {
    const { tables, state } = this.#index;
    for (
      let local = of.nextOfClass(freeClass, from);
      local !== -1 && local < to;
      local = of.nextOfClass(freeClass, local + 1)
    ) {
      if (fits(tables, state, need, this.#index.serverAt(kind, local))) return local;
    }
    return -1;
  }

  /** Takes a candidate if it is better than the best so far. */
  #offerClass(kind: number, classes: FreeClasses, entry: number, server: number, damage: number): void {
    const loss = classes.lossGpus[entry]! + damage;
    if (this.#isBest(this.#index.speedRankOf(kind, classes.setAt[entry]!), damageKey(loss), server)) {
      this.#show(0, classes.bandwidthGBps[entry]!, classes.sharedLoadGBps[entry]!, loss);
    }
  }

  /** Whether a server is better than the best so far, and then takes it. */
  #isBest(speedRank: number, key: number, server: number): boolean {
    if (this.server !== -1 && !this.#isBetter(speedRank, key, server)) return false;
    this.server = server;
    this.#speedRank = speedRank;
    this.#damageKey = key;
    return true;
  }

  #isBetter(speedRank: number, key: number, server: number): boolean {
    if (speedRank !== this.#speedRank) return speedRank < this.#speedRank;
    if (key !== this.#damageKey) return key < this.#damageKey;
    // The fuller server comes first, so that few are in use.
    const { freeMask } = this.#index.state;
    const fuller = popcount16(freeMask[this.server]!) - popcount16(freeMask[server]!);
    return fuller !== 0 ? fuller > 0 : server < this.server;
  }

  #show(gpuMask: number, bandwidth: number, load: number, damage: number): void {
    this.gpuMask = gpuMask;
    this.bandwidthGBps = bandwidth;
    this.sharedLoadGBps = load;
    this.damageGpus = damage;
  }
}
