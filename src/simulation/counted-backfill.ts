import type { ClusterRun } from './cluster-run.js';
import { strictPass } from './passes.js';

/**
 * EASY backfill where counting pods is enough: the head is promised the earliest time at which enough will be free, and a
 * later job starts if it ends by then, or takes only what the head leaves over.
 *
 * Source: Lifka, "The ANL/IBM SP scheduling system", JSSPP 1995.
 * @complexity O(running + queue)
 */
export function countedEasyPass(run: ClusterRun): void {
  strictPass(run);
  const { waiting, table, now } = run;
  if (waiting.length < 2 || run.freeUnits === 0) return;
  const { ends, jobs, length } = run.ends;
  const headPods = run.gangOf(waiting.jobs[waiting.start]!).pods;
  let free = run.freeUnits;
  let at = 0;
  while (free < headPods && at < length) free += table.gangs[table.gangOf[jobs[at++]!]!]!.pods;
  const promised = at === 0 ? now : ends[at - 1]!;
  while (at < length && ends[at]! === promised) free += table.gangs[table.gangOf[jobs[at++]!]!]!.pods;
  let spare = free - headPods;
  for (let position = waiting.start + 1; position < waiting.end && run.freeUnits > 0; ) {
    const job = waiting.jobs[position]!;
    const { pods } = table.gangs[table.gangOf[job]!]!;
    const endsInTime = now + run.estimateLeft(job) <= promised;
    if (pods > run.freeUnits || !(endsInTime || pods <= spare) || !run.start(job)) {
      position++;
      continue;
    }
    if (!endsInTime) spare -= pods;
    waiting.removeAt(position);
  }
}
