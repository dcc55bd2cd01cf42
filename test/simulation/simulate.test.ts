import { describe, expect, it } from 'vitest';
import { CorralError, clusterTopology } from '../../src/index.js';
import { phase } from '../../src/restart/index.js';
import {
  type SimulateOptions,
  type SimulationEvent,
  type SimulationJob,
  type SimulationProgress,
  simulate,
  simulationEvents,
} from '../../src/simulation/index.js';
import { gpuBox } from '../placement/random-cluster.js';
import { oneGpuServers } from './one-gpu-servers.js';

const cluster = oneGpuServers(4);
const job = (submitSeconds: number, durationSeconds: number, pods: number): SimulationJob => ({
  submitSeconds,
  durationSeconds,
  pods,
  gpus: 1,
});
const starts = (jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}): (number | null)[] =>
  simulate({ cluster, jobs, ...options }).jobs.map((result) => result.startSeconds);
const twoByFour = clusterTopology({
  tiers: ['rack'],
  types: { four: gpuBox(4) },
  servers: ['a', 'b'].map((id) => ({ id, type: 'four', domains: { rack: id } })),
});

/** Code and path of what is refused. */
function refusal(options: object): readonly [string, string] {
  try {
    simulate({ cluster, jobs: [], ...options } as SimulateOptions);
  } catch (error) {
    if (!(error instanceof CorralError)) throw error;
    // Where, and in words what was expected.
    expect(error.message).toMatch(/^[^:]+: .*\w+ \w+/);
    return [error.code, error.path.join('.')];
  }
  return ['none', ''];
}

