import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import {
  type EventKind,
  type JobResult,
  type SimulateOptions,
  type SimulationJob,
  simulate,
} from '../../../src/simulation/index.js';
import { EVENT_KINDS } from '../../../src/simulation/options/event-kinds.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { type NaiveOptions, naiveSimulation } from '../whole/naive-simulator.js';
import { type Draw, drawsOf, swarmOptions } from '../whole/swarm.js';

const boxes = (gpus: number, count = 1) =>
  clusterTopology({
    tiers: [],
    types: { box: gpuBox(gpus) },
    servers: Array.from({ length: count }, (_, i) => ({ id: `s${i}`, type: 'box' })),
  });
const job = (
  submitSeconds: number,
  durationSeconds: number,
  gpus: number,
  more: Partial<SimulationJob> = {},
): SimulationJob => ({ submitSeconds, durationSeconds, gpus, ...more });
const courses = (jobs: readonly JobResult[]): (readonly (readonly [number, number, string])[])[] =>
  jobs.map(({ runs }) => runs.map((run) => [run.startSeconds, run.endSeconds, run.ended] as const));
const PASSES = ['event', 'instant'] as const;
/** Arrivals before ends: the order in which a decision may know least. */
const SUBMIT_FIRST: readonly EventKind[] = ['submit', 'finish', 'repair', 'ready', 'failure', 'defragment'];

