import { callForeign } from '../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { ClusterTopology } from './cluster-topology.js';
import { deepFreeze } from './deep-freeze.js';
import type { ServerTopology } from './server-topology.js';

/** What was built here, and not put together or copied by somebody else. */
const servers = new WeakSet<object>();
const clusters = new WeakSet<object>();

/** Makes a server topology known to {@link isServer}; only those who build one from a checked document do this. */
export function builtServer(server: ServerTopology): ServerTopology {
  servers.add(server);
  return server;
}

/**
 * Freezes a cluster topology and makes it known to {@link isCluster}; only those who build one from a checked document do
 * this.
 */
export function builtCluster(cluster: ClusterTopology): ClusterTopology {
  clusters.add(deepFreeze(cluster));
  return cluster;
}

/** Whether a value is what `serverTopology` returns; a copy of it is not. */
export function isServer(value: unknown): value is ServerTopology {
  return typeof value === 'object' && value !== null && servers.has(value);
}

/** Whether a value is what `clusterTopology` returns; a copy of it is not. */
export function isCluster(value: unknown): value is ClusterTopology {
  return typeof value === 'object' && value !== null && clusters.has(value);
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
  if (!isServer(server)) refuse(server, path, 'serverTopology(document) or topology(name)', 'devices');
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
  if (!isCluster(cluster)) refuse(cluster, path, 'clusterTopology(document)', 'types');
}

/**
 * Says what to do with a value that is no topology, whatever it is.
 *
 * @param makers - the calls that return what is expected
 * @param documentField - a field of the document that they take
 */
function refuse(value: unknown, path: ErrorPath, makers: string, documentField: 'devices' | 'types'): never {
  const problem = callForeign(() => {
    if (typeof value === 'object' && value !== null) {
      if (isCopy(value)) return COPY;
      if (documentField in value) {
        const maker = documentField === 'devices' ? 'serverTopology' : 'clusterTopology';
        return `this is a document: call ${maker}(document) once, keep what it returns, and give that`;
      }
    }
    return `expected what ${makers} returns, got ${quote(value)}`;
  }, path);
  throw new CorralError('invalid-option', path, problem);
}

/** What is said of the copy of a topology. */
export const COPY = 'not a topology any more, but a copy of one: build it again from its document';

/** Whether a value has the fields of a topology: a copy by JSON, `structuredClone` or spreading. May run code of the caller. */
export function isCopy(value: object): boolean {
  return (
    ('gpus' in value && 'document' in value) ||
    ('servers' in value && 'tiers' in value && !('types' in value))
  );
}

/**
 * Refuses a topology where a document is asked for, which it would be no part of.
 *
 * @param value - what the caller handed in
 * @param path - where
 * @throws CorralError `invalid-document`
 */
export function refuseTopology(value: unknown, path: ErrorPath): void {
  if (!isServer(value) && !isCluster(value)) return;
  const remedy = isServer(value)
    ? 'give its document, topology.document, or its name in the catalogue'
    : 'it can be used as it is';
  throw new CorralError('invalid-document', path, `this is a topology, no document: ${remedy}`);
}
