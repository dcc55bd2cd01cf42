import { FIGURE_TOLERANCE } from '../../figures.js';
import type { Gang } from '../../placement/gangs/gang.js';
import { GPU_MILLI } from '../../units.js';
import { type Assignment, isSamePlace } from '../allocation/holdings.js';
import { clockOfWork, rhythmOf } from '../jobs/progress.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { fitsAsItIs, suspendInOrder } from '../preemption/preempt-for.js';
import { restartCost, victimsOf } from '../preemption/victims.js';
import { byServersInTheWay, type Candidate, FEW_CANDIDATES_MAX, setsInTheWay } from './move-sets.js';

/** The most sets of jobs that are tried for one waiting job; after that only lists are tried. */
const TRIALS_MAX = 256;
/** On more servers than this only one set is tried, since a trial places every job of a set anew. */
const FEW_SERVERS_MAX = 64;

/** With at most this many candidates all sets are tried, up to {@link TRIALS_MAX}; with more, only lists. */
const EXHAUSTED_MAX = 8;

/** The waiting job, how long it would wait otherwise, microseconds, and the most jobs that may move. */
interface Attempt {
  readonly job: number;
  readonly waits: number;
  readonly movesMax: number;
}

/** A suspended job that has been placed again during a trial. */
interface Placed {
  readonly other: number;
  readonly before: Assignment;
  readonly after: Assignment;
}

/**
 * Moves running jobs to other GPUs, or to more or fewer pods, where that gains more GPU time than it costs. A move is
 * a stop and a start: a job loses what it would lose by preemption, and restarts on the new GPUs.
 *
 * A job with g GPUs that needs l more seconds, and g' and l' after the move, saves g l - g' l' GPU-seconds; with less
 * bandwidth this is negative. Added to it is time that GPUs would be idle: those of a waiting job for as long as it
 * would wait; of a job that grows, (g' - g) l'. The cost is that of the restart r, g' r.
 */
export class Moves {
  readonly #run: ClusterRun;
  /** A move must gain this many times its cost. */
  readonly #gainFactor: number;

  constructor(run: ClusterRun, gainFactor: number) {
    this.#run = run;
    this.#gainFactor = gainFactor;
  }

  /**
   * Places a waiting job by moving others.
   * 1. The cheapest set of jobs that find places beside it, see {@link setsInTheWay}.
   * 2. After {@link TRIALS_MAX} sets: the shortest beginning of a list of jobs.
   * 3. Where many jobs run, or on many servers, only one set is tried: as many of the cheapest as are needed.
   * Elastic jobs first all get their `podsMin`; GPUs that are left go to the first submitted.
   *
   * @param mayMove - who may be moved
   * @param waits - how long it would wait otherwise, microseconds, 0 or more; Infinity = for ever
   * @param movesMax - jobs to move at most
   * @returns how many have moved; 0, and nothing has happened, if it is not worth it, or if nobody has to
   */
  moveOthersFor(job: number, mayMove: (other: number) => boolean, waits: number, movesMax: number): number {
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

  /**
   * Tries the jobs of a list without which the waiting job fits, see {@link suspendInOrder}: placing all of a long
   * list anew would take long.
   */
  #moveAnyNumber(attempt: Attempt, candidates: readonly Candidate[]): number {
    const run = this.#run;
    const others = candidates.map((one) => one.job);
    const suspended = suspendInOrder(run, attempt.job, others);
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

  /** Whether enough GPUs are free by number, with candidates at `podsMin`. A count is cheaper than a decision. */
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

  /** Tries the first jobs of a list, more at every turn, and then leaves out those that need not move. */
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
   * Places a waiting job on the GPUs of others, and these others anew.
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
            holdings.putAssignment(other, before);
            allocation.resume(other);
          } else holdings.putAssignment(other, before);
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

