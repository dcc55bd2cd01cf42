import { nicBandwidthOfMask } from '../bandwidth/nic-bandwidth.js';
import { optimalBandwidth } from '../bandwidth/optimal.js';
import { type PairRoutes, pairRoutesOf } from '../bandwidth/pair-routes.js';
import { CorralError, quote } from '../errors.js';
import { networkOf } from '../topology/network.js';
import type { ServerTopology } from '../topology/server-topology.js';

/**
 * What is known of every set of GPUs of one server type, by bit mask (bit i = GPU ordinal i), and the best set
 * of every size for every mask of free GPUs. n GPUs give 2^n masks; all arrays are filled once, then read.
 *
 * 34 bytes per mask for n = 16: 4.6 MB with the best sets; 8 GPUs take 13 KB.
 */
export interface GpuSetTables {
  readonly gpuCount: number;
  /** Mask → bandwidth of the set, GB/s per GPU and direction; Infinity below two GPUs. Length: 2^n. */
  readonly bandwidthGBps: Float64Array;
  /** Mask → load on links that others could use, GB/s summed over links. Length: 2^n. */
  readonly sharedLoadGBps: Float64Array;
  /** Mask → value of these GPUs being free, 0 … 1, in steps of 10^-9. Length: 2^n. */
  readonly value: Float64Array;
  /** Mask → bandwidth to all compute NICs together, GB/s, in steps of 10^-6. Length: 2^n. */
  readonly nicGBps: Float64Array;
  /** Mask → rank by bandwidth (high first), then shared load (low first); equal sets share it. Length: 2^n. */
  readonly rank: Int32Array;
  /** Size × free mask → mask of the best set, 0 if fewer are free. Entry `size << n | free`; length (n + 1) 2^n. */
  readonly best: Uint16Array;
}

/**
 * Figures that differ by less are equal: a millionth of a GB/s is far above the rounding of a sum of doubles
 * and far below any figure of a document.
 */
const GBPS_STEPS = 1e6;
/** The same for values, which are sums of a few fractions of 1. */
const VALUE_STEPS = 1e9;

/** Weights of the sizes of pods to come, if a caller names none: the mix 1, 1, 1, 2, 2, 4, 8. */
const DEFAULT_SIZES: Readonly<Record<number, number>> = { 1: 3, 2: 2, 4: 1, 8: 1 };

/** Mixes of sizes that are kept per server type; the one compiled first gives way. */
const MIXES_MAX = 8;

const cache = new WeakMap<ServerTopology, Map<string, GpuSetTables>>();

/**
 * Compiles, or finds compiled, the tables of a server type.
 *
 * @param server - at most 16 GPUs, as every server document
 * @param sizes - weight of each GPU count that pods to come ask for; default 1: 3, 2: 2, 4: 1, 8: 1
 * @returns the tables; kept with the server, those of the last eight mixes of sizes
 * @throws CorralError `invalid-option` for sizes that are no GPU counts or weights that are no numbers ≥ 0
 * @complexity O(3^n): under a millisecond of comparisons for 8 GPUs, about half a second for 16
 */
export function gpuSetTables(
  server: ServerTopology,
  sizes: Readonly<Record<number, number>> = DEFAULT_SIZES,
): GpuSetTables {
  let bySizes = cache.get(server);
  if (bySizes === undefined) {
    bySizes = new Map();
    cache.set(server, bySizes);
  }
  // The usual mix is known by itself: a warm selection must not spell it out.
  const key = sizes === DEFAULT_SIZES ? '' : JSON.stringify(Object.entries(sizes));
  let tables = bySizes.get(key);
  if (tables === undefined) {
    tables = compileGpuSetTables(server, weightsOf(sizes, server.gpus.length));
    if (bySizes.size >= MIXES_MAX) bySizes.delete(bySizes.keys().next().value!);
    bySizes.set(key, tables);
  }
  return tables;
}

