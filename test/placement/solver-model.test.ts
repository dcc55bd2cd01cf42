import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkFreeCapacity, checkPlacements } from '../../src/check/index.js';
import { placesOf } from '../../src/check/sets/gpu-places.js';
import {
  type ClusterTopology,
  compile,
  type FreeCapacity,
  type Placement,
  type PlacementRequest,
  type Snapshot,
  type Solver,
} from '../../src/index.js';
import { bestFit, type Policy, topologyAware } from '../../src/policies/index.js';
import { Dice } from './gangs/gang-cluster.js';
import { anyPod, gangRequest, kindsCluster } from './kinds-cluster.js';

/*
 * Long histories against a model that knows nothing of placement: which placements are live, which servers are
 * cordoned, and what is free is what capacity and live placements leave. Whatever the solver answers is held against it
 * after every step. A twin gets only what changes the state: answers of the two are equal to the last byte, so that
 * looking (find, rank, explain, free, calls that fail) leaves no trace.
 */

interface Live {
  readonly placement: Placement;
  readonly twin: Placement;
  readonly request: PlacementRequest;
}

interface Saved {
  readonly snapshot: Snapshot;
  readonly twin: Snapshot;
  readonly live: readonly Live[];
  readonly cordoned: ReadonlySet<string>;
  readonly free: string;
}

interface Model {
  readonly cluster: ClusterTopology;
  live: Live[];
  cordoned: Set<string>;
  /** Placed once, and released or forgotten since. */
  readonly gone: Placement[];
  saved: Saved | undefined;
  /** What `free()` says, as text. */
  free: string;
  readonly met: Map<string, number>;
}

interface Real {
  readonly solver: Solver;
  readonly twin: Solver;
}

type Command = fc.Command<Model, Real>;

/** Names and numbers of what a history has to meet to be worth running. */
function meet(model: Model, what: string): void {
  model.met.set(what, (model.met.get(what) ?? 0) + 1);
}

/** What holds after every step: nothing is given twice or lost, nor outside the rules of its request. */
function settle(model: Model, real: Real): void {
  const free = real.solver.free();
  expect(checkPlacements(model.cluster, model.live.map(checked))).toEqual([]);
  expect(checkFreeCapacity(model.cluster, model.live.map(checked), free)).toEqual([]);
  model.free = JSON.stringify(free);
  meet(model, 'steps');
}

function checked({ placement, request }: Live) {
  return { request, pods: placement.pods };
}

/** Whether some place that a pod must be on has its GPUs free. */
function hasPlace(
  model: Model,
  { gpus = 0, requirePerPod }: PlacementRequest,
  position: number,
  gpuMilli: readonly number[],
): boolean {
  if (requirePerPod === undefined || gpus < 2) return true;
  const free = new Map<string, number>();
  placesOf(model.cluster.servers[position]!.type, requirePerPod)?.forEach((place, gpu) => {
    if (gpuMilli[gpu] === 1000) free.set(place, (free.get(place) ?? 0) + 1);
  });
  return [...free.values()].some((count) => count >= gpus);
}

/** Whether one pod fits on a server, by what is free there. */
function isRoom(model: Model, request: PlacementRequest, position: number): boolean {
  const { id, gpuModel, labels = {} } = model.cluster.servers[position]!;
  const { gpuMilli, cpuMilli, memoryMiB } = (JSON.parse(model.free) as FreeCapacity).servers[position]!;
  const models = request.gpuModels ?? [];
  const wanted = request.gpuMilli === undefined ? (request.gpus ?? 0) : 1;
  return (
    !model.cordoned.has(id) &&
    (models.length === 0 || models.includes(gpuModel)) &&
    Object.entries(request.labels ?? {}).every(([name, value]) => labels[name] === value) &&
    (cpuMilli === null || cpuMilli >= (request.cpuMilli ?? 0)) &&
    (memoryMiB === null || memoryMiB >= (request.memoryMiB ?? 0)) &&
    gpuMilli.filter((milli) => milli >= (request.gpuMilli ?? 1000)).length >= wanted &&
    hasPlace(model, request, position, gpuMilli)
  );
}

class Place implements Command {
  readonly request: PlacementRequest;

