import { FIGURE_TOLERANCE } from '../../figures.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import { isSamePlace, type Note } from '../allocation/holdings.js';
import { clockOfWork, rhythmOf } from '../jobs/progress.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { byServersInTheWay, type Candidate, FEW_CANDIDATES_MAX, setsInTheWay } from './move-sets.js';
import { fitsAsItIs, suspendFor } from './preempt-for.js';
import { restartCost, victimsOf } from './victims.js';

/** Sets of jobs that are tried for one that waits, before only lists are. */
const TRIALS_MAX = 256;
/** Up to so many servers are few: a trial places every job of a set anew. */
const FEW_SERVERS_MAX = 64;

/** Of so many candidates all sets are tried, unless {@link TRIALS_MAX} is less: past it only lists of many. */
const EXHAUSTED_MAX = 8;

/** For whom room is to be made, how long it would wait otherwise, microseconds, and the most jobs that move. */
interface Attempt {
  readonly job: number;
  readonly waits: number;
  readonly movesMax: number;
}

/** A suspended job that has been placed again, for the moment. */
interface Placed {
  readonly other: number;
  readonly before: Note;
  readonly after: Note;
}

/**
 * Moves running jobs to other GPUs, or to more or fewer pods, where that gains more GPU time than it costs. A move is a stop
 * and a start: what a preempted job would lose is lost, and the restart is paid on the new GPUs.
 *
 * A job that has g GPUs and needs l seconds more on them, and g' and l' after the move, saves g l - g' l' GPU-seconds; less
 * bandwidth makes that negative. To it comes what stands idle otherwise: the GPUs of a job that waits, for as long as it
 * would; of a job that grows, (g' - g) l'. The cost is that of the restart, g' r.
 */
export class Moves {
  readonly #run: ClusterRun;
  /** How many times what it costs a move must gain. */
  readonly #gainFactor: number;

  constructor(run: ClusterRun, gainFactor: number) {
    this.#run = run;
    this.#gainFactor = gainFactor;
  }

  /**
   * Places a job that waits by moving others: the cheapest set of them that finds places beside it, see {@link setsInTheWay},
   * or, past {@link TRIALS_MAX} sets tried, the first of a list as far as they are needed. Where many run, or on many servers,
   * one set is tried: of as many of the cheapest as it takes. Those that may have fewer pods
   * all get their least before one gets more; what is over goes to the first submitted.
   *
   * @param mayMove - who may be moved
   * @param waits - how long it would wait otherwise, microseconds, 0 or more; Infinity = for ever
   * @param movesMax - jobs to move at most
   * @returns how many have moved; 0, and nothing has happened, if it is not worth it, or if nobody has to
   */
  makeRoomFor(job: number, mayMove: (other: number) => boolean, waits: number, movesMax: number): number {
    const run = this.#run;
    const candidates = victimsOf(run, mayMove, 'restart-cost').map(
      (other): Candidate => ({
        job: other,
        cost: restartCost(run, other),
      }),
    );
    if (!this.#mayFit(job, candidates) || fitsAsItIs(run, job)) return 0;
    const attempt: Attempt = { job, waits, movesMax };
    const areMany = candidates.length > FEW_CANDIDATES_MAX || run.engine.tables.serverCount > FEW_SERVERS_MAX;
    if (areMany) return this.#moveAnyNumber(attempt, candidates);
    let trials = 0;
    for (const set of setsInTheWay(run, job, candidates, movesMax)) {
      if (!this.#mayFit(job, set)) continue;
      const moved = this.#try(attempt, set, 'keep');
      if (moved > 0) return moved;
      if (++trials === TRIALS_MAX) break;
    }
    if (candidates.length <= EXHAUSTED_MAX) return 0;
    return (
      this.#moveMany(attempt, byServersInTheWay(run, job, candidates)) || this.#moveMany(attempt, candidates)
    );
  }

  /** Tries those of a list without whom the job fits, see {@link suspendFor}: placing all of a long list anew takes long. */
  #moveAnyNumber(attempt: Attempt, candidates: readonly Candidate[]): number {
    const run = this.#run;
    const others = candidates.map((one) => one.job);
    const suspended = suspendFor(run, attempt.job, others);
    if (suspended === undefined) return 0;
    this.#giveBack(attempt.job, suspended);
    if (suspended.length > FEW_CANDIDATES_MAX) return 0;
    const gone = new Set(suspended);
    return this.#try(
      attempt,
      candidates.filter((one) => gone.has(one.job)),
      'keep',
    );
  }

