import { describe, expect, it } from 'vitest';
import type { SimulateOptions } from '../../src/simulation/index.js';
import { expectedSeconds, type Moment, momentsOf, type Replay, sumSeconds } from './replay.js';
import { forSeeds, type Watched, watchedOptions } from './watched-options.js';
import { fits, fitsNow, promiseTo, roomBeside } from './whether-it-fits.js';

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
});
