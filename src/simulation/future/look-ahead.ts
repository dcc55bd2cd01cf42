import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import type { Headroom } from '../allocation/headroom.js';
import { type GangPieces, Holdings } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/**
 * A second engine that is kept equal to the cluster, on which the scheduler looks ahead: jobs that will have ended by a time
 * are taken out of it, and put back.
 *
 * "Fits" is the engine's own answer, tiers, models, CPU and memory included.
 */
export class LookAhead {
  readonly engine: PlacementEngine;
  /** What is kept free on the engine, while somebody asks whether a job fits, and what that job holds then. */
  readonly #kept: { readonly headroom: Headroom; readonly jobs: Holdings } | undefined;
  /** Jobs that are not on the engine for the moment. */
  readonly #gone: number[] = [];
  #head = -1;
  /** The job of {@link begin} with the fewest pods that it starts with. */
  #least: Gang | undefined;
  /** Thousandths of GPUs of jobs that are not. */
  #goneMilli = 0;

  /**
   * @param ahead - mirrors what jobs hold, see Allocation
   * @param headroom - on this engine, nothing kept yet; undefined = none
   */
  constructor(ahead: PlacementEngine, jobs: number, headroom: Headroom | undefined) {
    this.engine = ahead;
    this.#kept = headroom === undefined ? undefined : { headroom, jobs: new Holdings(ahead, jobs) };
  }

  /**
   * Takes running jobs out by their expected ends until a job fits; {@link end} must follow. Who is overdue is expected to
   * end now.
   *
   * @returns when it fits, microseconds, now or later; Infinity if never
   * @complexity O(running) moves and decisions of the engine
   */
  begin(run: ClusterRun, job: number): number {
    const head = run.gangOf(job);
    this.#head = job;
    this.#least = head.podsMin === head.pods ? head : { ...head, pods: head.podsMin };
    const { ends, jobs, length } = run.ends;
    const needed = head.podsMin * head.need.totalGpuMilli;
    this.#goneMilli = 0;
    for (let at = 0; at < length; ) {
      const end = Math.max(run.now, ends[at]!);
      for (; at < length && ends[at]! <= end; at++) {
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
    return promised - run.now;
  }

  /** Takes a job out that is on the cluster. */
  takeOut(run: ClusterRun, job: number): void {
    run.holdings.giveOn(this.engine, job, run.gangOf(job));
    this.#goneMilli += run.heldMilliOf(job);
    this.#gone.push(job);
  }

  /** Whether the job of {@link begin} fits on what the engine shows, beside what is kept free. */
  fits(run: ClusterRun): boolean {
    const gang = run.gangOf(this.#head);
    if (this.#kept !== undefined) return this.#placeBesideRoom(run, this.#kept, gang) !== undefined;
    return gang.pods === 1 ? this.engine.peek(gang.need) : this.engine.peekPlan(gang) !== undefined;
  }

  /** Where the job of {@link begin} would go with the fewest pods that it starts with; undefined if it does not fit. */
  plan(run: ClusterRun): GangPieces | undefined {
    const { engine } = this;
    const gang = this.#least!;
    if (this.#kept !== undefined) return this.#placeBesideRoom(run, this.#kept, gang);
    if (gang.pods > 1) return engine.peekPlan(gang);
    return engine.peek(gang.need)
      ? { servers: [engine.server], masks: [engine.gpuMask], podCounts: [1] }
      : undefined;
  }

  /** Thousandths of GPUs that the job of {@link begin} leaves free at most, on what the engine shows. */
  spareMilli(run: ClusterRun): number {
    const { podsMin, need } = run.gangOf(this.#head);
    return this.#freeMilli(run) - podsMin * need.totalGpuMilli;
  }

  /**
   * The most pods of the job of {@link begin} that fit on what the engine shows, up to a number, where only whole GPUs on any
   * servers are asked for; Infinity elsewhere. What is kept free is overlooked.
   */
  mostPods(run: ClusterRun, pods: number): number {
    const gang = run.gangOf(this.#head);
    const { need, requireLevel, slicePods } = gang;
    const isAnywhere = requireLevel === this.engine.tables.fabric.levelCount - 1 && slicePods === 1;
    if (!isAnywhere || !need.isPlain || need.allowedShapes !== undefined) return Number.POSITIVE_INFINITY;
    return this.engine.mostPods({ ...gang, pods });
  }

  #placeBesideRoom(
    run: ClusterRun,
    { headroom, jobs }: { readonly headroom: Headroom; readonly jobs: Holdings },
    gang: Gang,
  ): GangPieces | undefined {
    const head = this.#head;
    const kept = run.allocation.headroom!;
    const free = this.#freeMilli(run);
    const isAllFree = free >= this.engine.tables.gpuCount * GPU_MILLI;
    if (!isAllFree && !kept.mayFit(head, gang, free)) return undefined;
    headroom.adopt(kept);
    // What is missing comes before every job.
    headroom.refill();
    let plan: GangPieces | undefined;
    if (headroom.takeBeside(head, gang, jobs, free)) {
      const { server, mask, pieces } = jobs.assignmentOf(head);
      plan = pieces ?? { servers: [server], masks: [mask], podCounts: [1] };
      jobs.give(head, gang);
      jobs.forget(head);
    }
    headroom.clear();
    return plan;
  }

  /** Thousandths of GPUs that jobs on the engine leave free, those of servers that take no pods included. */
  #freeMilli(run: ClusterRun): number {
    return this.engine.tables.gpuCount * GPU_MILLI - run.allocation.heldMilli + this.#goneMilli;
  }

  /** Puts everybody back. */
  end(run: ClusterRun): void {
    while (this.#gone.length > 0) {
      const job = this.#gone.pop()!;
      run.holdings.takeOn(this.engine, job, run.gangOf(job));
    }
  }
}
