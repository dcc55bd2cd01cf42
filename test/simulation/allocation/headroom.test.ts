import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../../src/index.js';
import { phase } from '../../../src/restart/index.js';
import { type SimulateOptions, type SimulationJob, simulate } from '../../../src/simulation/index.js';
import { caught } from '../../catalogue/caught.js';
import { gpuBox } from '../../placement/random-cluster.js';
import { oneGpuServers } from '../one-gpu-servers.js';

const job = (
  submitSeconds: number,
  durationSeconds: number,
  pods: number,
  more: Partial<SimulationJob> = {},
): SimulationJob => ({ submitSeconds, durationSeconds, pods, gpus: 1, ...more });
/** Room for two pods of the tenant 'serving'. */
const headroom = [{ name: 'serving', room: { gpus: 1 }, count: 2, tenants: ['serving'] }];
const serving = { tenant: 'serving' };

function play(jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}) {
  return simulate({ cluster: oneGpuServers(4), jobs, headroom, ...options });
}
function starts(jobs: readonly SimulationJob[], options: Partial<SimulateOptions> = {}): (number | null)[] {
  return play(jobs, options).jobs.map((result) => result.startSeconds);
}

describe('headroom', () => {
  it('stays free of whoever may not use it', () => {
    // Three and three do not go together beside it; without it the second would start at once.
    const jobs = [job(0, 100, 2), job(1, 10, 1)];
    expect(starts(jobs)).toEqual([0, 100]);
    expect(starts(jobs, { headroom: undefined })).toEqual([0, 1]);
  });

  it('is there at once for whoever may', () => {
    expect(starts([job(0, 100, 2), job(1, 10, 2, serving)])).toEqual([0, 1]);
  });

  it('is left alone while other GPUs are free', () => {
    const { metrics } = play([job(0, 100, 2, serving)]);
    expect(metrics.headroom).toEqual([{ name: 'serving', gpus: 2, keptGpus: 2, wholeFraction: 1 }]);
  });

  it('is filled up before anybody else starts', () => {
    // At 50 the first ends, and its GPU goes to the room that 'serving' has taken one of; the third waits on.
    const jobs = [job(0, 50, 1), job(0, 100, 1), job(10, 200, 1, serving), job(20, 10, 1)];
    const { jobs: results, metrics } = play(jobs);
    expect(results.map((result) => result.startSeconds)).toEqual([0, 0, 10, 100]);
    // One of two from 10 to 50 of 210 seconds.
    expect(metrics.headroom[0]!.wholeFraction).toBeCloseTo(170 / 210, 12);
    expect(metrics.headroom[0]!.keptGpus).toBeCloseTo(2 - 40 / 210, 12);
  });

  it('is for jobs of a priority as well', () => {
    const pools = [{ name: 'urgent', room: { gpus: 1 }, count: 2, priorityMin: 5 }];
    const jobs = [job(0, 100, 2), job(1, 10, 1, { priority: 4 }), job(2, 10, 1, { priority: 5 })];
    expect(starts(jobs, { headroom: pools, admission: 'greedy' })).toEqual([0, 100, 2]);
  });

  it('is for nobody without a priority and tenants', () => {
    const pools = [{ name: 'spare', room: { gpus: 1 }, count: 1 }];
    expect(starts([job(0, 10, 3), job(0, 10, 1, { priority: 99 })], { headroom: pools })).toEqual([0, 10]);
  });

  it('refuses at once who does not fit beside it, and holds nobody up by that', () => {
    const { jobs } = play([job(0, 10, 3), job(0, 10, 3, serving), job(1, 10, 1)]);
    expect(jobs.map((result) => result.outcome)).toEqual(['refused', 'finished', 'finished']);
  });

  it('keeps room for gangs where they ask for it', () => {
    const cluster = clusterTopology({
      tiers: ['rack'],
      types: { box: gpuBox(2) },
      servers: Array.from({ length: 4 }, (_, i) => ({
        id: `s${i}`,
        type: 'box',
        domains: { rack: i < 2 ? 'left' : 'right' },
      })),
    });
    const pools = [
      { name: 'gang', room: { pods: 2, gpus: 2, require: 'rack' }, tenants: ['serving'], count: 1 },
    ];
    // Four jobs of one GPU would spread over both racks, were one not kept.
    const jobs = [
      ...Array.from({ length: 4 }, () => job(0, 100, 1)),
      job(1, 10, 2, { gpus: 2, require: 'rack', tenant: 'serving' }),
    ];
    const { jobs: results } = simulate({ cluster, jobs, headroom: pools });
    expect(results[4]!.startSeconds).toBe(1);
    expect(new Set(results[4]!.runs[0]!.pods.map((pod) => pod.server)).size).toBe(2);
  });

  it('keeps its GPUs from backfill, and counts as room of a head that may use it', () => {
    // The head needs three: one of two busy GPUs, at 100, and both kept ones; the last would take one until 161.
    const jobs = [job(0, 100, 2), job(1, 10, 3, serving), job(2, 160, 1), job(3, 20, 1, serving)];
    expect(starts(jobs, { backfill: 'easy' })).toEqual([0, 100, 110, 3]);
  });

  it('loses what breaks and finds other room', () => {
    const failures = {
      laws: [
        {
          name: 'server',
          level: 'server' as const,
          failuresPerSecond: 1 / 200,
          repair: phase.fixed(100),
        },
      ],
    };
    const { metrics } = play([job(0, 5000, 1)], { failures, seed: 3, untilSeconds: 5000 });
    const [pool] = metrics.headroom;
    expect(pool!.wholeFraction).toBeLessThan(1);
    expect(pool!.keptGpus).toBeGreaterThan(1);
    expect(pool!.keptGpus).toBeLessThan(2);
  });

  it('shows in the timeline', () => {
    const { timeline } = play([job(0, 30, 2), job(5, 20, 1, serving)], { timelineSeconds: 10 });
    expect(timeline!.keptGpus).toEqual([2, 1, 1, 2]);
    expect(timeline!.heldGpus).toEqual([2, 3, 3, 2]);
    // What is kept is free for its pool alone.
    expect(timeline!.freeGpus).toEqual([0, 0, 0, 0]);
  });

  it('gives way to preemption by priority only for its own', () => {
    const jobs = [
      job(0, 100, 2, { priority: 0 }),
      job(10, 10, 2, { priority: 1 }),
      job(10, 10, 2, { priority: 1, ...serving }),
    ];
    const { jobs: results } = play(jobs, { queue: 'priority', preemption: { victims: 'youngest' } });
    expect(results.map((result) => result.startSeconds)).toEqual([0, 10, 10]);
    expect(results[0]!.preemptions).toBe(1);
  });
});

