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
