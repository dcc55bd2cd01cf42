import { compileClusterTables } from '../compile/cluster-tables.js';
import { setBandwidthGBps } from '../compile/set-bandwidth.js';
import { CorralError, quote } from '../errors.js';
import type { PlacementId, ServerId, TierName } from '../ids.js';
import type { ClusterTopology } from '../topology/cluster-topology.js';
import type { ServerTopology } from '../topology/server-topology.js';
import { type EngineRandom, PlacementEngine } from './engine.js';
import { type PodNeed, podNeed } from './pod-need.js';
import type { Policy, Workload } from './policy.js';
import { checkRequest, type PlacementRequest } from './request.js';
import { copyState, fitsEmpty, ordinals, type PlacementState, popcount16 } from './state.js';

/** One pod of a placement. */
export interface PlacedPod {
  readonly server: ServerId;
  /** GPU ordinals, ascending; the one shared GPU for a share, none for a pod without GPUs. */
  readonly gpus: readonly number[];
}

/** The GPUs given, until released. Plain data: survives JSON. */
export interface Placement {
  readonly id: PlacementId;
  readonly pods: readonly PlacedPod[];
  /** The narrowest domain that holds all pods; one pod is inside its server. */
  readonly tier: TierName | 'server';
  /** `optimal` bandwidth of the GPUs, GB/s per GPU and direction; null below two GPUs. */
  readonly bandwidthGBps: number | null;
}

/**
 * Why a pod is not placed: `never-fits`, no server could take it even empty; `no-capacity`, none can now.
 */
export type Reason = 'never-fits' | 'no-capacity';

/** The answer to a request. Not to fit is an answer, not an error. */
export type PlacementResult =
  | { readonly ok: true; readonly placement: Placement }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

/** What is free on one server. */
export interface FreeServer {
  readonly server: ServerId;
  /** Ordinals of wholly free GPUs. */
  readonly gpus: readonly number[];
  /** Free thousandths per GPU ordinal. */
  readonly gpuMilli: readonly number[];
  /** Free CPU, milli-cores; null = not limiting. */
  readonly cpuMilli: number | null;
  /** Free memory, MiB; null = not limiting. */
  readonly memoryMiB: number | null;
}

/** What is free in all, and per server in document order. */
export interface FreeCapacity {
  /** Wholly free GPUs. */
  readonly gpus: number;
  /** Free thousandths over all GPUs. */
  readonly gpuMilli: number;
  readonly servers: readonly FreeServer[];
}

/** A copy of a solver's state, for {@link Solver.restore} of the same solver. Its content is private. */
export interface Snapshot {
  readonly placements: number;
}

/** Options of `compile`. */
export interface CompileOptions {
  /** How candidates are ordered; default `bestFit()`. */
  readonly policy?: Policy;
  /** The pods to expect, for policies that measure against them and bring none of their own. */
  readonly workload?: Workload;
  /** Seed of random choices, for policies that bring none of their own; default 0. */
  readonly seed?: number;
}

/** Places pods on one cluster. */
export interface Solver {
  /** Decides and commits; a refusal changes nothing. */
  place(request: PlacementRequest): PlacementResult;
  /** The answer {@link place} would give; commits nothing, draws nothing. */
  find(request: PlacementRequest): PlacementResult;
  /**
   * Gives back what a placement holds.
   *
   * @throws CorralError `unknown-placement` if it was released before, is not of this solver, was only found, or was
   * placed before a {@link restore} that forgot it; nothing changes. Of a copy only id, server and GPUs can be
   * compared, and ids start again where a snapshot left them: throw copies away when restoring.
   */
  release(placement: Placement): void;
  /** What is free now. O(servers). */
  free(): FreeCapacity;
  /** Copies the state. O(servers + placements): a few memory copies. */
  snapshot(): Snapshot;
  /**
   * Returns to a snapshot, placements and random draws included.
   *
   * @throws CorralError `unknown-snapshot` if it is not of this solver; nothing changes
   */
  restore(snapshot: Snapshot): void;
}

/**
 * Flattens a topology into tables and opens a solver on it, empty.
 *
 * @param topology - a cluster; a lone server type is one server whose id is its name
 * @returns the solver
 * @throws CorralError `invalid-option` for a wrong option, or a document in place of a topology
 * @complexity O(servers + GPUs)
 */
export type Compile = (topology: ServerTopology | ClusterTopology, options?: CompileOptions) => Solver;