function shuffled<T>(draw: Draw, values: readonly T[]): T[] {
  const list = [...values];
  for (let i = list.length - 1; i > 0; i--) {
    const j = draw.between(0, i);
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

describe('one instant', () => {
  const RULES: readonly (readonly [NaiveOptions['rule'], Partial<SimulateOptions>])[] = [
    ['strict', {}],
    ['greedy', { admission: 'greedy' }],
    ['easy', { backfill: 'easy' }],
    ['order', { preemption: 'order' }],
    ['youngest', { preemption: { victims: 'youngest' } }],
    ['lowest-priority', { preemption: { victims: 'lowest-priority' } }],
  ];

  it.each(RULES)(
    'is one decision after all that happens in it, as a naive simulator sees it: %s',
    (rule, options) => {
      let waited = 0;
      for (let seed = 0; seed < 400; seed++) {
        const draw = drawsOf(seed + 40_000);
        const gpus = draw.between(2, 8);
        const jobs = Array.from({ length: draw.between(3, 20) }, () =>
          job(5 * draw.between(0, 8), 5 * draw.of([0, 1, 1, 2, draw.between(0, 8)]), 1, {
            pods: draw.of([1, 1, draw.between(1, gpus)]),
            priority: draw.between(0, 3),
          }),
        );
        const byPriority = typeof options.preemption === 'object' || draw.chance(0.5);
        const expected = naiveSimulation({ gpus, jobs, rule, byPriority });
        // Where servers could fail, GPUs are looked for; where they cannot, they are counted.
        const law = { name: 'never', level: 'server', failuresPerSecond: 0, repair: phase.fixed(1) } as const;
        for (const failures of [undefined, { laws: [law] }]) {
          const result = simulate({
            cluster: boxes(gpus),
            jobs,
            queue: byPriority ? 'priority' : 'fifo',
            failures,
            ...options,
          });
          const got = result.jobs.map((one) => [one.startSeconds, one.endSeconds, one.preemptions]);
          expect(got, `seed ${seed}`).toEqual(expected);
        }
        waited += expected.filter(([start], i) => start > jobs[i]!.submitSeconds).length;
      }
      expect(waited).toBeGreaterThan(400);
    },
  );

  it('lets nobody end later for having been stopped when it was due', () => {
    for (const passes of PASSES) {
      const { jobs } = simulate({
        cluster: boxes(2),
        jobs: [job(0, 100, 1), job(0, 100, 1), job(50, 10, 2, { priority: 9 })],
        queue: 'priority',
        preemption: { victims: 'restart-cost', runSecondsMin: 100 },
        preempted: 'checkpoint',
        passes,
      });
      expect(courses(jobs)).toEqual([
        [[0, 100, 'finished']],
        [[0, 100, 'finished']],
        [[100, 110, 'finished']],
      ]);
    }
  });

  it('stops nobody who is due, whatever for', () => {
    const ways: readonly (Partial<SimulateOptions> & Pick<SimulateOptions, 'jobs'>)[] = [
      {
        jobs: [job(0, 100, 1), job(0, 100, 1), job(100, 10, 2, { priority: 9 })],
        queue: 'priority',
        preemption: { victims: 'youngest' },
      },
      {
        jobs: [job(0, 100, 1), job(0, 100, 1), job(100, 10, 2, { priority: 9 })],
        queue: 'priority',
        preemption: 'order',
      },
      {
        jobs: [
          job(0, 100, 1, { tenant: 'a' }),
          job(0, 100, 1, { tenant: 'a' }),
          job(100, 10, 2, { tenant: 'b' }),
        ],
        queue: 'fair-share',
        quotas: [
          { name: 'a', deservedGpus: 0 },
          { name: 'b', deservedGpus: 2 },
        ],
        preemption: { victims: 'youngest' },
      },
      {
        jobs: [job(0, 100, 1, { pods: 2, podsMin: 1, estimateSeconds: 1000 }), job(100, 10, 1)],
        elastic: 'running',
      },
    ];
    for (const way of ways) {
      for (const passes of PASSES) {
        const { jobs } = simulate({ cluster: boxes(2), eventOrder: SUBMIT_FIRST, passes, ...way });
        expect(jobs.map(({ runs }) => runs.length)).toEqual(jobs.map(() => 1));
        expect(jobs[0]!.endSeconds).toBe(100);
        expect(jobs.at(-1)!.startSeconds).toBe(100);
      }
    }
  });

  it('takes nobody for a victim where an end of that instant makes the room', () => {
    const jobs = [job(0, 100, 1), job(0, 200, 1), job(100, 10, 1, { priority: 9 })];
    const { jobs: results } = simulate({
      cluster: boxes(2),
      jobs,
      queue: 'priority',
      preemption: { victims: 'youngest' },
      eventOrder: SUBMIT_FIRST,
    });
    expect(courses(results)).toEqual([
      [[0, 100, 'finished']],
      [[0, 200, 'finished']],
      [[100, 110, 'finished']],
    ]);
  });

  it('goes on until nothing ends any more that takes no time', () => {
    const chain = Array.from({ length: 20 }, () => job(0, 0, 1));
    for (const untilSeconds of [undefined, 0]) {
      const { jobs, events } = simulate({ cluster: boxes(1), jobs: [...chain, job(0, 5, 1)], untilSeconds });
      expect(jobs.slice(0, -1).map(({ endSeconds }) => endSeconds)).toEqual(chain.map(() => 0));
      expect(jobs.at(-1)!.outcome).toBe(untilSeconds === 0 ? 'running' : 'finished');
      expect(events).toBe(untilSeconds === 0 ? 41 : 42);
    }
  });

  it('stops nobody for room that a job without duration gives back at once', () => {
    const ways: readonly Partial<SimulateOptions>[] = [
      { queue: 'priority', preemption: { victims: 'youngest' } },
      { queue: 'priority', elastic: 'running' },
      {
        queue: 'fair-share',
        preemption: { victims: 'youngest' },
        quotas: [
          { name: 'low', deservedGpus: 0 },
          { name: 'high', deservedGpus: 2 },
        ],
      },
    ];
    for (const way of ways) {
      const { jobs } = simulate({
        cluster: boxes(3),
        jobs: [
          job(0, 200, 1, { pods: 2, podsMin: 1, tenant: 'low' }),
          job(50, 0, 1, { priority: 9, tenant: 'high' }),
          job(50, 10, 1, { priority: 5, tenant: 'high' }),
        ],
        ...way,
      });
      expect(courses(jobs)).toEqual([[[0, 200, 'finished']], [[50, 50, 'finished']], [[50, 60, 'finished']]]);
    }
  });

  it('lets a job grow once, to all that is free when the instant is over', () => {
    const { jobs } = simulate({
      cluster: boxes(4),
      jobs: [job(0, 50, 3), job(0, 100, 1, { pods: 4, podsMin: 1 }), job(50, 0, 1)],
      elastic: 'running',
    });
    // 50 seconds on one of four GPUs are 12.5 of the 100.
    expect(courses(jobs)[1]).toEqual([
      [0, 50, 'moved'],
      [50, 137.5, 'finished'],
    ]);
  });

  it('moves nobody for room that an end of that instant gives, whatever comes first', () => {
    // The first ends long before it is believed to; at that time a look is due, which would move the second beside the third.
    const jobs = [
      job(0, 100, 2, { estimateSeconds: 500 }),
      job(0, 1000, 1),
      job(0, 20, 1),
      job(0, 1000, 1),
      job(50, 10, 2),
    ];
    const moves = (passes: 'event' | 'instant'): number =>
      simulate({
        cluster: boxes(2, 3),
        jobs,
        defragmentation: { everySeconds: 100 },
        eventOrder: ['defragment', ...SUBMIT_FIRST.slice(0, -1)],
        passes,
      }).metrics.moves;
    expect(moves('event')).toBe(1);
    expect(moves('instant')).toBe(0);
  });

  it('is the same whatever kind of event comes first', () => {
    for (let seed = 0; seed < 400; seed++) {
      const options = { ...swarmOptions(seed), passes: 'instant' as const };
      const eventOrder = shuffled(drawsOf(seed + 50_000), EVENT_KINDS);
      expect(simulate({ ...options, eventOrder }).jobs, `seed ${seed}`).toEqual(simulate(options).jobs);
    }
  });

  it('is the same whatever the order of jobs that arrive in it, but for ties', () => {
    const ways: readonly Partial<SimulateOptions>[] = [
      {},
      { admission: 'greedy' },
      { backfill: 'easy' },
      { backfill: 'conservative' },
      { preemption: 'order' },
      { preemption: { victims: 'lowest-priority' } },
    ];
    for (let seed = 0; seed < 300; seed++) {
      const draw = drawsOf(seed + 60_000);
      const priorities = shuffled(
        draw,
        Array.from({ length: draw.between(3, 15) }, (_, i) => i),
      );
      const jobs = priorities.map((priority) =>
        job(10 * draw.between(0, 3), 5 * draw.between(0, 6), draw.of([1, 2, 4]), {
          id: `p${priority}`,
          priority,
        }),
      );
      const options: SimulateOptions = {
        cluster: boxes(4, 2),
        jobs,
        queue: 'priority',
        ...ways[seed % ways.length],
      };
      const byId = (list: readonly JobResult[]): unknown => new Map(list.map((one) => [one.id, one]));
      const other = simulate({ ...options, jobs: shuffled(draw, jobs) });
      expect(byId(other.jobs), `seed ${seed}`).toEqual(byId(simulate(options).jobs));
    }
  });
});

describe('a failure in an instant', () => {
  const law = { name: 'host', level: 'server' as const, failuresPerSecond: 1 / 900 };
  const failing = (repairSeconds: number): Pick<SimulateOptions, 'failures'> => ({
    failures: { laws: [{ ...law, repair: phase.fixed(repairSeconds) }] },
  });

  it('leaves alone who ends in it, unless failures are told to come first', () => {
    const cluster = boxes(1);
    const options = { cluster, seed: 5, failures: { laws: [law] } };
    const [probe] = simulate({ ...options, jobs: [job(0, 1e6, 1)], untilSeconds: 1e5 }).jobs;
    const seconds = probe!.runs[0]!.endSeconds;
    expect(probe!.runs[0]!.ended).toBe('failed');
    for (const passes of PASSES) {
      const due = { ...options, jobs: [job(0, seconds, 1)], passes };
      expect(courses(simulate(due).jobs)).toEqual([[[0, seconds, 'finished']]]);
      const eventOrder = ['failure', ...EVENT_KINDS.filter((kind) => kind !== 'failure')] as EventKind[];
      expect(simulate({ ...due, eventOrder }).jobs[0]!.failures).toBeGreaterThan(0);
    }
  });

  it('lets nobody overtake a gang in a strict queue that is ready again in the same instant', () => {
    let failures = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { jobs } = simulate({
        cluster: boxes(8, 2),
        jobs: [
          job(0, 1000, 8, { pods: 2, checkpoint: { computeSeconds: 100 } }),
          ...[100, 300, 500].map((submit) => job(submit, 400, 1)),
        ],
        seed,
        ...failing(300),
      });
      const [gang, ...others] = jobs;
      failures += gang!.failures;
      for (const other of others) expect(other.startSeconds).toBeGreaterThanOrEqual(gang!.endSeconds!);
    }
    expect(failures).toBeGreaterThan(20);
  });

  it('is over in it where detection, repair and restart take no time', () => {
    let failures = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { jobs } = simulate({
        cluster: boxes(8, 2),
        jobs: [job(0, 1000, 8, { pods: 2, checkpoint: { computeSeconds: 100 } }), job(0, 50, 1)],
        seed,
        ...failing(0),
      });
      const { runs } = jobs[0]!;
      failures += jobs[0]!.failures;
      runs.slice(1).forEach((run, i) => {
        expect(run.startSeconds).toBe(runs[i]!.endSeconds);
      });
      expect(jobs[1]!.startSeconds).toBe(jobs[0]!.endSeconds);
    }
    expect(failures).toBeGreaterThan(20);
  });
});
