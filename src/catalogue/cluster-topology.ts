import type { ClusterDocument } from '../topology/cluster-document.js';
import { buildClusterTopology } from '../topology/cluster-topology.js';
import type { ClusterTopology } from '../topology/types.js';
import { topologyAt } from './topology.js';

/**
 * Validates a cluster document; server types may be given by catalogue name.
 *
 * @param document - `{ tiers, servers, types, uplinks?, accelerator? }` (parsed JSON), see `ClusterDocument`
 * @returns tiers, widest first, and servers in document order; servers of one type share its topology
 * @throws CorralError with code and path if the document is wrong
 * @complexity O(servers × tiers)
 * @example
 * clusterTopology({
 *   tiers: ['rack'],
 *   types: { h100: 'dgx-h100' },
 *   servers: [{ id: 'a1', type: 'h100', domains: { rack: 'a' } }],
 * });
 */
export function clusterTopology(document: ClusterDocument): ClusterTopology;
/** As above, for parsed JSON of unknown type. */
export function clusterTopology(document: unknown): ClusterTopology;
export function clusterTopology(document: unknown): ClusterTopology {
  return buildClusterTopology(document, topologyAt);
}
