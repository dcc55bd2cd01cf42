import { callForeign } from '../checks/plain-data.js';
import { unexpected } from '../checks/values.js';
import { CorralError, type ErrorPath } from '../errors.js';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { buildClusterTopology } from '../topology/cluster-topology.js';
import { builtCluster, COPY, isCluster, isCopy, isServer } from '../topology/expected-topology.js';
import type { ServerDocument } from '../topology/server-document.js';
import { serverTopologyAt } from '../topology/server-topology.js';
import type { ClusterTopology, ServerTopology } from '../topology/types.js';
import { topologyAt } from './topology.js';

/** A cluster or a server type, as a topology or as a document. */
export type TopologyOrDocument = ServerTopology | ClusterTopology | ServerDocument | ClusterDocument;

/**
 * Returns the cluster of an argument. A server type is a cluster of one server whose id is its name.
 *
 * @param given - a topology, or a document, whose server types may be names of the catalogue
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` at `path` for anything else; below `path` for what is wrong with a document
 * @complexity O(1) for a topology; for a document that of building it
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
 * Returns the server type of an argument.
 *
 * @param given - a server topology, or a server document
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` at `path` for anything else; below `path` for what is wrong with a document
 * @complexity O(1) for a topology; for a document that of building it
 */
export function asServer(given: ServerTopology | ServerDocument, path: ErrorPath): ServerTopology {
  if (isServer(given)) return given;
  if (has(given, 'devices', path)) return serverTopologyAt(given, path);
  if (typeof given === 'object' && given !== null && callForeign(() => isCopy(given), path)) {
    throw new CorralError('invalid-option', path, COPY);
  }
  throw unexpected(
    'a document, or what serverTopology(document) or clusterTopology(document) returns',
    given,
    path,
  );
}

/** True if a value is an object with a field; only documents have these. */
function has(value: unknown, field: string, path: ErrorPath): boolean {
  return typeof value === 'object' && value !== null && callForeign(() => field in value, path);
}

/** Returns the result of a call; puts `path` in front of the paths of its errors. */
function at<T>(path: ErrorPath, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof CorralError ? error.inside(path) : error;
  }
}
