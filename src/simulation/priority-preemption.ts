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
      const stopped = suspendByRule(run, head, victimsOf(run, mayStop, rule), rule);
      if (stopped === undefined) return;
      for (const victim of stopped) run.evict(victim);
      waiting.remove(head);
      run.begin(head, 0);
      schedule(run);
    }
  };
}

/**
 * Places a job by suspending victims: in their order as many as it takes, or by restart cost the cheapest set.
 *
 * @param victims - in the order of the rule
 * @returns those that are suspended; undefined, and nothing has happened, if all are not enough
 */
export function suspendByRule(
  run: ClusterRun,
  job: number,
  victims: readonly number[],
  rule: VictimRule,
): number[] | undefined {
  return rule === 'restart-cost'
    ? suspendCheapest(run, job, victims, (victim) => restartCost(run, victim))
    : suspendFor(run, job, victims);
}
