import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import {
  type SimulateOptions,
  type SimulationJob,
  type SimulationMetrics,
  simulate,
} from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { refusedAs } from '../../restart/refusals.js';
import { oneGpuServers } from '../one-gpu-servers.js';
import { swarmOptions } from '../whole/swarm.js';

const HOUR = 3600;
const job = (
  submitSeconds: number,
  durationSeconds: number,
  pods: number,
  more: Partial<SimulationJob> = {},
) => ({
  submitSeconds,
  durationSeconds,
  pods,
  gpus: 1,
  ...more,
});

describe('metrics of a queue', () => {
  // Two GPUs: A runs 0 … 10, B waits for both and runs 10 … 30, C behind it 30 … 34.
  const { metrics } = simulate({
    cluster: oneGpuServers(2),
    jobs: [job(0, 10, 1, { tenant: 'x' }), job(1, 20, 2, { tenant: 'y' }), job(2, 4, 1, { tenant: 'x' })],
  });

  it('are those worked out by hand', () => {
    // Waits 0, 9, 28; completions 10, 29, 32; slowdowns 10/10, 29/20, 32/10 (4 s count as 10).
    expect(metrics.waitSeconds).toMatchObject({ count: 3, mean: 37 / 3, min: 0, p50: 9, p90: 28, max: 28 });
    expect(metrics.completionSeconds).toMatchObject({ count: 3, mean: 71 / 3, min: 10, p50: 29, max: 32 });
    expect(metrics.slowdown).toMatchObject({ min: 1, p50: 1.45, max: 3.2 });
    expect(metrics.endSeconds).toBe(34);
    expect(metrics.makespanSeconds).toBe(34);
    // 10 + 2 · 20 + 4 GPU-seconds of 2 · 34.
    expect(metrics.gpuHours.held).toBeCloseTo(54 / HOUR, 12);
    expect(metrics.gpuHours.productive).toBeCloseTo(54 / HOUR, 12);
    expect(metrics.utilisation).toBeCloseTo(54 / 68, 12);
    expect(metrics.goodput).toBeCloseTo(54 / 68, 12);
    expect(metrics).toMatchObject({ jobs: 3, finishedJobs: 3, preemptions: 0, failures: 0, ettr: 1 });
  });

  it('are kept apart by tenant', () => {
    expect(Object.keys(metrics.byTenant)).toEqual(['x', 'y']);
    expect(metrics.byTenant.x).toMatchObject({ jobs: 2, waitSeconds: { mean: 14, max: 28 } });
    expect(metrics.byTenant.x!.gpuHours.held).toBeCloseTo(14 / HOUR, 12);
    expect(metrics.byTenant.y).toMatchObject({ jobs: 1, waitSeconds: { mean: 9 } });
    expect(metrics.byTenant.y!.gpuHours.held).toBeCloseTo(40 / HOUR, 12);
  });

  it('begin with the first arrival', () => {
    const later = simulate({ cluster: oneGpuServers(2), jobs: [job(100, 10, 1)] }).metrics;
    expect(later).toMatchObject({ endSeconds: 110, makespanSeconds: 10, utilisation: 0.5, goodput: 0.5 });
  });

  it('are all 0 where nothing happened', () => {
    const { utilisation, goodput, makespanSeconds, ettr, waitSeconds } = simulate({
      cluster: oneGpuServers(2),
      jobs: [],
    }).metrics;
    expect([utilisation, goodput, makespanSeconds, ettr, waitSeconds.count]).toEqual([0, 0, 0, 1, 0]);
  });
});

