import { describe, expect, it } from 'vitest';
import {
  CorralError,
  clusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
  type Policy,
  type ServerFacts,
  type Snapshot,
  type Solver,
} from '../../src/index.js';
import { bestFit, binPack, fgd, random, topologyAware } from '../../src/policies/index.js';
import { racks } from '../check/gangs/gang-examples.js';

/** What a caller can hand in that is no request: nothing of it may be taken for `{}`, or reach the state. */
const NO_REQUESTS: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['undefined', undefined],
  ['a number', 1],
  ['a bigint', 1n],
  ['a symbol', Symbol('gpus')],
  ['a text', 'gpus'],
  ['a function', () => ({ gpus: 1 })],
  ['a list', [{ gpus: 1 }]],
  ['a map', new Map([['gpus', 1]])],
  ['a set', new Set(['gpus'])],
  ['a date', new Date(0)],
  [
    'an instance of a class',
    new (class Request {
      gpus = 1;
    })(),
  ],
  ['a number in an object', Object(1)],
  ['a revoked proxy', revoked({ gpus: 1 })],
  ['a proxy that throws', new Proxy({ gpus: 1 }, { get: thrown, ownKeys: thrown, getPrototypeOf: thrown })],
  ['a proxy that throws when its fields are listed', new Proxy({ gpus: 1 }, { ownKeys: thrown })],
  [
    'a field that throws',
    {
      get gpus() {
        return thrown();
      },
    },
  ],
  ['labels that are a map', { labels: new Map() }],
  ['labels that are a symbol', { labels: Symbol('a') }],
  ['a label that is a symbol', { labels: { a: Symbol('a') } }],
  ['a label named by a symbol', { labels: { [Symbol('a')]: 'x' } }],
  ['a field named by a symbol', { gpus: 1, cpuMilli: 1, [Symbol('gpus')]: 2 }],
  ['models with a hole', { gpuModels: new Array(2) }],
  ['a million models', { gpuModels: new Array(1e6).fill('A') }],
  ['slices that are a map', { pods: 2, slice: new Map() }],
  ['a number that is an object', { gpus: { valueOf: () => 1 } }],
];

function thrown(): never {
  throw new TypeError('not today');
}

function revoked(of: object): object {
  const { proxy, revoke } = Proxy.revocable(of, {});
  revoke();
  return proxy;
}

function stateOf(solver: Solver): string {
  return JSON.stringify([solver.free(), solver.snapshot().placements, solver.find({ gpus: 1 })]);
}

const cluster = () => racks({ A: ['a1', 'a2'], B: ['b1', 'b2'] });

describe('a request', () => {
  it.each(NO_REQUESTS)('that is no request is refused, and changes nothing: %s', (_, request) => {
    const solver = compile(cluster());
    solver.place({ gpus: 1 });
    const before = stateOf(solver);
    for (const call of ['place', 'find', 'rank', 'explain'] as const) {
      expect(() => solver[call](request as PlacementRequest), call).toThrow(CorralError);
    }
    expect(stateOf(solver)).toBe(before);
  });

  it('is plain from another realm, without a prototype, or on defaults, and a proxy that behaves is a value', () => {
    const solver = compile(cluster());
    const bare = Object.assign(Object.create(null) as PlacementRequest, { gpus: 1 });
    const inherited = Object.create({ gpus: 1 }) as PlacementRequest;
    for (const request of [bare, inherited, new Proxy({ gpus: 1 }, {})]) {
      const placed = solver.place(request);
      expect(placed.ok && placed.placement.pods[0]!.gpus).toHaveLength(1);
      expect(solver.find(request).ok).toBe(true);
    }
  });

  it.each(['gpus', 'gpuMilli', 'cpuMilli', 'memoryMiB', 'pods'] as const)('is read once: %s', (field) => {
    const solver = compile(
      clusterTopology({
        tiers: [],
        types: { 'dgx-h100': 'dgx-h100' },
        servers: ['x', 'y'].map((id) => ({ id, type: 'dgx-h100', cpuMilli: 1000, memoryMiB: 1000 })),
      }),
    );
    const before = JSON.stringify(solver.free());
    let reads = 0;
    const placed = solver.place({
      get [field](): number {
        return ++reads === 1 ? 1 : -500;
      },
    } as PlacementRequest);
    expect(reads).toBe(1);
    expect(placed.ok).toBe(true);
    if (placed.ok) solver.release(placed.placement);
    expect(JSON.stringify(solver.free())).toBe(before);
  });

  it('may call the solver while it is read: the one decision is made before the other', () => {
    const solver = compile(cluster());
    const inner: unknown[] = [];
    const placed = solver.place({
      get gpus() {
        inner.push(solver.place({ gpus: 2 }).ok);
        return 2;
      },
    });
    expect([placed.ok, inner]).toEqual([true, [true]]);
    expect(solver.free().gpus).toBe(4);
  });
});

