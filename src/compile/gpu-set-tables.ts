import { optimalBandwidth } from '../bandwidth/optimal.js';
import { readRecord } from '../checks/fields.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import { fewestPlaces, gpuPlaces, placesTouched } from '../topology/gpu-places.js';
import { networkOf } from '../topology/network.js';
import type { ServerTopology } from '../topology/types.js';
import { figureRanks, speedRanks } from './figure-ranks.js';
import { leftoverValues, SOCKET_SHARE, worths } from './leftover-value.js';
import { nicBandwidths } from './nic-bandwidths.js';
import { sharedLoads } from './shared-load.js';

/** The figures of every set of GPUs of one server type, by bit mask (bit i = GPU ordinal i). For n GPUs there are 2^n masks. */
export interface GpuSetFigures {
  readonly gpuCount: number;
  /** Mask → number of GPUs. Length: 2^n. */
  readonly sizeOf: Uint8Array;
  /** Mask → bandwidth of the set, GB/s per GPU and direction; Infinity below two GPUs. Length: 2^n. */
  readonly bandwidthGBps: Float64Array;
  /** Mask → load on links that others could use, GB/s summed over links and directions. Length: 2^n. */
  readonly sharedLoadGBps: Float64Array;
  /** Mask → what the set sends out of the server, or receives, see `nicBandwidth`, GB/s per direction. Length: 2^n. */
  readonly nicGBps: Float64Array;
  /** Socket → mask of its GPUs; empty where all are on one socket, or the document does not say. */
  readonly sockets: readonly number[];
  /** Number of GPUs → the fewest sockets that hold so many. Length: n + 1, or 1 where `sockets` is empty. */
  readonly fewestSockets: Uint8Array;
  /**
   * Mask → 2^32 × rank by bandwidth, then shared load, + the cost of needless sockets in steps of the loss. This is the part of the
   * objective that depends on the set alone; the lowest is the best. Length: 2^n.
   */
  readonly order: Float64Array;
  /** Mask → rank by {@link ownNicGBps}, then ordinals, which decides among equal sets. No two sets share a rank. Length: 2^n. */
  readonly position: Uint16Array;
}

/**
 * {@link GpuSetFigures} and what follows from a mix of sizes of pods to come: the value of free GPUs, and the best
 * set of every size for every free mask. Filled once, then read: 5.5 MiB for n = 16, 16 KiB for n = 8.
 */
export interface GpuSetTables extends GpuSetFigures {
  /** Mask → value of these GPUs being free, 0 … 1. Length: 2^n. */
  readonly value: Float64Array;
  /** Mask → the loss of value if only these GPUs stay free, in steps of {@link LOSS_STEPS}: the other part of the objective. Length: 2^n. */
  readonly loss: Float64Array;
  /** Size × free mask → mask of the best set, 0 if fewer are free. Entry `size << n | free`; length (n + 1) 2^n. */
  readonly best: Uint16Array;
}

/**
 * Steps of a loss of 1, just below 2^30. A step is far larger than the rounding of a loss and far smaller than any real
 * difference. It is no binary or decimal fraction, since losses would lie on its borders.
 */
export const LOSS_STEPS: number = 1e9 * (Math.PI / 3);

/** Weight of each GPU count that pods to come ask for. */
type Sizes = Readonly<Record<number, number>>;

/** Weights of the sizes of pods to come, if a caller names none: the mix 1, 1, 1, 2, 2, 4, 8. */
const DEFAULT_SIZES: Sizes = { 1: 3, 2: 2, 4: 1, 8: 1 };

/** Most sizes that one mix may weigh. */
const SIZES_MAX = 1024;

/** Mixes of sizes that are remembered per server type beside the default one; the oldest is dropped first. */
const MIXES_MAX = 4;

interface Compiled {
  readonly figures: GpuSetFigures;
  /** Tables of the default mix, once asked for. */
  usual: GpuSetTables | undefined;
  /** Tables of the mixes that callers named, oldest first; at most {@link MIXES_MAX}. */
  readonly mixes: { readonly sizes: Sizes; readonly tables: GpuSetTables }[];
}

