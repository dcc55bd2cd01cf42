import { clusterTopology, serverTopology } from '../src/index.js';
import { type SimulationJob, simulate } from '../src/simulation/index.js';
import type { ClusterTopology } from '../src/topology/index.js';
import { type Case, check } from './harness.js';

/** Servers of one GPU. */
function oneGpuServers(count: number): ClusterTopology {
  const one = serverTopology({
    name: 'one',
    title: 'One GPU',
    gpuModel: 'A',
    devices: [{ id: 'g0', kind: 'gpu' }],
    links: [],
  });
  return clusterTopology({
    tiers: [],
    types: { one: one.document },
    servers: Array.from({ length: count }, (_, i) => ({ id: `s${i}`, type: 'one' })),
  });
}

/** Numbers from 0 to 1 that are the same everywhere. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Jobs of one GPU at a load of 95 %, times in whole milliseconds. */
function plainJobs(servers: number, count: number): SimulationJob[] {
  const random = uniform(1);
  let submitSeconds = 0;
  return Array.from({ length: count }, () => {
    submitSeconds += Math.ceil((-Math.log(1 - random()) * 1e6) / (0.95 * servers)) / 1000;
    return { submitSeconds, durationSeconds: Math.ceil(2e6 * random()) / 1000, gpus: 1 };
  });
}

/**
 * As many jobs as a real log has, with its habits: sizes that are mostly powers of two, runs of minutes to a day, and a
 * queue that is dozens long.
 */
function logJobs(count: number): SimulationJob[] {
  const random = uniform(2);
  let submitSeconds = 0;
  return Array.from({ length: count }, () => {
    submitSeconds += Math.ceil(-Math.log(1 - random()) * 1_700);
    const pods = random() < 0.2 ? 1 + Math.floor(random() * 40) : 2 ** Math.floor(random() * 6);
    return { submitSeconds, durationSeconds: Math.ceil(60 * 1440 ** random()), pods, gpus: 1 };
  });
}

/** The plain model on clusters of two sizes, and EASY backfill on a log. */
export function simulationCases(smoke: boolean): Case[] {
  const plain = (servers: number, count: number): Case => {
    const cluster = oneGpuServers(servers);
    const jobs = plainJobs(servers, count);
    let digest: string | undefined;
    return {
      name: `simulate, fifo, one GPU each, ${servers.toLocaleString('en')} servers`,
      unit: 'event',
      run: () => {
        const result = simulate({ cluster, jobs });
        check(result.events === 2 * count, 'every job arrives and ends');
        check(result.metrics.finishedJobs === count, 'every job is done');
        digest ??= result.digest;
        check(result.digest === digest, 'the same digest every time');
        return result.events;
      },
    };
  };
  const cluster = oneGpuServers(128);
  const jobs = logJobs(smoke ? 300 : 3145);
  let start: number | undefined;
  return [
    plain(1_000, smoke ? 5_000 : 200_000),
    ...(smoke ? [] : [plain(100_000, 400_000)]),
    {
      name: 'simulate, EASY, gangs on 128 servers',
      unit: 'job',
      run: () => {
        const { metrics } = simulate({ cluster, jobs, backfill: 'easy' });
        check(metrics.finishedJobs === jobs.length, 'every job is done');
        start ??= metrics.waitSeconds.mean;
        check(metrics.waitSeconds.mean === start, 'the same wait every time');
        return jobs.length;
      },
    },
  ];
}
