import type { PlacementEngine } from '../../placement/engine.js';
import { durationOn, newReservation, type Reservation, serversOf } from '../future/reservation.js';
import { ReservationSearch } from '../future/reservation-search.js';
import { Timetable } from '../future/timetable.js';
import { WAITING } from '../jobs/job-state.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import type { Followed, PromiseBook, Started } from './conservative.js';

/** A running job in the timetable. */
interface RunningJob {
  readonly reservation: Reservation;
  /** The run it belongs to. */
  readonly stamp: number;
}

/** A promise to a waiting job. */
interface JobPromise {
  readonly reservation: Reservation;
  /** When it was made or moved forward, microseconds. */
  readonly since: number;
}

/**
 * Promises for any cluster: a timetable of who holds which GPUs when. {@link PromisesByCount} keeps counts instead.
 *
 * What is promised is a time. The GPUs of a promise only show that all promises can be kept, and they change if that lets
 * other jobs in, see {@link ReservationSearch}. They are chosen by the policy that looks at topology. A job goes where the
 * policy of the run puts it, if all promises can still be kept then, in two cases: it starts when it comes in or moves
 * forward to now; or the policy works by scores.
 *
 * A call that books costs at most O(running + queue) candidate times, each with a plan.
 */
export class PromisesByPlace implements PromiseBook {
  readonly #ahead: PlacementEngine;
  readonly #timetable: Timetable;
  readonly #search: ReservationSearch;
  readonly #running = new Map<number, RunningJob>();
  readonly #promised = new Map<number, JobPromise>();
  /** Servers on which something was freed. A job that could not move forward before can only do so with a pod on one. */
  #freed = new Set<number>();
  /** The same for the moves of this pass. */
  #freedForMoves = new Set<number>();

  /** @param ahead - an engine of the whole cluster, with nothing placed; only the book may change it from now on */
  constructor(ahead: PlacementEngine) {
    this.#ahead = ahead;
    this.#timetable = new Timetable(ahead);
    this.#search = new ReservationSearch(ahead, this.#timetable);
  }

  follow(run: ClusterRun): Followed {
    const { state, now } = run;
    const timetable = this.#timetable;
    timetable.advance(now);
    let followed: Followed = 'as expected';
    for (const [job, { reservation, stamp }] of this.#running) {
      if (run.isRunning(job) && state.stamp[job] === stamp) {
        // An overdue job holds its GPUs for an unknown time.
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

  /** {@link follow} compares with the timetable: there is nothing to note. */
  remember(): void {}

  promise(run: ClusterRun, job: number): number {
    const reservation = this.#search.bookEarliest(run, job, run.now, Number.POSITIVE_INFINITY);
    const before = this.#promised.get(job);
    if (before !== undefined) this.#noteFreed(before.reservation);
    return this.#record(run, job, reservation);
  }

  keep(run: ClusterRun, job: number, begin: number): boolean {
    const before = this.#promised.get(job)?.reservation;
    if (before?.begin === begin && this.#timetable.isFree(before, 'end')) {
      this.#timetable.add(before);
      return true;
    }
    const reservation = this.#search.bookAt(run, job, begin);
    if (reservation === undefined) return false;
    this.#record(run, job, reservation);
    return true;
  }

  beginMoves(): void {
    // A job that moves forward frees GPUs for jobs ahead of it too. These see them at the next pass.
    this.#freedForMoves = this.#freed;
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
    const before = this.#promised.get(job)?.reservation;
    if (before !== undefined) this.#timetable.remove(before);
    let sooner: Reservation | undefined;
    if (spare === undefined) {
      const from = looksAnywhere ? run.now : this.#search.earliestFree(this.#freedForMoves, run, job, begin);
      sooner = this.#search.bookEarliest(run, job, run.now, begin, from);
    } else if (run.leastMilliOf(job) <= spare) sooner = this.#bookByPolicy(run, job);
    if (sooner === undefined) {
      if (before !== undefined) this.#timetable.add(before);
      return spare === undefined ? begin : undefined;
    }
    if (before !== undefined) {
      this.#noteFreed(before);
      for (const server of serversOf(before)) this.#freedForMoves.add(server);
    }
    return this.#record(run, job, sooner);
  }

  start(run: ClusterRun, job: number): Started {
    const { reservation, since } = this.#promised.get(job)!;
    this.#timetable.remove(reservation);
    const mayChoose = since === run.now || run.engine.byTopology === undefined;
    if (!mayChoose || !this.#placeByPolicy(run, reservation)) {
      let place = reservation;
      if (!this.#timetable.isFree(reservation, 'goneBy')) {
        const elsewhere = this.#bookByPolicy(run, job);
        if (elsewhere === undefined) {
          this.#timetable.add(reservation);
          return 'no';
        }
        this.#timetable.remove(elsewhere);
        place = elsewhere;
      }
      run.holdings.putAssignment(job, place.assignment);
      run.allocation.resume(job);
    }
    this.#promised.delete(job);
    this.#noteFreed(reservation);
    run.begin(job, 0);
    return this.#addRunning(run, job).end === reservation.end ? 'as expected' : 'otherwise';
  }

  /** Places a job where the policy of the run puts it. It must get as many pods as promised, and no promise may move. */
  #placeByPolicy(run: ClusterRun, { job, assignment }: Reservation): boolean {
    if (!run.allocation.place(job)) return false;
    const own = this.#reservationNow(run, job);
    if (own.assignment.pods >= assignment.pods && this.#timetable.isFree(own, 'end')) return true;
    run.allocation.unplace(job);
    return false;
  }

  /** Books a job now where the policy of the run puts it. Promises may move elsewhere, if all can be kept. */
  #bookByPolicy(run: ClusterRun, job: number): Reservation | undefined {
    if (!run.allocation.place(job)) return undefined;
    const own = this.#reservationNow(run, job);
    run.allocation.unplace(job);
    return this.#search.bookAmong(run, own) ? own : undefined;
  }

  /** A reservation from now on for a job that has been placed. */
  #reservationNow(run: ClusterRun, job: number): Reservation {
    const assignment = run.holdings.assignmentOf(job);
    const end = run.now + durationOn(run, job, assignment.pods);
    return newReservation(job, run.gangOf(job), assignment, run.now, end, true);
  }

  /** Records the new promise to a job, undefined = it has none; returns its time. */
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
    const assignment = run.holdings.assignmentOf(job);
    const reservation = newReservation(job, run.gangOf(job), assignment, begin, end, false);
    if (end <= now) reservation.goneBy = after(now);
    this.#timetable.add(reservation);
    this.#running.set(job, { reservation, stamp: state.stamp[job]! });
    return reservation;
  }
}
