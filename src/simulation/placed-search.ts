import type { PlacementEngine } from '../placement/engine.js';
import type { ClusterRun } from './cluster-run.js';
import type { Note } from './holdings.js';
import { newStay, type PlacedTimetable, type Stay } from './placed-timetable.js';

/** Looks for the earliest time at which a job can have GPUs for as long as it is believed to run. */
export class PlacedSearch {
  readonly #ahead: PlacementEngine;
  readonly #timetable: PlacedTimetable;

  /** @param ahead - the engine of the timetable */
  constructor(ahead: PlacementEngine, timetable: PlacedTimetable) {
    this.#ahead = ahead;
    this.#timetable = timetable;
  }

  /**
   * Plans a job at the earliest time that will do, beside all in the timetable.
   *
   * @param from - an earlier time will not do
   * @param before - a later time, or this one, is of no use
   * @returns undefined if there is none
   * @complexity O(stays) times, each a plan if enough is free in number
   */
  earliest(run: ClusterRun, job: number, from: number, before: number): Stay | undefined {
    const timetable = this.#timetable;
    const gang = run.gangOf(job);
    const least = gang.podsMin * gang.need.totalGpuMilli;
    const duration = this.durationOf(run, job, gang.pods);
    let time = timetable.nextCandidate(from, least, duration);
    while (time < before) {
      const stay = this.#planAt(run, job, time, least);
      if (stay !== undefined) return stay;
      time = timetable.nextCandidate(timetable.endFrom(time + 1), least, duration);
    }
    return undefined;
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
    return Math.max(1, run.durationOn(job, pods));
  }

  #planAt(run: ClusterRun, job: number, time: number, least: number): Stay | undefined {
    const gang = run.gangOf(job);
    // With fewer pods it takes longer, and then others may be in its way.
    for (let duration = this.durationOf(run, job, gang.pods); ; ) {
      if (this.#timetable.show(time, time + duration) < least) return undefined;
      const note = this.#plan(run, job);
      if (note === undefined) return undefined;
      const needed = this.durationOf(run, job, note.pods);
      if (needed <= duration) return newStay(job, gang, note, time, time + needed);
      duration = needed;
    }
  }

  #plan(run: ClusterRun, job: number): Note | undefined {
    const ahead = this.#ahead;
    const gang = run.gangOf(job);
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
