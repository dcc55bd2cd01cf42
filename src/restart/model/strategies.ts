import { integer } from '../../checks/quantity.js';
import { fixed } from '../phases/basic-phases.js';
import { requeueSeconds, warmStandbySeconds } from './default-recovery.js';
import { type RecoveryPath, type RecoveryStep, type RecoverySteps, readRecoveryPath } from './recovery.js';

/** Ways to restart, from the slowest that always works to the fastest that seldom does. */
export type RestartStrategyName =
  | 'requeue'
  | 'reschedule'
  | 'warmStandby'
  | 'inJob'
  | 'inProcess'
  | 'inPlace';

/** A whole restart turned into another kind of it. */
export type RestartStrategy = (path: RecoveryPath, servers: number) => RecoveryPath;

function without(steps: RecoverySteps, ...dropped: readonly RecoveryStep[]): RecoverySteps {
  return Object.fromEntries(
    Object.entries(steps).filter(([step]) => !dropped.includes(step as RecoveryStep)),
  ) as RecoverySteps;
}

function checked(strategy: RestartStrategy): RestartStrategy {
  return (path, servers) => strategy(readRecoveryPath(path, 'path'), integer(servers, 1, 1e9, 'servers'));
}

/** After the failure is noticed, one measured duration stands for everything until the job computes again. */
function wholeRestart(path: RecoveryPath, seconds: number): RecoveryPath {
  const { detect } = path.hidden;
  return { hidden: { ...(detect !== undefined && { detect }), reschedule: fixed(seconds) }, exposed: {} };
}

/**
 * Restart strategies: steps of a whole restart dropped or swapped, nothing else. `path` is a whole restart such as
 * `defaultRecovery(…)`, `servers` the size of the job. Each throws CorralError `invalid-option` for what is no path.
 *
 * - `requeue`: the job goes back to the queue; all after detection is `requeueSeconds`, measured as a whole.
 * - `reschedule`: failed servers are replaced one for one; the whole path as it is.
 * - `warmStandby`: standbys are ready with image and processes; all after detection is `warmStandbySeconds`.
 * - `inJob`: the launcher restarts the processes within its allocation: no rescheduling, and 15 s to stop workers
 *   in place of the drain (NVIDIA/nvidia-resiliency-ext at d8686d9, repository). Needs a spare in the allocation
 *   where a server is lost.
 * - `inProcess`: processes and CUDA contexts live on: no rescheduling, no launch, and 5 s of grace in place of the
 *   drain (same source). For faults that lose no process.
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
