import type { ClusterRun } from '../kernel/cluster-run.js';
import { strictPass } from './in-order.js';

/**
 * EASY backfill for clusters on which a count of free pods decides what fits. {@link easyPassByPlace} does the same steps
 * with places instead of counts.
 *
 * 1. Jobs start from the head of the queue while they fit.
 * 2. The head, which does not fit, is promised the earliest time at which enough running jobs are expected to have ended.
 * 3. Backfill: a later job starts if it ends by then, or if it takes only pods that the head leaves over at that time.
 *
 * Source: Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995.
 * @param depth - jobs behind the head that may backfill
 * @complexity O(running + depth)
 */
export function easyPassByCount(depth: number): (run: ClusterRun) => void {
  return (run) => {
    strictPass(run);
    if (run.waiting.length < 2 || run.allocation.freeUnits === 0) return;
    backfill(run, depth, promiseToHead(run));
  };
}

/** What step 2 finds. */
interface HeadPromise {
  /** When the head is promised a start, microseconds. */
  readonly time: number;
  /** Pods that are free then beyond those of the head. */
  readonly spare: number;
}

/** Step 2. */
function promiseToHead(run: ClusterRun): HeadPromise {
  const { waiting, now } = run;
  const { ends, jobs, length } = run.ends;
  const headPods = run.gangOf(waiting.jobs[waiting.start]!).pods;
  let free = run.allocation.freeUnits;
  let at = 0;
  while (free < headPods && at < length) free += run.gangOf(jobs[at++]!).pods;
  // An overdue job is expected to end now.
  const time = at === 0 ? now : Math.max(now, ends[at - 1]!);
  while (at < length && ends[at]! <= time) free += run.gangOf(jobs[at++]!).pods;
  return { time, spare: free - headPods };
}

/** Step 3. */
function backfill(run: ClusterRun, depth: number, promised: HeadPromise): void {
  const { waiting, allocation, now } = run;
  let { spare } = promised;
  let left = depth;
  for (let at = waiting.start + 1; at < waiting.end && allocation.freeUnits > 0 && left > 0; left--) {
    const job = waiting.jobs[at]!;
    const { pods } = run.gangOf(job);
    const endsInTime = now + run.times.estimateOfRun(job) <= promised.time;
    if (pods > allocation.freeUnits || !(endsInTime || pods <= spare) || !run.start(job)) {
      at++;
      continue;
    }
    if (!endsInTime) spare -= pods;
    waiting.removeAt(at);
  }
}
