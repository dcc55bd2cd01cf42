import { describe, expect, it } from 'vitest';
import { CorralError, clusterTopology } from '../../../src/index.js';
import { spread } from '../../../src/policies/index.js';
import {
  type Quota,
  type SimulateOptions,
  type SimulationJob,
  simulate,
} from '../../../src/simulation/index.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const cluster = oneGpuServers(12);
/** So many jobs of one GPU and a thousand seconds. */
const many = (tenant: string, count: number, submitSeconds = 0): SimulationJob[] =>
  Array.from({ length: count }, () => ({ submitSeconds, durationSeconds: 1000, gpus: 1, tenant }));

/** GPUs that each tenant holds at a time. */
function held(
  options: Partial<SimulateOptions> & { jobs: readonly SimulationJob[] },
  at: number,
): Record<string, number> {
  const { jobs } = simulate({ cluster, queue: 'fair-share', passes: 'instant', ...options });
  const result: Record<string, number> = {};
  for (const { tenant, runs } of jobs) {
    for (const { startSeconds, endSeconds, pods } of runs) {
      if (startSeconds <= at && endSeconds > at) result[tenant] = (result[tenant] ?? 0) + pods.length;
    }
  }
  return result;
}

describe('fair share', () => {
  it('treats tenants without quotas alike, whoever came first', () => {
    expect(held({ jobs: [...many('a', 20), ...many('b', 20), ...many('c', 20)] }, 0)).toEqual({
      a: 4,
      b: 4,
      c: 4,
    });
    expect(held({ jobs: [...many('a', 20), ...many('b', 2)] }, 0)).toEqual({ a: 10, b: 2 });
  });

  it('gives everybody what they deserve, and what is over by weight', () => {
    const quotas: Quota[] = [
      { name: 'a', deservedGpus: 4, overQuotaWeight: 1 },
      { name: 'b', deservedGpus: 2, overQuotaWeight: 2 },
    ];
    expect(held({ quotas, jobs: [...many('a', 20), ...many('b', 20)] }, 0)).toEqual({ a: 6, b: 6 });
    const none: Quota[] = [quotas[0]!, { ...quotas[1]!, overQuotaWeight: 0 }];
    expect(held({ quotas: none, jobs: [...many('a', 20), ...many('b', 20)] }, 0)).toEqual({ a: 10, b: 2 });
  });

  it('shares among groups first, and inside a group among its tenants', () => {
    const quotas: Quota[] = [
      { name: 'research', deservedGpus: 6 },
      { name: 'product', deservedGpus: 6 },
      { name: 'a', parent: 'research', deservedGpus: 4 },
      { name: 'b', parent: 'research', deservedGpus: 2 },
      { name: 'c', parent: 'product', deservedGpus: 6 },
    ];
    const jobs = [...many('a', 20), ...many('b', 20), ...many('c', 20)];
    expect(held({ quotas, jobs }, 0)).toEqual({ a: 4, b: 2, c: 6 });
    expect(held({ quotas, jobs: jobs.filter(({ tenant }) => tenant !== 'a') }, 0)).toEqual({ b: 6, c: 6 });
  });

  it('keeps to limits, of tenants and of groups', () => {
    const quotas: Quota[] = [
      { name: 'group', deservedGpus: 0, limitGpus: 5 },
      { name: 'a', parent: 'group', deservedGpus: 0, limitGpus: 3 },
      { name: 'b', parent: 'group', deservedGpus: 0 },
    ];
    expect(held({ quotas, jobs: many('a', 20) }, 0)).toEqual({ a: 3 });
    expect(held({ quotas, jobs: [...many('a', 20), ...many('b', 20)] }, 0)).toEqual({ a: 3, b: 2 });
  });

  it('keeps to limits where it looks past who would pass them', () => {
    const quotas = [{ name: 'a', deservedGpus: 0, limitGpus: 1 }];
    expect(held({ jobs: [...many('a', 3), ...many('b', 3)], quotas, admission: 'greedy' }, 0)).toEqual({
      a: 1,
      b: 3,
    });
  });

  it('serves whom a reclaim has stopped elsewhere in the same pass', () => {
    // Spread over two servers, 'b' leaves no whole one; who is stopped on the second fits beside the first.
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 1000, gpus: 3, tenant: 'b' },
      { submitSeconds: 0, durationSeconds: 1000, gpus: 1, tenant: 'b' },
      { submitSeconds: 10, durationSeconds: 10, gpus: 4, tenant: 'a' },
    ];
    const result = simulate({
      cluster: clusterTopology({
        tiers: [],
        types: { four: gpuBox(4) },
        servers: [
          { id: 'x', type: 'four' },
          { id: 'y', type: 'four' },
        ],
      }),
      queue: 'fair-share',
      quotas: [{ name: 'a', deservedGpus: 4 }],
      preemption: { victims: 'fewest-gpus' },
      policy: spread(),
      jobs,
    });
    expect(result.jobs[2]!.startSeconds).toBe(10);
    const stopped = result.jobs.filter((job) => job.preemptions > 0);
    expect(stopped).toHaveLength(1);
    expect(stopped[0]!.runs[1]!.startSeconds).toBe(10);
  });

  it('lets a tenant reclaim what it deserves, and not more', () => {
    const quotas: Quota[] = [
      { name: 'a', deservedGpus: 8 },
      { name: 'b', deservedGpus: 4 },
    ];
    const jobs = [...many('a', 12), ...many('b', 12, 10)];
    expect(held({ quotas, jobs }, 10)).toEqual({ a: 12 });
    const reclaiming = { quotas, jobs, preemption: { victims: 'youngest' } as const };
    expect(held(reclaiming, 9)).toEqual({ a: 12 });
    expect(held(reclaiming, 10)).toEqual({ a: 8, b: 4 });
  });

  it('reclaims inside a group from whom has more than deserved alone', () => {
    const quotas: Quota[] = [
      { name: 'group', deservedGpus: 12 },
      { name: 'a', parent: 'group', deservedGpus: 4 },
      { name: 'b', parent: 'group', deservedGpus: 4 },
      { name: 'c', parent: 'group', deservedGpus: 4 },
    ];
    const jobs = [...many('a', 4), ...many('b', 8), ...many('c', 9, 10)];
    expect(held({ quotas, jobs, preemption: { victims: 'youngest' } }, 10)).toEqual({ a: 4, b: 4, c: 4 });
  });

  describe('where a tenant holds what it deserves and more in one gang', () => {
    const sixteen = oneGpuServers(16);
    const quotas: Quota[] = [
      { name: 'a', deservedGpus: 8 },
      { name: 'b', deservedGpus: 8 },
    ];
    const gang: SimulationJob = { submitSeconds: 0, durationSeconds: 10_000, gpus: 1, tenant: 'a' };
    const run = (a: number, b: number, more: Partial<SimulationJob> = {}, options: object = {}) =>
      simulate({
        cluster: sixteen,
        queue: 'fair-share',
        quotas,
        preemption: { victims: 'restart-cost' },
        jobs: [
          { ...gang, pods: a, ...more },
          { submitSeconds: 100, durationSeconds: 100, pods: b, gpus: 1, tenant: 'b' },
        ],
        ...options,
      }).jobs;

    it('gives the other tenant what that deserves', () => {
      for (const [a, b] of [
        [16, 8],
        [12, 8],
        [12, 5],
        [9, 8],
      ] as const) {
        const jobs = run(a, b);
        expect([jobs[1]!.startSeconds, jobs[0]!.preemptions]).toEqual([100, 1]);
        expect(jobs[0]!.endSeconds).toBe(10_100);
      }
      // It fits beside.
      for (const [a, b] of [
        [12, 4],
        [8, 8],
      ] as const) {
        expect(run(a, b)[0]!.preemptions).toBe(0);
        expect(run(a, b)[1]!.startSeconds).toBe(100);
      }
      // More than it deserves it does not get.
      expect(run(12, 9)[1]!.startSeconds).toBe(10_000);
    });

    it('lets the gang go on with what its tenant deserves, if it can', () => {
      const [a, b] = run(12, 8, { podsMin: 4 });
      expect(b!.startSeconds).toBe(100);
      expect([a!.preemptions, a!.moves]).toEqual([0, 1]);
      expect(a!.runs.map(({ pods }) => pods.length)).toEqual([12, 8]);
      // 9,900 s of 12 pods on 8.
      expect(a!.endSeconds).toBe(100 + 14_850);
      // With its least, where that is more and fits.
      expect(run(12, 5, { podsMin: 10 })[0]!.runs.map(({ pods }) => pods.length)).toEqual([12, 10]);
      expect(run(12, 7, { podsMin: 10 })[0]!.runs.map(({ pods }) => pods.length)).toEqual([12, 12]);
    });

    it('spares it where somebody else can go who leaves its tenant with what it deserves', () => {
      const jobs = run(
        8,
        8,
        {},
        {
          jobs: [
            { ...gang, pods: 8 },
            { ...gang, pods: 3 },
            { submitSeconds: 100, durationSeconds: 100, pods: 8, gpus: 1, tenant: 'b' },
          ],
          preemption: { victims: 'fewest-gpus' },
        },
      );
      expect(jobs.map(({ preemptions }) => preemptions)).toEqual([0, 1, 0]);
      expect(jobs[2]!.startSeconds).toBe(100);
    });

    it('looks for the one that is large enough', () => {
      // Both hold more than is over; without the smaller, 9 are free.
      const jobs = run(
        5,
        10,
        {},
        {
          quotas: [quotas[0], { name: 'b', deservedGpus: 10 }],
          jobs: [
            { ...gang, pods: 5 },
            { ...gang, pods: 7 },
            { submitSeconds: 100, durationSeconds: 100, pods: 10, gpus: 1, tenant: 'b' },
          ],
          preemption: { victims: 'fewest-gpus' },
        },
      );
      expect(jobs.map(({ preemptions }) => preemptions)).toEqual([0, 1, 0]);
    });

    it('does not hold up what others deserve with a gang that wants more than its tenant deserves', () => {
      const singles = Array.from(
        { length: 8 },
        (): SimulationJob => ({
          submitSeconds: 100,
          durationSeconds: 100,
          gpus: 1,
          tenant: 'b',
        }),
      );
      const jobs = run(16, 1, {}, { jobs: [{ ...gang, pods: 16 }, ...singles] });
      expect(jobs.slice(1).map(({ startSeconds }) => startSeconds)).toEqual(singles.map(() => 100));
      expect(jobs[0]!.runs.map(({ startSeconds }) => startSeconds)).toEqual([0, 200]);
    });
  });

  it('reclaims nothing for who deserves nothing, whatever the weights', () => {
    const jobs = [...many('a', 12), ...many('b', 6, 10)];
    const reclaiming = { jobs, preemption: { victims: 'youngest' } as const };
    expect(held(reclaiming, 10)).toEqual({ a: 12 });
    const quotas = ['a', 'b'].map((name) => ({ name, deservedGpus: 0, overQuotaWeight: 1 }));
    expect(held({ ...reclaiming, quotas }, 10)).toEqual({ a: 12 });
  });

  it('blocks all behind a job that does not fit, or lets the next tenant go on', () => {
    const jobs: SimulationJob[] = [
      { submitSeconds: 0, durationSeconds: 100, pods: 8, gpus: 1, tenant: 'a' },
      { submitSeconds: 0, durationSeconds: 100, pods: 8, gpus: 1, tenant: 'b' },
      { submitSeconds: 0, durationSeconds: 100, pods: 1, gpus: 1, tenant: 'c' },
    ];
    const quotas = [{ name: 'c', deservedGpus: 0, overQuotaWeight: 1 }];
    // With nothing in use all are equal: c has a quota and comes first, a next; b does not fit.
    expect(held({ quotas, jobs: [...jobs, { ...jobs[2]!, tenant: 'd' }] }, 0)).toEqual({ a: 8, c: 1 });
    expect(held({ quotas, jobs: [...jobs, { ...jobs[2]!, tenant: 'd' }], admission: 'greedy' }, 0)).toEqual({
      a: 8,
      c: 1,
      d: 1,
    });
  });

  it('refuses wrong quotas and says where they are', () => {
    const of = (quotas: unknown, queue = 'fair-share', more: object = {}): string => {
      try {
        simulate({ cluster, jobs: [], queue, quotas, ...more } as SimulateOptions);
      } catch (error) {
        if (error instanceof CorralError) return `${error.code} ${error.path.join('.')}`;
        throw error;
      }
      return '';
    };
    expect(of([{ name: 'a', deservedGpus: 1 }])).toBe('');
    expect(of(7)).toBe('invalid-option quotas');
    expect(of([{ name: 'a' }])).toBe('invalid-option quotas.0.deservedGpus');
    expect(of([{ name: 'a', deservedGpus: 1, parent: 'b' }])).toBe('unknown-reference quotas.0.parent');
    expect(
      of([
        { name: 'a', deservedGpus: 1 },
        { name: 'a', deservedGpus: 1 },
      ]),
    ).toBe('duplicate-id quotas.1.name');
    expect(of([{ name: 'a', deservedGpus: 1, color: 1 }])).toBe('invalid-option quotas.0.color');
    expect(of([], 'fifo')).toBe('invalid-option quotas');
    expect(of([], 'fair-share', { backfill: 'easy' })).toBe('invalid-option queue');
  });
});
