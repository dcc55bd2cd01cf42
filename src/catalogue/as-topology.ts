import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { ClusterDocument } from '../topology/cluster-document.js';
import { buildClusterTopology, type ClusterTopology } from '../topology/cluster-topology.js';
import { isCluster, isServer } from '../topology/expected-topology.js';
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
  if (!isServer(given) && isObject(given) && 'types' in given) {
    return at(path, () => buildClusterTopology(given, topologyAt));
  }
  const type = asServer(given as ServerTopology | ServerDocument, path);
  return {
    tiers: [],
    servers: [{ id: type.name, type, gpuModel: type.document.gpuModel, domains: [] }],
  };
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
  if (isObject(given) && 'devices' in given) return serverTopologyAt(given, path);
  throw new CorralError(
    'invalid-option',
    path,
    `expected a document, or what serverTopology(document) or clusterTopology(document) returns, got ${quote(given)}`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

/** What a call returns; what it refuses is refused below `path`. */
function at<T>(path: ErrorPath, call: () => T): T {
  try {
    return call();
  } catch (error) {
    throw error instanceof CorralError ? error.inside(path) : error;
  }
}
