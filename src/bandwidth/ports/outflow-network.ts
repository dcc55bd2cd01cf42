import { remembered } from '../../remembered.js';
import { devicesOf } from '../../topology/device-at.js';
import { directedNetworkOf } from '../../topology/directed-network.js';
import { FORWARDS, GPU, LEAF, type Network, networkOf } from '../../topology/network.js';
import type { ServerTopology } from '../../topology/server-topology.js';
import { addCapacity, contractForwarders, type ReducedLinks } from '../reduced-links.js';
import { type NearestNics, nearestNics } from './nearest-nics.js';

/**
 * A server as traffic to its NICs sees it, whichever GPUs are the senders. All figures GB/s per direction.
 *
 * Vertices are forwarders (switches, NUMA nodes, sockets) that a cut needs, NICs with several links, and, for each GPU
 * that NICs hang on, its side towards them, so that they can be reached through it. Where traffic could make a detour
 * through a third socket, every end of a link between sockets is kept as well.
 */
export interface OutflowNetwork {
  readonly gpuCount: number;
  readonly vertexCount: number;
  /** From vertex to vertex, row-major, vertexCount × vertexCount; nothing leaves a NIC. */
  readonly between: Float64Array;
  /**
   * The same without what joins two sockets, where traffic could otherwise make a detour through a third one;
   * undefined on all other servers.
   */
  readonly betweenInside: Float64Array | undefined;
  /** From GPU to vertex, row-major, gpuCount × vertexCount: what a GPU of the set sends there. */
  readonly fromGpu: Float64Array;
  /** Vertex → the GPU whose side it is, -1 for all others. */
  readonly owners: Int32Array;
  /** As `fromGpu`, for vertices whose GPU is not in the set: what other GPUs may send through it. */
  readonly lent: Float64Array;
  readonly outlets: readonly Outlet[];
}

/** Ports behind one vertex that the same GPUs use. */
export interface Outlet {
  readonly vertex: number;
  /** The GPUs that use it, bit i for ordinal i: it counts if one of them is in the set. */
  readonly nearestTo: number;
  /** What the ports carry together. */
  readonly GBps: number;
}

const cache = new WeakMap<ServerTopology, OutflowNetwork>();

/**
 * The flow network of a server.
 *
 * @param server - a server topology
 * @returns capacities, and the outlets with the GPUs that use them; built on first use, then kept with the topology
 * @complexity O(vertices² + GPUs × (devices + links)) the first time
 */
export function outflowNetwork(server: ServerTopology): OutflowNetwork {
  return remembered(cache, server, readOutflow);
}

function readOutflow(server: ServerTopology): OutflowNetwork {
  const network = networkOf(server);
  const near = nearestNics(server);
  const links = forwardingLinks(network);
  const { ports, sides } = addPorts(server, network, near, links);
  const socketPairs = linkedSockets(network);
  contractForwarders(network, links, new Set(socketPairs.flat()));

  // A port at the end of one link is no vertex of its own, but for those that GPUs reach directly.
  const outletAt = new Map<number, Omit<Outlet, 'vertex'> & { readonly at: number }>();
  for (const [vertex, { nearestTo, GBps }] of ports) {
    const [first, second] = [...links.get(vertex)!];
    if (first === undefined || second !== undefined || network.roles[first[0]] === GPU) {
      outletAt.set(vertex, { at: vertex, nearestTo, GBps });
    } else {
      outletAt.set(vertex, { at: first[0], nearestTo, GBps: Math.min(first[1], GBps) });
      links.get(first[0])!.delete(vertex);
      links.delete(vertex);
    }
  }

  const order = [...links.keys()].filter((v) => network.roles[v] !== GPU);
  const position = new Map(order.map((v, i) => [v, i]));
  const vertexCount = order.length;
  const between = new Float64Array(vertexCount * vertexCount);
  order.forEach((v, i) => {
    if (ports.has(v)) return;
    for (const [other, gbps] of links.get(v)!) {
      const to = position.get(other);
      if (to !== undefined) between[i * vertexCount + to] = gbps;
    }
  });
  const betweenInside = between.slice();
  for (const [a, b] of socketPairs) {
    const [i, j] = [position.get(a)!, position.get(b)!];
    betweenInside[i * vertexCount + j] = 0;
    betweenInside[j * vertexCount + i] = 0;
  }
  const gpuCount = network.gpuVertices.length;
  const fromGpu = new Float64Array(gpuCount * vertexCount);
  network.gpuVertices.forEach((gpu, ordinal) => {
    for (const [other, gbps] of links.get(gpu)!) {
      const to = position.get(other);
      if (to !== undefined) fromGpu[ordinal * vertexCount + to] = gbps;
    }
  });
  return {
    gpuCount,
    vertexCount,
    between,
    betweenInside: socketPairs.length > 0 ? betweenInside : undefined,
    fromGpu,
    ...throughOwners(network, near, position, sides),
    outlets: [...outletAt.values()].map(({ at, ...outlet }) => ({ vertex: position.get(at)!, ...outlet })),
  };
}

