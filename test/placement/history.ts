import { compileClusterTables } from '../../src/compile/cluster-tables.js';
import {
  type ClusterTopology,
  compile,
  type Placement,
  type PlacementRequest,
  type Snapshot,
  type Solver,
} from '../../src/index.js';
import { type EngineOptions, type EngineRandom, PlacementEngine } from '../../src/placement/engine.js';
import { type Gang, gangOf, Levels } from '../../src/placement/gangs/gang.js';
import type { GangPlan } from '../../src/placement/gangs/gang-plan.js';
import { type PodNeed, podNeed } from '../../src/placement/state/pod-need.js';
import { ordinals } from '../../src/placement/state/state.js';
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
} from '../../src/policies/index.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { Dice, serverTypes } from './gangs/gang-cluster.js';
import { anyPod, gangRequest, kindsCluster } from './kinds-cluster.js';

/*
 * One state, one answer. A history of placements, releases, cordons and returns to snapshots is played on a solver, which
 * has its counters and sets rebuilt by every return, and on an engine, which only ever takes and gives. Now and then both
 * are asked the same, and with them the solver after a return to where it stands, and a fresh engine that was brought to
 * the same state in another order, by way of others.
 */

/** Policies of all kinds: by topology, by a score of the server, by what a pod changes; with ties drawn too. */
export const POLICIES: readonly (() => Policy)[] = [
  () => topologyAware(),
  () => topologyAware({ sizes: { 1: 1, 2: 5, 3: 0.5 } }),
  binPack,
  spread,
  random,
  dotProduct,
  gpuClustering,
  gpuPacking,
  bestFit,
  () => fgd({ workload: WORKLOAD }),
  () => fgd({ workload: WORKLOAD, exact: true }),
  () => ({ ...fgd({ workload: WORKLOAD }), name: 'fgd, ties drawn', ties: 'random' }),
];

const WORKLOAD = [
  { cpuMilli: 2000, gpus: 1, gpuMilli: 500, share: 0.5 },
  { cpuMilli: 4000, gpus: 2, gpuMilli: 1000, share: 0.3 },
  { cpuMilli: 1000, gpus: 0, gpuMilli: 0, share: 0.2 },
];

/** Racks of any number of servers of few kinds, now and then in blocks: equal damages are added up in many ways. */
function unequalRacks(dice: Dice): ClusterTopology {
  const types = Array.from({ length: 1 + dice.below(2) }, () => dice.below(serverTypes.length));
  const hasBlocks = dice.chance(50);
  const servers = Array.from({ length: 2 + dice.below(4) }, (_, rack) => {
    const block = dice.below(2);
    const size = dice.of([1 + dice.below(15), 3, 5, 15]);
    return Array.from({ length: size }, (_, i) => ({
      id: `${rack}.${i}`,
      type: String(dice.of(types)),
      domains: { ...(hasBlocks && { block: `b${block}` }), rack: `r${rack}` },
    }));
  }).flat();
  return buildClusterTopology(
    {
      tiers: hasBlocks ? ['block', 'rack'] : ['rack'],
      types: Object.fromEntries(types.map((type) => [String(type), String(type)])),
      servers,
    },
    (name) => serverTypes[Number(name)]!,
  );
}

/** What a live placement holds, for engines. */
interface Held {
  readonly placement: Placement;
  readonly need: PodNeed;
  readonly servers: readonly number[];
  readonly masks: readonly number[];
}

/** What the solver answers, and what the engines do. */
interface Answer {
  readonly tier: string;
  readonly bandwidthGBps: number | null;
  readonly pods: readonly { readonly server: string; readonly gpus: readonly number[] }[];
}

/** A history, and what it was worth. */
export class History {
  /** Answers compared that found a place, and rankings whose first was compared. */
  placed = 0;
  ranked = 0;
  readonly #dice: Dice;
  readonly #cluster: ClusterTopology;
  readonly #options: EngineOptions;
  readonly #solver: Solver;
  readonly #engine: PlacementEngine;
  readonly #levels: Levels;
  readonly #ids: readonly string[];
  #live: Held[] = [];
  readonly #cordoned = new Set<number>();
  #saved:
    | { snapshot: Snapshot; live: readonly Held[]; cordoned: readonly number[]; random: EngineRandom }
    | undefined;

