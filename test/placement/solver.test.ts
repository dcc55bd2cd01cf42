import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ClusterDocument,
  clusterTopology,
  compile,
  type FreeCapacity,
  type FreeServer,
  type Placement,
  type PlacementRequest,
  type Snapshot,
  type Solver,
  serverTopology,
} from '../../src/index.js';
import {
  bestFit,
  binPack,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type Policy,
  random,
  spread,
  topologyAware,
  type Workload,
} from '../../src/policies/index.js';
import { boxCluster, cluster, gpuBox, type Operation, operations, request } from './random-cluster.js';

const WORKLOAD: Workload = [
  { cpuMilli: 3000, gpus: 1, gpuMilli: 470, share: 0.5 },
  { cpuMilli: 4000, gpus: 2, gpuMilli: 1000, gpuModels: ['A'], share: 0.3 },
  { cpuMilli: 8000, gpus: 0, gpuMilli: 0, share: 0.2 },
];
const POLICIES: readonly (readonly [string, () => Policy])[] = [
  ['topologyAware', topologyAware],
  ['random', () => random({ seed: 5 })],
  ['dotProduct', dotProduct],
  ['gpuClustering', gpuClustering],
  ['gpuPacking', gpuPacking],
  ['bestFit', bestFit],
  ['binPack', binPack],
  ['spread', spread],
  ['fgd', () => fgd({ workload: WORKLOAD })],
  ['fgd exact', () => fgd({ workload: WORKLOAD, exact: true })],
];

function solverOf(document: ClusterDocument, policy: Policy = bestFit()): Solver {
  return compile(boxCluster(document), { policy });
}

function two(): Solver {
  return solverOf({
    tiers: [],
    types: { box: gpuBox(4) },
    servers: [
      { id: 'a', type: 'box', cpuMilli: 8000, memoryMiB: 8192 },
      { id: 'b', type: 'box', gpuModel: 'B' },
    ],
  });
}

/** Two racks of three servers with CPU and memory. */
const RACKS: ClusterDocument = {
  tiers: ['rack'],
  types: { box: gpuBox(4) },
  servers: ['a', 'a', 'a', 'b', 'b', 'b'].map((rack, i) => ({
    id: `s${i}`,
    type: 'box',
    domains: { rack },
    cpuMilli: 32_000,
    memoryMiB: 65_536,
  })),
};
/** Gangs of every shape that such racks hold. */
const GANGS: readonly PlacementRequest[] = [
  { pods: 2, gpus: 2 },
  { pods: 5, gpus: 3, cpuMilli: 1000 },
  { pods: 5, gpus: 2, slice: { pods: 2, tier: 'rack' } },
  { pods: 7, podsMin: 2, gpus: 4, require: 'rack' },
  { pods: 9, gpuMilli: 700, memoryMiB: 1 },
  { pods: 3, cpuMilli: 20_000 },
];

function placed(solver: Solver, wanted: PlacementRequest): Placement {
  const result = solver.place(wanted);
  if (!result.ok) throw new Error(result.message);
  return result.placement;
}

/** Whether some server has room, looked up in `free()` alone. */
function fitsSomewhere(
  free: readonly FreeServer[],
  models: ReadonlyMap<string, string>,
  wanted: PlacementRequest,
): boolean {
  return free.some((server) => {
    const names = wanted.gpuModels ?? [];
    if (names.length > 0 && !names.includes(models.get(server.server)!)) return false;
    if (server.cpuMilli !== null && server.cpuMilli < (wanted.cpuMilli ?? 0)) return false;
    if (server.memoryMiB !== null && server.memoryMiB < (wanted.memoryMiB ?? 0)) return false;
    if (wanted.gpuMilli !== undefined) return server.gpuMilli.some((milli) => milli >= wanted.gpuMilli!);
    return server.gpuMilli.filter((milli) => milli === 1000).length >= (wanted.gpus ?? 0);
  });
}

