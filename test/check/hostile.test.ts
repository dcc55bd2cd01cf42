import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import * as check from '../../src/check/index.js';
import { clusterTopology, compile } from '../../src/index.js';
import { smallServer } from '../bandwidth/small-server.js';
import { gpuBox } from '../placement/random-cluster.js';

const cluster = clusterTopology({
  tiers: [],
  types: { pair: gpuBox(2) },
  servers: [{ id: 'a', type: 'pair', cpuMilli: 4000, labels: { pool: 'x' } }],
});
const server = cluster.servers[0]!.type;
const free = compile(cluster).free();
const state = { free };
const pods = [{ server: 'a', gpus: [0] }];
const placement = { request: { gpus: 1 }, pods };
const claim = { pods, tier: 'server', bandwidthGBps: null };

const revoked = Proxy.revocable({}, {});
revoked.revoke();
const holed: number[] = [0];
holed.length = 2;
const throwing = {
  get pods() {
    throw new RangeError('mine');
  },
};
/** Values that are right nowhere; those that are right somewhere are left out there. */
const HOSTILE: readonly unknown[] = [
  null,
  7,
  Number.NaN,
  10n,
  'x',
  Symbol('x'),
  () => 1,
  [null],
  holed,
  [1, 2, 3, 4, 5],
  new Map(),
  new Date(0),
  revoked.proxy,
  throwing,
  new Proxy([], { get: () => Number.POSITIVE_INFINITY }),
  JSON.parse('{"__proto__": {"pods": 3}}'),
  { length: 1 },
];

/** A right call of each function. */
const CALLS: Readonly<Record<string, readonly unknown[]>> = {
  checkFreeCapacity: [cluster, [], free],
  checkPlacements: [cluster, [placement]],
  judgePlacement: [cluster, state, { gpus: 1 }, claim, {}],
  referenceBandwidth: [server, [0, 1]],
  referencePlace: [cluster, state, { gpus: 1 }, {}],
  referenceRoute: [server, server.gpus[0], server.gpus[1]],
  referenceSelectGpus: [server, 1, {}],
  referenceSharedLoad: [server, [0, 1], 5],
};

function call(name: string, args: readonly unknown[]): unknown {
  return (check as unknown as Record<string, (...args: readonly unknown[]) => unknown>)[name]!(...args);
}

/** The arguments with one value in place of another, at every depth of plain data. */
function* replaced(args: readonly unknown[], value: unknown): Generator<readonly unknown[]> {
  function* inside(at: unknown, depth: number): Generator<unknown> {
    yield value;
    if (typeof at !== 'object' || at === null || depth === 0) return;
    if (at === cluster || at === server) return;
    for (const [key, member] of Object.entries(at)) {
      for (const changed of inside(member, depth - 1)) {
        yield Array.isArray(at)
          ? at.map((other, i) => (String(i) === key ? changed : other))
          : { ...at, [key]: changed };
      }
    }
  }
  for (const [i, argument] of args.entries()) {
    for (const changed of inside(argument, 6)) yield args.map((other, j) => (i === j ? changed : other));
  }
}

