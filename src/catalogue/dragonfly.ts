import * as v from 'valibot';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { strictFields } from '../topology/validate.js';
import { buildFabric } from './build-fabric.js';
import {
  countOption,
  parseOptions,
  portFields,
  portGbpsOption,
  portsToGBps,
  type ServerOption,
  type ServerPortOptions,
  sizeOption,
} from './builder-options.js';
import { fabricServer } from './fabric-server.js';

/** Most links between two groups: more is a unit mistake. */
const GROUP_LINKS_MAX = 4096;

/** Options of {@link dragonfly}. Ports usually carry 200 Gb/s (Slingshot 11). */
export interface DragonflyOptions extends ServerPortOptions {
  /** Server type: a name of the catalogue or a server document. Default `mi250x-frontier`. */
  readonly server?: ServerOption | undefined;
  /** Groups, all joined to each other. Default 74 (Frontier). */
  readonly groups?: number | undefined;
  /** Servers of one group. Default 128 (Frontier). */
  readonly serversPerGroup?: number | undefined;
  /** Links between each two groups. Default 4 (Frontier). */
  readonly linksPerGroupPair?: number | undefined;
  /** Rate of one of these links, Gb/s per direction. Default 200 (Slingshot 11). */
  readonly globalGbps?: number | undefined;
}

const optionsSchema = strictFields({
  ...portFields,
  server: v.optional(v.unknown(), 'mi250x-frontier'),
  groups: v.optional(sizeOption, 74),
  serversPerGroup: v.optional(sizeOption, 128),
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
    levels: [
      {
        tier: 'group',
        size: valid.serversPerGroup,
        ...(globalLinks > 0 && { uplink: { GBps: portsToGBps(globalLinks, valid.globalGbps) } }),
      },
    ],
    serverCount: valid.groups * valid.serversPerGroup,
    resources: valid,
  });
}
