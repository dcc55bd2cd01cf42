import { lowestBit } from '../../masks.js';
import type { DirectedNetwork } from '../../topology/directed-network.js';
import { GPU, LEAF, type Network } from '../../topology/network.js';
import { type HopArc, HopReduction } from './hop-reduction.js';

/**
 * The paths between the GPUs of a server, reduced to what can limit a flow. Vertices 0 … classes - 1 are classes of
 * GPUs; further ones are halves of switches, NUMA nodes and sockets that could not be removed. A class has arcs to
 * itself where its GPUs reach each other.
 */
export interface HopGraph {
  readonly network: Network;
  /**
   * Class → mask of its GPUs. GPUs of one class have equal links to everything and no links to GPUs; any other GPU is
   * a class by itself.
   */
  readonly classes: Int32Array;
  readonly vertexCount: number;
  readonly arcs: readonly HopArc[];
  /**
   * True if two arcs cross the same arc of the network. They then share its capacity, and a smallest cut is no longer
   * the largest flow.
   */
  readonly isJoint: boolean;
}

/**
 * Reduces a directed network to the paths between its GPUs.
 *
 * The reduction changes no largest flow. It leaves out halves that lie on no path between GPUs, arcs of the network
 * that carry all that the GPUs can send at once, and paths that cross everything that another path between the same
 * vertices crosses. It replaces a half by joining each arc in to each arc out, if that makes the graph smaller; where
 * no capacity is shared, only if none becomes shared.
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

/**
 * Masks of GPUs that are linked to the same halves with the same bandwidths; a GPU with a link to a GPU is a class by
 * itself.
 */
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

/** Half → vertex of the graph; -1 for NICs and for all but the first GPU of a class. */
function verticesOf(directed: DirectedNetwork, classes: readonly number[]): Int32Array {
  const { network, vertexOf } = directed;
  const classOf = new Map(classes.map((mask, i) => [network.gpuVertices[lowestBit(mask)]!, i]));
  let next = classes.length;
  return vertexOf.map((v) => {
    if (network.roles[v] === GPU) return classOf.get(v) ?? -1;
    return network.roles[v] === LEAF ? -1 : next++;
  });
}
