import { readRecord } from '../../checks/fields.js';
import { unexpected } from '../../checks/values.js';
import { CorralError } from '../../errors.js';
import { remembered } from '../../remembered.js';
import type { ServerTopology } from '../../topology/index.js';
import { maskOf, subsetsOfSize } from '../bandwidth/gpu-set.js';
import { referenceBandwidth } from '../bandwidth/reference-bandwidth.js';
import { socketsOf } from './gpu-places.js';
import { loadOfSet } from './set-figures.js';

/** Weights of future GPU counts, if the caller gives none. */
export const DEFAULT_SIZES: Readonly<Record<number, number>> = { 1: 3, 2: 2, 4: 1, 8: 1 };

/** Size → weight, for the sizes that fit on a server; the sum of weights is 1. */
export type SizeWeights = ReadonlyMap<number, number>;

/** Most GPUs of a server whose sets are enumerated: 3^12 pairs of sets take about a second. */
const GPUS_MAX = 12;
/** Largest weight: sums of weights keep their digits. */
const WEIGHT_MAX = 1e12;

/** Share of sockets in the value; also the loss of a set for each socket more than it needs. */
const SOCKETS = 1 / 1000;

/** Server → set size → set → largest total worth of disjoint sets of that size in it. */
const packings = new WeakMap<ServerTopology, Map<number, Map<number, number>>>();

/**
 * The value of free GPUs: the sum over future sizes k of weight × P(k, free) / P(k, whole server). P is the largest
 * total worth of disjoint sets of k GPUs (k = 1: their number). The worth of a set is its bandwidth / (1 + the number
 * of links of others that a byte of it crosses on average).
 *
 * If the server is known to have several sockets with GPUs, a thousandth of the value is this share: of all ordered
 * pairs of GPUs on one socket (a GPU with itself is such a pair), those that are free.
 *
 * @param free - GPU ordinals, checked, ascending
 * @returns 0 … 1
 * @throws CorralError `limit-exceeded` for more than {@link GPUS_MAX} GPUs, if sizes beyond 1 have a weight
 * @complexity O(3^GPUs) once, then look-ups
 */
export function leftoverValue(server: ServerTopology, free: readonly number[], weights: SizeWeights): number {
  let value = 0;
  for (const [size, weight] of weights) {
    const whole = packing(server, size, [...server.gpus.keys()]);
    if (whole > 0) value += (weight * packing(server, size, free)) / whole;
  }
  const sockets = socketsOf(server);
  if (weights.size === 0 || new Set(sockets).size < 2) return value;
  const all = [...server.gpus.keys()];
  const pairsOf = (gpus: readonly number[]): number =>
    gpus.reduce((sum, a) => sum + gpus.filter((b) => sockets![a] === sockets![b]).length, 0);
  return (1 - SOCKETS) * value + (SOCKETS * pairsOf(free)) / pairsOf(all);
}

/**
 * The loss of a set for each socket more than it needs, in the unit of {@link leftoverValue}; 0 if sockets are
 * unknown.
 */
export function straddleLoss(server: ServerTopology, gpus: readonly number[]): number {
  const sockets = socketsOf(server);
  if (sockets === undefined || gpus.length === 0) return 0;
  const touched = new Set(gpus.map((gpu) => sockets[gpu])).size;
  // Fill the largest sockets first.
  const sizes = [...new Set(sockets)].map((name) => sockets.filter((socket) => socket === name).length);
  let needed = 0;
  for (let left = gpus.length; left > 0; needed++) left -= sizes.sort((a, b) => b - a)[needed]!;
  return SOCKETS * (touched - needed);
}

/** Size → weight, as the caller gives them. */
export type Sizes = readonly (readonly [size: number, weight: number])[];

/**
 * Reads weights of sizes once.
 *
 * @param given - anything
 * @throws CorralError `invalid-option` for sizes that are no GPU counts or weights that are no numbers ≥ 0
 */
export function readSizes(given: Readonly<Record<number, number>>): Sizes {
  return readRecord<number>(given, ['sizes']).map(([name, weight]) => {
    const size = Number(name);
    if (!Number.isInteger(size) || size < 1) {
      throw new CorralError(
        'invalid-option',
        ['sizes', name],
        'expected a GPU count of 1 or more as the key',
      );
    }
    if (!(typeof weight === 'number' && weight >= 0 && weight <= WEIGHT_MAX)) {
      throw unexpected(`a weight from 0 to ${WEIGHT_MAX}`, weight, ['sizes', name]);
    }
    return [size, weight];
  });
}

/** The weights of the sizes that fit on a server, scaled to a sum of 1. */
export function sizeWeights(sizes: Sizes, gpuCount: number): SizeWeights {
  const weights = new Map(sizes.filter(([size, weight]) => size <= gpuCount && weight > 0));
  const total = [...weights.values()].reduce((sum, weight) => sum + weight, 0);
  return new Map([...weights].map(([size, weight]) => [size, weight / total]));
}

/**
 * Refuses a server with too many sets of GPUs to be enumerated.
 *
 * @throws CorralError `limit-exceeded`
 */
export function holdGpuCount(server: ServerTopology): void {
  if (server.gpus.length <= GPUS_MAX) return;
  throw new CorralError(
    'limit-exceeded',
    ['server'],
    `${server.gpus.length} GPUs, at most ${GPUS_MAX} for an enumeration of all sets: take a smaller server`,
  );
}

/** The worth of a set: bandwidth / (1 + number of links of others that a byte of the set crosses on average). */
function worth(server: ServerTopology, gpus: readonly number[]): number {
  const bandwidthGBps = referenceBandwidth(server, gpus);
  if (bandwidthGBps === 0) return 0;
  return bandwidthGBps / (1 + loadOfSet(server, gpus) / (gpus.length * bandwidthGBps));
}

/** The largest total worth of disjoint sets of `size` of these GPUs (ascending); their number for size 1. */
function packing(server: ServerTopology, size: number, gpus: readonly number[]): number {
  if (size === 1) return gpus.length;
  if (gpus.length < size) return 0;
  holdGpuCount(server);
  const bySize = remembered(packings, server, () => new Map());
  const ofSize: Map<number, number> = remembered(bySize, size, () => new Map());
  return remembered(ofSize, maskOf(gpus), () => {
    // Either the first GPU is in no set, or it is in a set with some of the others.
    const [first, ...others] = gpus;
    let most = packing(server, size, others);
    for (const rest of subsetsOfSize(others, size - 1)) {
      const left = others.filter((ordinal) => !rest.includes(ordinal));
      const total = worth(server, [first!, ...rest]) + packing(server, size, left);
      most = Math.max(most, total);
    }
    return most;
  });
}
