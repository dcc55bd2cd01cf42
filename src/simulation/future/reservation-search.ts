import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import type { Assignment } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import { newReservation, type Reservation, type Timetable } from './timetable.js';

/** Attempts to have promises placed anew that may come to nothing: of one job, and of all that would move forward at once. */
const FAILURES_PER_JOB = 4;
const FAILURES_PER_MOVES = 16;
/** Promises that are placed anew for one job. */
const MOVED_MAX = 2000;

/**
 * Looks for the earliest time at which a job can have GPUs for as long as it is believed to run, and books them. Promises are
 * times, not GPUs: those that begin later go elsewhere at their own times, if that lets the job in.
 *
 * Promises are placed anew in the order of their times, each beside all that begin before it. So where any free GPUs of any
 * server are as good as others, whatever fits in number fits.
 */
export class ReservationSearch {
  readonly #ahead: PlacementEngine;
  readonly #timetable: Timetable;
  #failuresLeft = FAILURES_PER_MOVES;

  /** @param ahead - the engine of the timetable */
  constructor(ahead: PlacementEngine, timetable: Timetable) {
    this.#ahead = ahead;
    this.#timetable = timetable;
  }

  /** Lets jobs try anew to move forward. */
  beginMoves(): void {
    this.#failuresLeft = FAILURES_PER_MOVES;
  }

