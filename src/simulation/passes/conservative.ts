import type { ClusterRun } from '../kernel/cluster-run.js';
import { strictPass } from './in-order.js';

/** Jobs from the head of the queue on that are looked at when something comes back early; the others keep their promises. */
export const COMPRESSED_MAX = 500;

/** What {@link PromiseBook.follow} found. */
export type Followed = 'as believed' | 'freed' | 'unknown';

/**
 * Who is believed to hold what when: running jobs until they are expected to end, and waiting jobs from the time they are
 * promised. Who is overdue is believed to be gone.
 */
export interface PromiseBook {
  /**
   * Brings the book up to now.
   *
   * @returns `freed`: more is free than was believed; `unknown`: something is held that nobody reckoned with
   */
  follow(run: ClusterRun): Followed;
  /** Begins anew with the running jobs alone. */
  reset(run: ClusterRun): void;
  /** Notes which running jobs the book knows. */
  remember(run: ClusterRun): void;
  /** Books a job from the earliest time that delays no promise; returns that time, Infinity if there is none. */
  promise(run: ClusterRun, job: number): number;
  /** Books a job from the time it was promised before {@link reset}; false if that delays a promise. */
  keep(run: ClusterRun, job: number, begin: number): boolean;
  /** Begins to move jobs forward, see {@link moveForward}, for what has come back. */
  beginMoves(): void;
  /**
   * Books a job from an earlier time that delays no promise.
   *
   * @param spare - undefined: any time will do; otherwise only now, where nobody has to end first, and for at most so many
   * pods, or thousandths of GPUs; see ClusterRun.sizeOf
   * @param looksAnywhere - whether a job may only have missed something that has come back long ago
   * @returns the time; `begin` if there is none; undefined if there may be one, only not now
   */
  moveForward(
    run: ClusterRun,
    job: number,
    begin: number,
    spare: number | undefined,
    looksAnywhere: boolean,
  ): number | undefined;
  /** Starts a job whose time it is, if nobody overdue is in its way. */
  start(run: ClusterRun, job: number): 'no' | 'as believed' | 'otherwise';
}

/**
 * Conservative backfill: a job that comes in is promised the earliest time that delays no promise already made, whatever its
 * place in the queue, and starts by then. When a job ends early, those that wait move forward in the order of the queue, the
 * first {@link COMPRESSED_MAX} of them, and nobody back. Only what nobody could know breaks promises: a job that runs longer
 * than believed, a server that drops out, a job that is started or moved by others. They are made anew then, in the order of
 * the queue.
 *
 * Source: Mu'alem and Feitelson, IEEE TPDS 12(6), 2001.
 * @param jobs - jobs of the simulation
 * @complexity O(queue) calls of the book; O(queue) of those that move jobs where a job ends early, and O(queue) of those that
 * make promises where one is late
 */
export function conservativePass(book: PromiseBook, jobs: number): (run: ClusterRun) => void {
  const promises = new Promises(book, jobs);
  return (run) => {
    promises.pass(run);
  };
}

/** Whom what is promised; see {@link conservativePass}. */
export class Promises {
  readonly #book: PromiseBook;
  /** Job → when it is promised a start, microseconds; Infinity = not while servers are missing. */
  readonly #begin: Float64Array;
  /** Job → 1 + its stamp when that was promised; 0 = nothing was. A promise of an earlier wait is none. */
  readonly #promisedAt: Int32Array;
  /** Job → 1 if something came back for which it was too far behind to be looked at. */
  readonly #isPassedOver: Uint8Array;
  /** Whether the book is kept; it is not while nobody waits. */
  #isKept = false;
  /** Whether it is wrong. */
  #isOff = false;
  /** The earliest promise after now, Infinity if there is none, and whether one is for now. */
  #next = Number.POSITIVE_INFINITY;
  #isDue = false;
  /** When that was so. */
  #seenAt = 0;
  /** What is free now beside all whose time it is, as ClusterRun.sizeOf counts. */
  #spare = 0;
  /** Whether more may be free than was when promises were made. */
  #isFreed = false;

  constructor(book: PromiseBook, jobs: number) {
    this.#book = book;
    this.#begin = new Float64Array(jobs);
    this.#promisedAt = new Int32Array(jobs);
    this.#isPassedOver = new Uint8Array(jobs);
  }

  /** When a waiting job is promised a start, microseconds; undefined where there is no promise. */
  promiseTo(run: ClusterRun, job: number): number | undefined {
    return this.#isPromised(run, job) ? this.#begin[job] : undefined;
  }

  /** What the scheduler does at a pass. */
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

  /** Brings the book up to now; false if something happened that promises did not reckon with. */
  #follow(run: ClusterRun): boolean {
    const { now } = run;
    if (this.#isOff || this.#next < now || (this.#isDue && this.#seenAt < now)) return false;
    const followed = this.#book.follow(run);
    if (followed === 'freed') this.#isFreed = true;
    return followed !== 'unknown';
  }

