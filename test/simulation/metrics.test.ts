import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../src/index.js';
import { phase } from '../../src/restart/index.js';
import { type SimulationJob, simulate } from '../../src/simulation/index.js';
import { gpuBox } from '../placement/random-cluster.js';
import { oneGpuServers } from './one-gpu-servers.js';

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
  const { jobs, metrics } = simulate({
    cluster: oneGpuServers(1),
    jobs: [
      job(0, 100, 1, { checkpoint: { computeSeconds: 10, stallSeconds: 1 } }),
      job(25, 5, 1, { priority: 1 }),
    ],
    queue: 'priority',
    preemption: { victims: 'youngest' },
    preempted: 'checkpoint',
  });

  it('book every GPU-second they held, by hand', () => {
    expect(jobs.map(({ endSeconds }) => endSeconds)).toEqual([117, 30]);
    const seconds = Object.fromEntries(
      Object.entries(metrics.gpuHours).map(([bucket, hours]) => [
        bucket,
        Math.round(hours * HOUR * 1e6) / 1e6,
      ]),
    );
    expect(seconds).toEqual({
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
    const { metrics: cut } = simulate({ cluster: oneGpuServers(2), jobs: [job(0, 100, 1)], until: 40 });
    expect(cut).toMatchObject({ finishedJobs: 0, endSeconds: 40, utilisation: 0.5, ettr: 1 });
    expect(cut.gpuHours.held).toBeCloseTo(40 / HOUR, 12);
    expect(cut.waitSeconds.count).toBe(1);
    expect(cut.completionSeconds.count).toBe(0);
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
