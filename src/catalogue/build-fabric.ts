import { CorralError } from '../errors.js';
import type { ClusterDocument, ServerEntry } from '../topology/cluster-document.js';
import { BANDWIDTH_MAX_GBPS, BANDWIDTH_MIN_GBPS } from '../units.js';
import { FABRIC_SERVERS_MAX } from './builder-options.js';
import type { FabricServer } from './fabric-server.js';

/** A level of the tree, from the point of view of one domain. */
export interface FabricLevel {
  readonly tier: string;
  /** Members of one domain: domains of the next narrower level, or servers on the narrowest. */
  readonly size: number;
  /**
   * Rate between one domain and the rest: GB/s per direction, or what all members send together divided by an
   * oversubscription. Absent = not limiting.
   */
  readonly uplink?: { readonly oversubscription: number } | { readonly GBps: number };
}

/**
 * Builds the document of a tree of equal domains; the last domain of a level may be smaller.
 *
 * Servers are in order of locality, neighbours in the list are neighbours in the fabric. Ids say where a member
 * is (`unit1-rack3-tray7`) for the reader; nothing takes them apart.
 *
 * @param fabric.server - the type of every server, and what its ports carry
 * @param fabric.serverWord - how server ids end; default `server`: `unit0-server3`
 * @param fabric.levels - widest first
 * @param fabric.serverCount - servers in all
 * @param fabric.resources - CPU and memory of each server
 * @param fabric.accelerator - the tier that is an accelerator domain
 * @throws CorralError `limit-exceeded` above {@link FABRIC_SERVERS_MAX} servers; `invalid-option` for an uplink that no
 * document may have
 * @complexity O(servers · levels)
 */
export function buildFabric(fabric: {
  readonly server: FabricServer;
  readonly serverWord?: string;
  readonly levels: readonly FabricLevel[];
  readonly serverCount: number;
  readonly resources: { readonly cpuMilli?: number | undefined; readonly memoryMiB?: number | undefined };
  readonly accelerator?: NonNullable<ClusterDocument['accelerator']>;
}): ClusterDocument {
  const { server, serverWord = 'server', levels, serverCount, resources } = fabric;
  if (serverCount > FABRIC_SERVERS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${serverCount} servers, at most ${FABRIC_SERVERS_MAX}: build fewer domains, or smaller ones`,
    );
  }
  const { cpuMilli, memoryMiB } = resources;
  // Servers below one domain of each level.
  const below = levels.map((_, i) => levels.slice(i).reduce((product, level) => product * level.size, 1));
  const servers: ServerEntry[] = [];
  for (let s = 0; s < serverCount; s++) {
    const domains: Record<string, string> = {};
    let prefix = '';
    let rest = s;
    levels.forEach((level, i) => {
      const domain = `${prefix}${level.tier}${Math.floor(rest / below[i]!)}`;
      domains[level.tier] = domain;
      prefix = `${domain}-`;
      rest %= below[i]!;
    });
    servers.push({
      id: `${prefix}${serverWord}${rest}`,
      type: server.name,
      domains,
      ...(cpuMilli !== undefined && { cpuMilli }),
      ...(memoryMiB !== undefined && { memoryMiB }),
    });
  }
  const uplinks: Record<string, { GBps: number }> = {};
  const rates = uplinkRates(levels, server.GBps);
  for (const [i, { tier }] of levels.entries()) {
    const uplinkGBps = rates[i];
    if (uplinkGBps === undefined) continue;
    if (uplinkGBps < BANDWIDTH_MIN_GBPS || uplinkGBps > BANDWIDTH_MAX_GBPS) {
      throw new CorralError(
        'invalid-option',
        [],
        `the uplink of a ${tier} would carry ${uplinkGBps} GB/s, and the limits are ${BANDWIDTH_MIN_GBPS} and ${BANDWIDTH_MAX_GBPS}: change sizes, ports, rates or oversubscription`,
      );
    }
    uplinks[tier] = { GBps: uplinkGBps };
  }
  return {
    tiers: levels.map((level) => level.tier),
    servers,
    types: { [server.name]: server.type },
    uplinks,
    ...(fabric.accelerator !== undefined && { accelerator: fabric.accelerator }),
  };
}

/**
 * What one domain of each level exchanges with the rest, GB/s per direction; undefined where nothing limits.
 *
 * @param serverGBps - what the ports of one server carry
 */
function uplinkRates(levels: readonly FabricLevel[], serverGBps: number): readonly (number | undefined)[] {
  let memberGBps: number | undefined = serverGBps;
  // The members of the narrowest level are servers, those of a wider one its narrower domains.
  return levels
    .toReversed()
    .map(({ size, uplink }) => {
      memberGBps =
        uplink === undefined || memberGBps === undefined
          ? undefined
          : 'GBps' in uplink
            ? uplink.GBps
            : (size * memberGBps) / uplink.oversubscription;
      return memberGBps;
    })
    .reverse();
}
