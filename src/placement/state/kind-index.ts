import type { FreeClasses } from '../../compile/free-classes.js';
import { NO_RANK } from '../../compile/free-classes.js';
import { GPU_MILLI } from '../../units.js';
import {
  firstSlot,
  insertSlot,
  nextSlot,
  removeSlot,
  type SlotSetLayout,
  slotSetLayout,
} from './slot-set.js';

/**
 * Finds the servers of one kind by what is free on them. Members of all sets are local numbers: the servers of the kind in
 * tree order, 0 … servers - 1.
 *
 * Memory: per server of 8 GPUs at most 1/8 byte for each class and each number of free thousandths that occurs; 1.2 bytes on an
 * NVSwitch machine.
 */
export class KindIndex {
  readonly classes: FreeClasses;
  /** Free mask → class, as in {@link FreeClasses}; a copy, since the hot path reads it. */
  readonly classOf: Uint16Array;
  /** The mask of a wholly free server. */
  readonly full: number;
  readonly serverCount: number;
  readonly groupCount: number;
  /** Layout of the sets of servers in {@link KindIndex.pool}. */
  readonly layout: SlotSetLayout;
  /** The sets of servers: one block per class, and per number of free thousandths, that has ever had members. */
  pool: Int32Array;
  /** Class → base of its set in the pool, -1 where it has none yet. Length: classes. */
  readonly classBase: Int32Array;
  /** Layout of the sets of ranks in {@link KindIndex.ranks}. */
  readonly rankLayout: SlotSetLayout;
  /** Size → the ranks (see FreeClasses) whose class has servers. Length: (n + 1) × words of a set. */
  readonly ranks: Int32Array;
  /** Free thousandths → base of the set of servers with a shared GPU that has exactly so many; -1 for none yet. */
  freeMilliBase: Int32Array | undefined;
  /** The numbers of free thousandths for which a set has members. */
  readonly freeMillis: Int32Array;
  readonly freeMilliLayout: SlotSetLayout = FREE_MILLI_LAYOUT;
  /** Words of the pool in use. */
  #used = 0;
  /** Blocks without members, to be used again. */
  readonly #spare: number[] = [];

  constructor(classes: FreeClasses, serverCount: number, groupCount: number) {
    this.classes = classes;
    this.classOf = classes.classOf;
    this.full = 2 ** classes.gpuCount - 1;
    this.serverCount = serverCount;
    this.groupCount = groupCount;
    this.layout = slotSetLayout(serverCount);
    this.pool = new Int32Array(this.layout.words * Math.min(classes.classCount, 16));
    this.classBase = new Int32Array(classes.classCount).fill(-1);
    this.rankLayout = slotSetLayout(classes.classCount);
    this.ranks = new Int32Array((classes.gpuCount + 1) * this.rankLayout.words);
    this.freeMillis = new Int32Array(FREE_MILLI_LAYOUT.words);
  }

  /** Adds a server to the set of its class. */
  insert(local: number, freeClass: number): void {
    const base = this.classBase[freeClass]!;
    if (base === -1) {
      this.#open(local, freeClass);
      return;
    }
    const word = base + (local >>> 5);
    const before = this.pool[word]!;
    // The upper levels know that a word has members, so the common case ends here.
    if (before !== 0) this.pool[word] = before | (1 << (local & 31));
    else insertSlot(this.pool, base, this.layout, local);
  }

  /** Takes a server out of the set of its class. */
  remove(local: number, freeClass: number): void {
    const base = this.classBase[freeClass]!;
    const word = base + (local >>> 5);
    const after = this.pool[word]! & ~(1 << (local & 31));
    if (after !== 0) this.pool[word] = after;
    else if (removeSlot(this.pool, base, this.layout, local)) this.#close(freeClass, base);
  }