describe('corral/check', () => {
  it('is called here as a whole', () => {
    const functions = Object.entries(check).filter(([, value]) => typeof value === 'function');
    expect(functions.map(([name]) => name).sort()).toEqual(Object.keys(CALLS).sort());
    for (const [name, args] of Object.entries(CALLS)) expect(() => call(name, args)).not.toThrow();
  });

  it.each(Object.keys(CALLS))(
    'throws nothing but CorralError, whatever stands in an argument of %s',
    (name) => {
      let refused = 0;
      for (const value of HOSTILE) {
        for (const args of replaced(CALLS[name]!, value)) {
          try {
            call(name, args);
          } catch (error) {
            expect(error).toMatchObject({ name: 'CorralError' });
            refused++;
          }
        }
      }
      expect(refused).toBeGreaterThan(HOSTILE.length);
    },
  );

  it.each(Object.keys(CALLS))('refuses what is no topology any more in %s', (name) => {
    const [first, ...others] = CALLS[name]!;
    for (const copy of [{ ...(first as object) }, JSON.parse(JSON.stringify(first)), {}, null]) {
      expect(() => call(name, [copy, ...others])).toThrow(
        expect.objectContaining({ name: 'CorralError', code: 'invalid-option' }),
      );
    }
  });

  it.each<[string, Record<string, unknown>, (string | number)[]]>([
    ['half a GPU', { gpus: 0.5 }, ['gpus']],
    ['a negative share', { gpuMilli: -500 }, ['gpuMilli']],
    ['CPU that is no number', { cpuMilli: Number.NaN }, ['cpuMilli']],
    ['memory without end', { memoryMiB: Number.POSITIVE_INFINITY }, ['memoryMiB']],
    ['models in a text', { gpuModels: 'A' }, ['gpuModels']],
    ['labels in a map', { labels: new Map([['pool', 'x']]) }, ['labels']],
    ['a label that is no text', { labels: { pool: 7 } }, ['labels', 'pool']],
    ['a level that is no text', { require: 7 }, ['require']],
    ['a place that is none', { requirePerPod: 'rack' }, ['requirePerPod']],
    ['a slice of half a pod', { slice: { pods: 0.5, tier: 'server' } }, ['slice', 'pods']],
    ['communication in a word', { communicates: 'yes' }, ['communicates']],
  ])('refuses a request with %s', (_, request, path) => {
    const invalid = expect.objectContaining({ code: 'invalid-request', path });
    expect(() => check.judgePlacement(cluster, state, request, claim)).toThrow(invalid);
    expect(() => check.referencePlace(cluster, state, request)).toThrow(invalid);
    expect(() => check.checkPlacements(cluster, [{ request, pods }])).toThrow(invalid);
  });

  it('compares a label called like the prototype', () => {
    const labels = JSON.parse('{"__proto__": "x"}') as Record<string, string>;
    expect(check.checkPlacements(cluster, [{ request: { gpus: 1, labels }, pods }])).toEqual([
      'placement 0, pod 0: server "a" has label "__proto__": none, wanted "x"',
    ]);
  });

  it('reads a request once', () => {
    let asked = 0;
    const fickle = {
      get gpus() {
        return asked++ === 0 ? 1 : -500;
      },
    };
    expect(check.judgePlacement(cluster, state, fickle, claim).violations).toEqual([]);
    expect(asked).toBe(1);
  });

  it('refuses a state that no server can be in', () => {
    const [only] = free.servers;
    for (const change of [
      { gpuMilli: [1000, -1] },
      { gpuMilli: [1000, 1e9] },
      { gpuMilli: [1000, 0.5] },
      { gpuMilli: [1000] },
      { cpuMilli: Number.NaN },
      { memoryMiB: -1 },
    ]) {
      const hostile = { free: { servers: [{ ...only!, ...change }] } };
      expect(() => check.referencePlace(cluster, hostile, { gpus: 1 })).toThrow(
        expect.objectContaining({ code: 'invalid-option', path: ['state', 'free', 'servers'] }),
      );
    }
  });

  it('takes no figure that is no number for one that does not limit', () => {
    const [only] = free.servers;
    for (const memoryMiB of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const said = { ...free, servers: [{ ...only!, memoryMiB }] };
      expect(check.checkFreeCapacity(cluster, [], said)).toEqual([
        `server "a", free MiB: said ${memoryMiB}, expected null`,
      ]);
    }
  });

  it('shows the beginning of a long list only', () => {
    const servers = Array.from({ length: 100_000 }, (_, i) => ({ ...free.servers[0]!, server: `s${i}` }));
    const [violation] = check.checkFreeCapacity(cluster, [], { ...free, servers });
    expect(violation!.length).toBeLessThan(1000);
    expect(violation).toContain('100000 in all');
  });

  it('judges many placements in linear time', () => {
    const many = Array.from({ length: 20_000 }, (_, i) => ({ id: `s${i}`, type: 'pair' }));
    const large = clusterTopology({ tiers: [], types: { pair: gpuBox(2) }, servers: many });
    const live = many.map(({ id }) => ({ request: { gpus: 1 }, pods: [{ server: id, gpus: [1] }] }));
    const said = {
      gpus: 20_000,
      gpuMilli: 2e7,
      servers: many.map(({ id }) => ({
        server: id,
        gpus: [0],
        gpuMilli: [1000, 0],
        cpuMilli: null,
        memoryMiB: null,
      })),
    };
    expect(check.checkFreeCapacity(large, live, said)).toEqual([]);
    expect(check.checkPlacements(large, live)).toEqual([]);
  });
});

