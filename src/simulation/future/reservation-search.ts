import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import type { Assignment } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import { durationOn, newReservation, type Reservation } from './reservation.js';
import type { Timetable } from './timetable.js';

/** Failed attempts to move promises elsewhere: at most so many for one job, and for all jobs that move forward at once. */
const FAILURES_PER_JOB = 4;
const FAILURES_PER_MOVES = 16;
/** Promises that may be moved elsewhere for one job. */
const MOVED_MAX = 2000;

/** Whether a reservation may be moved elsewhere for the one that is looked for. */
type GivesWay = (other: Reservation) => boolean;

/**
 * Looks for the earliest time at which a job gets GPUs for as long as it is expected to run, and books them. A promise is a
 * time, not a set of GPUs. So promises that begin later may be moved to other GPUs, at their own times, to let the job in:
 *
 * 1. candidate times: now, and the ends of reservations at which enough GPUs are free in number;
 * 2. a plan on what is free throughout, with all promises where they are;
 * 3. otherwise a plan as if later promises were not there, which are then placed anew, in the order of their times, each
 *    beside all that begin before it. If one finds no place, all is undone, and the next candidate time is tried.
 *
 * If any free GPUs of any server are as good as others, step 3 finds a place for whatever fits in number.
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

  /** Must be called before jobs move forward: allows step 3 to fail again. */
  beginMoves(): void {
    this.#failuresLeft = FAILURES_PER_MOVES;
  }

  /**
   * Books a job at the earliest time it can have: steps 1 to 3.
   *
   * @param from - the earliest time of interest, microseconds
   * @param before - only times before this one are of interest; Infinity = all
   * @param freedFrom - before this time nothing has been freed since the job was last looked at, so step 2 is skipped there
   * @returns undefined if there is no such time
   * @complexity O(reservations) times, each a plan if enough is free in number; step 3 costs a plan for each promise moved
   */
  bookEarliest(
    run: ClusterRun,
    job: number,
    from: number,
    before: number,
    freedFrom: number = from,
  ): Reservation | undefined {
    const timetable = this.#timetable;
    const least = run.leastMilliOf(job);
    const duration = durationOn(run, job, run.gangOf(job).pods);
    const isMove = before < Number.POSITIVE_INFINITY;
    let failuresLeft = isMove ? Math.min(FAILURES_PER_JOB, this.#failuresLeft) : FAILURES_PER_JOB;
    let time = timetable.nextCandidate(from, least, duration);
    // Each turn continues from a later end of a reservation, so the loop ends.
    while (time < before) {
      if (time >= freedFrom) {
        const reservation = this.#planAt(run, job, time);
        if (reservation !== undefined) {
          timetable.add(reservation);
          return reservation;
        }
      }
      if (failuresLeft > 0) {
        const reservation = this.#planAt(run, job, time, (other) => other.begin > time);
        if (reservation !== undefined && this.bookAmong(run, reservation)) return reservation;
        failuresLeft--;
        if (isMove) this.#failuresLeft--;
      }
      time = timetable.nextCandidate(timetable.endFrom(after(time)), least, duration);
    }
    return undefined;
  }

  /** Books a job at exactly one time, as {@link bookEarliest} does. */
  bookAt(run: ClusterRun, job: number, time: number): Reservation | undefined {
    this.beginMoves();
    return this.bookEarliest(run, job, time, after(time));
  }

  /**
   * Step 3: books a reservation, and moves promises out of its way that begin later or at the same time.
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
      const givesWay: GivesWay = (other) => other.isPromise && !fixed.has(other) && other.begin >= begin;
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

  /**
   * Finds other GPUs for a promise that is in no timetable: GPUs that are free; otherwise GPUs of promises that begin later;
   * otherwise of all that may give way.
   */
  #placeAnew(run: ClusterRun, promise: Reservation, givesWay: GivesWay): boolean {
    const { gang, begin, end, job } = promise;
    const { pods } = promise.assignment;
    const same = pods === gang.pods && pods === gang.podsMin ? gang : { ...gang, pods, podsMin: pods };
    const plan =
      this.#planBetween(same, begin, end) ??
      this.#planBetween(same, begin, end, (other) => other.begin > begin) ??
      this.#planBetween(same, begin, end, givesWay);
    if (plan === undefined || begin + durationOn(run, job, plan.pods) > end) return false;
    promise.assignment = plan;
    return true;
  }

  /**
   * The earliest time from which one of some servers has enough GPUs free for a pod of a job, for as long as the job is
   * expected to run. CPU, memory and shares are not looked at.
   *
   * @param before - only earlier times are of interest
   * @returns microseconds; Infinity if there is no such time
   */
  earliestFree(servers: Iterable<number>, run: ClusterRun, job: number, before: number): number {
    const { need, pods } = run.gangOf(job);
    const duration = durationOn(run, job, pods);
    let earliest = before;
    for (const server of servers) {
      earliest = Math.min(earliest, this.#timetable.earliestFree(server, need, duration, earliest));
      if (earliest === run.now) break;
    }
    return earliest < before ? earliest : Number.POSITIVE_INFINITY;
  }

  /** Step 2: a reservation of a job from a time on, which is in no timetable yet. */
  #planAt(run: ClusterRun, job: number, time: number, givesWay?: GivesWay): Reservation | undefined {
    const gang = run.gangOf(job);
    // With fewer pods the job runs longer, and the plan must hold for longer. Each turn finds fewer pods, so the loop ends.
    for (let duration = durationOn(run, job, gang.pods); ; ) {
      const assignment = this.#planBetween(gang, time, time + duration, givesWay);
      if (assignment === undefined) return undefined;
      const needed = durationOn(run, job, assignment.pods);
      if (needed <= duration) return newReservation(job, gang, assignment, time, time + needed, true);
      duration = needed;
    }
  }

  #planBetween(gang: Gang, from: number, to: number, givesWay?: GivesWay): Assignment | undefined {
    const ahead = this.#ahead;
    if (this.#timetable.load(from, to, givesWay) < gang.podsMin * gang.need.totalGpuMilli) return undefined;
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

/** The first promise to begin; of equal ones the one that holds the most GPUs. */
function firstOf(promises: ReadonlySet<Reservation>): Reservation | undefined {
  let first: Reservation | undefined;
  for (const one of promises) {
    if (first === undefined || one.begin < first.begin) first = one;
    else if (one.begin === first.begin && gpuMilliOf(one) > gpuMilliOf(first)) first = one;
  }
  return first;
}

function gpuMilliOf({ gang, assignment }: Reservation): number {
  return assignment.pods * gang.need.totalGpuMilli;
}
