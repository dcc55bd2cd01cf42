import { ROUNDING } from '../figures.js';
import { bitCount } from '../masks.js';
import { remembered } from '../remembered.js';
import { directedNetworkOf } from '../topology/directed-network.js';
import { FORWARDS, LEAF, type Network } from '../topology/network.js';
import { directedBandwidth } from './directed/directed-bandwidth.js';
import { type FlowScratch, flowScratch, maxFlow } from './max-flow.js';
import { addCapacity, contractForwarders, type ReducedLinks } from './reduced-links.js';

/**
 * The bandwidth of the best possible schedule of a collective over a set of GPUs, GB/s per GPU and direction.
 *
 * With a super-source that feeds each of the n GPUs of S at rate x, let x be the largest rate at which each
 * GPU of S can receive n x; the answer is (n - 1) x. This is the bus bandwidth of the optimal reduce-scatter
 * followed by the optimal all-gather: Zhao et al., arXiv 2402.06787, section 4, and 2305.18461. By
 * max-flow min-cut
 *
 *     (n - 1) x = min over A of (n - 1) c(A) / |A ∩ S|,   A a set of vertices with ∅ ≠ A ∩ S ≠ S
 *
 * where c(A) is the capacity that leaves A. If the accelerator fabric alone connects S, only its links count;
 * otherwise all links count. Switches, NUMA nodes, sockets and GPUs of S forward; other GPUs and NICs do not. Between
 * two sockets traffic follows their route, without detours through a third one; without peer-to-peer it passes
 * through host memory: see {@link directedBandwidth}. Per-flow caps do not count, because a schedule may use any
 * number of flows.
 *
 * It is exact for reduce-scatter plus all-gather. An all-reduce with in-network reduction (NVLS), or one
 * whose two phases cut the data unevenly, can be faster.
 *
 * @param network - a server's network
 * @param mask - the GPUs of S, bit i for ordinal i
 * @returns GB/s; `Infinity` for fewer than two GPUs; 0 if nothing joins them
 * @complexity microseconds where links form a tree, a star or a full mesh; otherwise n max-flows
 */
export function optimalBandwidth(network: Network, mask: number): number {
  const inFabric = fabricBandwidth(network, mask);
  if (inFabric > 0) return inFabric;
  const directed = directedNetworkOf(network, network.peerToPeer);
  return directed === undefined
    ? smallestCut(graphsOf(network).everything, mask)
    : directedBandwidth(directed, mask);
}

/** {@link optimalBandwidth} over the accelerator fabric alone; 0 if that does not connect the set. */
export function fabricBandwidth(network: Network, mask: number): number {
  return smallestCut(graphsOf(network).fabric, mask);
}

/** A network without the vertices that no smallest cut needs. Vertices 0 … gpuCount - 1 are the GPUs by ordinal. */
interface CutGraph {
  readonly gpuCount: number;
  readonly vertexCount: number;
  /** Symmetric, vertexCount x vertexCount, GB/s per direction, 0 where there is no link. */
  readonly capacity: Float64Array;
  /** Working memory of {@link smallestCut}; holds nothing between calls. */
  readonly work: Work;
}

interface Work {
  /** Capacities among the vertices of one call, row-major, stride is the number of vertices. */
  readonly between: Float64Array;
  /** Vertex → number of GPUs of S that it stands for; -1 after it was removed. */
  readonly weight: Int32Array;
  /** Vertex of this call → vertex of the graph. */
  readonly members: Int32Array;
  readonly residual: Float64Array;
  readonly flow: FlowScratch;
}

interface CutGraphs {
  readonly fabric: CutGraph;
  readonly everything: CutGraph;
}

const cache = new WeakMap<Network, CutGraphs>();

function graphsOf(network: Network): CutGraphs {
  return remembered(cache, network, () => ({
    fabric: cutGraph(network, true),
    everything: cutGraph(network, false),
  }));
}

/** Builds the graph without NICs, dead ends and vertices between just two others: see {@link contractForwarders}. */
function cutGraph(network: Network, fabricOnly: boolean): CutGraph {
  const links: ReducedLinks = new Map();
  for (let v = 0; v < network.vertexCount; v++) if (network.roles[v] !== LEAF) links.set(v, new Map());
  for (let link = 0; link < network.linkCount; link++) {
    const a = network.ends[2 * link]!;
    const b = network.ends[2 * link + 1]!;
    if (!links.has(a) || !links.has(b) || (fabricOnly && network.fabric[link] === 0)) continue;
    addCapacity(links, a, b, network.capacityGBps[link]!);
  }
  contractForwarders(network, links);
  const order = [...network.gpuVertices, ...[...links.keys()].filter((v) => network.roles[v] === FORWARDS)];
  const position = new Map(order.map((v, i) => [v, i]));
  const capacity = new Float64Array(order.length * order.length);
  order.forEach((v, i) => {
    for (const [other, gbps] of links.get(v)!) capacity[i * order.length + position.get(other)!] = gbps;
  });
  const size = order.length;
  return {
    gpuCount: network.gpuVertices.length,
    vertexCount: size,
    capacity,
    work: {
      between: new Float64Array(size * size),
      weight: new Int32Array(size),
      members: new Int32Array(size),
      residual: new Float64Array((size + 1) * (size + 1)),
      flow: flowScratch(size + 1),
    },
  };
}

/** (n - 1) c / max(k, n - k): the bandwidth that a cut of capacity c with k of n GPUs on one side allows. */
function cutBandwidth(capacity: number, k: number, n: number): number {
  // Links carry the same in both directions, so the side with more GPUs can be the sending one.
  return capacity * ((n - 1) / Math.max(k, n - k));
}

