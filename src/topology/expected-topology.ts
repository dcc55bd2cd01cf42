import { callForeign } from '../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import { deepFreeze } from './deep-freeze.js';
import type { ClusterTopology, ServerTopology } from './types.js';

/** Topologies that this library built; copies and objects of the caller are not among them. */
const servers = new WeakSet<object>();
const clusters = new WeakSet<object>();

/** Registers a server topology for {@link isServer}. Only code that builds one from a checked document calls this. */
export function builtServer(server: ServerTopology): ServerTopology {
  servers.add(server);
  return server;
}

/**
 * Freezes a cluster topology and registers it for {@link isCluster}. Only code that builds one from a checked
 * document calls this.
 */
export function builtCluster(cluster: ClusterTopology): ClusterTopology {
  clusters.add(deepFreeze(cluster));
  return cluster;
}

/** True for what `serverTopology` returns, false for a copy of it. */
export function isServer(value: unknown): value is ServerTopology {
  return typeof value === 'object' && value !== null && servers.has(value);
}

/** True for what `clusterTopology` returns, false for a copy of it. */
export function isCluster(value: unknown): value is ClusterTopology {
  return typeof value === 'object' && value !== null && clusters.has(value);
}

/**
 * Refuses anything but a server topology. For functions that are called often: building a topology from a document at
 * each call would take longer than the answer.
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
 * Throws the error for a value that is no topology, with a remedy.
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

/** The error text for a copy of a topology. */
export const COPY = 'not a topology any more, but a copy of one: build it again from its document';

/**
 * True if a value has the fields of a topology, such as a copy by JSON, `structuredClone` or spreading. It may run
 * code of the caller.
 */
export function isCopy(value: object): boolean {
  return (
    ('gpus' in value && 'document' in value) ||
    ('servers' in value && 'tiers' in value && !('types' in value))
  );
}

/**
 * Refuses a topology where a document is expected.
 *
 * @param value - what the caller handed in
 * @param path - where the caller was given it
 * @throws CorralError `invalid-document`
 */
export function refuseTopology(value: unknown, path: ErrorPath): void {
  if (!isServer(value) && !isCluster(value)) return;
  const remedy = isServer(value)
    ? 'give its document, topology.document, or its name in the catalogue'
    : 'it can be used as it is';
  throw new CorralError('invalid-document', path, `this is a topology, no document: ${remedy}`);
}
