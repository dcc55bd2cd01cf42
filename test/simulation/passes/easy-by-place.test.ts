import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { bestFit, binPack, topologyAware } from '../../../src/policies/index.js';
import { phase } from '../../../src/restart/index.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { forSeeds, type Watched, watchedOptions } from '../options/watched-options.js';
import { expectedSeconds, type Moment, momentsOf, type Replay, sumSeconds } from '../replay.js';
import { everyPlace, type Place, roomLess } from '../whole/every-place.js';
import { fits, fitsNow, promiseTo, roomBeside } from '../whole/whether-it-fits.js';

const easy = (seed: number, watched: Watched): SimulateOptions => {
  const options = watchedOptions(seed, watched);
  const queues = ['fifo', 'priority', 'shortest-remaining'] as const;
  return { ...options, backfill: 'easy', queue: queues[seed % 3]! };
};

/** Every worst case at once: estimates that are wrong, and failures. */
const KINDS: readonly (readonly [name: string, watched: Watched])[] = [
  ['where pods are counted', { isCounted: true, estimates: ['exact', 'long', 'any'] }],
  ['on tiers, models and CPU', { isCounted: false, estimates: ['exact', 'long', 'any'] }],
  ['on servers that fail', { isCounted: true, estimates: ['exact', 'any'], fails: true }],
  ['on tiers that fail', { isCounted: false, estimates: ['exact', 'any'], fails: true }],
];
const SEEDS = 80;
/** Never happens, but a server that it breaks would be repaired. */
const REPAIRED = { name: 'server', level: 'server', failuresPerSecond: 0, repair: phase.fixed(1) } as const;

/** Starts of jobs that are not the head of the queue, each with the moment before it. */
function overtakings(replay: Replay, check: (before: Moment, head: number, job: number) => void): number {
  let count = 0;
  for (const moment of momentsOf(replay)) {
    const { next, queue } = moment;
    if (next?.kind !== 'start' || next.job === queue[0]) continue;
    check(moment, queue[0]!, next.job);
    count++;
  }
  return count;
}

/** A place where a waiting job could start and the head still fit at its time; undefined if there is none. */
function harmlessPlace(
  replay: Replay,
  moment: Moment,
  head: number,
  promised: number,
  job: number,
): Place | undefined {
  const { options, cluster } = replay;
  const wanted = options.jobs[job]!;
  const { pods: podsMax = 1, podsMin = podsMax } = wanted;
  const now = roomBeside(replay, moment, moment.running);
  const held = [...moment.running].filter(([, { expectedEnd }]) => expectedEnd > promised);
  const later = roomBeside(replay, moment, held);
  for (let pods = podsMin; pods <= podsMax; pods++) {
    const isGone = sumSeconds(moment.seconds, expectedSeconds(wanted, pods)) <= promised;
    for (const place of everyPlace(wanted, pods, cluster, now)) {
      if (isGone || fits(options.jobs[head]!, cluster, roomLess(later, wanted, place))) return place;
    }
  }
  return undefined;
}

/*
 * What EASY guarantees: at every moment the head does not fit, and nobody starts who makes it wait longer than it must,
 * as far as is known then: who runs, when they are expected to end, which servers are broken (for ever, as nobody knows
 * when they are repaired). If nothing fails and nobody runs longer than believed, the head starts by its first promise.
 * What it does not: a job that runs longer, or a server that breaks, delays the head beyond its promise. A head that fits
 * only on servers that are broken is promised nothing, and anybody may overtake it until they are repaired.
 */
