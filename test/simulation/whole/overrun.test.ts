import { describe, expect, it } from 'vitest';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { refusedAs } from '../../restart/refusals.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const run = (jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}) =>
  simulate({ cluster: oneGpuServers(4), overrunSecondsMax: 0, jobs, ...options });
const long: SimulationJob = { submitSeconds: 0, durationSeconds: 100, estimateSeconds: 60, pods: 2, gpus: 1 };

describe('jobs that are killed at their estimate', () => {
  it('end there, are not done, and give back their GPUs', () => {
    const { jobs, metrics } = run([long, { ...long, pods: 4, estimateSeconds: 100 }]);
    expect(jobs[0]).toMatchObject({ outcome: 'killed', startSeconds: 0, endSeconds: null });
    expect(jobs[0]!.runs).toMatchObject([{ startSeconds: 0, endSeconds: 60, ended: 'killed' }]);
    // Who takes exactly as long as it said is done.
    expect(jobs[1]).toMatchObject({ outcome: 'finished', startSeconds: 60, endSeconds: 160 });
    expect(metrics).toMatchObject({ jobs: 2, finishedJobs: 1, killedJobs: 1 });
    expect(metrics.completionSeconds.mean).toBe(160);
    expect(metrics.waitSeconds.mean).toBe(30);
    expect(metrics.gpuHours.recompute).toBeCloseTo((2 * 60) / 3600, 9);
  });

  it('are over like those that finish: nothing is waited for after them', () => {
    let left: number | undefined;
    run([long, { ...long, estimateSeconds: 100 }], {
      onProgress: ({ jobs, finishedJobs }) => {
        left = jobs - finishedJobs;
      },
    });
    expect(left).toBe(0);
  });

  it('have so many seconds more as are granted', () => {
    expect(run([long], { overrunSecondsMax: 39 }).jobs[0]!.runs[0]).toMatchObject({
      endSeconds: 99,
      ended: 'killed',
    });
    expect(run([long], { overrunSecondsMax: 40 }).jobs[0]!.outcome).toBe('finished');
    const { overrunSecondsMax: _, ...rest } = { overrunSecondsMax: 0 };
    expect(run([long], { ...rest, overrunSecondsMax: undefined }).jobs[0]!.outcome).toBe('finished');
  });

  it('have no limit without an estimate', () => {
    const { estimateSeconds: _, ...open } = long;
    expect(run([open]).jobs[0]!.outcome).toBe('finished');
  });

  it('keep what a checkpoint saved as productive', () => {
    const checkpoint = { computeSeconds: 25 };
    const { metrics } = run([{ ...long, checkpoint }]);
    expect(metrics.gpuHours.productive).toBeCloseTo((2 * 50) / 3600, 9);
    expect(metrics.gpuHours.recompute).toBeCloseTo((2 * 10) / 3600, 9);
  });

  it('have longer on fewer pods', () => {
    const elastic = { ...long, pods: 4, podsMin: 1 };
    const blocker = { submitSeconds: 0, durationSeconds: 1000, gpus: 1, pods: 2 };
    // Half the pods: 120 s instead of 60.
    expect(run([blocker, elastic]).jobs[1]!.runs[0]).toMatchObject({ endSeconds: 120, ended: 'killed' });
  });

  it('keep what EASY promises, however low the estimates are', () => {
    const small = Array.from(
      { length: 20 },
      (_, i): SimulationJob => ({
        submitSeconds: 20 + 9 * i,
        durationSeconds: 400,
        estimateSeconds: 40,
        gpus: 1,
      }),
    );
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 100, gpus: 1, pods: 2 },
      { submitSeconds: 10, durationSeconds: 10, gpus: 1, pods: 4 },
      ...small,
    ];
    const bigStart = (options: Partial<SimulateOptions>): number =>
      run(jobs, { backfill: 'easy', ...options }).jobs[1]!.startSeconds!;
    expect(bigStart({})).toBe(100);
    expect(bigStart({ overrunSecondsMax: undefined })).toBeGreaterThan(400);
  });

  it('refuses a time below 0', () => {
    expect(() => run([long], { overrunSecondsMax: -1 })).toThrow(
      refusedAs('invalid-option', ['overrunSecondsMax']),
    );
  });
});
