import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { ClusterTopology } from './cluster-topology.js';
import type { ServerTopology } from './server-topology.js';

/**
 * A cluster as given, or a lone server type as a cluster of one server whose id is its name.
 *
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` at `path` for a document in place of a topology, and for anything else
 */
export function asCluster(topology: ServerTopology | ClusterTopology, path: ErrorPath): ClusterTopology {
  if (isServer(topology)) {
    const server = { id: topology.name, type: topology, gpuModel: topology.document.gpuModel, domains: [] };
    return { tiers: [], servers: [server] };
  }
  const { servers } = (topology ?? {}) as Partial<ClusterTopology>;
  if (Array.isArray(servers) && isServer(servers[0]?.type)) return topology as ClusterTopology;
  throw new CorralError(
    'invalid-option',
    path,
    `expected what serverTopology(document) or clusterTopology(document) returns, got ${quote(topology)}`,
  );
}

function isServer(value: unknown): value is ServerTopology {
  if (typeof value !== 'object' || value === null) return false;
  const { graph, gpus, document } = value as Partial<ServerTopology>;
  return typeof graph === 'object' && Array.isArray(gpus) && typeof document === 'object';
}