describe('metrics of jobs that are stopped', () => {
  // X computes 0 … 10, 11 … 21 and 22 … 25, stalled for a second between; Y takes its GPU 25 … 30. X has 20 s saved, 3 s are
  // lost, and what is left takes 80 s and 7 stalls: 30 … 117.
  const stopped: SimulateOptions = {
    cluster: oneGpuServers(1),
    jobs: [
      job(0, 100, 1, { checkpoint: { computeSeconds: 10, stallSeconds: 1 } }),
      job(25, 5, 1, { priority: 1 }),
    ],
    queue: 'priority',
    preemption: { victims: 'youngest' },
    preempted: 'checkpoint',
  };
  const { jobs, metrics } = simulate(stopped);
  const gpuSeconds = ({ gpuHours }: SimulationMetrics): Record<string, number> =>
    Object.fromEntries(
      Object.entries(gpuHours).map(([bucket, hours]) => [bucket, Math.round(hours * HOUR * 1e6) / 1e6]),
    );

  it('book every GPU-second they held, by hand', () => {
    expect(jobs.map(({ endSeconds }) => endSeconds)).toEqual([117, 30]);
    expect(gpuSeconds(metrics)).toEqual({
      held: 117,
      productive: 105,
      checkpoint: 9,
      recompute: 3,
      restart: 0,
      slowdown: 0,
    });
    expect(metrics.ettr).toBeCloseTo(105 / 122, 12);
    expect(metrics).toMatchObject({ preemptions: 1, utilisation: 1 });
    expect(metrics.goodput).toBeCloseTo(105 / 117, 12);
  });

  it('book in a window what happens in it', () => {
    const within = (fromSeconds: number, untilSeconds: number): SimulationMetrics =>
      simulate({ ...stopped, metrics: { window: { fromSeconds, untilSeconds } } }).metrics;
    // X computes 5 … 10, is stalled, computes 11 … 21, is stalled, and computes 22 … 23 for nothing.
    const early = within(5, 23);
    expect(gpuSeconds(early)).toEqual({
      held: 18,
      productive: 15,
      checkpoint: 2,
      recompute: 1,
      restart: 0,
      slowdown: 0,
    });
    expect(early).toMatchObject({ jobs: 0, preemptions: 0, utilisation: 1 });
    expect(early.goodput).toBeCloseTo(15 / 18, 12);
    expect(early.window).toEqual({ fromSeconds: 5, untilSeconds: 23 });
    // X computes 23 … 25 for nothing and is stopped; Y 25 … 30; X again 30 … 35.
    const late = within(23, 35);
    expect(gpuSeconds(late)).toMatchObject({ held: 12, productive: 10, recompute: 2 });
    expect(late).toMatchObject({
      jobs: 1,
      finishedJobs: 1,
      preemptions: 1,
      waitSeconds: { count: 1, max: 0 },
    });
    expect(late.byGpuModel).toEqual({
      A: { gpus: 1, heldGpuHours: 12 / HOUR, utilisation: 1 },
    });
  });

  it('count a restart on the GPUs as such', () => {
    // As above, and X needs 6 s on its GPU before it computes again: 30 … 36 … 123.
    const slow = simulate({
      cluster: oneGpuServers(1),
      jobs: [
        job(0, 100, 1, { checkpoint: { computeSeconds: 10, stallSeconds: 1 } }),
        job(25, 5, 1, { priority: 1 }),
      ],
      queue: 'priority',
      preemption: { victims: 'youngest' },
      restart: { exposed: phase.fixed(6) },
    });
    // Kept by default: nothing is lost, 23 s are saved; 77 s and 7 stalls are left.
    expect(slow.jobs[0]!.endSeconds).toBe(30 + 6 + 84);
    expect(slow.metrics.gpuHours.restart).toBeCloseTo(6 / HOUR, 12);
    expect(slow.metrics.gpuHours.recompute).toBe(0);
  });

  it('count fewer pods as slower work and not as a loss', () => {
    // 4 pods of 10 s on 2 GPUs: 20 s.
    const elastic = simulate({ cluster: oneGpuServers(2), jobs: [job(0, 10, 4, { podsMin: 1 })] });
    expect(elastic.jobs[0]!.endSeconds).toBe(20);
    expect(elastic.metrics.gpuHours.productive).toBeCloseTo(40 / HOUR, 12);
    expect(elastic.metrics.gpuHours.held).toBeCloseTo(40 / HOUR, 12);
    expect(elastic.metrics.utilisation).toBe(1);
  });

  it('count what runs when the simulation stops up to then', () => {
    const { metrics: cut } = simulate({
      cluster: oneGpuServers(2),
      jobs: [job(0, 100, 1)],
      untilSeconds: 40,
    });
    expect(cut).toMatchObject({ finishedJobs: 0, endSeconds: 40, utilisation: 0.5, ettr: 1 });
    expect(cut.gpuHours.held).toBeCloseTo(40 / HOUR, 12);
    expect(cut.waitSeconds.count).toBe(1);
    expect(cut.completionSeconds.count).toBe(0);
  });

  it('count in ETTR what a job that has not ended has lost', () => {
    // By 40 s X has computed 23 s and lost 3, and computes from 30 s on with a stall at 40 s: 20 + 10 of 40 s; Y 5 of 5 s.
    const { metrics: cut } = simulate({ ...stopped, untilSeconds: 40 });
    expect(cut.ettr).toBeCloseTo(35 / 45, 12);
  });
});