/** The links between sockets, as pairs of vertices, if traffic could make a detour through a third socket. */
function linkedSockets(network: Network): [number, number][] {
  if (directedNetworkOf(network, true) === undefined) return [];
  return Array.from({ length: network.linkCount }, (_, link) => link)
    .filter((link) => network.betweenSockets[link] === 1)
    .map((link) => [network.ends[2 * link]!, network.ends[2 * link + 1]!]);
}

/** The links among GPUs and forwarders; those from GPU to GPU never count: nothing limits inside the set. */
function forwardingLinks(network: Network): ReducedLinks {
  const links: ReducedLinks = new Map();
  for (let v = 0; v < network.vertexCount; v++) if (network.roles[v] !== LEAF) links.set(v, new Map());
  for (let link = 0; link < network.linkCount; link++) {
    const a = network.ends[2 * link]!;
    const b = network.ends[2 * link + 1]!;
    if (network.roles[a] === FORWARDS ? links.has(b) : network.roles[b] === FORWARDS && links.has(a)) {
      addCapacity(links, a, b, network.capacityGBps[link]!);
    }
  }
  return links;
}

/** What {@link addPorts} adds to the links, under numbers that the network does not use. */
interface Added {
  /** Vertex of NICs → who uses them, and what their ports carry together. */
  readonly ports: ReadonlyMap<number, Omit<Outlet, 'vertex'>>;
  /** GPU on which NICs hang, as vertex of the network → the vertex of its side towards them. */
  readonly sides: ReadonlyMap<number, number>;
}

/** Adds the compute NICs. Those with one link each, in one place and used by the same GPUs, are one vertex. */
function addPorts(server: ServerTopology, network: Network, near: NearestNics, links: ReducedLinks): Added {
  let next = network.vertexCount;
  const add = (): number => {
    links.set(next, new Map());
    return next++;
  };
  const sides = new Map<number, number>();
  const sideOf = (gpu: number): number => remembered(sides, gpu, add);
  const ports = new Map<number, { readonly nearestTo: number; GBps: number }>();
  const merged = new Map<string, number>();
  near.nics.forEach((id, i) => {
    const reached = reachedFrom(network, network.vertexOf.get(id)!);
    const linked = [...reached.values()].reduce((sum, gbps) => sum + gbps, 0);
    if (linked === 0) return;
    const portGBps = Math.min(linked, devicesOf(server).get(id)!.portGBps ?? linked);
    const nearestTo = near.nearestTo[i]!;
    // Two links or more: the place is the NIC itself, and it shares it with none.
    const key = JSON.stringify([nearestTo, reached.size === 1 ? [...reached.keys()] : id]);
    const vertex = remembered(merged, key, add);
    remembered(ports, vertex, () => ({ nearestTo, GBps: 0 })).GBps += portGBps;
    for (const [other, gbps] of reached) {
      // A NIC behind one link carries the least of link and port; behind several, each of them by itself.
      const capacity = reached.size === 1 ? portGBps : gbps;
      if (!near.hangsOnGpus[i]) {
        addCapacity(links, other, vertex, capacity);
        continue;
      }
      const side = sideOf(other);
      addCapacity(links, other, side, capacity);
      addCapacity(links, side, vertex, capacity);
    }
  });
  return { ports, sides };
}

/** What a NIC is linked to, other NICs aside, and the GB/s of each. */
function reachedFrom(network: Network, nic: number): Map<number, number> {
  const { rows, arcs, ends, roles, capacityGBps } = network;
  const reached = new Map<number, number>();
  for (let k = rows[nic]!; k < rows[nic + 1]!; k++) {
    const other = ends[arcs[k]! ^ 1]!;
    if (roles[other] === LEAF) continue;
    reached.set(other, (reached.get(other) ?? 0) + capacityGBps[arcs[k]! >> 1]!);
  }
  return reached;
}

/** Which GPUs may send through which others, over a link of the fabric: those that have no NIC nearer than SYS. */
function throughOwners(
  network: Network,
  near: NearestNics,
  position: ReadonlyMap<number, number>,
  sides: ReadonlyMap<number, number>,
): Pick<OutflowNetwork, 'owners' | 'lent'> {
  const { gpuVertices, rows, arcs, ends, fabric, capacityGBps } = network;
  const vertexCount = position.size;
  const ordinalOf = new Map([...gpuVertices].map((vertex, ordinal) => [vertex, ordinal]));
  const owners = new Int32Array(vertexCount).fill(-1);
  const lent = new Float64Array(gpuVertices.length * vertexCount);
  for (const [owner, side] of sides) {
    const to = position.get(side)!;
    owners[to] = ordinalOf.get(owner)!;
    for (let k = rows[owner]!; k < rows[owner + 1]!; k++) {
      const arc = arcs[k]!;
      const ordinal = ordinalOf.get(ends[arc ^ 1]!);
      if (fabric[arc >> 1] === 0 || ordinal === undefined || ((near.farGpus >>> ordinal) & 1) === 0) continue;
      lent[ordinal * vertexCount + to]! += capacityGBps[arc >> 1]!;
    }
  }
  return { owners, lent };
}