  /** Makes the book anew. Who can keep its promise does; who cannot goes before all that is promised behind it. */
  #rebuild(run: ClusterRun): void {
    const { now, waiting } = run;
    this.#isOff = false;
    this.#book.reset(run);
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (!this.#isPromised(run, job)) continue;
      const begin = this.#begin[job]!;
      const isKept = begin >= now && begin < Number.POSITIVE_INFINITY && this.#book.keep(run, job, begin);
      if (!isKept) this.#begin[job] = this.#book.promise(run, job);
      this.#isFreed = true;
    }
  }

  /** Lets those that wait move forward, in the order of the queue. */
  #compress(run: ClusterRun): void {
    const { now, waiting } = run;
    this.#isFreed = false;
    this.#book.beginMoves();
    this.#spare = freeSize(run);
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (this.#isPromised(run, job) && this.#begin[job] === now) this.#spare -= run.sizeOf(job);
    }
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (!this.#isPromised(run, job) || this.#begin[job] === now) continue;
      if (at - waiting.start >= COMPRESSED_MAX) this.#isPassedOver[job] = 1;
      else this.#moveForward(run, job, this.#isPassedOver[job] === 1);
    }
  }

  /** A promise that is kept is not given up for GPUs of somebody overdue, who may hold them for long yet. */
  #moveForward(run: ClusterRun, job: number, looksAnywhere: boolean): void {
    const { now } = run;
    const isSure = run.ends.length === 0 || run.ends.ends[0]! > now;
    const spare = isSure ? undefined : this.#spare;
    const sooner = this.#book.moveForward(run, job, this.#begin[job]!, spare, looksAnywhere);
    this.#isPassedOver[job] = 0;
    // It may be sure the next time.
    if (sooner === undefined) this.#isFreed = true;
    else this.#begin[job] = sooner;
    if (this.#begin[job] === now) this.#spare -= run.sizeOf(job);
  }

  /** Promises something to those that have come in, after all that is promised already. */
  #promise(run: ClusterRun): void {
    const { waiting } = run;
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (this.#isPromised(run, job)) continue;
      this.#begin[job] = this.#book.promise(run, job);
      this.#promisedAt[job] = 1 + run.state.stamp[job]!;
      this.#isPassedOver[job] = 0;
    }
    this.#lookAhead(run);
  }

  /** Finds whose promise is due next. */
  #lookAhead({ now, waiting }: ClusterRun): number {
    let next = -1;
    this.#next = Number.POSITIVE_INFINITY;
    this.#isDue = false;
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      const begin = this.#begin[job]!;
      if (begin === now) this.#isDue = true;
      else if (begin < this.#next) {
        this.#next = begin;
        next = job;
      }
    }
    return next;
  }

  /** Starts whose time it is, unless it waits for a job that is about to end, or overdue. */
  #start(run: ClusterRun): void {
    const { now, waiting } = run;
    this.#isDue = false;
    for (let at = waiting.start; at < waiting.end; ) {
      const job = waiting.jobs[at]!;
      const started = this.#begin[job] === now ? this.#book.start(run, job) : 'no';
      if (started === 'no') {
        this.#isDue ||= this.#begin[job] === now;
        at++;
        continue;
      }
      waiting.removeAt(at);
      at = Math.max(at, waiting.start);
      // A restart has steps before it computes, which nobody reckoned with.
      if (started === 'otherwise') this.#isOff = true;
    }
  }

  /**
   * Sees to it that a running job is to end when the next promise is due, or nothing would happen then: whom it waited for has
   * moved forward, and so can it.
   *
   * @returns whether somebody has moved forward to now
   */
  #settle(run: ClusterRun): boolean {
    let hasMovedToNow = false;
    this.#spare = this.#isDue ? 0 : freeSize(run);
    // Each turn moves a promise forward, to the end of a running job, or ends.
    while (this.#next < Number.POSITIVE_INFINITY && run.ends.endFrom(this.#next) !== this.#next) {
      const begin = this.#next;
      const next = this.#lookAhead(run);
      this.#moveForward(run, next, true);
      if (this.#begin[next] === begin) break;
      hasMovedToNow ||= this.#begin[next] === run.now;
      this.#lookAhead(run);
    }
    return hasMovedToNow;
  }

  #isPromised(run: ClusterRun, job: number): boolean {
    return this.#promisedAt[job] === 1 + run.state.stamp[job]!;
  }
}

/** What is free now, as ClusterRun.sizeOf counts; at least that, where servers are out of use. */
function freeSize(run: ClusterRun): number {
  return run.allocation.isCounted ? run.allocation.freeUnits : run.freeMilliMost;
}
