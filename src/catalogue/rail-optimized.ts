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
  type ServerOption,
  serverFields,
  sizeOption,
} from './builder-options.js';
import { fabricServer } from './fabric-server.js';

/** Options of {@link railOptimized}. */
export interface RailOptimizedOptions extends FabricServerOptions {
  /** Server type: a name of the catalogue or a server document. Default `dgx-h100`. */
  readonly server?: ServerOption | undefined;
  /** Servers that share one leaf per rail. Default 32 (DGX SuperPOD H100 and B200 reference architectures). */
  readonly serversPerUnit?: number | undefined;
  /** Number of units. Default 4; 1 is a rail-only cluster, which needs no spine. */
  readonly units?: number | undefined;
  /**
   * Rails: compute NICs of one server, the first in document order, that each go to a leaf of their own. The others are
   * left out. Default: all. More rails than it has NICs are spread evenly over the NICs.
   */
  readonly railsPerServer?: number | undefined;
  /**
   * Rate of one rail, Gb/s per direction. Default: that of the server's own ports where it states one rate for all, else
   * 400 (InfiniBand NDR).
   */
  readonly railGbps?: number | undefined;
  /** Rate below the leaves of a unit divided by the rate above them. Default 1, non-blocking. */
  readonly oversubscription?: number | undefined;
}

const optionsSchema = strictFields({
  ...serverFields,
  server: v.optional(v.unknown(), 'dgx-h100'),
  serversPerUnit: v.optional(sizeOption, 32),
  units: v.optional(sizeOption, 4),
  railsPerServer: v.optional(portsOption),
  railGbps: v.optional(portGbpsOption),
  oversubscription: v.optional(oversubscriptionOption, 1),
});

/**
 * Builds a rail-optimised network: in each unit, NIC `r` of every server is on leaf `r`; spines join the units.
 *
 * Rails are not a tree. The document contains the tree of their locality groups. Servers of one unit reach each other
 * below its leaves on any rail, because traffic between rails first changes the GPU inside the server (NCCL's PXN,
 * src/graph/paths.cc). Only traffic between units loads the uplinks, which are those of all rails together. That is
 * exact for gangs of whole servers, and for any gang alone unless `oversubscription` exceeds `serversPerUnit`; see
 * docs/rooms/catalogue.md for gangs that use only some rails. The server type is written with the rails asked for; if it
 * states exactly these it is unchanged.
 *
 * @param options - see {@link RailOptimizedOptions}; all have defaults
 * @returns a cluster document with the tier `unit`
 * @throws CorralError `invalid-option` or `unknown-topology`, or `limit-exceeded` above 65,536 servers
 * @complexity O(servers)
 * @example
 * ```ts
 * railOptimized({ units: 2 }).uplinks?.unit; // { GBps: 12800 }: 32 servers · 8 rails · 50 GB/s
 * ```
 */
export function railOptimized(options: RailOptimizedOptions = {}): ClusterDocument {
  const valid = parseOptions(optionsSchema, options);
  const server = fabricServer(valid.server, {
    builder: 'railOptimized',
    ports: valid.railsPerServer,
    portsName: 'railsPerServer',
    gbps: valid.railGbps,
    gbpsName: 'railGbps',
    usualGbps: 400,
  });
  const unit = {
    tier: 'unit',
    size: valid.serversPerUnit,
    uplink: { oversubscription: valid.oversubscription },
  };
  return buildFabric({
    server,
    levels: [unit],
    serverCount: valid.units * valid.serversPerUnit,
    resources: valid,
  });
}
