import { readFields } from '../../checks/fields.js';
import { nonNegative } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { ettr } from './ettr.js';
import { RECOVERY_STEPS, type RecoveryStep } from './recovery.js';
import { type FailureClass, type RestartModel, type Rollback, restartLaplace } from './restart-model.js';
import { twoTierCycle } from './two-tier-cycle.js';

/** The kinds of unproductive time: a step of the restart, the stall of a checkpoint, or work that is repeated. */
export type LossPhase = RecoveryStep | 'stall' | 'recompute';

/** The names of lost time in goodput accounting that occur here. */
export type Badput =
  | 'INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION'
  | 'TPU_INITIALIZATION'
  | 'UNPRODUCTIVE_CHECKPOINT_RESTORE_TIME'
  | 'PROGRAM_STARTUP'
  | 'UNPRODUCTIVE_CHECKPOINT_SAVE_TIME'
  | 'WASTED_PROGRESS_FROM_DISRUPTION'
  | 'OTHER';

/**
 * The badput name of each kind of loss.
 *
 * Source: AI-Hypercomputer/ml-goodput-measurement at 57092cf, `goodput_utils.py` (read in the repository); the
 * table's second name for loading, TRAINING_PREP, is for the first start of a job.
 */
export const BADPUT: Readonly<Record<LossPhase, Badput>> = Object.freeze({
  detect: 'INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION',
  drain: 'INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION',
  reschedule: 'INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION',
  launch: 'INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION',
  rendezvous: 'TPU_INITIALIZATION',
  load: 'UNPRODUCTIVE_CHECKPOINT_RESTORE_TIME',
  warmUp: 'PROGRAM_STARTUP',
  other: 'OTHER',
  stall: 'UNPRODUCTIVE_CHECKPOINT_SAVE_TIME',
  recompute: 'WASTED_PROGRESS_FROM_DISRUPTION',
});

/** Shares of the wall time of a job in the long run; they sum to 1. */
export interface WallShares {
  readonly productive: number;
  readonly lost: Readonly<Record<LossPhase, number>>;
}

/**
 * Splits wall time into productive time and losses, exactly. An exposed step counts up to the next failure: ∏ L of
 * the steps before it, times (1 − L)/λ.
 *
 * @throws CorralError `limit-exceeded` if progress is too slow for double precision (two tiers only)
 * @complexity O(phases)
 */
export function wallShares(model: RestartModel): WallShares {
  const productive = ettr(model);
  const rate = model.failuresPerActiveSecond;
  const { activeShare, attemptsPerSecond, stallPerCompute } =
    model.durable === undefined ? oneTier(model, rate) : twoTiers(model, rate, productive);
  const lost = Object.fromEntries(RECOVERY_STEPS.map((step) => [step, 0])) as Record<LossPhase, number>;
  for (const rollback of ['memory', 'durable'] as const) {
    const classes = model.failureClasses.filter((c) => c.rollback === rollback && c.failuresPerSecond > 0);
    const total = classes.reduce((sum, c) => sum + c.failuresPerSecond, 0);
    for (const c of classes) {
      const attempts = attemptsPerSecond[rollback] * (c.failuresPerSecond / total);
      addSteps(lost, model, c, rate, attempts);
    }
  }
  lost.stall = productive * stallPerCompute;
  // The rest of the active time was computed, or stalled for, without effect. Rounding must not make it negative.
  lost.recompute = Math.max(0, activeShare - productive - lost.stall);
  return { productive, lost };
}

interface Activity {
  /** Share of wall time spent computing or writing checkpoints. */
  readonly activeShare: number;
  /** Restart attempts per second of wall time, by the checkpoint that they go back to. */
  readonly attemptsPerSecond: Readonly<Record<Rollback, number>>;
  /** Seconds of stall per productive second. */
  readonly stallPerCompute: number;
}

