import { describe, expect, it } from 'vitest';
import type { SimulationJob, VictimRule } from '../../../src/simulation/index.js';
import { forSeeds, type Watched, watchedOptions } from '../options/watched-options.js';
import { type Moment, momentsOf, type Replay, type Running } from '../replay.js';
import { fits, roomBeside } from '../whole/whether-it-fits.js';

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
function victimsOf(replay: Replay, moment: Before, head: number, rule: VictimRule): number[] | undefined {
  const named = inOrder(replay, moment, head, rule);
  const count = named.findIndex((_, i) => fitsWithout(replay, moment, head, named.slice(0, i + 1))) + 1;
  if (count === 0) return undefined;
  let gone = named.slice(0, count);
  for (const job of gone.slice(0, -1).reverse()) {
    const others = gone.filter((other) => other !== job);
    if (fitsWithout(replay, moment, head, others)) gone = others;
  }
  return gone;
}

type Before = Pick<Moment, 'seconds' | 'running' | 'queue'>;

function fitsWithout(replay: Replay, moment: Before, head: number, gone: readonly number[]): boolean {
  const held = [...moment.running].filter(([job]) => !gone.includes(job));
  return fits(
    replay.options.jobs[head]!,
    replay.cluster,
    roomBeside(replay, { ...moment, next: undefined }, held),
  );
}

/** Who may be stopped, in the order of the rule. */
function inOrder(replay: Replay, { running, seconds }: Before, head: number, rule: VictimRule): number[] {
  const { jobs } = replay.options;
  return [...running.keys()]
    .filter((job) => priorityOf(jobs[job]!) < priorityOf(jobs[head]!))
    .sort((a, b) => {
      const difference =
        keyOf(rule, jobs[a]!, running.get(a)!, seconds) - keyOf(rule, jobs[b]!, running.get(b)!, seconds);
      return difference || jobs[b]!.submitSeconds - jobs[a]!.submitSeconds || b - a;
    });
}

/** More victims are not tried in all combinations. */
const TRIED_MAX = 11;

/** Checks that no other set of victims is cheaper, or as cheap and smaller, or both and nearer to the front of the order. */
function expectCheapest(replay: Replay, moment: Before, head: number, stopped: readonly number[]): void {
  const { running, seconds } = moment;
  const named = inOrder(replay, moment, head, 'restart-cost');
  if (named.length > TRIED_MAX) return;
  const priceOf = (set: readonly number[]): number[] => {
    const sum = (of: (job: number) => number): number => set.reduce((total, job) => total + of(job), 0);
    const cost = sum((job) => keyOf('restart-cost', replay.options.jobs[job]!, running.get(job)!, seconds));
    // In whole microseconds, as the simulator counts.
    return [Math.round(cost * 1e6), set.length, sum((job) => named.indexOf(job))];
  };
  const prices = Array.from({ length: 2 ** named.length }, (_, bits) =>
    named.filter((_job, position) => ((bits >>> position) & 1) === 1),
  )
    .map((set) => ({ set, price: priceOf(set) }))
    .sort((a, b) => a.price[0]! - b.price[0]! || a.price[1]! - b.price[1]! || a.price[2]! - b.price[2]!);
  const least = prices.find(({ set }) => fitsWithout(replay, moment, head, set))!;
  expect(priceOf(stopped), `${seconds} s: job ${head}`).toEqual(least.price);
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
          if (rule === 'restart-cost') expectCheapest(replay, before, next.job, stopped);
          else {
            const named = victimsOf(replay, before, next.job, rule)!;
            expect(stopped.sort(), `${moment.seconds} s: job ${next.job}`).toEqual(named.sort());
          }
          stops += stopped.length;
          stopped = [];
          before = undefined;
        }
      },
    );
    expect(stops).toBeGreaterThan(SEEDS);
  });
});
