import { describe, expect, it } from 'vitest';
import {
  clusterTopology,
  compile,
  type Explanation,
  type PlacementRequest,
  type Remedy,
  type ServerEntry,
  type Solver,
} from '../../../src/index.js';
import { bestFit, topologyAware } from '../../../src/policies/index.js';
import { type GangCase, gangCase } from '../gangs/gang-cluster.js';
import { boxCluster, gpuBox } from '../random-cluster.js';
import { replayed } from '../replayed.js';

type Change = Remedy['change'];

const CHANGES: readonly Change[] = [
  'fewer-pods',
  'wider-tier',
  'no-slices',
  'no-place',
  'less-cpu',
  'less-memory',
  'other-model',
  'no-labels',
  'uncordon',
  'release',
  'uncordon-and-release',
];

const changesOf = ({ remedies }: Pick<Explanation, 'remedies'>): Change[] =>
  remedies.map(({ change }) => change);

/** The request without sockets and NUMA nodes that must be. */
const withoutPlace = ({ requirePerPod: _, require, ...request }: PlacementRequest): PlacementRequest =>
  require === undefined || require === 'socket' || require === 'numa' ? request : { ...request, require };

/** Whether each change makes a request fit, by making it and asking again: no change is thought about. */
class Tried {
  readonly #given: GangCase;
  readonly #solver: Solver;
  readonly #cordoned: ReadonlySet<string>;
  readonly #request: PlacementRequest;

  constructor(given: GangCase, solver: Solver, cordoned: ReadonlySet<string>, request: PlacementRequest) {
    this.#given = given;
    this.#solver = solver;
    this.#cordoned = cordoned;
    this.#request = request;
  }