interface Live {
  readonly placement: Placement;
  readonly request: PlacementRequest;
}

/** `free()` as capacity minus what the live placements hold, added up by hand. */
function freeBeside(capacity: FreeCapacity, live: readonly Live[]): FreeCapacity {
  const servers = capacity.servers.map((server) => ({ ...server, gpuMilli: [...server.gpuMilli] }));
  const byId = new Map(servers.map((server) => [server.server, server]));
  for (const { placement, request: wanted } of live) {
    const pod = placement.pods[0]!;
    const on = byId.get(pod.server)!;
    if (on.cpuMilli !== null) on.cpuMilli -= wanted.cpuMilli ?? 0;
    if (on.memoryMiB !== null) on.memoryMiB -= wanted.memoryMiB ?? 0;
    for (const gpu of pod.gpus) on.gpuMilli[gpu]! -= wanted.gpuMilli ?? 1000;
  }
  for (const on of servers) {
    on.gpus = on.gpuMilli.flatMap((milli, gpu) => (milli === 1000 ? [gpu] : []));
    // Nothing is given twice.
    expect(Math.min(...on.gpuMilli, on.cpuMilli ?? 0, on.memoryMiB ?? 0)).toBeGreaterThanOrEqual(0);
  }
  return {
    gpus: servers.reduce((sum, on) => sum + on.gpus.length, 0),
    gpuMilli: servers.reduce((sum, on) => sum + on.gpuMilli.reduce((a, b) => a + b, 0), 0),
    servers,
  };
}

/** Distinct, ascending, of the server, and as many as asked for. */
function isWellFormed({ placement, request: wanted }: Live, capacity: FreeCapacity): boolean {
  const { server, gpus } = placement.pods[0]!;
  const gpuCount = capacity.servers.find((on) => on.server === server)!.gpuMilli.length;
  return (
    placement.pods.length === 1 &&
    gpus.length === (wanted.gpuMilli === undefined ? (wanted.gpus ?? 0) : 1) &&
    gpus.every((gpu, i) => gpu >= 0 && gpu < gpuCount && (i === 0 || gpu > gpus[i - 1]!))
  );
}

/** Runs a history on two solvers and holds every answer against `free()` and the live placements alone. */
function runChecked(document: ClusterDocument, policy: () => Policy, history: readonly Operation[]): number {
  const solver = solverOf(document, policy());
  const twin = solverOf(document, policy());
  const capacity = solver.free();
  const models = new Map(document.servers.map((server) => [server.id, server.gpuModel!]));
  let live: (Live & { twin: Placement })[] = [];
  let saved: { snapshot: Snapshot; twin: Snapshot; live: typeof live; free: string } | undefined;
  let before = JSON.stringify(capacity);
  let steps = 0;
  for (const step of history) {
    if (step.kind === 'place' || step.kind === 'find') {
      const { servers } = JSON.parse(before) as FreeCapacity;
      const found = solver.find(step.request);
      expect(found.ok).toBe(fitsSomewhere(servers, models, step.request));
      if (!found.ok) {
        const fitsEmpty = fitsSomewhere(capacity.servers, models, step.request);
        expect(found.reason).toBe(fitsEmpty ? 'no-capacity' : 'never-fits');
      }
      if (step.kind === 'place') {
        expect(JSON.stringify(solver.free())).toBe(before);
        // The twin was not asked to find: a find leaves no trace, also in what is drawn next.
        const [result, other] = [solver.place(step.request), twin.place(step.request)];
        expect(JSON.stringify(result)).toBe(JSON.stringify(found));
        expect(JSON.stringify(other)).toBe(JSON.stringify(found));
        if (result.ok && other.ok) {
          live.push({ placement: result.placement, twin: other.placement, request: step.request });
          expect(isWellFormed(live.at(-1)!, capacity)).toBe(true);
        }
      }
    } else if (step.kind === 'release') {
      if (live.length === 0) continue;
      const [gone] = live.splice(step.pick % live.length, 1);
      solver.release(gone!.placement);
      twin.release(gone!.twin);
      expect(() => solver.release(gone!.placement)).toThrow(
        expect.objectContaining({ code: 'unknown-placement' }),
      );
    } else if (step.kind === 'snapshot') {
      saved = { snapshot: solver.snapshot(), twin: twin.snapshot(), live: [...live], free: before };
      expect(saved.snapshot.placements).toBe(live.length);
    } else if (saved !== undefined) {
      solver.restore(saved.snapshot);
      twin.restore(saved.twin);
      live = [...saved.live];
      expect(JSON.stringify(solver.free())).toBe(saved.free);
    }
    steps++;
    before = JSON.stringify(solver.free());
    expect(before).toBe(JSON.stringify(freeBeside(capacity, live)));
  }
  expect(JSON.stringify(twin.free())).toBe(before);
  // All leave: the cluster is as it was.
  for (const { placement } of live) solver.release(placement);
  expect(JSON.stringify(solver.free())).toBe(JSON.stringify(capacity));
  return steps;
}