const cache = new WeakMap<ServerTopology, Compiled>();

/**
 * Compiles, or finds compiled, the tables of a server type.
 *
 * @param server - at most 16 GPUs, as every server document
 * @param sizes - weight of each GPU count that pods to come ask for; default 1: 3, 2: 2, 4: 1, 8: 1
 * @returns the tables; kept with the server: those of the default, and of four other mixes
 * @throws CorralError `invalid-option` for sizes that are no GPU counts or weights that are no numbers ≥ 0
 * @complexity O(3^n) additions and comparisons: milliseconds for 8 GPUs, a fraction of a second for 16
 */
export function gpuSetTables(server: ServerTopology, sizes?: Sizes): GpuSetTables {
  let compiled = cache.get(server);
  // Sizes are read at every call; only the tables are remembered.
  const mix = sizes === undefined ? undefined : readSizes(sizes, ['sizes']);
  if (compiled !== undefined) {
    const known =
      mix === undefined ? compiled.usual : compiled.mixes.find((m) => equal(m.sizes, mix))?.tables;
    if (known !== undefined) return known;
  }
  const weights = weightsOf(mix ?? DEFAULT_SIZES, server.gpus.length);
  if (compiled === undefined) {
    compiled = { figures: compileFigures(server), usual: undefined, mixes: [] };
    cache.set(server, compiled);
  }
  const tables = compileMix(compiled.figures, weights);
  if (mix === undefined) compiled.usual = tables;
  else {
    compiled.mixes.push({ sizes: mix, tables });
    if (compiled.mixes.length > MIXES_MAX) compiled.mixes.shift();
  }
  return tables;
}

/** The copies that {@link readSizes} made. One copy is used for many server types, and is not read again. */
const read = new WeakSet<Sizes>();

/**
 * Reads the weights of the sizes of pods to come, each once.
 *
 * @param given - what the caller handed in, anything
 * @param path - where the caller was given it
 * @returns a copy, frozen; of such a copy itself
 * @throws CorralError `invalid-option` with the path of a size that is no GPU count or has no weight of 0 or more
 */
export function readSizes(given: Sizes, path: ErrorPath): Sizes {
  if (typeof given === 'object' && given !== null && read.has(given)) return given;
  const weights = readRecord(given, path, 'invalid-option', SIZES_MAX);
  for (const [name, weight] of weights) {
    const size = Number(name);
    // '01' and '1e0' would be read as a second weight of 1.
    if (!Number.isInteger(size) || size < 1 || String(size) !== name) {
      throw new CorralError(
        'invalid-option',
        [...path, name],
        'expected a GPU count of 1 or more as the key',
      );
    }
    if (!Number.isFinite(weight) || weight < 0) {
      throw new CorralError(
        'invalid-option',
        [...path, name],
        `expected a weight of 0 or more, got ${quote(weight)}`,
      );
    }
  }
  const sizes = Object.freeze(Object.fromEntries(weights));
  read.add(sizes);
  return sizes;
}

/** Whether two mixes give every size the same weight. */
function equal(known: Sizes, sizes: Sizes): boolean {
  if (known === sizes) return true;
  for (const size in known) if (sizes[size] !== known[size]) return false;
  for (const size in sizes) if (!(size in known)) return false;
  return true;
}

/** Weight by size relative to the largest, sizes beyond the server left out. */
function weightsOf(sizes: Sizes, gpuCount: number): Float64Array {
  const weights = new Float64Array(gpuCount + 1);
  for (const [name, weight] of Object.entries(sizes)) {
    if (Number(name) <= gpuCount) weights[Number(name)] = weight;
  }
  // Only ratios count; a sum of the weights as given could overflow.
  const largest = Math.max(...weights);
  return largest === 0 ? weights : weights.map((weight) => weight / largest);
}

