import { nicBandwidth } from '../../bandwidth/ports/nic-bandwidth.js';
import { remembered } from '../../remembered.js';
import { acceleratorGBpsPerGpuOf, uplinkGBpsOf } from '../../topology/cluster-topology.js';
import type { ClusterServer, ClusterTopology, ServerTopology } from '../../topology/types.js';

/** Bandwidths between servers of a cluster for the transfer of checkpoint parts. */
export class TransferPaths {
  readonly #cluster: ClusterTopology;
  readonly #nicGBps: number | undefined;
  /** Tier → domain → its uplink divided by the number of servers inside, GB/s. */
  readonly #uplinkShareGBps: readonly (readonly number[])[];
  /** Server type → GB/s into and out of one server. */
  readonly #typeGBps = new Map<ServerTopology, number>();

  /**
   * @param nicGBps - into and out of one server; default: {@link nicBandwidth} of all GPUs of its type
   */
  constructor(cluster: ClusterTopology, nicGBps: number | undefined) {
    this.#cluster = cluster;
    this.#nicGBps = nicGBps;
    const servers = cluster.tiers.map((tier) => new Array<number>(tier.domains.length).fill(0));
    for (const server of cluster.servers) {
      server.domains.forEach((domain, t) => {
        servers[t]![domain]!++;
      });
    }
    this.#uplinkShareGBps = cluster.tiers.map((tier, t) =>
      servers[t]!.map((count, domain) => uplinkGBpsOf(tier, domain) / count),
    );
  }

  /**
   * Position of the narrowest tier with both servers in one domain; -1 if there is none, and the number of tiers if
   * the two are one server.
   */
  commonTier(a: number, b: number): number {
    if (a === b) return this.#cluster.tiers.length;
    const { domains } = this.#cluster.servers[a]!;
    const others = this.#cluster.servers[b]!.domains;
    let t = this.#cluster.tiers.length - 1;
    while (t >= 0 && domains[t] !== others[t]) t--;
    return t;
  }

  /**
   * GB/s from one server to another: the least of the NIC ports and of the uplinks below their common tier, each
   * uplink divided by its servers, because other servers use it as well. Two servers in one accelerator domain reach
   * the bandwidth of its fabric if that is more.
   */
  betweenGBps(a: number, b: number): number {
    const common = this.commonTier(a, b);
    const { tiers, servers } = this.#cluster;
    const from = servers[a]!;
    const to = servers[b]!;
    let narrowest = Math.min(this.#ofServer(from), this.#ofServer(to));
    for (let t = common + 1; t < tiers.length; t++) {
      const shares = this.#uplinkShareGBps[t]!;
      narrowest = Math.min(narrowest, shares[from.domains[t]!]!, shares[to.domains[t]!]!);
    }
    for (let t = 0; t <= common && t < tiers.length; t++) {
      const perGpu = acceleratorGBpsPerGpuOf(tiers[t]!, from.domains[t]!);
      if (perGpu === undefined) continue;
      return Math.max(narrowest, perGpu * Math.min(from.type.gpus.length, to.type.gpus.length));
    }
    return narrowest;
  }

  #ofServer(server: ClusterServer): number {
    if (this.#nicGBps !== undefined) return this.#nicGBps;
    return remembered(this.#typeGBps, server.type, (type) => {
      const reached = nicBandwidth(type, [...type.gpus.keys()]);
      // A server type whose GPUs reach no compute NIC does not describe its network: not limiting.
      return reached === 0 ? Number.POSITIVE_INFINITY : reached;
    });
  }
}
