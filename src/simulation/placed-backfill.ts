import type { PlacementEngine } from '../placement/engine.js';
import type { ClusterRun } from './cluster-run.js';
import { COMPRESSED_MAX } from './conservative-backfill.js';
import { endFrom } from './end-from.js';
import { RUNNING, WAITING } from './job-state.js';
import { strictPass } from './passes.js';
import { PlacedSearch } from './placed-search.js';
import { forEachServer, newStay, PlacedTimetable, type Stay } from './placed-timetable.js';

/**
 * Conservative backfill on any cluster: a job that comes in is promised GPUs, from the earliest time at which they can be had
 * for as long as it is believed to run, beside all that run and all that is promised already, whatever its place in the queue;
 * it starts by then. When something comes back early, those that wait move forward in the order of the queue, and nobody back.
 * Only what nobody could know breaks promises: a job that runs longer than believed, a server that drops out, a job that is
 * started or moved by others. What they break is made anew in the order of the queue.
 *
 * GPUs are promised where the policy that looks at topology puts them. A job that starts when it comes in or moves forward to
 * now, and under a policy of scores every job, goes where the policy of the run puts it, if that leaves all promises standing.
 *
 * @param ahead - an engine of the whole cluster, with nothing placed; the pass's own from now on
 * @complexity O(running + queue) while all goes as believed. For each job that comes in, and for each of the first
 * {@link COMPRESSED_MAX} that wait where something comes back early, O(running + queue) times at most, each a plan and the
 * servers of those that come and go
 */
export function placedConservativePass(ahead: PlacementEngine): (run: ClusterRun) => void {
  const promises = new PlacedPromises(ahead);
  return (run) => {
    promises.pass(run);
  };
}

/** A running job in the timetable. */
interface Known {
  readonly stay: Stay;
  /** Which of its runs it is. */
  readonly stamp: number;
}

/** A promise to a waiting job. */
interface Promised {
  stay: Stay;
  /** Starts of the job when it was made: a promise of an earlier wait is none. */
  readonly starts: number;
  /** When it was made, or moved forward. */
  since: number;
  /** Whether something came back for which the job was too far behind to be looked at. */
  isPassedOver: boolean;
}

/** The promises, and what keeps them; see {@link placedConservativePass}. */
export class PlacedPromises {
  readonly #ahead: PlacementEngine;
  readonly #timetable: PlacedTimetable;
  readonly #search: PlacedSearch;
  readonly #running = new Map<number, Known>();
  readonly #promised = new Map<number, Promised>();
  /** Jobs that would not fit if nobody ran, for want of servers. */
  readonly #hopeless = new Set<number>();
  /** Whether more may be free than was when promises were made. */
  #isFreed = false;
  /** Where: whoever could not move forward before only can with a pod on one of these servers. */
  #freed = new Set<number>();
  /** Whether somebody may hold what is promised to others. */
  #mayBeBroken = false;

  constructor(ahead: PlacementEngine) {
    this.#ahead = ahead;
    this.#timetable = new PlacedTimetable(ahead);
    this.#search = new PlacedSearch(ahead, this.#timetable);
  }

  /** When a waiting job is promised a start, microseconds; undefined where there is no promise. */
  promiseTo(job: number): number | undefined {
    return this.#promised.get(job)?.stay.begin;
  }