function compileFigures(server: ServerTopology): GpuSetFigures {
  const gpuCount = server.gpus.length;
  const masks = 2 ** gpuCount;
  const sizeOf = new Uint8Array(masks);
  for (let mask = 1; mask < masks; mask++) sizeOf[mask] = sizeOf[mask >> 1]! + (mask & 1);
  const network = networkOf(server);
  const bandwidthGBps = new Float64Array(masks);
  for (let mask = 0; mask < masks; mask++) bandwidthGBps[mask] = optimalBandwidth(network, mask);
  const sharedLoadGBps = sharedLoads(server, bandwidthGBps, sizeOf);
  const nicGBps = nicBandwidths(server);
  const known = gpuPlaces(server).socket ?? [];
  const sockets = known.length > 1 ? known : [];
  const fewestSockets = fewestPlaces(sockets);
  return {
    gpuCount,
    sizeOf,
    bandwidthGBps,
    sharedLoadGBps,
    nicGBps,
    sockets,
    fewestSockets,
    order: orders({ bandwidthGBps, sharedLoadGBps, sizeOf, sockets, fewestSockets }),
    position: positions(
      nicGBps.map((_, mask) => ownNicGBps({ nicGBps }, mask)),
      gpuCount,
    ),
  };
}

/**
 * The bandwidth of a set to the ports, GB/s: the mean of what it sends when no other GPU of the server sends, and of what it adds
 * when all others send. So ports that others use as well count half.
 */
export function ownNicGBps({ nicGBps }: Pick<GpuSetFigures, 'nicGBps'>, set: number): number {
  const all = nicGBps.length - 1;
  return (nicGBps[set]! + nicGBps[all]! - nicGBps[all ^ set]!) / 2;
}

/** The rank of each mask by a figure, high first, then by its list of ordinals. No two masks of one size share a rank. */
function positions(figures: Float64Array, gpuCount: number): Uint16Array {
  const masks = figures.length;
  const ranks = figureRanks(figures);
  const keys = new Float64Array(masks);
  for (let mask = 0; mask < masks; mask++) {
    keys[mask] = (masks - 1 - ranks[mask]!) * masks + (masks - 1 - reversed(mask, gpuCount));
  }
  const position = new Uint16Array(masks);
  keys.sort().forEach((key, place) => {
    position[reversed(masks - 1 - (key % masks), gpuCount)] = place;
  });
  return position;
}

/** Reverses the lowest `bits` bits. Of two lists of ordinals, the one that comes first has the larger reverse. */
function reversed(mask: number, bits: number): number {
  let result = 0;
  for (let i = 0; i < bits; i++) result |= ((mask >>> i) & 1) << (bits - 1 - i);
  return result;
}

function orders(
  figures: Pick<GpuSetFigures, 'bandwidthGBps' | 'sharedLoadGBps' | 'sizeOf' | 'sockets' | 'fewestSockets'>,
): Float64Array {
  // One rank of 16 bits for both figures. Two ranks would leave too few of the 53 bits of a double for losses.
  const [ranks] = speedRanks([figures]);
  return Float64Array.from(ranks!, (rank, mask) => rank * 2 ** 32 + stepsOf(socketLoss(figures, mask)));
}

/** The rank of a set by bandwidth, then shared load, among the sets of its server type; 0 = the best. */
export function speedRankOf(tables: GpuSetFigures, set: number): number {
  return Math.floor(tables.order[set]! / 2 ** 32);
}

/** The loss of a set on more sockets than its GPUs need, as a share of the value of the server. */
function socketLoss(
  { sockets, sizeOf, fewestSockets }: Pick<GpuSetFigures, 'sockets' | 'sizeOf' | 'fewestSockets'>,
  set: number,
): number {
  if (sockets.length === 0) return 0;
  return SOCKET_SHARE * (placesTouched(sockets, set) - fewestSockets[sizeOf[set]!]!);
}

function stepsOf(loss: number): number {
  return Math.round(loss * LOSS_STEPS);
}

