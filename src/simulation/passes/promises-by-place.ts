import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { PlacedSearch } from '../future/placed-search.js';
import { newStay, PlacedTimetable, type Stay, serversOf } from '../future/placed-timetable.js';
import { RUNNING, WAITING } from '../jobs/job-state.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import type { Followed, PromiseBook } from './conservative.js';

/** A running job in the timetable. */
interface Known {
  readonly stay: Stay;
  /** Which of its runs it is. */
  readonly stamp: number;
}

/** A promise to a waiting job. */
interface Promised {
  readonly stay: Stay;
  /** When it was made, or moved forward. */
  readonly since: number;
}

/**
 * Promises on any cluster. What is promised is a time; the GPUs beside it show that all promises can be kept, and change where
 * that lets others in, see {@link PlacedSearch}.
 *
 * GPUs are planned where the policy that looks at topology puts them. A job that starts when it comes in or moves forward to
 * now, and under a policy of scores every job, goes where the policy of the run puts it, if all promises can be kept then.
 *
 * A call that books costs O(running + queue) times at most, each a plan and the servers of those that come and go.
 */
export class PlacedPromises implements PromiseBook {
  readonly #ahead: PlacementEngine;
  readonly #timetable: PlacedTimetable;
  readonly #search: PlacedSearch;
  readonly #running = new Map<number, Known>();
  readonly #promised = new Map<number, Promised>();
  /** Where something came back: whoever could not move forward before only can with a pod on one of these servers. */
  #freed = new Set<number>();
  /** The same for the moves at hand. */
  #looked = new Set<number>();

  /** @param ahead - an engine of the whole cluster, with nothing placed; the book's own from now on */
  constructor(ahead: PlacementEngine) {
    this.#ahead = ahead;
    this.#timetable = new PlacedTimetable(ahead);
    this.#search = new PlacedSearch(ahead, this.#timetable);
  }