  constructor(request: PlacementRequest) {
    this.request = request;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    const { request } = this;
    const found = real.solver.find(request);
    expect(JSON.stringify(real.solver.free())).toBe(model.free);
    const placed = real.solver.place(request);
    const twin = real.twin.place(request);
    expect(JSON.stringify(placed)).toBe(JSON.stringify(found));
    expect(JSON.stringify(twin)).toBe(JSON.stringify(found));
    if (placed.ok && twin.ok) {
      const { placement } = placed;
      const { pods = 1, podsMin = pods } = request;
      expect(placement.pods.length).toBeGreaterThanOrEqual(podsMin);
      expect(placement.pods.length).toBeLessThanOrEqual(pods);
      for (const { server } of placement.pods) expect(model.cordoned.has(server)).toBe(false);
      model.live.push({ placement, twin: twin.placement, request });
      meet(model, placement.tier === 'server' ? 'placed on one server' : 'placed on several servers');
      if (request.slice !== undefined) meet(model, 'placed in slices');
      if (request.requirePerPod !== undefined && (request.gpus ?? 0) > 1)
        meet(model, 'placed on one place each');
      if (placement.pods.length < pods) meet(model, 'placed in part');
    } else {
      expect(JSON.stringify(real.solver.free())).toBe(model.free);
      meet(model, 'refused');
    }
    settle(model, real);
  }

  toString(): string {
    return `place(${JSON.stringify(this.request)})`;
  }
}

class Explain implements Command {
  readonly request: PlacementRequest;

  constructor(request: PlacementRequest) {
    this.request = request;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { solver }: Real): void {
    const { request } = this;
    const explanation = solver.explain(request);
    const found = solver.find(request);
    expect(explanation.fits).toBe(found.ok);
    const positions = [...model.cluster.servers.keys()];
    const fitting = positions.filter((position) => isRoom(model, request, position)).length;
    expect(explanation.serversThatFit).toBe(fitting);
    for (const { change, pods, tier } of explanation.remedies) {
      meet(model, `remedy ${change}`);
      const { podsMin: _, slice, ...rest } = request;
      const sliced = slice === undefined ? rest : { ...rest, slice };
      if (change === 'fewer-pods') expect(solver.find({ ...sliced, pods: pods! }).ok).toBe(true);
      if (change === 'wider-tier') expect(solver.find({ ...request, require: tier! }).ok).toBe(true);
      if (change === 'no-place') expect(solver.find({ ...request, requirePerPod: undefined }).ok).toBe(true);
      if (change === 'no-slices') expect(solver.find({ ...request, slice: undefined }).ok).toBe(true);
    }
    expect(JSON.stringify(solver.free())).toBe(model.free);
    meet(model, explanation.fits ? 'explained a fit' : 'explained a refusal');
    settle(model, { solver, twin: solver });
  }

  toString(): string {
    return `explain(${JSON.stringify(this.request)})`;
  }
}

class Rank implements Command {
  readonly request: PlacementRequest;
  readonly pick: number;

  constructor(request: PlacementRequest, pick: number) {
    this.request = request;
    this.pick = pick;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { solver }: Real): void {
    const { request } = this;
    const { servers } = model.cluster;
    const ranked = solver.rank(request);
    const fitting = servers.filter((_, position) => isRoom(model, request, position)).map(({ id }) => id);
    expect(ranked.map(({ server }) => server).sort()).toEqual([...fitting].sort());
    for (let i = 1; i < ranked.length; i++)
      expect(ranked[i]!.score).toBeLessThanOrEqual(ranked[i - 1]!.score);
    const found = solver.find(request);
    expect(found.ok ? found.placement.pods[0]!.server : undefined).toBe(ranked[0]?.server);
    // Some of the servers are ranked as they are among all, in whatever order they are listed.
    const some = servers.filter((_, position) => (position * 7 + this.pick) % 3 > 0).map(({ id }) => id);
    const order = solver.rank(request, [...some].reverse()).map(({ server }) => server);
    expect(order).toEqual(ranked.map(({ server }) => server).filter((id) => some.includes(id)));
    if (ranked.length > 1) meet(model, 'ranked several');
    settle(model, { solver, twin: solver });
  }

  toString(): string {
    return `rank(${JSON.stringify(this.request)})`;
  }
}

class Release implements Command {
  readonly pick: number;
  readonly copy: boolean;