/**
 * Builds `compile` around a default policy: placement comes below the policies and knows none.
 *
 * @param defaultPolicy - makes the policy of a `compile` that names none
 */
export function compileWith(defaultPolicy: () => Policy): Compile {
  return (topology, options = {}) => {
    if (typeof options !== 'object' || options === null) {
      throw new CorralError('invalid-option', ['options'], `expected an object, got ${quote(options)}`);
    }
    return new TableSolver(asCluster(topology), options, defaultPolicy);
  };
}

function asCluster(topology: ServerTopology | ClusterTopology): ClusterTopology {
  if (isServer(topology)) {
    const server = { id: topology.name, type: topology, gpuModel: topology.document.gpuModel, domains: [] };
    return { tiers: [], servers: [server] };
  }
  const { servers } = (topology ?? {}) as Partial<ClusterTopology>;
  if (Array.isArray(servers) && isServer(servers[0]?.type)) return topology as ClusterTopology;
  throw new CorralError(
    'invalid-option',
    ['topology'],
    `expected what serverTopology(document) or clusterTopology(document) returns, got ${quote(topology)}`,
  );
}

function isServer(value: unknown): value is ServerTopology {
  if (typeof value !== 'object' || value === null) return false;
  const { graph, gpus, document } = value as Partial<ServerTopology>;
  return typeof graph === 'object' && Array.isArray(gpus) && typeof document === 'object';
}

/** What a live placement holds. */
interface Holding {
  readonly need: PodNeed;
  readonly server: number;
  readonly gpuMask: number;
}

/**
 * A placement as issued: plain data, and in a private field what it holds, so that one from another solver, from
 * `find`, or from before a restore is refused although it reads alike. A copy through JSON has lost the field and
 * is judged by its content.
 */
class IssuedPlacement implements Placement {
  readonly id: PlacementId;
  readonly pods: readonly PlacedPod[];
  readonly tier = 'server';
  readonly bandwidthGBps: number | null;
  readonly #holding: Holding | undefined;

  constructor(id: PlacementId, pod: PlacedPod, bandwidthGBps: number | null, holding: Holding | undefined) {
    this.id = id;
    this.pods = [pod];
    this.bandwidthGBps = bandwidthGBps;
    this.#holding = holding;
  }

  /** Whether the placement is known to hold something else, or nothing. */
  static isForeign(placement: object, holding: Holding): boolean {
    return #holding in placement && placement.#holding !== holding;
  }
}

class StateCopy implements Snapshot {
  readonly #solver: Solver;
  readonly #state: PlacementState;
  readonly #random: EngineRandom;
  readonly #live: Map<PlacementId, Holding>;
  readonly #issued: number;

  constructor(
    solver: Solver,
    state: PlacementState,
    random: EngineRandom,
    live: Map<PlacementId, Holding>,
    issued: number,
  ) {
    this.#solver = solver;
    this.#state = copyState(state);
    this.#random = random;
    this.#live = new Map(live);
    this.#issued = issued;
  }

  get placements(): number {
    return this.#live.size;
  }

  static open(
    snapshot: Snapshot,
    solver: Solver,
  ):
    | { state: PlacementState; random: EngineRandom; live: Map<PlacementId, Holding>; issued: number }
    | undefined {
    if (!(snapshot instanceof StateCopy) || snapshot.#solver !== solver) return undefined;
    return {
      state: snapshot.#state,
      random: snapshot.#random,
      live: new Map(snapshot.#live),
      issued: snapshot.#issued,
    };
  }
}

class TableSolver implements Solver {
  readonly #engine: PlacementEngine;
  readonly #ids: readonly ServerId[];
  #live = new Map<PlacementId, Holding>();
  #issued = 0;

  constructor(cluster: ClusterTopology, options: CompileOptions, defaultPolicy: () => Policy) {
    this.#ids = cluster.servers.map((server) => server.id);
    this.#engine = new PlacementEngine(compileClusterTables(cluster), {
      policy: options.policy ?? defaultPolicy(),
      workload: options.workload,
      seed: options.seed ?? 0,
    });
  }

