import * as v from 'valibot';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { strictFields } from '../topology/validate.js';
import { buildFabric } from './build-fabric.js';
import {
  countOption,
  type FabricServerOptions,
  parseOptions,
  portGbpsOption,
  portsOption,
  portsToGBps,
  quantityOption,
  type ServerOption,
  sizeOption,
} from './builder-options.js';
import { fabricServer } from './fabric-server.js';

/** Most links between two groups: more is a unit mistake. */
const GROUP_LINKS_MAX = 4096;

/** Options of {@link dragonfly}. */
export interface DragonflyOptions extends FabricServerOptions {
  /** Server type: a name of the catalogue or a server document. Default `mi250x-frontier`. */
  readonly server?: ServerOption | undefined;
  /** Groups, all joined to each other. Default 74 (Frontier). */
  readonly groups?: number | undefined;
  /** Servers of one group. Default 128 (Frontier). */
  readonly serversPerGroup?: number | undefined;
  /**
   * Ports that join one server to its group: its first compute NICs in document order; the others are left out.
   * Default: all. More than it has are
   * spread evenly over its NICs.
   */
  readonly portsPerServer?: number | undefined;
  /**
   * Rate of one of these ports, Gb/s per direction. Default: that of the server's own ports where it states one rate for
   * all, else 200 (Slingshot 11).
   */
  readonly portGbps?: number | undefined;
  /** Links between each two groups. Default 4 (Frontier). */
  readonly linksPerGroupPair?: number | undefined;
  /** Rate of one of these links, Gb/s per direction. Default 200 (Slingshot 11). */
  readonly globalGbps?: number | undefined;
}

const optionsSchema = strictFields({
  cpuMilli: v.optional(quantityOption),
  memoryMiB: v.optional(quantityOption),
  server: v.optional(v.unknown(), 'mi250x-frontier'),
  groups: v.optional(sizeOption, 74),
  serversPerGroup: v.optional(sizeOption, 128),
  portsPerServer: v.optional(portsOption),
  portGbps: v.optional(portGbpsOption),
  linksPerGroupPair: v.optional(countOption(GROUP_LINKS_MAX), 4),
  globalGbps: v.optional(portGbpsOption, 200),
});

/**
 * Builds a dragonfly: groups of servers that are non-blocking inside and joined pairwise by global links.
 *
 * A dragonfly is no tree. The document gives the tree of its groups, each with the sum of its global links as
 * uplink (Frontier: 73 · 4 · 200 Gb/s = 58.4 Tb/s, against 102.4 Tb/s that its servers inject). That is what
 * adaptive routing reaches between many groups; two groups alone have only their direct links without a detour.
 *
 * @param options - see {@link DragonflyOptions}; all have defaults
 * @returns a cluster document with the tier `group`
 * @throws CorralError `invalid-option` or `unknown-topology`, or `limit-exceeded` above 65,536 servers
 * @complexity O(servers)
 * @see Kim, Dally, Scott and Abts, Technology-Driven, Highly-Scalable Dragonfly Topology, ISCA 2008
 * @example
 * ```ts
 * dragonfly().uplinks?.group; // { GBps: 7300 }
 * ```
 */
export function dragonfly(options: DragonflyOptions = {}): ClusterDocument {
  const valid = parseOptions(optionsSchema, options);
  const server = fabricServer(valid.server, {
    builder: 'dragonfly',
    ports: valid.portsPerServer,
    portsName: 'portsPerServer',
    gbps: valid.portGbps,
    gbpsName: 'portGbps',
    usualGbps: 200,
  });
  const globalLinks = (valid.groups - 1) * valid.linksPerGroupPair;
  return buildFabric({
    server,
    serverWord: 'server',
    levels: [
      {
        tier: 'group',
        size: valid.serversPerGroup,
        ...(globalLinks > 0 && { uplinkGBps: portsToGBps(globalLinks, valid.globalGbps) }),
      },
    ],
    serverCount: valid.groups * valid.serversPerGroup,
    resources: valid,
  });
}
