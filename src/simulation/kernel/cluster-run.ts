import { CorralError } from '../../errors.js';
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
import { clockOfWork, progressAt, type RunProgress, rhythmOf, snapshotsAhead } from '../jobs/progress.js';
import { type QueueOrder, queueKey } from '../jobs/queue-order.js';
import { FAILED, FINISHED, HELD, KILLED, MOVED, PREEMPTED, RunLog } from '../jobs/run-log.js';
import { WaitingQueue } from '../jobs/waiting-queue.js';
import { MICROS_MAX, SECONDS_MAX } from '../options/clock.js';
import type { CheckedWindow } from '../options/metrics-window.js';
import type { EventKind } from '../options/simulation-options.js';
import { EventQueue } from './event-queue.js';
import { ExpectedEnds } from './expected-ends.js';
import { GpuAccounts } from './gpu-accounts.js';

/** So many events without meaning are not worth clearing away. */
const STALE_MIN = 1024;

/** What happens to a job, for whoever watches. */
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

/** What a run is set up with, besides jobs and cluster. */
export interface RunSettings extends QueueOrder {
  /** Kind → its rank at equal times. */
  readonly ranks: Readonly<Record<EventKind, number>>;
  readonly passPerEvent: boolean;
  /** Whether the passes look ahead at when running jobs end. */
  readonly looksAhead: boolean;
  /** Microseconds that a run may last beyond its estimate; Infinity = any. */
  readonly overrunMax: number;
  /** Whether a job that is preempted or moved keeps what it did since its last checkpoint. */
  readonly preemptedKeeps: boolean;
  /** No event after this happens, microseconds; Infinity = all do. */
  readonly until: number;
  /** What the figures are over. */
  readonly window: CheckedWindow;
}