  /** Takes back the GPUs of a trial from a job, -1 = none, and resumes the jobs that were suspended for it. */
  #giveBack(job: number, suspended: readonly number[]): void {
    const { allocation } = this.#run;
    if (job !== -1) allocation.unplace(job);
    for (const other of suspended) allocation.resume(other);
    // Refusals of this trial do not count: more is free now than when they were made.
    allocation.returns++;
  }

  /**
   * Places suspended jobs, the largest first, since these are the hardest to place: first all with `podsMin`, and if
   * that works again with the GPUs that are left. None is placed, and the result is undefined, if one finds no place.
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
    // Enough GPUs by number may still be in the wrong places.
    return (
      this.#placeAll(bySize, (_, other) => podsOf.get(other)!) ??
      this.#placeAll(bySize, (gang) => gang.podsMin)
    );
  }

  /**
   * Places suspended jobs one by one, each with at most so many pods. None is placed, and the result is undefined, if
   * one finds no place.
   */
  #placeAll(others: readonly number[], podsOf: (gang: Gang, other: number) => number): Placed[] | undefined {
    const run = this.#run;
    const placed: Placed[] = [];
    for (const other of others) {
      const before = run.holdings.assignmentOf(other);
      const gang = run.gangOf(other);
      const pods = podsOf(gang, other);
      if (!this.#placeBesideHeadroom(other, pods === gang.pods ? gang : { ...gang, pods })) {
        this.#unplace(placed);
        return undefined;
      }
      placed.push({ other, before, after: run.holdings.assignmentOf(other) });
    }
    return placed;
  }

  /** Takes back what suspended jobs got in a trial, the last first; their former assignments stay. */
  #unplace(placed: readonly Placed[]): void {
    const { allocation, holdings } = this.#run;
    for (const { other, before } of placed.toReversed()) {
      allocation.unplace(other);
      holdings.putAssignment(other, before);
    }
  }

  /**
   * Whether a job may be stopped and computes. A job in its restart steps is not moved: it would skip the rest of
   * them.
   */
  isMovable(job: number): boolean {
    return this.#run.state.computeBegin[job]! <= this.#run.now && this.#run.mayStop(job);
  }

  /** Moves a running job if that gains more than it costs; returns whether it did. */
  improve(job: number): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.assignmentOf(job);
    const { returns } = allocation;
    allocation.suspend(job);
    if (!this.#placeBesideHeadroom(job, this.#run.gangOf(job))) {
      allocation.resume(job);
      return false;
    }
    const after = holdings.assignmentOf(job);
    holdings.putAssignment(job, before);
    if (this.#isBetter(job, before, after)) {
      this.#run.move(job, after);
      return true;
    }
    holdings.putAssignment(job, after);
    allocation.unplace(job);
    holdings.putAssignment(job, before);
    allocation.resume(job);
    // The state is as before, and no refusal was remembered.
    allocation.returns = returns;
    return false;
  }

  /** Whether a job gains more by a move than it costs. */
  #isBetter(job: number, before: Assignment, after: Assignment): boolean {
    // A stop and a start on the same GPUs is no move.
    if (isSamePlace(before, after)) return false;
    const grown = Math.max(0, this.#gpusIn(job, after) - this.#gpusIn(job, before));
    // Under fair share quotas decide how much a job uses, so jobs do not grow by moves.
    if (grown > 0 && this.#run.settings.queue === 'fair-share') return false;
    const gain = this.#savedBy(job, before, after) + grown * this.#leftAt(job, after);
    const rounding = FIGURE_TOLERANCE * this.#gpusIn(job, before) * this.leftNow(job);
    return gain > this.#restartOf(job, after) * this.#gainFactor + rounding;
  }

  /** Places a suspended job without using headroom. */
  #placeBesideHeadroom(job: number, gang: Gang): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.assignmentOf(job);
    const missing = allocation.headroom?.missing ?? 0;
    if (!allocation.placeAs(job, gang)) return false;
    if ((allocation.headroom?.missing ?? 0) <= missing) return true;
    allocation.unplace(job);
    holdings.putAssignment(job, before);
    return false;
  }

  #gpusIn(job: number, assignment: Assignment): number {
    return (this.#run.table.gpus[job]! * assignment.pods) / this.#run.gangOf(job).pods;
  }

  /** GPU-microseconds that a move saves, the restart aside. */
  #savedBy(job: number, before: Assignment, after: Assignment): number {
    return (
      this.#gpusIn(job, before) * this.leftNow(job) - this.#gpusIn(job, after) * this.#leftAt(job, after)
    );
  }

  /** GPU-microseconds of a restart. */
  #restartOf(job: number, assignment: Assignment): number {
    return this.#gpusIn(job, assignment) * this.#run.times.restartMicros;
  }

  /** Microseconds until a running job ends where it is. */
  leftNow(job: number): number {
    const { state, now } = this.#run;
    const wait = Math.max(0, state.since[job]! - now);
    return wait + (state.clockEnd[job]! - this.#run.times.clockOf(job)) / state.speed[job]!;
  }

  /** Microseconds that a job computes if it is stopped now and continues with an assignment. */
  #leftAt(job: number, assignment: Assignment): number {
    const { state, table, settings, parts } = this.#run;
    const { work, durable } = this.#run.times.progressOf(job);
    const kept = state.saved[job]! + (settings.preemptedKeeps ? work : durable.work);
    const clock = clockOfWork(table.work[job]! - kept, rhythmOf(table, job), 0);
    const speed = parts.speeds?.speedAt(job, assignment) ?? assignment.pods / this.#run.gangOf(job).pods;
    return clock / speed;
  }
}
