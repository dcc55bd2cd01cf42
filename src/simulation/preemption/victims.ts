import { priorityAtBegin } from '../jobs/queue-order.js';
import type { ClusterRun } from '../kernel/cluster-run.js';
import type { VictimRule } from '../options/simulation-options.js';

/** Running jobs that may be stopped, in the order of the rule; see {@link ClusterRun.mayStop}. */
export function victimsOf(run: ClusterRun, mayStop: (job: number) => boolean, rule: VictimRule): number[] {
  const found: number[] = [];
  const keys = new Map<number, number>();
  for (let i = 0; i < run.runningCount; i++) {
    const job = run.running[i]!;
    if (!run.mayStop(job) || !mayStop(job)) continue;
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
      return priorityAtBegin(run.settings, run.table, job, run.state.begin[job]!);
    case 'youngest':
      return -run.state.begin[job]!;
    case 'fewest-gpus':
      return run.gpusOf(job);
  }
}

/**
 * GPU-microseconds lost by stopping a job now: compute since its last durable checkpoint, if that is not kept, and the
 * restart. Whole numbers, so that sums of them are exact.
 */
export function restartCost(run: ClusterRun, job: number): number {
  const restart = run.times.restartMicros * run.gpusOf(job);
  if (run.settings.preemptedKeeps) return Math.round(restart);
  const { work, durable } = run.times.progressOf(job);
  return Math.round(restart + (work - durable.work) * run.table.gpus[job]!);
}
