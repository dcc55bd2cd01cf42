import type { ClusterRun } from './cluster-run.js';
import { progressAt } from './progress.js';
import type { VictimRule } from './simulation-options.js';

/**
 * Lets a scheduler preempt by priority. After its own pass, while the head of the queue does not fit, running jobs of
 * lower priority are stopped, in the order of the rule, until it does; who turns out not to be in its way goes on. If
 * stopping all of them is not enough, nobody is stopped.
 *
 * @param schedule - the pass without preemption
 * @param rule - whom to stop first
 * @param restartMicros - what a restart takes on a job's GPUs, on average
 * @complexity O(running log running) and moves of the engine per job that preempts, besides the pass
 */
export function preemptingPass(
  schedule: (run: ClusterRun) => void,
  rule: VictimRule,
  restartMicros: number,
): (run: ClusterRun) => void {
  return (run) => {
    schedule(run);
    const { waiting } = run;
    while (waiting.length > 0) {
      const head = waiting.jobs[waiting.start]!;
      const { priority } = run.table;
      const mayStop = (job: number): boolean => priority[job]! < priority[head]!;
      if (!makeRoom(run, head, victimsOf(run, mayStop, rule, restartMicros))) return;
      waiting.remove(head);
      run.begin(head, 0);
      schedule(run);
    }
  };
}

/** Stops as many victims as it takes to place a job; false, and nothing has happened, if all are not enough. */
export function makeRoom(run: ClusterRun, job: number, victims: readonly number[]): boolean {
  const gang = run.gangOf(job);
  const needed = gang.podsMin * gang.need.totalGpuMilli;
  let most = run.freeMilliMost;
  for (const victim of victims) most += run.heldMilliOf(victim);
  if (most < needed) return false;
  let count = 0;
  let isPlaced = false;
  let free = run.freeMilliMost;
  while (!isPlaced && count < victims.length) {
    free += run.heldMilliOf(victims[count]!);
    run.suspend(victims[count++]!);
    // Deciding costs more than counting.
    isPlaced = free >= needed && run.place(job);
  }
  if (!isPlaced) {
    for (let i = 0; i < count; i++) run.resume(victims[i]!);
    return false;
  }
  run.unplace(job);
  // Without the last it did not fit. Of the others, from the dearest back, those go on without whom it does.
  const stopped = [victims[count - 1]!];
  for (let i = count - 2; i >= 0; i--) {
    run.resume(victims[i]!);
    if (run.place(job)) {
      run.unplace(job);
      continue;
    }
    run.suspend(victims[i]!);
    stopped.push(victims[i]!);
  }
  run.place(job);
  for (const victim of stopped) run.evict(victim);
  return true;
}

/** Running jobs that may be stopped, in the order in which they are to go. */
export function victimsOf(
  run: ClusterRun,
  mayStop: (job: number) => boolean,
  rule: VictimRule,
  restartMicros: number,
): number[] {
  const found: number[] = [];
  const keys = new Map<number, number>();
  for (let i = 0; i < run.runningCount; i++) {
    const job = run.running[i]!;
    if (!mayStop(job)) continue;
    found.push(job);
    keys.set(job, victimKey(run, job, rule, restartMicros));
  }
  const { submissionOf } = run.table;
  return found.sort((a, b) => keys.get(a)! - keys.get(b)! || submissionOf[b]! - submissionOf[a]!);
}

function victimKey(run: ClusterRun, job: number, rule: VictimRule, restartMicros: number): number {
  switch (rule) {
    case 'restart-cost':
      return restartCost(run, job, restartMicros);
    case 'lowest-priority':
      return run.table.priority[job]!;
    case 'youngest':
      return -run.state.begin[job]!;
    case 'fewest-gpus':
      return run.gpusOf(job);
  }
}

/** GPU-microseconds lost by stopping a job now: compute since its last checkpoint, if that is not kept, and the restart. */
function restartCost(run: ClusterRun, job: number, restartMicros: number): number {
  const restart = restartMicros * run.gpusOf(job);
  if (run.settings.preemptedKeeps) return restart;
  const { interval, stall, persistLag, gpus } = run.table;
  const { work, saved } = progressAt(run.clockOf(job), interval[job]!, stall[job]!, persistLag[job]!);
  return restart + (work - saved) * gpus[job]!;
}
