import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { PlacementEngine } from '../../../src/placement/engine.js';
import { bestFit, random as randomPolicy, spread, topologyAware } from '../../../src/policies/index.js';
import { phase } from '../../../src/restart/index.js';
import { openRun } from '../../../src/simulation/assemble.js';
import {
  type JobResult,
  type JobRun,
  type SimulateOptions,
  type SimulationJob,
  simulate,
} from '../../../src/simulation/index.js';
import { Promises } from '../../../src/simulation/passes/conservative.js';
import { PlacedPromises } from '../../../src/simulation/passes/promises-by-place.js';
import type { ClusterTopology } from '../../../src/topology/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { forSeeds, type Watched, watchedOptions } from '../options/watched-options.js';
import { expectedSeconds, momentsOf, type Replay } from '../replay.js';
import { fits, fitsNow, type Room } from '../whole/whether-it-fits.js';
import { checkPromises } from './kept-promises.js';

const SEEDS = 120;
const QUEUES = ['fifo', 'priority', 'shortest-remaining'] as const;

const placed = (seed: number, watched: Omit<Watched, 'isCounted'>): SimulateOptions => ({
  ...watchedOptions(seed, { isCounted: false, ...watched }),
  backfill: 'conservative',
});

/** Servers of two GPUs, two to a rack. */
function twoGpuServers(count: number): ClusterTopology {
  return clusterTopology({
    tiers: ['rack'],
    types: { two: gpuBox(2) },
    servers: Array.from({ length: count }, (_, i) => ({
      id: `s${i}`,
      type: 'two',
      domains: { rack: `r${Math.floor(i / 2)}` },
    })),
  });
}

function starts(
  servers: number,
  jobs: readonly Partial<SimulationJob>[],
  options: Partial<SimulateOptions> = {},
): (number | null)[] {
  // With a model counting pods is not enough.
  const defaults = { submitSeconds: 0, durationSeconds: 10, gpus: 2, gpuModels: ['A'] };
  return simulate({
    cluster: twoGpuServers(servers),
    backfill: 'conservative',
    passes: 'instant',
    ...options,
    jobs: jobs.map((job) => ({ ...defaults, ...job })),
  }).jobs.map(({ startSeconds }) => startSeconds);
}

/** What is free throughout a stretch of time beside runs: GPUs that nobody holds in it, and the least CPU. */
function roomBesideRuns(
  { cluster, options }: Replay,
  runs: readonly (readonly [job: number, run: JobRun])[],
  from: number,
  to: number,
): Room {
  const room = new Map<string, { gpus: number; cpuMilli: number }>();
  for (const { id, type, cpuMilli = Number.POSITIVE_INFINITY } of cluster.servers) {
    const here = runs.flatMap(([job, { startSeconds, endSeconds, pods }]) =>
      pods
        .filter(({ server }) => server === id && startSeconds < to && endSeconds > from)
        .map(({ gpus }) => ({ gpus, startSeconds, endSeconds, cpuMilli: options.jobs[job]!.cpuMilli ?? 0 })),
    );
    const taken = new Set(here.flatMap(({ gpus }) => gpus));
    const times = [from, ...here.map(({ startSeconds }) => Math.max(from, startSeconds))];
    const used = times.map((time) =>
      here
        .filter(({ startSeconds, endSeconds }) => startSeconds <= time && endSeconds > time)
        .reduce((sum, pod) => sum + pod.cpuMilli, 0),
    );
    room.set(id, { gpus: type.gpus.length - taken.size, cpuMilli: cpuMilli - Math.max(...used) });
  }
  return room;
}

/** The earliest time from `seconds` on at which a job fits beside runs that stay as they are. */
function earliestBeside(
  replay: Replay,
  runs: readonly (readonly [job: number, run: JobRun])[],
  job: number,
  seconds: number,
): number {
  const wanted = replay.options.jobs[job]!;
  const duration = expectedSeconds(wanted, wanted.pods ?? 1);
  const ends = runs.map(([, { endSeconds }]) => endSeconds).filter((end) => end > seconds);
  for (const time of [seconds, ...ends.sort((a, b) => a - b)]) {
    if (fits(wanted, replay.cluster, roomBesideRuns(replay, runs, time, time + duration))) return time;
  }
  return Number.POSITIVE_INFINITY;
}

