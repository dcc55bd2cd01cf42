import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import {
  ettr,
  phase,
  type RecoverySteps,
  type RestartModelOptions,
  restartModel,
  simulateRestarts,
  spareWaitSeconds,
  wallShares,
  withSpareWait,
} from '../../../src/restart/index.js';
import {
  type JobCheckpoints,
  type SimulatedFailureLaw,
  type SimulateOptions,
  type SimulationMetrics,
  simulate,
} from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

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

interface Estimate {
  readonly mean: number;
  readonly halfWidth: number;
}

/** A figure of a job alone on the whole cluster, over 30 seeds: mean and half of its 99.9 % interval. */
function simulated(
  options: Partial<SimulateOptions>,
  figure: (metrics: SimulationMetrics) => number,
  checkpoints: JobCheckpoints = checkpoint,
): Estimate {
  const figures = Array.from({ length: RUNS }, (_, seed) => {
    const { metrics } = simulate({
      cluster,
      jobs: [{ submitSeconds: 0, durationSeconds: 600 * 3000, pods: 8, gpus: 4, checkpoint: checkpoints }],
      restart: { hidden, exposed },
      seed,
      ...options,
    });
    expect(metrics.finishedJobs).toBe(1);
    return figure(metrics);
  });
  const mean = figures.reduce((sum, x) => sum + x, 0) / RUNS;
  const variance = figures.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (RUNS - 1);
  return { mean, halfWidth: T_999 * Math.sqrt(variance / RUNS) };
}

const simulatedEttr = (options: Partial<SimulateOptions>, checkpoints?: JobCheckpoints): Estimate =>
  simulated(options, ({ ettr }) => ettr, checkpoints);

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

describe('a job alone with two tiers of checkpoints', () => {
  const durable = { snapshots: 6, stallSeconds: 40 };
  const twoTiers = { ...checkpoint, durable };
  const laws: SimulatedFailureLaw[] = [
    { name: 'reset', level: 'server', failuresPerSecond: 1 / 8000 / 8, memoryLost: false },
    { name: 'power', level: 'server', failuresPerSecond: 1 / 16_000 / 8 },
    { name: 'gpu', level: 'gpu', failuresPerSecond: 1 / 16_000 / 32 },
  ];
  const model = (classes: { readonly memory: number; readonly lost: number }) =>
    restartModel({
      ...twoTiers,
      hidden,
      exposed,
      failureClasses: [
        { failuresPerSecond: classes.memory },
        { failuresPerSecond: classes.lost, rollback: 'durable' },
      ],
    });

  it('goes back to the tier that the failure leaves, as the closed form does', () => {
    const exact = ettr(model({ memory: 1 / 8000 + 1 / 16_000, lost: 1 / 16_000 }));
    const { mean, halfWidth } = simulatedEttr({ failures: { laws } }, twoTiers);
    expect(Math.abs(mean - exact)).toBeLessThan(halfWidth);
    expect(halfWidth).toBeLessThan(0.01);
  });

  it.each([true, false])('hears where a law says whether memory is lost: %s', (memoryLost) => {
    const rate = 1 / 5000;
    const exact = ettr(model(memoryLost ? { memory: 0, lost: rate } : { memory: rate, lost: 0 }));
    const other = ettr(model(memoryLost ? { memory: rate, lost: 0 } : { memory: 0, lost: rate }));
    const all = laws.map((law) => ({ ...law, memoryLost, failuresPerSecond: 0 }));
    all[0]!.failuresPerSecond = rate / 16;
    all[2]!.failuresPerSecond = rate / 64;
    const { mean, halfWidth } = simulatedEttr({ failures: { laws: all } }, twoTiers);
    expect(Math.abs(mean - exact)).toBeLessThan(halfWidth);
    expect(Math.abs(mean - other)).toBeGreaterThan(halfWidth);
  });

  it('books what earlier runs kept, and a failure takes from memory, as recompute', () => {
    const shares = wallShares(model({ memory: 1 / 8000 + 1 / 16_000, lost: 1 / 16_000 }));
    const of = (bucket: 'productive' | 'checkpoint' | 'recompute' | 'restart'): Estimate =>
      simulated({ failures: { laws } }, ({ gpuHours }) => gpuHours[bucket] / gpuHours.held, twoTiers);
    const { lost } = shares;
    for (const [bucket, exact] of [
      ['productive', shares.productive],
      ['checkpoint', lost.stall],
      ['recompute', lost.recompute],
      ['restart', lost.detect + lost.reschedule + lost.launch + lost.load],
    ] as const) {
      const { mean, halfWidth } = of(bucket);
      expect(Math.abs(mean - exact), bucket).toBeLessThan(halfWidth);
    }
  });
});

