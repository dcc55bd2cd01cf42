import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { ReservationSearch } from '../future/reservation-search.js';
import { newReservation, type Reservation, serversOf, Timetable } from '../future/timetable.js';
import { RUNNING, WAITING } from '../jobs/job-state.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import type { Followed, PromiseBook } from './conservative.js';

/** A running job in the timetable. */
interface Known {
  readonly reservation: Reservation;
  /** Which of its runs it is. */
  readonly stamp: number;
}

/** A promise to a waiting job. */
interface Promised {
  readonly reservation: Reservation;
  /** When it was made, or moved forward. */
  readonly since: number;
}

/**
 * Promises on any cluster. What is promised is a time; the GPUs beside it show that all promises can be kept, and change where
 * that lets others in, see {@link ReservationSearch}.
 *
 * GPUs are planned where the policy that looks at topology puts them. A job that starts when it comes in or moves forward to
 * now, and under a policy of scores every job, goes where the policy of the run puts it, if all promises can be kept then.
 *
 * A call that books costs O(running + queue) times at most, each a plan and the servers of those that come and go.
 */
export class PromisesByPlace implements PromiseBook {
  readonly #ahead: PlacementEngine;
  readonly #timetable: Timetable;
  readonly #search: ReservationSearch;
  readonly #running = new Map<number, Known>();
  readonly #promised = new Map<number, Promised>();
  /** Where something came back: whoever could not move forward before only can with a pod on one of these servers. */
  #freed = new Set<number>();
  /** The same for the moves at hand. */
  #looked = new Set<number>();

  /** @param ahead - an engine of the whole cluster, with nothing placed; the book's own from now on */
  constructor(ahead: PlacementEngine) {
    this.#ahead = ahead;
    this.#timetable = new Timetable(ahead);
    this.#search = new ReservationSearch(ahead, this.#timetable);
  }

  follow(run: ClusterRun): Followed {
    const { state, now } = run;
    const timetable = this.#timetable;
    timetable.advance(now);
    let followed: Followed = 'as believed';
    for (const [job, { reservation, stamp }] of this.#running) {
      if (state.status[job] === RUNNING && state.stamp[job] === stamp) {
        // Who is overdue may hold its GPUs for long yet.
        if (reservation.goneBy <= now) reservation.goneBy = after(now);
        continue;
      }
      timetable.remove(reservation);
      this.#running.delete(job);
      if (reservation.end <= now) continue;
      this.#noteFreed(reservation);
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
    for (const [job, { reservation }] of this.#promised) {
      if (reservation.at !== -1) this.#timetable.remove(reservation);
      if (run.state.status[job] !== WAITING) this.#promised.delete(job);
    }
  }

  remember(): void {}

  promise(run: ClusterRun, job: number): number {
    const reservation = this.#search.bookEarliest(run, job, run.now, Number.POSITIVE_INFINITY);
    const before = this.#promised.get(job);
    if (before !== undefined) this.#noteFreed(before.reservation);
    return this.#record(run, job, reservation);
  }

  keep(run: ClusterRun, job: number, begin: number): boolean {
    const promised = this.#promised.get(job);
    if (promised?.reservation.begin === begin && this.#timetable.isFree(promised.reservation, 'end')) {
      this.#timetable.add(promised.reservation);
      return true;
    }
    const reservation = this.#search.bookAt(run, job, begin);
    if (reservation === undefined) return false;
    this.#record(run, job, reservation);
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
    if (before !== undefined) this.#timetable.remove(before.reservation);
    let sooner: Reservation | undefined;
    if (spare === undefined) {
      const from = looksAnywhere ? run.now : this.#search.earliestFree(this.#looked, run, job, begin);
      sooner = this.#search.bookEarliest(run, job, run.now, begin, from);
    } else if (leastMilli(run.gangOf(job)) <= spare) sooner = this.#bookWherePolicyPuts(run, job);
    if (sooner === undefined) {
      if (before !== undefined) this.#timetable.add(before.reservation);
      return spare === undefined ? begin : undefined;
    }
    if (before !== undefined) {
      this.#noteFreed(before.reservation);
      for (const server of serversOf(before.reservation)) this.#looked.add(server);
    }
    return this.#record(run, job, sooner);
  }

  start(run: ClusterRun, job: number): 'no' | 'as believed' | 'otherwise' {
    const timetable = this.#timetable;
    const { reservation, since } = this.#promised.get(job)!;
    timetable.remove(reservation);
    const mayChoose = since === run.now || run.engine.byTopology === undefined;
    if (!mayChoose || !this.#placeByPolicy(run, reservation)) {
      if (timetable.isFree(reservation, 'goneBy')) {
        run.holdings.putAssignment(job, reservation.assignment);
        run.allocation.resume(job);
      } else {
        const elsewhere = this.#bookWherePolicyPuts(run, job);
        if (elsewhere === undefined) {
          timetable.add(reservation);
          return 'no';
        }
        timetable.remove(elsewhere);
        run.holdings.putAssignment(job, elsewhere.assignment);
        run.allocation.resume(job);
      }
    }
    this.#promised.delete(job);
    this.#noteFreed(reservation);
    run.begin(job, 0);
    return this.#addRunning(run, job).end === reservation.end ? 'as believed' : 'otherwise';
  }

  /** Places a job where the policy of the run does, if that leaves all promises where they are and gives it as many pods. */
  #placeByPolicy(run: ClusterRun, { job, assignment }: Reservation): boolean {
    if (!run.allocation.place(job)) return false;
    const own = this.#reservationNow(run, job);
    if (own.assignment.pods >= assignment.pods && this.#timetable.isFree(own, 'end')) return true;
    run.allocation.unplace(job);
    return false;
  }

  /** Books a job now where the policy of the run puts it, if all promises can be kept then, wherever they are. */
  #bookWherePolicyPuts(run: ClusterRun, job: number): Reservation | undefined {
    if (!run.allocation.place(job)) return undefined;
    const own = this.#reservationNow(run, job);
    run.allocation.unplace(job);
    return this.#search.bookAmong(run, own) ? own : undefined;
  }

  /** What a job that has been placed would hold from now on. */
  #reservationNow(run: ClusterRun, job: number): Reservation {
    const assignment = run.holdings.assignmentOf(job);
    const end = run.now + this.#search.durationOf(run, job, assignment.pods);
    return newReservation(job, run.gangOf(job), assignment, run.now, end, true);
  }

  #record(run: ClusterRun, job: number, reservation: Reservation | undefined): number {
    if (reservation === undefined) {
      this.#promised.delete(job);
      return Number.POSITIVE_INFINITY;
    }
    this.#promised.set(job, { reservation, since: run.now });
    return reservation.begin;
  }

  #noteFreed(reservation: Reservation): void {
    for (const server of serversOf(reservation)) this.#freed.add(server);
  }

  #addRunning(run: ClusterRun, job: number): Reservation {
    const { now, state } = run;
    const begin = state.begin[job]!;
    const end = Math.max(state.expectedEnd[job]!, after(begin));
    const reservation = newReservation(
      job,
      run.gangOf(job),
      run.holdings.assignmentOf(job),
      begin,
      end,
      false,
    );
    if (end <= now) reservation.goneBy = after(now);
    this.#timetable.add(reservation);
    this.#running.set(job, { reservation, stamp: state.stamp[job]! });
    return reservation;
  }
}

/** Thousandths of GPUs of the fewest pods that a gang starts with. */
function leastMilli({ podsMin, need }: Gang): number {
  return podsMin * need.totalGpuMilli;
}