  /** What the scheduler does at a pass. */
  pass(run: ClusterRun): void {
    const { waiting } = run;
    if (this.#promised.size === 0) strictPass(run);
    if (waiting.length === 0 && this.#promised.size === 0) return;
    this.#follow(run);
    if (this.#mayBeBroken) this.#mend(run);
    do {
      if (this.#isFreed) this.#compress(run);
      this.#promise(run);
      this.#start(run);
      if (this.#settle(run)) this.#start(run);
      // Whoever ends earlier than was promised lets others move.
    } while (this.#isFreed);
  }

  /** Brings the timetable up to now. */
  #follow(run: ClusterRun): void {
    const { state, now } = run;
    const timetable = this.#timetable;
    timetable.advance(now);
    for (const [job, { stay, stamp }] of this.#running) {
      if (state.status[job] === RUNNING && state.stamp[job] === stamp) continue;
      timetable.remove(stay);
      this.#running.delete(job);
      if (stay.goneBy > now) this.#free(stay);
    }
    for (const [job, { stay, starts }] of this.#promised) {
      if (state.status[job] === WAITING && state.starts[job] === starts) {
        if (stay.begin < now) this.#mayBeBroken = true;
        continue;
      }
      timetable.remove(stay);
      this.#promised.delete(job);
      this.#free(stay);
    }
    for (let i = 0; i < run.runningCount; i++) {
      const job = run.running[i]!;
      const known = this.#running.get(job);
      if (known === undefined) {
        this.#addRunning(run, job);
        this.#mayBeBroken = true;
      } else if (known.stay.end <= now) this.#keepOn(known.stay, now);
    }
    this.#followServers(run);
  }

  /** Expects a job that should be gone to end any moment. */
  #keepOn(stay: Stay, now: number): void {
    // What should end now may be about to.
    const isLate = stay.end < now;
    if (isLate) this.#mayBeBroken = true;
    this.#timetable.setEnd(stay, isLate ? now + 1 : now, now + 1);
  }

  #followServers(run: ClusterRun): void {
    const { cordoned } = run.engine.state;
    const known = this.#ahead.state.cordoned;
    for (let server = 0; server < cordoned.length; server++) {
      if (cordoned[server] === known[server]) continue;
      const isOut = cordoned[server] === 1;
      this.#ahead.setCordoned(server, isOut);
      if (isOut) this.#mayBeBroken = true;
      else {
        this.#isFreed = true;
        this.#freed.add(server);
        this.#hopeless.clear();
      }
    }
  }

  /** Makes promises anew that cannot be kept. Whoever loses one goes before all that is promised behind it. */
  #mend(run: ClusterRun): void {
    this.#mayBeBroken = false;
    const { now, waiting } = run;
    const timetable = this.#timetable;
    const isKept = (stay: Stay): boolean => stay.begin >= now && timetable.isFree(stay, 'end');
    let isBroken = false;
    for (const { stay } of this.#promised.values()) {
      timetable.remove(stay);
      isBroken ||= !isKept(stay);
      timetable.add(stay);
      if (isBroken) break;
    }
    if (!isBroken) return;
    for (const { stay } of this.#promised.values()) timetable.remove(stay);
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      const promised = this.#promised.get(job);
      if (promised === undefined) continue;
      if (isKept(promised.stay)) timetable.add(promised.stay);
      else {
        this.#promised.delete(job);
        this.#free(promised.stay);
        this.#promiseTo(run, job);
      }
    }
  }

  /** Lets those that wait move forward, in the order of the queue. */
  #compress(run: ClusterRun): void {
    this.#isFreed = false;
    const { now, waiting } = run;
    // Those behind that move free something for those before, who only see it the next time.
    const freed = this.#freed;
    this.#freed = new Set();
    for (let at = waiting.start; at < waiting.end; at++) {
      const promised = this.#promised.get(waiting.jobs[at]!);
      if (promised === undefined || promised.stay.begin === now) continue;
      if (at - waiting.start >= COMPRESSED_MAX) promised.isPassedOver = true;
      else {
        const { stay } = promised;
        if (this.#moveForward(run, promised, freed)) forEachServer(stay.note, (server) => freed.add(server));
      }
    }
  }

  /**
   * Lets a waiting job move forward; says whether it does.
   *
   * @param freed - servers on which something may have come back since it was last looked at; undefined = any
   */
  #moveForward(run: ClusterRun, promised: Promised, freed: ReadonlySet<number> | undefined): boolean {
    const { stay } = promised;
    const timetable = this.#timetable;
    timetable.remove(stay);
    const isAnywhere = freed === undefined || promised.isPassedOver;
    const from = isAnywhere ? run.now : this.#search.roomOn(freed, run, stay.job, stay.begin);
    const sooner = this.#search.earliest(run, stay.job, from, stay.begin);
    timetable.add(sooner ?? stay);
    promised.isPassedOver = false;
    if (sooner === undefined) return false;
    promised.stay = sooner;
    promised.since = run.now;
    this.#noteFreed(stay);
    return true;
  }

  /**
   * Sees to it that a running job is to end when the next promise is due, or nothing would happen then: whom it waited for has
   * moved forward, and so can it.
   *
   * @returns whether somebody has moved forward to now
   */
  #settle(run: ClusterRun): boolean {
    let hasMovedToNow = false;
    for (;;) {
      let next: Promised | undefined;
      for (const promised of this.#promised.values()) {
        const { begin } = promised.stay;
        if (begin > run.now && (next === undefined || begin < next.stay.begin)) next = promised;
      }
      if (next === undefined || endFrom(run.ends, next.stay.begin) === next.stay.begin) break;
      if (!this.#moveForward(run, next, undefined)) break;
      hasMovedToNow ||= next.stay.begin === run.now;
    }
    return hasMovedToNow;
  }

  /** Something comes back before it was believed to. */
  #free(stay: Stay): void {
    this.#isFreed = true;
    this.#noteFreed(stay);
  }

