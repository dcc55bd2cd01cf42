import type { ClusterRun } from './cluster-run.js';
import { RUNNING, WAITING } from './job-state.js';
import { queueKey } from './queue-order.js';
import { PREEMPTED } from './run-log.js';

/**
 * Preemption by order, where counting pods is enough: at every pass all jobs that run or wait are sorted by their keys,
 * equal keys in the order of the last pass, new ones behind; from the front, whoever still fits holds GPUs. Whom that
 * leaves out is stopped.
 *
 * @complexity O(n log n) of the jobs that run or wait
 */
export function countedOrderPass(jobs: number): (run: ClusterRun) => void {
  /** Jobs that ran or waited at the last pass, in its order. */
  let active: number[] = [];
  const isActive = new Uint8Array(jobs);
  const keys = new Float64Array(jobs);
  const isChosen = new Uint8Array(jobs);
  return (run) => {
    const { table, state, waiting, settings } = run;
    const before = active;
    active = [];
    for (const job of before) {
      const status = state.status[job]!;
      if (status === RUNNING || status === WAITING) active.push(job);
      else isActive[job] = 0;
    }
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (isActive[job] === 1) continue;
      isActive[job] = 1;
      active.push(job);
    }
    let units = run.freeUnits;
    for (const job of active) {
      const runs = state.status[job] === RUNNING;
      if (runs) units += run.gangOf(job).pods;
      keys[job] = queueKey(
        settings.queue,
        table,
        job,
        runs ? run.runningEstimateLeft(job) : run.estimateLeft(job),
      );
    }
    active.sort((a, b) => keys[a]! - keys[b]!);
    for (const job of active) {
      const { pods } = run.gangOf(job);
      isChosen[job] = pods <= units ? 1 : 0;
      if (isChosen[job] === 1) units -= pods;
    }
    // First all who leave, then all who come: nobody starts on GPUs that are not free yet.
    for (const job of active) {
      if (isChosen[job] === 1 || state.status[job] !== RUNNING) continue;
      run.stop(job, PREEMPTED, { keeps: settings.preemptedKeeps, holdsOn: false });
      run.enqueue(job);
    }
    for (let at = waiting.start; at < waiting.end; ) {
      if (isChosen[waiting.jobs[at]!] === 0 || !run.start(waiting.jobs[at]!)) at++;
      else if (at === waiting.start) {
        waiting.removeAt(at);
        at = waiting.start;
      } else waiting.removeAt(at);
    }
  };
}
