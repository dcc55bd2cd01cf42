import { fieldNames, readFields } from '../../checks/fields.js';
import { callForeign, readList } from '../../checks/plain-data.js';
import { integer, nonNegative, positive } from '../../checks/quantity.js';
import { oneOf, text, unexpected } from '../../checks/values.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { type Phase, phasesIn } from '../phases/phase.js';
import { type RecoveryDurations, type TimedStep, timedSteps } from './recovery.js';

/**
 * The time in which failures occur, and to which failure rates refer.
 *
 * - `wall`: all time in which the gang runs, exposed restart steps included. Rates are per second of such time.
 * - `up`: only time in which the job computes or writes checkpoints. Rates are per second of such time.
 * - `observed`: as `up`, but rates are per second of wall clock time, outages included, as operators count them.
 * Example: FT-HSDP's 44 % at 18 minutes between failures and 10 minutes of outage, 1 - 10/18.
 */
export type FailureClock = 'wall' | 'up' | 'observed';

/** The checkpoint that the job goes back to, if there are two tiers. */
export type Rollback = 'memory' | 'durable';

/** Failures of one kind: their rate, and the steps of a restart after them. */
export interface FailureClassOptions {
  /** A name for messages and results; default `class` and its position. */
  readonly name?: string | undefined;
  /** Failures per second of the chosen clock, 0 or more. */
  readonly failuresPerSecond: number;
  /** Steps that no failure can interrupt; default: the model's `hidden`. */
  readonly hidden?: RecoveryDurations | undefined;
  /** Steps that a failure starts again; default: the model's `exposed`. */
  readonly exposed?: RecoveryDurations | undefined;
  /** With `durable`: the checkpoint that the job goes back to; default `memory`, the last snapshot. */
  readonly rollback?: Rollback | undefined;
}

/** Options of {@link restartModel}. */
export interface RestartModelOptions {
  /** Failures that stop the job, per second; excludes `failureClasses`. */
  readonly failuresPerSecond?: number | undefined;
  /** Failures by kind; the total rate is the sum. Excludes `failuresPerSecond`. */
  readonly failureClasses?: readonly FailureClassOptions[] | undefined;
  /** Seconds of useful compute between the starts of two checkpoints, above 0 (Daly's τ). */
  readonly computeSeconds: number;
  /** Seconds that a checkpoint blocks the job; default 0. */
  readonly stallSeconds?: number | undefined;
  /**
   * Seconds from the end of the stall until the checkpoint can be loaded; the job computes during that time. At most
   * `computeSeconds`; default 0. With `durable` it is the lag of durable checkpoints.
   */
  readonly persistLagSeconds?: number | undefined;
  /** Restart steps that no failure can interrupt; default none. */
  readonly hidden?: RecoveryDurations | undefined;
  /** Restart steps that a failure starts again; default none. */
  readonly exposed?: RecoveryDurations | undefined;
  /** The time in which failures occur; default `wall`. */
  readonly clock?: FailureClock | undefined;
  /**
   * Two tiers of checkpoints: the checkpoints above are snapshots in memory, but every `snapshots`-th is durable and
   * stalls for this `stallSeconds` instead. Failure classes with `rollback: 'durable'` go back to the last durable
   * checkpoint.
   */
  readonly durable?: { readonly snapshots: number; readonly stallSeconds: number } | undefined;
}

/** Failures of one kind in a model. */
export interface FailureClass {
  readonly name: string;
  /** In the time of the model's `clock`. */
  readonly failuresPerSecond: number;
  readonly hidden: readonly TimedStep[];
  readonly exposed: readonly TimedStep[];
  readonly rollback: Rollback;
}

/** The failure classes that roll back to one tier of checkpoint, as the formulas need them. */
export interface RollbackGroup {
  /** Failures per second of active time, see {@link RestartModel.failuresPerActiveSecond}. */
  readonly failuresPerSecond: number;
  /** Mean of the hidden steps, seconds. */
  readonly hiddenSeconds: number;
  /** Per class its share of the group's failures, and its exposed phases. */
  readonly branches: readonly { readonly share: number; readonly exposed: readonly Phase[] }[];
}