  constructor(pick: number, copy: boolean) {
    this.pick = pick;
    this.copy = copy;
  }

  check(model: Readonly<Model>): boolean {
    return model.live.length > 0;
  }

  run(model: Model, real: Real): void {
    const [gone] = model.live.splice(this.pick % model.live.length, 1);
    const { placement, twin } = gone!;
    const copy = JSON.parse(JSON.stringify(placement)) as Placement;
    real.solver.release(this.copy ? copy : placement);
    real.twin.release(twin);
    for (const again of [placement, copy]) {
      expect(() => real.solver.release(again)).toThrow(
        expect.objectContaining({ code: 'unknown-placement' }),
      );
    }
    model.gone.push(placement);
    meet(model, this.copy ? 'released a copy' : 'released');
    settle(model, real);
  }

  toString(): string {
    return `release(${this.pick}${this.copy ? ', a copy' : ''})`;
  }
}

class Cordon implements Command {
  readonly pick: number;
  readonly on: boolean;

  constructor(pick: number, on: boolean) {
    this.pick = pick;
    this.on = on;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    const { id } = model.cluster.servers[this.pick % model.cluster.servers.length]!;
    for (const solver of [real.solver, real.twin]) solver[this.on ? 'cordon' : 'uncordon'](id);
    if (this.on) model.cordoned.add(id);
    else model.cordoned.delete(id);
    expect(JSON.stringify(real.solver.free())).toBe(model.free);
    settle(model, real);
  }

  toString(): string {
    return `${this.on ? 'cordon' : 'uncordon'}(${this.pick})`;
  }
}

class Save implements Command {
  check(): boolean {
    return true;
  }

  run(model: Model, real: Real): void {
    const snapshot = real.solver.snapshot();
    expect(snapshot.placements).toBe(model.live.length);
    model.saved = {
      snapshot,
      twin: real.twin.snapshot(),
      live: [...model.live],
      cordoned: new Set(model.cordoned),
      free: model.free,
    };
    settle(model, real);
  }

  toString(): string {
    return 'snapshot()';
  }
}

class Restore implements Command {
  check(model: Readonly<Model>): boolean {
    return model.saved !== undefined;
  }

  run(model: Model, real: Real): void {
    const saved = model.saved!;
    real.solver.restore(saved.snapshot);
    real.twin.restore(saved.twin);
    const known = new Set(saved.live.map(({ placement }) => placement));
    model.gone.push(...model.live.map(({ placement }) => placement).filter((one) => !known.has(one)));
    model.live = [...saved.live];
    model.cordoned = new Set(saved.cordoned);
    expect(JSON.stringify(real.solver.free())).toBe(saved.free);
    meet(model, 'restored');
    settle(model, real);
  }

  toString(): string {
    return 'restore()';
  }
}

/** Calls that fail, each with its code; the state stays what it was. */
class Fail implements Command {
  readonly pick: number;

  constructor(pick: number) {
    this.pick = pick;
  }

  check(): boolean {
    return true;
  }

  run(model: Model, { solver }: Real): void {
    const live = new Set(model.live.map(({ placement }) => placement));
    const gone = model.gone.filter((placement) => !live.has(placement));
    const stale = gone[this.pick % Math.max(1, gone.length)];
    const found = solver.find({});
    const failures: readonly (readonly [string, () => unknown])[] = [
      ['invalid-request', () => solver.place({ pods: 0 })],
      ['invalid-request', () => solver.place({ pods: 2, podsMin: 3 })],
      ['invalid-request', () => solver.find({ slice: { pods: 0, tier: 'server' } })],
      ['invalid-request', () => solver.rank({ pods: 2 })],
      ['unknown-reference', () => solver.place({ pods: 2, require: 'nowhere' })],
      ['unknown-reference', () => solver.explain({ slice: { pods: 2, tier: 'nowhere' } })],
      ['unknown-reference', () => solver.cordon('nobody')],
      ['unknown-reference', () => solver.rank({}, ['nobody'])],
      ['unknown-snapshot', () => solver.restore({ placements: 0 })],
      ['unknown-placement', () => solver.release(stale ?? ({ id: 0, pods: [] } as never))],
      ['unknown-placement', () => solver.release(found.ok ? found.placement : (null as never))],
    ];
    const [code, call] = failures[this.pick % failures.length]!;
    expect(call).toThrow(expect.objectContaining({ name: 'CorralError', code }));
    expect(JSON.stringify(solver.free())).toBe(model.free);
    meet(model, 'failed');
    settle(model, { solver, twin: solver });
  }

