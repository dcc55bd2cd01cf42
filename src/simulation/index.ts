export type { TopologyOrDocument } from '../catalogue/as-topology.js';
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
} from '../placement/request/policy.js';
export type { PlacementRequest } from '../placement/request/request.js';
export type { FragmentationClasses } from '../policies/fragmentation.js';
export type { SamplePod } from '../policies/typical-pods.js';
export type { RecoveryDurations, RecoveryStep, RecoverySteps } from '../restart/model/recovery.js';
export type { Phase, PhaseKind, UniformSource } from '../restart/phases/phase.js';
export type { FailureLaw, FailureLevel } from '../restart/placement/failure-laws.js';
export type { GpuPlace } from '../topology/gpu-places.js';
export type * from '../topology/types.js';
export type { HeadroomMetrics } from './allocation/headroom-accounts.js';
export type { ComparedFigure, ComparedPolicy, CompareOptions, Interval } from './compare.js';
export { compare } from './compare.js';
export type { Bucket } from './jobs/job-state.js';
export type { RunEnd } from './jobs/run-log.js';
export type { EventKind } from './options/event-kinds.js';
export type { MetricsOptions, MetricsWindow } from './options/metrics-window.js';
export type { JobCheckpoints, SimulationJob } from './options/simulation-job.js';
export type {
  DefragmentationOptions,
  HeadroomPool,
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
} from './options/simulation-options.js';
export type {
  InflationReplay,
  InflationReplayOptions,
  PodCounts,
  ReplayDecision,
  ReplayFinalState,
} from './replay/inflation-replay.js';
export { inflationReplay } from './replay/inflation-replay.js';
export type { InflationCurves } from './replay/inflation-samples.js';
export type { ReplayPod } from './replay/inflation-workload.js';
export type { Distribution } from './results/percentiles.js';
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
} from './results/simulation-result.js';
export type { Timeline } from './results/timeline.js';
export { simulate, simulationEvents } from './simulate.js';
