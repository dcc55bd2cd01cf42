import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { ClusterTopology } from './cluster-topology.js';
import type { ServerTopology } from './server-topology.js';

/** Whether a value is what `serverTopology` returns. */
export function isServer(value: unknown): value is ServerTopology {
  if (typeof value !== 'object' || value === null) return false;
  const { graph, gpus, document } = value as Partial<ServerTopology>;
  return typeof graph === 'object' && Array.isArray(gpus) && typeof document === 'object';
}

/** Whether a value is what `clusterTopology` returns. */
export function isCluster(value: unknown): value is ClusterTopology {
  const { servers } = (value ?? {}) as Partial<ClusterTopology>;
  return Array.isArray(servers) && isServer(servers[0]?.type);
}

/**
 * Refuses anything but a server topology where one is asked for again and again: to build it from a document at each
 * call would take longer than the answer.
 *
 * @param server - what the caller handed in
 * @param path - the name of that argument
 * @throws CorralError `invalid-option`
 * @complexity O(1)
 */
export function checkServer(server: unknown, path: ErrorPath): void {
  if (isServer(server)) return;
  const remedy =
    typeof server === 'object' && server !== null && 'devices' in server
      ? 'this is a document: call serverTopology(document) once, keep what it returns, and give that'
      : `expected what serverTopology(document) or topology(name) returns, got ${quote(server)}`;
  throw new CorralError('invalid-option', path, remedy);
}

/**
 * As {@link checkServer}, for a cluster.
 *
 * @param cluster - what the caller handed in
 * @param path - the name of that argument
 * @throws CorralError `invalid-option`
 * @complexity O(1)
 */
export function checkCluster(cluster: unknown, path: ErrorPath): void {
  if (isCluster(cluster)) return;
  const remedy =
    typeof cluster === 'object' && cluster !== null && 'types' in cluster
      ? 'this is a document: call clusterTopology(document) once, keep what it returns, and give that'
      : `expected what clusterTopology(document) returns, got ${quote(cluster)}`;
  throw new CorralError('invalid-option', path, remedy);
}
