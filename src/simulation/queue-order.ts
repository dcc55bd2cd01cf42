import type { JobTable } from './job-table.js';
import type { Queue } from './simulation-options.js';

/**
 * What a queue sorts by, smaller first; equal keys go by submission.
 *
 * @param remaining - the estimate of what is left, microseconds
 */
export function queueKey(queue: Queue, table: JobTable, job: number, remaining: number): number {
  switch (queue) {
    case 'fifo':
      return 0;
    case 'priority':
    case 'fair-share':
      return -table.priority[job]!;
    case 'shortest-remaining':
      return remaining;
    case 'fewest-gpus':
      return table.gpus[job]!;
    case 'remaining-gpus':
      return remaining * table.gpus[job]!;
  }
}
