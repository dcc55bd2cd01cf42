export { ettr } from './ettr.js';
export type { LognormalOptions, LognormalPhase } from './lognormal.js';
export { lognormalSigma } from './lognormal.js';
export type { Badput, LossPhase, LostGpuSeconds, WallShares } from './lost-gpu-seconds.js';
export { BADPUT, lostGpuSeconds, wallShares } from './lost-gpu-seconds.js';
export type { IntervalMethod } from './optimal-interval.js';
export { optimalInterval } from './optimal-interval.js';
export type { Phase, PhaseKind, UniformSource } from './phase.js';
export { phase } from './phases.js';
export type { IntervalOptions } from './published-intervals.js';
export {
  availabilityIntervalSeconds,
  dalyFirstOrderIntervalSeconds,
  dalyIntervalSeconds,
  youngIntervalSeconds,
} from './published-intervals.js';
export type { RecoveryPath, RecoveryStep, RecoverySteps, TimedStep } from './recovery.js';
export { RECOVERY_STEPS } from './recovery.js';
export type {
  FailureClass,
  FailureClassOptions,
  FailureClock,
  RestartModel,
  RestartModelOptions,
  Rollback,
} from './restart-model.js';
export { restartModel } from './restart-model.js';
export type { SimulatedRestarts, SimulateRestartsOptions } from './simulate-restarts.js';
export { simulateRestarts } from './simulate-restarts.js';
