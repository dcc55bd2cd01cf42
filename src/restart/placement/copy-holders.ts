import { readFields } from '../../checks/fields.js';
import { integer } from '../../checks/quantity.js';
import { CorralError, quote } from '../../errors.js';
import type { TierName } from '../../ids.js';
import type { Placement } from '../../placement/request/placement.js';
import { checkCluster } from '../../topology/expected-topology.js';
import type { ClusterTopology } from '../../topology/types.js';
import { gangOf, positionsById } from './gang.js';

/**
 * The holders of the checkpoint part of each server of a gang. Servers are in the order in which the placement first
 * names them; a holder is a position in that order. A server may, but need not, hold its own part.
 */
export type CopyHolders = readonly (readonly number[])[];

/** Options of {@link copyHolders}. */
export interface CopyHolderOptions {
  /** Number of copies of each part, including the one in its own server; default 2. */
  readonly copies?: number | undefined;
  /** Tier in whose domains no two copies may be together; default: only on different servers. */
  readonly apart?: TierName | undefined;
}

/**
 * Distributes in-memory copies. Every server keeps its own part; further copies go to the next servers of the gang,
 * cyclically, that are in other domains of `apart`.
 *
 * @param placement - of the cluster
 * @returns holders of each part; fewer than `copies` if the gang is in fewer domains
 * @throws CorralError as `failureDomains`, and `invalid-option`
 * @complexity O(servers × copies × servers of one domain)
 */
export function copyHolders(
  placement: Pick<Placement, 'pods'>,
  cluster: ClusterTopology,
  options: CopyHolderOptions = {},
): CopyHolders {
  checkCluster(cluster, ['cluster']);
  const given = readFields(options, ['copies', 'apart']);
  const copies = integer(given.copies ?? 2, 1, 16, 'copies');
  const { servers } = gangOf(placement, cluster, positionsById(cluster));
  const tier = given.apart === undefined ? -1 : cluster.tiers.findIndex((t) => t.name === given.apart);
  if (given.apart !== undefined && tier < 0) {
    throw new CorralError(
      'unknown-reference',
      ['apart'],
      `no tier ${quote(given.apart)}: tiers are ${cluster.tiers.map((t) => quote(t.name)).join(', ')}`,
    );
  }
  const n = servers.length;
  const place = servers.map((s) => (tier < 0 ? s.position : s.server.domains[tier]!));
  const domains = Math.min(copies, new Set(place).size);
  return servers.map((_, own) => {
    const holders = [own];
    const taken = new Set([place[own]!]);
    for (let step = 1; step < n && holders.length < domains; step++) {
      const candidate = (own + step) % n;
      if (taken.has(place[candidate]!)) continue;
      taken.add(place[candidate]!);
      holders.push(candidate);
    }
    return holders;
  });
}