describe('a placement', () => {
  it('gives back once what it holds, whatever was written over it', () => {
    const solver = compile(cluster());
    const empty = JSON.stringify(solver.free());
    const [one, two] = [solver.place({ gpus: 1 }), solver.place({ pods: 2, gpus: 2 })];
    if (!one.ok || !two.ok) throw new Error('both fit');
    const copies = JSON.parse(JSON.stringify([one.placement, two.placement])) as Placement[];
    Object.assign(one.placement, { id: two.placement.id, pods: [], tier: 'x' });
    Object.defineProperty(two.placement, 'slot', { get: () => 0 });
    Object.defineProperty(two.placement, 'leave', { value: () => undefined });
    solver.release(one.placement);
    // The name of the first stands for nobody any more, that of the second for the second.
    expect(() => solver.release(copies[0]!)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
    solver.release(copies[1]!);
    expect(() => solver.release(two.placement)).toThrow(
      expect.objectContaining({ code: 'unknown-placement' }),
    );
    expect(JSON.stringify(solver.free())).toBe(empty);
  });

  it('is released once, also where reading its copy releases it', () => {
    const solver = compile(cluster());
    const placed = solver.place({ gpus: 1 });
    if (!placed.ok) throw new Error('it fits');
    const { id, pods } = placed.placement;
    const copy = {
      ...placed.placement,
      id,
      get pods() {
        solver.release(placed.placement);
        return pods;
      },
    };
    expect(() => solver.release(copy)).toThrow(expect.objectContaining({ code: 'unknown-placement' }));
    expect(solver.free().gpus).toBe(8);
    expect(solver.snapshot().placements).toBe(0);
  });

  it('that is none is refused, and changes nothing', () => {
    const solver = compile(cluster());
    const placed = solver.place({ gpus: 1 });
    if (!placed.ok) throw new Error('it fits');
    const { id } = placed.placement;
    const before = stateOf(solver);
    for (const wrong of [
      null,
      id,
      {},
      { id },
      { id, pods: null },
      { id, pods: [null] },
      { id, pods: new Array(1) },
      { id, pods: new Array(1e6) },
      { id, pods: [{ server: 'a1', gpus: null }] },
      { id, pods: [{ server: 'a1', gpus: new Array(1) }] },
      { id, pods: [{ server: Symbol('a1'), gpus: [0] }] },
      {
        get id() {
          return thrown();
        },
      },
      revoked(placed.placement),
      new Proxy(placed.placement, { get: thrown }),
    ]) {
      expect(() => solver.release(wrong as Placement)).toThrow(
        expect.objectContaining({ name: 'CorralError', code: 'unknown-placement' }),
      );
    }
    expect(stateOf(solver)).toBe(before);
  });
});

describe('a snapshot', () => {
  it('that is none of this solver is refused, also as a proxy or a copy', () => {
    const solver = compile(cluster());
    const snapshot = solver.snapshot();
    const before = stateOf(solver);
    for (const wrong of [
      null,
      1,
      {},
      new Proxy(snapshot, {}),
      revoked(snapshot),
      { ...snapshot },
      Object.create(snapshot) as Snapshot,
      structuredClone({ placements: 0 }),
      compile(cluster()).snapshot(),
    ]) {
      expect(() => solver.restore(wrong as Snapshot)).toThrow(
        expect.objectContaining({ name: 'CorralError', code: 'unknown-snapshot' }),
      );
    }
    expect(stateOf(solver)).toBe(before);
  });
});

describe('servers that are named', () => {
  it.each([
    ['a symbol', Symbol('a1')],
    ['an object', { toString: () => 'a1' }],
    ['a text in an object', Object('a1')],
    ['nothing', undefined],
  ])('are texts, and not %s', (_, id) => {
    const solver = compile(cluster());
    for (const call of [
      () => solver.cordon(id as string),
      () => solver.uncordon(id as string),
      () => solver.rank({ gpus: 1 }, [id as string]),
    ]) {
      expect(call).toThrow(expect.objectContaining({ name: 'CorralError', code: 'unknown-reference' }));
    }
    expect(solver.find({ gpus: 1 }).ok).toBe(true);
  });

  it('are a list without holes', () => {
    const solver = compile(cluster());
    for (const wrong of [new Array(3), 'a1', new Set(['a1']), { length: 1, 0: 'a1' }]) {
      expect(() => solver.rank({ gpus: 1 }, wrong as string[])).toThrow(
        expect.objectContaining({ name: 'CorralError', code: 'invalid-option' }),
      );
    }
  });
});

const WORKLOAD = [{ cpuMilli: 0, gpus: 1, gpuMilli: 500, share: 1 }];

/** A policy of scores that does something else besides, from its n-th question on. */
function meddling(
  what: (facts: ServerFacts) => unknown,
  from = 0,
  ties: Policy['ties'] = 'document-order',
): Policy {
  let asked = 0;
  return {
    name: 'meddling',
    ties,
    prepare: () => ({
      by: 'server',
      shareGpu: 'random',
      score: (facts) => (asked++ < from ? 1 : (what(facts) as number)),
    }),
  };
}

describe('a policy', () => {
  it.each<[string, (solver: Solver, placement: Placement, snapshot: Snapshot) => unknown]>([
    ['place', (solver) => solver.place({ gpus: 1 })],
    ['place, CPU', (solver) => solver.place({ gpus: 1, cpuMilli: 1 })],
    ['find', (solver) => solver.find({ gpus: 1 })],
    ['release', (solver, placement) => solver.release(placement)],
    ['release of a copy', (solver, placement) => solver.release(JSON.parse(JSON.stringify(placement)))],
    ['rank', (solver) => solver.rank({ gpus: 1 })],
    ['explain', (solver) => solver.explain({ gpus: 1 })],
    ['cordon', (solver) => solver.cordon('a1')],
    ['uncordon', (solver) => solver.uncordon('a1')],
    ['free', (solver) => solver.free()],
    ['snapshot', (solver) => solver.snapshot()],
    ['restore', (solver, _, snapshot) => solver.restore(snapshot)],
  ])('that calls its solver is refused, in the middle of a gang too: %s', (_, call) => {
    let isArmed = false;
    let asked = 0;
    let at = 0;
    let held: Placement | undefined;
    const policy = meddling(() => {
      if (isArmed && asked++ >= at) call(solver, held!, snapshot);
      return 1;
    });
    const solver = compile(cluster(), { policy });
    const first = solver.place({ gpus: 1 });
    if (!first.ok) throw new Error('it fits');
    held = first.placement;
    const snapshot = solver.snapshot();
    const before = stateOf(solver);
    for (at = 0; at < 12; at++) {
      for (const request of [{ pods: 3, gpus: 1 }, { gpuMilli: 500 + at }] as PlacementRequest[]) {
        isArmed = true;
        asked = 0;
        for (const decide of ['find', 'place'] as const) {
          let refused: unknown;
          try {
            const answer = solver[decide](request);
            // Asked less often than that: a decision like any other.
            if (decide === 'place' && answer.ok) solver.release(answer.placement);
          } catch (error) {
            refused = error;
          }
          if (refused === undefined) continue;
          expect(refused).toMatchObject({ code: 'invalid-option', path: ['policy'] });
          expect(String(refused)).toContain('calls the solver that is asking it');
          isArmed = false;
          expect(stateOf(solver)).toBe(before);
        }
        isArmed = false;
        solver.restore(snapshot);
      }
    }
  });

  it.each<[string, unknown]>([
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['a text', '1'],
    ['nothing', undefined],
    ['a bigint', 1n],
    ['a symbol', Symbol('1')],
    ['an object that is worth a number', { valueOf: () => 1 }],
  ])('that answers with %s is refused, in the middle of a gang too', (_, answer) => {
    for (const ties of ['document-order', 'random'] as const) {
      // Four servers are asked about for the first pod, and two at least again for the others.
      for (let from = 0; from < 6; from++) {
        const solver = compile(cluster(), { policy: meddling(() => answer, from, ties) });
        const before = JSON.stringify([solver.free(), solver.snapshot().placements]);
        expect(() => solver.place({ pods: 4, gpuMilli: 700 })).toThrow(
          expect.objectContaining({ name: 'CorralError', code: 'invalid-option', path: ['policy'] }),
        );
        expect(JSON.stringify([solver.free(), solver.snapshot().placements])).toBe(before);
      }
    }
  });

  it('that throws leaves state and random streams as they were; what it threw is the cause', () => {
    const error = new RangeError('no');
    let isThrowing = false;
    const policy = (): Policy => ({
      ...random(),
      prepare: () => ({
        by: 'difference',
        potential: ({ idleGpuMilli }) => idleGpuMilli,
        gain: () => {
          if (isThrowing && ++gains > 5) throw error;
          return 1;
        },
      }),
    });
    let gains = 0;
    const [disturbed, undisturbed] = [
      compile(cluster(), { policy: policy() }),
      compile(cluster(), { policy: policy() }),
    ];
    for (let i = 0; i < 6; i++) {
      isThrowing = true;
      gains = 0;
      // A need that was not asked for yet: all servers are scored.
      expect(() => disturbed.place({ pods: 3, gpuMilli: 100 + i })).toThrow(
        expect.objectContaining({ name: 'CorralError', cause: error }),
      );
      isThrowing = false;
      const [one, other] = [disturbed, undisturbed].map((solver) =>
        JSON.stringify(solver.place({ gpuMilli: 300 })),
      );
      expect(one).toBe(other);
    }
    expect(JSON.stringify(disturbed.free())).toBe(JSON.stringify(undisturbed.free()));
  });

  it('cannot reach the state through the facts and the pod that it is given', () => {
    const spoilt = (facts: ServerFacts, pod?: object): void => {
      facts.gpuFreeMilli.fill(1000);
      facts.residents.fill(7);
      for (const [field, value] of [
        ['gpus', 16],
        ['idleGpuMilli', 1e9],
        ['cpuFreeMilli', -1],
      ] as const) {
        (facts as Record<typeof field, number>)[field] = value;
      }
      if (pod !== undefined) Object.assign(pod, { cpuMilli: -500, gpuMilli: -1, gpus: 0 });
    };
    const policies: Policy[] = [
      {
        name: 'by server',
        ties: 'document-order',
        prepare: () => ({
          by: 'server',
          shareGpu: 'tightest',
          score: (facts, pod) => {
            spoilt(facts, pod);
            return 1;
          },
        }),
      },
      {
        name: 'by difference',
        ties: 'document-order',
        prepare: () => ({
          by: 'difference',
          potential: (facts) => {
            spoilt(facts);
            return 1;
          },
          gain: () => 1,
        }),
      },
    ];
    for (const policy of policies) {
      const solver = compile(cluster(), { policy });
      const placed: Placement[] = [];
      for (const gpuMilli of [700, 600, 500, 400, 300, 1000, 900, 800, 700, 600, 500, 400, 300, 200]) {
        const answer = solver.place({ gpuMilli });
        if (answer.ok) placed.push(answer.placement);
        for (const { gpuMilli: rooms } of solver.free().servers) {
          for (const room of rooms) expect(room >= 0 && room <= 1000).toBe(true);
        }
      }
      for (const placement of placed) solver.release(placement);
      expect(solver.free().gpuMilli).toBe(8000);
    }
  });

  it.each<[string, unknown, readonly string[]]>([
    ['null', null, ['policy']],
    ['a text', 'fgd', ['policy']],
    ['a maker that was not called', binPack, ['policy']],
    ['nothing but a name', { name: 'x' }, ['policy']],
    ['no name', { ...binPack(), name: undefined }, ['policy', 'name']],
    ['other ties', { ...binPack(), ties: 'none' }, ['policy', 'ties']],
    ['a seed that is a text', { ...random(), seed: '1' }, ['policy', 'seed']],
    [
      'a name that throws',
      {
        ...binPack(),
        get name() {
          return thrown();
        },
      },
      ['policy', 'name'],
    ],
    ['a preparation that throws', { ...binPack(), prepare: thrown }, ['policy', 'prepare']],
    ['no scorer', { ...binPack(), prepare: () => undefined }, ['policy', 'prepare']],
    ['a scorer by nothing', { ...binPack(), prepare: () => ({}) }, ['policy', 'prepare', 'by']],
    [
      'no score',
      { ...binPack(), prepare: () => ({ by: 'server', shareGpu: 'tightest' }) },
      ['policy', 'prepare', 'score'],
    ],
    [
      'no GPU for shares',
      { ...binPack(), prepare: () => ({ by: 'server', score: () => 1 }) },
      ['policy', 'prepare', 'shareGpu'],
    ],
    [
      'no potential',
      { ...binPack(), prepare: () => ({ by: 'difference', gain: () => 1 }) },
      ['policy', 'prepare', 'potential'],
    ],
    [
      'no gain',
      { ...binPack(), prepare: () => ({ by: 'difference', potential: () => 1 }) },
      ['policy', 'prepare', 'gain'],
    ],
    [
      'a scorer that throws',
      {
        ...binPack(),
        prepare: () => ({
          get by() {
            return thrown();
          },
        }),
      },
      ['policy', 'prepare', 'by'],
    ],
    [
      'wrong sizes',
      { ...binPack(), prepare: () => ({ by: 'topology', sizes: { x: 1 } }) },
      ['policy', 'prepare', 'sizes', 'x'],
    ],
  ])('is refused at compile: %s', (_, policy, path) => {
    expect(() => compile(cluster(), { policy: policy as Policy })).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-option', path }),
    );
  });

  it('may be an instance of a class: its functions keep their object', () => {
    class Fullest implements Policy {
      readonly name = 'fullest';
      readonly ties = 'document-order';
      readonly #weight = -1;
      prepare() {
        return new Scores(this.#weight);
      }
    }
    class Scores {
      readonly by = 'server';
      readonly shareGpu = 'tightest';
      readonly #weight: number;
      constructor(weight: number) {
        this.#weight = weight;
      }
      score({ idleGpuMilli }: ServerFacts): number {
        return this.#weight * idleGpuMilli;
      }
    }
    const solver = compile(cluster(), { policy: new Fullest() });
    solver.place({ gpus: 1 });
    expect(solver.rank({ gpus: 1 })[0]!.server).toBe('a1');
  });
});

describe('options of compile', () => {
  it('are read once, and changed in vain later', () => {
    const sizes: Record<number, number> = { 1: 1 };
    const workload = structuredClone(WORKLOAD);
    const policy = { ...bestFit() } as { -readonly [field in keyof Policy]: Policy[field] };
    const solvers = [
      compile(cluster(), { sizes }),
      compile(cluster(), { policy: topologyAware({ sizes }) }),
      compile(cluster(), { policy: fgd(), workload }),
      compile(cluster(), { policy: fgd({ workload }) }),
      compile(cluster(), { policy }),
    ];
    const answers = () =>
      solvers.map((solver) => JSON.stringify([solver.find({ gpuMilli: 250 }), solver.rank({ gpus: 1 })]));
    const before = answers();
    delete sizes[1];
    sizes[2] = 1e6;
    workload[0]!.gpuMilli = 1;
    policy.prepare = thrown;
    policy.ties = 'random';
    expect(answers()).toEqual(before);
  });

  it.each<[string, unknown, readonly (string | number)[]]>([
    ['null', null, ['options']],
    ['a map', new Map(), ['options']],
    ['sizes that are a map', { sizes: new Map([[1, 1]]) }, ['sizes']],
    ['sizes nobody asks for', { policy: binPack(), sizes: { 0: 1 } }, ['sizes', '0']],
    ['a workload nobody asks for', { workload: 'all' }, ['workload']],
    ['a workload with a hole', { workload: new Array(1) }, ['workload', 0]],
    ['a workload with an unknown field', { workload: [{ ...WORKLOAD[0], gpu: 1 }] }, ['workload', 0, 'gpu']],
    ['a seed that is no integer', { seed: 0.5 }, ['seed']],
  ])('are refused: %s', (_, options, path) => {
    expect(() => compile(cluster(), options as never)).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-option', path }),
    );
  });
});

