import { readFields } from '../checks/fields.js';
import { callForeign, readList } from '../checks/plain-data.js';
import { compileClusterTables } from '../compile/cluster-tables.js';
import { readSizes } from '../compile/gpu-set-tables.js';
import { CorralError, quote } from '../errors.js';
import type { PlacementId, ServerId } from '../ids.js';
import type { ClusterTopology } from '../topology/cluster-topology.js';
import { GPUS_PER_SERVER_MAX, SERVERS_MAX } from '../units.js';
import { type EngineRandom, PlacementEngine } from './engine.js';
import { explainRequest } from './explain/explain.js';
import type { Explanation } from './explain/explanation.js';
import { refusalOf } from './explain/refusal.js';
import { type Gang, gangOf, Levels } from './gangs/gang.js';
import type { GangPlan } from './gangs/gang-plan.js';
import { type LiveCopy, LivePlacements } from './live-placements.js';
import { rankServers } from './rank.js';
import { OTHER_FIELDS, onlyGpusOf, readRequest } from './read/read-request.js';
import { readWorkload } from './read/read-workload.js';
import type {
  FreeCapacity,
  FreeServer,
  PlacedPod,
  Placement,
  PlacementResult,
  RankedServer,
} from './request/placement.js';
import type { Policy, Workload } from './request/policy.js';
import type { PlacementRequest } from './request/request.js';
import { type PodNeed, podNeed } from './state/pod-need.js';
import { copyState, ordinals, type PlacementState, popcount16, roomMilli } from './state/state.js';

/** A copy of a solver's state, for {@link Solver.restore} of the same solver. Its content is private. */
export interface Snapshot {
  readonly placements: number;
}

/** Options of `compile`. */
export interface CompileOptions {
  /** How candidates are ordered; default `topologyAware()`. */
  readonly policy?: Policy | undefined;
  /**
   * Weight of each GPU count that pods to come ask for: what free GPUs are worth to `topologyAware`. Default
   * `{ 1: 3, 2: 2, 4: 1, 8: 1 }`. Only ratios count.
   */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
  /** The pods to expect, for policies that measure against them and bring none of their own. */
  readonly workload?: Workload | undefined;
  /** Seed of random choices, for policies that bring none of their own; default 0. */
  readonly seed?: number | undefined;
}

/**
 * Places gangs of pods on one cluster. What is handed in is read once and never changed; a policy may not call the solver
 * that is asking it.
 */
