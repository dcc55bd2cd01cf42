import type { LookAhead } from '../future/look-ahead.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import { BesideHead } from './beside-head.js';
import { strictPass } from './in-order.js';

/**
 * EASY backfill on any cluster. The head of the queue is promised the earliest time at which it fits, as far as running
 * jobs end when they are expected to, who is overdue now; a later job starts if it ends by then, or if there is a place for
 * it beside which the head still fits, see {@link BesideHead}.
 *
 * While room of a headroom is missing, a promise can be late: where that room turns up is a guess.
 *
 * @param depth - jobs behind the head that are looked at
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
    let left = depth;
    for (let at = waiting.start + 1; at < waiting.end && left > 0; left--) {
      const job = waiting.jobs[at]!;
      if (beside.place(job)) {
        run.begin(job, 0);
        waiting.removeAt(at);
      } else at++;
    }
    lookAhead.end(run);
  };
}