  /** Gives a class its first member. */
  #open(local: number, freeClass: number): void {
    const base = this.#block();
    this.classBase[freeClass] = base;
    insertSlot(this.pool, base, this.layout, local);
    this.#show(freeClass);
  }

  /** Forgets the set of a class without members. */
  #close(freeClass: number, base: number): void {
    this.#hide(freeClass);
    this.classBase[freeClass] = -1;
    this.#spare.push(base);
  }

  /** The first server of a class from a local number on; -1 if there is none. */
  nextOfClass(freeClass: number, from: number): number {
    const base = this.classBase[freeClass]!;
    if (base === -1) return -1;
    return from === 0
      ? firstSlot(this.pool, base, this.layout)
      : nextSlot(this.pool, base, this.layout, from);
  }

  /** The first rank for a size that has servers, from `rank` on; -1 if there is none. */
  nextRank(size: number, rank: number): number {
    const { rankLayout } = this;
    if (rankLayout.levels === 1) {
      // Up to 32 classes are one word: an NVSwitch machine, and most others.
      const word = this.ranks[size]! & (-1 << rank);
      return word === 0 || rank > 31 ? -1 : 31 - Math.clz32(word & -word);
    }
    return rank === 0
      ? firstSlot(this.ranks, size * rankLayout.words, rankLayout)
      : nextSlot(this.ranks, size * rankLayout.words, rankLayout, rank);
  }

  /** Adds a server to the set of those with a shared GPU that has so many thousandths free. */
  addFreeMilli(local: number, milli: number): void {
    this.freeMilliBase ??= new Int32Array(GPU_MILLI).fill(-1);
    let base = this.freeMilliBase[milli]!;
    if (base === -1) {
      base = this.#block();
      this.freeMilliBase[milli] = base;
    }
    if (insertSlot(this.pool, base, this.layout, local))
      insertSlot(this.freeMillis, 0, FREE_MILLI_LAYOUT, milli);
  }

  /** Takes a server out of the set of those with a shared GPU that has so many thousandths free. */
  removeFreeMilli(local: number, milli: number): void {
    const base = this.freeMilliBase![milli]!;
    if (removeSlot(this.pool, base, this.layout, local)) {
      removeSlot(this.freeMillis, 0, FREE_MILLI_LAYOUT, milli);
      this.freeMilliBase![milli] = -1;
      this.#spare.push(base);
    }
  }

  /** The least number of free thousandths, `milli` or more, that some server has on a shared GPU; -1 if there is none. */
  nextFreeMilli(milli: number): number {
    return nextSlot(this.freeMillis, 0, FREE_MILLI_LAYOUT, milli);
  }

  /** The first server, from a local number on, with a shared GPU that has exactly so many thousandths free; -1 if there is none. */
  nextOfFreeMilli(milli: number, from: number): number {
    return nextSlot(this.pool, this.freeMilliBase![milli]!, this.layout, from);
  }

  /** Forgets all servers. */
  clear(): void {
    this.pool.fill(0);
    this.ranks.fill(0);
    this.freeMillis.fill(0);
    this.classBase.fill(-1);
    this.freeMilliBase?.fill(-1);
    this.#used = 0;
    this.#spare.length = 0;
  }

  #show(freeClass: number): void {
    const { rankOf, classCount, gpuCount } = this.classes;
    for (let size = 1; size <= gpuCount; size++) {
      const rank = rankOf[size * classCount + freeClass]!;
      if (rank !== NO_RANK) insertSlot(this.ranks, size * this.rankLayout.words, this.rankLayout, rank);
    }
  }

  #hide(freeClass: number): void {
    const { rankOf, classCount, gpuCount } = this.classes;
    for (let size = 1; size <= gpuCount; size++) {
      const rank = rankOf[size * classCount + freeClass]!;
      if (rank !== NO_RANK) removeSlot(this.ranks, size * this.rankLayout.words, this.rankLayout, rank);
    }
  }

  /** A block of zeros for one set. */
  #block(): number {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    const base = this.#used;
    this.#used += this.layout.words;
    if (this.#used > this.pool.length) {
      const larger = new Int32Array(Math.max(this.#used, 2 * this.pool.length));
      larger.set(this.pool);
      this.pool = larger;
    }
    return base;
  }
}

const FREE_MILLI_LAYOUT: SlotSetLayout = slotSetLayout(GPU_MILLI);