describe('limits of what is judged', () => {
  const limit = expect.objectContaining({ name: 'CorralError', code: 'limit-exceeded' });

  it('refuses sets of sixteen GPUs, and finds rings among them', () => {
    const dgx2 = topology('dgx2');
    expect(() => check.referenceSelectGpus(dgx2, 8)).toThrow(limit);
    expect(check.referenceSelectGpus(dgx2, 17)).toBeUndefined();
    const all = [...dgx2.gpus.keys()];
    expect(check.referenceSharedLoad(dgx2, all, 1)).toBe(0);
    // A star has no ring, and 15! orders of its GPUs.
    const gpus = all.map((i) => `gpu${i}`);
    const star = smallServer(
      gpus,
      gpus.slice(1).map((gpu) => ['gpu0', gpu, 'nvlink', 1] as const),
    );
    expect(check.referenceSharedLoad(star, all, 1)).toBe(0);
  });

  it('walks up a ladder of switches once', () => {
    const rungs = 100;
    const id = (rung: number, side: number): string => `sw${rung}-${side}`;
    const devices = Array.from({ length: rungs }, (_, rung) => [id(rung, 0), id(rung, 1)]).flat();
    const links = Array.from({ length: rungs - 1 }, (_, rung) =>
      [0, 1].flatMap((a) => [0, 1].map((b) => [id(rung, a), id(rung + 1, b)] as const)),
    ).flat();
    const ladder = smallServer(
      ['gpu0', 'gpu1', ...devices],
      [
        ...[0, 1].flatMap((side) => [
          ['gpu0', id(0, side), 'pcie', 1] as const,
          ['gpu1', id(0, side), 'pcie', 1] as const,
        ]),
        ...links.map(([a, b]) => [a, b, 'pcie', 1] as const),
      ],
    );
    const one = clusterTopology({
      tiers: [],
      types: { ladder: ladder.document },
      servers: [{ id: 'a', type: 'ladder' }],
    });
    const given = [
      { request: { gpus: 2, requirePerPod: 'numa' as const }, pods: [{ server: 'a', gpus: [0, 1] }] },
    ];
    expect(check.checkPlacements(one, given)).toHaveLength(1);
    expect(() => check.referenceBandwidth(ladder, [0, 1])).toThrow(limit);
  });

  it('refuses servers whose links are too many to be looked at', () => {
    const ids = Array.from({ length: 300 }, (_, i) => `sw${i}`);
    const large = smallServer(
      ['gpu0', 'gpu1', ...ids],
      ids.map((id) => ['gpu0', id, 'pcie', 1] as const),
    );
    for (const call of [
      () => check.referenceBandwidth(large, [0, 1]),
      () => check.referenceRoute(large, 'gpu0', 'gpu1'),
      () => check.referenceSharedLoad(large, [0, 1], 1),
      () => check.referenceSelectGpus(large, 1),
    ]) {
      expect(call).toThrow(limit);
    }
  });
});
