import { simulate } from '../../../src/simulation/index.js';
import type { Replay } from '../replay.js';

/**
 * Checks that no job starts later than any promise it was given. What a scheduler that keeps its promises promises at a
 * moment is what would come to pass from then on if nobody else came in and everybody ended when believed: so that is
 * played for every moment at which jobs come in.
 *
 * @returns promises that were looked at
 */
export function checkPromises({ options, result }: Replay): number {
  let count = 0;
  for (const time of new Set(options.jobs.map(({ submitSeconds }) => submitSeconds))) {
    const present = options.jobs.flatMap(({ submitSeconds }, job) => (submitSeconds <= time ? [job] : []));
    const believed = simulate({
      ...options,
      jobs: present.map((at) => {
        const job = options.jobs[at]!;
        const { endSeconds } = result.jobs[at]!;
        if (job.estimateSeconds === undefined || (endSeconds !== null && endSeconds <= time)) return job;
        return { ...job, durationSeconds: job.estimateSeconds };
      }),
    });
    for (const [i, job] of present.entries()) {
      const promised = believed.jobs[i]!.startSeconds;
      if (promised === null || promised <= time) continue;
      count++;
      const { startSeconds } = result.jobs[job]!;
      if (startSeconds !== null && startSeconds <= promised) continue;
      throw new Error(`job ${job} starts at ${startSeconds} s; at ${time} s it was promised ${promised} s`);
    }
  }
  return count;
}