  /**
   * Books a job at the earliest time that will do.
   *
   * @param from - an earlier time will not do
   * @param before - a later time, or this one, is of no use
   * @param freedFrom - before this, nothing has come back since the job was last looked at: then it fits only if others go
   * elsewhere
   * @returns undefined if there is none
   * @complexity O(reservations) times, each a plan if enough is free in number; where promises are placed anew a plan each
   */
  bookEarliest(
    run: ClusterRun,
    job: number,
    from: number,
    before: number,
    freedFrom: number = from,
  ): Reservation | undefined {
    const timetable = this.#timetable;
    const gang = run.gangOf(job);
    const least = gang.podsMin * gang.need.totalGpuMilli;
    const duration = this.durationOf(run, job, gang.pods);
    const isMove = before < Number.POSITIVE_INFINITY;
    let failuresLeft = isMove ? Math.min(FAILURES_PER_JOB, this.#failuresLeft) : FAILURES_PER_JOB;
    let time = timetable.nextCandidate(from, least, duration);
    // Each turn looks at a later end of a reservation: there are as many turns as reservations.
    while (time < before) {
      if (time >= freedFrom) {
        const reservation = this.#planAt(run, job, gang, time);
        if (reservation !== undefined) {
          timetable.add(reservation);
          return reservation;
        }
      }
      if (failuresLeft > 0) {
        const reservation = this.#planAt(run, job, gang, time, (other) => other.begin > time);
        if (reservation !== undefined && this.bookAmong(run, reservation)) return reservation;
        failuresLeft--;
        if (isMove) this.#failuresLeft--;
      }
      time = timetable.nextCandidate(timetable.endFrom(after(time)), least, duration);
    }
    return undefined;
  }

  /** Books a job at a time, like {@link bookEarliest}. */
  bookAt(run: ClusterRun, job: number, time: number): Reservation | undefined {
    this.beginMoves();
    return this.bookEarliest(run, job, time, after(time));
  }

  /**
   * Books a reservation and moves promises elsewhere that it is in the way of: those that begin later, or at the same time.
   *
   * @returns false, and nothing has changed, if one of them finds no other GPUs
   */
  bookAmong(run: ClusterRun, reservation: Reservation): boolean {
    const timetable = this.#timetable;
    const fixed = new Set<Reservation>();
    const before = new Map<Reservation, Assignment>();
    const waiting = new Set<Reservation>();
    const undo = (): false => {
      for (const other of fixed) timetable.remove(other);
      for (const [other, assignment] of before) {
        other.assignment = assignment;
        timetable.add(other);
      }
      return false;
    };
    for (let next: Reservation | undefined = reservation; next !== undefined; next = firstOf(waiting)) {
      waiting.delete(next);
      const { begin } = next;
      const givesWay = (other: Reservation): boolean =>
        other.isPromise && !fixed.has(other) && other.begin >= begin;
      if (next !== reservation && !this.#placeAnew(run, next, givesWay)) return undo();
      const moving = timetable.inTheWayOf(next, givesWay);
      if (moving === undefined || before.size + moving.size > MOVED_MAX) return undo();
      for (const other of moving) {
        timetable.remove(other);
        before.set(other, other.assignment);
        waiting.add(other);
      }
      timetable.add(next);
      fixed.add(next);
    }
    return true;
  }

  /** Finds other GPUs for a promise that is in no timetable: where they are nobody's, or others give way. */
  #placeAnew(run: ClusterRun, reservation: Reservation, givesWay: (other: Reservation) => boolean): boolean {
    const { gang, begin, end, job } = reservation;
    const { pods } = reservation.assignment;
    const same = pods === gang.pods && pods === gang.podsMin ? gang : { ...gang, pods, podsMin: pods };
    const plan =
      this.#planBetween(same, begin, end) ??
      this.#planBetween(same, begin, end, (other) => other.begin > begin) ??
      this.#planBetween(same, begin, end, givesWay);
    if (plan === undefined || begin + this.durationOf(run, job, plan.pods) > end) return false;
    reservation.assignment = plan;
    return true;
  }

  /**
   * The earliest time from which one of some servers may take a pod of a job for as long as it is believed to run; Infinity if
   * there is none. Whole GPUs are looked at, CPU, memory and shares are not.
   *
   * @param before - a later time, or this one, is of no use
   */
  earliestFree(servers: Iterable<number>, run: ClusterRun, job: number, before: number): number {
    const gang = run.gangOf(job);
    const duration = this.durationOf(run, job, gang.pods);
    let earliest = before;
    for (const server of servers) {
      earliest = Math.min(earliest, this.#timetable.earliestFree(server, gang.need, duration, earliest));
      if (earliest === run.now) break;
    }
    return earliest < before ? earliest : Number.POSITIVE_INFINITY;
  }

  /** How long a job is believed to run on so many pods, microseconds; at least one, as nobody is gone before it came. */
  durationOf(run: ClusterRun, job: number, pods: number): number {
    return Math.max(1, run.durationOn(job, pods));
  }

  /** A reservation of a job from a time on, which is in no timetable yet. */
  #planAt(
    run: ClusterRun,
    job: number,
    gang: Gang,
    time: number,
    givesWay?: (reservation: Reservation) => boolean,
  ): Reservation | undefined {
    // With fewer pods it takes longer, and then others may be in its way. Each turn finds fewer pods than the one before.
    for (let duration = this.durationOf(run, job, gang.pods); ; ) {
      const assignment = this.#planBetween(gang, time, time + duration, givesWay);
      if (assignment === undefined) return undefined;
      const needed = this.durationOf(run, job, assignment.pods);
      if (needed <= duration) return newReservation(job, gang, assignment, time, time + needed, true);
      duration = needed;
    }
  }

  #planBetween(
    gang: Gang,
    from: number,
    to: number,
    givesWay?: (reservation: Reservation) => boolean,
  ): Assignment | undefined {
    const ahead = this.#ahead;
    if (this.#timetable.show(from, to, givesWay) < gang.podsMin * gang.need.totalGpuMilli) return undefined;
    if (gang.pods > 1) {
      const plan = ahead.plan(gang);
      if (plan === undefined) return undefined;
      const bandwidthGBps = plan.bandwidthGBps ?? Number.NaN;
      return { server: -1, mask: 0, pieces: plan, pods: plan.pods, bandwidthGBps };
    }
    if (!ahead.decide(gang.need)) return undefined;
    const bandwidthGBps = ahead.bandwidthGBps ?? Number.NaN;
    return { server: ahead.server, mask: ahead.gpuMask, pieces: undefined, pods: 1, bandwidthGBps };
  }
}

/** The first to begin of some promises; of equals the one that holds most. */
function firstOf(reservations: ReadonlySet<Reservation>): Reservation | undefined {
  let first: Reservation | undefined;
  for (const reservation of reservations) {
    if (first === undefined || reservation.begin < first.begin) first = reservation;
    else if (reservation.begin === first.begin && gpuMilliOf(reservation) > gpuMilliOf(first))
      first = reservation;
  }
  return first;
}

function gpuMilliOf({ gang, assignment }: Reservation): number {
  return assignment.pods * gang.need.totalGpuMilli;
}
