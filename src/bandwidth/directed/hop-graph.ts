import { lowestBit } from '../../masks.js';
import type { DirectedNetwork } from '../../topology/directed-network.js';
import { GPU, LEAF, type Network } from '../../topology/network.js';
import { type HopArc, HopReduction } from './hop-reduction.js';

/**
 * The ways between the GPUs of a server, reduced to what can limit a flow. Vertices 0 … classes - 1 stand for
 * GPUs; those above are halves of switches, NUMA nodes and sockets that could not be removed. A class has arcs to
 * itself where its GPUs reach each other.
 */
export interface HopGraph {
  readonly network: Network;
  /** Class to the mask of its GPUs, which have equal links to everything and none to GPUs, or are one. */
  readonly classes: Int32Array;
  readonly vertexCount: number;
  readonly arcs: readonly HopArc[];
  /** Whether two arcs cross one arc of the network: then their capacities are joint, and cuts do not decide. */
  readonly isJoint: boolean;
}

/**
 * Reduces a directed network to the ways between its GPUs.
 *
 * What is left out changes no largest flow: halves that lie on no way between GPUs; arcs of the network that carry
 * all that every GPU sends at once; ways that cross all that another way between the same vertices crosses. A
 * half is removed by joining each way in to each way out where that makes the graph smaller, and where flows are
 * to be found as cuts only if no capacity becomes joint.
 *
 * @param directed - a server's directed network
 * @returns the graph
 * @complexity O(arcs^2) at worst; small machines well below a millisecond
 */
export function hopGraph(directed: DirectedNetwork): HopGraph {
  const { network } = directed;
  const classes = classesOf(directed);
  const graph = new HopReduction(classes.length, classes.length);
  const vertexOf = verticesOf(directed, classes);
  let sent = 0;
  for (const v of network.gpuVertices) {
    for (let k = network.rows[v]!; k < network.rows[v + 1]!; k++) {
      sent += network.capacityGBps[network.arcs[k]! >> 1]!;
    }
  }
  directed.tails.forEach((half, i) => {
    const tail = vertexOf[half]!;
    const head = vertexOf[directed.heads[i]!]!;
    if (tail < 0 || head < 0) return;
    const crossed = directed.crossed[i]!.filter((arc) => network.capacityGBps[arc >> 1]! <= sent);
    graph.add({ tail, head, crossed: Array.from(crossed) });
  });
  graph.prune();
  const isJoint = graph.isJoint();
  graph.contract(isJoint);
  graph.prune();
  return { network, classes: Int32Array.from(classes), isJoint, ...graph.renumbered() };
}

/** Masks of GPUs that hang on the same halves by links of the same bandwidth; a GPU with a link to a GPU is alone. */
function classesOf({ network, tails, heads, crossed, vertexOf, outbound }: DirectedNetwork): number[] {
  const linksOf = network.devices.map((): [number, number][] => []);
  const isAlone = new Uint8Array(network.vertexCount);
  crossed.forEach((arcs, i) => {
    const tail = vertexOf[tails[i]!]!;
    const head = vertexOf[heads[i]!]!;
    if (network.roles[tail] === GPU && network.roles[head] === GPU) isAlone[tail] = 1;
    if (network.roles[tail] === GPU) linksOf[tail]!.push([head, network.capacityGBps[arcs[0]! >> 1]!]);
  });
  const classes = new Map<string, number>();
  network.gpuVertices.forEach((vertex, gpu) => {
    const links = linksOf[vertex]!.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const key = JSON.stringify(isAlone[vertex] === 1 ? [outbound[vertex]] : links);
    classes.set(key, (classes.get(key) ?? 0) | (1 << gpu));
  });
  return [...classes.values()];
}

/** Half to vertex of the graph, -1 for NICs and for GPUs that another of their class stands for. */
function verticesOf(directed: DirectedNetwork, classes: readonly number[]): Int32Array {
  const { network, vertexOf } = directed;
  const classOf = new Map(classes.map((mask, i) => [network.gpuVertices[lowestBit(mask)]!, i]));
  let next = classes.length;
  return vertexOf.map((v) => {
    if (network.roles[v] === GPU) return classOf.get(v) ?? -1;
    return network.roles[v] === LEAF ? -1 : next++;
  });
}