/** Plays a simulation and reads what is promised after every pass; returns the jobs that were promised something. */
function checkEarliestPromises(options: SimulateOptions, seed: number): number {
  const { run } = openRun(options, undefined);
  const ahead = new PlacementEngine(run.engine.tables, {
    policy: topologyAware(),
    workload: undefined,
    sizes: undefined,
    seed: 0,
  });
  const promises = new Promises(new PlacedPromises(ahead), run.table.count);
  const earliest = new Map<number, number>();
  run.schedule = () => {
    promises.pass(run);
    for (let job = 0; job < run.table.count; job++) {
      const promised = promises.promiseTo(run, job);
      if (promised === undefined) continue;
      earliest.set(job, Math.min(promised, earliest.get(job) ?? Number.POSITIVE_INFINITY));
    }
  };
  while (run.step());
  for (const [job, promised] of earliest) {
    const start = run.state.firstStart[job]!;
    if (start <= promised) continue;
    throw new Error(`seed ${seed}: job ${job} starts at ${start}, promised ${promised}`);
  }
  return earliest.size;
}

const startOf = ({ startSeconds }: JobResult): number | null => startSeconds;

describe('conservative backfill on any cluster', () => {
  it.each(QUEUES)(
    'starts every job by every promise it was given, if nobody runs longer than believed, queue %s',
    (queue) => {
      let promised = 0;
      forSeeds(
        SEEDS,
        (seed) => ({ ...placed(seed, { estimates: ['exact', 'long'] }), queue }),
        (replay) => {
          promised += checkPromises(replay);
        },
      );
      expect(promised).toBeGreaterThan(10 * SEEDS);
    },
  );

  it('keeps promises of shares, and where every event is a pass of its own', () => {
    let promised = 0;
    forSeeds(
      SEEDS,
      (seed) => {
        const options = placed(seed, { estimates: ['exact', 'long'] });
        const jobs = options.jobs.map(({ gpus, ...job }, i) => ({
          ...job,
          ...(i % 3 === seed % 3 ? { gpuMilli: 400 } : { gpus }),
        }));
        return { ...options, jobs, passes: 'event' };
      },
      (replay) => {
        promised += checkPromises(replay);
      },
    );
    expect(promised).toBeGreaterThan(5 * SEEDS);
  });

  it.each([
    ['topologyAware', () => topologyAware()],
    ['bestFit', () => bestFit()],
    ['spread', () => spread()],
    ['random', () => randomPolicy({})],
  ])('starts nobody later than the earliest promise it was ever given, under the policy %s', (_, policy) => {
    let waited = 0;
    for (let seed = 0; seed < SEEDS; seed++) {
      const options = placed(seed, { estimates: ['exact', 'long'] });
      const jobs = options.jobs.map((job, i) => (i % 7 === 0 ? { ...job, durationSeconds: 0 } : job));
      const passes = seed % 4 === 0 ? 'event' : 'instant';
      const queue = QUEUES[seed % 3]!;
      waited += checkEarliestPromises({ ...options, jobs, policy: policy(), queue, passes }, seed);
    }
    expect(waited).toBeGreaterThan(3 * SEEDS);
  });

  it('promises a job that comes in alone the earliest time beside all that is promised or earlier, and delays nobody', () => {
    let later = 0;
    forSeeds(
      SEEDS,
      (seed) => {
        const options = placed(seed, { estimates: ['exact'], isElastic: false });
        // One after another, and none with its own second.
        const jobs = options.jobs.map((job, i) => ({ ...job, submitSeconds: 2 * i }));
        return { ...options, jobs };
      },
      (replay) => {
        const { jobs } = replay.options;
        for (let job = 1; job < jobs.length; job++) {
          const play = (count: number): readonly JobResult[] =>
            simulate({ ...replay.options, jobs: jobs.slice(0, count) }).jobs;
          const without = play(job);
          const runs = without.flatMap(({ runs: own }, at) => own.map((run) => [at, run] as const));
          const withIt = play(job + 1);
          const own = withIt[job]!;
          // Promises are times: who is promised them may get other GPUs.
          expect(withIt.slice(0, job).map(startOf)).toEqual(without.map(startOf));
          const { submitSeconds } = jobs[job]!;
          const expected = earliestBeside(replay, runs, job, submitSeconds);
          if (own.outcome === 'refused') continue;
          if (own.startSeconds! > expected) {
            throw new Error(`job ${job} is promised ${own.startSeconds} s instead of ${expected} s`);
          }
          if (expected > submitSeconds) later++;
        }
      },
    );
    expect(later).toBeGreaterThan(3 * SEEDS);
  });

  it('lets nobody onto GPUs that are promised, even if as many others are free in number', () => {
    // Two pods of a rack wait for the second server; a job of 30 s on the first would be in their way.
    expect(
      starts(4, [
        { durationSeconds: 40, pods: 2 },
        { durationSeconds: 20 },
        { pods: 2, require: 'rack' },
        { durationSeconds: 30 },
        { durationSeconds: 20 },
      ]),
    ).toEqual([0, 0, 20, 30, 0]);
  });

  it.each(['event', 'instant'] as const)(
    'starts jobs that take no time when their time comes, a pass per %s',
    (passes) => {
      const jobs = [{}, { durationSeconds: 0 }, { durationSeconds: 0 }, {}, { durationSeconds: 0 }];
      expect(starts(1, jobs, { passes })).toEqual([0, 10, 10, 10, 20]);
    },
  );

  it('moves those that wait forward in the order of the queue when a job ends early', () => {
    expect(
      starts(2, [{ durationSeconds: 4, estimateSeconds: 20, pods: 2 }, { pods: 2 }, { pods: 2 }, {}]),
    ).toEqual([0, 4, 14, 24]);
  });

  it('keeps the promise to a job behind one that would move forward', () => {
    expect(
      starts(4, [
        { durationSeconds: 5, estimateSeconds: 20, pods: 2, require: 'rack' },
        { pods: 2, require: 'rack' },
        { pods: 4 },
        { pods: 2, require: 'rack' },
      ]),
    ).toEqual([0, 0, 15, 5]);
  });

  it('makes the promises anew that an overrun breaks, in the order of the queue', () => {
    expect(
      starts(2, [
        { durationSeconds: 13, estimateSeconds: 10, pods: 2 },
        { pods: 2 },
        { pods: 2, durationSeconds: 5 },
        { durationSeconds: 1, gpus: 1 },
      ]),
    ).toEqual([0, 13, 23, 28]);
  });

  it('keeps the promises that an overrun does not break', () => {
    expect(
      starts(4, [
        { durationSeconds: 6, estimateSeconds: 20, pods: 2 },
        {},
        { durationSeconds: 12, estimateSeconds: 5 },
        { durationSeconds: 1 },
        { pods: 4 },
        { pods: 2 },
      ]),
    ).toEqual([0, 0, 0, 6, 17, 7]);
  });

  it('promises an elastic gang the pods it can have, for as long as they take', () => {
    // Two of four pods fit at once, and are in nobody's way for twice the time.
    expect(
      starts(4, [{ durationSeconds: 30, pods: 2 }, { pods: 4, podsMin: 2 }, { pods: 2 }, { pods: 4 }]),
    ).toEqual([0, 0, 20, 30]);
  });

  it('promises nothing on servers that are broken, and anew what was promised there', () => {
    let failed = 0;
    forSeeds(
      SEEDS,
      (seed) => ({ ...placed(seed, { estimates: ['exact', 'any'], fails: true }), untilSeconds: 20_000 }),
      (replay) => {
        for (const { outcome } of replay.result.jobs) expect(['finished', 'refused']).toContain(outcome);
        for (const moment of momentsOf(replay)) {
          if (moment.next !== undefined || moment.queue.length !== 1) continue;
          // Nobody is promised anything but this one.
          if (fitsNow(replay, moment, moment.queue[0]!)) throw new Error(`${moment.seconds} s: it fits`);
        }
        failed += replay.events.filter(({ kind }) => kind === 'fail').length;
      },
    );
    expect(failed).toBeGreaterThan(SEEDS);
  });

  it('goes on whatever else starts, stops and moves jobs', () => {
    let stopped = 0;
    forSeeds(
      SEEDS,
      (seed) => {
        const { untilSeconds, ...options } = placed(seed, { estimates: ['any'], fails: seed % 2 === 0 });
        return {
          ...options,
          ...(untilSeconds === undefined ? {} : { untilSeconds: 5000 }),
          queue: 'priority',
          preemption: { victims: 'youngest' },
          passes: seed % 3 === 0 ? 'event' : 'instant',
          restart: { hidden: phase.fixed(1), exposed: { load: phase.fixed(2) } },
          ...(seed % 4 === 0 ? { elastic: 'running' as const } : {}),
          ...(seed % 5 === 0 ? { defragmentation: { everySeconds: 10, gainFactor: 0 } } : {}),
        };
      },
      ({ result, events }) => {
        for (const { outcome } of result.jobs) expect(['finished', 'refused']).toContain(outcome);
        stopped += events.filter(({ kind }) => kind === 'preempt' || kind === 'move').length;
      },
    );
    expect(stopped).toBeGreaterThan(SEEDS);
  });
});