/** Weight by size, sizes beyond the server left out, weights scaled to a sum of 1. */
function weightsOf(sizes: Readonly<Record<number, number>>, gpuCount: number): Float64Array {
  const weights = new Float64Array(gpuCount + 1);
  for (const [name, weight] of Object.entries(sizes)) {
    const size = Number(name);
    if (!Number.isInteger(size) || size < 1) {
      throw new CorralError(
        'invalid-option',
        ['sizes', name],
        'expected a GPU count of 1 or more as the key',
      );
    }
    if (!Number.isFinite(weight) || weight < 0) {
      throw new CorralError(
        'invalid-option',
        ['sizes', name],
        `expected a weight of 0 or more, got ${quote(weight)}`,
      );
    }
    if (size <= gpuCount) weights[size] = weight;
  }
  // By the largest first: a sum of large weights must not overflow.
  const largest = Math.max(...weights);
  if (largest === 0) return weights;
  const total = weights.reduce((sum, weight) => sum + weight / largest, 0);
  return weights.map((weight) => weight / largest / total);
}

function compileGpuSetTables(server: ServerTopology, weights: Float64Array): GpuSetTables {
  const gpuCount = server.gpus.length;
  const masks = 2 ** gpuCount;
  const sizeOf = new Uint8Array(masks);
  for (let mask = 1; mask < masks; mask++) sizeOf[mask] = sizeOf[mask >> 1]! + (mask & 1);
  const network = networkOf(server);
  const bandwidthGBps = new Float64Array(masks);
  const nicGBps = new Float64Array(masks);
  for (let mask = 0; mask < masks; mask++) {
    bandwidthGBps[mask] = optimalBandwidth(network, mask);
    nicGBps[mask] = nicBandwidthOfMask(server, mask);
  }
  const sharedLoadGBps = sharedLoads(server, bandwidthGBps, sizeOf);
  const tables: GpuSetTables = {
    gpuCount,
    bandwidthGBps,
    sharedLoadGBps,
    value: values(worths(bandwidthGBps, sharedLoadGBps, sizeOf), sizeOf, weights).map(
      (x) => Math.round(x * VALUE_STEPS) / VALUE_STEPS,
    ),
    nicGBps: nicGBps.map((x) => Math.round(x * GBPS_STEPS) / GBPS_STEPS),
    rank: ranks(bandwidthGBps, sharedLoadGBps),
    best: new Uint16Array((gpuCount + 1) * masks),
  };
  fillBestSets(tables, sizeOf);
  return tables;
}

/**
 * Mask → GB/s that a collective of the set puts on links that touch none of its GPUs, summed over links.
 *
 * Every GPU sends bandwidth / (size - 1) to each other one along its route. Where the accelerator fabric alone
 * carries a ring over the set, as libraries build them, traffic stays in it: then only routes inside the fabric
 * count. Routes never lead through a third GPU, so the links that touch the set are the first and the last, and
 * how many are left depends on the pair alone: the load of a set is a sum over its pairs.
 */
function sharedLoads(server: ServerTopology, bandwidthGBps: Float64Array, sizeOf: Uint8Array): Float64Array {
  const routes = pairRoutesOf(networkOf(server));
  const n = routes.gpuCount;
  const masks = bandwidthGBps.length;
  const linksBetween = routes.arcs.map((arcs) => Math.max(0, (arcs?.length ?? 0) - 2));
  const ringed = fabricRings(routes);
  const loads = new Float64Array(masks);
  /** Mask → links of others on the routes of all its ordered pairs, and of those inside the fabric. */
  const links = new Float64Array(masks);
  const fabricLinks = new Float64Array(masks);
  for (let mask = 1; mask < masks; mask++) {
    const first = 31 - Math.clz32(mask & -mask);
    const others = mask & (mask - 1);
    let sum = links[others]!;
    let fabricSum = fabricLinks[others]!;
    for (let rest = others; rest !== 0; rest &= rest - 1) {
      const pair = first * n + 31 - Math.clz32(rest & -rest);
      // The route back is the same one.
      sum += 2 * linksBetween[pair]!;
      fabricSum += 2 * linksBetween[pair]! * routes.inFabric[pair]!;
    }
    links[mask] = sum;
    fabricLinks[mask] = fabricSum;
    if (others === 0) continue;
    loads[mask] = (bandwidthGBps[mask]! / (sizeOf[mask]! - 1)) * (ringed[mask] === 1 ? fabricSum : sum);
  }
  return loads;
}