describe('simulate', () => {
  it('keeps the GPUs of every pod on one socket where a job asks for it', () => {
    const p5 = clusterTopology({
      tiers: [],
      types: { p5: 'aws-p5.48xlarge' },
      servers: [{ id: 'a', type: 'p5' }],
    });
    const of = (gpus: number, more: Partial<SimulationJob> = {}): SimulationJob => ({
      submitSeconds: 0,
      durationSeconds: 10,
      gpus,
      ...more,
    });
    const jobs = [
      of(3, { requirePerPod: 'socket' }),
      of(3, { requirePerPod: 'socket', durationSeconds: 20 }),
      // Two GPUs are left, one on each socket: a pod that does not mind takes them, one that does waits.
      of(2, { requirePerPod: 'socket', durationSeconds: 5 }),
      of(2, { submitSeconds: 1 }),
      of(4, { submitSeconds: 12, pods: 2, requirePerPod: 'socket' }),
    ];
    for (const backfill of ['easy', 'conservative'] as const) {
      const results = simulate({ cluster: p5, jobs, backfill }).jobs;
      expect(results.map(({ startSeconds }) => startSeconds)).toEqual([0, 0, 10, 1, 20]);
    }
    const never = simulate({ cluster: p5, jobs: [of(5, { requirePerPod: 'socket' })] }).jobs[0]!;
    expect(never.startSeconds).toBeNull();
  });

  it('says of every job where it ran, when, and how it ended', () => {
    const [first, second] = simulate({
      cluster: twoByFour,
      jobs: [
        { id: 'gang', submitSeconds: 1, durationSeconds: 10, pods: 2, gpus: 4, tenant: 'lab' },
        { submitSeconds: 2, durationSeconds: 5.5, gpus: 1 },
      ],
    }).jobs;
    expect(first).toEqual({
      id: 'gang',
      tenant: 'lab',
      outcome: 'finished',
      submitSeconds: 1,
      startSeconds: 1,
      endSeconds: 11,
      runs: [
        {
          startSeconds: 1,
          endSeconds: 11,
          ended: 'finished',
          pods: [
            { server: 'a', gpus: [0, 1, 2, 3] },
            { server: 'b', gpus: [0, 1, 2, 3] },
          ],
          bandwidthGBps: 0,
        },
      ],
      preemptions: 0,
      failures: 0,
      moves: 0,
    });
    expect(second).toMatchObject({ id: '1', tenant: '', startSeconds: 11, endSeconds: 16.5 });
    expect(second!.runs[0]!.bandwidthGBps).toBeNull();
  });

  it('lets a head that does not fit block the queue, or not', () => {
    const jobs = [job(0, 10, 3), job(1, 10, 2), job(2, 10, 1)];
    expect(starts(jobs)).toEqual([0, 10, 10]);
    expect(starts(jobs, { admission: 'greedy' })).toEqual([0, 10, 2]);
  });

  it('orders the queue by what it is asked to', () => {
    const jobs = [
      job(0, 10, 4),
      { ...job(1, 30, 4), priority: 1 },
      { ...job(2, 20, 3), priority: 2 },
      { ...job(3, 25, 2), priority: 3 },
    ];
    const order = (queue: SimulateOptions['queue']): number[] => {
      const at = starts(jobs, { queue });
      return [1, 2, 3].sort((a, b) => at[a]! - at[b]!);
    };
    expect(order('fifo')).toEqual([1, 2, 3]);
    expect(order('priority')).toEqual([3, 2, 1]);
    expect(order('shortest-remaining')).toEqual([2, 3, 1]);
    expect(order('fewest-gpus')).toEqual([3, 2, 1]);
    expect(order('remaining-gpus')).toEqual([3, 2, 1]);
  });

  it('backfills only who does not delay the head, by EASY', () => {
    const jobs = [job(0, 10, 3), job(1, 10, 4), job(2, 8, 1), job(2, 9, 1)];
    expect(starts(jobs)).toEqual([0, 10, 20, 20]);
    // The third ends at 10, just in time; the fourth would not.
    expect(starts(jobs, { backfill: 'easy' })).toEqual([0, 10, 2, 20]);
  });

  it('delays nobody in the queue by conservative backfill, where EASY delays the second', () => {
    // The head is promised second 10 and leaves one GPU over then; the next one needs all four, at 20.
    const jobs = [job(0, 10, 2), job(0, 20, 1), job(1, 10, 2), job(2, 5, 4), job(3, 30, 1)];
    expect(starts(jobs, { backfill: 'easy' })).toEqual([0, 0, 10, 33, 3]);
    expect(starts(jobs, { backfill: 'conservative' })).toEqual([0, 0, 10, 20, 25]);
  });

  it('lets jobs without GPUs pass a head that waits for GPUs', () => {
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 10, gpus: 4 },
      { submitSeconds: 0, durationSeconds: 10, gpus: 4 },
      { submitSeconds: 1, durationSeconds: 10, gpus: 3 },
      { submitSeconds: 2, durationSeconds: 99 },
    ];
    for (const backfill of ['easy', 'conservative'] as const) {
      expect(starts(jobs, { cluster: twoByFour, backfill })).toEqual([0, 0, 10, 2]);
    }
  });

  it('looks at tiers, not at numbers alone, where it backfills on any cluster', () => {
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 10, pods: 1, gpus: 4 },
      { submitSeconds: 0, durationSeconds: 20, pods: 1, gpus: 3 },
      // Head: a whole server, free at 10. One GPU is free now, on the other server: taking it for long delays nobody.
      { submitSeconds: 1, durationSeconds: 10, pods: 1, gpus: 4 },
      { submitSeconds: 2, durationSeconds: 99, pods: 1, gpus: 1 },
    ];
    expect(starts(jobs, { cluster: twoByFour, backfill: 'easy' })).toEqual([0, 0, 10, 2]);
    const longer = [jobs[0]!, { ...jobs[1]!, durationSeconds: 5 }, { ...jobs[2]!, pods: 2 }, jobs[3]!];
    expect(starts(longer, { cluster: twoByFour, backfill: 'easy' })).toEqual([0, 0, 10, 20]);
  });

  it('chooses who runs anew at every pass, on any cluster', () => {
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 100, gpus: 4 },
      { submitSeconds: 0, durationSeconds: 50, gpus: 4 },
      { submitSeconds: 10, durationSeconds: 10, gpus: 3, require: 'server' },
    ];
    const result = simulate({
      cluster: twoByFour,
      jobs,
      queue: 'shortest-remaining',
      preemption: 'order',
    });
    expect(result.jobs.map(({ startSeconds, endSeconds }) => [startSeconds, endSeconds])).toEqual([
      [0, 110],
      [0, 50],
      [10, 20],
    ]);
    expect(result.jobs.map(({ preemptions }) => preemptions)).toEqual([1, 0, 0]);
    expect(result.jobs[0]!.runs.map(({ ended }) => ended)).toEqual(['preempted', 'finished']);
  });

  it('leaves who was not in the way where it was', () => {
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 50, gpus: 3 },
      { submitSeconds: 0, durationSeconds: 500, gpus: 1 },
      { submitSeconds: 0, durationSeconds: 400, gpus: 4 },
      // Making room starts with the last in the order, the second job, but what helps is the third.
      { submitSeconds: 10, durationSeconds: 10, gpus: 4 },
    ];
    const result = simulate({ cluster: twoByFour, jobs, queue: 'shortest-remaining', preemption: 'order' });
    expect(result.jobs.map(({ preemptions }) => preemptions)).toEqual([0, 0, 1, 0]);
    expect(result.jobs[1]!.runs).toHaveLength(1);
  });

  it('takes the kinds of events at one time in the order it is told', () => {
    const jobs = [job(0, 10, 4), job(10, 5, 4), job(10, 1, 1)];
    const events = (eventOrder: SimulateOptions['eventOrder']): string[] =>
      [...simulationEvents({ cluster, jobs, eventOrder, passes: 'event' })]
        .filter(({ seconds }) => seconds === 10)
        .map((event) => `${event.kind} ${event.job}`);
    expect(events(undefined)).toEqual(['finish 0', 'submit 1', 'start 1', 'submit 2']);
    expect(events(['submit', 'finish', 'repair', 'ready', 'failure'])).toEqual([
      'submit 1',
      'submit 2',
      'finish 0',
      'start 1',
    ]);
  });

  it('decides when all has happened at a time, or after every event if told to', () => {
    const jobs = [job(0, 10, 3), { ...job(0, 10, 2), priority: 1 }];
    expect(starts(jobs, { queue: 'priority' })).toEqual([10, 0]);
    expect(starts(jobs, { queue: 'priority', passes: 'instant' })).toEqual([10, 0]);
    expect(starts(jobs, { queue: 'priority', passes: 'event' })).toEqual([0, 10]);
  });

  it('runs elastic gangs with fewer pods, longer in proportion', () => {
    const [, elastic] = simulate({
      cluster,
      jobs: [job(0, 1000, 1), { ...job(1, 12, 4), podsMin: 2 }],
    }).jobs;
    expect(elastic!.runs[0]!.pods).toHaveLength(3);
    expect(elastic!.endSeconds).toBe(1 + 16);
  });

  it('takes work in GPU-seconds for a duration', () => {
    const work = { submitSeconds: 0, workGpuSeconds: 120, pods: 3, gpus: 1 };
    expect(simulate({ cluster, jobs: [work] }).metrics.endSeconds).toBe(40);
  });

  it('refuses a job that the empty cluster would not hold, and goes on', () => {
    const { jobs } = simulate({ cluster, jobs: [job(0, 1, 5), job(1, 1, 4)] });
    expect(jobs.map(({ outcome, startSeconds }) => [outcome, startSeconds])).toEqual([
      ['refused', null],
      ['finished', 1],
    ]);
  });

  it('refuses a job that only spares could hold', () => {
    const result = simulate({
      cluster: oneGpuServers(3),
      jobs: [job(0, 10, 3), job(1, 10, 2)],
      failures: { laws: [], spareServers: 1 },
    });
    expect(result.jobs.map(({ outcome }) => outcome)).toEqual(['refused', 'finished']);
  });

  it('ends when the last thing happens, not when something is called off', () => {
    // The first job would fail long after its end; the second never fits its limit.
    const result = simulate({
      cluster: oneGpuServers(2),
      queue: 'fair-share',
      quotas: [{ name: 'a', deservedGpus: 0, limitGpus: 0 }],
      failures: { laws: [{ name: 'job', level: 'job', failuresPerSecond: 1e-6 }] },
      jobs: [job(0, 10, 1), { ...job(0, 10, 1), tenant: 'a' }],
    });
    expect(result.metrics.endSeconds).toBe(10);
    expect(result.jobs[1]!.outcome).toBe('waiting');
  });

  it('knows its jobs when the list is gone', () => {
    const jobs = [{ ...job(0, 10, 1), id: 'one' }, job(0, 10, 1)];
    const result = simulate({ cluster: oneGpuServers(2), jobs });
    jobs.length = 0;
    expect(result.jobs.map(({ id }) => id)).toEqual(['one', '1']);
  });

  it('looks no deeper into the queue than it may to backfill', () => {
    // The head waits for three; behind it two that are too large and one that fits.
    const jobs = [job(0, 100, 2), job(1, 10, 3), job(2, 10, 2), job(2, 10, 2), job(3, 10, 1)];
    const startWith = (backfillDepth: number): number | null =>
      simulate({ cluster: oneGpuServers(3), jobs, backfill: 'easy', backfillDepth }).jobs[4]!.startSeconds;
    expect(startWith(3)).toBe(3);
    expect(startWith(2)).toBe(110);
  });

  it('stops when it is told to, with jobs where they are', () => {
    const { jobs, metrics } = simulate({
      cluster,
      jobs: [job(0, 5, 4), job(1, 100, 3), job(2, 1, 2), job(99, 1, 1)],
      untilSeconds: 15,
    });
    expect(jobs.map(({ outcome }) => outcome)).toEqual(['finished', 'running', 'waiting', 'not-submitted']);
    expect(jobs[1]!.runs).toMatchObject([{ startSeconds: 5, endSeconds: 15, ended: 'cut' }]);
    expect(metrics.utilisation).toBeCloseTo((5 * 4 + 10 * 3) / (15 * 4), 12);
  });

  it('measures waits, completions, slowdowns and GPU-hours, in all and by tenant', () => {
    const { metrics } = simulate({
      cluster,
      jobs: [
        { ...job(0, 20, 4), tenant: 'a' },
        { ...job(10, 20, 2), tenant: 'b' },
      ],
    });
    expect(metrics).toMatchObject({ jobs: 2, finishedJobs: 2, makespanSeconds: 40, ettr: 1 });
    expect(metrics.waitSeconds).toMatchObject({ mean: 5, p50: 0, max: 10 });
    expect(metrics.completionSeconds).toMatchObject({ mean: 25, max: 30 });
    expect(metrics.slowdown).toMatchObject({ min: 1, max: 1.5 });
    expect(metrics.utilisation).toBeCloseTo(120 / 160, 12);
    expect(metrics.goodput).toBeCloseTo(120 / 160, 12);
    expect(metrics.gpuHours.held).toBeCloseTo(120 / 3600, 12);
    expect(metrics.byTenant.b).toMatchObject({ jobs: 1, waitSeconds: { mean: 10 } });
    expect(metrics.byTenant.a!.gpuHours.productive).toBeCloseTo(80 / 3600, 12);
  });

  it('gives a digest that only what happens changes', () => {
    const jobs = [job(0, 10, 2), job(3, 10, 4)];
    const { digest } = simulate({ cluster, jobs });
    expect(digest).toMatch(/^[0-9a-f]{16}$/);
    expect(simulate({ cluster, jobs, backfill: 'easy', seed: 9 }).digest).toBe(digest);
    expect(simulate({ cluster, jobs: [job(0, 10, 2), job(3, 10.000001, 4)] }).digest).not.toBe(digest);
    expect(simulate({ cluster, jobs: [job(0, 10, 1), job(3, 10, 4)] }).digest).not.toBe(digest);
  });

  it('reports its progress, the last time at the end', () => {
    const seen: SimulationProgress[] = [];
    const jobs = Array.from({ length: 20_000 }, (_, i) => job(i, 1, 1));
    simulate({ cluster, jobs, onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toEqual({ seconds: 20_000, events: 40_000, finishedJobs: 20_000, jobs: 20_000 });
  });

  it('refuses wrong options and says where they are', () => {
    const of = (change: object): object => ({ jobs: [job(0, 1, 1), { ...job(0, 1, 1), ...change }] });
    expect(refusal({ speed: 2 })).toEqual(['invalid-option', 'speed']);
    expect(refusal({ cluster: { servers: [] } })).toEqual(['invalid-option', 'cluster']);
    expect(refusal({ queue: 'lifo' })).toEqual(['invalid-option', 'queue']);
    expect(refusal({ backfill: 'easy', admission: 'greedy' })).toEqual(['invalid-option', 'backfill']);
    expect(refusal({ preemption: 'order', admission: 'strict' })).toEqual(['invalid-option', 'admission']);
    expect(refusal({ preemption: 'order', backfill: 'easy' })).toEqual(['invalid-option', 'backfill']);
    expect(refusal({ preemption: { victims: 'oldest' } })).toEqual(['invalid-option', 'preemption.victims']);
    expect(refusal({ eventOrder: ['submit'] })).toEqual(['invalid-option', 'eventOrder']);
    expect(refusal({ seed: 0.5 })).toEqual(['invalid-option', 'seed']);
    expect(refusal({ untilSeconds: -1 })).toEqual(['invalid-option', 'untilSeconds']);
    expect(() => simulate({ cluster, jobs: [], until: 5 } as never)).toThrow('it is called untilSeconds now');
    expect(refusal({ linkSharing: 1 })).toEqual(['invalid-option', 'linkSharing']);
    expect(refusal({ onProgress: 1 })).toEqual(['invalid-option', 'onProgress']);
    expect(refusal({ jobs: 7 })).toEqual(['invalid-option', 'jobs']);
    expect(refusal(of({ length: 7 }))).toEqual(['invalid-option', 'jobs.1.length']);
    expect(refusal(of({ submitSeconds: -1 }))).toEqual(['invalid-option', 'jobs.1.submitSeconds']);
    expect(refusal(of({ durationSeconds: undefined }))).toEqual(['invalid-option', 'jobs.1.durationSeconds']);
    expect(refusal(of({ workGpuSeconds: 5 }))).toEqual(['invalid-option', 'jobs.1.durationSeconds']);
    expect(refusal(of({ gpus: 17 }))).toEqual(['invalid-request', 'jobs.1.gpus']);
    expect(refusal(of({ require: 'rack' }))).toEqual(['unknown-reference', 'jobs.1.require']);
    expect(refusal(of({ communicationFraction: 2 }))).toEqual([
      'invalid-option',
      'jobs.1.communicationFraction',
    ]);
    expect(refusal(of({ checkpoint: { computeSeconds: 0 } }))).toEqual([
      'invalid-option',
      'jobs.1.checkpoint.computeSeconds',
    ]);
    expect(
      refusal({
        jobs: [
          { ...job(0, 1, 1), id: 'x' },
          { ...job(0, 1, 1), id: 'x' },
        ],
      }),
    ).toEqual(['duplicate-id', 'jobs.1.id']);
    expect(refusal({ jobs: [job(0, 1, 1)], eventsMax: 1 })).toEqual(['limit-exceeded', 'eventsMax']);
  });

  it.each<[string, object]>([
    ['name', { name: '' }],
    ['name', { name: 7 }],
    ['failuresPerSecond', { failuresPerSecond: -1 }],
    ['per', { per: 'rack' }],
    ['memoryLost', { memoryLost: 'no' }],
    ['level', { level: 'rack' }],
    ['level', { level: null }],
    ['level.size', { level: { tier: 'server', size: 2 } }],
    ['repair', { level: 'job', repair: phase.fixed(1) }],
    ['repairs', { repairs: 1 }],
  ])('refuses laws of failures with a wrong %s: %j', (field, wrong) => {
    const law = { name: 'one', level: 'server', failuresPerSecond: 1e-9 };
    expect(refusal({ failures: { laws: [law] } })).toEqual(['none', '']);
    expect(refusal({ failures: { laws: [law, { ...law, ...wrong }] } })).toEqual([
      'invalid-option',
      `failures.laws.1.${field}`,
    ]);
  });
});

describe('simulationEvents', () => {
  it('tells what happens to jobs as it happens, and returns what simulate returns', () => {
    const jobs = [job(0, 10, 3), job(1, 10, 2), job(2, 1, 9)];
    const stream = simulationEvents({ cluster, jobs });
    const events: SimulationEvent[] = [];
    let next = stream.next();
    for (; next.done !== true; next = stream.next()) events.push(next.value);
    expect(events).toEqual([
      { seconds: 0, kind: 'submit', job: 0 },
      { seconds: 0, kind: 'start', job: 0 },
      { seconds: 1, kind: 'submit', job: 1 },
      { seconds: 2, kind: 'submit', job: 2 },
      { seconds: 2, kind: 'refuse', job: 2 },
      { seconds: 10, kind: 'finish', job: 0 },
      { seconds: 10, kind: 'start', job: 1 },
      { seconds: 20, kind: 'finish', job: 1 },
    ]);
    expect(next.value.digest).toBe(simulate({ cluster, jobs }).digest);
  });
});
