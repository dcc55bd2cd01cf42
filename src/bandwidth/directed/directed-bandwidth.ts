import { bitCount } from '../../masks.js';
import { remembered } from '../../remembered.js';
import type { DirectedNetwork } from '../../topology/directed-network.js';
import { GPU } from '../../topology/network.js';
import { type FlowProblem, feedRate } from './feed-rate.js';
import { type HopGraph, hopGraph } from './hop-graph.js';
import { intakeBound } from './intake-bound.js';
import { twinClasses } from './twin-classes.js';

/** What is computed once for a directed network. */
interface Known {
  readonly graph: HopGraph;
  /** Class → the first of the classes that it can be exchanged with. */
  readonly twins: Int32Array;
  /** Numbers of GPUs per class, the largest first among twins → GB/s. */
  readonly answers: Map<string, number>;
}

const cache = new WeakMap<DirectedNetwork, Known>();

/**
 * The bandwidth of the best possible schedule, as `optimalBandwidth`, where not every path is permitted: between two
 * sockets traffic follows their route; without peer-to-peer it passes through host memory.
 *
 * For each GPU of the set it finds the largest x such that every other GPU can send x to it at the same time; the
 * least over all GPUs decides. Where no link is on two routes this x is a smallest cut of the directed network, found
 * by Newton's iteration on the cut ratio (Dinkelbach, Management Science 13, 1967). Otherwise routes share links, and
 * a linear programme over the paths between GPUs finds it. Without peer-to-peer, {@link intakeBound} is a further
 * limit.
 *
 * @param directed - a server's directed network
 * @param mask - the GPUs of the set, bit i for ordinal i
 * @returns GB/s; Infinity for fewer than two GPUs; 0 if nothing joins them
 * @complexity a few max-flows or one programme per class of interchangeable GPUs; a set that differs from an earlier
 * one only in interchangeable GPUs is looked up. Of all sets of 16 GPUs on 4 sockets at most 625 differ, and 70 where
 * all sockets are joined alike. All sets together take some seconds on a ring of 8 sockets, where routes share links,
 * and a quarter of a minute for 16 GPUs on 4 sockets whose links all differ
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

/** Sorts the counts of each group of twins, largest first, because twins can be exchanged. */
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

/** The flow problem whose sink is one GPU of a class; the sink becomes a vertex of its own. */
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
    return remembered(numberOf, key, () => {
      const gpus = entersGpu ? (head === sink ? 1 : supplies[head]!) : leavesGpu ? supplies[tail]! : 1;
      return capacities.push(gpus * network.capacityGBps[arc >> 1]!) - 1;
    });
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
