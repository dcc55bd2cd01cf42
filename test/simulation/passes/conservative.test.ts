import { describe, expect, it } from 'vitest';
import { type SimulateOptions, simulate } from '../../../src/simulation/index.js';
import { NaiveProfile } from '../future/naive-profile.js';
import { oneGpuServers } from '../one-gpu-servers.js';
import { forSeeds, type Watched, watchedOptions } from '../options/watched-options.js';
import { expectedSeconds, type Moment, momentsOf, type Replay, sumSeconds } from '../replay.js';
import { roomBeside } from '../whole/whether-it-fits.js';
import { checkPromises } from './kept-promises.js';

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

  it.each(['fifo', 'priority', 'shortest-remaining'] as const)(
    'starts every job by every promise it was given, if nobody runs longer than believed, queue %s',
    (queue) => {
      let waited = 0;
      forSeeds(
        SEEDS,
        (seed) => ({ ...conservative(seed, { estimates: ['exact', 'long'] }), queue }),
        (replay) => {
          waited += checkPromises(replay);
        },
      );
      expect(waited).toBeGreaterThan(10 * SEEDS);
    },
  );

  it('keeps a promise to a job behind one that moves forward', () => {
    const job = { submitSeconds: 0, durationSeconds: 10, pods: 2, gpus: 1 };
    const { jobs } = simulate({
      cluster: oneGpuServers(4),
      backfill: 'conservative',
      passes: 'instant',
      // At 5 the third could move to 10, but the fourth is promised that.
      jobs: [{ ...job, durationSeconds: 5, estimateSeconds: 20 }, job, { ...job, pods: 4 }, job],
    });
    expect(jobs.map(({ startSeconds }) => startSeconds)).toEqual([0, 0, 15, 5]);
  });

  it('lets a job of high priority in only where it delays no promise, and forward before others', () => {
    const job = { submitSeconds: 0, durationSeconds: 10, pods: 4, gpus: 1 };
    const play = (firstSeconds: number) =>
      simulate({
        cluster: oneGpuServers(4),
        backfill: 'conservative',
        queue: 'priority',
        jobs: [
          { ...job, durationSeconds: firstSeconds, estimateSeconds: 10 },
          { ...job, submitSeconds: 1 },
          { ...job, submitSeconds: 2, priority: 1, durationSeconds: 5 },
        ],
      }).jobs.map(({ startSeconds }) => startSeconds);
    expect(play(10)).toEqual([0, 10, 20]);
    expect(play(8)).toEqual([0, 8, 18]);
    // Here it is done when the other is promised to start.
    expect(play(5)).toEqual([0, 10, 5]);
  });

  it('makes the promises anew that an overrun breaks, in the order of the queue', () => {
    const job = { submitSeconds: 0, durationSeconds: 10, pods: 4, gpus: 1 };
    const { jobs } = simulate({
      cluster: oneGpuServers(4),
      backfill: 'conservative',
      jobs: [
        { ...job, durationSeconds: 13, estimateSeconds: 10 },
        job,
        { ...job, pods: 2 },
        { ...job, submitSeconds: 12, pods: 1 },
      ],
    });
    expect(jobs.map(({ startSeconds }) => startSeconds)).toEqual([0, 13, 23, 23]);
  });

  it('keeps the promises that an overrun does not break', () => {
    const job = { submitSeconds: 0, durationSeconds: 10, gpus: 1 };
    const { jobs } = simulate({
      cluster: oneGpuServers(4),
      backfill: 'conservative',
      jobs: [
        { ...job, durationSeconds: 6, estimateSeconds: 20, pods: 2 },
        job,
        { ...job, durationSeconds: 12, estimateSeconds: 5 },
        // Promised 5: this one is broken.
        { ...job, durationSeconds: 1 },
        // Promised 20; at 6, made anew, it would go before the next, which is promised 10.
        { ...job, pods: 4 },
        { ...job, pods: 2 },
      ],
    });
    expect(jobs.map(({ startSeconds }) => startSeconds)).toEqual([0, 0, 0, 6, 17, 7]);
  });

  it('starts whoever is left at a time at which nothing ends any more', () => {
    // Every job is left to itself by somebody who moves forward; if nobody looked again, it would wait for ever.
    for (let seed = 0; seed < 4 * SEEDS; seed++) {
      const options = watchedOptions(seed, { isCounted: true, estimates: ['any'] });
      const { jobs } = simulate({ ...options, backfill: 'conservative', queue: 'fewest-gpus' });
      for (const { outcome } of jobs) expect(['finished', 'refused']).toContain(outcome);
    }
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
