import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { TierName } from '../../ids.js';
import { remembered } from '../../remembered.js';
import type { ClusterTopology } from '../../topology/index.js';

/**
 * The levels of a cluster, narrowest first: `server`, its tiers, and `cluster`, whose one domain contains all
 * servers. Each domain of a level is inside one domain of each later level.
 */
export function levelNames(cluster: ClusterTopology): TierName[] {
  return ['server', ...cluster.tiers.map(({ name }) => name).reverse(), 'cluster'];
}

/**
 * The position of a level among {@link levelNames}.
 *
 * @throws CorralError `invalid-request` if there is none of this name
 */
export function levelOf(cluster: ClusterTopology, name: TierName, path: ErrorPath): number {
  const names = levelNames(cluster);
  const level = names.indexOf(name);
  if (level === -1) {
    throw new CorralError(
      'invalid-request',
      path,
      `no level ${quote(name)}: levels are ${names.map(quote).join(', ')}`,
    );
  }
  return level;
}

/**
 * The domain of a level that contains a server.
 *
 * @param server - position in the cluster
 * @param level - position among {@link levelNames}
 * @returns a number that servers of the same domain share
 */
export function domainAt(cluster: ClusterTopology, server: number, level: number): number {
  if (level === 0) return server;
  return cluster.servers[server]!.domains[cluster.tiers.length - level] ?? 0;
}

/** The lowest level of which one domain contains all of the servers, at least one. */
export function lowestLevel(cluster: ClusterTopology, servers: readonly number[]): number {
  return levelNames(cluster).findIndex((_, level) =>
    servers.every((server) => domainAt(cluster, server, level) === domainAt(cluster, servers[0]!, level)),
  );
}

/** The servers of each domain of a level, domains in the order in which servers first name them. */
export function domainsAt(cluster: ClusterTopology, level: number): number[][] {
  const domains = new Map<number, number[]>();
  for (const server of cluster.servers.keys()) {
    remembered(domains, domainAt(cluster, server, level), () => []).push(server);
  }
  return [...domains.values()];
}