/** A checked model of a job that fails, restarts and goes on. Immutable. */
export interface RestartModel {
  readonly computeSeconds: number;
  readonly stallSeconds: number;
  readonly persistLagSeconds: number;
  readonly clock: FailureClock;
  /** The sum over the classes, in the time of `clock`. */
  readonly failuresPerSecond: number;
  /**
   * Failures per second of the time in which failures can occur: equal to `failuresPerSecond` unless the clock is
   * `observed`.
   */
  readonly failuresPerActiveSecond: number;
  readonly failureClasses: readonly FailureClass[];
  readonly durable: { readonly snapshots: number; readonly stallSeconds: number } | undefined;
  /** The classes that go back to the last checkpoint (with two tiers: the last snapshot). */
  readonly toLast: RollbackGroup;
  /** The classes that go back to the last durable checkpoint; its rate is 0 with one tier. */
  readonly toDurable: RollbackGroup;
}

/** The models that `restartModel` built; copies and objects of the caller are not among them. */
const models = new WeakSet<object>();

/**
 * Refuses anything that `restartModel` did not return, such as its options or a copy of a model.
 *
 * @throws CorralError `invalid-option`
 */
export function checkModel(model: RestartModel): void {
  if (typeof model === 'object' && model !== null && models.has(model)) return;
  const isCopy = callForeign(() => typeof model === 'object' && model?.toLast !== undefined, ['model']);
  throw new CorralError(
    'invalid-option',
    ['model'],
    isCopy
      ? 'not a restart model any more, but a copy of one: build it again with restartModel(options)'
      : `expected what restartModel(options) returns, got ${quote(model)}`,
  );
}

const FIELDS = fieldNames<RestartModelOptions>({
  failuresPerSecond: true,
  failureClasses: true,
  computeSeconds: true,
  stallSeconds: true,
  persistLagSeconds: true,
  hidden: true,
  exposed: true,
  clock: true,
  durable: true,
});
const CLASS_FIELDS = fieldNames<FailureClassOptions>({
  name: true,
  failuresPerSecond: true,
  hidden: true,
  exposed: true,
  rollback: true,
});
const CLOCKS: readonly FailureClock[] = ['wall', 'up', 'observed'];
/** The longest time, seconds, and the highest rate, per second. */
const QUANTITY_MAX = 1e15;
/** Most phases of all classes together: one ETTR computes a transform of each. */
const PHASES_MAX = 100_000;
/** Most failure classes. One per level and outcome are some tens. */
const CLASSES_MAX = 10_000;
/** Most snapshots per durable checkpoint. */
const SNAPSHOTS_MAX = 1_000_000;

/**
 * Builds the model of a job that computes, writes checkpoints, fails, restarts and continues.
 *
 * Failures are a Poisson process. After a failure the job repeats the work since the last complete checkpoint. A
 * failure during the exposed steps starts the restart again, with the steps of its own class.
 *
 * @param options - rates, checkpoint interval and restart steps, all in seconds; times and rates at most 1e15
 * @returns the model, for {@link ettr}, {@link optimalInterval}, {@link lostGpuSeconds}, {@link simulateRestarts}
 * @throws CorralError `invalid-option` with the path of the offending field
 * @complexity O(classes)
 * @example
 * restartModel({
 *   failuresPerSecond: 1 / 10_000,
 *   computeSeconds: 600,
 *   stallSeconds: 5,
 *   hidden: { detect: phase.exponential(10), reschedule: phase.fixed(60) },
 *   exposed: { launch: phase.maximum(2048, phase.exponential(5)), load: phase.fixed(40) },
 * });
 */
