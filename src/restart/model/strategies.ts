import { integer } from '../../checks/quantity.js';
import { fixed } from '../phases/basic-phases.js';
import { requeueSeconds, warmStandbySeconds } from './default-recovery.js';
import { type RecoveryPath, type RecoveryStep, type RecoverySteps, readRecoveryPath } from './recovery.js';

/** Ways to restart, from the slowest, which always works, to the fastest, which works for few faults. */
export type RestartStrategyName =
  | 'requeue'
  | 'reschedule'
  | 'warmStandby'
  | 'inJob'
  | 'inProcess'
  | 'inPlace';

/** A function that turns a whole restart into another kind of restart. */
export type RestartStrategy = (path: RecoveryPath, servers: number) => RecoveryPath;

function without(steps: RecoverySteps, ...dropped: readonly RecoveryStep[]): RecoverySteps {
  return Object.fromEntries(
    Object.entries(steps).filter(([step]) => !dropped.includes(step as RecoveryStep)),
  ) as RecoverySteps;
}

function checked(strategy: RestartStrategy): RestartStrategy {
  return (path, servers) => strategy(readRecoveryPath(path, 'path'), integer(servers, 1, 1e9, 'servers'));
}

/** A restart with one measured duration from the detection of the failure until the job computes again. */
function wholeRestart(path: RecoveryPath, seconds: number): RecoveryPath {
  const { detect } = path.hidden;
  return { hidden: { ...(detect !== undefined && { detect }), reschedule: fixed(seconds) }, exposed: {} };
}

/**
 * Restart strategies. Each leaves out or replaces steps of a whole restart. `path` is a whole restart such as
 * `defaultRecovery(…)`, `servers` the number of servers of the job. Each throws CorralError `invalid-option` for
 * anything but a recovery path.
 *
 * - `requeue`: the job goes back to the queue; all after detection is `requeueSeconds`, measured as a whole.
 * - `reschedule`: each failed server is replaced; the whole path is unchanged.
 * - `warmStandby`: standby servers have image and processes ready; all after detection is `warmStandbySeconds`.
 * - `inJob`: the launcher restarts the processes within its allocation: no rescheduling, and 15 s to stop workers in
 *   place of the drain (NVIDIA/nvidia-resiliency-ext at d8686d9, repository). If a server is lost, the allocation
 *   must contain a spare.
 * - `inProcess`: processes and CUDA contexts are kept: no rescheduling, no launch, and 5 s of grace in place of the
 * drain (same source). For faults without a lost process.
 * - `inPlace`: containers restart inside their pods, which keep devices, volumes and image, without grace period:
 *   no drain, no rescheduling (KEP-5532, kubernetes/enhancements at 64765b4, repository).
 */
export const restartStrategy: Readonly<Record<RestartStrategyName, RestartStrategy>> = Object.freeze({
  requeue: checked((path, servers) => wholeRestart(path, requeueSeconds(servers))),
  reschedule: checked((path) => path),
  warmStandby: checked((path, servers) => wholeRestart(path, warmStandbySeconds(servers))),
  inJob: checked((path) => ({
    hidden: { ...without(path.hidden, 'reschedule'), drain: fixed(15) },
    exposed: path.exposed,
  })),
  inProcess: checked((path) => ({
    hidden: { ...without(path.hidden, 'reschedule'), drain: fixed(5) },
    exposed: without(path.exposed, 'launch'),
  })),
  inPlace: checked((path) => ({
    hidden: without(path.hidden, 'drain', 'reschedule'),
    exposed: path.exposed,
  })),
});