  follow(run: ClusterRun): Followed {
    const { state, now } = run;
    const timetable = this.#timetable;
    timetable.advance(now);
    let followed: Followed = 'as believed';
    for (const [job, { stay, stamp }] of this.#running) {
      if (state.status[job] === RUNNING && state.stamp[job] === stamp) {
        // Who is overdue may hold its GPUs for long yet.
        if (stay.goneBy <= now) stay.goneBy = after(now);
        continue;
      }
      timetable.remove(stay);
      this.#running.delete(job);
      if (stay.end <= now) continue;
      this.#noteFreed(stay);
      followed = 'freed';
    }
    let isKnown = true;
    for (let i = 0; i < run.runningCount; i++) {
      const job = run.running[i]!;
      if (this.#running.has(job)) continue;
      this.#addRunning(run, job);
      isKnown = false;
    }
    const { cordoned } = run.engine.state;
    const known = this.#ahead.state.cordoned;
    for (let server = 0; server < cordoned.length; server++) {
      if (cordoned[server] === known[server]) continue;
      const isOut = cordoned[server] === 1;
      this.#ahead.setCordoned(server, isOut);
      if (isOut) isKnown = false;
      else {
        this.#freed.add(server);
        followed = 'freed';
      }
    }
    return isKnown ? followed : 'unknown';
  }

  reset(run: ClusterRun): void {
    this.follow(run);
    for (const [job, { stay }] of this.#promised) {
      if (stay.at !== -1) this.#timetable.remove(stay);
      if (run.state.status[job] !== WAITING) this.#promised.delete(job);
    }
  }

  remember(): void {}

  promise(run: ClusterRun, job: number): number {
    const stay = this.#search.bookEarliest(run, job, run.now, Number.POSITIVE_INFINITY);
    const before = this.#promised.get(job);
    if (before !== undefined) this.#noteFreed(before.stay);
    return this.#note(run, job, stay);
  }

  keep(run: ClusterRun, job: number, begin: number): boolean {
    const promised = this.#promised.get(job);
    if (promised?.stay.begin === begin && this.#timetable.isFree(promised.stay, 'end')) {
      this.#timetable.add(promised.stay);
      return true;
    }
    const stay = this.#search.bookAt(run, job, begin);
    if (stay === undefined) return false;
    this.#note(run, job, stay);
    return true;
  }

  beginMoves(): void {
    // Those behind that move free something for those before, who only see it the next time.
    this.#looked = this.#freed;
    this.#search.beginMoves();
    this.#freed = new Set();
  }

  moveForward(
    run: ClusterRun,
    job: number,
    begin: number,
    spare: number | undefined,
    looksAnywhere: boolean,
  ): number | undefined {
    const before = this.#promised.get(job);
    if (before !== undefined) this.#timetable.remove(before.stay);
    let sooner: Stay | undefined;
    if (spare === undefined) {
      const from = looksAnywhere ? run.now : this.#search.roomOn(this.#looked, run, job, begin);
      sooner = this.#search.bookEarliest(run, job, run.now, begin, from);
    } else if (leastMilli(run.gangOf(job)) <= spare) sooner = this.#bookWherePolicyPuts(run, job);
    if (sooner === undefined) {
      if (before !== undefined) this.#timetable.add(before.stay);
      return spare === undefined ? begin : undefined;
    }
    if (before !== undefined) {
      this.#noteFreed(before.stay);
      for (const server of serversOf(before.stay)) this.#looked.add(server);
    }
    return this.#note(run, job, sooner);
  }

  start(run: ClusterRun, job: number): 'no' | 'as believed' | 'otherwise' {
    const timetable = this.#timetable;
    const { stay, since } = this.#promised.get(job)!;
    timetable.remove(stay);
    const mayChoose = since === run.now || run.engine.byTopology === undefined;
    if (!mayChoose || !this.#placeByPolicy(run, stay)) {
      if (timetable.isFree(stay, 'goneBy')) {
        run.holdings.putNote(job, stay.note);
        run.allocation.resume(job);
      } else {
        const elsewhere = this.#bookWherePolicyPuts(run, job);
        if (elsewhere === undefined) {
          timetable.add(stay);
          return 'no';
        }
        timetable.remove(elsewhere);
        run.holdings.putNote(job, elsewhere.note);
        run.allocation.resume(job);
      }
    }
    this.#promised.delete(job);
    this.#noteFreed(stay);
    run.begin(job, 0);
    return this.#addRunning(run, job).end === stay.end ? 'as believed' : 'otherwise';
  }

  /** Places a job where the policy of the run does, if that leaves all promises where they are and gives it as many pods. */
  #placeByPolicy(run: ClusterRun, { job, note }: Stay): boolean {
    if (!run.allocation.place(job)) return false;
    const own = this.#stayNow(run, job);
    if (own.note.pods >= note.pods && this.#timetable.isFree(own, 'end')) return true;
    run.allocation.unplace(job);
    return false;
  }

  /** Books a job now where the policy of the run puts it, if all promises can be kept then, wherever they are. */
  #bookWherePolicyPuts(run: ClusterRun, job: number): Stay | undefined {
    if (!run.allocation.place(job)) return undefined;
    const own = this.#stayNow(run, job);
    run.allocation.unplace(job);
    return this.#search.bookAmong(run, own) ? own : undefined;
  }

  /** What a job that has been placed would hold from now on. */
  #stayNow(run: ClusterRun, job: number): Stay {
    const note = run.holdings.noteOf(job);
    const end = run.now + this.#search.durationOf(run, job, note.pods);
    return newStay(job, run.gangOf(job), note, run.now, end, true);
  }

  #note(run: ClusterRun, job: number, stay: Stay | undefined): number {
    if (stay === undefined) {
      this.#promised.delete(job);
      return Number.POSITIVE_INFINITY;
    }
    this.#promised.set(job, { stay, since: run.now });
    return stay.begin;
  }

  #noteFreed(stay: Stay): void {
    for (const server of serversOf(stay)) this.#freed.add(server);
  }

  #addRunning(run: ClusterRun, job: number): Stay {
    const { now, state } = run;
    const begin = state.begin[job]!;
    const end = Math.max(state.expectedEnd[job]!, after(begin));
    const stay = newStay(job, run.gangOf(job), run.holdings.noteOf(job), begin, end, false);
    if (end <= now) stay.goneBy = after(now);
    this.#timetable.add(stay);
    this.#running.set(job, { stay, stamp: state.stamp[job]! });
    return stay;
  }
}

/** Thousandths of GPUs of the fewest pods that a gang starts with. */
function leastMilli({ podsMin, need }: Gang): number {
  return podsMin * need.totalGpuMilli;
}
