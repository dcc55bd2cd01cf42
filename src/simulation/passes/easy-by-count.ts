import type { ClusterRun } from '../kernel/cluster-run.js';
import { strictPass } from './in-order.js';

/**
 * EASY backfill where counting pods is enough: the head is promised the earliest time at which enough will be free, and a
 * later job starts if it ends by then, or takes only what the head leaves over.
 *
 * Source: Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995.
 * @param depth - jobs behind the head that are looked at
 * @complexity O(running + depth)
 */
export function countedEasyPass(depth: number): (run: ClusterRun) => void {
  return (run) => {
    pass(run, depth);
  };
}

function pass(run: ClusterRun, depth: number): void {
  strictPass(run);
  const { waiting, table, now } = run;
  if (waiting.length < 2 || run.allocation.freeUnits === 0) return;
  const { ends, jobs, length } = run.ends;
  const headPods = run.gangOf(waiting.jobs[waiting.start]!).pods;
  let free = run.allocation.freeUnits;
  let at = 0;
  while (free < headPods && at < length) free += table.gangs[table.gangOf[jobs[at++]!]!]!.pods;
  // A job that is overdue may end any moment.
  const promised = at === 0 ? now : Math.max(now, ends[at - 1]!);
  while (at < length && ends[at]! <= promised) free += table.gangs[table.gangOf[jobs[at++]!]!]!.pods;
  let spare = free - headPods;
  let left = depth;
  for (
    let position = waiting.start + 1;
    position < waiting.end && run.allocation.freeUnits > 0 && left > 0;
    left--
  ) {
    const job = waiting.jobs[position]!;
    const { pods } = table.gangs[table.gangOf[job]!]!;
    const endsInTime = now + run.times.estimateOfRun(job) <= promised;
    if (pods > run.allocation.freeUnits || !(endsInTime || pods <= spare) || !run.start(job)) {
      position++;
      continue;
    }
    if (!endsInTime) spare -= pods;
    waiting.removeAt(position);
  }
}
