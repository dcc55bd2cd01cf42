import type { ClusterTables } from '../compile/cluster-tables.js';
import { bestSet, type GpuSetTables, gpuSetTables } from '../compile/gpu-set-tables.js';
import { setBandwidthGBps } from '../compile/set-bandwidth.js';
import { CorralError } from '../errors.js';
import { type RandomStream, randomStream } from '../random.js';
import { GPU_MILLI } from '../units.js';

import { type Gang, SERVER } from './gangs/gang.js';
import { type FittingChanges, holdsGang, mostPodsIn, tryChanges } from './gangs/gang-fit.js';
import type { GangPlan } from './gangs/gang-plan.js';
import { GangSearch } from './gangs/gang-search.js';
import { planBandwidth } from './gangs/plan-figures.js';
import { PackedSearch } from './pods/packed-search.js';
import { PodSearch } from './pods/pod-search.js';
import { preparePolicy } from './read/read-policy.js';
import type { Policy, Workload } from './request/policy.js';
import { ScoreFinder } from './scores/score-finder.js';
import { ScoredGangs } from './scores/scored-gangs.js';
import { FreeIndex } from './state/free-index.js';
import { placeSets } from './state/place-sets.js';
import type { PodNeed } from './state/pod-need.js';
import { emptyState, fitsEmpty, give, overwriteState, type PlacementState, take } from './state/state.js';

/** Where the random streams of an engine stand. */
export type EngineRandom = readonly [ties: readonly number[], gpu: readonly number[]];

/** Pod → server, and mask of its GPUs. */
export interface PodMasks {
  readonly servers: readonly number[];
  readonly masks: readonly number[];
}

/** Options of an engine. */
export interface EngineOptions {
  readonly policy: Policy;
  /** The expected pods, for policies that need them and have none of their own. */
  readonly workload: Workload | undefined;
  /** Weight of each GPU count that later pods ask for, for `topologyAware`. */
  readonly sizes: Readonly<Record<number, number>> | undefined;
  /** Seed of random choices, for policies that have none of their own. */
  readonly seed: number;
}

/** Distinct gangs whose fit in the empty cluster is remembered. */
const REMEMBERED_MAX = 4096;

/** The finder of `topologyAware`: counters and sets of servers, no scores. */
interface ByTopology {
  readonly index: FreeIndex;
  readonly pods: PodSearch;
  /** For pods whose GPUs do not communicate. */
  readonly packed: PackedSearch;
  readonly gangs: GangSearch;
}

/** The finder of a policy of scores. */
interface ByScore {
  readonly finder: ScoreFinder;
  readonly gangs: ScoredGangs;
}

/**
 * Placement in integers: the state, and the finder of the policy. Ids, results and errors are made by the solver around it.
 *
 * How a decision is made:
 * 1. A preferred place is tried first, as a need of its own. The rest is done again without it only if that fails.
 * 2. One pod is found by the policy's finder: `topologyAware` reads sets of servers (pods/pod-search, pods/packed-search), a policy
 *    of scores asks a tournament of scores (scores/score-finder).
 * 3. A gang is found by the finder's search for gangs (gangs/gang-search, scores/scored-gangs).
 * 4. Nothing is taken yet. `take` and `takeAll` change the state, and tell the finder of each change.
 */
export class PlacementEngine {
  readonly tables: ClusterTables;
  readonly state: PlacementState;
  /** The finder of the policy: one of these two, the other is undefined. */
  readonly byTopology: ByTopology | undefined;
  readonly byScore: ByScore | undefined;
  /** Server of the last {@link decide} that found one. */
  server = -1;
  /** Bit mask of the GPU ordinals of the last {@link decide} that found a server. */
  gpuMask = 0;
  /** Bandwidth of these GPUs, GB/s per GPU and direction; null below two, and for shares. */
  bandwidthGBps: number | null = null;
  /** Gang → whether the empty cluster would hold it. */
  readonly #fitsEmpty = new Map<string, boolean>();
  #emptyState: PlacementState | undefined;
  readonly #ties: RandomStream;
  readonly #gpu: RandomStream;
  readonly #drawsNumbers: boolean;
  /** Whether the policy draws among servers with one score. */
  readonly drawsTies: boolean;

