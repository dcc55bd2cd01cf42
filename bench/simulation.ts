import { readFileSync } from 'node:fs';
import { clusterTopology, serverTopology } from '../src/index.js';
import { llama3FailureLaws, phase } from '../src/restart/index.js';
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

const MONTH_SECONDS = 30 * 86_400;
/** Share of jobs → pods × GPUs: many small ones, few that span racks. */
const SIZES: readonly (readonly [share: number, pods: number, gpus: number])[] = [
  [0.3, 1, 1],
  [0.1, 1, 2],
  [0.1, 1, 4],
  [0.2, 1, 8],
  [0.1, 2, 8],
  [0.08, 4, 8],
  [0.06, 8, 8],
  [0.03, 16, 8],
  [0.02, 32, 8],
  [0.008, 64, 8],
  [0.002, 128, 8],
];

/** A month of 2,048 servers of 8 GPUs at a load of 85 %: gangs, checkpoints, traffic. */
function monthJobs(count: number): SimulationJob[] {
  const random = uniform(7);
  let submitSeconds = 0;
  let gpuSeconds = 0;
  const drawn = Array.from({ length: count }, () => {
    submitSeconds += Math.ceil((-Math.log(1 - random()) * MONTH_SECONDS) / count);
    let left = random();
    const [, pods, gpus] = SIZES.find(([share]) => {
      left -= share;
      return left < 0;
    }) ?? [0, 1, 8];
    const durationSeconds = 300 * 400 ** random();
    gpuSeconds += durationSeconds * pods * gpus;
    return { submitSeconds, durationSeconds, pods, gpus };
  });
  const scale = (0.85 * 16_384 * MONTH_SECONDS) / gpuSeconds;
  return drawn.map((job) => ({
    ...job,
    durationSeconds: Math.ceil(job.durationSeconds * scale),
    communicationFraction: job.pods > 1 ? 0.3 : 0,
    checkpoint: { computeSeconds: 1800, stallSeconds: 5 },
  }));
}

/** A month under EASY; with room kept free, gangs that shrink and grow, and jobs that are moved, or without. */
function monthCase(smoke: boolean, moves: boolean): Case {
  const cluster = clusterTopology({
    tiers: ['block', 'rack'],
    types: { h100: 'dgx-h100' },
    uplinks: { rack: { GBps: 1600 }, block: { GBps: 12_800 } },
    servers: Array.from({ length: 2048 }, (_, i) => ({
      id: `s${i}`,
      type: 'h100',
      domains: { block: `b${Math.floor(i / 256)}`, rack: `r${Math.floor(i / 32)}` },
    })),
  });
  const jobs = monthJobs(smoke ? 500 : 50_000).map((job) =>
    moves && job.pods! >= 8 ? { ...job, podsMin: job.pods! / 2, tenant: 'large' } : job,
  );
  const laws = llama3FailureLaws({ switchTier: 'rack' }).map((law) =>
    law.level === 'job' ? law : { ...law, repair: phase.exponential(4 * 3600) },
  );
  return {
    name: moves
      ? 'the same month with headroom, defragmentation and elastic gangs'
      : 'simulate, EASY, a month of 16,384 GPUs: failures, restarts, shared links',
    unit: 'month',
    run: () => {
      const { metrics } = simulate({
        cluster,
        jobs,
        backfill: 'easy',
        ...(moves
          ? {
              headroom: [{ name: 'large', room: { pods: 8, gpus: 8 }, count: 4, tenants: ['large'] }],
              defragmentation: {},
              elastic: 'running' as const,
            }
          : {}),
        failures: { laws, spareServers: 8 },
        restart: {
          hidden: { detect: phase.exponential(60) },
          exposed: { launch: phase.exponential(60), load: phase.fixed(60) },
        },
        seed: 1,
      });
      check(metrics.finishedJobs === jobs.length, 'every job is done');
      check(smoke || metrics.failures > 100, 'failures happen');
      check(metrics.ettr > 0.9 && metrics.ettr < 1, 'restarts cost something');
      check(smoke || metrics.moves > 0 === moves, 'jobs are moved where that is wanted');
      return 1;
    },
  };
}

/**
 * Backfill on a real log of gangs of one-GPU pods, 128 servers, a pass per event as where the starts come from.
 *
 * @param file - JSON, `{ jobs: [[id, submitSeconds, runSeconds, pods, user, startFcfs, startEasy], …] }`
 */
function logCases(file: string): Case[] {
  const { jobs: rows } = JSON.parse(readFileSync(file, 'utf8')) as { jobs: readonly (readonly number[])[] };
  const jobs = rows.map(([, submitSeconds, durationSeconds, pods]) => ({
    submitSeconds: submitSeconds!,
    durationSeconds: durationSeconds!,
    pods: pods!,
    gpus: 1,
  }));
  const cluster = oneGpuServers(128);
  return (['none', 'easy', 'conservative'] as const).map((backfill, column) => {
    const options = { cluster, jobs, backfill, passes: 'event' } as const;
    const known = simulate(options);
    // The log has no starts under conservative backfill.
    const isGiven = backfill !== 'conservative';
    const wrong = known.jobs.filter((job, i) => isGiven && job.startSeconds !== rows[i]![5 + column]);
    check(wrong.length === 0, 'every job starts when it did');
    return {
      name: `simulate, the log given, backfill ${backfill}`,
      unit: 'job',
      run: () => {
        check(simulate(options).digest === known.digest, 'the same digest every time');
        return jobs.length;
      },
    };
  });
}

/**
 * The plain model on clusters of two sizes, EASY backfill on a log, and a month with everything.
 *
 * @param log - a file with a real log, see {@link logCases}
 */
export function simulationCases(smoke: boolean, log?: string): Case[] {
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
    ...(log === undefined ? [] : logCases(log)),
    monthCase(smoke, false),
    monthCase(smoke, true),
  ];
}