describe('metrics of a simulation that stops', () => {
  // One GPU: A runs 0 … 1000, B, C and D wait from 10, 20 and 90; nobody is there yet from 500.
  const options: SimulateOptions = {
    cluster: oneGpuServers(1),
    jobs: [job(0, 1000, 1), job(10, 5, 1), job(20, 5, 1), job(90, 5, 1), job(500, 5, 1)],
    untilSeconds: 100,
  };

  it('count whoever has not started, as waiting longer than all who have', () => {
    const { metrics } = simulate(options);
    expect(metrics.waitSeconds).toEqual({
      count: 1,
      censored: 3,
      mean: (90 + 80 + 10) / 4,
      min: 0,
      p50: Number.POSITIVE_INFINITY,
      p90: Number.POSITIVE_INFINITY,
      p95: Number.POSITIVE_INFINITY,
      p99: Number.POSITIVE_INFINITY,
      max: Number.POSITIVE_INFINITY,
    });
    expect(metrics.completionSeconds).toMatchObject({ count: 0, censored: 4, mean: 280 / 4 });
    expect(metrics.slowdown).toMatchObject({ count: 0, censored: 4, min: Number.POSITIVE_INFINITY });
    expect(metrics.byTenant).toEqual({
      '': expect.objectContaining({ waitSeconds: metrics.waitSeconds }),
    });
  });

  it('know percentiles that fall on those who have', () => {
    const { metrics } = simulate({
      ...options,
      jobs: [...options.jobs.slice(0, 2), job(5, 1, 1, { gpus: 9 })],
    });
    // Of A and B, A alone has started; whoever is refused does not wait.
    expect(metrics.waitSeconds).toMatchObject({
      count: 1,
      censored: 1,
      p50: 0,
      p90: Number.POSITIVE_INFINITY,
    });
    expect(metrics.jobs).toBe(3);
  });

  it('agree with one that goes on about all that they know', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const { untilSeconds: _, ...endless } = swarmOptions(seed);
      const whole = simulate({ ...endless, linkSharing: false }).metrics;
      const cut = simulate({ ...endless, linkSharing: false, untilSeconds: whole.endSeconds / 2 }).metrics;
      expect(cut.waitSeconds.count).toBeLessThanOrEqual(whole.waitSeconds.count);
      const arrived = cut.waitSeconds.count + cut.waitSeconds.censored;
      const same = simulate({
        ...endless,
        linkSharing: false,
        metrics: { window: { untilSeconds: Math.max(1e-6, whole.endSeconds / 2 + 1e-6) } },
      }).metrics;
      expect(same.waitSeconds.count + same.waitSeconds.censored, `seed ${seed}`).toBe(arrived);
      for (const p of ['p50', 'p90', 'p95', 'p99', 'max'] as const) {
        expect(cut.waitSeconds[p], `seed ${seed}, ${p}`).toBeGreaterThanOrEqual(same.waitSeconds[p]);
      }
      expect(cut.waitSeconds.mean, `seed ${seed}`).toBeLessThanOrEqual(same.waitSeconds.mean + 1e-9);
    }
  });
});

