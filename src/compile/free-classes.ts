import type { ServerTopology } from '../topology/types.js';
import { figureRanks } from './figure-ranks.js';
import {
  bestSet,
  type GpuSetTables,
  gpuSetTables,
  LOSS_STEPS,
  lossGpus,
  lossOf,
  speedRankOf,
} from './gpu-set-tables.js';

/**
 * The free masks of one kind, sorted by what they offer to a pod of k GPUs: bandwidth, load on links of others and loss of value
 * of their best set; of equal masks the one with fewer free GPUs is better. Masks that are equal for every k form one *class*:
 * between servers of one class only tree order decides. An NVSwitch machine of 8 GPUs on two sockets has 15 classes for its 256
 * masks.
 */
export interface FreeClasses {
  readonly tables: GpuSetTables;
  readonly gpuCount: number;
  readonly classCount: number;
  /** Free mask → class. Length: 2^n. */
  readonly classOf: Uint16Array;
  /** The class of the wholly free server. */
  readonly fullClass: number;
  /**
   * Size × class → its rank in the order of preference of pods of that size, 0 = best; 0xffff where fewer GPUs are free and for
   * the wholly free class, which competes apart: its damage depends on its domain. Entry `size × classes + class`.
   */
  readonly rankOf: Uint16Array;
  /** Size × rank → class; the reverse of `rankOf`. Entry `size × classes + rank`. */
  readonly classAt: Uint16Array;
  /** Size × rank → the end of the ranks that tie with it (classes that answer alike). Entry as `classAt`. */
  readonly tieEnd: Uint16Array;
  /** Size × class → the best set of one of its masks, and figures of it. Entry `size × classes + class`. */
  readonly setAt: Uint16Array;
  readonly bandwidthGBps: Float64Array;
  readonly sharedLoadGBps: Float64Array;
  /** Loss of leftover value × GPUs of the server. */
  readonly lossGpus: Float64Array;
  /**
   * Size × rank → 1 where the class of that rank beats a wholly free server, whatever the domain of that server loses. Entry as `classAt`.
   */
  readonly beatsFull: Uint8Array;
}

/** The rank of a class that is not ranked. */
export const NO_RANK = 0xffff;

/** Remembered with the tables that they are made of, so per server type and mix of sizes. */
const cache = new WeakMap<GpuSetTables, FreeClasses>();

/**
 * Sorts the free masks of a server type, or finds them sorted.
 *
 * @param server - a server type of n GPUs, 1 or more
 * @param sizes - weight of each GPU count that pods to come ask for, see {@link gpuSetTables}
 * @returns the classes; kept as {@link gpuSetTables} are
 * @complexity O(2^n × n log) once, beside the tables themselves: a few hundred milliseconds for 16 GPUs
 */
export function freeClasses(server: ServerTopology, sizes?: Readonly<Record<number, number>>): FreeClasses {
  const tables = gpuSetTables(server, sizes);
  let classes = cache.get(tables);
  if (classes === undefined) {
    classes = sortedClasses(tables);
    cache.set(tables, classes);
  }
  return classes;
}

function sortedClasses(tables: GpuSetTables): FreeClasses {
  const { gpuCount, sizeOf } = tables;
  const masks = 2 ** gpuCount;
  const full = masks - 1;
  // Masks are separated by their answer to one size after the other; masks that are never separated form a class.
  const ranks: Int32Array[] = [];
  const parts = Int32Array.from(sizeOf);
  // The wholly free server is a class of its own, even if another mask offers the same.
  parts[full] = gpuCount + 1;
  for (let size = 1; size <= gpuCount; size++) {
    const rank = answerRanks(tables, size, masks);
    ranks.push(rank);
    const found = new Map<number, number>();
    for (let mask = 0; mask < masks; mask++) {
      const key = parts[mask]! * 2 ** 17 + rank[mask]! + 1;
      let part = found.get(key);
      if (part === undefined) {
        part = found.size;
        found.set(key, part);
      }
      parts[mask] = part;
    }
  }
  const classOf = Uint16Array.from(parts);
  const lowest: number[] = [];
  for (let mask = 0; mask < masks; mask++) if (classOf[mask] === lowest.length) lowest.push(mask);
  const classCount = lowest.length;
  const entries = (gpuCount + 1) * classCount;
  const classes: FreeClasses = {
    tables,
    gpuCount,
    classCount,
    classOf,
    fullClass: classOf[full]!,
    rankOf: new Uint16Array(entries).fill(NO_RANK),
    classAt: new Uint16Array(entries),
    tieEnd: new Uint16Array(entries),
    setAt: new Uint16Array(entries),
    bandwidthGBps: new Float64Array(entries),
    sharedLoadGBps: new Float64Array(entries),
    lossGpus: new Float64Array(entries),
    beatsFull: new Uint8Array(entries),
  };
  for (let size = 1; size <= gpuCount; size++) orderOf(classes, size, lowest, ranks[size - 1]!);
  return classes;
}

/**
 * Mask → rank of its offer to pods of `size`, best first; -1 where fewer GPUs are free.
 *
 * One number holds the whole offer: the rank of the best set by bandwidth and load (the upper half of its `order`), the loss, and
 * the free GPUs. Losses are differences of sums, so they are compared in steps.
 */
function answerRanks(tables: GpuSetTables, size: number, masks: number): Int32Array {
  const { sizeOf } = tables;
  const keys = new Float64Array(masks);
  for (let mask = 1; mask < masks; mask++) {
    if (sizeOf[mask]! < size) continue;
    const set = bestSet(tables, mask, size);
    const loss = Math.max(0, Math.round(lossOf(tables, mask, set) * LOSS_STEPS));
    keys[mask] = (speedRankOf(tables, set) * 2 ** 30 + loss) * 32 + sizeOf[mask]!;
  }
  // Masks with fewer free GPUs have key 0 and so rank 0. There is at least one, the empty mask.
  return figureRanks(keys, 0).map((rank) => rank - 1);
}

/** Fills the order of one size. */
function orderOf(
  classes: FreeClasses,
  size: number,
  lowest: readonly number[],
  answerRank: Int32Array,
): void {
  const { tables, classCount, fullClass } = classes;
  const row = size * classCount;
  for (let c = 0; c < classCount; c++) {
    const mask = lowest[c]!;
    if (tables.sizeOf[mask]! < size) continue;
    const set = bestSet(tables, mask, size);
    classes.setAt[row + c] = set;
    classes.bandwidthGBps[row + c] = tables.bandwidthGBps[set]!;
    classes.sharedLoadGBps[row + c] = tables.sharedLoadGBps[set]!;
    classes.lossGpus[row + c] = lossGpus(tables, mask, set);
  }
  const order: number[] = [];
  for (let c = 0; c < classCount; c++) {
    if (c !== fullClass && answerRank[lowest[c]!] !== -1) order.push(c);
  }
  order.sort((a, b) => answerRank[lowest[a]!]! - answerRank[lowest[b]!]! || a - b);
  const fullRank = answerRank[lowest[fullClass]!]!;
  let end = order.length;
  for (let rank = order.length - 1; rank >= 0; rank--) {
    const c = order[rank]!;
    if (rank + 1 < order.length && answerRank[lowest[order[rank + 1]!]!] !== answerRank[lowest[c]!])
      end = rank + 1;
    classes.rankOf[row + c] = rank;
    classes.classAt[row + rank] = c;
    classes.tieEnd[row + rank] = end;
    classes.beatsFull[row + rank] = answerRank[lowest[c]!]! < fullRank ? 1 : 0;
  }
}
