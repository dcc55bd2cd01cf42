import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import { Allocation } from '../allocation/allocation.js';
import type { Assignment, Holdings } from '../allocation/holdings.js';
import {
  DONE,
  type JobState,
  newJobState,
  OVERRUN,
  REFUSED,
  RUNNING,
  UNSUBMITTED,
  WAITING,
} from '../jobs/job-state.js';
import type { JobTable } from '../jobs/job-table.js';
import { type QueueOrder, queueKey } from '../jobs/queue-order.js';
import { CUT, FAILED, FINISHED, HELD, KILLED, MOVED, PREEMPTED, RunLog } from '../jobs/run-log.js';
import { WaitingQueue } from '../jobs/waiting-queue.js';
import type { CheckedWindow } from '../options/metrics-window.js';
import { EventLoop, type LoopSettings } from './event-loop.js';
import { ExpectedEnds } from './expected-ends.js';
import { GpuAccounts } from './gpu-accounts.js';
import { JobTimes } from './job-times.js';

/** What happens to a job. `hold`: a job that has failed keeps GPUs and waits for those that it lost. */
export type JobEvent =
  | 'submit'
  | 'refuse'
  | 'start'
  | 'finish'
  | 'preempt'
  | 'fail'
  | 'move'
  | 'hold'
  | 'kill';

/** Settings of a run, besides jobs and cluster. */
export interface RunSettings extends QueueOrder, LoopSettings {
  /** Whether the passes look ahead at when running jobs end. */
  readonly looksAhead: boolean;
  /** How long a run may last beyond its estimate, microseconds; Infinity = any time. */
  readonly overrunMicros: number;
  /** Whether a job that is preempted or moved keeps what it did since its last checkpoint. */
  readonly preemptedKeeps: boolean;
  /** The window that the metrics are over. */
  readonly window: CheckedWindow;
}

/** The restart steps of jobs. */
export interface Restarts {
  /**
   * A job begins on its GPUs, `delay` microseconds after now; plans what may happen to it there.
   *
   * @returns the time that it needs before it computes, microseconds, without the delay
   */
  onStart(job: number, delay: number): number;
  /** Comes before every pass of the scheduler: jobs that have lost servers get others. */
  replace(): void;
}

/** How fast jobs are. Speed 1 is all pods at full speed. */
export interface Speeds {
  /** The speed of a job that begins where it is placed, above 0. */
  enter(job: number): number;
  /** The speed that a running job would have on other GPUs. */
  speedAt(job: number, assignment: Assignment): number;
  /** The run of a job has ended. */
  leave(job: number): void;
}

/** Parts that only some simulations have. Those that are absent cost nothing. */
export interface RunParts {
  /** Absent: a job computes as soon as it has its GPUs. */
  restarts: Restarts | undefined;
  /** Absent: the speed of a job is the share of its pods that it has. */
  speeds: Speeds | undefined;
  watch: ((event: JobEvent, job: number) => void) | undefined;
  /** Whether a job fits the cluster as it is at the beginning. Absent: a job fits if the empty cluster holds it. */
  fitsAtBegin: ((job: number) => boolean) | undefined;
}

/**
 * A cluster and its jobs at one moment, and what happens to a job: it is submitted, starts, stops, moves, ends. {@link EventLoop} decides when
 * events happen, the pass decides which jobs start.
 */
export class ClusterRun {
  readonly table: JobTable;
  readonly state: JobState;
  readonly settings: RunSettings;
  readonly engine: PlacementEngine;
  readonly allocation: Allocation;
  readonly holdings: Holdings;
  readonly loop: EventLoop;
  readonly times: JobTimes;
  readonly accounts: GpuAccounts;
  readonly log: RunLog = new RunLog();
  readonly waiting: WaitingQueue;
  /** The first {@link runningCount} are the running jobs, in no particular order. */
  readonly running: Int32Array;
  runningCount = 0;
  /** Running jobs by expected end; only filled where the passes look ahead. */
  readonly ends: ExpectedEnds = new ExpectedEnds();
  readonly parts: RunParts = {
    restarts: undefined,
    speeds: undefined,
    watch: undefined,
    fitsAtBegin: undefined,
  };
  /** What the scheduler does at a pass. */
  schedule: (run: ClusterRun) => void = () => undefined;
  /** Jobs that have ended or were refused. */
  doneCount = 0;
  /** Running job → its position in {@link running}. */
  readonly #runningAt: Int32Array;
  /** Waiting job → its key in the queue. */
  readonly #key: Float64Array;
  /** Request class → whether the cluster would hold it if nothing ran: 1 yes, 2 no, 0 not asked yet. See Allocation. */
  #fitsEmpty: Uint8Array = new Uint8Array(0);
  /** Running jobs that began now and take no time. */
  #atOnceCount = 0;
  /** Code of the event that ends a run. */
  readonly #finishEvent: number;

