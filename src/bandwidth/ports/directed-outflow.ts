import { remembered } from '../../remembered.js';
import { devicesOf } from '../../topology/device-at.js';
import type { DirectedNetwork } from '../../topology/directed-network.js';
import { GPU, LEAF, type Network } from '../../topology/network.js';
import type { ServerTopology } from '../../topology/types.js';
import { feedRate } from '../directed/feed-rate.js';
import { type HopArc, HopReduction } from '../directed/hop-reduction.js';
import { nearestNics } from './nearest-nics.js';
import type { Outlet } from './outflow-network.js';

/**
 * The paths from the GPUs of a server to its compute NICs where traffic between two sockets follows their route.
 * Vertices are in this order: GPUs by ordinal; NICs; for each GPU that has NICs of its own, its side towards them;
 * halves of switches, NUMA nodes and sockets.
 */
interface OutflowGraph {
  readonly vertexCount: number;
  readonly arcs: readonly HopArc[];
  /** Whether two arcs cross one arc of the network. */
  readonly isJoint: boolean;
  /** Vertex → the GPU that it is, or whose side it is; -1 for all others. */
  readonly owners: Int32Array;
  /** The NICs in order; GB/s is Infinity where the document states none for the port. */
  readonly outlets: readonly Outlet[];
}

const cache = new WeakMap<ServerTopology, OutflowGraph>();

/**
 * The bandwidth from a set of GPUs to the ports of its NICs on a server where traffic between two sockets follows
 * their route.
 *
 * @param server - a server topology
 * @param directed - its directed network, with peer-to-peer
 * @param mask - the GPUs, bit i for ordinal i; at least one
 * @param most - GB/s that the answer does not exceed
 * @returns GB/s in all; 0 where no compute NIC is reached
 * @complexity a max-flow or two; a linear programme where routes between sockets share links. Once per server O(arcs²) at
 * worst
 */
export function directedOutflow(
  server: ServerTopology,
  directed: DirectedNetwork,
  mask: number,
  most: number,
): number {
  const graph = remembered(cache, server, () => outflowGraph(server, directed));
  const { network } = directed;
  const { arcs, isJoint, owners, outlets } = graph;
  const gpuCount = network.gpuVertices.length;
  const source = 0;
  let vertexCount = 1;
  /**
   * Vertex → its number in this flow. GPUs of the set and their sides are the source; other GPUs, their sides, and
   * NICs that no GPU of the set uses are left out (-1).
   */
  const numberOf = owners.map((owner, v) => {
    if (owner >= 0 && ((mask >>> owner) & 1) === 1) return source;
    const outlet = outlets[v - gpuCount];
    const counts = v >= gpuCount && (outlet === undefined || (outlet.nearestTo & mask) !== 0);
    return counts ? vertexCount++ : -1;
  });
  const sink = vertexCount++;
  const tails: number[] = [];
  const heads: number[] = [];
  const uses: number[][] = [];
  const capacities: number[] = [];
  const capacityOf = new Map<number, number>();
  const capacityNumber = (arc: number): number =>
    remembered(capacityOf, arc, () => capacities.push(network.capacityGBps[arc >> 1]!) - 1);
  for (const arc of arcs) {
    const [tail, head] = [numberOf[arc.tail]!, numberOf[arc.head]!];
    if (tail < 0 || head < 0 || head === source) continue;
    tails.push(tail);
    heads.push(head);
    uses.push(arc.crossed.map(capacityNumber));
  }
  for (const { vertex, GBps } of outlets) {
    if (numberOf[vertex]! < 0) continue;
    tails.push(numberOf[vertex]!);
    heads.push(sink);
    uses.push(GBps < Number.POSITIVE_INFINITY ? [capacities.push(GBps) - 1] : []);
  }
  const supplies = new Int32Array(vertexCount);
  supplies[source] = 1;
  return feedRate({ vertexCount, supplies, tails, heads, uses, capacities, isJoint }, most);
}

function outflowGraph(server: ServerTopology, directed: DirectedNetwork): OutflowGraph {
  const { network } = directed;
  const { gpuVertices, vertexOf, capacityGBps, fabric } = network;
  const { nics, nearestTo, hangsOnGpus, farGpus } = nearestNics(server);
  const gpuCount = gpuVertices.length;
  const ordinalOf = new Map([...gpuVertices].map((v, gpu) => [v, gpu]));
  const nicAt = new Map(nics.map((id, i) => [vertexOf.get(id)!, i]));
  const owning = [...gpuVertices.keys()].filter((gpu) =>
    neighboursOf(network, gpuVertices[gpu]!).some((v) => hangsOnGpus[nicAt.get(v) ?? -1]),
  );
  const sideOf = new Map(owning.map((gpu, i) => [gpu, gpuCount + nics.length + i]));
  const terminalCount = gpuCount + nics.length + owning.length;
  let next = terminalCount;
  /** Half → vertex of the graph; -1 for NICs of other roles. */
  const numberOf = directed.vertexOf.map((v) => {
    if (network.roles[v] === GPU) return ordinalOf.get(v)!;
    if (network.roles[v] !== LEAF) return next++;
    const nic = nicAt.get(v);
    return nic === undefined ? -1 : gpuCount + nic;
  });
  let sent = 0;
  for (let arc = 0; arc < 2 * network.linkCount; arc++) {
    if (network.roles[network.ends[arc]!] === GPU) sent += capacityGBps[arc >> 1]!;
  }

  const graph = new HopReduction(terminalCount, 0);
  directed.tails.forEach((half, i) => {
    let tail = numberOf[half]!;
    let head = numberOf[directed.heads[i]!]!;
    const isNic = (vertex: number): boolean => vertex >= gpuCount && vertex < gpuCount + nics.length;
    if (tail < 0 || head < 0 || isNic(tail)) return;
    const crossed = directed.crossed[i]!;
    if (isNic(head) && hangsOnGpus[head - gpuCount]) tail = sideOf.get(tail)!;
    if (head < gpuCount) {
      // A path may enter another GPU only over the fabric, only on the way to NICs of that GPU, and only if the
      // sender has no NIC nearer than SYS.
      const mayBorrow = tail < gpuCount && ((farGpus >>> tail) & 1) === 1 && fabric[crossed[0]! >> 1] === 1;
      const side = sideOf.get(head);
      if (!mayBorrow || side === undefined) return;
      head = side;
    }
    // An arc that carries all that the GPUs can send at once limits nothing.
    graph.add({ tail, head, crossed: [...crossed].filter((arc) => capacityGBps[arc >> 1]! <= sent) });
  });
  const reduced = graph.reduced();
  const owners = new Int32Array(reduced.vertexCount).fill(-1);
  for (let gpu = 0; gpu < gpuCount; gpu++) owners[gpu] = gpu;
  for (const [gpu, side] of sideOf) owners[side] = gpu;
  return {
    ...reduced,
    owners,
    outlets: nics.map((id, i) => ({
      vertex: gpuCount + i,
      nearestTo: nearestTo[i]!,
      GBps: devicesOf(server).get(id)!.portGBps ?? Number.POSITIVE_INFINITY,
    })),
  };
}

function neighboursOf({ rows, arcs, ends }: Network, v: number): number[] {
  return Array.from(arcs.subarray(rows[v]!, rows[v + 1]!), (arc) => ends[arc ^ 1]!);
}
