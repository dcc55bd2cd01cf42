import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const job = (submitSeconds: number, more: Partial<SimulationJob> = {}): SimulationJob => ({
  submitSeconds,
  durationSeconds: 10,
  gpus: 1,
  ...more,
});

describe('results of jobs', () => {
  it('say of every job where it ended up', () => {
    const { jobs } = simulate({
      cluster: oneGpuServers(2),
      jobs: [
        job(0, { durationSeconds: 5, id: 'short' }),
        job(0, { durationSeconds: 100, tenant: '__proto__' }),
        job(6, { pods: 2 }),
        job(60),
        job(7, { pods: 3 }),
      ],
      untilSeconds: 50,
    });
    expect(jobs.map(({ outcome }) => outcome)).toEqual([
      'finished',
      'running',
      'waiting',
      'not-submitted',
      'refused',
    ]);
    expect(jobs.map(({ id }) => id)).toEqual(['short', '1', '2', '3', '4']);
    expect(jobs.map(({ tenant }) => tenant)).toEqual(['', '__proto__', '', '', '']);
    expect(jobs.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 5],
      [0, null],
      [null, null],
      [null, null],
      [null, null],
    ]);
    expect(jobs[1]!.runs).toEqual([
      {
        startSeconds: 0,
        endSeconds: 50,
        ended: 'cut',
        pods: [{ server: 's1', gpus: [0] }],
        bandwidthGBps: null,
      },
    ]);
    expect(jobs[2]!.runs).toEqual([]);
  });

  it('list every pod with its own GPUs', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { four: gpuBox(4) },
      servers: [
        { id: 'x', type: 'four' },
        { id: 'y', type: 'four' },
      ],
    });
    const { jobs } = simulate({ cluster, jobs: [job(0, { pods: 3, gpus: 2 }), job(0, { gpus: 0 })] });
    const { pods } = jobs[0]!.runs[0]!;
    expect(pods).toHaveLength(3);
    const held = pods.flatMap(({ server, gpus }) => gpus.map((gpu) => `${server}${gpu}`));
    expect(new Set(held).size).toBe(6);
    for (const { gpus } of pods) expect(gpus).toHaveLength(2);
    expect(jobs[1]!.runs[0]!.pods).toEqual([{ server: expect.any(String), gpus: [] }]);
  });

  it('keep the runs of a job in the order of time', () => {
    const { jobs } = simulate({
      cluster: oneGpuServers(1),
      jobs: [job(0, { durationSeconds: 30 }), job(5, { priority: 1 }), job(20, { priority: 1 })],
      queue: 'priority',
      preemption: { victims: 'youngest' },
    });
    expect(
      jobs[0]!.runs.map(({ startSeconds, endSeconds, ended }) => [startSeconds, endSeconds, ended]),
    ).toEqual([
      [0, 5, 'preempted'],
      [15, 20, 'preempted'],
      [30, 50, 'finished'],
    ]);
    expect(jobs[0]).toMatchObject({ preemptions: 2, failures: 0, startSeconds: 0, endSeconds: 50 });
  });

  it('are in the order of the list, whatever the order of arrival', () => {
    const { jobs } = simulate({ cluster: oneGpuServers(1), jobs: [job(20), job(0)] });
    expect(jobs.map(({ submitSeconds, startSeconds }) => [submitSeconds, startSeconds])).toEqual([
      [20, 20],
      [0, 0],
    ]);
  });
});