  works(change: Change): boolean {
    const { pods = 1, podsMin = pods, slice } = this.#request;
    const { podsMin: _, ...fixed } = this.#request;
    if (change === 'fewer-pods') {
      for (let fewer = podsMin - 1; fewer > 0; fewer--)
        if (this.#fits({ ...fixed, pods: fewer })) return true;
      return false;
    }
    if (change === 'wider-tier') return this.#levelsWider().some((require) => this.with({ require }));
    if (change === 'no-slices') return (slice?.pods ?? 1) > 1 && this.with({ slice: undefined });
    if (change === 'no-place') return this.#fits(withoutPlace(this.#request));
    if (change === 'less-cpu') return (this.#request.cpuMilli ?? 0) > 0 && this.with({ cpuMilli: 0 });
    if (change === 'less-memory') return (this.#request.memoryMiB ?? 0) > 0 && this.with({ memoryMiB: 0 });
    if (change === 'other-model') return this.with({ gpuModels: [] });
    if (change === 'no-labels') return this.with({ labels: {} });
    const isEmpty = change !== 'uncordon';
    const solver = isEmpty ? compile(this.#given.cluster) : this.#solver;
    if (change === 'uncordon') for (const id of this.#cordoned) solver.uncordon(id);
    if (change === 'release') for (const id of this.#cordoned) solver.cordon(id);
    const { ok } = solver.find(this.#request);
    if (change === 'uncordon') for (const id of this.#cordoned) solver.cordon(id);
    // Both are named where neither alone is enough.
    if (change === 'uncordon-and-release') return ok && !this.works('uncordon') && !this.works('release');
    return ok;
  }

  with(change: Partial<PlacementRequest>): boolean {
    return this.#fits({ ...this.#request, ...change });
  }

  #fits(request: PlacementRequest): boolean {
    return this.#solver.find(request).ok;
  }

  #levelsWider(): string[] {
    const { require = 'cluster' } = this.#request;
    const levels = ['server', ...this.#given.cluster.tiers.map(({ name }) => name).reverse(), 'cluster'];
    return ['socket', 'numa'].includes(require) ? [] : levels.slice(levels.indexOf(require) + 1);
  }
}

/** Requests that want more than there is of one thing or another, beside those of a case. */
function pickier(request: PlacementRequest, seed: number): PlacementRequest[] {
  return [
    request,
    { ...request, cpuMilli: 1000 * (1 + (seed % 13)) },
    { ...request, memoryMiB: 1024 * (1 + (seed % 13)) + 1 },
    { ...request, gpuModels: seed % 2 === 0 ? ['B'] : ['C'] },
    { ...request, labels: { pool: seed % 3 === 0 ? 'x' : 'y', ...(seed % 5 === 0 && { zone: 'z' }) } },
    { ...request, communicates: false },
  ];
}

describe('remedies', () => {
  it('are exactly the changes that work when they are made, with the figures that do', () => {
    const met = new Map<Change, number>();
    for (let seed = 0; seed < 700; seed++) {
      const given = gangCase(9_000_000 + seed, { places: seed % 2 === 1 });
      const policy = seed % 5 === 0 ? bestFit() : topologyAware();
      const { solver, cordoned } = replayed(given, { policy });
      for (const request of given.requests.flatMap((one) => pickier(one as PlacementRequest, seed))) {
        const where = `seed ${seed}, ${JSON.stringify(request)}`;
        const explanation = solver.explain(request);
        expect(explanation.fits, where).toBe(solver.find(request).ok);
        if (explanation.fits) {
          expect(explanation.remedies, where).toEqual([]);
          continue;
        }
        const tried = new Tried(given, solver, cordoned, request);
        const offered = new Set(changesOf(explanation));
        for (const change of CHANGES)
          expect(offered.has(change), `${where}: ${change}`).toBe(tried.works(change));
        for (const remedy of explanation.remedies) {
          met.set(remedy.change, (met.get(remedy.change) ?? 0) + 1);
          expectFigures(tried, request, remedy, `${where}: ${remedy.message}`);
        }
      }
    }
    for (const change of CHANGES) expect(met.get(change) ?? 0, change).toBeGreaterThan(10);
  });

  function expectFigures(tried: Tried, request: PlacementRequest, remedy: Remedy, where: string): void {
    const { cpuMilli, memoryMiB, pods, tier } = remedy;
    if (cpuMilli !== undefined) {
      expect([tried.with({ cpuMilli }), tried.with({ cpuMilli: cpuMilli + 1 })], where).toEqual([
        true,
        false,
      ]);
    }
    if (memoryMiB !== undefined) {
      expect([tried.with({ memoryMiB }), tried.with({ memoryMiB: memoryMiB + 1 })], where).toEqual([
        true,
        false,
      ]);
    }
    if (pods !== undefined) {
      expect(tried.with({ pods, podsMin: undefined }), where).toBe(true);
      const most = request.podsMin ?? request.pods ?? 1;
      if (pods + 1 < most) expect(tried.with({ pods: pods + 1, podsMin: undefined }), where).toBe(false);
    }
    if (tier !== undefined) expect(tried.with({ require: tier }), where).toBe(true);
    if (remedy.gpuModels !== undefined) expect(tried.with({ gpuModels: remedy.gpuModels }), where).toBe(true);
    if (remedy.labels !== undefined) {
      const labels = Object.fromEntries(
        Object.entries(request.labels!).filter(([name]) => !remedy.labels!.includes(name)),
      );
      expect(tried.with({ labels }), where).toBe(true);
    }
  }

  const solverOf = (servers: readonly Omit<ServerEntry, 'type'>[]): Solver =>
    compile(
      boxCluster({ tiers: [], types: { 4: gpuBox(4) }, servers: servers.map((s) => ({ ...s, type: '4' })) }),
    );
  const remedyOf = (solver: Solver, request: PlacementRequest): Remedy[] => [
    ...solver.explain(request).remedies,
  ];

  it('say how much CPU and memory there is', () => {
    const solver = solverOf([
      { id: 'a', cpuMilli: 64_000, memoryMiB: 2048 },
      { id: 'b', cpuMilli: 32_000, memoryMiB: 4096 },
    ]);
    expect(remedyOf(solver, { gpus: 1, cpuMilli: 65_000 })).toEqual([
      {
        change: 'less-cpu',
        cpuMilli: 64_000,
        message:
          'it would fit with 64,000 milli-cores of CPU per pod: 65,000 are asked for, the largest server has 64,000',
      },
    ]);
    expect(solver.find({ gpus: 1, cpuMilli: 65_000 })).toMatchObject({
      reason: 'never-fits',
      message:
        'it would not fit even if the cluster were empty: each pod asks for 65,000 milli-cores of CPU, the largest server has 64,000: ask for less',
    });
    solver.place({ cpuMilli: 4000, memoryMiB: 2000 });
    solver.place({ cpuMilli: 4000, memoryMiB: 2000 });
    // Both went to b, where they strand less: 64,000 and 24,000 are left.
    const remedies = remedyOf(solver, { pods: 3, gpus: 1, cpuMilli: 32_000 });
    expect(changesOf({ remedies })).toEqual(['fewer-pods', 'less-cpu', 'release']);
    expect(remedies[1]).toMatchObject({ cpuMilli: 24_000 });
  });

  it('name the model and the label that stand in the way', () => {
    const solver = solverOf([
      { id: 'a', gpuModel: 'A', labels: { pool: 'x' } },
      { id: 'b', gpuModel: 'B', labels: { pool: 'x', zone: 'n' } },
    ]);
    expect(remedyOf(solver, { gpus: 1, gpuModels: ['C'] })).toEqual([
      {
        change: 'other-model',
        gpuModels: ['C', 'A'],
        message: 'it would fit if GPU model "A" or "B" would do as well',
      },
    ]);
    expect(remedyOf(solver, { pods: 2, gpus: 4, gpuModels: ['C'] })).toEqual([
      {
        change: 'other-model',
        gpuModels: [],
        message: 'it would fit if any GPU model would do: ask for none',
      },
    ]);
    expect(remedyOf(solver, { gpus: 1, labels: { pool: 'x', zone: 's' } })).toEqual([
      {
        change: 'no-labels',
        labels: ['zone'],
        message: 'it would fit on servers that do not bear label "zone" = "s"',
      },
    ]);
    expect(solver.find({ gpus: 1, gpuModels: ['C'] })).toMatchObject({
      message: expect.stringContaining('no server has GPU model "C"'),
    });
    expect(solver.find({ gpus: 1, labels: { zone: 's' } })).toMatchObject({
      message: expect.stringContaining('no server bears label "zone" = "s"'),
    });
  });

  it('do not tell anybody to wait where nobody is, or where a cordon is in the way', () => {
    const solver = solverOf([{ id: 'a' }]);
    solver.cordon('a');
    expect(changesOf(solver.explain({ gpus: 1 }))).toEqual(['uncordon']);
    expect(solver.find({ gpus: 1 })).toMatchObject({
      reason: 'no-capacity',
      message: expect.not.stringContaining('release'),
    });
    solver.uncordon('a');
    const held = solver.place({ gpus: 1 });
    solver.cordon('a');
    expect(changesOf(solver.explain({ gpus: 1 }))).toEqual(['uncordon']);
    // Four GPUs: the one in use must come back, and the server with it.
    expect(changesOf(solver.explain({ gpus: 4 }))).toEqual(['uncordon-and-release']);
    expect(solver.find({ gpus: 4 })).toMatchObject({
      message: expect.stringMatching(/uncordon servers and release something/),
    });
    if (held.ok) solver.release(held.placement);
    expect(changesOf(solver.explain({ gpus: 4 }))).toEqual(['uncordon']);
    expect(changesOf(solver.explain({ gpus: 5 }))).toEqual([]);
  });

  it('tell what several changes together would do from what nothing does', () => {
    const solver = solverOf([{ id: 'a', cpuMilli: 1000, memoryMiB: 1024 }]);
    expect(solver.explain({ cpuMilli: 2000, memoryMiB: 2048 })).toMatchObject({
      remedies: [],
      message: expect.stringContaining('no single change would make it fit'),
    });
    expect(solver.explain({ gpus: 5 }).message).toBe(
      'the whole cluster takes 0 of 1 pod; nothing would make it fit: it would not fit even if the cluster were empty: each pod asks for 5 GPUs, the largest server has 4: ask for less',
    );
  });

  it('say of a tier how much it holds', () => {
    const solver = compile(
      clusterTopology({
        tiers: ['rack'],
        types: { box: gpuBox(2) },
        servers: ['A', 'A', 'B'].map((rack, i) => ({ id: `s${i}`, type: 'box', domains: { rack } })),
      }),
    );
    expect(solver.find({ pods: 3, gpus: 2, require: 'rack' })).toMatchObject({
      reason: 'never-fits',
      message:
        'it would not fit even if the cluster were empty: no rack takes more than 2 of 3 pods: ask for fewer or smaller pods, or a wider tier',
    });
    expect(solver.find({ pods: 4, gpus: 2 })).toMatchObject({
      message:
        'it would not fit even if the cluster were empty: the cluster takes 3 of 4 pods: ask for fewer or smaller pods',
    });
  });
});
