import type { ClusterRun } from '../kernel/cluster-run.js';
import { cheapestVictims } from './cheapest-victims.js';
import { victimPieces } from './victim-pieces.js';

/**
 * Whether a job fits without stopping any other. If it waits all the same, it waits for a promise to others, so no
 * job should be stopped or moved for it.
 */
export function fitsAsItIs(run: ClusterRun, job: number): boolean {
  if (!run.allocation.place(job)) return false;
  run.allocation.unplace(job);
  return true;
}

/**
 * Places a job by suspending running ones: the shortest beginning of a list without which it fits; of these, the jobs
 * from the end of the list that are not needed resume.
 *
 * @param victims - running jobs, the first to go first
 * @returns those that are suspended, the job being placed; undefined, and nothing has happened, if all are not enough
 * @complexity O(v + s log v) moves and decisions of the engine, v victims of which s stay suspended
 */
export function suspendInOrder(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
): number[] | undefined {
  const count = suspendUntilItFits(run, job, victims);
  if (count === 0) return undefined;
  // The last job is needed. Of the others, from the last back, those resume without which the job still fits.
  const suspended = [victims[count - 1]!];
  resumeWhereItFits(run, job, victims, 0, count - 1, suspended);
  if (run.allocation.place(job)) return suspended;
  // A policy with random choices may not find the same placement again where it must avoid headroom.
  for (const victim of suspended) run.allocation.resume(victim);
  return undefined;
}

/**
 * Places a job by suspending the cheapest set of running ones, see {@link cheapestVictims}. If that search reaches
 * its limit, or if there is headroom, the cheaper one of its result and of that of {@link suspendInOrder} is taken.
 *
 * @param victims - running jobs; of equally cheap and large sets the one nearer to the front of this list
 * @param costOf - what stopping one costs: whole numbers, 0 or more
 * @returns those that are suspended, the job being placed; undefined, and nothing has happened, if all are not enough
 * @complexity as {@link cheapestVictims}, and that of {@link suspendInOrder} in the cases above
 */
export function suspendCheapest(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  costOf: (victim: number) => number,
): number[] | undefined {
  if (!couldFit(run, job, victims)) return undefined;
  const { allocation, engine } = run;
  const costs = victims.map(costOf);
  const found = cheapestVictims(
    engine.tables,
    engine.state,
    run.gangOf(job),
    victimPieces(run, victims),
    costs,
  );
  // The search does not know that placeholders may move.
  const isSure = found.isProven && allocation.headroom === undefined;
  if (isSure && found.victims === undefined) return undefined;
  const cheapest = found.victims?.map((position) => victims[position]!) ?? [];
  if (!isSure) {
    const inOrder = suspendInOrder(run, job, victims);
    if (inOrder === undefined) return undefined;
    const sumOf = (set: readonly number[]): number => set.reduce((sum, victim) => sum + costOf(victim), 0);
    if (cheapest.length === 0 || sumOf(inOrder) <= sumOf(cheapest)) return inOrder;
    allocation.unplace(job);
    for (const victim of inOrder) allocation.resume(victim);
  }
  for (const victim of cheapest) allocation.suspend(victim);
  if (allocation.place(job)) return cheapest;
  for (const victim of cheapest) allocation.resume(victim);
  return suspendInOrder(run, job, victims);
}

/** Whether enough GPUs are free by number, those of all victims included. A count is cheaper than a decision. */
function couldFit(run: ClusterRun, job: number, victims: readonly number[]): boolean {
  if (victims.length === 0) return false;
  const { podsMin, need } = run.gangOf(job);
  let free = run.freeMilliMost - podsMin * need.totalGpuMilli;
  for (let i = 0; i < victims.length && free < 0; i++) free += run.heldMilliOf(victims[i]!);
  return free >= 0;
}

/**
 * Suspends the shortest beginning of the list without which the job fits. Returns its length; 0, with no job
 * suspended, if all are not enough.
 */
function suspendUntilItFits(run: ClusterRun, job: number, victims: readonly number[]): number {
  const gang = run.gangOf(job);
  const needed = gang.podsMin * gang.need.totalGpuMilli;
  let free = run.freeMilliMost;
  let count = 0;
  // Deciding costs more than counting.
  while (free < needed && count < victims.length) free += run.heldMilliOf(victims[count++]!);
  if (free < needed || victims.length === 0) return 0;
  const least = Math.max(1, count);
  let suspended = 0;
  const suspendTo = (target: number): void => {
    for (; suspended < target; suspended++) run.allocation.suspend(victims[suspended]!);
    for (; suspended > target; suspended--) run.allocation.resume(victims[suspended - 1]!);
  };
  const fitsWith = (target: number): boolean => {
    suspendTo(target);
    if (!run.allocation.place(job)) return false;
    run.allocation.unplace(job);
    return true;
  };
  // Growing steps until the job fits, then bisection: a job that fits still fits when more jobs are suspended.
  let low = least - 1;
  let high = least;
  for (let step = 1; !fitsWith(high); step *= 2) {
    if (high === victims.length) {
      suspendTo(0);
      return 0;
    }
    low = high;
    high = Math.min(victims.length, high + step);
  }
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (fitsWith(middle)) high = middle;
    else low = middle;
  }
  suspendTo(high);
  return high;
}

/**
 * Resumes the suspended victims `from … to - 1` as far as the job still fits, the last first: all at once if that
 * works, otherwise half by half. Victims that stay suspended are added to `suspended`.
 */
function resumeWhereItFits(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  from: number,
  to: number,
  suspended: number[],
): void {
  if (from >= to) return;
  const { allocation } = run;
  for (let i = to - 1; i >= from; i--) allocation.resume(victims[i]!);
  if (allocation.place(job)) {
    allocation.unplace(job);
    return;
  }
  for (let i = to - 1; i >= from; i--) allocation.suspend(victims[i]!);
  if (to - from === 1) {
    suspended.push(victims[from]!);
    return;
  }
  const middle = (from + to) >> 1;
  resumeWhereItFits(run, job, victims, middle, to, suspended);
  resumeWhereItFits(run, job, victims, from, middle, suspended);
}
