import { describe, expect, it } from 'vitest';
import { compile, type PlacementRequest, type Solver } from '../../../src/index.js';
import { binPack, type Policy, spread, topologyAware } from '../../../src/policies/index.js';
import { boxCluster, gpuBox } from '../random-cluster.js';

interface Entry {
  readonly id: string;
  readonly gpus: number;
  readonly cpuMilli?: number;
  readonly memoryMiB?: number;
  readonly rack?: string;
}

const solverOf = (entries: readonly Entry[], policy: Policy = topologyAware()): Solver =>
  compile(
    boxCluster({
      tiers: entries.some(({ rack }) => rack !== undefined) ? ['rack'] : [],
      types: { 0: gpuBox(0), 1: gpuBox(1), 2: gpuBox(2), 4: gpuBox(4), 8: gpuBox(8) },
      servers: entries.map(({ gpus, rack, ...server }) => ({
        ...server,
        type: String(gpus),
        ...(rack !== undefined && { domains: { rack } }),
      })),
    }),
    { policy },
  );
const box = (id: string, gpus: number, cores = 16, rack?: string): Entry => ({
  id,
  gpus,
  cpuMilli: cores * 1000,
  ...(rack !== undefined && { rack }),
});
const serversOf = (solver: Solver, request: PlacementRequest): string[] => {
  const answer = solver.place(request);
  return answer.ok ? answer.placement.pods.map(({ server }) => server) : [answer.reason];
};
const oneByOne = (solver: Solver, request: PlacementRequest, times: number): string[] =>
  Array.from({ length: times }, () => serversOf(solver, request)[0]!);

describe('a pod without GPUs', () => {
  it.each<[string, Policy]>([
    ['topologyAware', topologyAware()],
    ['binPack', binPack()],
    ['spread', spread()],
  ])('goes to servers without GPUs first, in any order of the document: %s', (_, policy) => {
    for (const ids of [
      [box('g1', 4), box('g2', 4), box('c1', 0), box('c2', 0)],
      [box('c1', 0), box('g1', 4), box('c2', 0), box('g2', 4)],
    ]) {
      const solver = solverOf(ids, policy);
      expect(oneByOne(solver, { cpuMilli: 4000 }, 6).every((server) => server.startsWith('c'))).toBe(true);
      // And eight pods of one GPU and four cores still fit.
      expect(oneByOne(solver, { gpus: 1, cpuMilli: 4000 }, 8)).not.toContain('no-capacity');
    }
  });

  it('goes to a full GPU server only after servers without GPUs: binPack', () => {
    const solver = solverOf([box('g', 1), box('c', 0)], binPack());
    solver.place({ gpus: 1 });
    expect(oneByOne(solver, { cpuMilli: 8000 }, 3)).toEqual(['c', 'c', 'g']);
  });

  it('strands the least GPU capacity then: spare cores, busy GPUs, much CPU per GPU', () => {
    // 4 GPUs on 16 cores: one core per quarter of a GPU. 8 on 64: one per eighth.
    const solver = solverOf([box('tight', 4), box('ample', 8, 64), box('small', 1)]);
    expect(serversOf(solver, { cpuMilli: 4000 })).toEqual(['small']);
    const busy = solverOf([box('idle', 4), box('busy', 4)]);
    busy.place({ gpus: 3, cpuMilli: 1000, labels: {} });
    // The gang of three took the first server, whose 15 cores are more than its last GPU is due.
    expect(oneByOne(busy, { cpuMilli: 3000 }, 3)).toEqual(['idle', 'idle', 'idle']);
    expect(oneByOne(solverOf([box('tight', 4), box('ample', 8, 64)]), { cpuMilli: 8000 }, 2)).toEqual([
      'ample',
      'ample',
    ]);
  });

  it('counts memory as it counts cores, and nothing where a server limits neither', () => {
    const solver = solverOf([
      { id: 'tight', gpus: 4, memoryMiB: 4096 },
      { id: 'ample', gpus: 4, memoryMiB: 65536 },
    ]);
    expect(serversOf(solver, { memoryMiB: 1024 })).toEqual(['ample']);
    expect(serversOf(solver, { cpuMilli: 1000 })).toEqual(['tight']);
    expect(serversOf(solverOf([box('a', 4), { id: 'b', gpus: 4 }]), { cpuMilli: 1 })).toEqual(['b']);
  });

  it('counts what is left of a GPU that pods share, of its own server only', () => {
    // A pod of four cores leaves three GPUs of four their cores: 3.5 GPUs are free on one server and 3.7 on the other.
    for (const [first, second, best] of [
      [500, 300, 'first'],
      [300, 500, 'second'],
    ] as const) {
      const solver = solverOf([box('first', 4), box('second', 4)]);
      solver.cordon('second');
      solver.place({ gpuMilli: first });
      solver.uncordon('second');
      solver.cordon('first');
      solver.place({ gpuMilli: second });
      solver.uncordon('first');
      expect(serversOf(solver, { cpuMilli: 4000 })).toEqual([best]);
    }
  });

  it('leaves wholly free servers alone where others strand as much', () => {
    const solver = solverOf([box('whole', 4), box('half', 4)]);
    solver.cordon('whole');
    solver.place({ gpus: 2, cpuMilli: 8000 });
    solver.uncordon('whole');
    expect(serversOf(solver, { cpuMilli: 4000 })).toEqual(['half']);
  });

  it('goes to the first of servers that are equal in all of that, and so does a gang', () => {
    const equal = (): Solver => solverOf([box('a', 4), box('b', 4), box('c', 4)]);
    expect(oneByOne(equal(), { cpuMilli: 4000 }, 5)).toEqual(['a', 'a', 'a', 'a', 'b']);
    for (const pods of [1, 3, 5]) {
      expect(serversOf(equal(), { pods, cpuMilli: 4000, communicates: false })).toEqual(
        ['a', 'a', 'a', 'a', 'b'].slice(0, pods),
      );
    }
  });

  it('is ranked as it is placed', () => {
    const solver = solverOf([box('tight', 4), box('ample', 8, 64), box('cpu', 0), box('other', 0)]);
    expect(solver.rank({ cpuMilli: 4000 })).toEqual([
      { server: 'cpu', score: 100 },
      { server: 'other', score: 100 },
      { server: 'ample', score: (100 * 2) / 3 },
      { server: 'tight', score: 100 / 3 },
    ]);
  });
});

