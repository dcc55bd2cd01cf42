import { describe, expect, it } from 'vitest';
import { phase } from '../../src/restart/index.js';
import {
  type SimulateOptions,
  type SimulationJob,
  simulate,
  type VictimRule,
} from '../../src/simulation/index.js';
import { oneGpuServers } from './one-gpu-servers.js';

const checkpoint = { computeSeconds: 100, stallSeconds: 0 };
/** Three jobs that fill six GPUs, and one of priority 2 that comes at second 150 and needs two. */
const jobs: readonly SimulationJob[] = [
  { id: 'old', submitSeconds: 0, durationSeconds: 1000, pods: 2, gpus: 1, priority: 1, checkpoint },
  { id: 'fresh', submitSeconds: 45, durationSeconds: 1000, pods: 2, gpus: 1, priority: 1, checkpoint },
  { id: 'late', submitSeconds: 50, durationSeconds: 1000, pods: 2, gpus: 1, priority: 1 },
  { id: 'urgent', submitSeconds: 150, durationSeconds: 10, pods: 2, gpus: 1, priority: 2 },
];

function preempted(rule: VictimRule, options: Partial<SimulateOptions> = {}): string[] {
  const result = simulate({
    cluster: oneGpuServers(6),
    jobs,
    queue: 'priority',
    preemption: { victims: rule },
    preempted: 'checkpoint',
    ...options,
  });
  expect(result.jobs[3]!.startSeconds).toBe(150);
  return result.jobs.filter((job) => job.preemptions > 0).map((job) => job.id);
}

describe('preemption by priority', () => {
  it('stops whoever loses the fewest GPU-hours', () => {
    // At second 150 old has lost 50 s of compute since its checkpoint, fresh 5, late all of its 100.
    expect(preempted('restart-cost')).toEqual(['fresh']);
  });

  it('counts the restart on all GPUs of a victim, where progress is kept', () => {
    const sizes = [3, 1, 2, 2];
    const sized = jobs.map((job, i) => ({ ...job, pods: sizes[i]! }));
    // One GPU is not enough, two are: the smaller victim goes on.
    expect(
      preempted('restart-cost', {
        preempted: 'kept',
        restart: { exposed: phase.fixed(30) },
        jobs: sized,
      }),
    ).toEqual(['late']);
    expect(preempted('fewest-gpus', { jobs: sized })).toEqual(['late']);
  });

  it('stops the lowest priority, or the youngest', () => {
    const lower = jobs.map((job) => (job.id === 'old' ? { ...job, priority: 0 } : job));
    expect(preempted('lowest-priority', { jobs: lower })).toEqual(['old']);
    expect(preempted('youngest')).toEqual(['late']);
  });

  it('takes the lost compute up again after the last checkpoint', () => {
    const { jobs: results, metrics } = simulate({
      cluster: oneGpuServers(6),
      jobs,
      queue: 'priority',
      preemption: { victims: 'restart-cost' },
      preempted: 'checkpoint',
      restart: { exposed: phase.fixed(30) },
    });
    // Stopped at 150 with 100 of 105 s saved, back at 160 after urgent, 30 s of restart, 900 s to go.
    expect(results[1]!.endSeconds).toBe(160 + 30 + 900);
    expect(metrics.gpuHours.recompute).toBeCloseTo((2 * 5) / 3600, 9);
    expect(metrics.gpuHours.restart).toBeCloseTo((2 * 30) / 3600, 9);
  });

  it('stops nobody if all of lower priority are not enough, and none of its own', () => {
    const many = jobs.map((job) =>
      job.id === 'urgent'
        ? { ...job, pods: 6, priority: 1 }
        : job.id === 'late'
          ? { ...job, priority: 0 }
          : job,
    );
    const result = simulate({
      cluster: oneGpuServers(6),
      jobs: many,
      queue: 'priority',
      preemption: { victims: 'lowest-priority' },
      until: 500,
    });
    expect(result.metrics.preemptions).toBe(0);
  });
});
