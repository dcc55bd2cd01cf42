import { describe, expect, it } from 'vitest';
import type { Queue } from '../../../src/simulation/index.js';
import { forSeeds, type Watched, watchedOptions } from '../options/watched-options.js';
import { momentsOf } from '../replay.js';
import { fits, fitsNow, roomBeside } from '../whole/whether-it-fits.js';

const QUEUES: readonly Queue[] = ['fifo', 'priority', 'fewest-gpus'];
const KINDS: readonly (readonly [name: string, watched: Watched])[] = [
  ['where pods are counted', { isCounted: true, estimates: ['exact'] }],
  ['on tiers, models and CPU', { isCounted: false, estimates: ['exact'] }],
  ['on servers and tiers that fail', { isCounted: false, estimates: ['exact'], fails: true }],
];
const SEEDS = 60;

describe('greedyPass', () => {
  it.each(KINDS)('leaves nobody waiting who fits, %s', (_, watched) => {
    let waited = 0;
    forSeeds(
      SEEDS,
      (seed) => ({ ...watchedOptions(seed, watched), admission: 'greedy', queue: QUEUES[seed % 3] }),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          if (moment.next !== undefined) continue;
          for (const job of moment.queue) {
            if (fitsNow(replay, moment, job)) throw new Error(`${moment.seconds} s: job ${job} fits`);
          }
          waited += moment.queue.length;
        }
      },
    );
    expect(waited).toBeGreaterThan(SEEDS);
  });

  it('asks in the order of the queue', () => {
    forSeeds(
      SEEDS,
      (seed) => ({ ...watchedOptions(seed, KINDS[1]![1]), admission: 'greedy', queue: QUEUES[seed % 3] }),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          if (moment.next?.kind !== 'start') continue;
          const first = moment.queue.find((job) => fitsNow(replay, moment, job));
          expect(moment.next.job, `${moment.seconds} s`).toBe(first);
        }
      },
    );
  });
});

describe('strictPass', () => {
  it.each(KINDS)('starts jobs in the order of the queue, the head whenever it fits, %s', (_, watched) => {
    let waited = 0;
    forSeeds(
      SEEDS,
      (seed) => ({ ...watchedOptions(seed, watched), queue: QUEUES[seed % 3] }),
      (replay) => {
        for (const moment of momentsOf(replay)) {
          const [head] = moment.queue;
          if (moment.next?.kind === 'start') expect(moment.next.job, `${moment.seconds} s`).toBe(head);
          if (moment.next !== undefined || head === undefined) continue;
          if (fitsNow(replay, moment, head)) throw new Error(`${moment.seconds} s: job ${head} fits`);
          waited++;
        }
      },
    );
    expect(waited).toBeGreaterThan(SEEDS);
  });
});

describe('preemption by order', () => {
  it.each(KINDS)('leaves nobody waiting who fits without those behind it, %s', (_, watched) => {
    let waited = 0;
    let stopped = 0;
    forSeeds(
      SEEDS,
      (seed) => ({ ...watchedOptions(seed, watched), preemption: 'order', queue: 'priority' }),
      (replay) => {
        const priorityOf = (job: number): number => replay.options.jobs[job]!.priority!;
        for (const moment of momentsOf(replay)) {
          if (moment.next?.kind === 'preempt') stopped++;
          if (moment.next !== undefined) continue;
          for (const job of moment.queue) {
            const before = [...moment.running].filter(([other]) => priorityOf(other) >= priorityOf(job));
            const room = roomBeside(replay, moment, before);
            if (!fits(replay.options.jobs[job]!, replay.cluster, room)) continue;
            throw new Error(`${moment.seconds} s: job ${job} fits without those behind it`);
          }
          waited += moment.queue.length;
        }
      },
    );
    expect(Math.min(waited, stopped)).toBeGreaterThan(SEEDS);
  });
});
