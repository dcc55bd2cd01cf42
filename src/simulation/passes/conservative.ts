import type { ClusterRun } from '../kernel/cluster-run.js';
import { strictPass } from './in-order.js';

/** Jobs at the front of the queue that may move forward when a job ends early; the others keep their promises. */
export const COMPRESSED_MAX = 500;

/** What {@link PromiseBook.follow} found: `freed` = more is free, `unknown` = something is held that was not in the book. */
export type Followed = 'as expected' | 'freed' | 'unknown';

/** What {@link PromiseBook.start} did: `otherwise` = the job has started, but its expected end is another one. */
export type Started = 'no' | 'as expected' | 'otherwise';

/**
 * Who is expected to hold what and when: running jobs until their expected ends, waiting jobs from the time they are promised.
 * Overdue jobs are expected to be gone. All times are microseconds.
 */
export interface PromiseBook {
  /** Brings the book up to now. */
  follow(run: ClusterRun): Followed;
  /** Empties the book and enters the running jobs. */
  reset(run: ClusterRun): void;
  /** Notes which running jobs are in the book, for the next {@link follow}. */
  remember(run: ClusterRun): void;
  /** Books a job at the earliest time that delays no promise; returns that time, Infinity if there is none. */
  promise(run: ClusterRun, job: number): number;
  /** Books a job at the time it was promised before {@link reset}; false if that would delay a promise. */
  keep(run: ClusterRun, job: number, begin: number): boolean;
  /** Must be called before jobs move forward, see {@link moveForward}. */
  beginMoves(): void;
  /**
   * Books a job at an earlier time that delays no promise.
   *
   * @param begin - the time it is promised now
   * @param spare - undefined: any time is allowed. A number: only now is allowed, where no job has to end first, and only if
   * the job is at most that large; in pods or thousandths of GPUs, see `ClusterRun.sizeOf`
   * @param looksAnywhere - false if only what was freed since the last pass can help the job
   * @returns the new time; `begin` if there is no earlier one; undefined if there may be one, but not now
   */
  moveForward(
    run: ClusterRun,
    job: number,
    begin: number,
    spare: number | undefined,
    looksAnywhere: boolean,
  ): number | undefined;
  /** Starts a job that is promised a start now, unless an overdue job still holds its GPUs. */
  start(run: ClusterRun, job: number): Started;
}

/**
 * Conservative backfill: every waiting job is promised a start, and nobody may delay a promise. A pass has these steps, see
 * {@link Promises}:
 *
 * 1. Jobs start from the head of the queue, if no job was waiting before.
 * 2. The book follows what has happened since the last pass. If something broke a promise, all promises are made again, in
 *    the order of the queue: a job ran longer than expected, a server dropped out, or others started or moved a job.
 * 3. If a job ended early, the first {@link COMPRESSED_MAX} waiting jobs move forward where they can, in the order of the
 *    queue.
 * 4. A job that has come in is promised the earliest time that delays no promise.
 * 5. Jobs start whose time has come.
 * 6. If no running job ends when the next promise is due, no pass would happen then. So that job moves forward, to the end
 *    of a running job.
 *
 * Source: Mu'alem and Feitelson, IEEE TPDS 12(6), 2001.
 * @param book - by count or by place
 * @param jobs - jobs of the simulation
 * @complexity O(queue) calls of the book
 */
export function conservativePass(book: PromiseBook, jobs: number): (run: ClusterRun) => void {
  const promises = new Promises(book, jobs);
  return (run) => {
    promises.pass(run);
  };
}

/** The promises to waiting jobs and the steps that keep them, see {@link conservativePass}. */
export class Promises {
  readonly #book: PromiseBook;
  /** Job → when it is promised a start, microseconds; Infinity = never, while servers are missing. */
  readonly #begin: Float64Array;
  /** Job → 1 + its stamp when the promise was made; 0 = it has none. A promise of an earlier wait does not count. */
  readonly #promisedAt: Int32Array;
  /** Job → 1 if something was freed while it was too far behind to move forward. */
  readonly #isPassedOver: Uint8Array;
  /** True while the book is kept up to date. It is not while no job waits. */
  #isKept = false;
  /** True if the book does not agree with the running jobs. */
  #isOff = false;
  /** The earliest promise after now; Infinity if there is none. */
  #next = Number.POSITIVE_INFINITY;
  /** True if a job is promised a start now. */
  #isDue = false;
  /** When the last pass was, microseconds. */
  #seenAt = 0;
  /** What is free now beside the jobs that start now, in the unit of `ClusterRun.sizeOf`. */
  #spare = 0;
  /** True if more may be free than when promises were made. */
  #isFreed = false;

  constructor(book: PromiseBook, jobs: number) {
    this.#book = book;
    this.#begin = new Float64Array(jobs);
    this.#promisedAt = new Int32Array(jobs);
    this.#isPassedOver = new Uint8Array(jobs);
  }

  /** When a waiting job is promised a start, microseconds; undefined if it has no promise. */
  promiseTo(run: ClusterRun, job: number): number | undefined {
    return this.#isPromised(run, job) ? this.#begin[job] : undefined;
  }

