export type {
  CollectiveAlgorithm,
  CollectiveBandwidthOptions,
  Flow,
  SharedBandwidthOptions,
} from './bandwidth/index.js';
export { collectiveBandwidth, fairShares, nicBandwidth, sharedBandwidth } from './bandwidth/index.js';
export { clusterTopology } from './catalogue/cluster-topology.js';
export type { CorralErrorCode, ErrorPath } from './errors.js';
export { CorralError } from './errors.js';
export type { DeviceId, DomainId, PlacementId, ServerId, TierName } from './ids.js';
export type {
  Constraint,
  ConstraintFailures,
  Explanation,
  PlacementStep,
  Remedy,
  TierExplanation,
} from './placement/explanation.js';
export { explanationText } from './placement/explanation-text.js';
export type {
  FreeCapacity,
  FreeServer,
  PlacedPod,
  Placement,
  PlacementResult,
  RankedServer,
  Reason,
} from './placement/placement.js';
export type { Policy } from './placement/policy.js';
export type { PlacementRequest } from './placement/request.js';
export type { GpuSelection, SelectGpusOptions, SelectionStep } from './placement/select-gpus.js';
export { selectGpus } from './placement/select-gpus.js';
export type { CompileOptions, Snapshot, Solver } from './placement/solver.js';
export type {
  AcceleratorEntry,
  BandwidthBasis,
  ClusterDocument,
  ClusterServer,
  ClusterTier,
  ClusterTopology,
  Device,
  DeviceKind,
  GpuPlace,
  Link,
  Medium,
  RelationMatrix,
  Route,
  RouteOptions,
  ServerDocument,
  ServerEntry,
  ServerGraph,
  ServerTopology,
  UplinkEntry,
} from './topology/index.js';
export { relation, relationMatrix, route, serverTopology } from './topology/index.js';

import { type Compile, compileWith } from './placement/solver.js';
import { topologyAware } from './policies/topology-aware.js';

/** Flattens a topology into tables and opens an empty solver on it; the default policy is `topologyAware()`. */
export const compile: Compile = /* @__PURE__ */ compileWith(topologyAware);
