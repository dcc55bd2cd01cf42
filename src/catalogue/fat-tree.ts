import * as v from 'valibot';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { strictFields } from '../topology/validate.js';
import { buildFabric } from './build-fabric.js';
import {
  oversubscriptionOption,
  parseOptions,
  portFields,
  type ServerOption,
  type ServerPortOptions,
  sizeOption,
} from './builder-options.js';
import { fabricServer } from './fabric-server.js';

/** Options of {@link fatTree}. Ports usually carry 400 Gb/s (InfiniBand NDR, 400G Ethernet). */
export interface FatTreeOptions extends ServerPortOptions {
  /** Server type: a name of the catalogue or a server document. Default `dgx-h100`. */
  readonly server?: ServerOption | undefined;
  /** Servers below one leaf switch (or leaf group). Default 16. */
  readonly serversPerLeaf?: number | undefined;
  /** Leaves of one pod, or of the cluster where there is one pod. Default 8. */
  readonly leavesPerPod?: number | undefined;
  /** Groups of leaves with spines of their own. Default 1: leaf and spine only, and no `pod` tier. */
  readonly pods?: number | undefined;
  /**
   * Rate below a leaf divided by the rate above it. Default 1, non-blocking. Below 1: more links up than
   * down. A leaf with 22 ports down and 18 up of one rate has 22/18.
   */
  readonly leafOversubscription?: number | undefined;
  /** Rate that enters a pod's spines from its leaves divided by the rate above them. Default 1. */
  readonly podOversubscription?: number | undefined;
}

const optionsSchema = strictFields({
  ...portFields,
  server: v.optional(v.unknown(), 'dgx-h100'),
  serversPerLeaf: v.optional(sizeOption, 16),
  leavesPerPod: v.optional(sizeOption, 8),
  pods: v.optional(sizeOption, 1),
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
  const leaf = {
    tier: 'leaf',
    size: valid.serversPerLeaf,
    uplink: { oversubscription: valid.leafOversubscription },
  };
  const pod = {
    tier: 'pod',
    size: valid.leavesPerPod,
    uplink: { oversubscription: valid.podOversubscription },
  };
  return buildFabric({
    server,
    levels: valid.pods > 1 ? [pod, leaf] : [leaf],
    serverCount: valid.pods * valid.leavesPerPod * valid.serversPerLeaf,
    resources: valid,
  });
}