  /** Runs the six steps of {@link conservativePass}. */
  pass(run: ClusterRun): void {
    const { waiting } = run;
    if (!this.#isKept) strictPass(run);
    if (waiting.length > 0) {
      if (!this.#isKept || !this.#follow(run)) this.#rebuild(run);
      if (this.#isFreed) this.#compress(run);
      this.#promise(run);
      if (this.#isDue) this.#start(run);
      if (this.#settle(run)) this.#start(run);
    }
    this.#isKept = waiting.length > 0;
    if (this.#isKept) {
      this.#book.remember(run);
      this.#seenAt = run.now;
    }
  }

  /** Step 2: brings the book up to now; false if a promise is broken. */
  #follow(run: ClusterRun): boolean {
    const { now } = run;
    if (this.#isOff || this.#next < now || (this.#isDue && this.#seenAt < now)) return false;
    const followed = this.#book.follow(run);
    if (followed === 'freed') this.#isFreed = true;
    return followed !== 'unknown';
  }

  /** Step 2: makes the book again. Jobs keep their promises if they can; otherwise they get new ones. */
  #rebuild(run: ClusterRun): void {
    const { now } = run;
    this.#isOff = false;
    this.#book.reset(run);
    for (const job of waitingJobs(run)) {
      if (!this.#isPromised(run, job)) continue;
      const begin = this.#begin[job]!;
      const isKept = begin >= now && begin < Number.POSITIVE_INFINITY && this.#book.keep(run, job, begin);
      if (!isKept) this.#begin[job] = this.#book.promise(run, job);
      this.#isFreed = true;
    }
  }

  /** Step 3: lets waiting jobs move forward, in the order of the queue. */
  #compress(run: ClusterRun): void {
    this.#isFreed = false;
    this.#book.beginMoves();
    const jobs = waitingJobs(run);
    const isDue = (job: number): boolean => this.#isPromised(run, job) && this.#begin[job] === run.now;
    this.#spare = freeSize(run);
    for (const job of jobs) if (isDue(job)) this.#spare -= run.sizeOf(job);
    jobs.forEach((job, position) => {
      if (!this.#isPromised(run, job) || isDue(job)) return;
      if (position >= COMPRESSED_MAX) this.#isPassedOver[job] = 1;
      else this.#moveForward(run, job, this.#isPassedOver[job] === 1);
    });
  }

  #moveForward(run: ClusterRun, job: number, looksAnywhere: boolean): void {
    const { now } = run;
    // An overdue job may hold its GPUs for long. A promise that can be kept is not given up for them.
    const isSure = run.ends.length === 0 || run.ends.ends[0]! > now;
    const spare = isSure ? undefined : this.#spare;
    const sooner = this.#book.moveForward(run, job, this.#begin[job]!, spare, looksAnywhere);
    this.#isPassedOver[job] = 0;
    // An earlier time may be found at the next pass.
    if (sooner === undefined) this.#isFreed = true;
    else this.#begin[job] = sooner;
    if (this.#begin[job] === now) this.#spare -= run.sizeOf(job);
  }

  /** Step 4: promises a start to the jobs that have come in. */
  #promise(run: ClusterRun): void {
    for (const job of waitingJobs(run)) {
      if (this.#isPromised(run, job)) continue;
      this.#begin[job] = this.#book.promise(run, job);
      this.#promisedAt[job] = 1 + run.state.stamp[job]!;
      this.#isPassedOver[job] = 0;
    }
    this.#findNext(run);
  }

  /** Finds the next promise after now, and whether one is due now; returns the job of the next, -1 if there is none. */
  #findNext(run: ClusterRun): number {
    let next = -1;
    this.#next = Number.POSITIVE_INFINITY;
    this.#isDue = false;
    for (const job of waitingJobs(run)) {
      const begin = this.#begin[job]!;
      if (begin === run.now) this.#isDue = true;
      else if (begin < this.#next) {
        this.#next = begin;
        next = job;
      }
    }
    return next;
  }

  /** Step 5: starts jobs whose time has come. A job waits on if a job that ends now, or is overdue, holds its GPUs. */
  #start(run: ClusterRun): void {
    this.#isDue = false;
    run.waiting.removeWhere((job) => {
      if (this.#begin[job] !== run.now) return false;
      const started = this.#book.start(run, job);
      if (started === 'no') this.#isDue = true;
      // The steps of a restart come before it computes, so it ends later than the book says.
      if (started === 'otherwise') this.#isOff = true;
      return started !== 'no';
    });
  }

  /** Step 6: moves the next promises forward until one is due when a running job ends; true if one is due now. */
  #settle(run: ClusterRun): boolean {
    let hasMovedToNow = false;
    this.#spare = this.#isDue ? 0 : freeSize(run);
    // Each turn moves a promise forward to the end of a running job, or ends the loop.
    while (this.#next < Number.POSITIVE_INFINITY && run.ends.endFrom(this.#next) !== this.#next) {
      const begin = this.#next;
      const next = this.#findNext(run);
      this.#moveForward(run, next, true);
      if (this.#begin[next] === begin) break;
      hasMovedToNow ||= this.#begin[next] === run.now;
      this.#findNext(run);
    }
    return hasMovedToNow;
  }

  #isPromised(run: ClusterRun, job: number): boolean {
    return this.#promisedAt[job] === 1 + run.state.stamp[job]!;
  }
}

/** The queue, the head first: a view, valid until a job is added or taken out. */
function waitingJobs({ waiting }: ClusterRun): Int32Array {
  return waiting.jobs.subarray(waiting.start, waiting.end);
}

/** What is free now, in the unit of `ClusterRun.sizeOf`; GPUs of servers that are out of use are counted as free. */
function freeSize(run: ClusterRun): number {
  return run.allocation.isCounted ? run.allocation.freeUnits : run.freeMilliMost;
}
