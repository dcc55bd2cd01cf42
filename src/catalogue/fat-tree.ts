import * as v from 'valibot';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { strictFields } from '../topology/validate.js';
import { buildFabric } from './build-fabric.js';
import {
  type FabricServerOptions,
  oversubscriptionOption,
  parseOptions,
  portGbpsOption,
  portsOption,
  quantityOption,
  type ServerOption,
  sizeOption,
} from './builder-options.js';
import { fabricServer } from './fabric-server.js';

/** Options of {@link fatTree}. */
export interface FatTreeOptions extends FabricServerOptions {
  /** Server type: a name of the catalogue or a server document. Default `dgx-h100`. */
  readonly server?: ServerOption | undefined;
  /** Servers below one leaf switch (or leaf group). Default 16. */
  readonly serversPerLeaf?: number | undefined;
  /** Leaves of one pod, or of the cluster where there is one pod. Default 8. */
  readonly leavesPerPod?: number | undefined;
  /** Groups of leaves with spines of their own. Default 1: leaf and spine only, and no `pod` tier. */
  readonly pods?: number | undefined;
  /**
   * Ports that join one server to the fabric: its first compute NICs in document order; the others are left out.
   * Default: all. More than it has are
   * spread evenly over its NICs.
   */
  readonly portsPerServer?: number | undefined;
  /**
   * Rate of one of these ports, Gb/s per direction. Default: that of the server's own ports where it states one rate for
   * all, else 400 (InfiniBand NDR, 400G Ethernet).
   */
  readonly portGbps?: number | undefined;
  /**
   * Rate below a leaf divided by the rate above it. Default 1, non-blocking. Below 1: more links up than
   * down. A leaf with 22 ports down and 18 up of one rate has 22/18.
   */
  readonly leafOversubscription?: number | undefined;
  /** Rate that enters a pod's spines from its leaves divided by the rate above them. Default 1. */
  readonly podOversubscription?: number | undefined;
}

const optionsSchema = strictFields({
  cpuMilli: v.optional(quantityOption),
  memoryMiB: v.optional(quantityOption),
  server: v.optional(v.unknown(), 'dgx-h100'),
  serversPerLeaf: v.optional(sizeOption, 16),
  leavesPerPod: v.optional(sizeOption, 8),
  pods: v.optional(sizeOption, 1),
  portsPerServer: v.optional(portsOption),
  portGbps: v.optional(portGbpsOption),
  leafOversubscription: v.optional(oversubscriptionOption, 1),
  podOversubscription: v.optional(oversubscriptionOption, 1),
});

/**
 * Builds a folded Clos network: servers below leaves, leaves below spines, and pods of leaves below a core.
 *
 * Oversubscription is a property of one level, downlinks divided by uplinks of the same switches (Leiserson,
 * fat trees, 1985; the usual datasheet figure), so the ratios of leaf and pod multiply. The server type is written with the
 * ports asked for; where it states just these it stays as given. So n GPUs in equal pods of g on servers whose ports carry
 * N GB/s together reach at most (n − 1) N / max(g, n − g).
 *
 * @param options - see {@link FatTreeOptions}; all have defaults
 * @returns a cluster document with tiers `leaf`, or `pod` and `leaf` if there are several pods
 * @throws CorralError `invalid-option` or `unknown-topology`, or `limit-exceeded` above 65,536 servers
 * @complexity O(servers)
 * @example
 * ```ts
 * fatTree({ serversPerLeaf: 4, leavesPerPod: 2, pods: 2, podOversubscription: 2 }).servers.length; // 16
 * ```
 */
export function fatTree(options: FatTreeOptions = {}): ClusterDocument {
  const valid = parseOptions(optionsSchema, options);
  const server = fabricServer(valid.server, {
    builder: 'fatTree',
    ports: valid.portsPerServer,
    portsName: 'portsPerServer',
    gbps: valid.portGbps,
    gbpsName: 'portGbps',
    usualGbps: 400,
  });
  const leafGBps = (valid.serversPerLeaf * server.GBps) / valid.leafOversubscription;
  const leaf = { tier: 'leaf', size: valid.serversPerLeaf, uplinkGBps: leafGBps };
  const pod = {
    tier: 'pod',
    size: valid.leavesPerPod,
    uplinkGBps: (valid.leavesPerPod * leafGBps) / valid.podOversubscription,
  };
  return buildFabric({
    server,
    serverWord: 'server',
    levels: valid.pods > 1 ? [pod, leaf] : [leaf],
    serverCount: valid.pods * valid.leavesPerPod * valid.serversPerLeaf,
    resources: valid,
  });
}