  #noteFreed(stay: Stay): void {
    forEachServer(stay.note, (server) => {
      this.#freed.add(server);
    });
  }

  /** Promises something to those that have come in, after all that is promised already. */
  #promise(run: ClusterRun): void {
    const { waiting } = run;
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (!this.#promised.has(job) && !this.#hopeless.has(job)) this.#promiseTo(run, job);
    }
  }

  #promiseTo(run: ClusterRun, job: number): void {
    const stay = this.#search.earliest(run, job, run.now, Number.POSITIVE_INFINITY);
    if (stay === undefined) {
      this.#hopeless.add(job);
      return;
    }
    this.#timetable.add(stay);
    this.#promised.set(job, {
      stay,
      starts: run.state.starts[job]!,
      since: run.now,
      isPassedOver: false,
    });
  }

  /** Starts whose time it is, unless it waits for a job that is about to end, or overdue. */
  #start(run: ClusterRun): void {
    const { now, waiting } = run;
    for (let at = waiting.start; at < waiting.end; ) {
      const job = waiting.jobs[at]!;
      const promised = this.#promised.get(job);
      if (promised?.stay.begin !== now || !this.#startOne(run, job, promised)) at++;
      else {
        waiting.removeAt(at);
        at = Math.max(at, waiting.start);
      }
    }
  }

  #startOne(run: ClusterRun, job: number, { stay, since }: Promised): boolean {
    const timetable = this.#timetable;
    timetable.remove(stay);
    const mayChoose = since === run.now || run.engine.byTopology === undefined;
    const isElsewhere = mayChoose && this.#placeByPolicy(run, job, stay);
    if (!isElsewhere) {
      if (!timetable.isFree(stay, 'goneBy')) {
        timetable.add(stay);
        return false;
      }
      run.holdings.putNote(job, stay.note);
      run.allocation.resume(job);
    }
    this.#promised.delete(job);
    run.begin(job, 0);
    const { end } = this.#addRunning(run, job);
    // A restart has steps before it computes, which nobody reckoned with.
    if (end > stay.end) this.#mayBeBroken = true;
    if (end < stay.end) this.#free(stay);
    else if (isElsewhere) this.#noteFreed(stay);
    return true;
  }

  /** Places a job where the policy of the run does, if that leaves all promises standing and gives it as many pods. */
  #placeByPolicy(run: ClusterRun, job: number, { gang, note }: Stay): boolean {
    if (!run.allocation.place(job)) return false;
    const own = run.holdings.noteOf(job);
    const end = run.now + this.#search.durationOf(run, job, own.pods);
    const stays = own.pods >= note.pods;
    if (stays && this.#timetable.isFree(newStay(job, gang, own, run.now, end), 'goneBy')) return true;
    run.allocation.unplace(job);
    return false;
  }

  #addRunning(run: ClusterRun, job: number): Stay {
    const { now, state } = run;
    const end = Math.max(state.expectedEnd[job]!, now + 1);
    const stay = newStay(job, run.gangOf(job), run.holdings.noteOf(job), state.begin[job]!, end);
    this.#timetable.add(stay);
    this.#running.set(job, { stay, stamp: state.stamp[job]! });
    return stay;
  }
}
