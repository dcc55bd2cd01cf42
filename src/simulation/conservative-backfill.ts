import type { ClusterRun } from './cluster-run.js';
import { FreeProfile } from './free-profile.js';
import { strictPass } from './passes.js';

/**
 * Conservative backfill: every job in the queue is promised the earliest time that delays no promise before it; whose time
 * is now starts. Promises are made anew at every pass.
 *
 * Promises count: pods, where that says all (see podUnits), and thousandths of GPUs elsewhere. There a job whose GPUs are free in number
 * but not where it needs them waits on, and a promise may be late by that.
 *
 * Source: Mu'alem and Feitelson, IEEE TPDS 12(6), 2001.
 * @complexity O(queue × (running + queue))
 */
export function conservativePass(): (run: ClusterRun) => void {
  const profile = new FreeProfile();
  return (run) => {
    strictPass(run);
    const { waiting, now } = run;
    if (waiting.length < 2) return;
    const { ends, jobs, length } = run.ends;
    profile.reset(now, run.freeSize);
    for (let i = 0; i < length; i++) profile.rise(Math.max(now, ends[i]!), run.sizeOf(jobs[i]!));
    // Where all ask for GPUs, nobody starts on none, and promises only matter to who comes after: stop looking.
    for (
      let position = waiting.start;
      position < waiting.end && (run.freeSize > 0 || !run.allocation.isCounted);
    ) {
      const job = waiting.jobs[position]!;
      const size = run.sizeOf(job);
      const duration = run.estimateLeft(job);
      const begin = profile.earliest(size, duration);
      if (begin < Number.POSITIVE_INFINITY) profile.reserve(begin, duration, size);
      if (begin !== now || size > run.freeSize || !run.start(job)) position++;
      else {
        waiting.removeAt(position);
        position = Math.max(position, waiting.start);
      }
    }
  };
}
