import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import {
  type SimulateOptions,
  type SimulationJob,
  simulate,
  type VictimRule,
} from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { refusedAs } from '../../restart/refusals.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const checkpoint = { computeSeconds: 100, stallSeconds: 0 };
/** Three jobs that fill six GPUs, and one of priority 2 that comes at second 150 and needs two. */
const jobs: readonly SimulationJob[] = [
  { id: 'old', submitSeconds: 0, durationSeconds: 1000, pods: 2, gpus: 1, priority: 1, checkpoint },
  { id: 'fresh', submitSeconds: 45, durationSeconds: 1000, pods: 2, gpus: 1, priority: 1, checkpoint },
  { id: 'late', submitSeconds: 50, durationSeconds: 1000, pods: 2, gpus: 1, priority: 1 },
  { id: 'urgent', submitSeconds: 150, durationSeconds: 10, pods: 2, gpus: 1, priority: 2 },
];

function preempted(rule: VictimRule, options: Partial<SimulateOptions> = {}): string[] {
  const result = simulate({
    cluster: oneGpuServers(6),
    jobs,
    queue: 'priority',
    preemption: { victims: rule },
    preempted: 'checkpoint',
    ...options,
  });
  expect(result.jobs[3]!.startSeconds).toBe(150);
  return result.jobs.filter((job) => job.preemptions > 0).map((job) => job.id);
}

describe('preemption by priority', () => {
  it('stops whoever loses the fewest GPU-hours', () => {
    // At second 150 old has lost 50 s of compute since its checkpoint, fresh 5, late all of its 100.
    expect(preempted('restart-cost')).toEqual(['fresh']);
  });

  it('counts the restart on all GPUs of a victim, where progress is kept', () => {
    const sizes = [3, 1, 2, 2];
    const sized = jobs.map((job, i) => ({ ...job, pods: sizes[i]! }));
    // One GPU is not enough, two are: the smaller victim goes on.
    expect(
      preempted('restart-cost', {
        preempted: 'kept',
        restart: { exposed: phase.fixed(30) },
        jobs: sized,
      }),
    ).toEqual(['late']);
    expect(preempted('fewest-gpus', { jobs: sized })).toEqual(['late']);
  });

  it('stops the lowest priority, or the youngest', () => {
    const lower = jobs.map((job) => (job.id === 'old' ? { ...job, priority: 0 } : job));
    expect(preempted('lowest-priority', { jobs: lower })).toEqual(['old']);
    expect(preempted('youngest')).toEqual(['late']);
  });

  it('takes the lost compute up again after the last checkpoint', () => {
    const { jobs: results, metrics } = simulate({
      cluster: oneGpuServers(6),
      jobs,
      queue: 'priority',
      preemption: { victims: 'restart-cost' },
      preempted: 'checkpoint',
      restart: { exposed: phase.fixed(30) },
    });
    // Stopped at 150 with 100 of 105 s saved, back at 160 after urgent, 30 s of restart, 900 s to go.
    expect(results[1]!.endSeconds).toBe(160 + 30 + 900);
    expect(metrics.gpuHours.recompute).toBeCloseTo((2 * 5) / 3600, 9);
    expect(metrics.gpuHours.restart).toBeCloseTo((2 * 30) / 3600, 9);
  });

  it('stops nobody if all of lower priority are not enough, and none of its own', () => {
    const many = jobs.map((job) =>
      job.id === 'urgent'
        ? { ...job, pods: 6, priority: 1 }
        : job.id === 'late'
          ? { ...job, priority: 0 }
          : job,
    );
    const result = simulate({
      cluster: oneGpuServers(6),
      jobs: many,
      queue: 'priority',
      preemption: { victims: 'lowest-priority' },
      untilSeconds: 500,
    });
    expect(result.metrics.preemptions).toBe(0);
  });
});

