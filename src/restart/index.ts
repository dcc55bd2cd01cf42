export type { PlacementId } from '../ids.js';
export type { PlacedPod, Placement } from '../placement/request/placement.js';
export type * from '../topology/types.js';
export type { CheckpointContent } from './checkpoints/checkpoint-size.js';
export { BYTES_PER_PARAMETER, checkpointBytes, snapshotStallSeconds } from './checkpoints/checkpoint-size.js';
export { groupCopySurvival, ringCopySurvival } from './checkpoints/copy-survival.js';
export type { LoadOptions } from './checkpoints/load-seconds.js';
export { loadSeconds } from './checkpoints/load-seconds.js';
export type { ReplicaGroupOptions } from './checkpoints/replica-groups.js';
export { replicaGroupEttr } from './checkpoints/replica-groups.js';
export type { DefaultRecoveryOptions } from './model/default-recovery.js';
export {
  defaultRecovery,
  jobSetRecreateSeconds,
  requeueSeconds,
  warmStandbySeconds,
} from './model/default-recovery.js';
export { ettr } from './model/ettr.js';
export type { FiniteRunOptions } from './model/finite-run.js';
export { finiteRunSeconds } from './model/finite-run.js';
export type { Badput, LossPhase, LostGpuSeconds, WallShares } from './model/lost-gpu-seconds.js';
export { BADPUT, lostGpuSeconds, wallShares } from './model/lost-gpu-seconds.js';
export type { IntervalMethod } from './model/optimal-interval.js';
export { optimalInterval } from './model/optimal-interval.js';
export type {
  RecoveryDurations,
  RecoveryPath,
  RecoveryStep,
  RecoverySteps,
  TimedStep,
} from './model/recovery.js';
export { RECOVERY_STEPS } from './model/recovery.js';
export type {
  FailureClass,
  FailureClassOptions,
  FailureClock,
  RestartModel,
  RestartModelOptions,
  Rollback,
  RollbackGroup,
} from './model/restart-model.js';
export { restartModel } from './model/restart-model.js';
export type { SimulatedRestarts, SimulateRestartsOptions } from './model/simulate-restarts.js';
export { simulateRestarts } from './model/simulate-restarts.js';
export {
  burstSpares,
  longRunSpares,
  spareStockOut,
  spareWaitSeconds,
  withSpareWait,
} from './model/spares.js';
export { degradedSeconds, jitterSlowdown, stragglerThroughput } from './model/stragglers.js';
export type { RestartStrategy, RestartStrategyName } from './model/strategies.js';
export { restartStrategy } from './model/strategies.js';
export type { ExponentialPhase, FixedPhase } from './phases/basic-phases.js';
export type { MixturePart } from './phases/composite-phases.js';
export type { LognormalOptions, LognormalPhase } from './phases/lognormal.js';
export { lognormalSigma } from './phases/lognormal.js';
export type { Phase, PhaseKind, UniformSource } from './phases/phase.js';
export { phase } from './phases/phases.js';
export type { CopyHolderOptions, CopyHolders } from './placement/copy-holders.js';
export { copyHolders } from './placement/copy-holders.js';
export type { FailureDomain } from './placement/failure-domains.js';
export { failureDomains } from './placement/failure-domains.js';
export type { FailureLaw, FailureLevel } from './placement/failure-laws.js';
export {
  FAILURES_PER_1000_SERVER_DAYS,
  llama3FailureLaws,
  perServerSecond,
} from './placement/failure-laws.js';
export type {
  PlacedCheckpoint,
  PlacedFailureDomain,
  PlacementRestart,
  PlacementRestartOptions,
} from './placement/placement-restart.js';
export { placementRestart } from './placement/placement-restart.js';
export type { MetaEttrOptions } from './published/published-ettr.js';
export { dalyWallSeconds, metaEttr, metaFiniteEttr, multiLevelOverhead } from './published/published-ettr.js';
export type { IntervalOptions } from './published/published-intervals.js';
export {
  availabilityIntervalSeconds,
  dalyFirstOrderIntervalSeconds,
  dalyIntervalSeconds,
  youngIntervalSeconds,
} from './published/published-intervals.js';
