import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterDocument, operations } from '../../src/arbitraries/index.js';
import { type CheckedPlacement, checkPlacements } from '../../src/check/index.js';
import { clusterTopology, compile, type Placement } from '../../src/index.js';

const cluster = clusterTopology({
  tiers: [],
  types: {
    pair: {
      name: 'pair',
      title: 'two GPUs',
      gpuModel: 'A',
      devices: [
        { id: 'g0', kind: 'gpu' },
        { id: 'g1', kind: 'gpu' },
      ],
      links: [],
    },
  },
  servers: [
    { id: 'limited', type: 'pair', cpuMilli: 4000, memoryMiB: 1024 },
    { id: 'free', type: 'pair', gpuModel: 'B' },
  ],
});

const on = (server: string, gpus: number[], request: CheckedPlacement['request']): CheckedPlacement => ({
  request,
  pods: [{ server, gpus }],
});

describe('checkPlacements', () => {
  it('has nothing to say where all is well, up to the last bit of capacity', () => {
    expect(checkPlacements(cluster, [])).toEqual([]);
    expect(
      checkPlacements(cluster, [
        on('limited', [0], { gpuMilli: 400, cpuMilli: 3000, gpuModels: ['A'] }),
        on('limited', [0], { gpuMilli: 600, cpuMilli: 1000 }),
        on('limited', [1], { gpus: 1, memoryMiB: 1024, gpuModels: [] }),
        on('free', [0, 1], { gpus: 2, cpuMilli: 1e6, memoryMiB: 1e6, gpuModels: ['A', 'B'] }),
        on('free', [], {}),
      ]),
    ).toEqual([]);
  });

  it.each<[string, CheckedPlacement[], RegExp]>([
    ['a whole GPU given twice', [on('free', [0], { gpus: 1 }), on('free', [0], { gpus: 1 })], /2000 .*GPU 0/],
    [
      'shares beyond one GPU',
      [on('free', [1], { gpuMilli: 600 }), on('free', [1], { gpuMilli: 401 })],
      /1001 .*GPU 1/,
    ],
    ['a GPU that does not exist', [on('free', [2], { gpus: 1 })], /no GPU 2/],
    ['a negative GPU', [on('free', [-1], { gpus: 1 })], /no GPU -1/],
    ['too few GPUs', [on('free', [0], { gpus: 2 })], /1 GPUs given, 2 asked for/],
    ['a GPU nobody asked for', [on('free', [0], {})], /1 GPUs given, 0 asked for/],
    ['no GPU for a share', [on('free', [], { gpuMilli: 10 })], /0 GPUs given, 1 asked for/],
    [
      'CPU beyond capacity',
      [on('limited', [], { cpuMilli: 4000 }), on('limited', [], { cpuMilli: 1 })],
      /4001 milli-cores/,
    ],
    ['memory beyond capacity', [on('limited', [], { memoryMiB: 1025 })], /1025 MiB/],
    ['a model not allowed', [on('free', [0], { gpus: 1, gpuModels: ['A'] })], /model "B"/],
    ['a server that does not exist', [on('gone', [], {})], /"gone" does not exist/],
    ['no pod', [{ request: {}, pods: [] }], /no pods/],
  ])('finds %s, and nothing else', (_, placements, message) => {
    const violations = checkPlacements(cluster, placements);
    expect(violations).toHaveLength(1);
    expect(violations[0]).toMatch(message);
  });

  it('judges gangs: their size, labels, and where pods are to each other', () => {
    const box = cluster.servers[0]!.type.document;
    const racks = clusterTopology({
      tiers: ['rack'],
      types: { pair: box },
      servers: [
        { id: 'a', type: 'pair', domains: { rack: 'r0' }, labels: { pool: 'x' } },
        { id: 'b', type: 'pair', domains: { rack: 'r0' }, labels: { pool: 'x' } },
        { id: 'c', type: 'pair', domains: { rack: 'r1' } },
      ],
    });
    const gang = (request: CheckedPlacement['request'], ...servers: string[]): string[] =>
      checkPlacements(racks, [{ request, pods: servers.map((server) => ({ server, gpus: [] })) }]);
    expect(gang({ pods: 2, labels: { pool: 'x' }, require: 'rack' }, 'a', 'b')).toEqual([]);
    expect(gang({ pods: 3, podsMin: 2 }, 'a', 'c')).toEqual([]);
    expect(gang({ pods: 3 }, 'a', 'c')).toEqual(['placement 0 has 2 pods, 3 to 3 were asked for']);
    expect(gang({ pods: 2, labels: { pool: 'x' } }, 'b', 'c')).toEqual([
      'placement 0, pod 1: server "c" has label "pool": none, wanted "x"',
    ]);
    expect(gang({ pods: 2, require: 'rack' }, 'a', 'c')).toEqual([
      'placement 0: pods lie in several domains of level "rack", which is required',
    ]);
    const slice = { pods: 2, tier: 'rack' };
    expect(gang({ pods: 3, slice }, 'a', 'b', 'c')).toEqual([]);
    expect(gang({ pods: 4, slice }, 'a', 'c', 'c', 'c')).toEqual([
      'placement 0: pods 0 to 1 are a slice and lie in several domains of level "rack"',
    ]);
    expect(() => gang({ require: 'zone' }, 'a')).toThrow(
      expect.objectContaining({ code: 'invalid-request' }),
    );
  });

  it('finds a GPU twice in one pod, which is beyond its capacity too', () => {
    expect(checkPlacements(cluster, [on('free', [0, 0], { gpus: 2 })])).toEqual([
      'placement 0, pod 0: a GPU is given twice: 0, 0',
      'server "free": 2000 thousandths of GPU 0 given, 1000 there are',
    ]);
  });

  it('finds nothing wrong with what the solver does', () => {
    fc.assert(
      fc.property(clusterDocument(), operations(), (document, history) => {
        const topology = clusterTopology(document);
        const solver = compile(topology);
        let live: { request: CheckedPlacement['request']; placement: Placement }[] = [];
        let saved: { snapshot: ReturnType<typeof solver.snapshot>; live: typeof live } | undefined;
        for (const step of history) {
          if (step.kind === 'find') solver.find(step.request);
          else if (step.kind === 'place') {
            const answer = solver.place(step.request);
            if (answer.ok) live = [...live, { request: step.request, placement: answer.placement }];
          } else if (step.kind === 'release') {
            const at = step.pick % Math.max(1, live.length);
            if (live.length > 0) solver.release(live[at]!.placement);
            live = live.filter((_, i) => i !== at);
          } else if (step.kind === 'snapshot') saved = { snapshot: solver.snapshot(), live };
          else if (saved !== undefined) {
            solver.restore(saved.snapshot);
            live = saved.live;
          }
          const placed = live.map(({ request, placement }) => ({ request, pods: placement.pods }));
          expect(checkPlacements(topology, placed)).toEqual([]);
        }
      }),
      { seed: 20_240_207, numRuns: 100 },
    );
  });
});
