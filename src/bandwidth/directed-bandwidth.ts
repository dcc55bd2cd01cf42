import type { DirectedNetwork } from '../topology/directed-network.js';
import { GPU } from '../topology/network.js';
import { type HopGraph, hopGraph } from './hop-graph.js';
import { intakeBound } from './intake-bound.js';
import { type FlowScratch, flowScratch, maxFlow } from './max-flow.js';
import { largestFirst } from './simplex.js';
import { twinClasses } from './twin-classes.js';

/** Two bandwidths that differ by less than this share of themselves are the same. */
const RELATIVE_TOLERANCE = 1e-12;

/** What is remembered of a directed network. */
interface Known {
  readonly graph: HopGraph;
  /** Class to the first one of those it can be exchanged with. */
  readonly twins: Int32Array;
  /** Numbers of GPUs per class, the largest first among twins, to GB/s. */
  readonly answers: Map<string, number>;
}

const cache = new WeakMap<DirectedNetwork, Known>();

/**
 * The bandwidth of the best possible schedule, as `optimalBandwidth`, where not every path is permitted: between
 * two sockets traffic follows their route, and without peer-to-peer it passes through host memory.
 *
 * For each GPU of the set: the largest x such that every other one, feeding x, brings it all of that. Where no
 * link is on two routes this is a smallest cut of the directed network, found by Newton's iteration on the cut
 * ratio (Dinkelbach, Management Science 13, 1967). Otherwise the routes load links jointly, and a linear programme
 * over the ways between GPUs decides. Without peer-to-peer {@link intakeBound} holds besides.
 *
 * @param directed - a server's directed network
 * @param mask - the GPUs of the set, bit i for ordinal i
 * @returns GB/s; Infinity for fewer than two GPUs; 0 if nothing joins them
 * @complexity a few max-flows or one programme per class of interchangeable GPUs; a set that is like an earlier one
 * is looked up. Of all sets of 16 GPUs on 4 sockets 625 differ at most, and 70 where all sockets are joined alike; on
 * a ring of 8 sockets, whose routes load links jointly, all sets take some seconds
 */
export function directedBandwidth(directed: DirectedNetwork, mask: number): number {
  let known = cache.get(directed);
  if (known === undefined) {
    const graph = hopGraph(directed);
    known = { graph, twins: twinClasses(graph), answers: new Map() };
    cache.set(directed, known);
  }
  const { graph, twins, answers } = known;
  const counts = graph.classes.map((members) => sizeOf(members & mask));
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n < 2) return Number.POSITIVE_INFINITY;
  sortAmongTwins(counts, twins);
  const key = counts.join();
  let answer = answers.get(key);
  if (answer === undefined) {
    answer = leastOverSinks(graph, twins, counts, n);
    if (!directed.peerToPeer) answer = Math.min(answer, intakeBound(directed, mask));
    answers.set(key, answer);
  }
  return answer;
}

function sizeOf(mask: number): number {
  let size = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) size++;
  return size;
}

/** Which of several twins has how many GPUs does not matter: the first gets the most. */
function sortAmongTwins(counts: Int32Array, twins: Int32Array): void {
  for (let i = 1; i < counts.length; i++) {
    const count = counts[i]!;
    let at = i;
    for (let j = i - 1; j >= 0; j--) {
      if (twins[j] !== twins[i]) continue;
      if (counts[j]! >= count) break;
      counts[at] = counts[j]!;
      at = j;
    }
    counts[at] = count;
  }
}

function leastOverSinks(graph: HopGraph, twins: Int32Array, counts: Int32Array, n: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let sink = 0; sink < counts.length && best > 0; sink++) {
    const isLikeEarlier = twins.some(
      (twin, i) => i < sink && twin === twins[sink] && counts[i] === counts[sink],
    );
    if (counts[sink] === 0 || isLikeEarlier) continue;
    const problem = problemOf(graph, counts, sink);
    best = graph.isJoint ? byProgramme(problem, n, best) : bySmallestCut(problem, n, best);
  }
  return best;
}

/** The flow to one GPU: vertices as in the graph, and the receiving GPU, which stands apart from its class, last. */
interface Problem {
  readonly vertexCount: number;
  /** Vertex to the number of GPUs that feed there. */
  readonly supplies: Int32Array;
  readonly tails: readonly number[];
  readonly heads: readonly number[];
  /** Arc to the capacities that it uses, each by its number. */
  readonly uses: readonly (readonly number[])[];
  /** GB/s. */
  readonly capacities: readonly number[];
}