  /** Whether there are enough GPUs in number, with candidates at their least. Deciding costs more than counting. */
  #mayFit(job: number, set: readonly Candidate[]): boolean {
    const run = this.#run;
    const gang = run.gangOf(job);
    let freeMilli = run.freeMilliMost - gang.podsMin * gang.need.totalGpuMilli;
    for (const { job: other } of set) {
      const { need, podsMin } = run.gangOf(other);
      freeMilli += Math.max(0, run.holdings.pods[other]! - podsMin) * need.totalGpuMilli;
    }
    return freeMilli >= 0;
  }

  /** Tries the first of a list, ever more of them, then without those that need not move. */
  #moveMany(attempt: Attempt, candidates: readonly Candidate[]): number {
    let high = 1;
    while (high <= candidates.length && !this.#mayFit(attempt.job, candidates.slice(0, high))) high++;
    if (high > candidates.length) return 0;
    let low = high - 1;
    while (this.#try(attempt, candidates.slice(0, high), 'undo') === 0) {
      if (high === candidates.length) return 0;
      low = high;
      high = Math.min(2 * high, candidates.length);
    }
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#try(attempt, candidates.slice(0, middle), 'undo') > 0) high = middle;
      else low = middle;
    }
    let set = candidates.slice(0, high);
    for (let at = set.length - 2; at >= 0 && set.length - at <= TRIALS_MAX; at--) {
      const without = set.toSpliced(at, 1);
      if (this.#try(attempt, without, 'undo') > 0) set = without;
    }
    return this.#try(attempt, set, 'keep');
  }

  /**
   * Places a job that waits in the place of others, and these anew.
   *
   * @returns how many move; 0, and nothing has happened, if somebody finds no place, or if it is not worth it
   */
  #try({ job, waits, movesMax }: Attempt, set: readonly Candidate[], then: 'keep' | 'undo'): number {
    const run = this.#run;
    const { allocation, holdings } = run;
    const others = set.map((one) => one.job);
    for (const other of others) allocation.suspend(other);
    const isPlaced = allocation.place(job);
    const placed = isPlaced ? this.#placeAgain(others) : undefined;
    if (placed !== undefined) {
      const moving = placed.filter(({ before, after }) => !isSamePlace(before, after));
      // Infinity × 0 is NaN.
      let gain = run.gpusOf(job) === 0 ? 0 : waits * run.gpusOf(job);
      let cost = 0;
      for (const { other, before, after } of moving) {
        gain += this.#savedBy(other, before, after);
        cost += this.#restartOf(other, after);
      }
      const isWorthIt = moving.length > 0 && moving.length <= movesMax && gain > cost * this.#gainFactor;
      if (isWorthIt && then === 'keep') {
        for (const { other, before, after } of placed) {
          if (isSamePlace(before, after)) {
            allocation.unplace(other);
            holdings.putNote(other, before);
            allocation.resume(other);
          } else holdings.putNote(other, before);
        }
        for (const { other, after } of moving) run.move(other, after);
        return moving.length;
      }
      this.#unplace(placed);
      if (isWorthIt) {
        this.#giveBack(job, others);
        return moving.length;
      }
    }
    this.#giveBack(isPlaced ? job : -1, others);
    return 0;
  }

  /** Takes back what a job was given, -1 = none, and lets those go on that were suspended for it. */
  #giveBack(job: number, suspended: readonly number[]): void {
    const { allocation } = this.#run;
    if (job !== -1) allocation.unplace(job);
    for (const other of suspended) allocation.resume(other);
    // Whoever was refused meanwhile was refused for less room.
    allocation.returns++;
  }

  /**
   * Places suspended jobs, the largest first, as those are the hardest to place: all with their least, and where that works
   * again with what is over. None, and undefined, if one finds no place.
   */
  #placeAgain(others: readonly number[]): Placed[] | undefined {
    const run = this.#run;
    const { submissionOf } = run.table;
    const bySize = [...others].sort(
      (a, b) => run.gpusOf(b) - run.gpusOf(a) || submissionOf[a]! - submissionOf[b]!,
    );
    const least = this.#placeAll(bySize, (gang) => gang.podsMin);
    if (least === undefined || least.every(({ other, after }) => after.pods === run.gangOf(other).pods)) {
      return least;
    }
    let freeMilli = run.engine.tables.gpuCount * GPU_MILLI - run.allocation.heldMilli;
    const podsOf = new Map<number, number>();
    for (const other of [...others].sort((a, b) => submissionOf[a]! - submissionOf[b]!)) {
      const { need, pods, podsMin } = run.gangOf(other);
      const more =
        need.totalGpuMilli === 0
          ? pods - podsMin
          : Math.min(pods - podsMin, Math.floor(freeMilli / need.totalGpuMilli));
      freeMilli -= more * need.totalGpuMilli;
      podsOf.set(other, podsMin + more);
    }
    this.#unplace(least);
    // What is free in number may not be together.
    return (
      this.#placeAll(bySize, (_, other) => podsOf.get(other)!) ??
      this.#placeAll(bySize, (gang) => gang.podsMin)
    );
  }

  /** Places suspended jobs one by one, each with so many pods at most; none, and undefined, if one finds no place. */
  #placeAll(others: readonly number[], podsOf: (gang: Gang, other: number) => number): Placed[] | undefined {
    const run = this.#run;
    const placed: Placed[] = [];
    for (const other of others) {
      const before = run.holdings.noteOf(other);
      const gang = run.gangOf(other);
      const pods = podsOf(gang, other);
      if (!this.#placeBesideHeadroom(other, pods === gang.pods ? gang : { ...gang, pods })) {
        this.#unplace(placed);
        return undefined;
      }
      placed.push({ other, before, after: run.holdings.noteOf(other) });
    }
    return placed;
  }

  /** Takes back what suspended jobs were given, the last first; they keep their notes of before. */
  #unplace(placed: readonly Placed[]): void {
    const { allocation, holdings } = this.#run;
    for (const { other, before } of placed.toReversed()) {
      allocation.unplace(other);
      holdings.putNote(other, before);
    }
  }

  /** Whether a job may be stopped, and computes: one that is about to would skip what it still has to go through. */
  isMovable(job: number): boolean {
    return this.#run.state.computeBegin[job]! <= this.#run.now && this.#run.mayStop(job);
  }

  /** Moves a running job if it gains by it; says whether. */
  improve(job: number): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.noteOf(job);
    const { returns } = allocation;
    allocation.suspend(job);
    if (!this.#placeBesideHeadroom(job, this.#run.gangOf(job))) {
      allocation.resume(job);
      return false;
    }
    const after = holdings.noteOf(job);
    holdings.putNote(job, before);
    if (this.#isBetter(job, before, after)) {
      this.#run.move(job, after);
      return true;
    }
    holdings.putNote(job, after);
    allocation.unplace(job);
    holdings.putNote(job, before);
    allocation.resume(job);
    // All is as it was, and nobody has been refused meanwhile.
    allocation.returns = returns;
    return false;
  }

  /** Whether a job gains more by a move than it costs. */
  #isBetter(job: number, before: Note, after: Note): boolean {
    // A stop and a start on the same GPUs is no move, though a checkpoint that was due may come later then.
    if (isSamePlace(before, after)) return false;
    const grown = Math.max(0, this.#gpusIn(job, after) - this.#gpusIn(job, before));
    // Under fair share who uses how much is for quotas to say.
    if (grown > 0 && this.#run.settings.queue === 'fair-share') return false;
    const gain = this.#savedBy(job, before, after) + grown * this.#leftAt(job, after);
    const rounding = FIGURE_TOLERANCE * this.#gpusIn(job, before) * this.leftNow(job);
    return gain > this.#restartOf(job, after) * this.#gainFactor + rounding;
  }

  /** Places a suspended job without taking what is kept free: a move must not use that up. */
  #placeBesideHeadroom(job: number, gang: Gang): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.noteOf(job);
    const missing = allocation.headroom?.missing ?? 0;
    if (!allocation.placeAs(job, gang)) return false;
    if ((allocation.headroom?.missing ?? 0) <= missing) return true;
    allocation.unplace(job);
    holdings.putNote(job, before);
    return false;
  }

  #gpusIn(job: number, note: Note): number {
    return (this.#run.table.gpus[job]! * note.pods) / this.#run.gangOf(job).pods;
  }

  /** GPU-microseconds that a move saves, but for the restart. */
  #savedBy(job: number, before: Note, after: Note): number {
    return (
      this.#gpusIn(job, before) * this.leftNow(job) - this.#gpusIn(job, after) * this.#leftAt(job, after)
    );
  }

  /** GPU-microseconds of a restart. */
  #restartOf(job: number, note: Note): number {
    return this.#gpusIn(job, note) * this.#run.times.restartMicros;
  }

  /** Microseconds until a running job ends where it is. */
  leftNow(job: number): number {
    const { state, now } = this.#run;
    const wait = Math.max(0, state.since[job]! - now);
    return wait + (state.clockEnd[job]! - this.#run.times.clockOf(job)) / state.speed[job]!;
  }

  /** Microseconds that it computes if it is stopped now and goes on with what a note says. */
  #leftAt(job: number, note: Note): number {
    const { state, table, settings, parts } = this.#run;
    const { work, durable } = this.#run.times.progressOf(job);
    const kept = state.saved[job]! + (settings.preemptedKeeps ? work : durable.work);
    const clock = clockOfWork(table.work[job]! - kept, rhythmOf(table, job), 0);
    const speed = parts.speeds?.speedAt(job, note) ?? note.pods / this.#run.gangOf(job).pods;
    return clock / speed;
  }
}
