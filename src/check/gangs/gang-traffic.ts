import { remembered } from '../../remembered.js';
import { acceleratorGBpsPerGpuOf, type ClusterTopology, uplinkGBpsOf } from '../../topology/index.js';
import { ordinalsOf, sizeOf } from '../bandwidth/gpu-set.js';
import { referenceBandwidth } from '../bandwidth/reference-bandwidth.js';
import { loadOfSet, nicBandwidthOfSet } from '../sets/set-figures.js';
import { domainsAt } from './levels.js';

/** Bits of the GPUs that a gang takes, by position of the server. */
export type TakenGpus = readonly number[];

/** A set of servers with the limits of their traffic. */
interface Domain {
  readonly servers: readonly number[];
  /** GPUs of all its servers. */
  readonly gpus: number;
  /** GB/s per direction out of it; Infinity = not limiting. */
  readonly uplinkGBps: number;
  /** GB/s per GPU inside; undefined if it is no accelerator fabric. */
  readonly acceleratorGBps: number | undefined;
}

/** The domains of a cluster that limit gangs. */
interface Crossings {
  /** Domains without NIC traffic inside: accelerator domains, and the servers outside of them. */
  readonly islands: readonly Domain[];
  /** All other domains outside accelerator domains. */
  readonly wider: readonly Domain[];
}

const known = new WeakMap<ClusterTopology, Crossings>();

/**
 * The bandwidth of the best possible schedule over n GPUs anywhere in a cluster, by its definition.
 *
 * On one server it is {@link referenceBandwidth}; in one accelerator domain, the bandwidth per GPU of the domain.
 * Otherwise it is the least of two kinds of limits: the bandwidth inside each island with two or more of the GPUs,
 * and (n - 1) c(D) / max(g, n - g) for every island and every other domain D outside accelerator domains with 0 < g <
 * n of the GPUs. Islands are accelerator domains, and the servers outside of them. c(D) is the uplink of the domain,
 * and for an island at most the sum over its servers of the flow from the GPUs to the ports.
 *
 * @param taken - the GPUs
 * @returns GB/s per GPU and direction; null for fewer than two GPUs
 * @throws CorralError `limit-exceeded` as {@link referenceBandwidth} does
 * @complexity O(servers × tiers) besides the cuts of each set, which are kept
 */
export function gangBandwidthGBps(cluster: ClusterTopology, taken: TakenGpus): number | null {
  const n = gpusIn(taken, [...taken.keys()]);
  if (n < 2) return null;
  const only = taken.findIndex((mask) => sizeOf(mask) === n);
  if (only !== -1) return setBandwidthGBps(cluster, only, taken[only]!);
  const { islands, wider } = crossingsOf(cluster);
  let least = Number.POSITIVE_INFINITY;
  for (const { servers, uplinkGBps, acceleratorGBps } of islands) {
    const inside = gpusIn(taken, servers);
    if (inside >= 2) {
      least = Math.min(least, acceleratorGBps ?? setBandwidthGBps(cluster, servers[0]!, taken[servers[0]!]!));
    }
    if (inside === 0 || inside === n) continue;
    const nicGBps = servers.reduce((sum, server) => sum + nicGBpsOf(cluster, server, taken[server]!), 0);
    least = Math.min(least, ((n - 1) * Math.min(uplinkGBps, nicGBps)) / Math.max(inside, n - inside));
  }
  for (const { servers, uplinkGBps } of wider) {
    const inside = gpusIn(taken, servers);
    if (inside === 0 || inside === n) continue;
    least = Math.min(least, ((n - 1) * uplinkGBps) / Math.max(inside, n - inside));
  }
  return least;
}

/**
 * The load of the traffic of n GPUs on links that others could use: GB/s summed over links and directions, in units
 * of what two of the GPUs exchange, bandwidth / (n - 1).
 *
 * On one server it is {@link referenceSharedLoad} in this unit. On several servers it is the sum of that over the
 * servers that are islands, each in its own unit, plus 2 g (n - g) for every island and wider domain with 0 < g < n
 * of the GPUs that contains a GPU outside the set.
 *
 * @param taken - the GPUs
 * @returns 0 for fewer than two GPUs; in one server 0 where nothing joins them
 * @complexity O(servers × tiers) besides the routes of each set, which are kept
 */
export function gangLoad(cluster: ClusterTopology, taken: TakenGpus): number {
  const n = gpusIn(taken, [...taken.keys()]);
  const only = taken.findIndex((mask) => sizeOf(mask) === n);
  if (only !== -1) return loadInside(cluster, only, taken[only]!);
  const { islands, wider } = crossingsOf(cluster);
  let load = 0;
  for (const { servers, acceleratorGBps } of islands) {
    if (acceleratorGBps === undefined) load += loadInside(cluster, servers[0]!, taken[servers[0]!]!);
  }
  for (const { servers, gpus } of [...islands, ...wider]) {
    const inside = gpusIn(taken, servers);
    if (inside > 0 && inside < n && gpus > inside) load += 2 * inside * (n - inside);
  }
  return load;
}

/** The load on links that others could use inside one server, in units of what two of the GPUs exchange. */
function loadInside(cluster: ClusterTopology, server: number, mask: number): number {
  if (sizeOf(mask) < 2) return 0;
  const GBps = setBandwidthGBps(cluster, server, mask);
  if (GBps === 0) return 0;
  return (loadOfSet(cluster.servers[server]!.type, ordinalsOf(mask)) * (sizeOf(mask) - 1)) / GBps;
}

function setBandwidthGBps(cluster: ClusterTopology, server: number, mask: number): number {
  return referenceBandwidth(cluster.servers[server]!.type, ordinalsOf(mask));
}

function nicGBpsOf(cluster: ClusterTopology, server: number, mask: number): number {
  return mask === 0 ? 0 : nicBandwidthOfSet(cluster.servers[server]!.type, ordinalsOf(mask));
}

function gpusIn(taken: TakenGpus, servers: readonly number[]): number {
  return servers.reduce((sum, server) => sum + sizeOf(taken[server]!), 0);
}

function crossingsOf(cluster: ClusterTopology): Crossings {
  return remembered(known, cluster, () => {
    const islands: Domain[] = [];
    const wider: Domain[] = [];
    // From the widest tier to the servers, so that domains inside accelerator domains are recognised.
    const inside = new Set<number>();
    cluster.tiers.forEach((tier, t) => {
      domainsAt(cluster, cluster.tiers.length - t).forEach((servers, d) => {
        if (inside.has(servers[0]!)) return;
        const acceleratorGBps = acceleratorGBpsPerGpuOf(tier, d);
        const domain = {
          servers,
          gpus: gpusOf(cluster, servers),
          uplinkGBps: uplinkGBpsOf(tier, d),
          acceleratorGBps,
        };
        if (acceleratorGBps === undefined) wider.push(domain);
        else {
          islands.push(domain);
          for (const server of servers) inside.add(server);
        }
      });
    });
    for (const server of cluster.servers.keys()) {
      if (inside.has(server)) continue;
      const servers = [server];
      const gpus = gpusOf(cluster, servers);
      islands.push({ servers, gpus, uplinkGBps: Number.POSITIVE_INFINITY, acceleratorGBps: undefined });
    }
    return { islands, wider };
  });
}

function gpusOf(cluster: ClusterTopology, servers: readonly number[]): number {
  return servers.reduce((sum, server) => sum + cluster.servers[server]!.type.gpus.length, 0);
}
