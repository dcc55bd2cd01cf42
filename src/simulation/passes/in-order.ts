import type { ClusterRun } from '../kernel/cluster-run.js';

/** Starts jobs from the head of the queue while they fit. */
export function strictPass(run: ClusterRun): void {
  const { waiting } = run;
  while (waiting.length > 0 && run.start(waiting.jobs[waiting.start]!)) waiting.removeAt(waiting.start);
}

/** Starts every job that fits, in the order of the queue. O(queue). */
export function greedyPass(run: ClusterRun): void {
  run.waiting.removeWhere((job) => run.start(job));
}