/**
 * Mask → 1 if its GPUs can be put in a ring (two: a pair) of which the accelerator fabric joins every two
 * neighbours without a third GPU. Paths from the lowest GPU, by the set of GPUs they visit: Held and Karp,
 * SIAM Journal 10, 1962.
 */
function fabricRings({ gpuCount, inFabric }: PairRoutes): Uint8Array {
  const masks = 2 ** gpuCount;
  /** GPU → mask of those that the fabric joins it to. */
  const joined = new Int32Array(gpuCount);
  for (let pair = 0; pair < gpuCount * gpuCount; pair++) {
    joined[Math.floor(pair / gpuCount)]! |= inFabric[pair]! << (pair % gpuCount);
  }
  /** Mask → mask of the GPUs at which a path from its lowest GPU through all of it can end. */
  const ends = new Int32Array(masks);
  const ringed = new Uint8Array(masks);
  for (let mask = 1; mask < masks; mask++) {
    const low = mask & -mask;
    if (mask === low) {
      ends[mask] = mask;
      continue;
    }
    for (let rest = mask ^ low; rest !== 0; rest &= rest - 1) {
      const end = rest & -rest;
      if ((ends[mask ^ end]! & joined[31 - Math.clz32(end)]!) !== 0) ends[mask]! |= end;
    }
    if ((ends[mask]! & joined[31 - Math.clz32(low)]!) !== 0) ringed[mask] = 1;
  }
  return ringed;
}

/**
 * Mask → what the set is worth to a pod: its bandwidth / (1 + h), h the links of others that a byte of it
 * crosses on average. A pair across the sockets may be as fast alone as one on a switch, and is worth less.
 */
function worths(bandwidthGBps: Float64Array, sharedLoadGBps: Float64Array, sizeOf: Uint8Array): Float64Array {
  return bandwidthGBps.map((bandwidth, mask) => {
    if (bandwidth === 0) return 0;
    const crossed = sharedLoadGBps[mask]! / (sizeOf[mask]! * bandwidth);
    return bandwidth / (1 + crossed);
  });
}

/**
 * Mask → what these GPUs are worth while free: over the sizes to come, weight × (largest total worth of
 * disjoint sets of that size in the mask) / (the same for the whole server). Size 1 counts GPUs.
 */
function values(worth: Float64Array, sizeOf: Uint8Array, weights: Float64Array): Float64Array {
  const masks = worth.length;
  const total = new Float64Array(masks);
  for (let size = 1; size < weights.length; size++) {
    const weight = weights[size]!;
    if (weight === 0) continue;
    const packed = size === 1 ? Float64Array.from(sizeOf) : packings(worth, sizeOf, size);
    const whole = packed[masks - 1]!;
    if (whole === 0) continue;
    for (let mask = 0; mask < masks; mask++) total[mask]! += (weight * packed[mask]!) / whole;
  }
  return total;
}