function problemOf(graph: HopGraph, counts: Int32Array, sinkClass: number): Problem {
  const { network, classes, vertexCount, arcs } = graph;
  const sink = vertexCount;
  const supplies = new Int32Array(vertexCount + 1);
  supplies.set(counts);
  supplies[sinkClass]!--;
  const tails: number[] = [];
  const heads: number[] = [];
  const uses: (readonly number[])[] = [];
  const capacities: number[] = [];
  const numberOf = new Map<number, number>();
  const use = (arc: number, tail: number, head: number): number => {
    const entersGpu = network.roles[network.ends[arc ^ 1]!] === GPU;
    const leavesGpu = network.roles[network.ends[arc]!] === GPU;
    const key = 2 * arc + (entersGpu && head === sink ? 1 : 0);
    let number = numberOf.get(key);
    if (number === undefined) {
      const gpus = entersGpu ? (head === sink ? 1 : supplies[head]!) : leavesGpu ? supplies[tail]! : 1;
      number = capacities.push(gpus * network.capacityGBps[arc >> 1]!) - 1;
      numberOf.set(key, number);
    }
    return number;
  };
  const isAbsent = (vertex: number): boolean => vertex < classes.length && supplies[vertex] === 0;
  for (const { tail, head, crossed } of arcs) {
    if (isAbsent(tail)) continue;
    for (const to of head === sinkClass ? [head, sink] : [head]) {
      if (to === tail || isAbsent(to)) continue;
      tails.push(tail);
      heads.push(to);
      uses.push(crossed.map((arc) => use(arc, tail, to)));
    }
  }
  return { vertexCount: vertexCount + 1, supplies, tails, heads, uses, capacities };
}

/**
 * The least of `known` and (n - 1) x, with the largest x that the receiver can get from each of the others.
 *
 * At the rate of the best cut known a max-flow either confirms it or shows a better one, whose ratio is next.
 */
function bySmallestCut(problem: Problem, n: number, known: number): number {
  const { vertexCount, supplies, tails, heads, uses, capacities } = problem;
  const size = vertexCount + 1;
  const sink = vertexCount - 1;
  const source = vertexCount;
  const between = new Float64Array(size * size);
  tails.forEach((tail, arc) => {
    const gbps = uses[arc]!.reduce((least, i) => Math.min(least, capacities[i]!), Number.POSITIVE_INFINITY);
    between[tail * size + heads[arc]!]! += gbps;
  });
  let intake = 0;
  for (let v = 0; v < vertexCount; v++) intake += between[v * size + sink]!;
  let best = Math.min(known, intake);
  const residual = new Float64Array(size * size);
  const scratch: FlowScratch = flowScratch(size);
  for (;;) {
    const x = best / (n - 1);
    residual.set(between);
    for (let v = 0; v < vertexCount; v++) residual[source * size + v] = supplies[v]! * x;
    const received = maxFlow(residual, size, source, sink, scratch);
    if (received >= best * (1 - RELATIVE_TOLERANCE)) return best;
    let gpus = 0;
    let capacity = 0;
    for (let u = 0; u < vertexCount; u++) {
      if (scratch.level[u]! < 0) continue;
      gpus += supplies[u]!;
      for (let v = 0; v < vertexCount; v++) if (scratch.level[v]! < 0) capacity += between[u * size + v]!;
    }
    const better = (capacity * (n - 1)) / gpus;
    if (!(better < best)) return best;
    best = better;
  }
}

/** As {@link bySmallestCut}, where arcs share capacities. Variables: x, then the flow over each arc. */
function byProgramme(problem: Problem, n: number, known: number): number {
  const { vertexCount, supplies, tails, heads, uses, capacities } = problem;
  const width = 1 + tails.length;
  // What leaves a vertex is at most what enters it and is fed there; the receiver gets all that is fed.
  const rows = Array.from({ length: vertexCount + capacities.length }, () => new Float64Array(width));
  for (let v = 0; v < vertexCount - 1; v++) rows[v]![0] = -supplies[v]!;
  rows[vertexCount - 1]![0] = n - 1;
  tails.forEach((tail, arc) => {
    rows[tail]![1 + arc] = 1;
    rows[heads[arc]!]![1 + arc] = -1;
    for (const i of uses[arc]!) rows[vertexCount + i]![1 + arc] = 1;
  });
  const limits = Float64Array.from(rows, (_, row) =>
    row < vertexCount ? 0 : capacities[row - vertexCount]!,
  );
  return Math.min(known, (n - 1) * largestFirst(rows, limits, known / (n - 1)));
}
