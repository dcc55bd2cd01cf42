import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { describeWithShared } from '../../shared-data.js';
import { oneGpuServers } from '../one-gpu-servers.js';

type Row = readonly [
  id: number,
  submit: number,
  run: number,
  procs: number,
  user: number,
  fcfs: number,
  easy: number,
];

interface Schedule {
  readonly avgWait: number;
  readonly makespan: number;
  readonly util: number;
}

describeWithShared('simulation/backfill-hpc2n.json', 'the HPC2N log on 128 processors', (path) => {
  const log = JSON.parse(readFileSync(path, 'utf8')) as {
    jobs: readonly Row[];
    metrics: { FCFS: Schedule; EASY: Schedule };
  };
  const jobs: SimulationJob[] = log.jobs.map(([id, submitSeconds, durationSeconds, pods]) => ({
    id: String(id),
    submitSeconds,
    durationSeconds,
    pods,
    gpus: 1,
  }));
  const cluster = oneGpuServers(128);
  const starts = (options: Partial<SimulateOptions>): (number | null)[] =>
    simulate({ cluster, jobs, passes: 'event', ...options }).jobs.map((job) => job.startSeconds);

  it('has 3,145 jobs', () => {
    expect(jobs).toHaveLength(3145);
  });

  it('starts every job first come, first served when CQSim does', () => {
    expect(starts({})).toEqual(log.jobs.map((row) => row[5]));
  });

  it('starts every job with EASY backfill when CQSim does', () => {
    const result = simulate({ cluster, jobs, backfill: 'easy', passes: 'event' });
    expect(result.jobs.map((job) => job.startSeconds)).toEqual(log.jobs.map((row) => row[6]));
    const { metrics } = result;
    expect(metrics.waitSeconds.mean).toBeCloseTo(log.metrics.EASY.avgWait, 6);
    expect(metrics.makespanSeconds).toBe(log.metrics.EASY.makespan);
    expect(metrics.utilisation).toBeCloseTo(log.metrics.EASY.util, 9);
  });

  it('starts 191 jobs at other times with one pass per instant', () => {
    const batched = starts({ backfill: 'easy', passes: 'instant' });
    expect(batched.filter((start, i) => start !== log.jobs[i]![6])).toHaveLength(191);
    const waits = batched.reduce<number>((sum, start, i) => sum + start! - log.jobs[i]![1], 0);
    expect(waits / jobs.length).toBeCloseTo(48_816.594, 3);
  });

  it('waits as long with conservative backfill as CQSim does', () => {
    const { metrics } = simulate({ cluster, jobs, backfill: 'conservative', passes: 'event' });
    expect(metrics.waitSeconds.mean).toBeCloseTo(51_043.205, 3);
    expect(metrics.makespanSeconds).toBe(5_759_844);
  });

  it.each(['easy', 'conservative'] as const)(
    'starts nobody at another time for a CPU figure that there is always room for, %s',
    (backfill) => {
      const eights = (cpuMilli: number): ClusterTopology =>
        clusterTopology({
          tiers: [],
          types: { eight: gpuBox(8) },
          // One server has less than eight of the largest would need: pods are placed, not counted.
          servers: Array.from({ length: 16 }, (_, i) => ({
            id: `s${i}`,
            type: 'eight',
            cpuMilli: i === 0 ? cpuMilli : 64_000,
          })),
        });
      const given = starts({ cluster: eights(64_000), backfill });
      const withCpu = jobs.map((job, i) => (i === 1000 ? { ...job, cpuMilli: 8 } : job));
      expect(jobs[1000]!.pods).toBeLessThan(127);
      expect(starts({ cluster: eights(63), jobs: withCpu, backfill })).toEqual(given);
    },
  );
});

describeWithShared('simulation/preemptive-60job.json', 'sixty jobs on eight GPUs', (path) => {
  const file = JSON.parse(readFileSync(path, 'utf8')) as {
    jobs: readonly (readonly [number, number, number, number])[];
    results: Record<
      string,
      Record<
        string,
        {
          avgJct: number;
          makespan: number;
          preemptions: number;
          firstStartAndEnd: readonly (readonly [number, number])[];
        }
      >
    >;
  };
  const jobs = file.jobs.map(([id, pods, submitSeconds, durationSeconds]) => ({
    id: String(id),
    pods,
    gpus: 1,
    submitSeconds,
    durationSeconds,
  }));
  const policies: Record<string, Partial<SimulateOptions>> = {
    fifo: {},
    fjf: { admission: 'greedy' },
    sjf: { queue: 'fewest-gpus', preemption: 'order' },
    shortest: { queue: 'shortest-remaining', preemption: 'order' },
    'shortest-gpu': { queue: 'remaining-gpus', preemption: 'order' },
  };
  for (const [name, policy] of Object.entries(policies)) {
    const given = file.results['8gpus']![name];
    it.skipIf(given === undefined)(`ends every job under ${name} when Tiresias does`, () => {
      const result = simulate({ cluster: oneGpuServers(8), jobs, passes: 'instant', ...policy });
      expect(result.jobs.map((job) => [job.startSeconds, job.endSeconds])).toEqual(given!.firstStartAndEnd);
      expect(result.metrics.completionSeconds.mean).toBeCloseTo(given!.avgJct, 9);
      expect(result.metrics.endSeconds).toBe(given!.makespan);
      expect(result.metrics.preemptions).toBe(given!.preemptions);
    });
  }

  const averages: Record<string, Record<string, number>> = {
    '8': { fifo: 1556.4833, fjf: 715.2667, sjf: 725.7, shortest: 519.8667, 'shortest-gpu': 563.3833 },
    '16': { fifo: 200.8167, fjf: 190.6833, sjf: 198.2, shortest: 192.1167, 'shortest-gpu': 195.9 },
  };
  for (const [gpus, byPolicy] of Object.entries(averages)) {
    for (const [name, average] of Object.entries(byPolicy)) {
      it(`completes jobs under ${name} on ${gpus} GPUs as fast on average as Tiresias does`, () => {
        const cluster = oneGpuServers(Number(gpus));
        const result = simulate({ cluster, jobs, passes: 'instant', ...policies[name] });
        expect(result.metrics.completionSeconds.mean).toBeCloseTo(average, 4);
      });
    }
  }
});