describe('metrics of a window', () => {
  const SEEDS = Array.from({ length: 200 }, (_, i) => i + 1);

  it('are those of the whole if it does not bind', () => {
    for (const seed of SEEDS) {
      const options = swarmOptions(seed);
      const whole = simulate(options);
      const { fromSeconds, untilSeconds } = whole.metrics.window;
      for (const window of [
        {},
        { fromSeconds: 0 },
        { fromSeconds },
        { untilSeconds: 1e9 },
        ...(untilSeconds > fromSeconds ? [{ fromSeconds, untilSeconds }] : []),
      ]) {
        const same = simulate({ ...options, metrics: { window } });
        expect(same.digest, `seed ${seed}`).toBe(whole.digest);
        expect(same.metrics, `seed ${seed}, ${JSON.stringify(window)}`).toEqual(whole.metrics);
      }
    }
  });

  it('add up to those of the whole where windows are laid end to end', () => {
    let stopped = 0;
    for (const seed of SEEDS) {
      const options = swarmOptions(seed);
      const { metrics: whole } = simulate(options);
      const { fromSeconds: first, untilSeconds: end } = whole.window;
      if (end - first < 1) continue;
      const cuts = [first, first + (end - first) * 0.3, Math.floor(first + (end - first) * 0.6), end].map(
        (seconds) => Math.round(seconds * 1e6) / 1e6,
      );
      const parts = cuts
        .slice(1)
        .flatMap((untilSeconds, i) =>
          untilSeconds > cuts[i]! ? [{ fromSeconds: cuts[i]!, untilSeconds }] : [],
        )
        .map((window) => simulate({ ...options, metrics: { window } }).metrics);
      const sum = (of: (m: SimulationMetrics) => number): number => parts.reduce((s, m) => s + of(m), 0);
      for (const count of ['jobs', 'finishedJobs', 'preemptions', 'failures', 'moves'] as const) {
        expect(
          sum((m) => m[count]),
          `seed ${seed}: ${count}`,
        ).toBe(whole[count]);
      }
      for (const bucket of Object.keys(whole.gpuHours) as (keyof typeof whole.gpuHours)[]) {
        expect(
          sum((m) => m.gpuHours[bucket]),
          `seed ${seed}: ${bucket}`,
        ).toBeCloseTo(whole.gpuHours[bucket], 9);
        for (const part of parts) expect(part.gpuHours[bucket]).toBeGreaterThanOrEqual(-1e-12);
      }
      const seconds = (m: SimulationMetrics): number => m.window.untilSeconds - m.window.fromSeconds;
      expect(sum((m) => m.utilisation * seconds(m))).toBeCloseTo(whole.utilisation * seconds(whole), 6);
      for (const [tenant, { gpuHours }] of Object.entries(whole.byTenant)) {
        expect(sum((m) => m.byTenant[tenant]!.gpuHours.held)).toBeCloseTo(gpuHours.held, 9);
      }
      for (const part of parts) {
        const models = Object.values(part.byGpuModel).reduce((s, { heldGpuHours }) => s + heldGpuHours, 0);
        expect(models, `seed ${seed}`).toBeCloseTo(part.gpuHours.held, 9);
      }
      stopped += whole.preemptions + whole.failures + whole.moves;
    }
    expect(stopped).toBeGreaterThan(200);
  });

  it('leave out the tail in which nobody waits', () => {
    // Ten jobs of 10 s on 10 GPUs keep them busy to 100; one of them goes on alone to 1000.
    const options: SimulateOptions = {
      cluster: oneGpuServers(10),
      jobs: [job(0, 1000, 1), job(0, 100, 9)],
    };
    expect(simulate(options).metrics.utilisation).toBeCloseTo(0.19, 12);
    const { metrics } = simulate({ ...options, metrics: { window: { untilSeconds: 100 } } });
    expect(metrics).toMatchObject({ utilisation: 1, jobs: 2, finishedJobs: 2, endSeconds: 1000 });
    expect(metrics.completionSeconds.max).toBe(1000);
  });

  it('is 0 where there is nothing of it', () => {
    const { metrics } = simulate({
      cluster: oneGpuServers(1),
      jobs: [job(0, 10, 1)],
      metrics: { window: { fromSeconds: 50 } },
    });
    expect(metrics).toMatchObject({ jobs: 0, utilisation: 0, goodput: 0, ettr: 1, gpuHours: { held: 0 } });
    expect(metrics.window).toEqual({ fromSeconds: 10, untilSeconds: 10 });
  });

  it.each([
    [['metrics'], 7],
    [['metrics', 'windows'], { windows: {} }],
    [['metrics', 'window'], { window: [0, 1] }],
    [['metrics', 'window', 'from'], { window: { from: 1 } }],
    [['metrics', 'window', 'fromSeconds'], { window: { fromSeconds: -1 } }],
    [['metrics', 'window', 'untilSeconds'], { window: { untilSeconds: Number.NaN } }],
    [['metrics', 'window', 'untilSeconds'], { window: { untilSeconds: 0 } }],
    [['metrics', 'window', 'untilSeconds'], { window: { fromSeconds: 5, untilSeconds: 5 } }],
  ])('refuses nonsense at %j', (path, metrics) => {
    expect(() => simulate({ cluster: oneGpuServers(1), jobs: [], metrics: metrics as never })).toThrow(
      refusedAs('invalid-option', path),
    );
  });
});

describe('metrics by GPU model', () => {
  const cluster = clusterTopology({
    tiers: [],
    types: { one: gpuBox(1), two: gpuBox(2) },
    servers: [
      { id: 's0', type: 'one', gpuModel: 'A' },
      { id: 's1', type: 'two', gpuModel: 'B' },
    ],
  });

  it('say which GPUs were held, shares as parts', () => {
    const { byGpuModel } = simulate({
      cluster,
      jobs: [
        job(0, 10, 1, { gpuModels: ['A'] }),
        job(0, 20, 2, { gpuModels: ['B'] }),
        { submitSeconds: 10, durationSeconds: 8, gpuMilli: 250, gpuModels: ['A'] },
      ],
    }).metrics;
    // 20 s: A is held for 10 + 8/4 of 20, B for 40 of 40 GPU-seconds.
    expect(byGpuModel.A).toMatchObject({ gpus: 1 });
    expect(byGpuModel.A!.heldGpuHours).toBeCloseTo(12 / HOUR, 12);
    expect(byGpuModel.A!.utilisation).toBeCloseTo(0.6, 12);
    expect(byGpuModel.B!.heldGpuHours).toBeCloseTo(40 / HOUR, 12);
    expect(byGpuModel.B!.utilisation).toBeCloseTo(1, 12);
  });
});
