export type { TopologyOrDocument } from '../catalogue/as-topology.js';
export type { DeviceId, ServerId, TierName } from '../ids.js';
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
} from '../placement/policy.js';
export type { PlacementRequest } from '../placement/request.js';
export type { FragmentationClasses } from '../policies/fragmentation.js';
export type { SamplePod } from '../policies/typical-pods.js';
export type { FailureLaw, FailureLevel } from '../restart/failure-laws.js';
export type { Phase, PhaseKind, UniformSource } from '../restart/phase.js';
export type { RecoveryDurations, RecoveryStep, RecoverySteps } from '../restart/recovery.js';
export type {
  AcceleratorEntry,
  ClusterDocument,
  ServerEntry,
  UplinkEntry,
} from '../topology/cluster-document.js';
export type { ClusterServer, ClusterTier, ClusterTopology } from '../topology/cluster-topology.js';
export type { GpuPlace } from '../topology/gpu-places.js';
export type {
  BandwidthBasis,
  Device,
  DeviceKind,
  Link,
  Medium,
  ServerDocument,
} from '../topology/server-document.js';
export type { ServerGraph, ServerTopology } from '../topology/server-topology.js';
export type { ComparedFigure, ComparedPolicy, CompareOptions, Interval } from './compare.js';
export { compare } from './compare.js';
export type { HeadroomMetrics } from './headroom-accounts.js';
export type { HeadroomPool } from './headroom-pools.js';
export type {
  InflationReplay,
  InflationReplayOptions,
  PodCounts,
  ReplayDecision,
  ReplayFinalState,
} from './inflation-replay.js';
export { inflationReplay } from './inflation-replay.js';
export type { InflationCurves } from './inflation-samples.js';
export type { ReplayPod } from './inflation-workload.js';
export type { Bucket } from './job-state.js';
export type { MetricsOptions, MetricsWindow } from './metrics-window.js';
export type { Distribution } from './percentiles.js';
export type { RunEnd } from './run-log.js';
export { simulate, simulationEvents } from './simulate.js';
export type { JobCheckpoints, SimulationJob } from './simulation-job.js';
export type {
  DefragmentationOptions,
  EventKind,
  Queue,
  Quota,
  SimulatedFailureLaw,
  SimulatedFailures,
  SimulatedRestart,
  SimulateOptions,
  SimulationProgress,
  VictimOptions,
  VictimRule,
  VictimScope,
} from './simulation-options.js';
export type {
  GpuHours,
  GpuModelMetrics,
  JobMetrics,
  JobOutcome,
  JobResult,
  JobRun,
  SimulationEvent,
  SimulationMetrics,
  SimulationResult,
} from './simulation-result.js';
export type { Timeline } from './timeline.js';
