import { remembered } from '../remembered.js';
import type { DirectedNetwork } from './directed-network.js';
import { FORWARDS, type Network } from './network.js';

/**
 * The widest permitted path between two vertices, by the rule of `widestPath` on a directed network. It follows the
 * socket routes; without peer-to-peer it passes through host memory.
 *
 * @param directed - a server's directed network
 * @param from - vertex of the network
 * @param to - another vertex of the network
 * @returns the arcs of the network from `from` to `to`, or `undefined` if there is no such path
 * @complexity O(halves^2 + arcs × halves) at worst
 */
export function directedPath(directed: DirectedNetwork, from: number, to: number): Int32Array | undefined {
  if (from > to) {
    // The reversed directed network is the same network with outbound and inbound halves exchanged.
    const back = directedPath(directed, to, from);
    return back?.reverse().map((arc) => arc ^ 1);
  }
  const search = searchOf(directed);
  const start = directed.outbound[from]!;
  const end = directed.inbound[to]!;
  const width = widthGBps(directed, search, start, end);
  if (width === 0) return undefined;
  const hops = hopsTo(directed, search, start, end, width);
  return firstPath(directed, search, start, end, width, hops);
}

/** What a search needs of a directed network besides its arcs; kept with it. */
interface Search {
  /** Arc → the narrowest per-flow bandwidth of the links that it crosses, GB/s; Infinity for a turn. */
  readonly widthGBps: Float64Array;
  /** Half → the arcs that leave it; → the arcs that enter it. */
  readonly leaving: readonly (readonly number[])[];
  readonly entering: readonly (readonly number[])[];
}

const cache = new WeakMap<DirectedNetwork, Search>();

function searchOf(directed: DirectedNetwork): Search {
  return remembered(cache, directed, ({ network, vertexCount, tails, heads, crossed }) => {
    const leaving = Array.from({ length: vertexCount }, (): number[] => []);
    const entering = Array.from({ length: vertexCount }, (): number[] => []);
    for (const [arc, tail] of tails.entries()) leaving[tail]!.push(arc);
    for (const [arc, head] of heads.entries()) entering[head]!.push(arc);
    const widths = crossed.map((arcs) =>
      arcs.reduce((width, arc) => Math.min(width, network.flowGBps[arc >> 1]!), Number.POSITIVE_INFINITY),
    );
    return { widthGBps: Float64Array.from(widths), leaving, entering };
  });
}

/** True if paths may cross a half: it does not belong to a GPU or a NIC. */
function forwards({ network, vertexOf }: DirectedNetwork, half: number): boolean {
  return network.roles[vertexOf[half]!] === FORWARDS;
}

/** The largest bottleneck of any path, 0 if there is none. */
function widthGBps(directed: DirectedNetwork, search: Search, start: number, end: number): number {
  const best = new Float64Array(directed.vertexCount);
  const settled = new Uint8Array(directed.vertexCount);
  best[start] = Number.POSITIVE_INFINITY;
  // Ends: each round settles one half, or returns.
  for (;;) {
    let at = -1;
    best.forEach((width, half) => {
      if (settled[half] === 0 && width > 0 && (at < 0 || width > best[at]!)) at = half;
    });
    if (at < 0) return 0;
    if (at === end) return best[end]!;
    settled[at] = 1;
    if (at !== start && !forwards(directed, at)) continue;
    for (const arc of search.leaving[at]!) {
      const head = directed.heads[arc]!;
      best[head] = Math.max(best[head]!, Math.min(best[at]!, search.widthGBps[arc]!));
    }
  }
}

/** Half → its hops to `end` over arcs of at least `width`; Infinity where there is no path. */
function hopsTo(
  directed: DirectedNetwork,
  search: Search,
  start: number,
  end: number,
  width: number,
): Float64Array {
  const hops = new Float64Array(directed.vertexCount).fill(Number.POSITIVE_INFINITY);
  hops[end] = 0;
  // A route counts several hops and a turn none, so a half may be reached on fewer hops later. Ends: hops are whole
  // numbers and only fall.
  const queue = [end];
  for (const at of queue) {
    for (const arc of search.entering[at]!) {
      const tail = directed.tails[arc]!;
      const longer = hops[at]! + directed.crossed[arc]!.length;
      if (search.widthGBps[arc]! < width || longer >= hops[tail]!) continue;
      if (tail !== start && !forwards(directed, tail)) continue;
      hops[tail] = longer;
      if (tail !== start) queue.push(tail);
    }
  }
  return hops;
}

/** Of the paths with the fewest hops the one whose vertices come first in the document. */
function firstPath(
  directed: DirectedNetwork,
  search: Search,
  start: number,
  end: number,
  width: number,
  hops: Float64Array,
): Int32Array {
  const { network, heads, crossed } = directed;
  const known = new Map<number, readonly number[]>([[end, []]]);
  const firstFrom = (half: number): readonly number[] => {
    const before = known.get(half);
    if (before !== undefined) return before;
    let first: readonly number[] | undefined;
    for (const arc of search.leaving[half]!) {
      const head = heads[arc]!;
      const isOnPath = hops[head]! + crossed[arc]!.length === hops[half];
      if (!isOnPath || search.widthGBps[arc]! < width) continue;
      const path = [...crossed[arc]!, ...firstFrom(head)];
      if (first === undefined || isBefore(network, path, first)) first = path;
    }
    known.set(half, first!);
    return first!;
  };
  return Int32Array.from(firstFrom(start));
}

/** True if of two paths with equal ends and hops the first one comes earlier, by the vertices that they enter. */
function isBefore({ ends }: Network, path: readonly number[], other: readonly number[]): boolean {
  const at = path.findIndex((arc, i) => ends[arc ^ 1] !== ends[other[i]! ^ 1]);
  return at >= 0 && ends[path[at]! ^ 1]! < ends[other[at]! ^ 1]!;
}