/**
 * The minimum over all cuts of {@link cutBandwidth}; `Infinity` for fewer than two GPUs.
 *
 * Two vertices are contracted if no cut that separates them can be better than the best cut known. Max-flows decide
 * what remains.
 */
function smallestCut(graph: CutGraph, mask: number): number {
  const { weight } = graph.work;
  const n = bitCount(mask);
  if (n < 2) return Number.POSITIVE_INFINITY;
  const size = load(graph, mask);
  const { between } = graph.work;
  let best = Number.POSITIVE_INFINITY;
  // Ends: every change removes a vertex.
  for (let changed = true; changed; ) {
    changed = false;
    for (let v = 0; v < size; v++) {
      if (weight[v]! < 0) continue;
      let degree = 0;
      let capacity = 0;
      let first = -1;
      let second = -1;
      for (let u = 0; u < size; u++) {
        const c = between[v * size + u]!;
        if (c === 0) continue;
        capacity += c;
        second = first;
        first = u;
        degree++;
      }
      const k = weight[v]!;
      if (k === n) return best;
      if (k > 0) {
        best = Math.min(best, cutBandwidth(capacity, k, n));
        if (best === 0) return 0;
        // The cut around a leaf was just looked at, and every other cut that separates it from its only neighbour is
        // worse.
        if (degree === 1) {
          contract(between, weight, size, first, v);
          changed = true;
        }
      } else if (degree <= 2) {
        const through = degree === 2 ? Math.min(between[v * size + first]!, between[v * size + second]!) : 0;
        remove(between, weight, size, v);
        if (through > 0) {
          between[first * size + second]! += through;
          between[second * size + first]! += through;
        }
        changed = true;
      }
    }
    if (contractClose(between, weight, size, best * (1 - ROUNDING))) changed = true;
  }
  return settleByFlow(graph, size, n, best);
}

/** Copies the links among the GPUs of the mask and the forwarding vertices; returns the number of these vertices. */
function load(graph: CutGraph, mask: number): number {
  const { gpuCount, vertexCount, capacity } = graph;
  const { between, weight, members } = graph.work;
  let size = 0;
  for (let v = 0; v < vertexCount; v++) {
    if (v < gpuCount && ((mask >>> v) & 1) === 0) continue;
    weight[size] = v < gpuCount ? 1 : 0;
    members[size++] = v;
  }
  for (let i = 0; i < size; i++) {
    const row = members[i]! * vertexCount;
    for (let j = 0; j < size; j++) between[i * size + j] = capacity[row + members[j]!]!;
  }
  return size;
}

/**
 * Contracts pairs that their direct link and the paths of two links between them join by at least `bound` GB/s. These
 * paths are disjoint, so a cut between the two has at least that capacity and cannot be better (Padberg & Rinaldi,
 * Mathematical Programming 47, 1990). For full meshes no further step is needed.
 */
function contractClose(between: Float64Array, weight: Int32Array, size: number, bound: number): boolean {
  let changed = false;
  for (let u = 0; u < size; u++) {
    if (weight[u]! < 0) continue;
    for (let v = u + 1; v < size; v++) {
      if (weight[v]! < 0) continue;
      let joined = between[u * size + v]!;
      for (let w = 0; w < size && joined < bound; w++) {
        joined += Math.min(between[u * size + w]!, between[v * size + w]!);
      }
      if (joined < bound) continue;
      contract(between, weight, size, u, v);
      changed = true;
    }
  }
  return changed;
}

/** Merges the vertex `gone` into `kept`. */
function contract(between: Float64Array, weight: Int32Array, size: number, kept: number, gone: number): void {
  for (let w = 0; w < size; w++) {
    const c = between[gone * size + w]!;
    if (w === kept || c === 0) continue;
    between[kept * size + w]! += c;
    between[w * size + kept]! += c;
  }
  const sum = weight[kept]! + weight[gone]!;
  remove(between, weight, size, gone);
  weight[kept] = sum;
}

function remove(between: Float64Array, weight: Int32Array, size: number, v: number): void {
  for (let w = 0; w < size; w++) {
    between[v * size + w] = 0;
    between[w * size + v] = 0;
  }
  weight[v] = -1;
}

/**
 * Newton's iteration on the ratio (Dinkelbach, Management Science 13, 1967). At the rate of the best cut known, a
 * max-flow to each GPU either confirms that cut or shows a better one, whose rate is tried next. Every rate is that
 * of a real cut and there are finitely many cuts, so the iteration ends with the exact minimum.
 */
function settleByFlow(graph: CutGraph, size: number, n: number, known: number): number {
  const { between, weight, residual, flow } = graph.work;
  const stride = size + 1;
  let best = known;
  for (let sink = 0; sink < size; sink++) {
    if (weight[sink]! <= 0) continue;
    // Ends: each round but the last finds a better cut, and there are finitely many.
    for (;;) {
      const x = best / (n - 1);
      for (let u = 0; u < size; u++) {
        for (let v = 0; v < size; v++) residual[u * stride + v] = between[u * size + v]!;
        residual[u * stride + size] = 0;
        residual[size * stride + u] = u === sink ? 0 : Math.max(0, weight[u]!) * x;
      }
      residual[size * stride + size] = 0;
      const received = maxFlow(residual, stride, size, sink, flow);
      if (received >= (n - weight[sink]!) * x * (1 - ROUNDING)) break;
      let k = 0;
      let capacity = 0;
      for (let u = 0; u < size; u++) {
        if (flow.level[u]! < 0) continue;
        k += Math.max(0, weight[u]!);
        for (let v = 0; v < size; v++) if (flow.level[v]! < 0) capacity += between[u * size + v]!;
      }
      const better = cutBandwidth(capacity, k, n);
      if (!(better < best)) break;
      best = better;
    }
  }
  return best;
}
