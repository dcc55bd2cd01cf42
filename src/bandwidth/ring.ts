import type { Network } from '../topology/network.js';
import { fabricBandwidth } from './optimal.js';
import { type PairRoutes, pairRoutesOf } from './pair-routes.js';

/** One ring over a set of GPUs. */
export interface Ring {
  /** Ordinals in the order of the ring, the smallest first; the last sends to the first. */
  readonly order: readonly number[];
  /** What each hop carries, GB/s. */
  readonly bandwidthGBps: number;
}

/** The rings of a set of GPUs. */
export interface RingPacking {
  readonly rings: readonly Ring[];
  /** Bus bandwidth of all rings together, GB/s; `Infinity` for fewer than two GPUs, 0 if nothing joins them. */
  readonly bandwidthGBps: number;
}

/**
 * Hops tried per ring. All 5,040 orders of 8 GPUs take 18,739 hops, so up to 8 GPUs each ring is the best;
 * above, the search stops early on machines whose orders are all alike or whose narrowest place is plain, and
 * otherwise keeps the best order of the first million hops.
 */
const SEARCH_STEPS_MAX = 1_000_000;

/** Figures that differ by less than this share are equal; what is left of a link below it is nothing. */
const RELATIVE_TOLERANCE = 1e-12;

/**
 * What a library of today reaches with a set of GPUs, to a first approximation: rings, packed greedily.
 *
 * Each ring is the order of the GPUs with the widest bottleneck on the capacity that earlier rings left
 * (ties: the lexicographically smallest order); every hop loads the links of its route, a link that k hops
 * cross carries k times the ring's bandwidth, and the traffic of one ordered pair never exceeds a per-flow
 * cap. It ends when no order has capacity left. Links are full duplex: a ring and its reverse may share them.
 *
 * If the accelerator fabric connects the set, rings stay inside it. Where it does so only through GPUs of
 * the set and no order has a fabric route for every hop, the other hops fall back to PCIe, and the sum is
 * limited to what the fabric alone could do ({@link fabricBandwidth}): no packing exceeds `optimal`.
 *
 * It never takes a ring back, so where GPUs are joined directly it can leave links idle that other rings would have filled:
 * see `searchRings` for a packing with second thoughts.
 *
 * @param network - a server's network
 * @param mask - the GPUs, bit i for ordinal i
 * @returns the rings in the order in which they are found, and their sum
 * @complexity at most (n - 1)! orders per ring and {@link SEARCH_STEPS_MAX} hops tried; rings are at most as
 * many as arcs and ordered pairs
 */
export function packRings(network: Network, mask: number): RingPacking {
  const ordinals = ordinalsOf(mask);
  if (ordinals.length < 2) return { rings: [], bandwidthGBps: Number.POSITIVE_INFINITY };
  const routes = pairRoutesOf(network);
  const limit = fabricBandwidth(network, mask);
  if (limit > 0) {
    const inside = packGreedily(network, routes, ordinals, true);
    if (inside.length > 0) return { rings: inside, bandwidthGBps: sumOf(inside) };
  }
  const rings = packGreedily(network, routes, ordinals, false);
  return { rings, bandwidthGBps: limit > 0 ? Math.min(limit, sumOf(rings)) : sumOf(rings) };
}

export function ordinalsOf(mask: number): number[] {
  const ordinals: number[] = [];
  for (let rest = mask; rest !== 0; rest &= rest - 1) ordinals.push(31 - Math.clz32(rest & -rest));
  return ordinals;
}

export function sumOf(rings: readonly Ring[]): number {
  return rings.reduce((total, ring) => total + ring.bandwidthGBps, 0);
}

/** What earlier rings left. */
interface Left {
  /** Arc to GB/s. */
  readonly arcs: Float64Array;
  /** Ordered pair to GB/s under its per-flow cap; 0 if the pair may not be a hop. */
  readonly pairs: Float64Array;
}

function packGreedily(
  network: Network,
  routes: PairRoutes,
  ordinals: readonly number[],
  fabricOnly: boolean,
): Ring[] {
  const left: Left = {
    arcs: Float64Array.from({ length: 2 * network.linkCount }, (_, arc) => network.capacityGBps[arc >> 1]!),
    pairs: routes.widthGBps.map((width, pair) => (fabricOnly && routes.inFabric[pair] === 0 ? 0 : width)),
  };
  const rings: Ring[] = [];
  for (;;) {
    const ring = widestRing(routes, ordinals, left);
    if (ring === undefined) return rings;
    // At least one arc or pair falls to zero, so the number of rings is bounded by theirs.
    take(network, routes, left, ring);
    rings.push(ring);
  }
}

