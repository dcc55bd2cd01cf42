import { readFields } from '../../checks/fields.js';
import { integer } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { type RandomStream, randomStream } from '../../random.js';
import type { UniformSource } from '../phases/phase.js';
import type { LossPhase } from './lost-gpu-seconds.js';
import { RECOVERY_STEPS } from './recovery.js';
import { checkModel, type FailureClass, type RestartModel } from './restart-model.js';

/** Options of {@link simulateRestarts}. */
export interface SimulateRestartsOptions {
  /** Any safe integer; equal seeds give equal results on every machine. */
  readonly seed: number;
  /** Number of checkpoints to complete (with two tiers: durable ones), 2 or more. */
  readonly commits: number;
  /**
   * Most failures to draw before the simulation gives up, 1 … 100,000,000; default 2,000,000, which take a second or
   * two.
   */
  readonly failuresMax?: number | undefined;
}

/** The result of a simulated job. */
export interface SimulatedRestarts {
  /** Productive time over wall time. */
  readonly ettr: number;
  /**
   * Standard error of `ettr`, from the variance of the times between checkpoints, which are independent and
   * identically distributed. `Infinity` if it is not `reliable`: the error of `ettr` is then unknown.
   */
  readonly standardError: number;
  /**
   * True if the standard error is known to about a tenth. For this, every class of failures that contributes a
   * hundredth or more of the variance must have occurred 30 times or more, and as many cycles must contribute to the
   * variance. If not, ask for more `commits`. True if nothing can fail. A rare long duration inside one phase counts
   * only after it was drawn once.
   */
  readonly reliable: boolean;
  readonly commits: number;
  readonly failures: number;
  readonly wallSeconds: number;
  /** Wall time lost, by kind of loss; the rest of the wall time is productive. */
  readonly lostSeconds: Readonly<Record<LossPhase, number>>;
}

const COMMITS_MAX = 1_000_000_000;
const FAILURES_MAX = 100_000_000;
const FAILURES_DEFAULT = 2_000_000;
/**
 * Fewest failures of a class, and fewest cycles, for a reliable variance: from 30 equal contributions the standard
 * error is known to 1/√(4·30).
 */
const STRIKES_MIN = 30;
/** Smallest share of the variance for which a class must have occurred {@link STRIKES_MIN} times. */
const WEIGHT_MIN = 0.01;

/**
 * Simulates a job event by event: failures at exponential intervals, restarts drawn from the same phases that the
 * closed form uses, rollbacks to the checkpoint that survives. It checks {@link ettr} independently.
 *
 * @param model - from {@link restartModel}
 * @returns the ratio with its standard error, and the lost time by kind
 * @throws CorralError `invalid-option`; `limit-exceeded` after `failuresMax` failures
 * @complexity O(failures + commits hit by one): half a microsecond per failure
 */
export function simulateRestarts(model: RestartModel, options: SimulateRestartsOptions): SimulatedRestarts {
  checkModel(model);
  const given = readFields(options, ['seed', 'commits', 'failuresMax']);
  const commits = integer(given.commits, 2, COMMITS_MAX, 'commits');
  const failuresMax = integer(given.failuresMax ?? FAILURES_DEFAULT, 1, FAILURES_MAX, 'failuresMax');
  const run = new Run(model, given.seed, failuresMax);
  if (model.durable === undefined) run.oneTier(commits);
  else run.twoTiers(commits);
  return run.result(commits);
}

/** The run of one job. Active time and restart time are summed separately. */
class Run {
  readonly #model: RestartModel;
  readonly #failuresMax: number;
  readonly #failureRandom: RandomStream;
  readonly #phaseRandom: UniformSource;
  readonly #lost: Record<LossPhase, number>;
  #failures = 0;
  /** Seconds of exposed time until the next failure. */
  #untilFailure: number;
  #activeSeconds = 0;
  #restartSeconds = 0;
  /** Class of failures that contributes to the variance → number of its failures. */
  readonly #strikes: Map<FailureClass, number>;
  /**
   * The excess of a cycle is its length minus that of a cycle without failures, seconds. Sums of the 1st to 4th
   * powers over all cycles.
   */
  readonly #excess: [number, number, number, number] = [0, 0, 0, 0];

