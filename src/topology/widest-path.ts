import { FORWARDS, type Network } from './network.js';

/**
 * The widest path between two vertices: the one with the largest bottleneck, then the fewest hops, then the first in
 * document order of its vertices. The way back is the same path reversed.
 *
 * It crosses only switches, NUMA nodes and sockets, never a GPU or a NIC. (It differs from a shortest path over 1 /
 * bandwidth, which prefers one link of 20 to two of 24.)
 *
 * @param network - a server's network
 * @param from - vertex
 * @param to - another vertex
 * @param counted - link → 1 if the path may cross it; default: all links
 * @returns the arcs from `from` to `to`, or `undefined` if there is no such path
 * @complexity O(vertices^2)
 */
export function widestPath(
  network: Network,
  from: number,
  to: number,
  counted?: Uint8Array,
): Int32Array | undefined {
  if (from > to) {
    const back = widestPath(network, to, from, counted);
    return back?.reverse().map((arc) => arc ^ 1);
  }
  const width = widthGBps(network, from, to, counted);
  if (width === 0) return undefined;
  const hops = hopsTo(network, from, to, width, counted);
  const { rows, arcs, ends } = network;
  const path = new Int32Array(hops[from]!);
  let at = from;
  for (let i = 0; i < path.length; i++) {
    // Rows are sorted by head, so the first arc that leads one hop nearer is the first in document order.
    for (let k = rows[at]!; k < rows[at + 1]!; k++) {
      const arc = arcs[k]!;
      const head = ends[arc ^ 1]!;
      if (hops[head] === path.length - i - 1 && usable(network, arc, width, counted)) {
        path[i] = arc;
        at = head;
        break;
      }
    }
  }
  return path;
}

/**
 * The bandwidth of one flow over a path, GB/s: the smallest per-flow bandwidth of its links; `Infinity` for no links.
 */
export function pathWidthGBps(network: Network, path: Int32Array): number {
  let width = Number.POSITIVE_INFINITY;
  for (const arc of path) width = Math.min(width, network.flowGBps[arc >> 1]!);
  return width;
}

function usable(network: Network, arc: number, width: number, counted: Uint8Array | undefined): boolean {
  return network.flowGBps[arc >> 1]! >= width && (counted === undefined || counted[arc >> 1] === 1);
}

/**
 * The largest bottleneck of any path, 0 if there is none: Dijkstra's algorithm with the minimum in place of the sum.
 */
function widthGBps(network: Network, from: number, to: number, counted: Uint8Array | undefined): number {
  const { vertexCount, roles, rows, arcs, ends, flowGBps } = network;
  const best = new Float64Array(vertexCount);
  const settled = new Uint8Array(vertexCount);
  best[from] = Number.POSITIVE_INFINITY;
  // Ends: each round settles one vertex, or returns.
  for (;;) {
    let at = -1;
    for (let v = 0; v < vertexCount; v++) {
      if (settled[v] === 0 && best[v]! > 0 && (at < 0 || best[v]! > best[at]!)) at = v;
    }
    if (at < 0) return 0;
    if (at === to) return best[to]!;
    settled[at] = 1;
    if (at !== from && roles[at] !== FORWARDS) continue;
    for (let k = rows[at]!; k < rows[at + 1]!; k++) {
      const arc = arcs[k]!;
      if (!usable(network, arc, 0, counted)) continue;
      const head = ends[arc ^ 1]!;
      best[head] = Math.max(best[head]!, Math.min(best[at]!, flowGBps[arc >> 1]!));
    }
  }
}

/** Vertex → hops to `to` over links of at least `width`, -1 where there is no path; breadth first from `to`. */
function hopsTo(
  network: Network,
  from: number,
  to: number,
  width: number,
  counted: Uint8Array | undefined,
): Int32Array {
  const { vertexCount, roles, rows, arcs, ends } = network;
  const hops = new Int32Array(vertexCount).fill(-1);
  hops[to] = 0;
  const queue = [to];
  for (const at of queue) {
    for (let k = rows[at]!; k < rows[at + 1]!; k++) {
      const arc = arcs[k]!;
      const next = ends[arc ^ 1]!;
      if (hops[next] !== -1 || !usable(network, arc, width, counted)) continue;
      // A GPU or NIC beside the path keeps -1, so that the path never crosses it.
      if (next !== from && roles[next] !== FORWARDS) continue;
      hops[next] = hops[at]! + 1;
      if (next !== from) queue.push(next);
    }
  }
  return hops;
}
