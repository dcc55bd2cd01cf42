import { describe, expect, it } from 'vitest';
import type { SimulateOptions } from '../../src/simulation/index.js';
import { NaiveProfile } from './naive-profile.js';
import { expectedSeconds, type Moment, momentsOf, type Replay, sumSeconds } from './replay.js';
import { forSeeds, type Watched, watchedOptions } from './watched-options.js';
import { roomBeside } from './whether-it-fits.js';

const SEEDS = 100;

const conservative = (seed: number, watched: Omit<Watched, 'isCounted'>): SimulateOptions => ({
  ...watchedOptions(seed, { isCounted: true, ...watched }),
  backfill: 'conservative',
});

const podsOf = (replay: Replay, job: number): number => replay.options.jobs[job]!.pods ?? 1;

/** What can be promised to each waiting job at a moment, one after another, if `also` starts now. */
function promisesAt(replay: Replay, moment: Moment, also?: number): Map<number, number> {
  const { seconds, queue, running } = moment;
  const capacity = [...roomBeside(replay, moment, []).values()].filter(({ gpus }) => gpus > 0).length;
  const profile = new NaiveProfile(capacity, seconds);
  const secondsOf = (job: number): number => expectedSeconds(replay.options.jobs[job]!, podsOf(replay, job));
  for (const { run, expectedEnd } of running.values()) {
    profile.take(seconds, Math.max(seconds, expectedEnd), run.pods.length);
  }
  if (also !== undefined) {
    profile.take(seconds, sumSeconds(seconds, secondsOf(also)), podsOf(replay, also));
  }
  const promises = new Map<number, number>();
  for (const job of queue) {
    if (job === also) continue;
    const time = profile.earliest(podsOf(replay, job), secondsOf(job));
    promises.set(job, time);
    if (time === Number.POSITIVE_INFINITY) continue;
    profile.take(time, sumSeconds(time, secondsOf(job)), podsOf(replay, job));
  }
  return promises;
}

describe('conservative backfill where pods are counted', () => {
  it('starts every job by the promise of its arrival, if nothing fails and estimates are right', () => {
    let waited = 0;
    forSeeds(
      SEEDS,
      (seed) => conservative(seed, { estimates: ['exact'] }),
      (replay) => {
        const promised = new Map<number, number>();
        for (const moment of momentsOf(replay)) {
          if (moment.next !== undefined) continue;
          for (const [job, time] of promisesAt(replay, moment)) {
            if (!promised.has(job)) promised.set(job, time);
          }
        }
        for (const [job, time] of promised) {
          expect(replay.result.jobs[job]!.startSeconds, `job ${job}`).toBeLessThanOrEqual(time);
        }
        waited += promised.size;
      },
    );
    expect(waited).toBeGreaterThan(SEEDS);
  });

  it.each([
    ['with wrong estimates', { estimates: ['long', 'any'] as const }],
    ['on servers that fail', { estimates: ['exact', 'any'] as const, fails: true }],
  ])('lets nobody start who delays what somebody before it can be promised anew then, %s', (_, watched) => {
    let overtakings = 0;
    forSeeds(
      SEEDS,
      (seed) => ({ ...conservative(seed, watched), queue: seed % 2 === 0 ? 'fifo' : 'priority' }),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          const { next, queue, seconds } = moment;
          if (next?.kind !== 'start' || next.job === queue[0]) continue;
          overtakings++;
          const before = promisesAt(replay, moment);
          const after = promisesAt(replay, moment, next.job);
          for (const job of queue.slice(0, queue.indexOf(next.job))) {
            if (after.get(job)! <= before.get(job)!) continue;
            throw new Error(`${seconds} s: job ${next.job} delays job ${job} beyond ${before.get(job)} s`);
          }
        }
      },
    );
    expect(overtakings).toBeGreaterThan(SEEDS / 2);
  });

  it('leaves nobody waiting whose time it is', () => {
    forSeeds(
      SEEDS,
      (seed) => conservative(seed, { estimates: ['exact'] }),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          if (moment.next !== undefined) continue;
          for (const [job, time] of promisesAt(replay, moment)) {
            if (time === moment.seconds) throw new Error(`${time} s: job ${job} waits`);
          }
        }
      },
    );
  });
});
