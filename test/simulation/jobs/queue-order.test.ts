import { describe, expect, it } from 'vitest';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { refusedAs } from '../../restart/refusals.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const job = (submitSeconds: number, priority: number): SimulationJob => ({
  submitSeconds,
  durationSeconds: 3600,
  gpus: 1,
  priority,
});

/** When each of some jobs starts on one GPU. */
function starts(jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}): number[] {
  const result = simulate({ cluster: oneGpuServers(1), queue: 'priority', ...options, jobs });
  return result.jobs.map(({ startSeconds }) => startSeconds! / 3600);
}

describe('priorities that age', () => {
  /** A job of priority 0 at second 1, and one of priority 5 at the beginning of every hour. */
  const stream = [job(0, 5), job(1, 0), ...Array.from({ length: 9 }, (_, i) => job(3600 * (i + 1), 5))];

  it('bring a job to the front that would wait for all that come later', () => {
    expect(starts(stream)[1]).toBe(10);
    // Two a hour: after 2.5 hours it passes those that come then.
    expect(starts(stream, { priorityPerHour: 2 })[1]).toBe(3);
    expect(starts(stream, { priorityPerHour: 1 })[1]).toBe(6);
    expect(starts(stream, { priorityPerHour: 2, queue: 'fair-share' })[1]).toBe(3);
  });

  it('leave whom a job may stop to the priorities as given', () => {
    const preemption = { victims: 'youngest', runSecondsMin: 0 } as const;
    // The aged one starts after three hours, and makes room for the next of priority 5.
    const aged = simulate({
      cluster: oneGpuServers(1),
      queue: 'priority',
      jobs: [job(0, 0), job(1, 0)],
      priorityPerHour: 1000,
      preemption,
    });
    expect(aged.metrics.preemptions).toBe(0);
    const result = simulate({
      cluster: oneGpuServers(1),
      queue: 'priority',
      jobs: [job(0, 0), job(1800, 1)],
      priorityPerHour: 1000,
      preemption,
    });
    // The older is first in the queue but does not hold its place against a higher priority when it runs.
    expect(result.jobs[1]!.startSeconds).toBe(1800);
  });

  it('are refused where no priority counts', () => {
    const refused = (options: object) => () => starts(stream, options);
    const error = refusedAs('invalid-option', ['priorityPerHour']);
    expect(refused({ queue: 'fifo', priorityPerHour: 1 })).toThrow(error);
    expect(refused({ priorityPerHour: -1 })).toThrow(error);
  });
});
