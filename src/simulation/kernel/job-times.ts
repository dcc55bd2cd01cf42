import type { Holdings } from '../allocation/holdings.js';
import type { JobState } from '../jobs/job-state.js';
import type { JobTable } from '../jobs/job-table.js';
import { clockOfWork, progressAt, type RunProgress, rhythmOf, snapshotsAhead } from '../jobs/progress.js';

/**
 * How far running jobs are, when they end, and how long the scheduler believes that jobs take. Times in microseconds.
 */
export class JobTimes {
  /** Mean time that a restarted job spends on its GPUs before it computes. */
  restartMicros = 0;
  readonly #table: JobTable;
  readonly #state: JobState;
  readonly #holdings: Holdings;
  readonly #loop: { readonly now: number };
  readonly #overrunMax: number;

  /**
   * @param loop - knows the time
   * @param overrunMax - how long a run may last beyond its estimate; Infinity = any time
   */
  constructor(
    table: JobTable,
    state: JobState,
    holdings: Holdings,
    loop: { readonly now: number },
    overrunMax: number,
  ) {
    this.#table = table;
    this.#state = state;
    this.#holdings = holdings;
    this.#loop = loop;
    this.#overrunMax = overrunMax;
  }

  /** What the clock of a running job shows now. */
  clockOf(job: number): number {
    const { clock, clockEnd, since, speed } = this.#state;
    const { now } = this.#loop;
    // Rounding must leave nothing to do to a job that is done.
    if (this.isDue(job)) return clockEnd[job]!;
    if (now <= since[job]!) return clock[job]!;
    return Math.min(clockEnd[job]!, clock[job]! + (now - since[job]!) * speed[job]!);
  }

  /** What a running job has done in its run so far. */
  progressOf(job: number): RunProgress {
    return progressAt(this.clockOf(job), rhythmOf(this.#table, job), this.#snapshotsOf(job));
  }

  /** What the clock of a run that begins now shows at its end. */
  clockOfRest(job: number): number {
    const table = this.#table;
    const work = table.work[job]! - this.#state.saved[job]!;
    if (table.interval[job] === Number.POSITIVE_INFINITY) return work;
    return clockOfWork(work, rhythmOf(table, job), this.#snapshotsOf(job));
  }

  /** When a running job is done, or killed. */
  endOf(job: number): number {
    return Math.min(this.#doneAt(job), this.#state.limit[job]!);
  }

  /** True if a running job has done all its work. It ends now, even if that event is still to come; nobody may stop it. */
  isDue(job: number): boolean {
    return this.#doneAt(job) <= this.#loop.now;
  }

  /** When a run that begins to compute is killed; Infinity = never. */
  limitOf(job: number): number {
    if (this.#overrunMax === Number.POSITIVE_INFINITY || this.#table.isEstimated[job] === 0) {
      return Number.POSITIVE_INFINITY;
    }
    return this.#state.computeBegin[job]! + this.computeOn(job, this.#holdings.pods[job]!) + this.#overrunMax;
  }

  /** Estimate of what is left of a job that does not run. */
  estimateLeft(job: number): number {
    return this.#estimateAfter(job, this.#state.saved[job]!);
  }

  /** Estimate of what is left of a running job. */
  runningEstimateLeft(job: number): number {
    return this.#estimateAfter(job, this.#state.saved[job]! + this.progressOf(job).work);
  }

  /** Estimate of how long a waiting job would compute on a number of pods. */
  computeOn(job: number, pods: number): number {
    const { pods: all } = this.#table.gangs[this.#table.gangOf[job]!]!;
    const left = this.estimateLeft(job);
    // With all pods nothing is divided, so that large times are not rounded.
    return pods === all ? left : Math.ceil((left * all) / pods);
  }

  /** Estimate of how long a run of a waiting job would take on a number of pods. */
  durationOn(job: number, pods: number): number {
    return this.computeOn(job, pods) + (this.#state.starts[job]! > 0 ? this.restartMicros : 0);
  }

  /** Estimate of how long a run of a waiting job would take on all its pods. */
  estimateOfRun(job: number): number {
    return this.durationOn(job, this.#table.gangs[this.#table.gangOf[job]!]!.pods);
  }

  /** When a run that began now, on GPUs that the job holds, would be expected to end. */
  expectedEnd(job: number): number {
    return this.#loop.now + this.durationOn(job, this.#holdings.pods[job]!);
  }

  /** When a running job has done all its work if its speed stays. */
  #doneAt(job: number): number {
    const { clock, clockEnd, since, speed } = this.#state;
    return since[job]! + Math.ceil((clockEnd[job]! - clock[job]!) / speed[job]!);
  }

  #estimateAfter(job: number, done: number): number {
    const { estimate, work } = this.#table;
    return done === 0 ? estimate[job]! : Math.round((estimate[job]! * (work[job]! - done)) / work[job]!);
  }

  /** Checkpoints in memory that are newer than the last durable one, when a run begins. */
  #snapshotsOf(job: number): number {
    return snapshotsAhead(this.#table.interval[job]!, this.#state.saved[job]!, this.#state.durable[job]!);
  }
}