  constructor(model: RestartModel, seed: number, failuresMax: number) {
    this.#model = model;
    this.#failuresMax = failuresMax;
    this.#failureRandom = randomStream(seed, 'failures');
    const phaseRandom = randomStream(seed, 'phases');
    this.#phaseRandom = () => phaseRandom.unit();
    this.#lost = Object.fromEntries(
      [...RECOVERY_STEPS, 'stall', 'recompute'].map((name) => [name, 0]),
    ) as Record<LossPhase, number>;
    this.#strikes = new Map(weightyClasses(model).map((c) => [c, 0]));
    this.#untilFailure = this.#drawFailure();
  }

  oneTier(commits: number): void {
    const { computeSeconds, stallSeconds, persistLagSeconds } = this.#model;
    const cycle = computeSeconds + stallSeconds;
    let done = 0;
    while (done < commits) {
      // All cycles before the next failure are equal: count them at once.
      const clean = Math.min(commits - done, Math.floor(this.#untilFailure / cycle));
      this.#pass(clean * cycle);
      done += clean;
      if (done === commits || this.#untilFailure >= cycle) continue;
      let seconds = 0;
      let needed = cycle;
      while (this.#untilFailure < needed) {
        seconds += this.#untilFailure;
        this.#activeSeconds += this.#untilFailure;
        seconds += this.#restart(this.#strike()).seconds;
        needed = cycle + persistLagSeconds;
      }
      this.#pass(needed);
      this.#count(seconds + needed - cycle);
      done++;
    }
  }

  /** A cycle ends when a durable checkpoint is complete, `persistLagSeconds` after its stall. */
  twoTiers(commits: number): void {
    const { computeSeconds, stallSeconds, persistLagSeconds: lag, durable } = this.#model;
    const { snapshots, stallSeconds: durableStall } = durable!;
    const undisturbed = snapshots * computeSeconds + (snapshots - 1) * stallSeconds + durableStall;
    const between = computeSeconds + stallSeconds;
    const length = (segment: number): number => {
      if (segment === snapshots) return lag;
      return segment === snapshots - 1 ? computeSeconds + durableStall : between;
    };
    // The first cycle starts like all others, when a durable checkpoint is complete.
    let done = 0;
    while (done < commits) {
      const clean = Math.min(commits - done, Math.floor(this.#untilFailure / undisturbed));
      this.#pass(clean * undisturbed);
      done += clean;
      if (done === commits || this.#untilFailure >= undisturbed) continue;
      let seconds = 0;
      let segment = 0;
      let needed = length(0) - lag;
      for (;;) {
        if (this.#untilFailure >= needed) {
          // Pass all snapshots before the next failure at once.
          const equal = Math.min(
            snapshots - 2 - segment,
            Math.floor((this.#untilFailure - needed) / between),
          );
          const passed = needed + Math.max(0, equal) * between;
          this.#pass(passed);
          seconds += passed;
          segment += 1 + Math.max(0, equal);
          if (segment > snapshots) break;
        } else {
          seconds += this.#untilFailure;
          this.#activeSeconds += this.#untilFailure;
          const { seconds: outage, rollback } = this.#restart(this.#strike());
          seconds += outage;
          if (rollback === 'durable') segment = 0;
        }
        needed = length(segment);
      }
      this.#count(seconds - undisturbed);
      done++;
    }
  }

  /** Advances time without a failure. */
  #pass(seconds: number): void {
    this.#untilFailure -= seconds;
    this.#activeSeconds += seconds;
  }

  result(commits: number): SimulatedRestarts {
    const { computeSeconds, stallSeconds, durable } = this.#model;
    const useful = (durable?.snapshots ?? 1) * computeSeconds;
    const stall =
      durable === undefined ? stallSeconds : (durable.snapshots - 1) * stallSeconds + durable.stallSeconds;
    const wallSeconds = this.#activeSeconds + this.#restartSeconds;
    this.#lost.stall = commits * stall;
    this.#lost.recompute = Math.max(0, this.#activeSeconds - commits * (useful + stall));
    const ratio = (commits * useful) / wallSeconds;
    const [mean, square, cube, fourth] = this.#excess.map((sum) => sum / commits) as [
      number,
      number,
      number,
      number,
    ];
    const variance = Math.max(0, square - mean * mean);
    const fourthMoment = fourth - 4 * mean * cube + 6 * mean ** 2 * square - 3 * mean ** 4;
    // The effective number of cycles that contribute to the variance: the exact number if all their excesses are
    // equal.
    const spreadFrom = (commits * variance ** 2) / fourthMoment;
    const reliable =
      this.#model.failuresPerActiveSecond === 0 ||
      (spreadFrom >= STRIKES_MIN && [...this.#strikes.values()].every((strikes) => strikes >= STRIKES_MIN));
    // The delta method for a constant divided by a mean.
    const standardError = (ratio * Math.sqrt(variance / (commits - 1))) / (wallSeconds / commits);
    return {
      ettr: ratio,
      standardError: reliable ? standardError : Number.POSITIVE_INFINITY,
      reliable,
      commits,
      failures: this.#failures,
      wallSeconds,
      lostSeconds: this.#lost,
    };
  }

  #count(excessSeconds: number): void {
    let power = 1;
    for (let i = 0; i < this.#excess.length; i++) {
      power *= excessSeconds;
      this.#excess[i]! += power;
    }
  }

  #drawFailure(): number {
    const rate = this.#model.failuresPerActiveSecond;
    return rate === 0 ? Number.POSITIVE_INFINITY : -Math.log1p(-this.#failureRandom.unit()) / rate;
  }

  /** Counts the failure that is due and draws the next one; returns the class of the failure. */
  #strike(): FailureClass {
    if (++this.#failures > this.#failuresMax) {
      throw new CorralError(
        'limit-exceeded',
        ['failuresMax'],
        `gave up after ${this.#failuresMax} failures: the job hardly progresses, or so many commits need a larger failuresMax`,
      );
    }
    this.#untilFailure = this.#drawFailure();
    const struck = this.#drawClass(this.#model.failureClasses, this.#model.failuresPerSecond);
    const strikes = this.#strikes.get(struck);
    if (strikes !== undefined) this.#strikes.set(struck, strikes + 1);
    return struck;
  }

  #drawClass(classes: readonly FailureClass[], total: number): FailureClass {
    if (classes.length === 1) return classes[0]!;
    let left = this.#failureRandom.unit() * total;
    let last = classes[0]!;
    for (const c of classes) {
      if (c.failuresPerSecond === 0) continue;
      last = c;
      if (left < c.failuresPerSecond) return c;
      left -= c.failuresPerSecond;
    }
    return last;
  }

  /**
   * Repeats the restart until an attempt is not interrupted. Once a failure needs the durable checkpoint, all further
   * attempts go back to it.
   */
  #restart(failure: FailureClass): { seconds: number; rollback: FailureClass['rollback'] } {
    let struck = failure;
    let seconds = 0;
    for (;;) {
      const { seconds: attempt, interrupted } = this.#attempt(struck);
      seconds += attempt;
      if (!interrupted) break;
      const next = this.#strike();
      struck = struck.rollback === 'durable' && next.rollback === 'memory' ? this.#durableClass() : next;
    }
    this.#restartSeconds += seconds;
    return { seconds, rollback: struck.rollback };
  }

  /**
   * The class whose restart is repeated if a failure interrupts a durable restart: drawn from the durable classes by
   * rate.
   */
  #durableClass(): FailureClass {
    const classes = this.#model.failureClasses.filter((c) => c.rollback === 'durable');
    return this.#drawClass(
      classes,
      classes.reduce((sum, c) => sum + c.failuresPerSecond, 0),
    );
  }

  #attempt(c: FailureClass): { seconds: number; interrupted: boolean } {
    const interruptible = this.#model.clock === 'wall';
    let seconds = 0;
    for (const { step, phase } of c.hidden) {
      const drawn = phase.sample(this.#phaseRandom);
      this.#lost[step] += drawn;
      seconds += drawn;
    }
    for (const { step, phase } of c.exposed) {
      const drawn = phase.sample(this.#phaseRandom);
      if (interruptible && drawn > this.#untilFailure) {
        this.#lost[step] += this.#untilFailure;
        return { seconds: seconds + this.#untilFailure, interrupted: true };
      }
      if (interruptible) this.#untilFailure -= drawn;
      this.#lost[step] += drawn;
      seconds += drawn;
    }
    return { seconds, interrupted: false };
  }
}

/** The classes that contribute to the variance. Contribution: rate × mean square of the time lost to one failure. */
function weightyClasses({ failureClasses, computeSeconds, durable }: RestartModel): FailureClass[] {
  const weights = failureClasses.map(({ failuresPerSecond, hidden, exposed, rollback }) => {
    let mean = computeSeconds * (rollback === 'durable' ? (durable?.snapshots ?? 1) : 1);
    let variance = 0;
    for (const { phase } of [...hidden, ...exposed]) {
      mean += phase.mean;
      variance += phase.variance;
    }
    return failuresPerSecond * (mean * mean + variance);
  });
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return failureClasses.filter((_, i) => weights[i]! > WEIGHT_MIN * all);
}