/** What takes part in a run besides jobs that come and go. Absent parts cost nothing. */
export interface RunParts {
  /** Handles the events of a kind that is none of the core's. */
  readonly onEvent: ((kind: EventKind, subject: number) => void) | undefined;
  /** Whether nobody waits for an event any more; default none of other kinds. */
  readonly isStale: ((kind: EventKind, subject: number, stamp: number) => boolean) | undefined;
  /** Says how long a job takes on its GPUs before it computes, after a delay, and plans what may happen to it. */
  readonly onStart: ((job: number, delay: number) => number) | undefined;
  /** The speed of a job that begins where it is placed, above 0; default by its pods alone. */
  readonly onSpeed: ((job: number) => number) | undefined;
  /** The speed that a running job would have with what an assignment says; default by its pods alone. */
  readonly speedAt: ((job: number, assignment: Assignment) => number) | undefined;
  /** Follows every end of a run. */
  readonly onLeave: ((job: number) => void) | undefined;
  readonly watch: ((event: JobEvent, job: number) => void) | undefined;
  /** Comes before the scheduler at every pass. */
  readonly beforePass: (() => void) | undefined;
  /** Time is about to pass, up to a moment; nothing happens until then. */
  readonly onTime: ((until: number) => void) | undefined;
  /** Whether the empty cluster, as it begins, holds a gang that all its servers together do. */
  readonly fitsAtBegin: ((job: number) => boolean) | undefined;
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
    isStale: undefined,
    onStart: undefined,
    onSpeed: undefined,
    speedAt: undefined,
    onLeave: undefined,
    watch: undefined,
    beforePass: undefined,
    onTime: undefined,
    fitsAtBegin: undefined,
  };
  /** What the scheduler does at a pass. */
  schedule: (run: ClusterRun) => void = () => undefined;
  /** What a restart takes on a job's GPUs, on average, microseconds. */
  restartMicros = 0;
  /** Microseconds. */
  now = 0;
  eventCount = 0;
  doneCount = 0;
  readonly accounts: GpuAccounts;
  readonly allocation: Allocation;
  readonly #key: Float64Array;
  /** Request class → whether the cluster would hold it if nothing ran: 1 yes, 2 no, 0 not asked yet. See Allocation. */
  #fitsEmpty: Uint8Array;
  /** Events in the queue that have lost their meaning, about. */
  #staleCount = 0;
  #nextSubmission = 0;
  /** Running jobs that began now and take no time. */
  #atOnceCount = 0;
  /** Whether an event has happened that no pass has seen. */
  #passDue = false;
  /** When the last pass was. */
  #passedAt = Number.NEGATIVE_INFINITY;
  readonly #kinds: readonly EventKind[];

  constructor(table: JobTable, engine: PlacementEngine, settings: RunSettings, options: { counts: boolean }) {
    this.table = table;
    this.engine = engine;
    this.settings = settings;
    this.state = newJobState(table.count);
    this.allocation = new Allocation(table, engine, options);
    this.holdings = this.allocation.holdings;
    this.accounts = new GpuAccounts(table, this.state, engine.tables.gpuCount, settings.window);
    this.running = new Int32Array(table.count);
    this.#runningAt = new Int32Array(table.count);
    this.#key = new Float64Array(table.count);
    this.waiting = new WaitingQueue(this.#key, table.submissionOf);
    this.#fitsEmpty = new Uint8Array(0);
    const kinds: EventKind[] = [];
    for (const [kind, rank] of Object.entries(settings.ranks)) kinds[rank] = kind as EventKind;
    this.#kinds = kinds;
  }

  gangOf(job: number): Gang {
    return this.table.gangs[this.table.gangOf[job]!]!;
  }

  isRunning(job: number): boolean {
    return this.state.status[job] === RUNNING;
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
    while (events.length > 0 && this.#isStale(events.nextRank, events.nextSubject, events.nextStamp)) {
      events.pop();
      this.#staleCount--;
    }
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
    if (time > MICROS_MAX) throw tooLate();
    if (time > this.now) this.parts.onTime?.(time);
    this.now = time;
    const { ranks } = this.settings;
    const submitFirst =
      submitTime < eventTime || (submitTime === eventTime && ranks.submit < events.nextRank);
    // Running jobs are moved when the scheduler has done what it can without.
    if (!submitFirst && events.nextRank === ranks.defragment && (this.#passDue || this.#passedAt < time)) {
      this.pass();
      return true;
    }
    if (submitFirst) {
      this.#nextSubmission++;
      this.#submit(submitter);
    } else {
      events.pop();
      const kind = this.#kinds[events.rank]!;
      if (kind === 'finish' && !this.isDue(events.subject)) {
        this.#kill(events.subject);
      } else if (kind === 'finish') {
        this.#finish(events.subject);
      } else this.parts.onEvent!(kind, events.subject);
    }
    this.eventCount++;
    if (this.settings.passPerEvent) this.pass();
    else this.#passDue = true;
    return true;
  }

  /** Whether nothing else is to happen. */
  get isOver(): boolean {
    return this.events.length === 0 && this.#nextSubmission === this.table.count;
  }

  /** Whether an event is of a run that ended, or goes on, in another way. */
  #isStale(rank: number, subject: number, stamp: number): boolean {
    const kind = this.#kinds[rank]!;
    if (kind === 'finish') return this.state.finishStamp[subject] !== stamp;
    return this.parts.isStale?.(kind, subject, stamp) ?? false;
  }

  /** Notes that an event has lost its meaning; when they are most of the queue, out with them. */
  #leaveStale(): void {
    if (++this.#staleCount < STALE_MIN || 2 * this.#staleCount < this.events.length) return;
    this.events.drop((rank, subject, stamp) => this.#isStale(rank, subject, stamp));
    this.#staleCount = 0;
  }

  /**
   * Whether GPUs come back now that a pass has just given away, to a job that takes no time. A further pass follows then:
   * nobody should be stopped or moved for room before.
   */
  get givesBackNow(): boolean {
    return this.#atOnceCount > 0;
  }

  /** Lets the scheduler run. */
  pass(): void {
    this.#passDue = false;
    this.#passedAt = this.now;
    this.allocation.headroom?.refill();
    this.parts.beforePass?.();
    this.schedule(this);
  }

  /** Puts a job in the queue. */
  enqueue(job: number): void {
    this.state.status[job] = WAITING;
    this.#key[job] = queueKey(this.settings, this.table, job, this.estimateLeft(job));
    this.waiting.add(job);
  }

  /** Starts a waiting job, if it fits; taking it out of the queue is the caller's. */
  start(job: number): boolean {
    if (!this.allocation.place(job)) return false;
    this.begin(job, 0);
    return true;
  }

  /**
   * At least as many thousandths of GPUs as are free where pods may go, for whoever only wants to know if looking is worth
   * it.
   */
  get freeMilliMost(): number {
    return this.engine.tables.gpuCount * GPU_MILLI - Math.round(this.accounts.heldGpus * GPU_MILLI);
  }

  /**
   * What backfill counts: pods where that says all; thousandths of GPUs elsewhere, on servers that take pods. Fewer than
   * there are, while jobs still run on servers that take none.
   */
  get freeSize(): number {
    if (this.allocation.isCounted) return this.allocation.freeUnits;
    return Math.max(
      0,
      this.accounts.availableGpus * GPU_MILLI - Math.round(this.accounts.heldGpus * GPU_MILLI),
    );
  }

  sizeOf(job: number): number {
    const gang = this.gangOf(job);
    return this.allocation.isCounted ? gang.pods : gang.pods * gang.need.totalGpuMilli;
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

  /** Starts a waiting job that has been placed already. */
  startPlaced(job: number): void {
    this.waiting.remove(job);
    this.begin(job, 0);
  }

  /** Stops a suspended job for good, and puts it back in the queue. */
  evict(job: number): void {
    this.stop(job, PREEMPTED, { keeps: this.settings.preemptedKeeps, holdsOn: true });
    this.holdings.forget(job);
    this.enqueue(job);
  }

  /** Ends the run of a job where it is and begins one where an assignment says, on GPUs that it has been given already. */
  move(job: number, to: Assignment): void {
    this.stop(job, MOVED, { keeps: this.settings.preemptedKeeps, holdsOn: true });
    this.holdings.putAssignment(job, to);
    this.begin(job, 0);
  }

  /** What the scheduler believes a run of a job that waits would take with all its pods, microseconds. */
  estimateOfRun(job: number): number {
    return this.durationOn(job, this.gangOf(job).pods);
  }

  /** The same on so many pods. */
  durationOn(job: number, pods: number): number {
    return this.#computeOn(job, pods) + (this.state.starts[job]! > 0 ? this.restartMicros : 0);
  }

  /** When a run that began now, on GPUs that the job holds, would be expected to end. */
  expectedEnd(job: number): number {
    return this.now + this.durationOn(job, this.holdings.pods[job]!);
  }

  /** What the scheduler believes a job computes on so many pods, microseconds. */
  #computeOn(job: number, pods: number): number {
    const { pods: all } = this.gangOf(job);
    const left = this.estimateLeft(job);
    // Large times must not be rounded where nothing is to be divided.
    return pods === all ? left : Math.ceil((left * all) / pods);
  }

  /**
   * Begins a run on GPUs that the job holds.
   *
   * @param delay - before anything else happens on them, microseconds
   */
  begin(job: number, delay: number): void {
    const { state, now } = this;
    const stamp = this.#occupy(job);
    if (state.starts[job]!++ === 0) state.firstStart[job] = now;
    const before = delay + (this.parts.onStart?.(job, delay) ?? 0);
    state.computeBegin[job] = now + before;
    state.clock[job] = 0;
    state.since[job] = now + before;
    state.clockEnd[job] = this.#clockOfRest(job);
    const speed = this.parts.onSpeed?.(job) ?? this.holdings.pods[job]! / this.gangOf(job).pods;
    state.speed[job] = speed;
    state.limit[job] = this.#limitOf(job);
    this.events.push(this.#endOf(job), this.settings.ranks.finish, job, stamp);
    if (this.isDue(job)) this.#atOnceCount++;
    if (this.settings.looksAhead) {
      this.#expectEnd(job, now + before + this.#computeOn(job, this.holdings.pods[job]!));
    }
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

  /** GPUs that a job holds, shares as parts. */
  gpusOf(job: number): number {
    return (this.table.gpus[job]! * this.holdings.pods[job]!) / this.gangOf(job).pods;
  }

  /**
   * Ends the run of a job before it is done; the job then is nowhere until it is put back in the queue.
   *
   * @param outcome - {@link PREEMPTED}, {@link FAILED}, {@link MOVED}, {@link HELD}, {@link KILLED} or {@link CUT}
   * @param keeps - whether what it did since its last checkpoint is kept
   * @param keepsMemory - whether, if not, its checkpoints in memory are kept; default only the durable ones
   * @param holdsOn - whether it stays on its GPUs
   */
  stop(
    job: number,
    outcome: number,
    options: { keeps: boolean; holdsOn: boolean; keepsMemory?: boolean },
  ): void {
    const { state } = this;
    const clock = this.clockOf(job);
    const progress = this.progressOf(job);
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

  /** Makes a running job faster or slower from now on. */
  setSpeed(job: number, speed: number): void {
    const { state, now } = this;
    if (state.speed[job] === speed) return;
    this.accounts.markBorders(job, now);
    state.clock[job] = this.clockOf(job);
    state.since[job] = Math.max(now, state.since[job]!);
    state.speed[job] = speed;
    this.events.push(this.#endOf(job), this.settings.ranks.finish, job, ++state.finishStamp[job]!);
    this.#leaveStale();
  }

  /** When a running job ends if it goes on as it does. */
  #dueOf(job: number): number {
    const { clock, clockEnd, since, speed } = this.state;
    return since[job]! + Math.ceil((clockEnd[job]! - clock[job]!) / speed[job]!);
  }

  /** When a run that begins to compute is killed. */
  #limitOf(job: number): number {
    const { overrunMax } = this.settings;
    if (overrunMax === Number.POSITIVE_INFINITY || this.table.isEstimated[job] === 0) {
      return Number.POSITIVE_INFINITY;
    }
    return this.state.computeBegin[job]! + this.#computeOn(job, this.holdings.pods[job]!) + overrunMax;
  }

  /** When a running job is done, or killed. */
  #endOf(job: number): number {
    return Math.min(this.#dueOf(job), this.state.limit[job]!);
  }

  /** Whether a running job may be stopped to make room: it is preemptible, and does not end now anyhow. */
  mayStop(job: number): boolean {
    return this.table.preemptible[job] === 1 && this.#endOf(job) > this.now;
  }

  /** Whether a running job has nothing left to do: it ends now, though that event may be yet to come. Nobody may stop it. */
  isDue(job: number): boolean {
    return this.#dueOf(job) <= this.now;
  }

  /** What the clock of a running job shows now. */
  clockOf(job: number): number {
    const { state, now } = this;
    const since = state.since[job]!;
    // Rounding must leave nothing to do to whoever is done.
    if (this.isDue(job)) return state.clockEnd[job]!;
    if (now <= since) return state.clock[job]!;
    return Math.min(state.clockEnd[job]!, state.clock[job]! + (now - since) * state.speed[job]!);
  }

  /** What a running job has done in its run so far. */
  progressOf(job: number): RunProgress {
    return progressAt(this.clockOf(job), rhythmOf(this.table, job), this.#snapshotsOf(job));
  }

  /** Checkpoints in memory that a job has ahead of its last durable one, when a run of it begins. */
  #snapshotsOf(job: number): number {
    return snapshotsAhead(this.table.interval[job]!, this.state.saved[job]!, this.state.durable[job]!);
  }

  /** What the clock of a run that begins now shows at its end. */
  #clockOfRest(job: number): number {
    const { table, state } = this;
    const work = table.work[job]! - state.saved[job]!;
    if (table.interval[job] === Number.POSITIVE_INFINITY) return work;
    return clockOfWork(work, rhythmOf(table, job), this.#snapshotsOf(job));
  }

  /** What the scheduler believes is left of a running job, microseconds. */
  runningEstimateLeft(job: number): number {
    const { estimate, work } = this.table;
    const done = this.state.saved[job]! + this.progressOf(job).work;
    return done === 0 ? estimate[job]! : Math.round((estimate[job]! * (work[job]! - done)) / work[job]!);
  }

  #submit(job: number): void {
    this.parts.watch?.('submit', job);
    if (this.#everFits(job)) {
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
    this.accounts.book(job, this.now, this.gpusOf(job), clock, clock - work, 0);
    state.saved[job] = table.work[job]!;
    state.durable[job] = table.work[job]!;
    state.end[job] = this.now;
    this.#leave(job, FINISHED, false);
    state.status[job] = DONE;
    this.doneCount++;
    this.parts.watch?.('finish', job);
  }

  /** Ends a job that has reached its limit; it is not done, and does not come back. */
  #kill(job: number): void {
    this.state.end[job] = this.now;
    this.stop(job, KILLED, { keeps: false, holdsOn: false });
    this.state.status[job] = OVERRUN;
    this.doneCount++;
    this.parts.watch?.('kill', job);
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

  /** Logs the run that ends now and gives back its GPUs. */
  #leave(job: number, outcome: number, holdsOn: boolean): void {
    const { state, holdings } = this;
    if (state.begin[job] === this.now && this.isDue(job)) this.#atOnceCount--;
    state.stamp[job]!++;
    state.finishStamp[job]!++;
    // Whoever got in one instant what it had lost in it has held nothing for any time.
    if (outcome !== HELD || state.begin[job]! < this.now) {
      holdings.log(job, this.log);
      this.log.add(job, state.begin[job]!, this.now, outcome, holdings.bandwidthGBps[job]!);
    }
    if (this.settings.looksAhead) this.ends.remove(job, state.expectedEnd[job]!);
    const last = this.running[--this.runningCount]!;
    this.running[this.#runningAt[job]!] = last;
    this.#runningAt[last] = this.#runningAt[job]!;
    this.accounts.hold(-this.gpusOf(job), this.now);
    this.parts.onLeave?.(job);
    if (outcome !== FINISHED) this.#leaveStale();
    if (holdsOn) return;
    this.allocation.release(job);
    state.status[job] = UNSUBMITTED;
  }
}

function tooLate(): CorralError {
  return new CorralError(
    'limit-exceeded',
    ['until'],
    `after ${SECONDS_MAX} s times are no longer exact: stop earlier with until, or give shorter jobs`,
  );
}
