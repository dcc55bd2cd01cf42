import { callForeign } from '../checks/plain-data.js';
import { CorralError, type ErrorPath, unexpected } from '../errors.js';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { buildClusterTopology, type ClusterTopology } from '../topology/cluster-topology.js';
import { builtCluster, COPY, isCluster, isCopy, isServer } from '../topology/expected-topology.js';
import type { ServerDocument } from '../topology/server-document.js';
import { type ServerTopology, serverTopologyAt } from '../topology/server-topology.js';
import { topologyAt } from './topology.js';

/** A cluster, or a lone server, as a function may be given it: as a topology, or as the document of one. */
export type TopologyOrDocument = ServerTopology | ClusterTopology | ServerDocument | ClusterDocument;

/**
 * The cluster that a caller means: a lone server is a cluster of one server whose id is its name.
 *
 * @param given - a topology, or a document, whose server types may be names of the catalogue
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` at `path` for anything else; below `path` for what is wrong with a document
 * @complexity O(1) for a topology; that of building one for a document
 */
export function asCluster(given: TopologyOrDocument, path: ErrorPath): ClusterTopology {
  if (isCluster(given)) return given;
  if (!isServer(given) && has(given, 'types', path)) {
    return at(path, () => buildClusterTopology(given, topologyAt));
  }
  const type = asServer(given as ServerTopology | ServerDocument, path);
  return builtCluster({
    tiers: [],
    servers: [{ id: type.name, type, gpuModel: type.document.gpuModel, domains: [] }],
  });
}

/**
 * The server type that a caller means.
 *
 * @param given - a server topology, or a server document
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` at `path` for anything else; below `path` for what is wrong with a document
 * @complexity O(1) for a topology; that of building one for a document
 */
export function asServer(given: ServerTopology | ServerDocument, path: ErrorPath): ServerTopology {
  if (isServer(given)) return given;
  if (has(given, 'devices', path)) return serverTopologyAt(given, path);
  if (typeof given === 'object' && given !== null && callForeign(() => isCopy(given), path)) {
    throw new CorralError('invalid-option', path, COPY);
  }
  throw unexpected(
    given,
    'a document, or what serverTopology(document) or clusterTopology(document) returns',
    path,
  );
}

/** Whether a value is an object with a field, which tells documents from all else. */
function has(value: unknown, field: string, path: ErrorPath): boolean {
  return typeof value === 'object' && value !== null && callForeign(() => field in value, path);
}

/** What a call returns; what it refuses is refused below `path`. */
function at<T>(path: ErrorPath, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof CorralError ? error.inside(path) : error;
  }
}
