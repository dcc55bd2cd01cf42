import type { ClusterRun } from './cluster-run.js';
import { endFrom } from './end-from.js';
import { FreeProfile } from './free-profile.js';
import { strictPass } from './passes.js';

/**
 * Conservative backfill where counting pods is enough: a job that comes in is promised the earliest time that delays no
 * promise already made, whatever its place in the queue, and starts by then. When a job ends early, those that wait move
 * forward in the order of the queue, the first {@link COMPRESSED_MAX} of them, and nobody back. Only what nobody could know
 * breaks promises: a job that runs longer than believed, or one that is started by others. They are made anew then, in the
 * order of the queue.
 *
 * Source: Mu'alem and Feitelson, IEEE TPDS 12(6), 2001.
 * @param jobs - jobs of the simulation
 * @complexity O(running + queue) while all goes as believed, and for each job that comes in; for each that moves forward where
 * a job ends early; O(queue × (running + queue)) where one is late
 */
export function countedConservativePass(jobs: number): (run: ClusterRun) => void {
  const promises = new CountedPromises(jobs);
  return (run) => {
    promises.pass(run);
  };
}

/** Jobs from the head of the queue on that are looked at when something comes back early; the others keep their promises. */
export const COMPRESSED_MAX = 500;

class CountedPromises {
  /** Job → when it is promised a start, microseconds. */
  readonly #begin: Float64Array;
  /** Job → 1 + its starts when that was promised; 0 = nothing was. A promise of an earlier wait is none. */
  readonly #promisedAt: Int32Array;
  /** What running jobs and promises leave free. */
  readonly #profile = new FreeProfile();
  /** Whether the profile says so; it is not kept while nobody waits. */
  #isKept = false;
  /** Whether it no longer does. */
  #isOff = false;
  /** The earliest promise after now, Infinity if there is none, and whether one is for now. */
  #next = Number.POSITIVE_INFINITY;
  #isDue = false;
  /** When that was so. */
  #seenAt = 0;
  /** Pods that fit now beside all whose time it is. */
  #spare = 0;
  /** Whether more may be free than was when promises were made. */
  #isFreed = false;
  /** The running jobs in the profile, as ExpectedEnds had them. */
  #jobs = new Int32Array(256);
  #ends = new Float64Array(256);
  #count = 0;

  constructor(jobs: number) {
    this.#begin = new Float64Array(jobs);
    this.#promisedAt = new Int32Array(jobs);
  }

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
    if (this.#isKept) this.#remember(run);
  }