describe('a policy that freezes what it is given', () => {
  it.each<[string, Policy]>([
    [
      'scores',
      {
        ...binPack(),
        prepare: () => ({
          by: 'server',
          shareGpu: 'tightest',
          score: (f, pod) => Object.freeze(f).idleGpuMilli - Object.freeze(pod).gpus,
        }),
      },
    ],
    [
      'differences',
      {
        ...binPack(),
        prepare: () => ({
          by: 'difference',
          potential: (f) => Object.freeze(f).idleGpuMilli,
          gain: (a, b) => b - a,
        }),
      },
    ],
  ])('is answered as one that does not: %s', (_, policy) => {
    const solver = compile(cluster(), { policy });
    for (const request of [{ gpuMilli: 500 }, { gpus: 1 }, { pods: 2, gpus: 1 }, { cpuMilli: 1 }]) {
      for (let i = 0; i < 3; i++) expect(solver.find(request).ok).toBe(true);
    }
  });
});

describe('a pod of whole GPUs', () => {
  it('is read once, and refused with a symbol, as every request', () => {
    let reads = 0;
    const changing = {
      get gpus() {
        return reads++ === 0 ? 99 : 1;
      },
    };
    const solver = compile(cluster());
    const before = solver.free();
    expect(() => solver.place(changing)).toThrow('got 99');
    expect(reads).toBe(1);
    expect(() => solver.place({ gpus: 1, [Symbol('a')]: 1 } as never)).toThrow('symbol');
    expect(solver.free()).toEqual(before);
  });
});