describe('a gang without GPUs', () => {
  it('goes where its pods would go one by one', () => {
    const servers = [box('g1', 4), box('g2', 8, 64), box('c1', 0, 8), box('g3', 2, 8), box('c2', 0)];
    for (let pods = 1; pods <= 24; pods++) {
      const gang = serversOf(solverOf(servers), { pods, cpuMilli: 4000, communicates: false });
      expect([...gang].sort()).toEqual(oneByOne(solverOf(servers), { cpuMilli: 4000 }, pods).sort());
    }
  });

  it('fills what strands nothing server by server, though a later one has fewer free GPUs', () => {
    const servers = [box('a', 8, 64), box('b', 8, 64)];
    const busy = (): Solver => {
      const solver = solverOf(servers);
      // Two GPUs of a are busy, so 16 of its 64 cores are nobody's: four pods. On b it is 48 cores, twelve pods.
      solver.cordon('b');
      solver.place({ gpus: 2 });
      solver.uncordon('b');
      solver.cordon('a');
      solver.place({ gpus: 6 });
      solver.uncordon('a');
      return solver;
    };
    for (const [pods, onA] of [
      [3, 3],
      [6, 4],
      [16, 4],
    ] as const) {
      const gang = serversOf(busy(), { pods, cpuMilli: 4000, communicates: false });
      expect(gang).toEqual([...Array(onA).fill('a'), ...Array(pods - onA).fill('b')]);
      expect(gang).toEqual(oneByOne(busy(), { cpuMilli: 4000 }, pods));
    }
  });

  it('takes of several racks that hold it the one in which it strands least', () => {
    const solver = solverOf([
      box('g1', 4, 16, 'r1'),
      box('g2', 4, 16, 'r1'),
      box('c1', 0, 16, 'r2'),
      box('c2', 0, 16, 'r2'),
    ]);
    const gang = { pods: 8, cpuMilli: 4000 };
    expect(new Set(serversOf(solver, gang))).toEqual(new Set(['c1', 'c2']));
    expect(new Set(serversOf(solver, gang))).toEqual(new Set(['g1', 'g2']));
  });

  it('keeps slices together', () => {
    const servers = [box('g1', 4, 8), box('c1', 0, 12), box('c2', 0, 8)];
    const slice = { pods: 2, tier: 'server' };
    const placed = serversOf(solverOf(servers), { pods: 6, cpuMilli: 4000, slice });
    expect(placed).toHaveLength(6);
    for (let i = 0; i < 6; i += 2) expect(placed[i]).toBe(placed[i + 1]);
    expect(serversOf(solverOf(servers), { pods: 4, cpuMilli: 4000, slice, communicates: false })).toEqual([
      'c2',
      'c2',
      'c1',
      'c1',
    ]);
  });
});