/** Mask → the largest total worth of disjoint sets of `size` GPUs in it. */
function packings(worth: Float64Array, sizeOf: Uint8Array, size: number): Float64Array {
  const packed = new Float64Array(worth.length);
  for (let mask = 1; mask < packed.length; mask++) {
    const free = sizeOf[mask]!;
    if (free < size) continue;
    const low = mask & -mask;
    const others = mask ^ low;
    let most = packed[others]!;
    if (free < 2 * size) {
      // One set fits: the best one in the mask lacks some GPU, unless it is the mask.
      if (free === size) most = worth[mask]!;
      else
        for (let rest = others; rest !== 0; rest &= rest - 1)
          most = Math.max(most, packed[mask ^ (rest & -rest)]!);
    } else {
      // The lowest GPU is in no set, or in one with `size` - 1 others.
      for (let sub = others; sub !== 0; sub = (sub - 1) & others) {
        if (sizeOf[sub] !== size - 1) continue;
        most = Math.max(most, worth[sub | low]! + packed[others ^ sub]!);
      }
    }
    packed[mask] = most;
  }
  return packed;
}

/** Mask → its rank among all masks by bandwidth, high first, then shared load, low first. */
function ranks(bandwidthGBps: Float64Array, sharedLoadGBps: Float64Array): Int32Array {
  const bandwidth = quantised(bandwidthGBps, GBPS_STEPS);
  const load = quantised(sharedLoadGBps, GBPS_STEPS);
  // Infinity - Infinity is no number; a single GPU or none has no bandwidth to compare.
  const order = Array.from(bandwidth.keys()).sort((a, b) =>
    bandwidth[a] === bandwidth[b] ? load[a]! - load[b]! : bandwidth[b]! - bandwidth[a]!,
  );
  const rank = new Int32Array(order.length);
  order.forEach((mask, i) => {
    const before = order[i - 1];
    const equal =
      before !== undefined && bandwidth[before] === bandwidth[mask] && load[before] === load[mask];
    rank[mask] = equal ? rank[before]! : i;
  });
  return rank;
}

/** Fills `best`: every subset of every free mask is looked at once, 3^n in all. */
function fillBestSets(tables: GpuSetTables, sizeOf: Uint8Array): void {
  const { gpuCount, best } = tables;
  for (let free = 1; free < sizeOf.length; free++) {
    for (let set = free; set !== 0; set = (set - 1) & free) {
      const entry = (sizeOf[set]! << gpuCount) | free;
      const held = best[entry]!;
      if (held === 0 || isBetter(tables, set, held, free)) best[entry] = set;
    }
  }
}

/** Whether one set is to be preferred to another of its size, with these GPUs free. */
function isBetter(tables: GpuSetTables, set: number, other: number, free: number): boolean {
  const { rank, value, nicGBps } = tables;
  if (rank[set] !== rank[other]) return rank[set]! < rank[other]!;
  const left = value[free ^ set]!;
  const otherLeft = value[free ^ other]!;
  if (left !== otherLeft) return left > otherLeft;
  if (nicGBps[set] !== nicGBps[other]) return nicGBps[set]! > nicGBps[other]!;
  // Of two lists of ordinals the smaller has the lowest ordinal in which they differ.
  const differ = set ^ other;
  return (set & differ & -differ) !== 0;
}

/** The mask of the best set of `count` GPUs among the free ones; 0 if fewer are free. */
export function bestSet(tables: GpuSetTables, free: number, count: number): number {
  return tables.best[(count << tables.gpuCount) | free]!;
}

/**
 * The best set that contains the `required` GPUs, by looking at every one: O(2^(free - required)).
 *
 * @param required - a non-empty subset of `free`, of at most `count` GPUs
 */
export function bestSetWith(tables: GpuSetTables, free: number, count: number, required: number): number {
  const optional = free ^ required;
  let best = 0;
  for (let sub = optional; ; sub = (sub - 1) & optional) {
    const set = sub | required;
    if (sizeOfMask(set) === count && (best === 0 || isBetter(tables, set, best, free))) best = set;
    if (sub === 0) return best;
  }
}

function sizeOfMask(mask: number): number {
  let size = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) size++;
  return size;
}

function quantised(figures: Float64Array, steps: number): Float64Array {
  return figures.map((figure) => Math.round(figure * steps));
}
