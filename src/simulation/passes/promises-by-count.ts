import { FreeProfile } from '../future/free-profile.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import type { Followed, PromiseBook } from './conservative.js';

/** Promises where counting pods is enough: how many are free when. O(running + queue) a call. */
export class CountedPromises implements PromiseBook {
  /** What running jobs and promises leave free. */
  readonly #profile = new FreeProfile();
  /** The running jobs in the profile, as ExpectedEnds had them. */
  #jobs = new Int32Array(256);
  #ends = new Float64Array(256);
  #count = 0;

  follow(run: ClusterRun): Followed {
    const { now } = run;
    const { ends, jobs, length } = run.ends;
    this.#profile.advance(now);
    let followed: Followed = 'as believed';
    let at = 0;
    for (let i = 0; i < this.#count; i++) {
      const job = this.#jobs[i]!;
      if (at < length && jobs[at] === job && ends[at] === this.#ends[i]) at++;
      else {
        const end = bookedUntil(run, job, this.#ends[i]!);
        if (end <= now) continue;
        this.#profile.reserve(now, end - now, -run.gangOf(job).pods);
        followed = 'freed';
      }
    }
    return at === length ? followed : 'unknown';
  }

  reset(run: ClusterRun): void {
    const { now } = run;
    const { ends, jobs, length } = run.ends;
    const profile = this.#profile;
    profile.reset(now, run.allocation.freeUnits);
    for (let i = 0; i < length; i++) profile.rise(Math.max(now, ends[i]!), run.gangOf(jobs[i]!).pods);
    for (let i = 0; i < length && ends[i]! <= now; i++) {
      const left = bookedUntil(run, jobs[i]!, ends[i]!) - now;
      if (left > 0) profile.reserve(now, left, run.gangOf(jobs[i]!).pods);
    }
  }

  remember(run: ClusterRun): void {
    const { ends, jobs, length } = run.ends;
    if (length > this.#jobs.length) {
      this.#jobs = new Int32Array(2 * length);
      this.#ends = new Float64Array(2 * length);
    }
    this.#jobs.set(jobs.subarray(0, length));
    this.#ends.set(ends.subarray(0, length));
    this.#count = length;
  }

  promise(run: ClusterRun, job: number): number {
    const begin = this.#profile.earliest(run.gangOf(job).pods, durationOf(run, job));
    this.#book(run, job, begin, 1);
    return begin;
  }

  keep(run: ClusterRun, job: number, begin: number): boolean {
    if (this.#profile.earliest(run.gangOf(job).pods, durationOf(run, job), begin) !== begin) return false;
    this.#book(run, job, begin, 1);
    return true;
  }

  beginMoves(): void {}

  moveForward(run: ClusterRun, job: number, begin: number, spare: number | undefined): number | undefined {
    const { pods } = run.gangOf(job);
    this.#book(run, job, begin, -1);
    const sooner = this.#profile.earliest(pods, durationOf(run, job));
    const mayMove = spare === undefined || (sooner === run.now && pods <= spare);
    this.#book(run, job, mayMove ? sooner : begin, 1);
    return mayMove || sooner === begin ? sooner : undefined;
  }

  start(run: ClusterRun, job: number): 'no' | 'as believed' | 'otherwise' {
    const end = run.now + run.times.estimateOfRun(job);
    if (!run.start(job)) return 'no';
    return run.state.expectedEnd[job] === end ? 'as believed' : 'otherwise';
  }

  /** Takes the pods of a job for its time, 1, or gives them back, -1. */
  #book(run: ClusterRun, job: number, begin: number, sign: 1 | -1): void {
    this.#profile.reserve(begin, durationOf(run, job), sign * run.gangOf(job).pods);
  }
}

/** How long a job is believed to run, microseconds; at least one, as nobody is gone before it came. */
function durationOf(run: ClusterRun, job: number): number {
  return Math.max(1, run.times.estimateOfRun(job));
}

/** Until when a run of a job is in the profile, which is expected to end at a time. */
function bookedUntil(run: ClusterRun, job: number, end: number): number {
  return Math.max(end, after(run.state.begin[job]!));
}