describe('options of headroom', () => {
  const pool = headroom[0]!;
  it.each([
    ['no list', {}, ['headroom']],
    ['no name', [{ ...pool, name: '' }], ['headroom', 0, 'name']],
    ['two of one name', [pool, pool], ['headroom', 1, 'name']],
    ['a misspelt field', [{ ...pool, counts: 1 }], ['headroom', 0, 'counts']],
    ['a count of 0', [{ ...pool, count: 0 }], ['headroom', 0, 'count']],
    ['a wrong request', [{ ...pool, room: { gpus: -1 } }], ['headroom', 0, 'room', 'gpus']],
    ['bounds', [{ ...pool, room: { pods: 2, podsMin: 1, gpus: 1 } }], ['headroom', 0, 'room', 'podsMin']],
    ['a priority that is no number', [{ ...pool, priorityMin: Number.NaN }], ['headroom', 0, 'priorityMin']],
    ['tenants that are none', [{ ...pool, tenants: 'serving' }], ['headroom', 0, 'tenants']],
  ])('refuses %s', (_, pools, path) => {
    const error = caught(() => play([], { headroom: pools as never }));
    expect(error).toMatchObject({ path });
  });

  it('are not for conservative backfill', () => {
    const error = caught(() => play([], { backfill: 'conservative' }));
    expect(error).toMatchObject({ code: 'invalid-option', path: ['headroom'] });
  });
});
