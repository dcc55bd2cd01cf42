import type { Queue } from '../options/simulation-options.js';
import type { JobTable } from './job-table.js';

const HOUR_MICROS = 3_600_000_000;

/** The settings that the order of a queue depends on. */
export interface QueueOrder {
  readonly queue: Queue;
  /** The rise of the priority of a waiting job. */
  readonly priorityPerHour: number;
}

/**
 * The key that a queue sorts by, smaller first; equal keys go by submission.
 *
 * All waiting priorities rise at one rate, so the order of two jobs never changes. The key is the priority that the job would have had
 * at time 0.
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
 * The priority of a running job: what it had risen to when it began. So a job that reached the front by waiting is not stopped for the
 * next one in the queue.
 *
 * @param begin - when its run began, microseconds
 */
export function priorityAtBegin(order: QueueOrder, table: JobTable, job: number, begin: number): number {
  return table.priority[job]! + (order.priorityPerHour * (begin - table.submit[job]!)) / HOUR_MICROS;
}