  constructor(table: JobTable, engine: PlacementEngine, settings: RunSettings, options: { counts: boolean }) {
    this.table = table;
    this.engine = engine;
    this.settings = settings;
    this.state = newJobState(table.count);
    this.allocation = new Allocation(table, engine, options);
    this.holdings = this.allocation.holdings;
    this.loop = new EventLoop(table, settings, this);
    this.times = new JobTimes(table, this.state, this.holdings, this.loop, settings.overrunMicros);
    this.accounts = new GpuAccounts(table, this.state, engine.tables.gpuCount, settings.window);
    this.running = new Int32Array(table.count);
    this.#runningAt = new Int32Array(table.count);
    this.#key = new Float64Array(table.count);
    this.waiting = new WaitingQueue(this.#key, table.submissionOf);
    this.#finishEvent = this.loop.register('finish', {
      handle: (job) => {
        if (this.times.isDue(job)) this.#finish(job);
        else this.#kill(job);
      },
      isStale: (job, stamp) => this.state.finishStamp[job] !== stamp,
    });
  }

  /** Microseconds. */
  get now(): number {
    return this.loop.now;
  }

  get isDone(): boolean {
    return this.doneCount === this.table.count;
  }

  gangOf(job: number): Gang {
    return this.table.gangs[this.table.gangOf[job]!]!;
  }

  isRunning(job: number): boolean {
    return this.state.status[job] === RUNNING;
  }

  /** One event, or one pass of the scheduler, see {@link EventLoop.step}. */
  step(): boolean {
    return this.loop.step();
  }

  /**
   * True if a job that takes no time has just begun: its GPUs come back at this same time, and another pass follows. Until then no
   * job should be stopped or moved.
   */
  get givesBackNow(): boolean {
    return this.#atOnceCount > 0;
  }

  /** Lets the scheduler run. Headroom and jobs that have lost servers come first. */
  schedulePass(): void {
    this.allocation.headroom?.refill();
    this.parts.restarts?.replace();
    this.schedule(this);
  }

  /** A job arrives: it waits, or is refused if even the empty cluster could not hold it. */
  submit(job: number): void {
    this.parts.watch?.('submit', job);
    if (this.#everFits(job)) {
      this.enqueue(job);
      return;
    }
    this.state.status[job] = REFUSED;
    this.doneCount++;
    this.parts.watch?.('refuse', job);
  }

  /** Puts a job in the queue. */
  enqueue(job: number): void {
    this.state.status[job] = WAITING;
    this.#key[job] = queueKey(this.settings, this.table, job, this.times.estimateLeft(job));
    this.waiting.add(job);
  }

  /** Starts a waiting job if it fits. The caller takes it out of the queue. */
  start(job: number): boolean {
    if (!this.allocation.place(job)) return false;
    this.begin(job, 0);
    return true;
  }

  /** Starts a waiting job that has been placed already. */
  startPlaced(job: number): void {
    this.waiting.remove(job);
    this.begin(job, 0);
  }

  /**
   * Begins a run on GPUs that the job holds.
   *
   * @param delay - time before anything else happens on them, microseconds
   */
  begin(job: number, delay: number): void {
    const { state, now, times } = this;
    const stamp = this.#occupy(job);
    if (state.starts[job]!++ === 0) state.firstStart[job] = now;
    const before = delay + (this.parts.restarts?.onStart(job, delay) ?? 0);
    state.computeBegin[job] = now + before;
    state.clock[job] = 0;
    state.since[job] = now + before;
    state.clockEnd[job] = times.clockOfRest(job);
    const pods = this.holdings.pods[job]!;
    state.speed[job] = this.parts.speeds?.enter(job) ?? pods / this.gangOf(job).pods;
    state.limit[job] = times.limitOf(job);
    this.loop.plan(this.#finishEvent, times.endOf(job), job, stamp);
    if (times.isDue(job)) this.#atOnceCount++;
    if (this.settings.looksAhead) this.#expectEnd(job, now + before + times.computeOn(job, pods));
    this.parts.watch?.('start', job);
  }

  /** Lets a job hold the GPUs that it has been given without computing, until it is stopped. */
  hold(job: number, expectedEnd: number): void {
    const { state } = this;
    this.#occupy(job);
    state.limit[job] = Number.POSITIVE_INFINITY;
    state.computeBegin[job] = Number.POSITIVE_INFINITY;
    state.clock[job] = 0;
    state.since[job] = Number.POSITIVE_INFINITY;
    state.clockEnd[job] = Number.POSITIVE_INFINITY;
    state.speed[job] = 1;
    if (this.settings.looksAhead) this.#expectEnd(job, expectedEnd);
  }

  /** Enters a job among the running; returns the stamp of its end. */
  #occupy(job: number): number {
    const { state, now } = this;
    state.stamp[job]!++;
    state.status[job] = RUNNING;
    this.running[this.runningCount] = job;
    this.#runningAt[job] = this.runningCount++;
    state.begin[job] = now;
    this.accounts.hold(this.gpusOf(job), now);
    return ++state.finishStamp[job]!;
  }

  #expectEnd(job: number, end: number): void {
    this.state.expectedEnd[job] = end;
    this.ends.add(job, end);
  }

  /** Makes a running job faster or slower from now on. */
  setSpeed(job: number, speed: number): void {
    const { state, now } = this;
    if (state.speed[job] === speed) return;
    this.accounts.markBorders(job, now);
    state.clock[job] = this.times.clockOf(job);
    state.since[job] = Math.max(now, state.since[job]!);
    state.speed[job] = speed;
    this.loop.plan(this.#finishEvent, this.times.endOf(job), job, ++state.finishStamp[job]!);
    this.loop.countStale();
  }

  /**
   * Ends the run of a job before it is done. The job then neither runs nor waits until it is put back in the queue.
   *
   * @param outcome - {@link PREEMPTED}, {@link FAILED}, {@link MOVED}, {@link HELD}, {@link KILLED} or {@link CUT}
   * @param options.keeps - whether what it did since its last checkpoint is kept
   * @param options.keepsMemory - whether, if not, its checkpoints in memory are kept; default: only the durable ones
   * @param options.holdsOn - whether it stays on its GPUs
   */
  stop(
    job: number,
    outcome: number,
    options: { keeps: boolean; holdsOn: boolean; keepsMemory?: boolean },
  ): void {
    const { state } = this;
    const clock = this.times.clockOf(job);
    const progress = this.times.progressOf(job);
    const kept = options.keeps ? progress : options.keepsMemory ? progress.last : progress.durable;
    const lost = clock - kept.work - kept.stalls;
    this.accounts.book(job, this.now, this.gpusOf(job), clock, kept.stalls, lost);
    state.durable[job] = state.saved[job]! + (options.keeps ? kept.work : progress.durable.work);
    state.saved[job]! += kept.work;
    if (outcome === PREEMPTED) state.preemptions[job]!++;
    if (outcome === FAILED) state.failures[job]!++;
    if (outcome === MOVED) state.moves[job]!++;
    this.#leave(job, outcome, options.holdsOn);
    if (outcome === PREEMPTED) this.parts.watch?.('preempt', job);
    if (outcome === MOVED) this.parts.watch?.('move', job);
    if (outcome === FAILED) this.parts.watch?.('fail', job);
  }

  /** Stops a suspended job for good, and puts it back in the queue. */
  evict(job: number): void {
    this.stop(job, PREEMPTED, { keeps: this.settings.preemptedKeeps, holdsOn: true });
    this.holdings.forget(job);
    this.enqueue(job);
  }

  /** Ends the run of a job and begins one on other GPUs, which it has been given already. */
  move(job: number, to: Assignment): void {
    this.stop(job, MOVED, { keeps: this.settings.preemptedKeeps, holdsOn: true });
    this.holdings.putAssignment(job, to);
    this.begin(job, 0);
  }

  /** Ends the simulation. Runs that go on are cut at a time, microseconds. */
  cutAt(end: number): void {
    this.loop.onTime?.(end);
    this.loop.now = end;
    for (let job = 0; job < this.table.count; job++) {
      if (this.isRunning(job)) this.stop(job, CUT, { keeps: true, holdsOn: true });
    }
    this.accounts.settle(end);
  }

  #finish(job: number): void {
    const { state, table } = this;
    const clock = state.clockEnd[job]!;
    const work = table.work[job]! - state.saved[job]!;
    this.accounts.book(job, this.now, this.gpusOf(job), clock, clock - work, 0);
    state.saved[job] = table.work[job]!;
    state.durable[job] = table.work[job]!;
    state.end[job] = this.now;
    this.#leave(job, FINISHED, false);
    state.status[job] = DONE;
    this.doneCount++;
    this.parts.watch?.('finish', job);
  }

  /** Ends a job that has reached its limit of time. It is not done, and does not come back. */
  #kill(job: number): void {
    this.state.end[job] = this.now;
    this.stop(job, KILLED, { keeps: false, holdsOn: false });
    this.state.status[job] = OVERRUN;
    this.doneCount++;
    this.parts.watch?.('kill', job);
  }

  /** Logs the run that ends now, and gives back its GPUs unless the job holds on to them. */
  #leave(job: number, outcome: number, holdsOn: boolean): void {
    const { state, holdings, now } = this;
    if (state.begin[job] === now && this.times.isDue(job)) this.#atOnceCount--;
    state.stamp[job]!++;
    state.finishStamp[job]!++;
    // A job that was short of servers for no time has no such run: nothing is logged.
    if (outcome !== HELD || state.begin[job]! < now) {
      holdings.log(job, this.log);
      this.log.add(job, state.begin[job]!, now, outcome, holdings.bandwidthGBps[job]!);
    }
    if (this.settings.looksAhead) this.ends.remove(job, state.expectedEnd[job]!);
    const last = this.running[--this.runningCount]!;
    this.running[this.#runningAt[job]!] = last;
    this.#runningAt[last] = this.#runningAt[job]!;
    this.accounts.hold(-this.gpusOf(job), now);
    this.parts.speeds?.leave(job);
    // Its finish event is still in the queue, unless that event has just happened.
    if (outcome !== FINISHED) this.loop.countStale();
    if (holdsOn) return;
    this.allocation.release(job);
    state.status[job] = UNSUBMITTED;
  }

  #everFits(job: number): boolean {
    const requestClass = this.allocation.requestClassOf(job);
    if (this.#fitsEmpty.length === 0) this.#fitsEmpty = new Uint8Array(this.allocation.requestClassCount);
    if (this.#fitsEmpty[requestClass] === 0) {
      const fits = this.engine.fitsEmptyCluster(this.gangOf(job)) && (this.parts.fitsAtBegin?.(job) ?? true);
      this.#fitsEmpty[requestClass] = fits ? 1 : 2;
    }
    return this.#fitsEmpty[requestClass] === 1;
  }

  /** True if a running job may be stopped to make way for another: it is preemptible, and does not end now anyway. */
  mayStop(job: number): boolean {
    return this.table.preemptible[job] === 1 && this.times.endOf(job) > this.now;
  }

  /** GPUs that a job holds, shares as parts. */
  gpusOf(job: number): number {
    return (this.table.gpus[job]! * this.holdings.pods[job]!) / this.gangOf(job).pods;
  }

  /** Thousandths of GPUs that a job holds. */
  heldMilliOf(job: number): number {
    return this.holdings.pods[job]! * this.gangOf(job).need.totalGpuMilli;
  }

  /** Thousandths of GPUs of the fewest pods that a job starts with. */
  leastMilliOf(job: number): number {
    const { podsMin, need } = this.gangOf(job);
    return podsMin * need.totalGpuMilli;
  }

  /**
   * Thousandths of GPUs that no job holds, on servers that take pods and on those that do not: an upper bound of what is
   * free.
   */
  get freeMilliMost(): number {
    return this.engine.tables.gpuCount * GPU_MILLI - Math.round(this.accounts.heldGpus * GPU_MILLI);
  }

  /**
   * What is free, in the unit of {@link sizeOf}. Jobs on servers that take no pods are subtracted as well, so while there are
   * such jobs it is less than what is free.
   */
  get freeSize(): number {
    if (this.allocation.isCounted) return this.allocation.freeUnits;
    const { availableGpus, heldGpus } = this.accounts;
    return Math.max(0, availableGpus * GPU_MILLI - Math.round(heldGpus * GPU_MILLI));
  }

  /** What a job needs: pods where counting pods is enough, thousandths of GPUs elsewhere. */
  sizeOf(job: number): number {
    const gang = this.gangOf(job);
    return this.allocation.isCounted ? gang.pods : gang.pods * gang.need.totalGpuMilli;
  }
}
