import { describe, expect, it } from 'vitest';
import { type CheckedRequest, type ClaimedPlacement, judgePlacement } from '../../src/check/index.js';
import { clusterTopology } from '../../src/index.js';
import { lonePair, pair, stateOf } from './gangs/gang-examples.js';

const cluster = clusterTopology({
  tiers: ['rack'],
  types: { pair, lonePair: { ...lonePair, gpuModel: 'B' } },
  servers: [
    { id: 'a', type: 'pair', domains: { rack: 'r0' }, cpuMilli: 4000, memoryMiB: 100, labels: { pool: 'x' } },
    { id: 'b', type: 'pair', domains: { rack: 'r0' } },
    { id: 'c', type: 'lonePair', domains: { rack: 'r1' } },
    { id: 'd', type: 'lonePair', domains: { rack: 'r1' } },
  ],
});

const at = (
  pods: readonly (readonly [server: string, ...gpus: number[]])[],
  tier: string,
  bandwidthGBps: number | null,
): ClaimedPlacement => ({
  pods: pods.map(([server, ...gpus]) => ({ server, gpus })),
  tier,
  bandwidthGBps,
});

describe('judgePlacement', () => {
  it('gives the figures of a placement that is as it should be', () => {
    const both = at(
      [
        ['a', 0, 1],
        ['b', 1, 0],
      ],
      'rack',
      7.5,
    );
    const request = { pods: 3, podsMin: 2, gpus: 2, cpuMilli: 4000, require: 'rack', prefer: 'server' };
    expect(judgePlacement(cluster, stateOf(cluster), request, both)).toEqual({
      pods: 2,
      tier: 'rack',
      // Two servers of 2 GPUs, each with 5 GB/s of NICs: (4 - 1) × 5 / 2.
      bandwidthGBps: 7.5,
      load: 0,
      // 2 GPUs each, and 2 (2^2 - 0) / (2 × 2) of the rack: see the tests of referencePlace.
      damage: 6,
      servers: 2,
      violations: [],
    });
    const shares = at(
      [
        ['a', 0],
        ['a', 0],
        ['c', 1],
      ],
      'cluster',
      null,
    );
    const judged = judgePlacement(
      cluster,
      stateOf(cluster, { a: [600, 1000] }),
      { pods: 3, gpuMilli: 300 },
      shares,
    );
    expect(judged).toMatchObject({ pods: 3, tier: 'cluster', load: 0, servers: 2, violations: [] });
    // One of two GPUs of c: 2 × 0.7, and it was one of two whole servers of its rack: 2 (2^2 - 1) / (2 × 2).
    expect(judged.damage).toBeCloseTo(1.4 + 1.5, 12);
    const sizes = { sizes: { 2: 1 } };
    expect(
      judgePlacement(
        cluster,
        stateOf(cluster, { c: [1000, 0] }),
        { gpus: 1 },
        at([['c', 0]], 'server', null),
        sizes,
      ),
    ).toMatchObject({ damage: 0, violations: [] });
  });

  it('allows rounding of the bandwidth, and no more', () => {
    const off = (by: number) =>
      judgePlacement(cluster, stateOf(cluster), { gpus: 2 }, at([['a', 0, 1]], 'server', 10 * (1 + by)))
        .violations;
    expect(off(1e-10)).toEqual([]);
    expect(off(1e-8)).toHaveLength(1);
  });

  const ok: CheckedRequest = { pods: 2, gpus: 1 };
  it.each<[string, CheckedRequest, ClaimedPlacement, RegExp]>([
    ['too few pods', { pods: 2, gpus: 1 }, at([['a', 0]], 'server', null), /1 pods given, 2 asked/],
    ['fewer than the least', { pods: 4, podsMin: 2 }, at([['a']], 'server', null), /1 pods given, 2 to 4/],
    ['too many pods', {}, at([['a'], ['a']], 'server', null), /2 pods given, 1 asked/],
    ['no pods', { gpus: 1 }, at([], 'server', null), /0 pods given/],
    ['too few GPUs', { gpus: 2 }, at([['a', 0]], 'server', null), /pod 0: 1 GPUs given, 2 asked/],
    ['a GPU for nothing', {}, at([['a', 0]], 'server', null), /1 GPUs given, 0 asked/],
    [
      'a GPU that is not free',
      ok,
      at(
        [
          ['b', 1],
          ['b', 0],
        ],
        'server',
        10,
      ),
      /"b": 1000 thousandths of GPU 1 given, 400/,
    ],
    [
      'a GPU of two pods',
      ok,
      at(
        [
          ['a', 0],
          ['a', 0],
        ],
        'server',
        null,
      ),
      /2000 thousandths of GPU 0 given, 1000/,
    ],
    [
      'shares beyond what is free',
      { pods: 2, gpuMilli: 201 },
      at(
        [
          ['b', 1],
          ['b', 1],
        ],
        'server',
        null,
      ),
      /402 thousandths of GPU 1 given, 400 were free/,
    ],
    ['a GPU that does not exist', { gpus: 1 }, at([['a', 2]], 'server', null), /no GPU 2/],
    [
      'a server that does not exist',
      ok,
      at(
        [
          ['a', 0],
          ['x', 0],
        ],
        'server',
        null,
      ),
      /pod 1: server "x" does not/,
    ],
    [
      'CPU',
      { pods: 2, cpuMilli: 2001 },
      at([['a'], ['a']], 'server', null),
      /4002 milli-cores of CPU given, 4000/,
    ],
    ['memory', { memoryMiB: 101 }, at([['a']], 'server', null), /101 MiB of memory given, 100 were free/],
    ['a model', { gpuModels: ['B'] }, at([['a']], 'server', null), /has model "none"/],
    ['labels', { labels: { pool: 'x' } }, at([['c']], 'server', null), /label "pool": none, wanted "x"/],
    ['a value', { labels: { pool: '' } }, at([['a']], 'server', null), /label "pool": "x", wanted ""/],
    ['a cordon', {}, at([['d']], 'server', null), /"d" is cordoned/],
    [
      'require',
      { ...ok, require: 'rack' },
      at(
        [
          ['a', 0],
          ['c', 0],
        ],
        'cluster',
        0,
      ),
      /domains of level "rack"/,
    ],
    [
      'require of one server',
      { pods: 2, require: 'server' },
      at([['a'], ['b']], 'rack', null),
      /level "server"/,
    ],
    [
      'a slice',
      { pods: 3, gpus: 0, slice: { pods: 2, tier: 'rack' } },
      at([['a'], ['c'], ['c']], 'cluster', null),
      /pods 0 to 1 are a slice/,
    ],
    [
      'the last slice',
      { pods: 5, slice: { pods: 3, tier: 'rack' } },
      at([['a'], ['a'], ['b'], ['a'], ['c']], 'cluster', null),
      /pods 3 to 4 are a slice/,
    ],
    [
      'the tier',
      ok,
      at(
        [
          ['a', 0],
          ['b', 0],
        ],
        'cluster',
        5,
      ),
      /tier said to be "cluster", it is "rack"/,
    ],
    [
      'a tier too low',
      ok,
      at(
        [
          ['a', 0],
          ['b', 0],
        ],
        'server',
        5,
      ),
      /it is "rack"/,
    ],
    [
      'the bandwidth',
      ok,
      at(
        [
          ['a', 0],
          ['b', 0],
        ],
        'rack',
        10,
      ),
      /bandwidth said to be 10 GB\/s, it is 5/,
    ],
    [
      'the bandwidth of shares',
      { gpuMilli: 100 },
      at([['a', 0]], 'server', 7),
      /said to be 7 GB\/s, it is null/,
    ],
    ['no bandwidth', { gpus: 2 }, at([['a', 0, 1]], 'server', null), /said to be null GB\/s, it is 10/],
  ])('finds what is wrong with %s, and nothing else', (_, request, placement, message) => {
    const { violations } = judgePlacement(
      cluster,
      stateOf(cluster, { b: [1000, 400] }, ['d']),
      request,
      placement,
    );
    expect(violations).toEqual([expect.stringMatching(message)]);
  });

  it('finds pods whose GPUs are on several sockets or NUMA nodes where one was asked for', () => {
    const machines = clusterTopology({
      tiers: [],
      types: { a100: 'dgx-a100', pair },
      servers: [
        { id: 'm', type: 'a100' },
        { id: 'p', type: 'pair' },
      ],
    });
    const faults = (request: CheckedRequest, ...pods: (readonly [string, ...number[]])[]): string[] =>
      judgePlacement(machines, stateOf(machines), request, at(pods, 'server', null)).violations.filter(
        (words) => !/ said /.test(words),
      );
    expect(faults({ gpus: 2, requirePerPod: 'socket' }, ['m', 1, 2])).toEqual([]);
    expect(faults({ gpus: 2, requirePerPod: 'numa' }, ['m', 1, 2])).toEqual([
      'pod 0: GPUs 1, 2 of server "m" are not on one numa, as far as is known',
    ]);
    expect(faults({ gpus: 2, require: 'socket' }, ['m', 3, 4])).toHaveLength(1);
    expect(faults({ pods: 2, gpus: 2, requirePerPod: 'socket' }, ['m', 2, 3], ['m', 4, 7])).toEqual([]);
    // A server that does not say where its GPUs are is none to have pods of two.
    expect(faults({ gpus: 2, requirePerPod: 'numa' }, ['p', 0, 1])).toHaveLength(1);
    expect(faults({ gpus: 1, requirePerPod: 'numa' }, ['p', 1])).toEqual([]);
    expect(() => faults({ pods: 2, gpus: 1, require: 'socket' }, ['m', 0], ['m', 1])).toThrow('single pod');
  });

  it('accepts slices that are consecutive, wherever they are', () => {
    const slice = { pods: 2, tier: 'rack' };
    const at5 = at([['a'], ['b'], ['c'], ['c'], ['b']], 'cluster', null);
    expect(judgePlacement(cluster, stateOf(cluster), { pods: 5, slice }, at5).violations).toEqual([]);
  });

  it('refuses levels that do not exist', () => {
    for (const request of [{ require: 'x' }, { prefer: 'x' }, { slice: { pods: 1, tier: 'x' } }]) {
      expect(() => judgePlacement(cluster, stateOf(cluster), request, at([['a']], 'server', null))).toThrow(
        expect.objectContaining({ code: 'invalid-request' }),
      );
    }
  });
});
