import { bitCount } from '../../masks.js';
import { remembered } from '../../remembered.js';
import type { DirectedNetwork } from '../../topology/directed-network.js';
import { GPU } from '../../topology/network.js';
import { type FlowProblem, feedRate } from './feed-rate.js';
import { type HopGraph, hopGraph } from './hop-graph.js';
import { intakeBound } from './intake-bound.js';
import { twinClasses } from './twin-classes.js';

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
 * a ring of 8 sockets, whose routes load links jointly, all sets take some seconds; 16 GPUs whose links all
 * differ, on 4 sockets, a quarter of a minute
 */
export function directedBandwidth(directed: DirectedNetwork, mask: number): number {
  const { graph, twins, answers } = remembered(cache, directed, (): Known => {
    const graph = hopGraph(directed);
    return { graph, twins: twinClasses(graph), answers: new Map() };
  });
  const counts = graph.classes.map((members) => bitCount(members & mask));
  const n = counts.reduce((sum, count) => sum + count, 0);
  if (n < 2) return Number.POSITIVE_INFINITY;
  sortAmongTwins(counts, twins);
  return remembered(answers, counts.join(), () => {
    const answer = leastOverSinks(graph, twins, counts, n);
    return directed.peerToPeer ? answer : Math.min(answer, intakeBound(directed, mask));
  });
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
    best = Math.min(best, (n - 1) * feedRate(problemOf(graph, counts, sink), best / (n - 1)));
  }
  return best;
}

/** The flow to one GPU of a class, which stands apart from the others. */
function problemOf(graph: HopGraph, counts: Int32Array, sinkClass: number): FlowProblem {
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
  return { vertexCount: vertexCount + 1, supplies, tails, heads, uses, capacities, isJoint: graph.isJoint };
}