  constructor(seed: number) {
    const dice = new Dice(seed);
    this.#dice = dice;
    this.#cluster = dice.chance(50)
      ? unequalRacks(dice)
      : kindsCluster(dice, { serversMax: 24, tiersMax: 3, limits: true });
    const policy = dice.chance(40) ? POLICIES[0]!() : dice.of(POLICIES)();
    const tables = compileClusterTables(this.#cluster);
    this.#options = { policy, workload: undefined, sizes: undefined, seed };
    this.#solver = compile(this.#cluster, { policy, seed });
    this.#engine = new PlacementEngine(tables, this.#options);
    this.#levels = new Levels(this.#cluster.tiers.map(({ name }) => name));
    this.#ids = Array.from(tables.documentIndexOf, (i) => this.#cluster.servers[i]!.id);
  }

  /** One step, by chance; every so often with a look at what is answered. */
  step(): void {
    const dice = this.#dice;
    const roll = dice.below(100);
    if (roll < 50) this.#place(this.#anyRequest());
    else if (roll < 80) this.#release();
    else if (roll < 94) this.#cordon(dice.below(this.#ids.length), dice.chance(50));
    else if (roll < 97) this.#save();
    else this.#restore();
    if (dice.below(12) === 0) this.compare();
  }

  #anyRequest(): PlacementRequest {
    const dice = this.#dice;
    const place = dice.of([
      {},
      {},
      {},
      { communicates: false },
      { requirePerPod: 'socket' },
      { prefer: 'socket' },
    ] as const);
    if (dice.chance(60)) return { ...anyPod(dice, { limits: true }), ...place };
    const tiers = ['server', ...this.#cluster.tiers.map(({ name }) => name), 'cluster'];
    const { prefer, ...gang } = gangRequest(dice, tiers, { limits: true, podsMax: 5 });
    return { ...gang, ...('prefer' in place ? prefer !== undefined && { prefer } : place) };
  }

  #gang(request: PlacementRequest, { tables }: PlacementEngine): Gang {
    return gangOf(request, podNeed(request, tables), this.#levels);
  }

  #place(request: PlacementRequest): void {
    const found = this.#solver.place(request);
    const { need, servers, masks, answer } = this.#decide(request, this.#engine);
    expectSame(found.ok ? answered(found.placement) : undefined, answer, request);
    if (!found.ok) return;
    this.#engine.takeAll(need, servers, masks);
    this.#live.push({ placement: found.placement, need, servers, masks });
  }