export function restartModel(options: RestartModelOptions): RestartModel {
  const given = readFields(options, FIELDS);
  const computeSeconds = limited(positive(given.computeSeconds, 'computeSeconds'), 'computeSeconds');
  const stallSeconds = limited(nonNegative(given.stallSeconds ?? 0, 'stallSeconds'), 'stallSeconds');
  const persistLagSeconds = nonNegative(given.persistLagSeconds ?? 0, 'persistLagSeconds');
  if (persistLagSeconds > computeSeconds) {
    throw new CorralError(
      'invalid-option',
      ['persistLagSeconds'],
      `expected at most computeSeconds, ${computeSeconds}, got ${persistLagSeconds}: a checkpoint must be complete before the next one starts`,
    );
  }
  const clock = oneOf(given.clock ?? 'wall', CLOCKS, 'clock');
  const durable = checkDurable(given.durable);
  const failureClasses = checkClasses(given, durable !== undefined);
  const failuresPerSecond = failureClasses.reduce((sum, c) => sum + c.failuresPerSecond, 0);
  const failuresPerActiveSecond =
    clock === 'observed' ? upRate(failuresPerSecond, failureClasses) : failuresPerSecond;
  const group = (rollback: Rollback): RollbackGroup =>
    rollbackGroup(
      failureClasses.filter((c) => c.rollback === rollback),
      failuresPerSecond === 0 ? 0 : failuresPerActiveSecond / failuresPerSecond,
      clock,
    );
  const model: RestartModel = Object.freeze({
    computeSeconds,
    stallSeconds,
    persistLagSeconds,
    clock,
    failuresPerSecond,
    failuresPerActiveSecond,
    failureClasses: Object.freeze(failureClasses),
    durable,
    toLast: group('memory'),
    toDurable: group('durable'),
  });
  models.add(model);
  return model;
}

/** Refuses figures above {@link QUANTITY_MAX}: sums and products of smaller ones stay finite. */
function limited(value: number, ...path: (string | number)[]): number {
  if (value <= QUANTITY_MAX) return value;
  throw unexpected(`at most ${QUANTITY_MAX}`, value, path);
}

function checkDurable(durable: RestartModelOptions['durable']): RestartModel['durable'] {
  if (durable === undefined) return undefined;
  const { snapshots, stallSeconds } = readFields(durable, ['snapshots', 'stallSeconds'], ['durable']);
  return Object.freeze({
    snapshots: integer(snapshots, 1, SNAPSHOTS_MAX, 'durable', 'snapshots'),
    stallSeconds: limited(nonNegative(stallSeconds, 'durable', 'stallSeconds'), 'durable', 'stallSeconds'),
  });
}

function checkClasses(options: RestartModelOptions, twoTiers: boolean): FailureClass[] {
  const hidden = timedSteps(options.hidden, ['hidden']);
  const exposed = timedSteps(options.exposed, ['exposed']);
  const given = options.failureClasses;
  if ((given === undefined) === (options.failuresPerSecond === undefined)) {
    throw new CorralError(
      'invalid-option',
      ['failuresPerSecond'],
      'give either failuresPerSecond or failureClasses',
    );
  }
  // A rate without classes is one class, whose fields are those of the options.
  const list: readonly FailureClassOptions[] =
    given === undefined
      ? [{ name: 'failure', failuresPerSecond: options.failuresPerSecond! }]
      : readList(given, ['failureClasses'], 'invalid-option', CLASSES_MAX);
  const classes = list.map((one, i): FailureClass => {
    const path: ErrorPath = given === undefined ? [] : ['failureClasses', i];
    const c = readFields(one, CLASS_FIELDS, path);
    const rollback = c.rollback ?? 'memory';
    if (rollback !== 'memory' && !(rollback === 'durable' && twoTiers)) {
      throw new CorralError(
        'invalid-option',
        [...path, 'rollback'],
        twoTiers
          ? `expected memory or durable, got ${quote(rollback)}`
          : `${quote(rollback)} needs two tiers of checkpoints: give durable`,
      );
    }
    return Object.freeze({
      name: text(c.name ?? `class ${i}`, ...path, 'name'),
      failuresPerSecond: limited(
        nonNegative(c.failuresPerSecond, ...path, 'failuresPerSecond'),
        ...path,
        'failuresPerSecond',
      ),
      hidden: c.hidden === undefined ? hidden : timedSteps(c.hidden, [...path, 'hidden']),
      exposed: c.exposed === undefined ? exposed : timedSteps(c.exposed, [...path, 'exposed']),
      rollback,
    });
  });
  const phases = classes.reduce((sum, c) => sum + phasesOf(c.hidden) + phasesOf(c.exposed), 0);
  if (phases <= PHASES_MAX) return classes;
  throw new CorralError(
    'limit-exceeded',
    ['failureClasses'],
    `the steps of all classes are made of ${phases} phases, at most ${PHASES_MAX} can be: join classes that are alike`,
  );
}