function take(network: Network, routes: PairRoutes, left: Left, ring: Ring): void {
  const reduce = (values: Float64Array, at: number, full: number): void => {
    const rest = values[at]! - ring.bandwidthGBps;
    values[at] = rest > full * RELATIVE_TOLERANCE ? rest : 0;
  };
  ring.order.forEach((from, i) => {
    const pair = from * routes.gpuCount + ring.order[(i + 1) % ring.order.length]!;
    reduce(left.pairs, pair, routes.widthGBps[pair]!);
    for (const arc of routes.arcs[pair]!) reduce(left.arcs, arc, network.capacityGBps[arc >> 1]!);
  });
}

/** The order with the widest bottleneck on what is left: depth first in lexicographic order, with bounds. */
function widestRing(routes: PairRoutes, ordinals: readonly number[], left: Left): Ring | undefined {
  const { gpuCount, arcs } = routes;
  const bound = upperBound(routes, ordinals, left) * (1 - RELATIVE_TOLERANCE);
  if (bound === 0) return undefined;
  const start = ordinals[0]!;
  const crossings = new Int32Array(left.arcs.length);
  const order = [start];
  const used = new Uint8Array(gpuCount);
  let best = 0;
  let bestOrder: number[] | undefined;
  let steps = 0;

  /** Loads one hop; the ring's bottleneck with it. */
  const enter = (pair: number, bottleneck: number): number => {
    let width = Math.min(bottleneck, left.pairs[pair]!);
    for (const arc of arcs[pair]!) {
      const count = crossings[arc]! + 1;
      crossings[arc] = count;
      width = Math.min(width, left.arcs[arc]! / count);
    }
    return width;
  };
  const leave = (pair: number): void => {
    for (const arc of arcs[pair]!) crossings[arc]!--;
  };
  const extend = (at: number, bottleneck: number): void => {
    const closing = order.length === ordinals.length;
    for (const next of closing ? [start] : ordinals) {
      if (!closing && (next === start || used[next] === 1)) continue;
      if (best >= bound || steps >= SEARCH_STEPS_MAX) return;
      const pair = at * gpuCount + next;
      if (!(left.pairs[pair]! > best)) continue;
      steps++;
      const width = enter(pair, bottleneck);
      // Only a real improvement replaces the order found first, which is the lexicographically smallest.
      if (width > best * (1 + RELATIVE_TOLERANCE)) {
        if (closing) {
          best = width;
          bestOrder = [...order];
        } else {
          used[next] = 1;
          order.push(next);
          extend(next, width);
          order.pop();
          used[next] = 0;
        }
      }
      leave(pair);
    }
  };
  extend(start, Number.POSITIVE_INFINITY);
  return bestOrder === undefined ? undefined : { order: bestOrder, bandwidthGBps: best };
}

/**
 * No ring is wider than the widest way, over any hops, from the first GPU to each other and back: the
 * bottleneck at which the pairs are still strongly connected.
 */
function upperBound(routes: PairRoutes, ordinals: readonly number[], left: Left): number {
  const { gpuCount, arcs } = routes;
  const width = (from: number, to: number): number => {
    const pair = from * gpuCount + to;
    let narrowest = left.pairs[pair]!;
    for (const arc of arcs[pair] ?? []) narrowest = Math.min(narrowest, left.arcs[arc]!);
    return narrowest;
  };
  return Math.min(
    narrowestReach(ordinals, width),
    narrowestReach(ordinals, (from, to) => width(to, from)),
  );
}

/** The smallest over all GPUs of the widest way from the first one. */
function narrowestReach(ordinals: readonly number[], width: (from: number, to: number) => number): number {
  const reach = new Map(ordinals.map((ordinal, i) => [ordinal, i === 0 ? Number.POSITIVE_INFINITY : 0]));
  let narrowest = Number.POSITIVE_INFINITY;
  while (reach.size > 0) {
    const [at, best] = [...reach].reduce((a, b) => (b[1] > a[1] ? b : a));
    reach.delete(at);
    narrowest = Math.min(narrowest, best);
    for (const [to, so] of reach) reach.set(to, Math.max(so, Math.min(best, width(at, to))));
  }
  return narrowest;
}
