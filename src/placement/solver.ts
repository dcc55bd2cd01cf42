import { readFields } from '../checks/fields.js';
import { readList } from '../checks/plain-data.js';
import { compileClusterTables } from '../compile/cluster-tables.js';
import { readSizes } from '../compile/gpu-set-tables.js';
import { CorralError, type ErrorPath, quote } from '../errors.js';
import type { ServerId } from '../ids.js';
import type { ClusterTopology } from '../topology/types.js';
import { GPUS_PER_SERVER_MAX, SERVERS_MAX } from '../units.js';
import { PlacementEngine, type PodMasks } from './engine.js';
import { explainRequest } from './explain/explain.js';
import { refusalOf } from './explain/refusal.js';
import { type Gang, gangOf, Levels } from './gangs/gang.js';
import type { GangPlan } from './gangs/gang-plan.js';
import { freeCapacity } from './live/free-capacity.js';
import { IssuedPlacement } from './live/issued-placement.js';
import { livePlacement } from './live/live-placement.js';
import { LivePlacements } from './live/live-placements.js';
import { SolverSnapshot } from './live/snapshot.js';
import { rankServers } from './rank.js';
import { OTHER_FIELDS, onlyGpusOf, readRequest } from './read/read-request.js';
import { readWorkload } from './read/read-workload.js';
import type { Explanation } from './request/explanation.js';
import type {
  FreeCapacity,
  PlacedPod,
  Placement,
  PlacementResult,
  RankedServer,
} from './request/placement.js';
import type { Policy } from './request/policy.js';
import type { PlacementRequest } from './request/request.js';
import type { CompileOptions, Snapshot, Solver } from './request/solver.js';
import { type PodNeed, podNeed } from './state/pod-need.js';
import { ordinals } from './state/state.js';

/*
 * From a document to tables, once per solver:
 *   1. The document becomes a cluster of validated values (topology/).
 *   2. Servers, domains and shapes get numbers (compile/cluster-tables, compile/fabric-tables).
 *   3. Each server type gets the figures of all its sets of GPUs (compile/gpu-set-tables), and its free masks are sorted
 *      into classes (compile/free-classes).
 *   4. The engine sets up what is free (state/) and one finder, for the kind of policy (engine.ts).
 *
 * From a request to GPUs, for every `place`:
 *   1. Read: the request becomes a checked copy (read/read-request).
 *   2. Translate: names become numbers: what one pod needs (state/pod-need), and the levels of a gang (gangs/gang).
 *   3. Decide: the engine names servers and masks of GPUs; its opening comment has the steps (engine.ts).
 *   4. Split: a server that holds several pods of a gang has one mask for all; each pod gets its own (engine.podsOf).
 *   5. Commit: the engine takes the GPUs, and the placement is kept (live/).
 *   6. Answer: numbers become names again. A refusal says why (explain/refusal).
 * `find` leaves out step 5. `rank` and `explain` ask the same state.
 */

const OPTIONS: readonly string[] = Object.keys({
  policy: true,
  sizes: true,
  workload: true,
  seed: true,
} satisfies Record<keyof CompileOptions, true>);

/**
 * `compile` for a cluster that is validated already.
 *
 * @param cluster - the cluster to place on
 * @param options - the options of `compile`
 * @param defaultPolicy - makes the policy if the options name none: this folder knows no policy
 * @returns an empty solver
 * @throws CorralError `invalid-option` for a wrong option
 */
export function openSolver(
  cluster: ClusterTopology,
  options: CompileOptions,
  defaultPolicy: () => Policy,
): Solver {
  const given = readFields(options, OPTIONS);
  const sizes = given.sizes === undefined ? undefined : readSizes(given.sizes, ['sizes']);
  const workload = given.workload === undefined ? undefined : readWorkload(given.workload, ['workload']);
  return new TableSolver(cluster, { ...given, sizes, workload }, defaultPolicy);
}