describe('Solver', () => {
  it.each(POLICIES)(
    'conserves every GPU, core and byte, tells the truth, and repeats itself: %s',
    (_, policy) => {
      let steps = 0;
      fc.assert(
        fc.property(cluster, operations, (document, history) => {
          steps += runChecked(document, policy, history);
        }),
        { seed: 1, numRuns: 120 },
      );
      expect(steps).toBeGreaterThan(2000);
    },
  );

  it('conserves through a long history', () => {
    const [long] = fc.sample(fc.array(operations, { minLength: 40, maxLength: 40 }), { seed: 2, numRuns: 1 });
    const [document] = fc.sample(cluster, { seed: 9, numRuns: 1 });
    expect(runChecked(document!, bestFit, long!.flat())).toBeGreaterThan(500);
  });

  it.each(POLICIES)('is after a failed call as before it: %s', (_, policy) => {
    const document: ClusterDocument = {
      tiers: [],
      types: { box: gpuBox(4), large: gpuBox(8) },
      servers: ['a', 'b', 'c', 'd'].map((id, i) => ({
        id,
        type: i === 3 ? 'large' : 'box',
        cpuMilli: 32_000,
        memoryMiB: 65_536,
      })),
    };
    const solver = solverOf(document, policy());
    const other = solverOf(document, policy());
    const requests: PlacementRequest[] = [{ gpus: 2, cpuMilli: 4000 }, { gpuMilli: 300 }, { gpuMilli: 810 }];
    const [first, second] = requests.map((wanted) => placed(solver, wanted));
    for (const wanted of requests) placed(other, wanted);
    solver.release(first!);
    const copy = JSON.parse(JSON.stringify(second)) as Placement;
    const next = (): string => JSON.stringify([solver.free(), ...requests.map((r) => solver.find(r))]);
    const before = next();
    const failures: [code: string, call: () => unknown][] = [
      ['invalid-request', () => solver.place({ gpus: -1 })],
      ['invalid-request', () => solver.find({ gpuMilli: Number.NaN })],
      ['invalid-request', () => solver.place({ gpus: 1, cpuMilli: Number.POSITIVE_INFINITY })],
      ['invalid-request', () => solver.place({ gpus: 1, gpuModels: [''] })],
      ['invalid-request', () => solver.place({ pods: 2, podsMin: 3 })],
      ['invalid-request', () => solver.find({ slice: { pods: 0, tier: 'server' } })],
      ['invalid-request', () => solver.explain({ labels: { a: 1 as never } })],
      ['invalid-request', () => solver.rank({ pods: 2 })],
      ['unknown-reference', () => solver.place({ require: 'rack' })],
      ['unknown-reference', () => solver.find({ pods: 2, prefer: 'rack' })],
      ['unknown-reference', () => solver.explain({ slice: { pods: 2, tier: 'rack' } })],
      ['unknown-reference', () => solver.cordon('z')],
      ['unknown-reference', () => solver.uncordon('z')],
      ['unknown-reference', () => solver.rank({}, ['a', 'z'])],
      ['unknown-placement', () => solver.release(first!)],
      ['unknown-placement', () => solver.release(placed(other, { gpus: 1 }))],
      ['unknown-placement', () => solver.release({ ...copy, id: 99 })],
      ['unknown-placement', () => solver.release({ ...copy, pods: [{ ...copy.pods[0]!, server: 'z' }] })],
      ['unknown-placement', () => solver.release({ ...copy, pods: [{ ...copy.pods[0]!, gpus: [0, 1] }] })],
      [
        'unknown-placement',
        () => solver.release({ ...copy, pods: [{ ...copy.pods[0]!, gpus: ['0'] as never }] }),
      ],
      ['unknown-snapshot', () => solver.restore(other.snapshot())],
      ['unknown-snapshot', () => solver.restore({ placements: 2 })],
    ];
    for (const [code, call] of failures) {
      expect(call).toThrow(expect.objectContaining({ name: 'CorralError', code }));
      expect(next()).toBe(before);
    }
    expect(solver.place({ gpus: 9 })).toMatchObject({ ok: false, reason: 'never-fits' });
    expect(next()).toBe(before);
    solver.release(copy);
    expect(() => solver.release(second!)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
  });
});

describe('place', () => {
  it('gives whole GPUs by the lowest free ordinals and shares by the tightest GPU', () => {
    const solver = two();
    expect(placed(solver, { gpus: 2, gpuModels: ['A'] }).pods).toEqual([{ server: 'a', gpus: [0, 1] }]);
    expect(placed(solver, { gpuMilli: 300, gpuModels: ['A'] }).pods).toEqual([{ server: 'a', gpus: [2] }]);
    expect(placed(solver, { gpuMilli: 600, gpuModels: ['A'] }).pods).toEqual([{ server: 'a', gpus: [2] }]);
    expect(placed(solver, { gpuMilli: 200, gpuModels: ['A'] }).pods).toEqual([{ server: 'a', gpus: [3] }]);
    expect(placed(solver, { gpuMilli: 100, gpuModels: ['A'] }).pods).toEqual([{ server: 'a', gpus: [2] }]);
  });

  it('says why a pod is not placed', () => {
    const solver = two();
    expect(solver.place({ gpus: 5 })).toMatchObject({ ok: false, reason: 'never-fits' });
    expect(solver.place({ gpus: 1, gpuModels: ['H100'] })).toMatchObject({ ok: false, reason: 'never-fits' });
    expect(solver.place({ cpuMilli: 9000, gpuModels: ['A'] })).toMatchObject({
      ok: false,
      reason: 'never-fits',
    });
    placed(solver, { gpus: 4, gpuModels: ['A'] });
    placed(solver, { gpus: 4 });
    expect(solver.place({ gpus: 1 })).toMatchObject({ ok: false, reason: 'no-capacity' });
  });

  it('does not limit what a server states no figure for', () => {
    const solver = two();
    for (let i = 0; i < 50; i++)
      placed(solver, { cpuMilli: 2 ** 31 - 1, memoryMiB: 2 ** 31 - 1, gpuModels: ['B'] });
    expect(solver.free().servers[1]).toMatchObject({ cpuMilli: null, memoryMiB: null });
  });

  it('says how fast the GPUs will talk', () => {
    const cluster = clusterTopology({
      tiers: [],
      types: { pcie: 'l40s-8-dual-root' },
      servers: [{ id: 'a', type: 'pcie' }],
    });
    const solver = compile(cluster);
    expect(placed(solver, { gpus: 2 }).bandwidthGBps).toBeCloseTo(26.3, 9);
    expect(placed(solver, { gpus: 1 }).bandwidthGBps).toBeNull();
    expect(placed(solver, { gpuMilli: 10 }).bandwidthGBps).toBeNull();
    expect(placed(two(), { gpus: 2 }).bandwidthGBps).toBe(0);
  });

  it('takes gpuMilli 1000 for one whole GPU', () => {
    expect(placed(two(), { gpuMilli: 1000 }).pods[0]!.gpus).toEqual([0]);
  });

  it.each<[string, unknown, (string | number)[]]>([
    ['no object', null, []],
    ['an unknown field', { gpu: 1 }, ['gpu']],
    ['a fraction', { gpus: 1.5 }, ['gpus']],
    ['a negative number', { cpuMilli: -1 }, ['cpuMilli']],
    ['NaN', { memoryMiB: Number.NaN }, ['memoryMiB']],
    ['Infinity', { cpuMilli: Number.POSITIVE_INFINITY }, ['cpuMilli']],
    ['a text', { gpus: '2' }, ['gpus']],
    ['more GPUs than a server can have', { gpus: 17 }, ['gpus']],
    ['a share of nothing', { gpuMilli: 0 }, ['gpuMilli']],
    ['a share beyond one GPU', { gpuMilli: 1001 }, ['gpuMilli']],
    ['whole GPUs and a share', { gpus: 1, gpuMilli: 500 }, ['gpuMilli']],
    ['models that are no list', { gpuModels: 'A' }, ['gpuModels']],
    ['a model that is no name', { gpuModels: ['A', 7] }, ['gpuModels', 1]],
  ])('refuses a request with %s, changing nothing', (_, wanted, path) => {
    const solver = two();
    const before = JSON.stringify(solver.free());
    for (const call of [solver.place, solver.find]) {
      expect(() => call.call(solver, wanted as PlacementRequest)).toThrow(
        expect.objectContaining({ code: 'invalid-request', path }),
      );
    }
    expect(JSON.stringify(solver.free())).toBe(before);
    expect(placed(solver, { gpus: 1 }).id).toBe(1);
  });
});

describe('release', () => {
  it('takes a copy that went through JSON, once', () => {
    const solver = two();
    const copy = JSON.parse(JSON.stringify(placed(solver, { gpus: 3 }))) as Placement;
    solver.release(copy);
    expect(solver.free().gpus).toBe(8);
    expect(() => solver.release(copy)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
  });

  it.each(POLICIES)('takes a copy of a gang that went through JSON, once: %s', (_, policy) => {
    const solver = solverOf(RACKS, policy());
    const before = JSON.stringify(solver.free());
    for (const wanted of GANGS) {
      const gang = placed(solver, wanted);
      const copy = JSON.parse(JSON.stringify(gang)) as Placement;
      expect(copy).toEqual(gang);
      expect(JSON.stringify(solver.free())).not.toBe(before);
      // What was changed on the way is no placement of ours.
      const { pods } = copy;
      for (const forged of [
        pods.slice(1),
        [...pods, pods[0]!],
        [...pods.slice(1), { server: 'z', gpus: [] }],
      ]) {
        expect(() => solver.release({ ...copy, pods: forged })).toThrow(
          expect.objectContaining({ code: 'unknown-placement' }),
        );
      }
      solver.release(copy);
      expect(JSON.stringify(solver.free())).toBe(before);
      for (const again of [copy, gang]) {
        expect(() => solver.release(again)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
      }
      expect(JSON.stringify(solver.free())).toBe(before);
    }
  });

  it('refuses a placement of another solver, also if both answered alike', () => {
    const solver = two();
    const other = two();
    const ours = placed(solver, { gpus: 3 });
    const theirs = placed(other, { gpus: 3 });
    expect(theirs).toEqual(ours);
    expect(() => solver.release(theirs)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
    expect(solver.free().gpus).toBe(5);
    solver.release(ours);
    other.release(theirs);
  });

  it('refuses what only resembles a placement, changing nothing', () => {
    const solver = two();
    const { id, pods, tier } = placed(solver, { gpus: 2 });
    const before = JSON.stringify(solver.free());
    const forged: unknown[] = [
      undefined,
      null,
      {},
      { id: id + 1, pods, tier },
      { id: -id, pods, tier },
      { id: id + 0.5, pods, tier },
      { id: String(id), pods, tier },
      { id: '', pods, tier },
      { id: 0, pods, tier },
      { id, tier },
      { id, pods: [], tier },
      { id, pods: [...pods, ...pods], tier },
      { id, pods: [{ server: 'b', gpus: [0, 1] }], tier },
      { id, pods: [{ server: 'a', gpus: [0] }], tier },
      { id, pods: [{ server: 'a', gpus: [0, 2] }], tier },
      { id, pods: [null], tier },
      { id: '__proto__', pods, tier },
    ];
    for (const placement of forged) {
      expect(() => solver.release(placement as Placement)).toThrow(
        expect.objectContaining({ code: 'unknown-placement' }),
      );
    }
    expect(JSON.stringify(solver.free())).toBe(before);
  });
});

describe('CPU and memory', () => {
  it.each(POLICIES)(
    'that come back are found again, also after a pod was refused for want of them: %s',
    (_, policy) => {
      for (const wanted of [{ cpuMilli: 30_000 }, { memoryMiB: 60_000 }]) {
        const solver = solverOf(RACKS, policy());
        const full = Array.from({ length: 6 }, () => placed(solver, wanted));
        expect(solver.place(wanted).ok).toBe(false);
        solver.release(full[4]!);
        expect(placed(solver, wanted).pods[0]!.server).toBe(full[4]!.pods[0]!.server);
        expect(solver.place(wanted).ok).toBe(false);
      }
    },
  );
});

describe('snapshot and restore', () => {
  it('brings back placements, free capacity and random draws', () => {
    fc.assert(
      fc.property(cluster, fc.array(request, { maxLength: 20 }), (document, requests) => {
        const solver = solverOf(document, random({ seed: 3 }));
        const half = requests.length >> 1;
        for (const wanted of requests.slice(0, half)) solver.place(wanted);
        const snapshot = solver.snapshot();
        const once = JSON.stringify(requests.slice(half).map((wanted) => solver.place(wanted)));
        solver.restore(snapshot);
        expect(JSON.stringify(requests.slice(half).map((wanted) => solver.place(wanted)))).toBe(once);
        solver.restore(snapshot);
        expect(solver.snapshot().placements).toBe(snapshot.placements);
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('forgets placements made after the snapshot', () => {
    const solver = two();
    const early = placed(solver, { gpus: 1 });
    const snapshot = solver.snapshot();
    const late = placed(solver, { gpus: 1 });
    solver.release(early);
    solver.restore(snapshot);
    expect(() => solver.release(late)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
    solver.release(early);
    expect(solver.free().gpus).toBe(8);
  });

  it('does not take a placement from before a restore for the one that bears its id now', () => {
    const solver = two();
    const snapshot = solver.snapshot();
    const forgotten = placed(solver, { gpus: 1 });
    solver.restore(snapshot);
    const present = placed(solver, { gpus: 1 });
    expect(present).toEqual(forgotten);
    expect(() => solver.release(forgotten)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
    expect(solver.free().gpus).toBe(7);
    solver.release(present);
  });

  it('does not take a placement that was only found for the one placed after it', () => {
    const solver = two();
    const found = solver.find({ gpus: 1 });
    const present = placed(solver, { gpus: 1 });
    if (!found.ok) throw new Error(found.message);
    expect(found.placement).toEqual(present);
    expect(() => solver.release(found.placement)).toThrow(
      expect.objectContaining({ code: 'unknown-placement' }),
    );
    expect(solver.free().gpus).toBe(7);
  });

  it('refuses the snapshot of another solver and what is none', () => {
    const solver = two();
    placed(solver, { gpus: 1 });
    for (const snapshot of [two().snapshot(), {}, null]) {
      expect(() => solver.restore(snapshot as Snapshot)).toThrow(
        expect.objectContaining({ code: 'unknown-snapshot' }),
      );
    }
    expect(solver.free().gpus).toBe(7);
  });
});

describe('compile', () => {
  it('takes a lone server type as one server named like it', () => {
    const solver = compile(serverTopology(gpuBox(8)));
    expect(placed(solver, { gpus: 8 }).pods).toEqual([{ server: 'box 8', gpus: [0, 1, 2, 3, 4, 5, 6, 7] }]);
  });

  it.each<[string, () => unknown, string[]]>([
    ['nothing', () => compile(undefined as never), ['topology']],
    ['an object with a graph that is none', () => compile({ graph: 1 } as never), ['topology']],
    ['servers of no type', () => compile({ tiers: [], servers: [{ type: {} }] } as never), ['topology']],
    [
      'an option that does not exist',
      () => compile(serverTopology(gpuBox(2)), { polizy: bestFit() } as never),
      ['polizy'],
    ],
    ['options that are none', () => compile(serverTopology(gpuBox(2)), null as never), ['options']],
    [
      'a policy that prepares nothing',
      () =>
        compile(serverTopology(gpuBox(2)), { policy: { ...bestFit(), prepare: () => undefined as never } }),
      ['policy', 'prepare'],
    ],
    [
      'an unknown rule for ties',
      () => compile(serverTopology(gpuBox(2)), { policy: { ...bestFit(), ties: 'randm' as never } }),
      ['policy', 'ties'],
    ],
    [
      'a policy that is none',
      () => compile(serverTopology(gpuBox(2)), { policy: bestFit as never }),
      ['policy'],
    ],
    [
      'fgd without a workload',
      () => compile(serverTopology(gpuBox(2)), { policy: fgd() }),
      ['policy', 'workload'],
    ],
    [
      'a seed that is no integer',
      () => compile(serverTopology(gpuBox(2)), { policy: random({ seed: 0.5 }) }),
      ['seed'],
    ],
  ])('refuses %s', (_, call, path) => {
    expect(call).toThrow(expect.objectContaining({ code: 'invalid-option', path }));
  });

  it('takes a document as well, and says where in it something is wrong', () => {
    const answer = (solver: ReturnType<typeof compile>): string => JSON.stringify(solver.place({ gpus: 1 }));
    expect(answer(compile(gpuBox(2)))).toBe(answer(compile(serverTopology(gpuBox(2)))));
    const document = { tiers: [], types: { b: gpuBox(2) }, servers: [{ id: 'a', type: 'b' }] };
    expect(answer(compile(document))).toBe(answer(compile(clusterTopology(document))));
    expect(() => compile({ ...document, types: {} })).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path: ['topology', 'servers', 0, 'type'] }),
    );
  });

  it('hands a workload and a seed to policies that bring none', () => {
    const topology = clusterTopology({
      tiers: [],
      types: { box: gpuBox(4) },
      servers: Array.from({ length: 50 }, (_, i) => ({ id: `s${i}`, type: 'box' })),
    });
    compile(topology, { policy: fgd(), workload: WORKLOAD }).place({ gpus: 1 });
    const firstServers = [1, 2, 1].map((seed) => {
      const solver = compile(topology, { policy: random(), seed });
      return JSON.stringify(Array.from({ length: 10 }, () => solver.place({ gpus: 1 })));
    });
    expect(firstServers[0]).toBe(firstServers[2]);
    expect(firstServers[0]).not.toBe(firstServers[1]);
  });
});