describe('who may preempt, and whom', () => {
  const cluster = clusterTopology({
    tiers: [],
    types: { eight: gpuBox(8) },
    servers: [{ id: 'n', type: 'eight' }],
  });
  const four = (
    tenant: string,
    submitSeconds: number,
    priority: number,
    more: Partial<SimulationJob> = {},
  ): SimulationJob => ({ tenant, submitSeconds, durationSeconds: 1000, gpus: 4, priority, ...more });
  /** Two low jobs of the tenants 1 and 2, a high one of 3 and one in between of 1. */
  const jobs = [four('q1', 0, 0), four('q2', 0, 0), four('q3', 10, 100), four('q1', 20, 50)];
  const starts = (options: Partial<SimulateOptions>): number[][] =>
    simulate({ cluster, jobs, queue: 'priority', ...options }).jobs.map(({ runs }) =>
      runs.map((run) => run.startSeconds),
    );
  const victims = 'lowest-priority';

  it('keeps to one tenant with the scope tenant, in every queue', () => {
    // The low job of tenant 1 makes room for its other one, and 3 waits for somebody to end.
    const wanted = [[0, 1020], [0], [1000], [20]];
    expect(starts({ preemption: { victims, scope: 'tenant' } })).toEqual(wanted);
    expect(starts({ preemption: { victims, scope: 'tenant' }, admission: 'greedy' })).toEqual(wanted);
    expect(starts({ preemption: { victims, scope: 'tenant' }, queue: 'fair-share' })).toEqual(wanted);
    // Behind a head that is promised something nobody preempts.
    expect(starts({ preemption: { victims, scope: 'tenant' }, backfill: 'easy' })).toEqual([
      [0],
      [0],
      [1000],
      [1000],
    ]);
    expect(starts({ preemption: { victims } })).toEqual([[0, 1010], [0, 1020], [10], [20]]);
  });

  it('preempts inside a tenant at its limit, under fair share', () => {
    const quotas = [{ name: 'q1', deservedGpus: 4, limitGpus: 4 }];
    const of = (scope: 'cluster' | 'tenant' | 'both'): number[][] =>
      starts({
        queue: 'fair-share',
        quotas,
        preemption: { victims, scope },
        jobs: [four('q1', 0, 0), four('q1', 20, 50)],
      });
    expect(of('cluster')).toEqual([[0], [1000]]);
    expect(of('tenant')).toEqual([[0, 1020], [20]]);
    expect(of('both')).toEqual([[0, 1020], [20]]);
  });

  it('reclaims as well with the scope both', () => {
    const quotas = [
      { name: 'q1', deservedGpus: 4 },
      { name: 'q2', deservedGpus: 4 },
    ];
    const of = (scope: 'cluster' | 'tenant' | 'both'): number[] =>
      starts({
        queue: 'fair-share',
        quotas,
        preemption: { victims, scope },
        jobs: [four('q1', 0, 0), four('q1', 0, 0), four('q2', 10, 0), four('q2', 20, 9)],
      }).map((runs) => runs[0]!);
    // Whom q2 has stopped is next when GPUs come back.
    expect(of('cluster')).toEqual([0, 0, 10, 1010]);
    expect(of('tenant')).toEqual([0, 0, 1000, 1000]);
    expect(of('both')).toEqual([0, 0, 10, 20]);
  });

  it('lets whoever waits preempt under greedy admission, the head alone otherwise', () => {
    // The head wants all 8, of which 4 are at its own priority; behind it 4 of the others are enough.
    const list = [four('', 0, 5), four('', 0, 0), four('', 10, 5, { gpus: 8 }), four('', 20, 3)];
    const of = (options: Partial<SimulateOptions>): number =>
      starts({ jobs: list, preemption: { victims }, ...options })[3]![0]!;
    expect(of({ admission: 'greedy' })).toBe(20);
    expect(of({})).toBe(2000);
    expect(of({ backfill: 'easy' })).toBe(2000);
    expect(of({ backfill: 'conservative' })).toBe(2000);
  });

  it('never delays what the head is promised under backfill', () => {
    const list = [four('', 0, 5), four('', 0, 0), four('', 10, 5, { gpus: 8 }), four('', 20, 3)];
    for (const backfill of ['easy', 'conservative'] as const) {
      expect(starts({ jobs: list, backfill, preemption: { victims } })[2]).toEqual([1000]);
    }
  });

  it('stops nobody who is not preemptible, in any way', () => {
    const stays = [four('q1', 0, 0, { preemptible: false }), ...jobs.slice(1)];
    expect(starts({ jobs: stays, preemption: { victims } })).toEqual([[0], [0, 1010], [10], [1000]]);
    expect(starts({ jobs: stays, preemption: 'order' })).toEqual([[0], [0, 1010], [10], [1000]]);
    const lone = oneGpuServers(8);
    const single = stays.map((job) => ({ ...job, gpus: 1, pods: 4 }));
    expect(starts({ cluster: lone, jobs: single, preemption: 'order' })[0]).toEqual([0]);
    expect(
      starts({
        jobs: [four('a', 0, 0, { gpus: 8, preemptible: false }), four('b', 10, 0)],
        queue: 'fair-share',
        quotas: [{ name: 'b', deservedGpus: 8 }],
        preemption: { victims },
      }),
    ).toEqual([[0], [1000]]);
    const elastic = { podsMin: 1, pods: 8, gpus: 1 };
    const shrinking = (preemptible: boolean): number =>
      starts({
        jobs: [four('', 0, 0, { ...elastic, preemptible }), four('', 10, 0)],
        elastic: 'running',
      })[1]![0]!;
    expect([shrinking(true), shrinking(false)]).toEqual([10, 1000]);
  });

  it('refuses a scope that is none, and both where nobody reclaims', () => {
    const of = (preemption: unknown) => () => starts({ preemption } as Partial<SimulateOptions>);
    expect(of({ victims, scope: 'all' })).toThrow(refusedAs('invalid-option', ['preemption', 'scope']));
    expect(of({ victims, scope: 'both' })).toThrow(refusedAs('invalid-option', ['preemption']));
    expect(() => starts({ jobs: [{ ...jobs[0]!, preemptible: 1 as unknown as boolean }] })).toThrow(
      expect.objectContaining({ path: ['jobs', 0, 'preemptible'] }),
    );
  });
});

