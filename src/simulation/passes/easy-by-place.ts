import type { LookAhead } from '../future/look-ahead.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { BesideHead } from './beside-head.js';
import { strictPass } from './in-order.js';

/**
 * EASY backfill for any cluster. {@link easyPassByCount} does the same steps with counts of pods instead of places.
 *
 * 1. Jobs start from the head of the queue while they fit.
 * 2. The head, which does not fit, is promised the earliest time at which it fits beside the running jobs that are then
 *    expected to run still.
 * 3. Backfill: a later job starts if it ends by then, or if a place is found for it beside which the head still fits at that
 *    time, see {@link BesideHead}.
 *
 * While headroom is missing a promise can come late: where that headroom will be placed is a guess.
 *
 * @param depth - jobs behind the head that may backfill
 * @complexity O(running + depth) moves and decisions of an engine
 */
export function easyPassByPlace(
  run: ClusterRun,
  lookAhead: LookAhead,
  depth: number,
): (run: ClusterRun) => void {
  const beside = new BesideHead(run, lookAhead);
  return () => {
    strictPass(run);
    const { waiting } = run;
    if (waiting.length < 2) return;
    const head = waiting.jobs[waiting.start]!;
    beside.begin(head, lookAhead.begin(run, head));
    const backfills = (job: number): boolean => {
      if (!beside.place(job)) return false;
      run.begin(job, 0);
      return true;
    };
    waiting.removeWhere(backfills, waiting.start + 1, depth);
    lookAhead.end(run);
  };
}
