import type { ClusterRun } from './cluster-run.js';
import type { LookAhead } from './look-ahead.js';
import { strictPass } from './passes.js';

/**
 * EASY backfill on any cluster. The head of the queue is promised the earliest time at which it fits, as far as running
 * jobs end when they are expected to; a later job starts if it ends by then, or if the head still fits beside it.
 *
 * While room of a headroom is missing, a promise can be late: where that room turns up is a guess.
 *
 * @param depth - jobs behind the head that are looked at
 * @complexity O(running + depth) moves and decisions of an engine
 */
export function easyPass(lookAhead: LookAhead, depth: number): (run: ClusterRun) => void {
  return (run) => {
    strictPass(run);
    const { waiting } = run;
    if (waiting.length < 2) return;
    // A job that is overdue may end any moment.
    const promised = Math.max(run.now, lookAhead.begin(run, waiting.jobs[waiting.start]!));
    let left = depth;
    for (let at = waiting.start + 1; at < waiting.end && left > 0; left--) {
      const job = waiting.jobs[at]!;
      if (run.allocation.place(job) && mayStay(run, lookAhead, job, promised)) {
        run.begin(job, 0);
        waiting.removeAt(at);
      } else at++;
    }
    lookAhead.end(run);
  };
}

/** Whether a job that has just been placed leaves the promise standing; if not, it is placed no more. */
function mayStay(run: ClusterRun, lookAhead: LookAhead, job: number, promised: number): boolean {
  if (run.expectedEnd(job) <= promised) {
    lookAhead.takeOut(run, job);
    return true;
  }
  if (lookAhead.fits(run)) return true;
  run.allocation.unplace(job);
  return false;
}