  /** @throws CorralError `invalid-option` for a wrong policy, sizes or seed */
  constructor(tables: ClusterTables, options: EngineOptions) {
    this.tables = tables;
    const {
      scorer,
      ties,
      seed = options.seed,
    } = preparePolicy(
      options.policy,
      Object.freeze({
        gpuModels: Object.freeze([...tables.gpuModels]),
        cpuMilliMax: tables.shapeCpuMilli.reduce(
          (max, cpu) => (Number.isFinite(cpu) ? Math.max(max, cpu) : max),
          0,
        ),
        gpuMilliMax: tables.shapeGpus.reduce((max, gpus) => Math.max(max, gpus), 0) * GPU_MILLI,
        workload: options.workload,
      }),
    );
    this.#ties = randomStream(seed, 'ties');
    this.#gpu = randomStream(seed, 'gpu');
    this.drawsTies = ties === 'random';
    this.#drawsNumbers = this.drawsTies || (scorer.by === 'server' && scorer.shareGpu === 'random');
    this.state = emptyState(tables, { residents: scorer.by === 'server' });
    if (scorer.by === 'topology') {
      const index = new FreeIndex(tables, this.state, scorer.sizes ?? options.sizes);
      const gangs = new GangSearch(index, this);
      this.byTopology = { index, pods: new PodSearch(index), packed: new PackedSearch(index), gangs };
      this.byScore = undefined;
    } else {
      const finder = new ScoreFinder(tables, this.state, scorer, { countTies: this.drawsTies });
      this.byTopology = undefined;
      this.byScore = {
        finder,
        gangs: new ScoredGangs(tables, this.state, finder, this, { ties: this.#ties, gpu: this.#gpu }),
      };
    }
  }

  /**
   * Decides where a pod goes. The answer is left in `server` and `gpuMask`. The state stays as it is; random streams advance.
   *
   * @returns whether any server fits
   */
  decide(need: PodNeed): boolean {
    return this.#drawsNumbers ? this.#undrawnIfThrown(() => this.#decide(need)) : this.#decide(need);
  }

  /** Puts the random streams back if the policy throws, so that a failed decision changes nothing. */
  #undrawnIfThrown<T>(decide: () => T): T {
    const before = this.random();
    try {
      return decide();
    } catch (error) {
      this.resetRandom(before);
      throw error;
    }
  }

  #decide(need: PodNeed): boolean {
    if (need.preferred !== undefined && this.#decide(need.preferred)) return true;
    if (this.byTopology !== undefined) {
      const { pods } = this.byTopology;
      if (!need.communicates && need.gpus > 1) return this.#decidePacked(need);
      if (!pods.find(need)) return false;
      this.server = pods.server;
      this.gpuMask = pods.gpuMask;
      this.bandwidthGBps = need.gpus < 2 ? null : pods.bandwidthGBps;
      return true;
    }
    const { finder } = this.byScore!;
    const server = finder.find(need, this.#ties);
    if (server === -1) return false;
    this.server = server;
    this.gpuMask = finder.chooseGpus(need, server, this.#gpu);
    const type = this.tables.shapeType[this.tables.shapeOf[server]!]!;
    this.bandwidthGBps = need.gpus < 2 || !need.communicates ? null : setBandwidthGBps(type, this.gpuMask);
    return true;
  }

  #decidePacked(need: PodNeed): boolean {
    const { packed } = this.byTopology!;
    if (!packed.choose(need, 0, this.tables.serverCount)) return false;
    this.server = packed.server;
    this.gpuMask = packed.gpuMask;
    this.bandwidthGBps = null;
    return true;
  }

  /** As {@link decide}, and random streams stay where they are. */
  peek(need: PodNeed): boolean {
    if (!this.#drawsNumbers) return this.decide(need);
    const before = this.random();
    const found = this.decide(need);
    this.resetRandom(before);
    return found;
  }

  /** The plan for a gang; undefined if it does not fit. Commits nothing; random streams advance. */
  plan(gang: Gang): GangPlan | undefined {
    return this.#drawsNumbers ? this.#undrawnIfThrown(() => this.#plan(gang)) : this.#plan(gang);
  }

  #plan(gang: Gang): GangPlan | undefined {
    if (gang.pods === 1) return this.#podPlan(gang.need);
    const { preferred } = gang.need;
    const plan = preferred === undefined ? undefined : this.#plan({ ...gang, need: preferred });
    if (plan !== undefined) return plan;
    return this.byTopology !== undefined ? this.byTopology.gangs.find(gang) : this.byScore!.gangs.find(gang);
  }

  /** The plan of one pod. It is in one domain of every tier, so levels do not matter. */
  #podPlan(need: PodNeed): GangPlan | undefined {
    if (!this.#decide(need)) return undefined;
    const { server, gpuMask, bandwidthGBps } = this;
    return { pods: 1, level: SERVER, bandwidthGBps, servers: [server], masks: [gpuMask], podCounts: [1] };
  }

  /** The bandwidth of pods that were not chosen by a plan, see {@link planBandwidth}. */
  bandwidthOf(need: PodNeed, pods: Pick<GangPlan, 'servers' | 'masks' | 'pods'>): number | null {
    return planBandwidth(this.tables, (kind) => this.setTablesOf(kind), need, pods);
  }

  /** As {@link plan}, and random streams stay where they are. */
  peekPlan(gang: Gang): GangPlan | undefined {
    if (!this.#drawsNumbers) return this.plan(gang);
    const before = this.random();
    const plan = this.plan(gang);
    this.resetRandom(before);
    return plan;
  }

  /**
   * Whether the fewest pods of a gang would fit if nothing were placed or cordoned. O(shapes) for a pod; O(servers) for
   * a gang, once: the answer never changes.
   */
  fitsEmptyCluster(gang: Gang): boolean {
    const { tables } = this;
    if (gang.podsMin === 1) return tables.shapeType.some((_, shape) => fitsEmpty(tables, gang.need, shape));
    const key = [gang.need.key, gang.podsMin, gang.requireLevel, gang.slicePods, gang.sliceLevel].join();
    const known = this.#fitsEmpty.get(key);
    if (known !== undefined) return known;
    const least = { ...gang, pods: gang.podsMin };
    const fits = holdsGang(tables, this.#empty(), least);
    if (this.#fitsEmpty.size >= REMEMBERED_MAX) this.#fitsEmpty.clear();
    this.#fitsEmpty.set(key, fits);
    return fits;
  }

  /** The most pods of a gang that would fit if nothing were placed or cordoned. */
  mostPodsIfEmpty(gang: Gang): number {
    return mostPodsIn(this.tables, this.#empty(), gang);
  }

  /** Which changes in the cluster would make a gang fit that does not fit now. O(servers) where servers are cordoned. */
  tryChanges(gang: Gang): FittingChanges {
    return tryChanges(this, () => this.#empty(), gang);
  }

  #empty(): PlacementState {
    this.#emptyState ??= emptyState(this.tables, { residents: false });
    return this.#emptyState;
  }

  /** The most pods of a gang that fit now, whatever its `podsMin`. */
  mostPods(gang: Gang): number {
    return (this.byTopology ?? this.byScore!).gangs.mostPods(gang);
  }

  /**
   * Refuses a call that the policy makes while it is being asked: the decision is not finished.
   *
   * Call it after everything of the caller has been read: a getter that calls the solver does no harm.
   *
   * @throws CorralError `invalid-option` while code of the policy is running
   */
  refuseReentry(): void {
    if (this.byScore?.finder.isAsking !== true) return;
    throw new CorralError(
      'invalid-option',
      ['policy'],
      'calls the solver that is asking it: score from the facts it is given, and ask another solver for anything else',
    );
  }

  /** The tables of the sets of a kind's GPUs; only for kinds with GPUs. */
  setTablesOf(kind: number): GpuSetTables {
    return this.byTopology?.index.kinds[kind]?.classes.tables ?? gpuSetTables(this.tables.kindType[kind]!);
  }

  /** Splits the GPUs of a piece of a plan among its pods: each pod gets the best set of the GPUs that are left. */
  splitGpus(need: PodNeed, server: number, mask: number, pods: number): number[] {
    if (pods === 1) return [mask];
    if (mask === 0) return new Array<number>(pods).fill(0);
    const tables = this.setTablesOf(this.tables.fabric.cellKind[this.tables.fabric.groupOf[server]!]!);
    const places = need.places?.[this.tables.shapeOf[server]!];
    const among = places === undefined ? undefined : placeSets(tables, places, need.gpus);
    const masks: number[] = [];
    let rest = mask;
    for (let pod = 0; pod < pods; pod++) {
      // Every place has a multiple of a pod's GPUs, so a pod on one place never takes the GPUs that another needs.
      const set = among === undefined ? bestSet(tables, rest, need.gpus) : among.best(rest, need.gpus);
      masks.push(set);
      rest ^= set;
    }
    return masks;
  }

  /** The pods of a plan one by one; a piece of a plan may hold several. */
  podsOf(need: PodNeed, plan: Pick<GangPlan, 'servers' | 'masks' | 'podCounts'>): PodMasks {
    const servers: number[] = [];
    const masks: number[] = [];
    for (let i = 0; i < plan.servers.length; i++) {
      const server = plan.servers[i]!;
      for (const mask of this.splitGpus(need, server, plan.masks[i]!, plan.podCounts[i]!)) {
        servers.push(server);
        masks.push(mask);
      }
    }
    return { servers, masks };
  }

  /** Gives the GPUs of `mask` on `server` to the pod. */
  take(need: PodNeed, server: number, mask: number): void {
    this.#move(take, need, server, mask);
  }

  /** Undoes {@link take} with the same arguments. */
  give(need: PodNeed, server: number, mask: number): void {
    this.#move(give, need, server, mask);
    if (need.cpuMilli > 0 || need.memoryMiB > 0) this.byTopology?.index.capacityGrew(server);
  }

  /** {@link take} for every pod of a gang. */
  takeAll(need: PodNeed, servers: readonly number[], masks: readonly number[]): void {
    this.byTopology?.index.beginBatch();
    for (let i = 0; i < servers.length; i++) this.take(need, servers[i]!, masks[i]!);
    this.byTopology?.index.endBatch();
  }

  /** Undoes {@link takeAll}. */
  giveAll(need: PodNeed, servers: readonly number[], masks: readonly number[]): void {
    this.byTopology?.index.beginBatch();
    for (let i = 0; i < servers.length; i++) this.give(need, servers[i]!, masks[i]!);
    this.byTopology?.index.endBatch();
  }

  #move(move: typeof take, need: PodNeed, server: number, mask: number): void {
    const { tables, state } = this;
    if (this.byTopology === undefined) {
      move(tables, state, need, server, mask);
      this.byScore!.finder.changed(server);
      return;
    }
    const { index } = this.byTopology;
    const before = state.freeMask[server]!;
    if (need.isPlain) {
      // The same as move(), for the common case.
      state.freeMask[server] = before ^ mask;
      index.maskChanged(server, before, before ^ mask);
      return;
    }
    if (need.gpuMilli === GPU_MILLI || mask === 0) move(tables, state, need, server, mask);
    else {
      const gpu = 31 - Math.clz32(mask);
      const freeMilli = state.sharedFreeMilli[tables.gpuStart[server]! + gpu]!;
      move(tables, state, need, server, mask);
      index.freeMilliChanged(server, gpu, freeMilli);
    }
    const after = state.freeMask[server]!;
    if (before !== after) index.maskChanged(server, before, after);
  }

  /** Sets whether a server is cordoned. */
  setCordoned(server: number, cordoned: boolean): void {
    if (this.byTopology !== undefined) {
      if (cordoned) this.byTopology.index.cordon(server);
      else this.byTopology.index.uncordon(server);
    } else {
      this.state.cordoned[server] = cordoned ? 1 : 0;
      this.byScore!.finder.changed(server);
    }
  }

  /** Overwrites the state with a copy made of it earlier. */
  overwrite(copy: PlacementState, random: EngineRandom): void {
    overwriteState(this.state, copy);
    this.byTopology?.index.rebuild();
    this.byScore?.finder.allChanged();
    this.resetRandom(random);
  }

  /** Where the random streams stand. */
  random(): EngineRandom {
    return [this.#ties.state(), this.#gpu.state()];
  }

  /** Puts the random streams back to where {@link random} found them. */
  resetRandom(random: EngineRandom): void {
    this.#ties.reset(random[0]);
    this.#gpu.reset(random[1]);
  }
}