  toString(): string {
    return `fail(${this.pick})`;
  }
}

/** All steps: more is placed than released, so that clusters fill up; and some of everything else. */
function commandsOn(cluster: ClusterTopology): readonly fc.Arbitrary<Command>[] {
  const levels = ['server', ...cluster.tiers.map(({ name }) => name), 'cluster'];
  const limits = { limits: true };
  const seed = fc.nat({ max: 2 ** 31 - 1 });
  const onPlaces = (request: fc.Arbitrary<PlacementRequest>): fc.Arbitrary<PlacementRequest> =>
    fc
      .tuple(request, fc.constantFrom(undefined, undefined, undefined, 'socket', 'numa'))
      .map(([one, requirePerPod]) => (requirePerPod === undefined ? one : { ...one, requirePerPod }));
  const pod = onPlaces(seed.map((s) => anyPod(new Dice(s), limits)));
  const gang = onPlaces(seed.map((s) => gangRequest(new Dice(s), levels, limits)));
  const pick = fc.nat({ max: 1000 });
  const place = (request: fc.Arbitrary<PlacementRequest>): fc.Arbitrary<Command> =>
    request.map((one) => new Place(one));
  const release = fc.tuple(pick, fc.boolean()).map(([n, copy]) => new Release(n, copy));
  return [
    place(pod),
    place(pod),
    place(gang),
    place(gang),
    place(gang),
    release,
    release,
    release,
    fc.tuple(pick, fc.boolean()).map(([n, on]) => new Cordon(n, on)),
    fc.oneof(pod, gang).map((one) => new Explain(one)),
    fc.tuple(pod, pick).map(([one, n]) => new Rank(one, n)),
    fc.constantFrom(new Save(), new Restore()),
    pick.map((n) => new Fail(n)),
  ];
}

/** Seed of the cluster, and of the histories on it. */
const CASES = [
  { servers: 8, seeds: [1, 2, 3, 4, 5, 6] },
  { servers: 60, seeds: [11, 12, 13] },
] as const;
/** Runs of one case; their histories are of up to a thousand steps, half of that on average. */
const RUNS = 4;
const STEPS_MAX = 1000;

describe.each([
  ['topologyAware', topologyAware],
  ['bestFit', bestFit],
] as [string, () => Policy][])('a solver with %s', (_, policy) => {
  const met = new Map<string, number>();

  for (const { servers, seeds } of CASES) {
    it.each(seeds)(
      `does through a thousand steps what the model allows, on up to ${servers} servers, seed %d`,
      (seed) => {
        const cluster = kindsCluster(new Dice(seed), {
          serversMin: servers / 2,
          serversMax: servers,
          tiersMax: 3,
          limits: true,
        });
        fc.assert(
          fc.property(
            fc.commands([...commandsOn(cluster)], { maxCommands: STEPS_MAX, size: 'max' }),
            (commands) => {
              fc.modelRun(() => {
                const solver = compile(cluster, { policy: policy() });
                const twin = compile(cluster, { policy: policy() });
                const free = JSON.stringify(solver.free());
                const model: Model = {
                  cluster,
                  live: [],
                  cordoned: new Set(),
                  gone: [],
                  saved: undefined,
                  free,
                  met,
                };
                return { model, real: { solver, twin } };
              }, commands);
            },
          ),
          { seed, numRuns: RUNS },
        );
      },
    );
  }

  it('has met everything that histories are run for', () => {
    console.info(JSON.stringify(Object.fromEntries(met)));
    expect(met.get('steps')).toBeGreaterThan(3000);
    for (const what of [
      'placed on one server',
      'placed on several servers',
      'placed in slices',
      'placed in part',
      'placed on one place each',
      'refused',
      'released',
      'released a copy',
      'restored',
      'failed',
      'ranked several',
      'explained a fit',
      'explained a refusal',
      'remedy fewer-pods',
      'remedy wider-tier',
      'remedy no-slices',
      'remedy no-place',
    ]) {
      expect(met.get(what) ?? 0, what).toBeGreaterThan(5);
    }
  });
});
