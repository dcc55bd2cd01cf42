import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../src/index.js';
import { ettr, phase, type RestartModelOptions, restartModel } from '../../src/restart/index.js';
import { type SimulatedFailureLaw, type SimulateOptions, simulate } from '../../src/simulation/index.js';
import { gpuBox } from '../placement/random-cluster.js';

const RUNS = 30;
/** Student's t for 29 degrees of freedom, two-sided 99.9 %. */
const T_999 = 3.6594;

const hidden = { detect: phase.exponential(10), reschedule: phase.fixed(60) };
const exposed = { launch: phase.maximum(64, phase.exponential(5)), load: phase.gamma(4, 10) };
const checkpoint = { computeSeconds: 600, stallSeconds: 5, persistLagSeconds: 7 };

const cluster = clusterTopology({
  tiers: ['rack'],
  types: { four: gpuBox(4) },
  servers: Array.from({ length: 8 }, (_, i) => ({
    id: `s${i}`,
    type: 'four',
    domains: { rack: `r${Math.floor(i / 4)}` },
  })),
});

/** ETTR of a job alone on the whole cluster, over 30 seeds: mean and half of its 99.9 % interval. */
function simulatedEttr(options: Partial<SimulateOptions>): { mean: number; halfWidth: number } {
  const ratios = Array.from({ length: RUNS }, (_, seed) => {
    const { metrics } = simulate({
      cluster,
      jobs: [{ submitSeconds: 0, durationSeconds: 600 * 3000, pods: 8, gpus: 4, checkpoint }],
      restart: { hidden, exposed },
      seed,
      ...options,
    });
    expect(metrics.finishedJobs).toBe(1);
    return metrics.ettr;
  });
  const mean = ratios.reduce((sum, x) => sum + x, 0) / RUNS;
  const variance = ratios.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (RUNS - 1);
  return { mean, halfWidth: T_999 * Math.sqrt(variance / RUNS) };
}

function expectSameAs(model: Partial<RestartModelOptions>, laws: readonly SimulatedFailureLaw[]): void {
  const exact = ettr(restartModel({ ...checkpoint, hidden, exposed, ...model } as RestartModelOptions));
  const { mean, halfWidth } = simulatedEttr({ failures: { laws } });
  expect(Math.abs(mean - exact)).toBeLessThan(halfWidth);
  expect(halfWidth).toBeLessThan(0.01);
}

describe('a job alone', () => {
  it('is productive as long as the closed form says, where jobs fail by themselves', () => {
    expectSameAs({ failuresPerSecond: 1 / 5000 }, [
      { name: 'job', level: 'job', failuresPerSecond: 1 / 5000 },
    ]);
  });

  it('counts the failures of a job by its GPUs and by its servers', () => {
    expectSameAs({ failuresPerSecond: 1 / 5000 }, [
      { name: 'gpu', level: 'job', per: 'gpu', failuresPerSecond: 1 / 10_000 / 32 },
      { name: 'server', level: 'job', per: 'server', failuresPerSecond: 1 / 10_000 / 8 },
    ]);
  });

  it('is as productive where GPUs, servers and racks fail at the same rate in all', () => {
    expectSameAs({ failuresPerSecond: 1 / 5000 }, [
      { name: 'gpu', level: 'gpu', failuresPerSecond: 1 / 20_000 / 32 },
      { name: 'server', level: 'server', failuresPerSecond: 1 / 20_000 / 8 },
      { name: 'rack', level: { tier: 'rack' }, failuresPerSecond: 1 / 20_000 / 2 },
      { name: 'switch', level: { tier: 'rack' }, per: 'server', failuresPerSecond: 1 / 20_000 / 8 },
    ]);
  });

  it('detects each kind of failure in its own time', () => {
    const slow = phase.fixed(600);
    expectSameAs(
      {
        failureClasses: [
          { failuresPerSecond: 1 / 8000 },
          { failuresPerSecond: 1 / 8000, hidden: { ...hidden, detect: slow } },
        ],
      },
      [
        { name: 'crash', level: 'job', failuresPerSecond: 1 / 8000 },
        { name: 'hang', level: 'job', failuresPerSecond: 1 / 8000, detect: slow },
      ],
    );
  });

  it('is not hit again by hardware while nothing of it is up', () => {
    const long = { reschedule: phase.fixed(4000) };
    const exact = ettr(restartModel({ ...checkpoint, hidden: long, failuresPerSecond: 1 / 5000 }));
    const { mean, halfWidth } = simulatedEttr({
      failures: { laws: [{ name: 'server', level: 'server', failuresPerSecond: 1 / 5000 / 8 }] },
      restart: { hidden: long },
    });
    expect(Math.abs(mean - exact)).toBeLessThan(halfWidth);
    expect(halfWidth).toBeLessThan(0.02);
  });

  it('is not as productive if the closed form is told another rate', () => {
    const exact = ettr(restartModel({ ...checkpoint, hidden, exposed, failuresPerSecond: 1 / 4000 }));
    const { mean, halfWidth } = simulatedEttr({
      failures: { laws: [{ name: 'job', level: 'job', failuresPerSecond: 1 / 5000 }] },
    });
    expect(Math.abs(mean - exact)).toBeGreaterThan(halfWidth);
  });
});
