import { describe, expect, it } from 'vitest';
import { phase } from '../../src/restart/index.js';
import { studentQuantile, studentWithin } from '../../src/simulation/compare.js';
import { type CompareOptions, compare, type SimulationJob, simulate } from '../../src/simulation/index.js';
import { oneGpuServers } from './one-gpu-servers.js';
import { drawsOf } from './whole/swarm.js';

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
      untilSeconds: 1e6,
      replications: 3,
    });
    expect(failing[2]!.digests).toEqual(failing[0]!.digests);
    expect(new Set(failing[0]!.digests).size).toBe(3);
  });

  it('knows no mean of what is not known, and how many jobs it is not known of', () => {
    // One GPU, held to the end; nobody else starts.
    const [first, second, third] = compare({
      cluster: oneGpuServers(1),
      jobs: [0, 1, 2].map((submitSeconds) => ({ submitSeconds, durationSeconds: 1000, gpus: 1 })),
      policies: { fifo: {}, again: {}, other: { queue: 'priority', linkSharing: false, untilSeconds: 50 } },
      untilSeconds: 100,
      replications: 3,
    });
    expect(first!.figures.waitP95Seconds).toEqual({
      mean: Number.POSITIVE_INFINITY,
      halfWidth: Number.POSITIVE_INFINITY,
    });
    expect(first!.figures.waitCensoredJobs).toEqual({ mean: 2, halfWidth: 0 });
    expect(first!.figures.waitMeanSeconds.mean).toBeCloseTo((99 + 98) / 3, 9);
    expect(first!.figures.completionCensoredJobs.mean).toBe(3);
    expect(second!.differences.waitP95Seconds).toEqual({ mean: 0, halfWidth: 0 });
    expect(third!.differences.waitP95Seconds).toEqual({
      mean: Number.NaN,
      halfWidth: Number.POSITIVE_INFINITY,
    });
  });

  it('takes figures over a window', () => {
    const metrics = { window: { fromSeconds: 1000, untilSeconds: 2000 } };
    const [windowed] = compare({ ...options, metrics });
    const means = Array.from(
      { length: 12 },
      (_, r) => simulate({ cluster, jobs: jobs(5 + r), seed: 5 + r, metrics }).metrics.utilisation,
    );
    expect(windowed!.figures.utilisation.mean).toBeCloseTo(means.reduce((sum, x) => sum + x, 0) / 12, 12);
    expect(windowed!.digests).toEqual(fifo!.digests);
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
    expect(wrong({ policies: { a: {}, b: { metrics: {} } } })).toEqual(['policies', 'b', 'metrics']);
    expect(wrong({ seed: Number.MAX_SAFE_INTEGER })).toEqual(['seed']);
    expect(wrong({ seed: 0.5 })).toEqual(['seed']);
  });
});

describe('the intervals of compare', () => {
  const EXPERIMENTS = 1000;
  const REPLICATIONS = 10;

  it(`hold the truth in 95 % of ${EXPERIMENTS} experiments, seeds in a row`, () => {
    // A job of so many cycles of compute fails now and then and goes back to its last checkpoint: a cycle takes
    // (e^(λc) − 1) / λ, and (1 + λH) times that where every failure costs H more.
    const [cycles, computeSeconds, failuresPerSecond, hiddenSeconds] = [60, 100, 1 / 200, 20];
    const cycle = Math.expm1(failuresPerSecond * computeSeconds) / failuresPerSecond;
    const truth = cycles * cycle;
    const difference = truth * failuresPerSecond * hiddenSeconds;
    const inside = { figures: 0, differences: 0 };
    for (let i = 0; i < EXPERIMENTS; i++) {
      const [bare, slow] = compare({
        cluster: oneGpuServers(1),
        jobs: [
          {
            submitSeconds: 0,
            durationSeconds: cycles * computeSeconds,
            gpus: 1,
            checkpoint: { computeSeconds },
          },
        ],
        failures: { laws: [{ name: 'job', level: 'job', failuresPerSecond }] },
        policies: { bare: {}, slow: { restart: { hidden: { detect: phase.fixed(hiddenSeconds) } } } },
        replications: REPLICATIONS,
        seed: i * REPLICATIONS,
      });
      const holds = ({ mean, halfWidth }: { mean: number; halfWidth: number }, value: number): boolean =>
        Math.abs(mean - value) <= halfWidth;
      if (holds(bare!.figures.makespanSeconds, truth)) inside.figures++;
      if (holds(slow!.differences.makespanSeconds, difference)) inside.differences++;
    }
    // Three standard errors of a share of 0.95 among a thousand: 2.1 %.
    const error = Math.sqrt((0.95 * 0.05) / EXPERIMENTS);
    expect(Math.abs(inside.figures / EXPERIMENTS - 0.95), JSON.stringify(inside)).toBeLessThan(3 * error);
    expect(Math.abs(inside.differences / EXPERIMENTS - 0.95), JSON.stringify(inside)).toBeLessThan(3 * error);
  }, 120_000);
});

describe('studentQuantile', () => {
  it('is what tables print', () => {
    const table: readonly (readonly [degrees: number, probability: number, t: number])[] = [
      [1, 0.95, 12.7062],
      [2, 0.95, 4.30265],
      [3, 0.95, 3.18245],
      [9, 0.95, 2.26216],
      [29, 0.999, 3.65941],
      [100, 0.99, 2.62589],
    ];
    for (const [degrees, probability, t] of table) {
      expect(studentQuantile(probability, degrees)).toBeCloseTo(t, 4);
    }
  });
});

describe('studentWithin', () => {
  it('is the quantile the other way round, and grows with t', () => {
    for (const degrees of [1, 2, 3, 4, 7, 30]) {
      expect(studentWithin(studentQuantile(0.9, degrees), degrees)).toBeCloseTo(0.9, 12);
      expect(studentWithin(0, degrees)).toBe(0);
      expect(studentWithin(1e9, degrees)).toBeCloseTo(1, 6);
    }
  });
});
