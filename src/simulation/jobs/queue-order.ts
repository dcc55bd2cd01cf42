import type { Queue } from '../options/simulation-options.js';
import type { JobTable } from './job-table.js';

const HOUR_MICROS = 3_600_000_000;

/** What the order of a queue depends on. */
export interface QueueOrder {
  readonly queue: Queue;
  /** What the priority of a waiting job rises by. */
  readonly priorityPerHour: number;
}

/**
 * What a queue sorts by, smaller first; equal keys go by submission.
 *
 * Priorities that age rise together, by the hour, so that the order of two jobs never changes: what counts is the priority
 * that each would have had at time 0.
 *
 * @param remaining - the estimate of what is left, microseconds
 */
export function queueKey(order: QueueOrder, table: JobTable, job: number, remaining: number): number {
  switch (order.queue) {
    case 'fifo':
      return 0;
    case 'priority':
    case 'fair-share':
      return (order.priorityPerHour * table.submit[job]!) / HOUR_MICROS - table.priority[job]!;
    case 'shortest-remaining':
      return remaining;
    case 'fewest-gpus':
      return table.gpus[job]!;
    case 'remaining-gpus':
      return remaining * table.gpus[job]!;
  }
}

/**
 * The priority that a job has had since it began: what it had aged to, so that who came to the front by waiting is not
 * stopped for the next in line.
 *
 * @param begin - when its run began, microseconds
 */
export function priorityAtBegin(order: QueueOrder, table: JobTable, job: number, begin: number): number {
  return table.priority[job]! + (order.priorityPerHour * (begin - table.submit[job]!)) / HOUR_MICROS;
}
