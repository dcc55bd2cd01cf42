export type {
  CollectiveAlgorithm,
  CollectiveBandwidthOptions,
  Flow,
  SharedBandwidthOptions,
} from './bandwidth/index.js';
export { collectiveBandwidth, fairShares, nicBandwidth, sharedBandwidth } from './bandwidth/index.js';
export type { TopologyOrDocument } from './catalogue/as-topology.js';
export { clusterTopology } from './catalogue/cluster-topology.js';
export type { CorralErrorCode, ErrorPath } from './errors.js';
export { CorralError } from './errors.js';
export type { DomainId, PlacementId } from './ids.js';
export { explanationText } from './placement/explain/explanation-text.js';
export type {
  Constraint,
  ConstraintFailures,
  Explanation,
  PlacementStep,
  Remedy,
  TierExplanation,
} from './placement/request/explanation.js';
export type {
  FreeCapacity,
  FreeServer,
  PlacedPod,
  Placement,
  PlacementResult,
  RankedServer,
  Reason,
} from './placement/request/placement.js';
export type {
  DifferenceScorer,
  PodFacts,
  Policy,
  PolicyContext,
  ServerFacts,
  ServerScorer,
  TopologyOrder,
  TypicalPod,
  Workload,
} from './placement/request/policy.js';
export type { PlacementRequest } from './placement/request/request.js';
export type { CompileOptions, Snapshot, Solver } from './placement/request/solver.js';
export type { GpuSelection, SelectGpusOptions, SelectionStep } from './placement/select-gpus.js';
export { selectGpus } from './placement/select-gpus.js';
export {
  type GpuPlace,
  type PeerToPeerOption,
  type RelationMatrix,
  type Route,
  type RouteOptions,
  relation,
  relationMatrix,
  route,
  serverTopology,
} from './topology/index.js';
export type * from './topology/types.js';

import { asCluster, type TopologyOrDocument } from './catalogue/as-topology.js';
import type { CompileOptions, Solver } from './placement/request/solver.js';
import { openSolver } from './placement/solver.js';
import { topologyAware } from './policies/topology-aware.js';

/**
 * Compiles a topology into tables and returns a solver without placements.
 *
 * @param topology - a cluster, or a server type (one server whose id is its name); as a topology or as a document
 * @param options - see {@link CompileOptions}; the default policy is `topologyAware()`
 * @returns the solver
 * @throws CorralError `invalid-option` for a wrong option; errors of a document, with a path from `topology` on
 * @complexity O(servers + GPUs), and milliseconds for each server type of 8 GPUs
 * @example
 * const solver = compile(topology('dgx-h100'));
 * const answer = solver.place({ gpus: 2 });
 * answer.ok && answer.placement.pods; // [{ server: 'dgx-h100', gpus: [0, 1] }]
 */
export function compile(topology: TopologyOrDocument, options: CompileOptions = {}): Solver {
  return openSolver(asCluster(topology, ['topology']), options, topologyAware);
}
