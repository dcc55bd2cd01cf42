import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import type { Note } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { after } from '../options/clock.js';
import { newStay, type PlacedTimetable, type Stay } from './placed-timetable.js';

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
export class PlacedSearch {
  readonly #ahead: PlacementEngine;
  readonly #timetable: PlacedTimetable;
  #failuresLeft = FAILURES_PER_MOVES;

  /** @param ahead - the engine of the timetable */
  constructor(ahead: PlacementEngine, timetable: PlacedTimetable) {
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
   * @complexity O(stays) times, each a plan if enough is free in number; where promises are placed anew a plan each
   */
  bookEarliest(
    run: ClusterRun,
    job: number,
    from: number,
    before: number,
    freedFrom: number = from,
  ): Stay | undefined {
    const timetable = this.#timetable;
    const gang = run.gangOf(job);
    const least = gang.podsMin * gang.need.totalGpuMilli;
    const duration = this.durationOf(run, job, gang.pods);
    const isMove = before < Number.POSITIVE_INFINITY;
    let failuresLeft = isMove ? Math.min(FAILURES_PER_JOB, this.#failuresLeft) : FAILURES_PER_JOB;
    let time = timetable.nextCandidate(from, least, duration);
    // Each turn looks at a later end of a stay: there are as many turns as stays.
    while (time < before) {
      if (time >= freedFrom) {
        const stay = this.#planAt(run, job, gang, time);
        if (stay !== undefined) {
          timetable.add(stay);
          return stay;
        }
      }
      if (failuresLeft > 0) {
        const stay = this.#planAt(run, job, gang, time, (other) => other.begin > time);
        if (stay !== undefined && this.bookAmong(run, stay)) return stay;
        failuresLeft--;
        if (isMove) this.#failuresLeft--;
      }
      time = timetable.nextCandidate(timetable.endFrom(after(time)), least, duration);
    }
    return undefined;
  }

  /** Books a job at a time, like {@link bookEarliest}. */
  bookAt(run: ClusterRun, job: number, time: number): Stay | undefined {
    this.beginMoves();
    return this.bookEarliest(run, job, time, after(time));
  }

  /**
   * Books a stay and moves promises elsewhere that it is in the way of: those that begin later, or at the same time.
   *
   * @returns false, and nothing has changed, if one of them finds no other GPUs
   */
  bookAmong(run: ClusterRun, stay: Stay): boolean {
    const timetable = this.#timetable;
    const fixed = new Set<Stay>();
    const before = new Map<Stay, Note>();
    const waiting = new Set<Stay>();
    const undo = (): false => {
      for (const other of fixed) timetable.remove(other);
      for (const [other, note] of before) {
        other.note = note;
        timetable.add(other);
      }
      return false;
    };
    for (let next: Stay | undefined = stay; next !== undefined; next = firstOf(waiting)) {
      waiting.delete(next);
      const { begin } = next;
      const givesWay = (other: Stay): boolean => other.isPromise && !fixed.has(other) && other.begin >= begin;
      if (next !== stay && !this.#placeAnew(run, next, givesWay)) return undo();
      const moving = timetable.inTheWayOf(next, givesWay);
      if (moving === undefined || before.size + moving.size > MOVED_MAX) return undo();
      for (const other of moving) {
        timetable.remove(other);
        before.set(other, other.note);
        waiting.add(other);
      }
      timetable.add(next);
      fixed.add(next);
    }
    return true;
  }

  /** Finds other GPUs for a promise that is in no timetable: where they are nobody's, or others give way. */
  #placeAnew(run: ClusterRun, stay: Stay, givesWay: (other: Stay) => boolean): boolean {
    const { gang, begin, end, job } = stay;
    const { pods } = stay.note;
    const same = pods === gang.pods && pods === gang.podsMin ? gang : { ...gang, pods, podsMin: pods };
    const plan =
      this.#planBetween(same, begin, end) ??
      this.#planBetween(same, begin, end, (other) => other.begin > begin) ??
      this.#planBetween(same, begin, end, givesWay);
    if (plan === undefined || begin + this.durationOf(run, job, plan.pods) > end) return false;
    stay.note = plan;
    return true;
  }

  /**
   * The earliest time from which one of some servers may take a pod of a job for as long as it is believed to run; Infinity if
   * there is none. Whole GPUs are looked at, CPU, memory and shares are not.
   *
   * @param before - a later time, or this one, is of no use
   */
  roomOn(servers: Iterable<number>, run: ClusterRun, job: number, before: number): number {
    const gang = run.gangOf(job);
    const duration = this.durationOf(run, job, gang.pods);
    let earliest = before;
    for (const server of servers) {
      earliest = Math.min(earliest, this.#timetable.roomOn(server, gang.need, duration, earliest));
      if (earliest === run.now) break;
    }
    return earliest < before ? earliest : Number.POSITIVE_INFINITY;
  }

  /** How long a job is believed to run on so many pods, microseconds; at least one, as nobody is gone before it came. */
  durationOf(run: ClusterRun, job: number, pods: number): number {
    return Math.max(1, run.times.durationOn(job, pods));
  }

  /** A stay of a job from a time on, which is in no timetable yet. */
  #planAt(
    run: ClusterRun,
    job: number,
    gang: Gang,
    time: number,
    givesWay?: (stay: Stay) => boolean,
  ): Stay | undefined {
    // With fewer pods it takes longer, and then others may be in its way. Each turn finds fewer pods than the one before.
    for (let duration = this.durationOf(run, job, gang.pods); ; ) {
      const note = this.#planBetween(gang, time, time + duration, givesWay);
      if (note === undefined) return undefined;
      const needed = this.durationOf(run, job, note.pods);
      if (needed <= duration) return newStay(job, gang, note, time, time + needed, true);
      duration = needed;
    }
  }

  #planBetween(gang: Gang, from: number, to: number, givesWay?: (stay: Stay) => boolean): Note | undefined {
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
function firstOf(stays: ReadonlySet<Stay>): Stay | undefined {
  let first: Stay | undefined;
  for (const stay of stays) {
    if (first === undefined || stay.begin < first.begin) first = stay;
    else if (stay.begin === first.begin && gpuMilliOf(stay) > gpuMilliOf(first)) first = stay;
  }
  return first;
}

function gpuMilliOf({ gang, note }: Stay): number {
  return note.pods * gang.need.totalGpuMilli;
}