/**
 * Failures occur in exposed time at the rate λ, and each adds the hidden time H: λ/(1 + λH) per wall second. A share
 * L(λ) of the exposed time is active.
 */
function oneTier(model: RestartModel, rate: number): Activity {
  const attempts = rate / (1 + rate * model.toLast.hiddenSeconds);
  return {
    activeShare: restartLaplace(model.toLast, rate) / (1 + rate * model.toLast.hiddenSeconds),
    attemptsPerSecond: { memory: attempts, durable: 0 },
    stallPerCompute: model.stallSeconds / model.computeSeconds,
  };
}

function twoTiers(model: RestartModel, rate: number, productive: number): Activity {
  const { snapshots, stallSeconds } = model.durable!;
  const perSecond = productive / (snapshots * model.computeSeconds);
  const count = (active: number, toLast: number, toDurable: number): number =>
    rate === 0 && active === 0 ? 0 : perSecond * twoTierCycle(model, { active, toLast, toDurable });
  const activity: Activity = {
    activeShare: count(1, 0, 0),
    attemptsPerSecond: { memory: count(0, 1, 0), durable: count(0, 0, 1) },
    stallPerCompute:
      ((snapshots - 1) * model.stallSeconds + stallSeconds) / (snapshots * model.computeSeconds),
  };
  if (!Number.isFinite(activity.activeShare) || productive === 0) {
    throw new CorralError(
      'limit-exceeded',
      [],
      'the job hardly ever completes a durable checkpoint: write them more often',
    );
  }
  return activity;
}

function addSteps(
  lost: Record<LossPhase, number>,
  model: RestartModel,
  c: FailureClass,
  rate: number,
  attempts: number,
): void {
  for (const { step, phase } of c.hidden) lost[step] += attempts * phase.mean;
  let reached = 1;
  for (const { step, phase } of c.exposed) {
    if (model.clock !== 'wall') {
      lost[step] += attempts * phase.mean;
      continue;
    }
    const through = phase.laplace(rate);
    lost[step] += (attempts * reached * (1 - through)) / rate;
    reached *= through;
  }
}

/** Lost GPU-seconds by kind of loss. */
export interface LostGpuSeconds {
  /** The sum: (1 − ETTR) × GPUs × wall seconds. */
  readonly total: number;
  readonly byPhase: Readonly<Record<LossPhase, number>>;
  /** The same sums under the names of goodput accounting. */
  readonly byBadput: Readonly<Record<Badput, number>>;
}

const DAY_SECONDS = 86_400;

/**
 * Expected GPU-seconds that a job loses, by phase and in the badput names of goodput accounting.
 *
 * @param model - from {@link restartModel}
 * @param options.gpus - GPUs that the job holds, 0 or more
 * @param options.wallSeconds - length of the period; default a day
 * @returns losses in the long run, without the first start of the job
 * @throws CorralError `invalid-option`; `limit-exceeded` if progress is too slow for double precision
 * @complexity as {@link wallShares}
 */
export function lostGpuSeconds(
  model: RestartModel,
  options: { readonly gpus: number; readonly wallSeconds?: number | undefined },
): LostGpuSeconds {
  const given = readFields(options, ['gpus', 'wallSeconds']);
  const gpuSeconds =
    nonNegative(given.gpus, 'gpus') * nonNegative(given.wallSeconds ?? DAY_SECONDS, 'wallSeconds');
  const { lost } = wallShares(model);
  const byPhase = {} as Record<LossPhase, number>;
  const byBadput = Object.fromEntries(Object.values(BADPUT).map((name) => [name, 0])) as Record<
    Badput,
    number
  >;
  let total = 0;
  for (const [name, share] of Object.entries(lost) as [LossPhase, number][]) {
    byPhase[name] = share * gpuSeconds;
    byBadput[BADPUT[name]] += byPhase[name];
    total += byPhase[name];
  }
  return { total, byPhase, byBadput };
}