class TableSolver implements Solver {
  readonly #engine: PlacementEngine;
  /** Server → its id. */
  readonly #ids: readonly ServerId[];
  readonly #levels: Levels;
  readonly #live = new LivePlacements<IssuedPlacement>(IssuedPlacement.slotOf);
  readonly #cluster: ClusterTopology;
  /** Id → server; built when a caller first names a server. */
  #serverOf: Map<ServerId, number> | undefined;
  /** Mask → its GPUs: one frozen list per mask, shared by all placements. */
  readonly #ordinalsOf: (readonly number[] | undefined)[] = [];
  /** GPU count → the need of a pod that asks for so many whole GPUs and nothing else. Length: 17. */
  readonly #wholeNeeds: readonly PodNeed[];

  constructor(cluster: ClusterTopology, options: CompileOptions, defaultPolicy: () => Policy) {
    const tables = compileClusterTables(cluster);
    this.#cluster = cluster;
    this.#ids = Array.from(tables.documentIndexOf, (i) => cluster.servers[i]!.id);
    this.#levels = new Levels(cluster.tiers.map((tier) => tier.name));
    this.#engine = new PlacementEngine(tables, {
      policy: options.policy === undefined ? defaultPolicy() : options.policy,
      workload: options.workload,
      sizes: options.sizes,
      seed: options.seed === undefined ? 0 : options.seed,
    });
    this.#wholeNeeds = Array.from({ length: GPUS_PER_SERVER_MAX + 1 }, (_, gpus) =>
      podNeed({ gpus }, tables),
    );
  }

  place(request: PlacementRequest): PlacementResult {
    const gpus = onlyGpusOf(request);
    if (gpus === OTHER_FIELDS) return this.#placeGang(readRequest(request));
    if (!isGpuCount(gpus)) return this.#placeGang(readRequest({ gpus: gpus as number }));
    const engine = this.#engine;
    engine.refuseReentry();
    const need = this.#wholeNeeds[gpus]!;
    return engine.decide(need)
      ? this.#commitPod(need)
      : this.#refusal(gangOf(NO_FIELDS, need, this.#levels), { gpus });
  }

  find(given: PlacementRequest): PlacementResult {
    const request = readRequest(given);
    const gang = this.#gang(request);
    const engine = this.#engine;
    if (gang.pods === 1) {
      if (!engine.peek(gang.need)) return this.#refusal(gang, request);
      return { ok: true, placement: this.#podPlacement(gang.need) };
    }
    const plan = engine.peekPlan(gang);
    if (plan === undefined) return this.#refusal(gang, request);
    return { ok: true, placement: this.#gangPlacement(gang.need, plan, engine.podsOf(gang.need, plan)) };
  }

  release(placement: Placement): void {
    const live = livePlacement(placement, this.#live, this.#engine, this.#ids);
    IssuedPlacement.giveBack(live, this.#engine);
    this.#live.remove(live);
  }

  rank(request: PlacementRequest, servers?: readonly ServerId[]): RankedServer[] {
    const gang = this.#gang(readRequest(request));
    if (gang.pods !== 1) {
      throw new CorralError('invalid-request', ['pods'], 'rank answers for one pod: leave pods out');
    }
    const among = servers === undefined ? undefined : this.#serversNamed(servers);
    return rankServers(this.#engine, gang.need, among, this.#ids);
  }

  explain(given: PlacementRequest): Explanation {
    const request = readRequest(given);
    return explainRequest(this.#engine, this.#gang(request), request, this.#levels, this.#cluster);
  }

  cordon(server: ServerId): void {
    this.#engine.setCordoned(this.#serverNamed(server, ['server']), true);
  }

  uncordon(server: ServerId): void {
    this.#engine.setCordoned(this.#serverNamed(server, ['server']), false);
  }

  free(): FreeCapacity {
    this.#engine.refuseReentry();
    return freeCapacity(this.#engine.tables, this.#engine.state, this.#ids);
  }

  snapshot(): Snapshot {
    const engine = this.#engine;
    engine.refuseReentry();
    return new SolverSnapshot(this, {
      state: engine.state,
      random: engine.random(),
      live: this.#live.copy(),
    });
  }

  restore(snapshot: Snapshot): void {
    this.#engine.refuseReentry();
    const saved = SolverSnapshot.open(snapshot, this);
    if (saved === undefined) {
      throw new CorralError(
        'unknown-snapshot',
        ['snapshot'],
        'not a snapshot of this solver: restore what its own snapshot() returned',
      );
    }
    this.#engine.overwrite(saved.state, saved.random);
    this.#live.overwrite(saved.live);
  }

  /** Step 2 for a request that was read. */
  #gang(request: PlacementRequest): Gang {
    this.#engine.refuseReentry();
    return gangOf(request, podNeed(request, this.#engine.tables), this.#levels);
  }

  /** Steps 2 to 6 for a request that was read. */
  #placeGang(request: PlacementRequest): PlacementResult {
    const gang = this.#gang(request);
    const engine = this.#engine;
    if (gang.pods === 1) {
      return engine.decide(gang.need) ? this.#commitPod(gang.need) : this.#refusal(gang, request);
    }
    const plan = engine.plan(gang);
    if (plan === undefined) return this.#refusal(gang, request);
    const pods = engine.podsOf(gang.need, plan);
    const placement = this.#gangPlacement(gang.need, plan, pods);
    engine.takeAll(gang.need, pods.servers, pods.masks);
    this.#live.add(placement);
    return { ok: true, placement };
  }

  /** Steps 5 and 6 for the pod that the engine has just decided about. */
  #commitPod(need: PodNeed): PlacementResult {
    const engine = this.#engine;
    const placement = this.#podPlacement(need);
    engine.take(need, engine.server, engine.gpuMask);
    this.#live.add(placement);
    return { ok: true, placement };
  }

  #refusal(gang: Gang, request: PlacementRequest): PlacementResult {
    return refusalOf(this.#engine, gang, request, this.#levels);
  }

  /** The placement of the pod that the engine has just decided about. */
  #podPlacement(need: PodNeed): IssuedPlacement {
    const { server, gpuMask, bandwidthGBps } = this.#engine;
    const pods = [{ server: this.#ids[server]!, gpus: this.#ordinals(gpuMask) }];
    const live = this.#live;
    return new IssuedPlacement(
      live.nextId(),
      pods,
      'server',
      bandwidthGBps,
      live.nextSlot(),
      need,
      server,
      gpuMask,
      undefined,
    );
  }

  #gangPlacement(need: PodNeed, plan: GangPlan, gang: PodMasks): IssuedPlacement {
    const { servers, masks } = gang;
    const pods: PlacedPod[] = [];
    for (let i = 0; i < servers.length; i++) {
      pods.push({ server: this.#ids[servers[i]!]!, gpus: this.#ordinals(masks[i]!) });
    }
    const live = this.#live;
    return new IssuedPlacement(
      live.nextId(),
      pods,
      this.#levels.nameOf(plan.level),
      plan.bandwidthGBps,
      live.nextSlot(),
      need,
      servers[0]!,
      masks[0]!,
      gang,
    );
  }

  #ordinals(mask: number): readonly number[] {
    let gpus = this.#ordinalsOf[mask];
    if (gpus === undefined) {
      gpus = Object.freeze(ordinals(mask));
      this.#ordinalsOf[mask] = gpus;
    }
    return gpus;
  }

  #serverNamed(id: ServerId, path: ErrorPath): number {
    this.#engine.refuseReentry();
    this.#serverOf ??= new Map(this.#ids.map((known, server) => [known, server]));
    const server = this.#serverOf.get(id);
    if (server === undefined) {
      throw new CorralError('unknown-reference', path, `no server ${quote(id)} in the cluster`);
    }
    return server;
  }

  #serversNamed(given: readonly ServerId[]): Int32Array {
    const ids = readList(given, ['servers'], 'invalid-option', SERVERS_MAX);
    return Int32Array.from(ids, (id, i) => this.#serverNamed(id, ['servers', i]));
  }
}

const NO_FIELDS: PlacementRequest = {};

function isGpuCount(gpus: unknown): gpus is number {
  return Number.isInteger(gpus) && (gpus as number) >= 0 && (gpus as number) <= GPUS_PER_SERVER_MAX;
}
