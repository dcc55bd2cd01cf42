import type { PlacementEngine } from '../placement/engine.js';
import type { Gang } from '../placement/gang.js';
import { GPU_MILLI } from '../units.js';
import { EventQueue } from './event-queue.js';
import { ExpectedEnds } from './expected-ends.js';
import { Holdings } from './holdings.js';
import { DONE, type JobState, newJobState, REFUSED, RUNNING, UNSUBMITTED, WAITING } from './job-state.js';
import type { JobTable } from './job-table.js';
import { clockOfWork, progressAt } from './progress.js';
import { queueKey } from './queue-order.js';
import { FAILED, FINISHED, PREEMPTED, RunLog } from './run-log.js';
import type { EventKind, Queue } from './simulation-options.js';
import type { TimelineSampler } from './timeline.js';
import { podUnits } from './unit-count.js';
import { WaitingQueue } from './waiting-queue.js';

/** What happens to a job, for whoever watches. */
export type JobEvent = 'submit' | 'refuse' | 'start' | 'finish' | 'preempt' | 'fail';

/** What a run is set up with, besides jobs and cluster. */
export interface RunSettings {
  readonly queue: Queue;
  /** Kind → its rank at equal times. */
  readonly ranks: Readonly<Record<EventKind, number>>;
  readonly passPerEvent: boolean;
  /** Whether the passes look ahead at when running jobs end. */
  readonly looksAhead: boolean;
  /** Whether a preempted job keeps what it did since its last checkpoint. */
  readonly preemptedKeeps: boolean;
  /** No event after this happens, microseconds; Infinity = all do. */
  readonly until: number;
}

/** What takes part in a run besides jobs that come and go. Absent parts cost nothing. */
export interface RunParts {
  /** Handles the events of a kind that is none of the core's. */
  readonly onEvent: ((kind: EventKind, subject: number, stamp: number) => boolean) | undefined;
  /** Says how long a job takes on its GPUs before it computes, and plans what may happen to it. */
  readonly onStart: ((job: number) => number) | undefined;
  /** The speed of a job that begins where it is placed, above 0; default by its pods alone. */
  readonly onSpeed: ((job: number) => number) | undefined;
  /** Follows every end of a run. */
  readonly onLeave: ((job: number) => void) | undefined;
  readonly watch: ((event: JobEvent, job: number) => void) | undefined;
}

/**
 * A cluster and its jobs at one moment, and how one event leads to the next. It knows what events do; when the scheduler
 * lets whom start is the pass's.
 */
export class ClusterRun {
  readonly table: JobTable;
  readonly state: JobState;
  readonly settings: RunSettings;
  readonly holdings: Holdings;
  readonly engine: PlacementEngine;
  readonly log: RunLog = new RunLog();
  readonly events: EventQueue = new EventQueue();
  readonly waiting: WaitingQueue;
  /** The first {@link runningCount} are the running jobs, in no particular order. */
  readonly running: Int32Array;
  runningCount = 0;
  readonly #runningAt: Int32Array;
  /** Running jobs by expected end; only filled where the passes look ahead. */
  readonly ends: ExpectedEnds = new ExpectedEnds();
  parts: RunParts = {
    onEvent: undefined,
    onStart: undefined,
    onSpeed: undefined,
    onLeave: undefined,
    watch: undefined,
  };
  /** Looks at the run between events, if somebody wants to know. */
  sampler: TimelineSampler | undefined;
  /** What the scheduler does at a pass. */
  schedule: (run: ClusterRun) => void = () => undefined;
  /** Microseconds. */
  now = 0;
  eventCount = 0;
  doneCount = 0;
  /** Where counting pods is enough: pods that fit now, otherwise 0. See {@link podUnits}. */
  freeUnits: number;
  readonly isCounted: boolean;
  /** GPUs held, shares as parts; and their integral over time. */
  heldGpus = 0;
  heldGpuMicros = 0;
  /** GPUs of servers that take pods. */
  availableGpus: number;
  readonly #key: Float64Array;
  /** Gang → the number of returns after which it was found not to fit: until the next one it still does not. */
  readonly #refusedAt: Int32Array;
  /** Gang → whether the empty cluster holds it: 1 yes, 2 no, 0 not asked yet. */
  readonly #fitsEmpty: Uint8Array;
  /** How often something was given back. */
  #returns = 0;
  #nextSubmission = 0;
  #heldSince = 0;
  /** Whether an event has happened that no pass has seen. */
  #passDue = false;
  readonly #kinds: readonly EventKind[];