  place(request: PlacementRequest): PlacementResult {
    const need = this.#need(request);
    const engine = this.#engine;
    if (!engine.decide(need)) return this.#refusal(need);
    const { server, gpuMask } = engine;
    engine.take(need, server, gpuMask);
    const id = `p${++this.#issued}`;
    const holding = { need, server, gpuMask };
    this.#live.set(id, holding);
    return { ok: true, placement: this.#placement(id, server, gpuMask, holding) };
  }

  find(request: PlacementRequest): PlacementResult {
    const need = this.#need(request);
    const engine = this.#engine;
    if (!engine.peek(need)) return this.#refusal(need);
    return {
      ok: true,
      placement: this.#placement(`p${this.#issued + 1}`, engine.server, engine.gpuMask, undefined),
    };
  }

  release(placement: Placement): void {
    const id = placement?.id;
    const holding = typeof id === 'string' ? this.#live.get(id) : undefined;
    if (holding === undefined || !this.#isOurs(placement, holding)) {
      throw new CorralError(
        'unknown-placement',
        ['placement', 'id'],
        `${quote(id)} is not placed here as given: it was released or forgotten, only found, changed, or comes from another solver`,
      );
    }
    this.#engine.give(holding.need, holding.server, holding.gpuMask);
    this.#live.delete(id);
  }

  free(): FreeCapacity {
    const { tables, state } = this.#engine;
    let gpus = 0;
    let gpuMilli = 0;
    const servers = this.#ids.map((server, s): FreeServer => {
      const freeMask = state.freeMask[s]!;
      gpus += popcount16(freeMask);
      gpuMilli += state.idleGpuMilli[s]!;
      return {
        server,
        gpus: ordinals(freeMask),
        gpuMilli: [...state.gpuFreeMilli.subarray(tables.gpuStart[s]!, tables.gpuStart[s + 1]!)],
        cpuMilli: finiteOrNull(state.cpuFreeMilli[s]!),
        memoryMiB: finiteOrNull(state.memoryFreeMiB[s]!),
      };
    });
    return { gpus, gpuMilli, servers };
  }

  snapshot(): Snapshot {
    return new StateCopy(this, this.#engine.state, this.#engine.random(), this.#live, this.#issued);
  }

  restore(snapshot: Snapshot): void {
    const copy = StateCopy.open(snapshot, this);
    if (copy === undefined) {
      throw new CorralError(
        'unknown-snapshot',
        ['snapshot'],
        'not a snapshot of this solver: restore what its own snapshot() returned',
      );
    }
    this.#engine.overwrite(copy.state, copy.random);
    this.#live = copy.live;
    this.#issued = copy.issued;
  }

  #need(request: PlacementRequest): PodNeed {
    checkRequest(request);
    return podNeed(request, this.#engine.tables.gpuModels);
  }

  #placement(id: PlacementId, server: number, gpuMask: number, holding: Holding | undefined): Placement {
    const { tables } = this.#engine;
    const gpus = ordinals(gpuMask);
    const bandwidthGBps =
      gpus.length < 2 ? null : setBandwidthGBps(tables.shapeType[tables.shapeOf[server]!]!, gpuMask);
    return new IssuedPlacement(id, { server: this.#ids[server]!, gpus }, bandwidthGBps, holding);
  }

  #isOurs(placement: Placement, holding: Holding): boolean {
    if (IssuedPlacement.isForeign(placement, holding) || !Array.isArray(placement.pods)) return false;
    const pod = placement.pods[0];
    const gpus = ordinals(holding.gpuMask);
    return (
      placement.pods.length === 1 &&
      pod?.server === this.#ids[holding.server] &&
      Array.isArray(pod?.gpus) &&
      pod.gpus.length === gpus.length &&
      gpus.every((gpu, i) => pod.gpus[i] === gpu)
    );
  }

  #refusal(need: PodNeed): PlacementResult {
    const { tables } = this.#engine;
    for (let shape = 0; shape < tables.shapeGpus.length; shape++) {
      if (fitsEmpty(tables, need, shape)) return NO_CAPACITY;
    }
    return NEVER_FITS;
  }
}

const NO_CAPACITY: PlacementResult = Object.freeze({
  ok: false,
  reason: 'no-capacity',
  message: 'no server has enough free now: release something, or ask for less',
});
const NEVER_FITS: PlacementResult = Object.freeze({
  ok: false,
  reason: 'never-fits',
  message: 'no server could take the pod even if it were empty: ask for less, or for other GPU models',
});

function finiteOrNull(value: number): number | null {
  return value === Number.POSITIVE_INFINITY ? null : value;
}