export interface Solver {
  /**
   * Decides where a gang goes, and gives it its GPUs, CPU and memory; a refusal changes nothing.
   *
   * @param request - what is asked for, see {@link PlacementRequest}; `{}` is a pod that needs nothing
   * @returns `{ ok: true, placement }`, or `{ ok: false, reason, message }`: what does not fit is an answer, no error
   * @throws CorralError `invalid-request` with the path of a field that is wrong or unknown; nothing changes
   * @complexity a pod: nothing that grows with the servers but the depth of a bitset, O(servers) under policies of scores;
   * a gang: a search over domains, bounded in work, that grows with the servers where domains are many
   * @example
   * const solver = compile(topology('dgx-h100'));
   * const answer = solver.place({ gpus: 4 });
   * if (answer.ok) answer.placement.pods[0].gpus; // [0, 1, 2, 3]
   */
  place(request: PlacementRequest): PlacementResult;
  /**
   * The answer {@link place} would give; commits nothing, draws nothing.
   *
   * @param request - as for {@link place}
   * @returns as {@link place}; a placement that was only found cannot be released
   * @throws CorralError `invalid-request`, as {@link place}
   * @complexity as {@link place}
   * @example
   * const solver = compile(topology('dgx-h100'));
   * solver.find({ gpus: 8 }).ok; // true
   * solver.free().gpus; // 8: nothing was taken
   */
  find(request: PlacementRequest): PlacementResult;
  /**
   * Gives back what a placement holds.
   *
   * @throws CorralError `unknown-placement` if it was released before, is not of this solver, was only found, or was
   * placed before a {@link restore} that forgot it; nothing changes. Of a copy only id, servers and GPUs can be
   * compared, and ids start again where a snapshot left them: throw copies away when restoring.
   */
  release(placement: Placement): void;
  /**
   * The servers that could take ONE pod now, best first: what a scheduler extender answers. Of all servers the first is the
   * one that {@link place} would take; where a policy draws among equals, the one that it would draw now.
   *
   * @param request - what the pod asks for; `pods` absent or 1
   * @param servers - ids to choose from, in any order, listed twice is listed once; default: all
   * @throws CorralError `unknown-reference` for a server that does not exist
   * @complexity O(servers log servers)
   */
  rank(request: PlacementRequest, servers?: readonly ServerId[]): RankedServer[];
  /**
   * Why a request fits or does not: how many servers fail on each constraint, the best domain of every tier and what it
   * lacks, what would make it fit, and the steps of the decision. Commits nothing. O(servers).
   */
  explain(request: PlacementRequest): Explanation;
  /**
   * Keeps new pods off a server; what runs there stays. Twice is once.
   *
   * @throws CorralError `unknown-reference` for a server that does not exist
   */
  cordon(server: ServerId): void;
  /** Undoes {@link cordon}. */
  uncordon(server: ServerId): void;
  /** What is free now, also on cordoned servers. O(servers). */
  free(): FreeCapacity;
  /**
   * Copies the state: what is free, the live placements, how many there were (ids count them), cordons, and where the
   * streams of random choices stand. Answers hang on these alone, and not on how they came about; but for ids and random
   * choices, a new solver in the same state answers the same. O(servers + placements): a few memory copies.
   */
  snapshot(): Snapshot;
  /**
   * Returns to a snapshot: placements, cordons and random draws included. O(servers + placements).
   *
   * @throws CorralError `unknown-snapshot` if it is not of this solver; nothing changes
   */
  restore(snapshot: Snapshot): void;
}

const OPTIONS: readonly (keyof CompileOptions)[] = ['policy', 'sizes', 'workload', 'seed'];

/**
 * `compile` for a cluster and a default policy: placement comes below the catalogue and the policies, and knows neither.
 *
 * @param cluster - the cluster to place on
 * @param options - the options of `compile`
 * @param defaultPolicy - makes the policy if they name none
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

/** Server and GPU mask of every pod of a gang. */
interface GangPods {
  readonly servers: readonly number[];
  readonly masks: readonly number[];
}

/**
 * A placement as issued: plain data, and in private fields what it holds. So one from another solver, from `find`, or
 * from before a restore is told from a live one although it reads alike, and releasing it touches one object. A copy
 * through JSON has lost the fields and is judged by its content.
 */
class IssuedPlacement implements Placement {
  // What release() reads comes first, and so into one line of the cache.
  readonly #slot: number;
  readonly #need: PodNeed;
  /** Of the first pod. */
  readonly #server: number;
  readonly #gpuMask: number;
  /** Of every pod, for gangs. */
  readonly #gang: GangPods | undefined;
  readonly id: PlacementId;
  readonly pods: readonly PlacedPod[];
  readonly tier: string;
  readonly bandwidthGBps: number | null;

  constructor(
    id: PlacementId,
    pods: readonly PlacedPod[],
    tier: string,
    bandwidthGBps: number | null,
    slot: number,
    need: PodNeed,
    server: number,
    gpuMask: number,
    gang: GangPods | undefined,
  ) {
    this.#slot = slot;
    this.#need = need;
    this.#server = server;
    this.#gpuMask = gpuMask;
    this.#gang = gang;
    this.id = id;
    this.pods = pods;
    this.tier = tier;
    this.bandwidthGBps = bandwidthGBps;
  }

  static isIssued(placement: object): placement is IssuedPlacement {
    return #slot in placement;
  }

  // Static, and of private fields alone: whoever has a placement may have changed anything else about it.

  /** Where the solver keeps it. */
  static slotOf(placement: IssuedPlacement): number {
    return placement.#slot;
  }