  /** Brings the profile up to now; false if something happened that promises did not reckon with. */
  #follow(run: ClusterRun): boolean {
    const { now } = run;
    const { ends, jobs, length } = run.ends;
    // Who is overdue is expected to end any moment, as it is in the profile since it should have.
    if (this.#isOff) return false;
    if (this.#next < now || (this.#isDue && this.#seenAt < now)) return false;
    this.#profile.advance(now);
    let at = 0;
    for (let i = 0; i < this.#count; i++) {
      const job = this.#jobs[i]!;
      const end = this.#ends[i]!;
      if (at < length && jobs[at] === job && ends[at] === end) at++;
      else if (end > now) {
        this.#profile.reserve(now, end - now, -run.gangOf(job).pods);
        this.#isFreed = true;
      }
    }
    return at === length;
  }

  /** Makes the profile anew. Who can keep its promise does; who cannot goes before all that is promised behind it. */
  #rebuild(run: ClusterRun): void {
    const { now, waiting } = run;
    const { ends, jobs, length } = run.ends;
    const profile = this.#profile;
    this.#isOff = false;
    profile.reset(now, run.allocation.freeUnits);
    for (let i = 0; i < length; i++) profile.rise(Math.max(now, ends[i]!), run.gangOf(jobs[i]!).pods);
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (!this.#isPromised(run, job)) continue;
      const { pods } = run.gangOf(job);
      const duration = run.estimateOfRun(job);
      const begin = this.#begin[job]!;
      const mayKeep = begin >= now && profile.earliest(pods, duration, begin) === begin;
      if (!mayKeep) this.#begin[job] = profile.earliest(pods, duration);
      profile.reserve(this.#begin[job]!, duration, pods);
      this.#isFreed = true;
    }
  }

  /** Lets those that wait move forward, in the order of the queue. */
  #compress(run: ClusterRun): void {
    const { now, waiting } = run;
    this.#isFreed = false;
    this.#spare = run.allocation.freeUnits;
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (this.#isPromised(run, job) && this.#begin[job] === now) this.#spare -= run.gangOf(job).pods;
    }
    const end = Math.min(waiting.end, waiting.start + COMPRESSED_MAX);
    for (let at = waiting.start; at < end; at++) {
      const job = waiting.jobs[at]!;
      if (this.#isPromised(run, job) && this.#begin[job]! > now) this.#moveForward(run, job);
    }
  }

  /** A promise that is kept is not given up for GPUs of somebody overdue, who may hold them for long yet. */
  #moveForward(run: ClusterRun, job: number): void {
    const profile = this.#profile;
    const { pods } = run.gangOf(job);
    const duration = run.estimateOfRun(job);
    const before = this.#begin[job]!;
    profile.reserve(before, duration, -pods);
    const sooner = profile.earliest(pods, duration);
    const isSure = run.ends.length === 0 || run.ends.ends[0]! > run.now;
    const mayMove = isSure || (sooner === run.now && pods <= this.#spare);
    this.#begin[job] = mayMove ? sooner : before;
    // It may be sure the next time.
    if (!mayMove && sooner < before) this.#isFreed = true;
    if (this.#begin[job] === run.now) this.#spare -= pods;
    profile.reserve(this.#begin[job]!, duration, pods);
  }

  /** Promises something to those that have come in, after all that is promised already. */
  #promise(run: ClusterRun): void {
    const { waiting } = run;
    const profile = this.#profile;
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (this.#isPromised(run, job)) continue;
      const { pods } = run.gangOf(job);
      const duration = run.estimateOfRun(job);
      this.#begin[job] = profile.earliest(pods, duration);
      this.#promisedAt[job] = 1 + run.state.starts[job]!;
      profile.reserve(this.#begin[job]!, duration, pods);
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
      const end = now + run.estimateOfRun(job);
      if (this.#begin[job] !== now) {
        at++;
        continue;
      }
      if (!run.start(job)) {
        this.#isDue = true;
        at++;
        continue;
      }
      waiting.removeAt(at);
      at = Math.max(at, waiting.start);
      // A restart has steps before it computes, which nobody reckoned with.
      if (run.state.expectedEnd[job] !== end) this.#isOff = true;
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
    this.#spare = this.#isDue ? 0 : run.allocation.freeUnits;
    while (this.#next < Number.POSITIVE_INFINITY && endFrom(run.ends, this.#next) !== this.#next) {
      const begin = this.#next;
      const next = this.#lookAhead(run);
      this.#moveForward(run, next);
      if (this.#begin[next] === begin) break;
      hasMovedToNow ||= this.#begin[next] === run.now;
      this.#lookAhead(run);
    }
    return hasMovedToNow;
  }

  #isPromised(run: ClusterRun, job: number): boolean {
    return this.#promisedAt[job] === 1 + run.state.starts[job]!;
  }

  /** Notes which running jobs the profile is made of. */
  #remember(run: ClusterRun): void {
    const { ends, jobs, length } = run.ends;
    if (length > this.#jobs.length) {
      this.#jobs = new Int32Array(2 * length);
      this.#ends = new Float64Array(2 * length);
    }
    this.#jobs.set(jobs.subarray(0, length));
    this.#ends.set(ends.subarray(0, length));
    this.#count = length;
    this.#seenAt = run.now;
  }
}
