import { RUNNING, WAITING } from '../jobs/job-state.js';
import { queueKey } from '../jobs/queue-order.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/**
 * All jobs that run or wait, sorted by their present keys. Equal keys keep their last order; new jobs come behind.
 */
export class ActiveOrder {
  /** In order; see {@link refresh}. */
  jobs: number[] = [];
  readonly #isIn: Uint8Array;
  readonly #keys: Float64Array;

  /** @param count - jobs of the simulation */
  constructor(count: number) {
    this.#isIn = new Uint8Array(count);
    this.#keys = new Float64Array(count);
  }

  /** Brings the order up to date. O(n log n) of the jobs that run or wait. */
  refresh(run: ClusterRun): void {
    const { table, state, waiting, settings } = run;
    const keys = this.#keys;
    const before = this.jobs;
    const jobs: number[] = [];
    for (const job of before) {
      const status = state.status[job]!;
      if (status === RUNNING || status === WAITING) jobs.push(job);
      else this.#isIn[job] = 0;
    }
    for (let at = waiting.start; at < waiting.end; at++) {
      const job = waiting.jobs[at]!;
      if (this.#isIn[job] === 1) continue;
      this.#isIn[job] = 1;
      jobs.push(job);
    }
    for (const job of jobs) {
      const left =
        state.status[job] === RUNNING ? run.times.runningEstimateLeft(job) : run.times.estimateLeft(job);
      keys[job] = queueKey(settings, table, job, left);
    }
    this.jobs = jobs.sort((a, b) => keys[a]! - keys[b]!);
  }
}