describe('room for whoever waits for a promise to others', () => {
  const servers = Array.from({ length: 3 }, (_, i) => ({ id: `s${i}`, type: 'b', cpuMilli: 1000 }));
  const cluster = clusterTopology({ tiers: [], types: { b: gpuBox(1) }, servers });
  const ends = (cpuMilli: number | undefined, options: Partial<SimulateOptions>): unknown[] =>
    simulate({
      cluster,
      queue: 'priority',
      backfill: 'conservative',
      jobs: [
        { id: 'r', submitSeconds: 0, durationSeconds: 100, pods: 2, podsMin: 1, gpus: 1, cpuMilli },
        { id: 'b', submitSeconds: 1, durationSeconds: 100, pods: 3, gpus: 1 },
        { id: 's', submitSeconds: 2, durationSeconds: 1000, gpus: 1, priority: 1 },
      ],
      ...options,
    }).jobs[0]!.runs.map((run) => [run.ended, run.endSeconds]);

  it.each([
    ['elastic jobs', { elastic: 'running' }],
    ['defragmentation', { defragmentation: { everySeconds: 50 } }],
    ['preemption by rule', { preemption: { victims: 'youngest' } }],
    ['preemption by cost', { preemption: { victims: 'restart-cost' } }],
  ] as const)('is not made by %s: it fits as it is', (_, options) => {
    for (const cpuMilli of [undefined, 1]) expect(ends(cpuMilli, options)).toEqual([['finished', 100]]);
  });
});

describe('preemption where priorities age', () => {
  const oneAfterAnother = (options: Partial<SimulateOptions>) => {
    const coming = Array.from({ length: 6 }, (_, i) => ({
      id: `n${i}`,
      submitSeconds: 100 + 3600 * i,
      priority: 2,
    }));
    const all = [{ id: 'r', submitSeconds: 0, priority: 2 }, { id: 'old', submitSeconds: 1 }, ...coming];
    return simulate({
      cluster: oneGpuServers(1),
      jobs: all.map((job) => ({ ...job, durationSeconds: 3600, gpus: 1 })),
      queue: 'priority',
      ...options,
    });
  };

  it.each(['youngest', 'restart-cost', 'lowest-priority'] as const)(
    'lets whoever came to the front by waiting run to its end: %s',
    (victims) => {
      const aged = oneAfterAnother({ priorityPerHour: 2, preemption: { victims } });
      expect(aged.jobs[1]).toMatchObject({ startSeconds: 7200, endSeconds: 10_800, preemptions: 0 });
      expect(aged).toEqual(oneAfterAnother({ priorityPerHour: 2 }));
    },
  );
});