describe('EASY backfill', () => {
  it.each(KINDS)('never leaves a head of the queue waiting that fits, %s', (_, watched) => {
    forSeeds(
      SEEDS,
      (seed) => easy(seed, watched),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          const [head] = moment.queue;
          if (moment.next !== undefined || head === undefined) continue;
          if (fitsNow(replay, moment, head)) throw new Error(`${moment.seconds} s: job ${head} fits`);
        }
      },
    );
  });

  // Whatever happens later: a server that breaks afterwards may delay the head, as no scheduler knows of it.
  it.each(KINDS)(
    'lets nobody start who delays the head beyond what it can be promised then, %s',
    (_, watched) => {
      let count = 0;
      forSeeds(
        SEEDS,
        (seed) => easy(seed, watched),
        (replay) => {
          count += overtakings(replay, (before, head, job) => {
            const promised = promiseTo(replay, before, head);
            const { options, result } = replay;
            const run = result.jobs[job]!.runs.find(({ startSeconds }) => startSeconds === before.seconds)!;
            const expectedEnd = sumSeconds(
              before.seconds,
              expectedSeconds(options.jobs[job]!, run.pods.length),
            );
            if (expectedEnd <= promised || promised === Number.POSITIVE_INFINITY) return;
            const held = [...before.running].filter(([, other]) => other.expectedEnd > promised);
            const room = roomBeside(replay, before, [...held, [job, { run, expectedEnd }]]);
            if (!fits(options.jobs[head]!, replay.cluster, room)) {
              throw new Error(`${before.seconds} s: job ${job} delays job ${head} beyond ${promised} s`);
            }
          });
        },
      );
      // Otherwise nothing has been tested.
      expect(count).toBeGreaterThan(SEEDS / 2);
    },
  );

  it.each(KINDS)(
    'lets nobody wait for whom there is a place that leaves the head its start, %s',
    (_, watched) => {
      let waits = 0;
      forSeeds(
        SEEDS,
        (seed) => easy(seed, watched),
        (replay) => {
          for (const moment of momentsOf(replay)) {
            const [head, ...others] = moment.queue;
            if (moment.next !== undefined || head === undefined) continue;
            const promised = promiseTo(replay, moment, head);
            for (const job of others) {
              waits++;
              const place = harmlessPlace(replay, moment, head, promised, job);
              if (place === undefined) continue;
              throw new Error(
                `${moment.seconds} s: job ${job} waits, though it leaves job ${head} ${promised} s on ${[...place].join(' ')}`,
              );
            }
          }
        },
      );
      expect(waits).toBeGreaterThan(5 * SEEDS);
    },
  );

  it.each(KINDS.slice(0, 2))(
    'starts the head by the first promise if nobody runs longer than believed, %s',
    (_, watched) => {
      forSeeds(
        SEEDS,
        (seed) => ({ ...easy(seed, { ...watched, estimates: ['exact', 'long'] }), queue: 'fifo' }),
        (replay) => {
          const promised = new Map<number, number>();
          for (const moment of momentsOf(replay)) {
            const [head] = moment.queue;
            if (moment.next !== undefined || head === undefined || promised.has(head)) continue;
            promised.set(head, promiseTo(replay, moment, head));
          }
          for (const [job, latest] of promised) {
            expect(replay.result.jobs[job]!.startSeconds).toBeLessThanOrEqual(latest);
          }
        },
      );
    },
  );

  it.each([
    ['where pods are counted', {}],
    ['where a broken server may drop out', { failures: { laws: [REPAIRED] } }],
  ])('takes all who are overdue for gone by now, %s', (_, options) => {
    const job = (submitSeconds: number, pods: number, estimateSeconds: number, durationSeconds: number) => ({
      submitSeconds,
      pods,
      gpus: 8,
      estimateSeconds,
      durationSeconds,
    });
    const { jobs } = simulate({
      cluster: clusterTopology({
        tiers: [],
        types: { eight: gpuBox(8) },
        servers: ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, type: 'eight' })),
      }),
      // At 31 the head needs three servers: one is free, four are overdue. Two are nobody's.
      jobs: [job(0, 2, 10, 1000), job(0, 2, 20, 1000), job(30, 3, 100, 100), job(31, 1, 5000, 5000)],
      backfill: 'easy',
      passes: 'instant',
      ...options,
    });
    expect(jobs.map(({ startSeconds }) => startSeconds)).toEqual([0, 0, 1000, 31]);
  });

  // a is free for the head at 100; until then it has one GPU free, as b has until 200 and for longer.
  it.each([
    ['topologyAware', topologyAware()],
    ['binPack', binPack()],
    ['bestFit', bestFit()],
  ])(
    'looks for another place where the one that the policy %s likes is in the way of the head',
    (_, policy) => {
      const job = { gpus: 1, submitSeconds: 0 };
      const play = (durationSeconds: number, more: Partial<SimulationJob> = {}): unknown[] => {
        const { jobs } = simulate({
          cluster: clusterTopology({
            tiers: [],
            types: { two: gpuBox(2) },
            servers: ['a', 'b'].map((id) => ({ id, type: 'two', cpuMilli: 4000, memoryMiB: 4000 })),
          }),
          jobs: [
            { ...job, durationSeconds: 100 },
            { ...job, durationSeconds: 1 },
            { ...job, durationSeconds: 200 },
            { submitSeconds: 2, durationSeconds: 50, gpus: 2, ...more },
            { ...job, submitSeconds: 3, durationSeconds, ...more },
          ],
          policy,
          backfill: 'easy',
          passes: 'instant',
        });
        const [head, small] = jobs.slice(3);
        return [head!.startSeconds, small!.startSeconds, small!.runs[0]!.pods[0]!.server];
      };
      expect(play(97)).toEqual([100, 3, 'a']);
      expect(play(98)).toEqual([100, 3, 'b']);
      expect(play(150)).toEqual([100, 3, 'b']);
    },
  );
});

describe('EASY backfill of a depth', () => {
  const four = clusterTopology({
    tiers: [],
    types: { four: gpuBox(4) },
    servers: [{ id: 's', type: 'four' }],
  });
  const job = (gpus: number, durationSeconds: number): SimulationJob => ({
    submitSeconds: 0,
    durationSeconds,
    gpus,
  });
  const pods = ({ gpus = 0, ...rest }: SimulationJob): SimulationJob => ({ ...rest, pods: gpus, gpus: 1 });
  // Two GPUs are free until 100; the head wants four. Behind it three do not fit, and then one does.
  const jobs = [job(2, 100), job(4, 10), job(3, 10), job(3, 10), job(1, 10)];

  it.each([
    ['where pods are counted', jobs.map(pods)],
    ['on any cluster', jobs],
  ])('looks at so many jobs behind the head, and no more, %s', (_, some) => {
    const starts = (backfillDepth?: number): (number | null)[] =>
      simulate({
        cluster: four,
        jobs: some,
        backfill: 'easy',
        ...(backfillDepth !== undefined && { backfillDepth }),
      }).jobs.map(({ startSeconds }) => startSeconds);
    expect(starts(2)[4]).toBeGreaterThanOrEqual(100);
    expect(starts(3)[4]).toBe(0);
    expect(starts()[4]).toBe(0);
    for (const depth of [1, 2, 3]) expect(starts(depth).slice(0, 2)).toEqual([0, 100]);
  });
});
