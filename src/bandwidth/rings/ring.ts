import { ROUNDING } from '../../figures.js';
import { bitsOf } from '../../masks.js';
import type { Network } from '../../topology/network.js';
import { pairRoutesOf } from '../directed/pair-routes.js';
import { fabricBandwidth } from '../optimal.js';
import { type EqualRings, equalRings, firstRings } from './equal-rings.js';
import { type RingHops, ringHops, ringLimit, usedArcs } from './ring-hops.js';

/** One ring over a set of GPUs. */
export interface Ring {
  /** Ordinals in the order of the ring, the smallest first; the last sends to the first. */
  readonly order: readonly number[];
  /** Bandwidth of each hop, GB/s. */
  readonly bandwidthGBps: number;
}

/** The rings of a set of GPUs, all of one bandwidth. */
export interface RingPacking {
  readonly rings: readonly Ring[];
  /** Bus bandwidth of all rings together, GB/s; `Infinity` for fewer than two GPUs, 0 if nothing joins them. */
  readonly bandwidthGBps: number;
}

/** Most rings: twice the channels that NCCL opens. */
const RINGS_MAX = 64;

/**
 * Hops tried per rate. Full meshes of 4 and 8 GPUs need at most 30 and 1,434, a DGX-1P 1,000. After so many hops the
 * search keeps the best that it has found at this rate.
 */
const RATE_STEPS_MAX = 2 ** 12;

/** Hops tried at all rates together by {@link firstRings}. */
const FIRST_STEPS_MAX = 2 ** 15;

/** Hops tried at all rates together by {@link equalRings}. */
const STEPS_MAX = 2 ** 14;

/**
 * The bandwidth that current collective libraries reach with a set of GPUs: equal rings, found as NCCL finds them.
 *
 * All rings carry the same rate. The rates tried are the bandwidth of each pair alone and of each link on its route,
 * divided by 1, 2, … 64; at a rate between two of these, no more rings fit than at the next higher one. For each rate
 * at most 64 rings are searched, and the largest total wins; of equal totals the first. Every hop loads the links of
 * its route: a link that k hops cross carries k times the rate. The traffic of one ordered pair never exceeds its
 * per-flow cap. Links are full duplex: a ring and its reverse may share them.
 *
 * The search is bounded in steps, not in time. On stars and trees the result is optimal, and on all GPUs of every
 * mesh of the catalogue but Frontier's the links are full. The result falls short by at most a tenth on sets of 6
 * GPUs of Frontier, an eighth on full meshes of 14 and 16 GPUs with equal links, a third on such meshes with a fifth
 * of the links missing, and a half on such meshes where every link has another bandwidth.
 *
 * If the accelerator fabric connects the set, rings stay inside it. If it does so only through GPUs of the set and no
 * order has a fabric route for every hop, the other hops fall back to PCIe. The sum is then limited to what the
 * fabric alone could reach ({@link fabricBandwidth}), so that no rings exceed `optimal`.
 *
 * NCCL (NVIDIA/nccl src/graph/search.cc) takes the rate from a list of speeds and limits the number of channels: its
 * figures are these, rounded down to a speed of the list.
 *
 * @param network - a server's network
 * @param mask - the GPUs, bit i for ordinal i
 * @returns the rings in the order in which they are found, and their sum
 * @complexity at most 2^15 + 2^14 hops tried, and 2^12 for each step of the bisection that finds the widest ring; twice
 * that where the fabric has no ring; n - 1 max-flows. A star or a tree: a few tours, some 100 µs; the
 * meshes of the catalogue some ten milliseconds, meshes whose links all differ up to two hundred
 */
export function packRings(network: Network, mask: number): RingPacking {
  const ordinals = bitsOf(mask);
  if (ordinals.length < 2) return { rings: [], bandwidthGBps: Number.POSITIVE_INFINITY };
  const routes = pairRoutesOf(network);
  const limitGBps = fabricBandwidth(network, mask);
  if (limitGBps > 0) {
    const inside = bestRings(ringHops(network, routes, ordinals, true), limitGBps);
    if (inside.rings.length > 0) return inside;
  }
  return bestRings(
    ringHops(network, routes, ordinals, false),
    limitGBps > 0 ? limitGBps : Number.POSITIVE_INFINITY,
  );
}

/**
 * The best rings over all rates: first all widths, the widest first, then their halves, their thirds and so on. For
 * each divisor {@link firstRings} tries all widths before {@link equalRings} does, which costs more steps.
 */
function bestRings(hops: RingHops, limitGBps: number): RingPacking {
  const limit = Math.min(limitGBps, ringLimit(hops));
  const widths = widthsOf(hops);
  const widest = limit > 0 ? widestRing(hops, widths) : 0;
  let best: RingPacking = { rings: [], bandwidthGBps: 0 };
  let firstStepsLeft = FIRST_STEPS_MAX;
  let stepsLeft = STEPS_MAX;
  const improve = (rate: number, isFirst: boolean): void => {
    const most = Math.min(RINGS_MAX, Math.floor(limit / rate + ROUNDING));
    const fewest = Math.floor(best.bandwidthGBps / rate + ROUNDING) + 1;
    if (most < fewest || isMore(rate, widest)) return;
    let found: EqualRings;
    if (isFirst) {
      if (firstStepsLeft <= 0) return;
      found = firstRings(hops, rate, fewest, most);
      firstStepsLeft -= found.steps;
    } else {
      if (stepsLeft <= 0) return;
      found = equalRings(hops, rate, fewest, most, Math.min(RATE_STEPS_MAX, stepsLeft));
      stepsLeft -= found.steps;
    }
    const { orders } = found;
    if (orders.length === 0) return;
    best = {
      rings: orders.map((order) => ({ order: order.map((at) => hops.ordinals[at]!), bandwidthGBps: rate })),
      bandwidthGBps: Math.min(limitGBps, orders.length * rate),
    };
  };
  for (let parts = 1; parts <= RINGS_MAX && isMore(limit, best.bandwidthGBps); parts++) {
    for (const width of widths) improve(width / parts, true);
    for (const width of widths) improve(width / parts, false);
  }
  return best;
}

/** The highest rate at which a ring is found, by bisection; 0 if no ring is found. */
function widestRing(hops: RingHops, widths: readonly number[]): number {
  const rates = new Set<number>();
  // A ring crosses a link at most as often as it has hops.
  for (const width of widths) {
    for (let parts = 1; parts <= hops.ordinals.length; parts++) rates.add(width / parts);
  }
  const sorted = [...rates].sort((a, b) => a - b);
  const isFound = (rate: number): boolean =>
    firstRings(hops, rate, 1, 1).orders.length > 0 ||
    equalRings(hops, rate, 1, 1, RATE_STEPS_MAX).orders.length > 0;
  let found = -1;
  let missed = sorted.length;
  // Ends: each round halves the range between the two.
  while (missed - found > 1) {
    const middle = (found + missed) >> 1;
    if (isFound(sorted[middle]!)) found = middle;
    else missed = middle;
  }
  return sorted[found] ?? 0;
}

/** The distinct bandwidths of pairs alone and of links on hops, widest first, GB/s. */
function widthsOf(hops: RingHops): number[] {
  const widths = new Set(hops.widthGBps);
  for (const arc of usedArcs(hops)) widths.add(hops.capacityGBps[arc]!);
  widths.delete(0);
  return [...widths].sort((a, b) => b - a);
}

function isMore(a: number, b: number): boolean {
  return a > b * (1 + ROUNDING);
}
