import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import {
  type Queue,
  type SimulateOptions,
  type SimulationJob,
  type SimulationResult,
  simulate,
} from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';
import { drawsOf } from '../whole/swarm.js';

const QUEUES: readonly Queue[] = ['fifo', 'priority', 'shortest-remaining', 'fewest-gpus', 'remaining-gpus'];
/** Nothing fails, but servers could: then places are looked for, where otherwise pods are counted. */
const NEVER = {
  laws: [{ name: 'never', level: 'server' as const, failuresPerSecond: 0, repair: phase.fixed(1) }],
};

/** Jobs of one GPU a pod, many at equal times, some of which take no time. */
function countedJobs(seed: number): SimulationJob[] {
  const draw = drawsOf(seed);
  return Array.from({ length: draw.between(4, 24) }, () => ({
    submitSeconds: draw.between(0, 12) * 5,
    durationSeconds: draw.of([0, 5, 10, draw.between(1, 40), draw.between(1, 40)]),
    pods: draw.of([1, 1, 2, draw.between(1, 5)]),
    gpus: 1,
    priority: draw.between(0, 3),
    ...(draw.chance(0.4) ? { checkpoint: { computeSeconds: draw.between(3, 12), stallSeconds: 1 } } : {}),
  }));
}

/** When each job held GPUs, how that ended, and how often it was stopped and moved. */
function courses({ jobs }: SimulationResult): unknown {
  return jobs.map(({ runs, preemptions, moves, endSeconds }) => [
    runs.map(({ startSeconds, endSeconds: end, ended }) => [startSeconds, end, ended]),
    preemptions,
    moves,
    endSeconds,
  ]);
}

function orderOptions(seed: number): SimulateOptions {
  const draw = drawsOf(seed + 5_000);
  return {
    cluster: clusterTopology({
      tiers: [],
      types: { one: gpuBox(1) },
      servers: Array.from({ length: draw.between(5, 8) }, (_, i) => ({
        id: `s${i}`,
        type: 'one',
        cpuMilli: 1,
      })),
    }),
    jobs: countedJobs(seed),
    queue: QUEUES[seed % QUEUES.length]!,
    preemption: 'order',
    preempted: draw.of(['kept', 'checkpoint'] as const),
    passes: draw.of(['event', 'instant'] as const),
    restart: { exposed: phase.fixed(draw.of([0, 3])) },
  };
}

describe('preemption by order', () => {
  it('lets the same jobs run whether it counts pods or looks for places', () => {
    let preemptions = 0;
    for (let seed = 0; seed < 500; seed++) {
      const options = orderOptions(seed);
      const counted = simulate(options);
      const placed = simulate({ ...options, failures: NEVER });
      expect(courses(placed), `seed ${seed}`).toEqual(courses(counted));
      // One job asks for CPU, of which every server has what it takes.
      const jobs = options.jobs.map((job, i) => (i === 0 ? { ...job, cpuMilli: 1 } : job));
      expect(courses(simulate({ ...options, jobs })), `seed ${seed}, CPU`).toEqual(courses(counted));
      preemptions += counted.metrics.preemptions;
      expect(placed.metrics.moves).toBe(0);
    }
    expect(preemptions).toBeGreaterThan(500);
  });

  it('leaves a job on its GPUs where others that stop anyway make the room', () => {
    // At 10 two come that go first: 3 of 5 GPUs. Behind the job that stays there is room for the last one, not for the wide.
    const job = (id: string, submitSeconds: number, pods: number, priority: number): SimulationJob => ({
      id,
      submitSeconds,
      durationSeconds: 100,
      pods,
      gpus: 1,
      priority,
    });
    const { jobs } = simulate({
      cluster: oneGpuServers(5),
      jobs: [
        job('stays', 0, 1, 3),
        job('wide', 0, 3, 2),
        job('last', 0, 1, 1),
        job('a', 10, 1, 9),
        job('b', 10, 2, 8),
      ],
      queue: 'priority',
      preemption: 'order',
      failures: NEVER,
    });
    expect(jobs.map(({ preemptions, moves }) => [preemptions, moves])).toEqual([
      [0, 0],
      [1, 0],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(jobs[2]!.runs).toHaveLength(1);
    expect(jobs[1]!.runs.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 10],
      [110, 200],
    ]);
  });

  it('counts a job that has to go on elsewhere as moved, with what a move costs', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { two: gpuBox(2) },
      servers: ['a', 'b'].map((id) => ({ id, type: 'two' })),
    });
    const { jobs, metrics } = simulate({
      cluster,
      jobs: [
        { submitSeconds: 0, durationSeconds: 100, gpus: 1, priority: 1, checkpoint: { computeSeconds: 30 } },
        { submitSeconds: 0, durationSeconds: 10, gpus: 1, priority: 2 },
        { submitSeconds: 0, durationSeconds: 100, gpus: 1, priority: 3 },
        // At 40 one GPU is free on each server: whoever is behind makes room for both, and goes on beside the other.
        { submitSeconds: 40, durationSeconds: 100, gpus: 2, priority: 9 },
      ],
      queue: 'priority',
      preemption: 'order',
      preempted: 'checkpoint',
      restart: { exposed: phase.fixed(7) },
    });
    expect(
      jobs[0]!.runs.map(({ ended, startSeconds, endSeconds }) => [ended, startSeconds, endSeconds]),
    ).toEqual([
      ['moved', 0, 40],
      // 30 of 40 seconds are kept, and 70 left after the restart.
      ['finished', 40, 117],
    ]);
    expect(jobs.map(({ preemptions, moves }) => [preemptions, moves])).toEqual([
      [0, 1],
      [0, 0],
      [0, 0],
      [0, 0],
    ]);
    expect(metrics.gpuHours.recompute).toBeCloseTo(10 / 3600, 12);
    expect(jobs[3]!.startSeconds).toBe(40);
  });

  it('neither stops nor moves a job that ends now', () => {
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 100, gpus: 1 },
      { submitSeconds: 0, durationSeconds: 100, gpus: 1 },
      { submitSeconds: 100, durationSeconds: 10, pods: 2, gpus: 1, priority: 9 },
    ];
    for (const failures of [undefined, NEVER]) {
      const result = simulate({
        cluster: oneGpuServers(2),
        jobs,
        queue: 'priority',
        preemption: 'order',
        passes: 'event',
        eventOrder: ['submit', 'finish', 'repair', 'ready', 'failure'],
        failures,
      });
      expect(result.jobs.map(({ runs, endSeconds }) => [runs.length, endSeconds])).toEqual([
        [1, 100],
        [1, 100],
        [1, 110],
      ]);
    }
  });
});