  #release(): void {
    if (this.#live.length === 0) return;
    const [gone] = this.#live.splice(this.#dice.below(this.#live.length), 1);
    this.#solver.release(
      this.#dice.chance(20) ? JSON.parse(JSON.stringify(gone!.placement)) : gone!.placement,
    );
    this.#engine.giveAll(gone!.need, gone!.servers, gone!.masks);
  }

  #cordon(server: number, cordoned: boolean): void {
    this.#solver[cordoned ? 'cordon' : 'uncordon'](this.#ids[server]!);
    this.#engine.setCordoned(server, cordoned);
    this.#cordoned[cordoned ? 'add' : 'delete'](server);
  }

  #save(): void {
    this.#saved = {
      snapshot: this.#solver.snapshot(),
      live: [...this.#live],
      cordoned: [...this.#cordoned],
      random: this.#engine.random(),
    };
  }

  /** The solver returns, the engine gives and takes what is between. */
  #restore(): void {
    const saved = this.#saved;
    if (saved === undefined) return;
    this.#solver.restore(saved.snapshot);
    for (const held of this.#live) {
      if (!saved.live.includes(held)) this.#engine.giveAll(held.need, held.servers, held.masks);
    }
    for (const held of saved.live) {
      if (!this.#live.includes(held)) this.#engine.takeAll(held.need, held.servers, held.masks);
    }
    for (const server of this.#ids.keys()) {
      this.#engine.setCordoned(server, saved.cordoned.includes(server));
      this.#cordoned[saved.cordoned.includes(server) ? 'add' : 'delete'](server);
    }
    this.#engine.resetRandom(saved.random);
    this.#live = [...saved.live];
  }

  /** Asks all, before and after, the same. */
  compare(): void {
    const requests = Array.from({ length: 3 }, () => this.#anyRequest());
    const fresh = this.#fresh();
    const before = requests.map((request) => this.#found(request));
    const order = requests.map((request) => this.#ranked(request));
    this.#solver.restore(this.#solver.snapshot());
    requests.forEach((request, i) => {
      expectSame(before[i], this.#found(request), request);
      expectSame(order[i], this.#ranked(request), request);
      for (const engine of [this.#engine, fresh]) {
        const random = engine.random();
        expectSame(before[i], this.#decide(request, engine).answer, request);
        engine.resetRandom(random);
      }
      if (before[i] !== undefined) this.placed++;
      if (order[i] === undefined) return;
      expectSame(before[i]?.pods[0]?.server, order[i]![0]?.server, request);
      this.ranked++;
    });
  }

  #found(request: PlacementRequest): Answer | undefined {
    const found = this.#solver.find(request);
    return found.ok ? answered(found.placement) : undefined;
  }

  #ranked(request: PlacementRequest): { server: string; score: number }[] | undefined {
    return (request.pods ?? 1) > 1 ? undefined : this.#solver.rank(request);
  }

  /** What an engine would do; random streams advance. */
  #decide(
    request: PlacementRequest,
    engine: PlacementEngine,
  ): { need: PodNeed; servers: readonly number[]; masks: readonly number[]; answer: Answer | undefined } {
    const gang = this.#gang(request, engine);
    const { need } = gang;
    const plan = engine.plan(gang);
    if (plan === undefined) return { need, servers: [], masks: [], answer: undefined };
    const servers = plan.servers.flatMap((server, i) => new Array<number>(plan.podCounts[i]!).fill(server));
    const masks = this.#masks(engine, need, plan);
    const pods = servers.map((server, i) => ({ server: this.#ids[server]!, gpus: ordinals(masks[i]!) }));
    const answer = {
      tier: this.#levels.nameOf(plan.level),
      bandwidthGBps: plan.bandwidthGBps,
      pods,
    };
    return { need, servers, masks, answer };
  }

  #masks(engine: PlacementEngine, need: PodNeed, plan: GangPlan): number[] {
    return plan.servers.flatMap((server, i) =>
      engine.splitGpus(need, server, plan.masks[i]!, plan.podCounts[i]!),
    );
  }

  /** A new engine in the present state: the live placements in any order, others that came and went, and cordons. */
  #fresh(): PlacementEngine {
    const dice = this.#dice;
    const engine = new PlacementEngine(this.#engine.tables, this.#options);
    const shuffled = (held: readonly Held[]): Held[] => {
      const list = [...held];
      for (let i = list.length - 1; i > 0; i--) {
        const j = dice.below(i + 1);
        [list[i], list[j]] = [list[j]!, list[i]!];
      }
      return list;
    };
    for (const server of this.#cordoned) if (dice.chance(50)) engine.setCordoned(server, true);
    for (const { need, servers, masks } of shuffled(this.#live)) engine.takeAll(need, servers, masks);
    for (const { need, servers, masks } of shuffled(this.#live)) {
      if (dice.chance(50)) continue;
      engine.giveAll(need, servers, masks);
      // Asking in between must leave no trace.
      if (dice.chance(20)) engine.peekPlan(this.#gang(this.#anyRequest(), engine));
      engine.takeAll(need, servers, masks);
    }
    for (const server of this.#ids.keys()) engine.setCordoned(server, this.#cordoned.has(server));
    engine.resetRandom(this.#engine.random());
    return engine;
  }

  /** What this is about, for a message. */
  get about(): string {
    return `${this.#options.policy.name}, ${this.#ids.length} servers`;
  }
}

function answered({ tier, bandwidthGBps, pods }: Placement): Answer {
  return { tier, bandwidthGBps, pods: pods.map(({ server, gpus }) => ({ server, gpus: [...gpus] })) };
}

function expectSame(one: unknown, other: unknown, request: PlacementRequest): void {
  const [a, b] = [JSON.stringify(one), JSON.stringify(other)];
  if (a !== b) throw new Error(`one state, two answers to ${JSON.stringify(request)}: ${a} and ${b}`);
}

/**
 * Plays histories until so many steps are done, each with a seed of its own.
 *
 * @param firstSeed - of the first history; the next one has the next
 * @returns what was compared
 */
export function playHistories(
  firstSeed: number,
  steps: number,
  stepsEach = 60,
): { readonly placed: number; readonly ranked: number; readonly histories: number } {
  let placed = 0;
  let ranked = 0;
  let histories = 0;
  for (let done = 0; done < steps; done += stepsEach) {
    const seed = firstSeed + histories++;
    const history = new History(seed);
    for (let step = 0; step < stepsEach; step++) {
      try {
        history.step();
      } catch (error) {
        throw new Error(`seed ${seed}, step ${step} (${history.about})`, { cause: error });
      }
    }
    placed += history.placed;
    ranked += history.ranked;
  }
  return { placed, ranked, histories };
}
