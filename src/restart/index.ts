export type { DeviceId, PlacementId, ServerId, TierName } from '../ids.js';
export type { PlacedPod, Placement } from '../placement/placement.js';
export type { ClusterServer, ClusterTier, ClusterTopology } from '../topology/cluster-topology.js';
export type {
  BandwidthBasis,
  Device,
  DeviceKind,
  Link,
  Medium,
  ServerDocument,
} from '../topology/server-document.js';
export type { ServerGraph, ServerTopology } from '../topology/server-topology.js';
export type { ExponentialPhase, FixedPhase } from './basic-phases.js';
export type { CheckpointContent } from './checkpoint-size.js';
export { BYTES_PER_PARAMETER, checkpointBytes, snapshotStallSeconds } from './checkpoint-size.js';
export type { MixturePart } from './composite-phases.js';
export type { CopyHolderOptions, CopyHolders } from './copy-holders.js';
export { copyHolders } from './copy-holders.js';
export { groupCopySurvival, ringCopySurvival } from './copy-survival.js';
export type { DefaultRecoveryOptions } from './default-recovery.js';
export {
  defaultRecovery,
  jobSetRecreateSeconds,
  requeueSeconds,
  warmStandbySeconds,
} from './default-recovery.js';
export { ettr } from './ettr.js';
export type { FailureDomain } from './failure-domains.js';
export { failureDomains } from './failure-domains.js';
export type { FailureLaw, FailureLevel } from './failure-laws.js';
export { FAILURES_PER_1000_SERVER_DAYS, llama3FailureLaws, perServerSecond } from './failure-laws.js';
export type { FiniteRunOptions } from './finite-run.js';
export { finiteRunSeconds } from './finite-run.js';
export type { LoadOptions } from './load-seconds.js';
export { loadSeconds } from './load-seconds.js';
export type { LognormalOptions, LognormalPhase } from './lognormal.js';
export { lognormalSigma } from './lognormal.js';
export type { Badput, LossPhase, LostGpuSeconds, WallShares } from './lost-gpu-seconds.js';
export { BADPUT, lostGpuSeconds, wallShares } from './lost-gpu-seconds.js';
export type { IntervalMethod } from './optimal-interval.js';
export { optimalInterval } from './optimal-interval.js';
export type { Phase, PhaseKind, UniformSource } from './phase.js';
export { phase } from './phases.js';
export type {
  PlacedCheckpoint,
  PlacedFailureDomain,
  PlacementRestart,
  PlacementRestartOptions,
} from './placement-restart.js';
export { placementRestart } from './placement-restart.js';
export type { MetaEttrOptions } from './published-ettr.js';
export { dalyWallSeconds, metaEttr, metaFiniteEttr, multiLevelOverhead } from './published-ettr.js';
export type { IntervalOptions } from './published-intervals.js';
export {
  availabilityIntervalSeconds,
  dalyFirstOrderIntervalSeconds,
  dalyIntervalSeconds,
  youngIntervalSeconds,
} from './published-intervals.js';
export type { RecoveryDurations, RecoveryPath, RecoveryStep, RecoverySteps, TimedStep } from './recovery.js';
export { RECOVERY_STEPS } from './recovery.js';
export type { ReplicaGroupOptions } from './replica-groups.js';
export { replicaGroupEttr } from './replica-groups.js';
export type {
  FailureClass,
  FailureClassOptions,
  FailureClock,
  RestartModel,
  RestartModelOptions,
  Rollback,
  RollbackGroup,
} from './restart-model.js';
export { restartModel } from './restart-model.js';
export type { SimulatedRestarts, SimulateRestartsOptions } from './simulate-restarts.js';
export { simulateRestarts } from './simulate-restarts.js';
export { burstSpares, longRunSpares, spareStockOut, spareWaitSeconds, withSpareWait } from './spares.js';
export { degradedSeconds, jitterSlowdown, stragglerThroughput } from './stragglers.js';
export type { RestartStrategy, RestartStrategyName } from './strategies.js';
export { restartStrategy } from './strategies.js';
