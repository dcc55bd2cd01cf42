import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import type { Headroom } from '../allocation/headroom.js';
import { type GangPieces, Holdings } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/**
 * A second engine that mirrors the cluster. The scheduler looks ahead on it: it takes out the jobs that will have ended by
 * some time, asks whether the head of the queue fits then, and puts them back. Fits means what it means on the cluster:
 * tiers, GPU models, CPU and memory count.
 */
export class LookAhead {
  readonly engine: PlacementEngine;
  /** Headroom of this engine, empty between two questions, and what the head holds during one. */
  readonly #kept: { readonly headroom: Headroom; readonly jobs: Holdings } | undefined;
  /** Running jobs that are taken out. */
  readonly #gone: number[] = [];
  /** Thousandths of GPUs of these jobs. */
  #goneMilli = 0;
  #head = -1;
  /** The gang of the head with the fewest pods that it starts with. */
  #least: Gang | undefined;

  /**
   * @param ahead - mirrors what jobs hold, see `Allocation.keepMirror`
   * @param jobs - jobs of the simulation
   * @param headroom - on this engine, with nothing kept yet; undefined = the simulation has none
   */
  constructor(ahead: PlacementEngine, jobs: number, headroom: Headroom | undefined) {
    this.engine = ahead;
    this.#kept = headroom === undefined ? undefined : { headroom, jobs: new Holdings(ahead, jobs) };
  }

  /**
   * Finds when a job fits: takes running jobs out in the order of their expected ends until it does. Overdue jobs are
   * expected to end now. {@link end} must follow.
   *
   * @param head - the job; later calls are about it
   * @returns microseconds, now or later; Infinity if it never fits
   * @complexity O(running) moves and decisions of the engine
   */
  begin(run: ClusterRun, head: number): number {
    const gang = run.gangOf(head);
    this.#head = head;
    this.#least = gang.podsMin === gang.pods ? gang : { ...gang, pods: gang.podsMin };
    const { ends, jobs, length } = run.ends;
    this.#goneMilli = 0;
    for (let at = 0; at < length; ) {
      const end = Math.max(run.now, ends[at]!);
      for (; at < length && ends[at]! <= end; at++) this.takeOut(run, jobs[at]!);
      // A count is cheaper than a decision.
      if (this.spareMilli(run) >= 0 && this.fits(run)) return end;
    }
    return Number.POSITIVE_INFINITY;
  }

  /**
   * How long a job would wait if no job moved.
   *
   * @returns microseconds; 0 if it waits for an overdue job, Infinity = for ever
   * @complexity as {@link begin}
   */
  waitOf(run: ClusterRun, job: number): number {
    const promised = this.begin(run, job);
    this.end(run);
    return promised - run.now;
  }

  /** Takes out a job that holds GPUs on the cluster. */
  takeOut(run: ClusterRun, job: number): void {
    run.holdings.giveOn(this.engine, job, run.gangOf(job));
    this.#goneMilli += run.heldMilliOf(job);
    this.#gone.push(job);
  }

  /** True if the head fits on this engine as it is now, beside the headroom. */
  fits(run: ClusterRun): boolean {
    const gang = run.gangOf(this.#head);
    if (this.#kept !== undefined) return this.#planBesideHeadroom(run, this.#kept, gang) !== undefined;
    return gang.pods === 1 ? this.engine.peek(gang.need) : this.engine.peekPlan(gang) !== undefined;
  }

  /** Where the head would go with its fewest pods; undefined if it does not fit. */
  plan(run: ClusterRun): GangPieces | undefined {
    const { engine } = this;
    const gang = this.#least!;
    if (this.#kept !== undefined) return this.#planBesideHeadroom(run, this.#kept, gang);
    if (gang.pods > 1) return engine.peekPlan(gang);
    return engine.peek(gang.need) ? onePod(engine.server, engine.gpuMask) : undefined;
  }

  /** Thousandths of GPUs that are free on this engine beyond what the head needs at least; negative if it cannot fit. */
  spareMilli(run: ClusterRun): number {
    return this.#freeMilli(run) - run.leastMilliOf(this.#head);
  }

  /**
   * The most pods of the head that fit on this engine, up to a number. It is known only for whole GPUs on any servers, and
   * headroom is not looked at.
   *
   * @returns Infinity if it is not known
   */
  mostPods(run: ClusterRun, pods: number): number {
    const gang = run.gangOf(this.#head);
    const { need, requireLevel, slicePods } = gang;
    const isAnywhere = requireLevel === this.engine.tables.fabric.levelCount - 1 && slicePods === 1;
    if (!isAnywhere || !need.isPlain || need.allowedShapes !== undefined) return Number.POSITIVE_INFINITY;
    return this.engine.mostPods({ ...gang, pods });
  }

  #planBesideHeadroom(
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
    // Missing headroom is placed before every job.
    headroom.refill();
    let plan: GangPieces | undefined;
    if (headroom.takeBeside(head, gang, jobs, free)) {
      const { server, mask, pieces } = jobs.assignmentOf(head);
      plan = pieces ?? onePod(server, mask);
      jobs.give(head, gang);
      jobs.forget(head);
    }
    headroom.clear();
    return plan;
  }

  /** Thousandths of GPUs that jobs leave free on this engine, those of cordoned servers included. */
  #freeMilli(run: ClusterRun): number {
    return this.engine.tables.gpuCount * GPU_MILLI - run.allocation.heldMilli + this.#goneMilli;
  }

  /** Puts all jobs back that were taken out. */
  end(run: ClusterRun): void {
    while (this.#gone.length > 0) {
      const job = this.#gone.pop()!;
      run.holdings.takeOn(this.engine, job, run.gangOf(job));
    }
  }
}

function onePod(server: number, mask: number): GangPieces {
  return { servers: [server], masks: [mask], podCounts: [1] };
}
