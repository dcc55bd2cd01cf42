import { describe, expect, it } from 'vitest';
import { phase } from '../../src/restart/index.js';
import { type CompareOptions, compare, type SimulationJob, simulate } from '../../src/simulation/index.js';
import { oneGpuServers } from './one-gpu-servers.js';
import { drawsOf } from './swarm.js';

const cluster = oneGpuServers(16);
const jobs = (seed: number): SimulationJob[] => {
  const draw = drawsOf(seed);
  return Array.from({ length: 60 }, () => ({
    submitSeconds: draw.between(0, 3000),
    durationSeconds: draw.between(1, 600),
    pods: draw.between(1, 12),
    gpus: 1,
  }));
};
const options: CompareOptions = {
  cluster,
  jobs,
  policies: { fifo: {}, again: {}, easy: { backfill: 'easy' } },
  replications: 12,
  seed: 5,
};

describe('compare', () => {
  const [fifo, again, easy] = compare(options);

  it('finds no difference at all between a policy and itself', () => {
    expect(again!.digests).toEqual(fifo!.digests);
    for (const { mean, halfWidth } of Object.values(again!.differences)) {
      expect([mean, halfWidth]).toEqual([0, 0]);
    }
  });

  it('is sure that backfill waits less, more so from differences than from figures', () => {
    const { mean, halfWidth } = easy!.differences.waitMeanSeconds;
    expect(mean + halfWidth).toBeLessThan(0);
    expect(mean).toBeCloseTo(easy!.figures.waitMeanSeconds.mean - fifo!.figures.waitMeanSeconds.mean, 6);
    expect(halfWidth).toBeLessThan(
      easy!.figures.waitMeanSeconds.halfWidth + fifo!.figures.waitMeanSeconds.halfWidth,
    );
  });

  it('simulates what simulate does with the same seed', () => {
    expect(easy!.digests[2]).toBe(simulate({ cluster, jobs: jobs(7), backfill: 'easy', seed: 7 }).digest);
  });

  it('shows all policies the same failures of hardware', () => {
    const failing = compare({
      ...options,
      jobs: [{ submitSeconds: 0, durationSeconds: 1e5, pods: 4, gpus: 1 }],
      failures: {
        laws: [
          { name: 'server', level: 'server', failuresPerSecond: 1 / 1e5, repair: phase.exponential(50) },
        ],
      },
      until: 1e6,
      replications: 3,
    });
    expect(failing[2]!.digests).toEqual(failing[0]!.digests);
    expect(new Set(failing[0]!.digests).size).toBe(3);
  });

  it('refuses what it cannot compare', () => {
    const wrong = (change: object): unknown => {
      try {
        return compare({ ...options, ...change } as CompareOptions);
      } catch (error) {
        return (error as { path: unknown }).path;
      }
    };
    expect(wrong({ policies: { fifo: {} } })).toEqual(['policies']);
    expect(wrong({ replications: 1 })).toEqual(['replications']);
    expect(wrong({ confidence: 1 })).toEqual(['confidence']);
    expect(wrong({ queue: 'lifo' })).toEqual(['queue']);
    expect(wrong({ queues: 'fifo' })).toEqual(['queues']);
    expect(wrong({ policies: { a: {}, b: { seed: 1 } } })).toEqual(['policies', 'b', 'seed']);
    expect(wrong({ policies: { a: {}, b: { jobs: [] } } })).toEqual(['policies', 'b', 'jobs']);
  });
});
