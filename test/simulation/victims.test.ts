import { describe, expect, it } from 'vitest';
import type { SimulationJob, VictimRule } from '../../src/simulation/index.js';
import { type Moment, momentsOf, type Replay, type Running } from './replay.js';
import { forSeeds, type Watched, watchedOptions } from './watched-options.js';
import { fits, roomBeside } from './whether-it-fits.js';

const RULES: readonly VictimRule[] = ['restart-cost', 'lowest-priority', 'youngest', 'fewest-gpus'];
const KINDS: readonly (readonly [name: string, watched: Watched])[] = [
  ['where pods are counted', { isCounted: true, estimates: ['exact'] }],
  ['on tiers, models and CPU', { isCounted: false, isElastic: false, estimates: ['exact'] }],
  [
    'on servers and tiers that fail',
    { isCounted: false, isElastic: false, estimates: ['exact'], fails: true },
  ],
];
const SEEDS = 80;

const priorityOf = (job: SimulationJob): number => job.priority ?? 0;

/** What stopping a job that writes no checkpoints counts under a rule; the smallest goes first. */
function keyOf(rule: VictimRule, job: SimulationJob, { run }: Running, seconds: number): number {
  const gpus = run.pods.reduce((sum, pod) => sum + pod.gpus.length, 0);
  if (rule === 'restart-cost') return (seconds - run.startSeconds) * gpus;
  if (rule === 'lowest-priority') return priorityOf(job);
  return rule === 'youngest' ? -run.startSeconds : gpus;
}

/**
 * Whom the rule names, so that the head fits: in its order until it does, and then those back, the dearest first, who are
 * not in the way. Undefined if all are not enough.
 */
function victimsOf(
  replay: Replay,
  moment: Pick<Moment, 'seconds' | 'running' | 'queue'>,
  head: number,
  rule: VictimRule,
): number[] | undefined {
  const { jobs } = replay.options;
  const { seconds, running } = moment;
  const fitsWithout = (gone: readonly number[]): boolean => {
    const held = [...running].filter(([job]) => !gone.includes(job));
    const room = roomBeside(replay, { ...moment, next: undefined }, held);
    return fits(jobs[head]!, replay.cluster, room);
  };
  const named = [...running.keys()]
    .filter((job) => priorityOf(jobs[job]!) < priorityOf(jobs[head]!))
    .sort((a, b) => {
      const difference =
        keyOf(rule, jobs[a]!, running.get(a)!, seconds) - keyOf(rule, jobs[b]!, running.get(b)!, seconds);
      return difference || jobs[b]!.submitSeconds - jobs[a]!.submitSeconds || b - a;
    });
  const count = named.findIndex((_, i) => fitsWithout(named.slice(0, i + 1))) + 1;
  if (count === 0) return undefined;
  let gone = named.slice(0, count);
  for (const job of gone.slice(0, -1).reverse()) {
    const others = gone.filter((other) => other !== job);
    if (fitsWithout(others)) gone = others;
  }
  return gone;
}

describe('preemption by priority', () => {
  it.each(KINDS)('stops whom the rule names, and nobody else, %s', (_, watched) => {
    let stops = 0;
    forSeeds(
      SEEDS,
      (seed) => ({
        ...watchedOptions(seed, watched),
        queue: 'priority',
        preemption: { victims: RULES[seed % 4]! },
        preempted: 'checkpoint',
      }),
      (replay) => {
        const rule = (replay.options.preemption as { readonly victims: VictimRule }).victims;
        let stopped: number[] = [];
        let before: Moment | undefined;
        for (const moment of momentsOf(replay)) {
          const { next, queue } = moment;
          if (next?.kind === 'preempt') {
            before ??= { ...moment, running: new Map(moment.running) };
            stopped.push(next.job);
            continue;
          }
          if (next === undefined) {
            if (queue.length === 0 || victimsOf(replay, moment, queue[0]!, rule) === undefined) continue;
            throw new Error(`${moment.seconds} s: nobody stops for job ${queue[0]}`);
          }
          if (before === undefined) continue;
          expect(next.kind).toBe('start');
          const named = victimsOf(replay, before, next.job, rule)!;
          expect(stopped.sort(), `${moment.seconds} s: job ${next.job}`).toEqual(named.sort());
          stops += stopped.length;
          stopped = [];
          before = undefined;
        }
      },
    );
    expect(stops).toBeGreaterThan(SEEDS);
  });
});