  constructor(table: JobTable, engine: PlacementEngine, settings: RunSettings, options: { counts: boolean }) {
    this.table = table;
    this.engine = engine;
    this.settings = settings;
    this.state = newJobState(table.count);
    this.holdings = new Holdings(engine, table.count);
    this.running = new Int32Array(table.count);
    this.#runningAt = new Int32Array(table.count);
    this.#key = new Float64Array(table.count);
    this.waiting = new WaitingQueue(this.#key, table.submissionOf);
    this.#refusedAt = new Int32Array(table.gangs.length).fill(-1);
    this.#fitsEmpty = new Uint8Array(table.gangs.length);
    const units = options.counts ? podUnits(engine.tables, table.gangs) : undefined;
    this.isCounted = units !== undefined;
    this.freeUnits = units ?? 0;
    this.availableGpus = engine.tables.gpuCount;
    const kinds: EventKind[] = [];
    for (const [kind, rank] of Object.entries(settings.ranks)) kinds[rank] = kind as EventKind;
    this.#kinds = kinds;
  }

  gangOf(job: number): Gang {
    return this.table.gangs[this.table.gangOf[job]!]!;
  }

  /** What the scheduler believes is left of a job that does not run, microseconds. */
  estimateLeft(job: number): number {
    const { estimate, work } = this.table;
    const saved = this.state.saved[job]!;
    return saved === 0 ? estimate[job]! : Math.round((estimate[job]! * (work[job]! - saved)) / work[job]!);
  }

  /**
   * Does the next thing: an event, or the pass that is due.
   *
   * @returns false if nothing is left to happen
   */
  step(): boolean {
    const { events, table } = this;
    const submission = this.#nextSubmission;
    const submitter = submission < table.count ? table.bySubmission[submission]! : -1;
    const submitTime = submitter === -1 ? Number.POSITIVE_INFINITY : table.submit[submitter]!;
    const eventTime = events.nextTime;
    const time = Math.min(submitTime, eventTime);
    if (this.#passDue && time > this.now) {
      this.pass();
      return true;
    }
    if (time > this.settings.until || time === Number.POSITIVE_INFINITY) return false;
    // Hardware goes on failing for ever; without a time to stop at, the jobs say when it is over.
    if (this.doneCount === table.count && this.settings.until === Number.POSITIVE_INFINITY) return false;
    if (this.sampler !== undefined && time > this.now) this.sampler.sample(this, time);
    this.now = time;
    const submitFirst =
      submitTime < eventTime || (submitTime === eventTime && this.settings.ranks.submit < events.nextRank);
    if (submitFirst) {
      this.#nextSubmission++;
      this.#submit(submitter);
    } else {
      events.pop();
      const kind = this.#kinds[events.rank]!;
      if (kind === 'finish') {
        // An event of a run that ended in another way.
        if (this.state.finishStamp[events.subject] !== events.stamp) return true;
        this.#finish(events.subject);
      } else if (!this.parts.onEvent!(kind, events.subject, events.stamp)) return true;
    }
    this.eventCount++;
    if (this.settings.passPerEvent) this.pass();
    else this.#passDue = true;
    return true;
  }

  /** Lets the scheduler run. */
  pass(): void {
    this.#passDue = false;
    this.schedule(this);
  }

  /** Puts a job in the queue. */
  enqueue(job: number): void {
    this.state.status[job] = WAITING;
    this.#key[job] = queueKey(this.settings.queue, this.table, job, this.estimateLeft(job));
    this.waiting.add(job);
  }

  /** Starts a waiting job, if it fits; taking it out of the queue is the caller's. */
  start(job: number): boolean {
    if (!this.place(job)) return false;
    this.begin(job, 0);
    return true;
  }

  /**
   * At least as many thousandths of GPUs as are free where pods may go, for whoever only wants to know if looking is worth
   * it.
   */
  get freeMilliMost(): number {
    return this.engine.tables.gpuCount * GPU_MILLI - Math.round(this.heldGpus * GPU_MILLI);
  }

  /**
   * What backfill counts: pods where that says all; thousandths of GPUs elsewhere, on servers that take pods. Fewer than
   * there are, while jobs still run on servers that take none.
   */
  get freeSize(): number {
    if (this.isCounted) return this.freeUnits;
    return Math.max(0, this.availableGpus * GPU_MILLI - Math.round(this.heldGpus * GPU_MILLI));
  }

  sizeOf(job: number): number {
    const gang = this.gangOf(job);
    return this.isCounted ? gang.pods : gang.pods * gang.need.totalGpuMilli;
  }

  /** Thousandths of GPUs that a job holds. */
  heldMilliOf(job: number): number {
    return this.holdings.pods[job]! * this.gangOf(job).need.totalGpuMilli;
  }

  /** Gives a job its GPUs, if it fits, and nothing else yet. */
  place(job: number): boolean {
    const gang = this.table.gangOf[job]!;
    if (this.isCounted) {
      if (this.table.gangs[gang]!.pods > this.freeUnits) return false;
    } else if (this.#refusedAt[gang] === this.#returns) return false;
    if (!this.holdings.take(job, this.table.gangs[gang]!)) {
      this.#refusedAt[gang] = this.#returns;
      return false;
    }
    this.freeUnits -= this.isCounted ? this.table.gangs[gang]!.pods : 0;
    return true;
  }

  /** Undoes the last {@link place}, of a job that has not begun: what did not fit before still does not. */
  unplace(job: number): void {
    this.#giveBack(job);
    this.#returns--;
    this.holdings.forget(job);
  }

  /** Takes the GPUs of a running job away, to see who else fits; {@link resume} or {@link evict} must follow. */
  suspend(job: number): void {
    this.#giveBack(job);
  }

  /** Gives a suspended job its GPUs again. */
  resume(job: number): void {
    const gang = this.gangOf(job);
    this.holdings.takeAgain(job, gang);
    this.freeUnits -= this.isCounted ? gang.pods : 0;
  }

  /** Stops a suspended job for good, and puts it back in the queue. */
  evict(job: number): void {
    this.stop(job, PREEMPTED, { keeps: this.settings.preemptedKeeps, holdsOn: true });
    this.holdings.forget(job);
    this.enqueue(job);
  }

  /** When a run that began now would be expected to end. */
  expectedEnd(job: number): number {
    const pods = this.gangOf(job).pods;
    return this.now + Math.ceil((this.estimateLeft(job) * pods) / this.holdings.pods[job]!);
  }

  /**
   * Begins a run on GPUs that the job holds.
   *
   * @param delay - before anything else happens on them, microseconds
   */
  begin(job: number, delay: number): void {
    const { state, table, now } = this;
    state.stamp[job]!++;
    const stamp = ++state.finishStamp[job]!;
    if (state.starts[job]!++ === 0) state.firstStart[job] = now;
    state.status[job] = RUNNING;
    this.running[this.runningCount] = job;
    this.#runningAt[job] = this.runningCount++;
    state.begin[job] = now;
    const before = delay + (this.parts.onStart?.(job) ?? 0);
    state.computeBegin[job] = now + before;
    state.clock[job] = 0;
    state.since[job] = now + before;
    const interval = table.interval[job]!;
    state.clockEnd[job] = clockOfWork(table.work[job]! - state.saved[job]!, interval, table.stall[job]!);
    const speed = this.parts.onSpeed?.(job) ?? this.holdings.pods[job]! / this.gangOf(job).pods;
    state.speed[job] = speed;
    this.#holdGpus(this.gpusOf(job));
    this.events.push(
      now + before + Math.ceil(state.clockEnd[job]! / speed),
      this.settings.ranks.finish,
      job,
      stamp,
    );
    if (this.settings.looksAhead) {
      state.expectedEnd[job] = this.expectedEnd(job) + before;
      this.ends.add(job, state.expectedEnd[job]!);
    }
    this.parts.watch?.('start', job);
  }

  /** GPUs that a job holds, shares as parts. */
  gpusOf(job: number): number {
    return (this.table.gpus[job]! * this.holdings.pods[job]!) / this.gangOf(job).pods;
  }

  /**
   * Ends the run of a job before it is done; the job then is nowhere until it is put back in the queue.
   *
   * @param outcome - {@link PREEMPTED}, {@link FAILED} or {@link CUT}
   * @param keeps - whether what it did since its last checkpoint is kept
   * @param holdsOn - whether it stays on its GPUs
   */
  stop(job: number, outcome: number, options: { keeps: boolean; holdsOn: boolean }): void {
    const { state } = this;
    const { interval, stall, persistLag } = this.table;
    const clock = this.clockOf(job);
    const progress = progressAt(clock, interval[job]!, stall[job]!, persistLag[job]!);
    const kept = options.keeps ? progress.work : progress.saved;
    state.saved[job]! += kept;
    if (outcome === PREEMPTED) state.preemptions[job]!++;
    if (outcome === FAILED) state.failures[job]!++;
    this.#account(job, clock, progress.stalls, progress.work - kept);
    this.#leave(job, outcome, options.holdsOn);
    if (outcome === PREEMPTED) this.parts.watch?.('preempt', job);
    if (outcome === FAILED) this.parts.watch?.('fail', job);
  }

  /** Makes a running job faster or slower from now on. */
  setSpeed(job: number, speed: number): void {
    const { state, now } = this;
    if (state.speed[job] === speed) return;
    state.clock[job] = this.clockOf(job);
    state.since[job] = Math.max(now, state.since[job]!);
    state.speed[job] = speed;
    const left = Math.ceil((state.clockEnd[job]! - state.clock[job]!) / speed);
    this.events.push(state.since[job]! + left, this.settings.ranks.finish, job, ++state.finishStamp[job]!);
  }

  /** What the clock of a running job shows now. */
  clockOf(job: number): number {
    const { state, now } = this;
    const since = state.since[job]!;
    if (now <= since) return state.clock[job]!;
    return Math.min(state.clockEnd[job]!, state.clock[job]! + (now - since) * state.speed[job]!);
  }

  /** What the scheduler believes is left of a running job, microseconds. */
  runningEstimateLeft(job: number): number {
    const { interval, stall, persistLag, estimate, work } = this.table;
    const done =
      this.state.saved[job]! +
      progressAt(this.clockOf(job), interval[job]!, stall[job]!, persistLag[job]!).work;
    return done === 0 ? estimate[job]! : Math.round((estimate[job]! * (work[job]! - done)) / work[job]!);
  }

  /** Notes that something may fit that did not: GPUs came back in another way than by {@link stop}. */
  roomGrew(): void {
    this.#returns++;
  }

  /** Brings the integral of held GPUs up to a time. */
  settleHeld(time: number): void {
    this.heldGpuMicros += this.heldGpus * (time - this.#heldSince);
    this.#heldSince = time;
  }

  #submit(job: number): void {
    this.parts.watch?.('submit', job);
    const gang = this.table.gangOf[job]!;
    if (this.#fitsEmpty[gang] === 0) {
      this.#fitsEmpty[gang] = this.engine.fitsEmptyCluster(this.table.gangs[gang]!) ? 1 : 2;
    }
    if (this.#fitsEmpty[gang] === 1) {
      this.enqueue(job);
      return;
    }
    this.state.status[job] = REFUSED;
    this.doneCount++;
    this.parts.watch?.('refuse', job);
  }

  #finish(job: number): void {
    const { state, table } = this;
    const clock = state.clockEnd[job]!;
    const work = table.work[job]! - state.saved[job]!;
    this.#account(job, clock, clock - work, 0);
    state.saved[job] = table.work[job]!;
    state.end[job] = this.now;
    this.#leave(job, FINISHED, false);
    state.status[job] = DONE;
    this.doneCount++;
    this.parts.watch?.('finish', job);
  }

  /** Books the GPU time of the run that ends now. */
  #account(job: number, clock: number, stalls: number, lost: number): void {
    const { state, now } = this;
    const { gpuTime } = state;
    const gpus = this.gpusOf(job);
    // With fewer pods the clock is slow, but each of its seconds is worth fewer GPU-seconds: no time is lost.
    const worth = this.table.gpus[job]!;
    const begin = state.begin[job]!;
    const held = (now - begin) * gpus;
    gpuTime.productive[job]! += (clock - stalls - lost) * worth;
    // A run that nothing disturbed has no other time to book.
    if (held === clock * worth && stalls === 0 && lost === 0) return;
    const restart = Math.min(now - begin, state.computeBegin[job]! - begin) * gpus;
    gpuTime.checkpoint[job]! += stalls * worth;
    gpuTime.recompute[job]! += lost * worth;
    gpuTime.restart[job]! += restart;
    gpuTime.slowdown[job]! += Math.max(0, held - restart - clock * worth);
  }

  /** Logs the run that ends now and gives back its GPUs. */
  #leave(job: number, outcome: number, holdsOn: boolean): void {
    const { state, holdings } = this;
    state.stamp[job]!++;
    state.finishStamp[job]!++;
    holdings.log(job, this.log);
    this.log.add(job, state.begin[job]!, this.now, outcome, holdings.bandwidthGBps[job]!);
    if (this.settings.looksAhead) this.ends.remove(job, state.expectedEnd[job]!);
    const last = this.running[--this.runningCount]!;
    this.running[this.#runningAt[job]!] = last;
    this.#runningAt[last] = this.#runningAt[job]!;
    this.#holdGpus(-this.gpusOf(job));
    this.parts.onLeave?.(job);
    if (holdsOn) return;
    this.#giveBack(job);
    holdings.forget(job);
    state.status[job] = UNSUBMITTED;
  }

  #giveBack(job: number): void {
    const gang = this.gangOf(job);
    this.holdings.give(job, gang);
    this.freeUnits += this.isCounted ? gang.pods : 0;
    this.#returns++;
  }

  #holdGpus(gpus: number): void {
    this.settleHeld(this.now);
    this.heldGpus += gpus;
  }
}
