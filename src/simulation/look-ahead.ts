import type { PlacementEngine } from '../placement/engine.js';
import { GPU_MILLI } from '../units.js';
import type { ClusterRun } from './cluster-run.js';
import type { Headroom } from './headroom.js';
import { Holdings } from './holdings.js';

/**
 * A second engine that is kept equal to the cluster, on which the scheduler looks ahead: jobs that will have ended by a time
 * are taken out of it, and put back.
 *
 * "Fits" is the engine's own answer, tiers, models, CPU and memory included.
 */
export class LookAhead {
  readonly #ahead: PlacementEngine;
  /** What is kept free on the engine, while somebody asks whether a job fits, and what that job holds then. */
  readonly #kept: { readonly headroom: Headroom; readonly jobs: Holdings } | undefined;
  /** Jobs that are not on the engine for the moment. */
  readonly #gone: number[] = [];
  #head = -1;
  /** Thousandths of GPUs of jobs that are not. */
  #goneMilli = 0;

  /**
   * @param ahead - mirrors what jobs hold, see Allocation
   * @param headroom - on this engine, nothing kept yet; undefined = none
   */
  constructor(ahead: PlacementEngine, jobs: number, headroom: Headroom | undefined) {
    this.#ahead = ahead;
    this.#kept = headroom === undefined ? undefined : { headroom, jobs: new Holdings(ahead, jobs) };
  }

  /**
   * Takes running jobs out by their expected ends until a job fits; {@link end} must follow.
   *
   * @returns when it fits, microseconds, before now if it waits for a job that is overdue; Infinity if never
   * @complexity O(running) moves and decisions of the engine
   */
  begin(run: ClusterRun, job: number): number {
    const head = run.gangOf(job);
    this.#head = job;
    const { ends, jobs, length } = run.ends;
    const needed = head.podsMin * head.need.totalGpuMilli;
    this.#goneMilli = 0;
    for (let at = 0; at < length; ) {
      const end = ends[at]!;
      for (; at < length && ends[at] === end; at++) {
        this.takeOut(run, jobs[at]!);
      }
      // Deciding costs more than counting.
      if (this.#freeMilli(run) >= needed && this.fits(run)) return end;
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * How long a job would wait if nobody moved, microseconds; 0 if it waits for a job that is overdue, Infinity = for ever.
   *
   * @complexity as {@link begin}
   */
  waitOf(run: ClusterRun, job: number): number {
    const promised = this.begin(run, job);
    this.end(run);
    return Math.max(0, promised - run.now);
  }

  /** Takes a job out that is on the cluster. */
  takeOut(run: ClusterRun, job: number): void {
    run.holdings.giveOn(this.#ahead, job, run.gangOf(job));
    this.#goneMilli += run.heldMilliOf(job);
    this.#gone.push(job);
  }

  /** Whether the job of {@link begin} fits on what the engine shows, beside what is kept free. */
  fits(run: ClusterRun): boolean {
    const gang = run.gangOf(this.#head);
    if (this.#kept === undefined) {
      return gang.pods === 1 ? this.#ahead.peek(gang.need) : this.#ahead.peekPlan(gang) !== undefined;
    }
    const { headroom, jobs } = this.#kept;
    const kept = run.allocation.headroom!;
    const free = this.#freeMilli(run);
    const isAllFree = free >= this.#ahead.tables.gpuCount * GPU_MILLI;
    if (!isAllFree && !kept.mayFit(this.#head, gang, free)) return false;
    headroom.adopt(kept);
    // What is missing comes before every job.
    headroom.refill();
    const fits = headroom.takeBeside(this.#head, gang, jobs, free);
    if (fits) {
      jobs.give(this.#head, gang);
      jobs.forget(this.#head);
    }
    headroom.clear();
    return fits;
  }

  /** Thousandths of GPUs that jobs on the engine leave free, those of servers that take no pods included. */
  #freeMilli(run: ClusterRun): number {
    return this.#ahead.tables.gpuCount * GPU_MILLI - run.allocation.heldMilli + this.#goneMilli;
  }

  /** Puts everybody back. */
  end(run: ClusterRun): void {
    while (this.#gone.length > 0) {
      const job = this.#gone.pop()!;
      run.holdings.takeOn(this.#ahead, job, run.gangOf(job));
    }
  }
}
