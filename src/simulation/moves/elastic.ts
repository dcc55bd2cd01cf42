import type { LookAhead } from '../future/look-ahead.js';
import { priorityAtBegin } from '../jobs/queue-order.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import type { Moves } from './moves.js';

/**
 * Lets running jobs with `podsMin` shrink and grow, after the scheduler's own pass:
 * 1. While the head of the queue does not fit, jobs of at most its priority give up pods, down to `podsMin`, if that
 * gains more GPU time than their restarts cost.
 * 2. When no job waits, jobs with fewer pods than they asked for start again with more, under the same condition, the
 * first submitted first.
 *
 * @param schedule - the pass without it
 * @complexity O(running) moves and decisions of an engine
 */
export function elasticPass(
  schedule: (run: ClusterRun) => void,
  moves: Moves,
  lookAhead: LookAhead,
): (run: ClusterRun) => void {
  /** The head of the queue that no shrinking helped, and the number of returns of GPUs at that time. */
  let refused = -1;
  let refusedAt = -1;
  /** Job → the number of returns of GPUs when it could not grow. */
  const smallAt = new Map<number, number>();
  return (run) => {
    const { waiting, table, allocation } = run;
    schedule(run);
    // Each turn starts the head of the queue, or is the last.
    while (waiting.length > 0 && !run.givesBackNow) {
      const head = waiting.jobs[waiting.start]!;
      if (refused === head && refusedAt === allocation.returns) return;
      let mayFollow = false;
      const mayShrink = (job: number): boolean => {
        if (run.holdings.pods[job]! <= run.gangOf(job).podsMin) return false;
        const own = priorityAtBegin(run.settings, table, job, run.state.begin[job]!);
        if (own > table.priority[head]!) return false;
        if (moves.isMovable(job)) return true;
        mayFollow = true;
        return false;
      };
      if (!shrinkOthersFor(run, head, mayShrink, moves, lookAhead)) {
        // A job in its restart steps may shrink when they are over.
        refused = mayFollow ? -1 : head;
        refusedAt = allocation.returns;
        return;
      }
      schedule(run);
    }
    if (!run.givesBackNow) grow(run, moves, smallAt);
  };
}

function shrinkOthersFor(
  run: ClusterRun,
  head: number,
  mayShrink: (job: number) => boolean,
  moves: Moves,
  lookAhead: LookAhead,
): boolean {
  if (!run.running.subarray(0, run.runningCount).some(mayShrink)) return false;
  if (moves.moveOthersFor(head, mayShrink, lookAhead.waitOf(run, head), run.runningCount) === 0) return false;
  run.waiting.remove(head);
  run.begin(head, 0);
  return true;
}

function grow(run: ClusterRun, moves: Moves, smallAt: Map<number, number>): void {
  const { allocation, table } = run;
  const { submissionOf } = table;
  const small: number[] = [];
  for (let i = 0; i < run.runningCount; i++) {
    const job = run.running[i]!;
    if (run.holdings.pods[job]! < run.gangOf(job).pods && moves.isMovable(job)) small.push(job);
  }
  for (const job of small.sort((a, b) => submissionOf[a]! - submissionOf[b]!)) {
    if (smallAt.get(job) === allocation.returns) continue;
    if (run.freeMilliMost < run.gangOf(job).need.totalGpuMilli || !moves.improve(job)) {
      smallAt.set(job, allocation.returns);
    }
  }
}
