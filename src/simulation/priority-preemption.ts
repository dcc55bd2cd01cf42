import type { CheckedVictims } from './checked-options.js';
import type { ClusterRun } from './cluster-run.js';
import { suspendCheapest, suspendFor } from './make-room.js';
import type { VictimRule } from './simulation-options.js';
import { restartCost, victimsOf } from './victims.js';

/**
 * Lets a scheduler preempt by priority. After its own pass, while the head of the queue does not fit, running jobs of
 * lower priority are stopped, in the order of the rule, until it does; who turns out not to be in its way goes on. If
 * stopping all of them is not enough, nobody is stopped.
 *
 * @param schedule - the pass without preemption
 * @param victims - whom to stop first, and who is left alone
 * @complexity O(running log running) and moves of the engine per job that preempts, besides the pass
 */
export function preemptingPass(
  schedule: (run: ClusterRun) => void,
  { rule, runMicrosMin }: CheckedVictims,
): (run: ClusterRun) => void {
  return (run) => {
    schedule(run);
    const { waiting } = run;
    while (waiting.length > 0 && !run.givesBackNow) {
      const head = waiting.jobs[waiting.start]!;
      const { priority } = run.table;
      const mayStop = (job: number): boolean =>
        priority[job]! < priority[head]! && run.now - run.state.begin[job]! >= runMicrosMin;
      if (!makeRoom(run, head, victimsOf(run, mayStop, rule), rule)) return;
      waiting.remove(head);
      run.begin(head, 0);
      schedule(run);
    }
  };
}

/**
 * Stops as many victims as it takes to place a job, in their order, or by restart cost the cheapest set.
 *
 * @param victims - in the order of the rule
 * @returns false, and nothing has happened, if all are not enough
 */
export function makeRoom(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  rule: VictimRule,
): boolean {
  const stopped =
    rule === 'restart-cost'
      ? suspendCheapest(run, job, victims, (victim) => restartCost(run, victim))
      : suspendFor(run, job, victims);
  if (stopped === undefined) return false;
  for (const victim of stopped) run.evict(victim);
  return true;
}
