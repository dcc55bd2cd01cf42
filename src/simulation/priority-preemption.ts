import type { CheckedVictims } from './checked-options.js';
import type { ClusterRun } from './cluster-run.js';
import { suspendFor } from './make-room.js';
import { progressAt } from './progress.js';
import type { VictimRule } from './simulation-options.js';

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
    while (waiting.length > 0) {
      const head = waiting.jobs[waiting.start]!;
      const { priority } = run.table;
      const mayStop = (job: number): boolean =>
        priority[job]! < priority[head]! && run.now - run.state.begin[job]! >= runMicrosMin;
      if (!makeRoom(run, head, victimsOf(run, mayStop, rule))) return;
      waiting.remove(head);
      run.begin(head, 0);
      schedule(run);
    }
  };
}

/** Stops as many victims as it takes to place a job; false, and nothing has happened, if all are not enough. */
export function makeRoom(run: ClusterRun, job: number, victims: readonly number[]): boolean {
  const stopped = suspendFor(run, job, victims);
  if (stopped === undefined) return false;
  for (const victim of stopped) run.evict(victim);
  return true;
}

/** Running jobs that may be stopped, in the order in which they are to go. */
export function victimsOf(run: ClusterRun, mayStop: (job: number) => boolean, rule: VictimRule): number[] {
  const found: number[] = [];
  const keys = new Map<number, number>();
  for (let i = 0; i < run.runningCount; i++) {
    const job = run.running[i]!;
    if (!mayStop(job)) continue;
    found.push(job);
    keys.set(job, victimKey(run, job, rule));
  }
  const { submissionOf } = run.table;
  return found.sort((a, b) => keys.get(a)! - keys.get(b)! || submissionOf[b]! - submissionOf[a]!);
}

function victimKey(run: ClusterRun, job: number, rule: VictimRule): number {
  switch (rule) {
    case 'restart-cost':
      return restartCost(run, job);
    case 'lowest-priority':
      return run.table.priority[job]!;
    case 'youngest':
      return -run.state.begin[job]!;
    case 'fewest-gpus':
      return run.gpusOf(job);
  }
}

/** GPU-microseconds lost by stopping a job now: compute since its last checkpoint, if that is not kept, and the restart. */
function restartCost(run: ClusterRun, job: number): number {
  const restart = run.restartMicros * run.gpusOf(job);
  if (run.settings.preemptedKeeps) return restart;
  const { interval, stall, persistLag, gpus } = run.table;
  const { work, saved } = progressAt(run.clockOf(job), interval[job]!, stall[job]!, persistLag[job]!);
  return restart + (work - saved) * gpus[job]!;
}
