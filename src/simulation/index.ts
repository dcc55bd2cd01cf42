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