function compileMix(figures: GpuSetFigures, weights: Float64Array): GpuSetTables {
  const { bandwidthGBps, sharedLoadGBps, sizeOf, gpuCount, sockets } = figures;
  const value = leftoverValues(worths(bandwidthGBps, sharedLoadGBps, sizeOf), sizeOf, weights, sockets);
  const ranks = figureRanks(value);
  const masks = value.length;
  // Values of one rank are equal but for rounding, so they get the same number of steps.
  const ofRank = new Float64Array(masks).fill(1);
  for (let mask = 0; mask < masks; mask++)
    ofRank[ranks[mask]!] = Math.min(ofRank[ranks[mask]!]!, value[mask]!);
  const loss = Float64Array.from(ranks, (rank) => stepsOf(1 - ofRank[rank]!));
  const best = new Uint16Array((gpuCount + 1) * masks);
  fillBestSets(best, figures, loss);
  return { ...figures, value, loss, best };
}

/** Fills `best`. Every subset of every free mask is compared once, 3^n in all. */
function fillBestSets(best: Uint16Array, figures: GpuSetFigures, loss: Float64Array): void {
  const { gpuCount, sizeOf, order, position } = figures;
  const lowest = new Float64Array(gpuCount + 1);
  for (let free = 1; free < sizeOf.length; free++) {
    lowest.fill(Number.POSITIVE_INFINITY);
    for (let set = free; set !== 0; set = (set - 1) & free) {
      // One sum holds the objective up to the rank that decides among equal sets.
      const key = order[set]! + loss[free ^ set]!;
      const size = sizeOf[set]!;
      if (key > lowest[size]!) continue;
      const entry = (size << gpuCount) | free;
      if (key === lowest[size]! && position[set]! > position[best[entry]!]!) continue;
      lowest[size] = key;
      best[entry] = set;
    }
  }
}

/**
 * Whether one set of free GPUs is better than another of the same size by the whole objective.
 *
 * @param other - 0 = none yet
 */
export function isBetterSet(tables: GpuSetTables, free: number, set: number, other: number): boolean {
  if (other === 0) return true;
  const { order, loss, position } = tables;
  const key = order[set]! + loss[free ^ set]!;
  const otherKey = order[other]! + loss[free ^ other]!;
  return key < otherKey || (key === otherKey && position[set]! < position[other]!);
}

/** The loss of taking a set of free GPUs: value, and needless sockets, as a share of the value of the server. */
export function lossOf(tables: GpuSetTables, free: number, set: number): number {
  return tables.value[free]! - tables.value[free ^ set]! + socketLoss(tables, set);
}

/** {@link lossOf} in GPUs. */
export function lossGpus(tables: GpuSetTables, free: number, set: number): number {
  return tables.gpuCount * lossOf(tables, free, set);
}

/** {@link lossOf} in steps, for comparisons: losses that differ by rounding only are equal. */
export function lossSteps(tables: GpuSetTables, free: number, set: number): number {
  return tables.loss[free ^ set]! + (tables.order[set]! % 2 ** 32);
}

/** The mask of the best set of `count` GPUs among the free ones; 0 if fewer are free. Allocates nothing. */
export function bestSet(tables: GpuSetTables, free: number, count: number): number {
  return tables.best[(count << tables.gpuCount) | free]!;
}

/**
 * The best set that contains the `required` GPUs. It tries every set: O(2^(free - required)). Allocates nothing.
 *
 * @param required - a subset of `free`
 * @returns its mask; 0 if there is none of `count` GPUs
 */
export function bestSetWith(tables: GpuSetTables, free: number, count: number, required: number): number {
  const optional = free ^ required;
  let best = 0;
  for (let sub = optional; ; sub = (sub - 1) & optional) {
    const set = sub | required;
    if (tables.sizeOf[set] === count && isBetterSet(tables, free, set, best)) best = set;
    if (sub === 0) return best;
  }
}
