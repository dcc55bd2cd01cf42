import { type PairRoutes, pairRoutesOf } from '../bandwidth/directed/pair-routes.js';
import { devicesOf } from '../topology/device-at.js';
import { GPU, type Network, networkOf } from '../topology/network.js';
import { routeArcs } from '../topology/route.js';
import type { ServerTopology } from '../topology/types.js';

/** Who crosses one link that touches no GPU. Masks: bit i for GPU ordinal i. */
interface Crossing {
  /** GPU → the GPUs whose route from it crosses the link. Length: GPUs. */
  readonly partners: Int32Array;
  /** The same, of routes inside the accelerator fabric only. */
  readonly fabricPartners: Int32Array;
  /** GPU → those of its partners whose route crosses the link twice, once each way, to pass through host memory. */
  readonly twice: Int32Array;
  /** The GPUs whose route to some NIC, NUMA node or socket crosses the link. */
  readonly hostUsers: number;
}

/**
 * The load that each set of GPUs puts on links that others could use.
 *
 * Every GPU of a set of k sends bandwidth / (k - 1) to each other one along its route. Where the accelerator
 * fabric alone carries a ring over the set, as libraries build them, traffic stays in it: then only routes inside
 * the fabric count. Others could use a link if it lies on the route between two devices outside the set: a GPU
 * and another GPU, or a GPU and a NIC, a NUMA node or a socket (its memory). So the links of the set's own GPUs do
 * not count (no route leads through a GPU), nor does a switch that only its GPUs reach; and the load of all GPUs
 * together is 0, for there are no others.
 *
 * @param server - a server type with n GPUs
 * @param bandwidthGBps - mask → bandwidth of the set; length 2^n
 * @param sizeOf - mask → number of GPUs; length 2^n
 * @returns mask → GB/s summed over the counted links and both their directions; length 2^n
 * @complexity O((n + links) × 2^n)
 */
export function sharedLoads(
  server: ServerTopology,
  bandwidthGBps: Float64Array,
  sizeOf: Uint8Array,
): Float64Array {
  const masks = bandwidthGBps.length;
  const crossed = new Float64Array(masks);
  const links = crossings(server);
  if (links.length === 0) return crossed;
  const ringed = fabricRings(pairRoutesOf(networkOf(server)));
  const pairs = new Uint8Array(masks);
  const fabricPairs = new Uint8Array(masks);
  const used = new Uint8Array(masks);
  for (const { partners, fabricPartners, twice, hostUsers } of links) {
    const crossesTwice = twice.some((mask) => mask !== 0);
    for (let mask = 1; mask < masks; mask++) {
      const low = 31 - Math.clz32(mask & -mask);
      const rest = mask & (mask - 1);
      const crossing = partners[low]! & rest;
      pairs[mask] = pairs[rest]! + sizeOf[crossing]!;
      if (crossesTwice) pairs[mask]! += sizeOf[twice[low]! & rest]!;
      fabricPairs[mask] = fabricPairs[rest]! + sizeOf[fabricPartners[low]! & rest]!;
      used[mask] = used[rest]! | ((hostUsers >>> low) & 1) | (crossing === 0 ? 0 : 1);
    }
    for (let mask = 1; mask < masks; mask++) {
      if (used[masks - 1 - mask] === 0) continue;
      crossed[mask]! += ringed[mask] === 1 ? fabricPairs[mask]! : pairs[mask]!;
    }
  }
  // Two directions per pair; a single GPU crosses nothing.
  return crossed.map((count, mask) =>
    count === 0 ? 0 : (2 * count * bandwidthGBps[mask]!) / (sizeOf[mask]! - 1),
  );
}

/**
 * Mask → 1 if the GPUs can be put in a ring (two: a pair) of which the accelerator fabric joins every two
 * neighbours without a third GPU. Paths from the lowest GPU, by the set of GPUs they visit: Held and Karp,
 * SIAM Journal 10, 1962.
 */
function fabricRings({ gpuCount, inFabric }: PairRoutes): Uint8Array {
  const masks = 2 ** gpuCount;
  /** GPU → mask of those that the fabric joins it to. */
  const joined = new Int32Array(gpuCount);
  for (let pair = 0; pair < gpuCount * gpuCount; pair++) {
    joined[Math.floor(pair / gpuCount)]! |= inFabric[pair]! << (pair % gpuCount);
  }
  /** Mask → mask of the GPUs at which a path from its lowest GPU through all of it can end. */
  const ends = new Int32Array(masks);
  const ringed = new Uint8Array(masks);
  for (let mask = 1; mask < masks; mask++) {
    const low = mask & -mask;
    if (mask === low) ends[mask] = mask;
    for (let rest = mask ^ low; rest !== 0; rest &= rest - 1) {
      const end = rest & -rest;
      if ((ends[mask ^ end]! & joined[31 - Math.clz32(end)]!) !== 0) ends[mask]! |= end;
    }
    if (mask !== low && (ends[mask]! & joined[31 - Math.clz32(low)]!) !== 0) ringed[mask] = 1;
  }
  return ringed;
}

/** The links that touch no GPU and lie on the route of some pair, in the order in which routes meet them. */
function crossings(server: ServerTopology): Crossing[] {
  const network = networkOf(server);
  const routes = pairRoutesOf(network);
  const { gpuCount } = routes;
  const byLink = new Map<number, { -readonly [field in keyof Crossing]: Crossing[field] }>();
  for (let pair = 0; pair < gpuCount * gpuCount; pair++) {
    const from = Math.floor(pair / gpuCount);
    const to = pair % gpuCount;
    for (const link of linksBetween(network, routes, pair)) {
      let crossing = byLink.get(link);
      if (crossing === undefined) {
        crossing = {
          partners: new Int32Array(gpuCount),
          fabricPartners: new Int32Array(gpuCount),
          twice: new Int32Array(gpuCount),
          hostUsers: 0,
        };
        byLink.set(link, crossing);
      }
      if (((crossing.partners[from]! >>> to) & 1) === 1) crossing.twice[from]! |= 1 << to;
      crossing.partners[from]! |= 1 << to;
      if (routes.inFabric[pair] === 1) crossing.fabricPartners[from]! |= 1 << to;
    }
  }
  // Behind one NVSwitch or in a mesh no link is shared, and the routes to the host need not be found.
  if (byLink.size === 0) return [];
  const hosts = hostVertices(server, network);
  network.gpuVertices.forEach((vertex, gpu) => {
    for (const host of hosts) {
      for (const arc of routeArcs(network, vertex, host)?.arcs ?? []) {
        const crossing = byLink.get(arc >> 1);
        if (crossing !== undefined) crossing.hostUsers |= 1 << gpu;
      }
    }
  });
  return [...byLink.values()];
}

/** The links of a pair's route that touch no GPU: all but its first and last. */
function linksBetween(network: Network, routes: PairRoutes, pair: number): number[] {
  const links: number[] = [];
  for (const arc of routes.arcs[pair] ?? []) {
    const touchesGpu =
      network.roles[network.ends[arc]!] === GPU || network.roles[network.ends[arc ^ 1]!] === GPU;
    if (!touchesGpu) links.push(arc >> 1);
  }
  return links;
}

/** What a GPU talks to besides GPUs: NICs, and memory at NUMA nodes and sockets. */
function hostVertices(server: ServerTopology, network: Network): number[] {
  const hosts: number[] = [];
  const devices = devicesOf(server);
  network.devices.forEach((id, vertex) => {
    const { kind } = devices.get(id)!;
    if (kind === 'nic' || kind === 'numa' || kind === 'socket') hosts.push(vertex);
  });
  return hosts;
}