  /** Gives back all it holds. */
  static leave(placement: IssuedPlacement, engine: PlacementEngine): void {
    const gang = placement.#gang;
    if (gang === undefined) engine.give(placement.#need, placement.#server, placement.#gpuMask);
    else engine.giveAll(placement.#need, gang.servers, gang.masks);
  }

  static podCount(placement: IssuedPlacement): number {
    return placement.#gang?.servers.length ?? 1;
  }

  /** Server and GPU mask of one pod. */
  static podAt(placement: IssuedPlacement, pod: number): readonly [server: number, gpuMask: number] {
    const gang = placement.#gang;
    return gang === undefined
      ? [placement.#server, placement.#gpuMask]
      : [gang.servers[pod]!, gang.masks[pod]!];
  }
}

class StateCopy implements Snapshot {
  readonly #solver: Solver;
  readonly #state: PlacementState;
  readonly #random: EngineRandom;
  readonly #live: LiveCopy<IssuedPlacement>;

  constructor(solver: Solver, state: PlacementState, random: EngineRandom, live: LiveCopy<IssuedPlacement>) {
    this.#solver = solver;
    this.#state = copyState(state);
    this.#random = random;
    this.#live = live;
  }

  get placements(): number {
    return this.#live.count;
  }

  static open(
    snapshot: Snapshot,
    solver: Solver,
  ): { state: PlacementState; random: EngineRandom; live: LiveCopy<IssuedPlacement> } | undefined {
    // Asked of the object itself: of a proxy, even a prototype is whatever it says.
    if (typeof snapshot !== 'object' || snapshot === null || !(#solver in snapshot)) return undefined;
    if (snapshot.#solver !== solver) return undefined;
    return { state: snapshot.#state, random: snapshot.#random, live: snapshot.#live };
  }
}
// A snapshot leads nobody to the constructor, with which others could be made.
Object.defineProperty(StateCopy.prototype, 'constructor', { value: Object });

class TableSolver implements Solver {
  readonly #engine: PlacementEngine;
  /** Server, in tree order → its id. */
  readonly #ids: readonly ServerId[];
  readonly #levels: Levels;
  readonly #live = new LivePlacements<IssuedPlacement>(IssuedPlacement.slotOf);
  readonly #cluster: ClusterTopology;
  /** Id → server, once somebody names one. */
  #positions: Map<ServerId, number> | undefined;
  /** Mask → its GPUs, once somebody got them. */
  readonly #ordinalsOf: (readonly number[] | undefined)[] = [];
  /** Whole GPUs → the need of a pod that asks for nothing else. */
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
    if (!isWhole(gpus)) return this.#placeGang(readRequest({ gpus: gpus as number }));
    this.#refuseReentry();
    const need = this.#wholeNeeds[gpus]!;
    const engine = this.#engine;
    return engine.decide(need)
      ? this.#commitPod(need)
      : this.#refusal(gangOf(NOTHING, need, this.#levels), { gpus });
  }

  find(given: PlacementRequest): PlacementResult {
    const request = readRequest(given);
    const gang = this.#gang(request);
    const engine = this.#engine;
    if (isPod(gang)) {
      if (!engine.peek(gang.need)) return this.#refusal(gang, request);
      return { ok: true, placement: this.#podPlacement(gang.need) };
    }
    const plan = engine.peekPlan(gang);
    if (plan === undefined) return this.#refusal(gang, request);
    return { ok: true, placement: this.#gangPlacement(gang.need, plan, this.#podsOf(gang.need, plan)) };
  }

  release(placement: Placement): void {
    const issued = this.#liveAs(placement);
    if (issued === undefined) {
      throw new CorralError(
        'unknown-placement',
        ['placement', 'id'],
        `${quotedId(placement)} is not placed here as given: it was released or forgotten, only found, changed, or comes from another solver`,
      );
    }
    IssuedPlacement.leave(issued, this.#engine);
    this.#live.remove(issued);
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
    this.#engine.setCordoned(this.#position(server, ['server']), true);
  }

  uncordon(server: ServerId): void {
    this.#engine.setCordoned(this.#position(server, ['server']), false);
  }

  free(): FreeCapacity {
    this.#refuseReentry();
    const { tables, state } = this.#engine;
    let gpus = 0;
    let gpuMilli = 0;
    const servers = new Array<FreeServer>(tables.serverCount);
    for (let s = 0; s < tables.serverCount; s++) {
      const freeMask = state.freeMask[s]!;
      const rooms: number[] = [];
      for (let g = 0; g < tables.shapeGpus[tables.shapeOf[s]!]!; g++)
        rooms.push(roomMilli(tables, state, s, g));
      gpus += popcount16(freeMask);
      for (const room of rooms) gpuMilli += room;
      servers[tables.documentIndexOf[s]!] = {
        server: this.#ids[s]!,
        gpus: ordinals(freeMask),
        gpuMilli: rooms,
        cpuMilli: finiteOrNull(state.cpuFreeMilli[s]!),
        memoryMiB: finiteOrNull(state.memoryFreeMiB[s]!),
      };
    }
    return { gpus, gpuMilli, servers };
  }

  snapshot(): Snapshot {
    this.#refuseReentry();
    return new StateCopy(this, this.#engine.state, this.#engine.random(), this.#live.copy());
  }

  restore(snapshot: Snapshot): void {
    this.#refuseReentry();
    const copy = StateCopy.open(snapshot, this);
    if (copy === undefined) {
      throw new CorralError(
        'unknown-snapshot',
        ['snapshot'],
        'not a snapshot of this solver: restore what its own snapshot() returned',
      );
    }
    this.#engine.overwrite(copy.state, copy.random);
    this.#live.overwrite(copy.live);
  }

  /**
   * Refuses a policy that calls its solver while it is asked: the decision it is asked for is half made.
   *
   * To be called when nothing of the caller's is left to read, for reading it may call the solver too, which is no harm.
   */
  #refuseReentry(): void {
    if (!this.#engine.isAsking) return;
    throw new CorralError(
      'invalid-option',
      ['policy'],
      'calls the solver that is asking it: score from the facts it is given, and ask another solver for anything else',
    );
  }

  /** What a request that was read asks for. */
  #gang(request: PlacementRequest): Gang {
    this.#refuseReentry();
    return gangOf(request, podNeed(request, this.#engine.tables), this.#levels);
  }

  /** For a request that was read. */
  #placeGang(request: PlacementRequest): PlacementResult {
    const gang = this.#gang(request);
    const engine = this.#engine;
    if (isPod(gang))
      return engine.decide(gang.need) ? this.#commitPod(gang.need) : this.#refusal(gang, request);
    const plan = engine.plan(gang);
    if (plan === undefined) return this.#refusal(gang, request);
    const pods = this.#podsOf(gang.need, plan);
    const placement = this.#gangPlacement(gang.need, plan, pods);
    engine.takeAll(gang.need, pods.servers, pods.masks);
    this.#live.add(placement);
    return { ok: true, placement };
  }

  /** Commits what the engine has just decided. */
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

  /** Server and GPUs of every pod of a plan. */
  #podsOf(need: PodNeed, plan: GangPlan): GangPods {
    const servers: number[] = [];
    const masks: number[] = [];
    for (let i = 0; i < plan.servers.length; i++) {
      const server = plan.servers[i]!;
      const pods = plan.podCounts[i]!;
      if (pods === 1) {
        servers.push(server);
        masks.push(plan.masks[i]!);
        continue;
      }
      for (const mask of this.#engine.splitGpus(need, server, plan.masks[i]!, pods)) {
        servers.push(server);
        masks.push(mask);
      }
    }
    return { servers, masks };
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

  #gangPlacement(need: PodNeed, plan: GangPlan, gang: GangPods): IssuedPlacement {
    const { servers, masks } = gang;
    const pods: PlacedPod[] = [];
    for (let i = 0; i < servers.length; i++) {
      pods.push({ server: this.#ids[servers[i]!]!, gpus: this.#ordinals(masks[i]!) });
    }
    const live = this.#live;
    const tier = this.#levels.nameOf(plan.level);
    const bandwidthGBps = this.#engine.bandwidthOf(need, plan);
    return new IssuedPlacement(
      live.nextId(),
      pods,
      tier,
      bandwidthGBps,
      live.nextSlot(),
      need,
      servers[0]!,
      masks[0]!,
      gang,
    );
  }

  /** The GPUs of a mask: one frozen list per mask, shared by all placements. */
  #ordinals(mask: number): readonly number[] {
    let gpus = this.#ordinalsOf[mask];
    if (gpus === undefined) {
      gpus = Object.freeze(ordinals(mask));
      this.#ordinalsOf[mask] = gpus;
    }
    return gpus;
  }

  #position(id: ServerId, path: readonly (string | number)[]): number {
    this.#refuseReentry();
    if (this.#positions === undefined) {
      this.#positions = new Map();
      for (let s = 0; s < this.#ids.length; s++) this.#positions.set(this.#ids[s]!, s);
    }
    const position = this.#positions.get(id);
    if (position === undefined) {
      throw new CorralError('unknown-reference', path, `no server ${quote(id)} in the cluster`);
    }
    return position;
  }

  #serversNamed(given: readonly ServerId[]): Int32Array {
    const ids = readList(given, ['servers'], 'invalid-option', SERVERS_MAX);
    return Int32Array.from(ids, (id, i) => this.#position(id, ['servers', i]));
  }

  /** The live placement that is meant; undefined if none is. */
  #liveAs(placement: Placement): IssuedPlacement | undefined {
    if (typeof placement !== 'object' || placement === null) return undefined;
    if (IssuedPlacement.isIssued(placement)) {
      this.#refuseReentry();
      return this.#live.has(placement) ? placement : undefined;
    }
    const copy = callForeign(() => this.#readCopy(placement), ['placement'], 'unknown-placement');
    this.#refuseReentry();
    // Only now that nothing is left to read: reading it may have released what it names.
    const live = copy && this.#live.find(copy.id);
    return live !== undefined && this.#holds(live, copy!.pods) ? live : undefined;
  }

  /** What the copy of a placement says, each field read once; undefined where it cannot be one of a live placement. */
  #readCopy({ id, pods }: Placement): Pick<Placement, 'id' | 'pods'> | undefined {
    const live = this.#live.find(id);
    if (live === undefined || !Array.isArray(pods)) return undefined;
    const read = readList(pods, ['placement', 'pods'], 'unknown-placement', IssuedPlacement.podCount(live));
    return {
      id,
      pods: read.map(({ server, gpus }, i) => ({
        server,
        gpus: readList(gpus, ['placement', 'pods', i, 'gpus'], 'unknown-placement', GPUS_PER_SERVER_MAX),
      })),
    };
  }

  /** Whether pods are on the same servers and GPUs as those of a live placement. */
  #holds(live: IssuedPlacement, pods: readonly PlacedPod[]): boolean {
    if (pods.length !== IssuedPlacement.podCount(live)) return false;
    return pods.every(({ server, gpus }, i) => {
      const [heldServer, mask] = IssuedPlacement.podAt(live, i);
      const held = this.#ordinals(mask);
      return (
        server === this.#ids[heldServer] &&
        gpus.length === held.length &&
        held.every((gpu, g) => gpus[g] === gpu)
      );
    });
  }
}

/** The id of what was handed in as a placement, for a message. */
function quotedId(placement: unknown): string {
  try {
    return quote((placement as Partial<Placement> | undefined)?.id);
  } catch {
    return 'what cannot be read';
  }
}

function isWhole(gpus: unknown): gpus is number {
  return Number.isInteger(gpus) && (gpus as number) >= 0 && (gpus as number) <= GPUS_PER_SERVER_MAX;
}

const NOTHING: PlacementRequest = {};

function isPod(gang: Gang): boolean {
  return gang.pods === 1;
}

function finiteOrNull(value: number): number | null {
  return value === Number.POSITIVE_INFINITY ? null : value;
}