describe('stalls on the way to work that is thrown away', () => {
  // A checkpoint every 20 s that takes 10 s, and a failure every 60 s: most stalls are in vain.
  const often = { computeSeconds: 20, stallSeconds: 10, persistLagSeconds: 15 };
  const rate = 1 / 60;
  const model = restartModel({ ...often, failuresPerSecond: rate });

  it('count as recompute in the closed form, its simulation and the simulation of a cluster', () => {
    const { productive, lost } = wallShares(model);
    const played = simulateRestarts(model, { seed: 1, commits: 200_000 });
    expect(played.lostSeconds.stall / played.wallSeconds).toBeCloseTo(lost.stall, 2);
    expect(played.lostSeconds.recompute / played.wallSeconds).toBeCloseTo(lost.recompute, 2);
    const of = (bucket: 'productive' | 'checkpoint' | 'recompute'): Estimate =>
      simulated(
        {
          failures: { laws: [{ name: 'job', level: 'job', failuresPerSecond: rate }] },
          restart: {},
          jobs: [{ submitSeconds: 0, durationSeconds: 60_000, pods: 8, gpus: 4, checkpoint: often }],
        },
        ({ gpuHours }) => gpuHours[bucket] / gpuHours.held,
      );
    for (const [bucket, exact] of [
      ['productive', productive],
      ['checkpoint', lost.stall],
      ['recompute', lost.recompute],
    ] as const) {
      const { mean, halfWidth } = of(bucket);
      expect(Math.abs(mean - exact), bucket).toBeLessThan(halfWidth);
      expect(halfWidth).toBeLessThan(0.01);
    }
    // Every useful 20 s need exactly one stall of 10 s.
    expect(lost.stall).toBeCloseTo(productive / 2, 12);
  });
});

describe('a job alone with spares', () => {
  const REPAIR = 4000;
  const RATE = 1 / 100_000;
  const SERVERS = 20;
  const path = {
    hidden: { detect: phase.exponential(2), reschedule: phase.exponential(5) },
    exposed: { launch: phase.exponential(30), load: phase.fixed(20) },
  };
  const withSpares = (
    spareServers: number,
    repair = phase.exponential(REPAIR),
  ): Partial<SimulateOptions> => ({
    cluster: oneGpuServers(SERVERS + spareServers),
    jobs: [{ submitSeconds: 0, durationSeconds: 3e6, pods: SERVERS, gpus: 1, checkpoint }],
    restart: { ...path, holdSeconds: 1e9 },
    failures: {
      laws: [{ name: 'server', level: 'server', failuresPerSecond: RATE, repair }],
      spareServers,
    },
  });
  const modelOf = (hiddenSteps: RecoverySteps): number =>
    ettr(
      restartModel({
        ...checkpoint,
        failuresPerSecond: SERVERS * RATE,
        hidden: hiddenSteps,
        exposed: path.exposed,
      }),
    );

  it('that never run out is as productive as the closed form says', () => {
    const { mean, halfWidth } = simulatedEttr(withSpares(8));
    expect(Math.abs(mean - modelOf(path.hidden))).toBeLessThan(halfWidth);
    expect(halfWidth).toBeLessThan(0.003);
  });

  it.each([1, 2, 3])('%i of them, waits for a spare as long as the closed form says', (spares) => {
    const wait = spareWaitSeconds({
      failuresPerSecond: (SERVERS + spares) * RATE,
      repairSeconds: REPAIR,
      spares,
    });
    const { hidden: waiting } = withSpareWait(path, { stockOut: 1, wait: phase.fixed(wait) });
    const { mean, halfWidth } = simulatedEttr(withSpares(spares));
    expect(Math.abs(mean - modelOf(waiting))).toBeLessThan(halfWidth);
    // Without the wait it would be wrong.
    expect(modelOf(path.hidden) - mean).toBeGreaterThan(halfWidth);
  });

  it.each([0, 1, 2, 3])(
    '%i of them, runs while enough servers are well, however long repairs are',
    (spares) => {
      // Hardware fails whatever runs: each server is out by itself, for a share 1 - e^(-λR) of the time.
      const [servers, rate, repairSeconds] = [6, 1 / 20_000, 3000];
      const out = 1 - Math.exp(-rate * repairSeconds);
      let term = (1 - out) ** (servers + spares);
      let enough = 0;
      for (let k = 0; k <= spares; k++) {
        enough += term;
        term *= (((servers + spares - k) / (k + 1)) * out) / (1 - out);
      }
      for (const repair of [phase.exponential(repairSeconds), phase.fixed(repairSeconds)]) {
        const { mean, halfWidth } = simulatedEttr({
          ...withSpares(spares),
          cluster: oneGpuServers(servers + spares),
          jobs: [
            {
              submitSeconds: 0,
              durationSeconds: 1e6,
              pods: servers,
              gpus: 1,
              checkpoint: { computeSeconds: 1 },
            },
          ],
          restart: { holdSeconds: 1e9 },
          failures: {
            laws: [{ name: 'server', level: 'server', failuresPerSecond: rate, repair }],
            spareServers: spares,
          },
        });
        expect(Math.abs(mean - enough)).toBeLessThan(halfWidth);
      }
    },
  );
});