const phasesOf = (steps: readonly TimedStep[]): number =>
  steps.reduce((sum, { phase }) => sum + phasesIn(phase), 0);

const meanOf = (steps: readonly TimedStep[]): number => steps.reduce((sum, s) => sum + s.phase.mean, 0);

/**
 * The rate per second of up-time. The wall time between two failures is up-time and one outage: 1/λ_up = 1/λ_observed
 * − outage.
 */
function upRate(failuresPerSecond: number, classes: readonly FailureClass[]): number {
  if (failuresPerSecond === 0) return 0;
  const outageSeconds =
    classes.reduce((sum, c) => sum + c.failuresPerSecond * (meanOf(c.hidden) + meanOf(c.exposed)), 0) /
    failuresPerSecond;
  const upSeconds = 1 / failuresPerSecond - outageSeconds;
  if (!(upSeconds > 0)) {
    throw new CorralError(
      'invalid-option',
      ['clock'],
      `observed failures ${1 / failuresPerSecond} s apart leave no time to run between outages of ${outageSeconds} s: is the rate on another clock?`,
    );
  }
  return 1 / upSeconds;
}

/** Joins the classes of one tier: the rate is the sum, and the restart a mixture of theirs, weighted by rate. */
function rollbackGroup(
  classes: readonly FailureClass[],
  rateScale: number,
  clock: FailureClock,
): RollbackGroup {
  const total = classes.reduce((sum, c) => sum + c.failuresPerSecond, 0);
  const struck = classes.filter((c) => c.failuresPerSecond > 0);
  return Object.freeze({
    failuresPerSecond: total * rateScale,
    hiddenSeconds: struck.reduce(
      (sum, c) =>
        sum + (c.failuresPerSecond / total) * (meanOf(c.hidden) + (clock === 'wall' ? 0 : meanOf(c.exposed))),
      0,
    ),
    branches: Object.freeze(
      struck.map((c) =>
        Object.freeze({
          share: c.failuresPerSecond / total,
          // On the other clocks no failure interrupts a restart.
          exposed: Object.freeze(clock === 'wall' ? c.exposed.map((s) => s.phase) : []),
        }),
      ),
    ),
  });
}

/**
 * The chance that the exposed steps of a restart end before another failure, E[e^(-λX)]: a mixture over the classes,
 * each a product over its phases. It is 1 for a group without failures.
 *
 * @param group - the classes that roll back to one tier
 * @param failuresPerSecond - λ, the rate of all failures that could interrupt
 */
export function restartLaplace(group: RollbackGroup, failuresPerSecond: number): number {
  if (group.branches.length === 0) return 1;
  let sum = 0;
  for (const branch of group.branches) {
    let product = branch.share;
    for (const phase of branch.exposed) product *= phase.laplace(failuresPerSecond);
    sum += product;
  }
  return sum;
}

/**
 * Expected seconds of one attempt to restart: the hidden steps, then the exposed ones until they end or a failure
 * occurs, E[min(X, failure)] = (1 − L(λ))/λ.
 */
export function attemptSeconds(group: RollbackGroup, failuresPerSecond: number): number {
  if (failuresPerSecond === 0) return 0;
  return group.hiddenSeconds + (1 - restartLaplace(group, failuresPerSecond)) / failuresPerSecond;
}
