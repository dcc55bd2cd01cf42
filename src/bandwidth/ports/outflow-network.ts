import { remembered } from '../../remembered.js';
import { devicesOf } from '../../topology/device-at.js';
import { directedNetworkOf } from '../../topology/directed-network.js';
import { FORWARDS, GPU, LEAF, type Network, networkOf } from '../../topology/network.js';
import type { ServerTopology } from '../../topology/types.js';
import { addCapacity, contractForwarders, type ReducedLinks } from '../reduced-links.js';
import { type NearestNics, nearestNics } from './nearest-nics.js';

/**
 * The flow network from the GPUs of a server to its NICs, for any set of senders. All figures are GB/s per direction.
 *
 * Vertices are forwarders (switches, NUMA nodes, sockets) that a cut needs, NICs with several links, and for each GPU
 * that has NICs of its own its side towards them, so that other GPUs can reach these NICs through it. Where traffic
 * could make a detour through a third socket, every end of a link between sockets is kept as well.
 */
export interface OutflowNetwork {
  readonly gpuCount: number;
  readonly vertexCount: number;
  /** From vertex to vertex, row-major, vertexCount × vertexCount; nothing leaves a NIC. */
  readonly between: Float64Array;
  /**
   * The same without the links between sockets. Only on servers where traffic could make a detour through a third
   * socket; undefined on all others.
   */
  readonly betweenInside: Float64Array | undefined;
  /** From GPU to vertex, row-major, gpuCount × vertexCount: what a GPU of the set can send there. */
  readonly fromGpu: Float64Array;
  /** Vertex → the GPU whose side it is; -1 for all others. */
  readonly owners: Int32Array;
  /** As `fromGpu`, for sides of GPUs that are not in the set: what GPUs of the set may send through them. */
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

  // Ports at the end of a single link are joined to the vertex before it, unless that is a GPU.
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

/**
 * The links among GPUs and forwarders. Links from GPU to GPU do not count: nothing limits the flow inside the set.
 */
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

/** The vertices that {@link addPorts} adds, under numbers that the network does not use. */
interface Added {
  /** Vertex of NICs → the GPUs that use them, and what their ports carry together. */
  readonly ports: ReadonlyMap<number, Omit<Outlet, 'vertex'>>;
  /** Vertex of a GPU that has NICs of its own → the vertex of its side towards them. */
  readonly sides: ReadonlyMap<number, number>;
}

/**
 * Adds the compute NICs. NICs that have one link each, to the same vertex, and are used by the same GPUs, become one
 * vertex.
 */
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
    // A NIC with several links is a vertex by itself.
    const key = JSON.stringify([nearestTo, reached.size === 1 ? [...reached.keys()] : id]);
    const vertex = remembered(merged, key, add);
    remembered(ports, vertex, () => ({ nearestTo, GBps: 0 })).GBps += portGBps;
    for (const [other, gbps] of reached) {
      // The capacity of a single link is the least of link and port; several links each have their own.
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

/** The neighbours of a NIC without other NICs → GB/s. */
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

/** What GPUs without a NIC nearer than SYS may send through other GPUs, over links of the fabric. */
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
