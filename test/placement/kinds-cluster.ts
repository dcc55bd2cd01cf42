import { type ClusterTables, compileClusterTables } from '../../src/compile/cluster-tables.js';
import type { FabricTables } from '../../src/compile/fabric-tables.js';
import type { ClusterTopology, PlacementRequest } from '../../src/index.js';
import { PlacementEngine } from '../../src/placement/engine.js';
import { type Gang, gangOf, Levels } from '../../src/placement/gangs/gang.js';
import type { FreeCapacity } from '../../src/placement/request/placement.js';
import type { FreeIndex } from '../../src/placement/state/free-index.js';
import { type PodNeed, podNeed } from '../../src/placement/state/pod-need.js';
import { fits, freeMilliOf, ordinals, popcount16 } from '../../src/placement/state/state.js';
import { topologyAware } from '../../src/policies/index.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { type Dice, serverTypes } from './gangs/gang-cluster.js';

/** Tiers, widest first. */
const TIERS = ['zone', 'block', 'rack'];

/** What a generated cluster may be made of. */
export interface KindsOptions {
  /** Default 1. */
  readonly serversMin?: number;
  readonly serversMax: number;
  readonly tiersMax: number;
  /** Positions in `serverTypes` to choose from; default: all. */
  readonly types?: readonly number[];
  /** Whether some servers limit CPU and memory and bear labels; default false. */
  readonly limits?: boolean;
}

/** A cluster of up to four kinds of servers, in a tree of domains listed in any order, two thirds with uplinks. */
export function kindsCluster(dice: Dice, options: KindsOptions): ClusterTopology {
  const { serversMin = 1, serversMax, tiersMax, limits = false } = options;
  const tiers = TIERS.slice(TIERS.length - dice.below(tiersMax + 1));
  const from = options.types ?? [...serverTypes.keys()];
  const kinds = Array.from({ length: 1 + dice.below(4) }, () => ({
    type: dice.of(from),
    gpuModel: dice.of(['A', 'B']),
  }));
  // Now and then every server has limits, so that pods without GPUs fill the cluster, too.
  const limited = limits ? dice.of([60, 100]) : 0;
  const fanOut = 1 + dice.below(4);
  const servers = Array.from({ length: serversMin + dice.below(serversMax - serversMin + 1) }, (_, i) => {
    const { type, gpuModel } = dice.of(kinds);
    const path = tiers.map(() => dice.below(fanOut));
    return {
      id: `s${i}`,
      type: String(type),
      gpuModel,
      ...(tiers.length > 0 && {
        domains: Object.fromEntries(tiers.map((tier, t) => [tier, path.slice(0, t + 1).join('-')])),
      }),
      ...(limits && dice.chance(limited) && { cpuMilli: dice.below(20) * 1000 }),
      ...(limits && dice.chance(40) && { memoryMiB: dice.below(20) * 1024 }),
      ...(limits && dice.chance(60) && { labels: { pool: dice.of(['x', 'y']) } }),
    };
  });
  const uplinks = tiers.filter(() => dice.chance(66)).map((tier) => [tier, { GBps: dice.of([1, 6, 25]) }]);
  return buildClusterTopology(
    {
      tiers,
      types: Object.fromEntries(kinds.map(({ type }) => [String(type), String(type)])),
      servers,
      uplinks: Object.fromEntries(uplinks) as object,
    },
    (name) => serverTypes[Number(name)]!,
  );
}

/**
 * The servers as the tree lists them: domain by domain in the order in which the document first names them. Position
 * in the tree → position in the document.
 */
export function treeOrderOf(cluster: ClusterTopology): number[] {
  const list = (servers: readonly number[], tier: number): number[] => {
    if (tier === cluster.tiers.length) return [...servers];
    const byDomain = new Map<number, number[]>();
    for (const server of servers) {
      const domain = cluster.servers[server]!.domains[tier]!;
      byDomain.set(domain, [...(byDomain.get(domain) ?? []), server]);
    }
    return [...byDomain.values()].flatMap((inside) => list(inside, tier + 1));
  };
  return list([...cluster.servers.keys()], 0);
}

/** A pod that any cluster might hold: whole GPUs, a share or none; CPU, memory, models and labels now and then. */
export function anyPod(dice: Dice, options: { readonly limits: boolean }): PlacementRequest {
  const roll = dice.below(100);
  return {
    ...(roll < 65 && { gpus: 1 + dice.below(4) }),
    ...(roll >= 65 && roll < 85 && { gpuMilli: dice.of([100, 250, 333, 500, 700, 1000]) }),
    ...(options.limits &&
      dice.chance(25) && { cpuMilli: dice.of([dice.below(9) * 500, dice.below(20) * 1000]) }),
    ...(options.limits && dice.chance(15) && { memoryMiB: dice.below(9) * 512 }),
    ...(options.limits && dice.chance(15) && { labels: { pool: dice.of(['x', 'y', 'z']) } }),
    ...(dice.chance(15) && { gpuModels: dice.of([['A'], ['B'], ['A', 'B'], ['C']]) }),
  };
}

/** A gang of such pods, most of them without rules. */
export function gangRequest(
  dice: Dice,
  levels: readonly string[],
  options: { readonly limits: boolean; readonly podsMax?: number },
): PlacementRequest {
  const pods = 2 + dice.below(options.podsMax ?? 12);
  const slicePods = dice.of([1, 2, 2, 3, 4, 1 + dice.below(pods + 1)]);
  return {
    ...anyPod(dice, options),
    pods,
    ...(dice.chance(25) && { podsMin: 1 + dice.below(pods) }),
    ...(dice.chance(25) && { require: dice.of(levels) }),
    ...(dice.chance(15) && { prefer: dice.of(levels) }),
    ...(dice.chance(40) && { slice: { pods: slicePods, tier: dice.of(levels) } }),
  };
}

/** A gang of such pods, in integers, and its request. */
export function anyGang(
  dice: Dice,
  tables: ClusterTables,
  levels: Levels,
  options: { readonly limits: boolean; readonly podsMax?: number },
): { readonly gang: Gang; readonly request: PlacementRequest } {
  const names = Array.from({ length: levels.last + 2 }, (_, i) => levels.nameOf(i - 1));
  const request = gangRequest(dice, names, options);
  return { request, gang: gangOf(request, podNeed(request, tables), levels) };
}

/** All sets of so many GPUs of a free mask. */
export function someGpus(free: number, count: number): number[] {
  const sets: number[] = [];
  for (let set = free; ; set = (set - 1) & free) {
    if (popcount16(set) === count) sets.push(set);
    if (set === 0) return sets;
  }
}

/** The narrowest level of which one domain holds all servers; -1 for one server. */
export function lowestLevelOf(fabric: FabricTables, servers: readonly number[]): number {
  if (new Set(servers).size === 1) return -1;
  let domains = servers.map((server) => fabric.cellDomain[fabric.groupOf[server]!]!);
  for (let level = 0; ; level++) {
    if (new Set(domains).size === 1) return level;
    domains = domains.map((domain) => fabric.domainParent[domain]!);
  }
}

/** The domains of a level. */
export function domainsOf(fabric: FabricTables, level: number): number[] {
  const start = fabric.levelStart[level]!;
  return Array.from({ length: fabric.levelStart[level + 1]! - start }, (_, i) => start + i);
}

/** An engine whose pods lie anywhere, on any GPUs that are free: states no policy would get into. */
export class Disorder {
  readonly cluster: ClusterTopology;
  readonly tables: ClusterTables;
  readonly engine: PlacementEngine;
  readonly index: FreeIndex;
  readonly levels: Levels;
  readonly #dice: Dice;
  readonly #limits: boolean;
  readonly #live: { readonly need: PodNeed; readonly server: number; readonly mask: number }[] = [];

  constructor(cluster: ClusterTopology, dice: Dice, options: { readonly limits?: boolean } = {}) {
    this.cluster = cluster;
    this.#dice = dice;
    this.#limits = options.limits ?? false;
    this.tables = compileClusterTables(cluster);
    this.engine = new PlacementEngine(this.tables, {
      policy: topologyAware(),
      workload: undefined,
      sizes: undefined,
      seed: 0,
    });
    this.index = this.engine.byTopology!.index;
    this.levels = new Levels(cluster.tiers.map(({ name }) => name));
  }

  /** Takes, gives back, cordons or uncordons, by chance. */
  step(): void {
    const dice = this.#dice;
    const roll = dice.below(100);
    const server = dice.below(this.tables.serverCount);
    if (roll < 60) {
      const need = podNeed(anyPod(dice, { limits: this.#limits }), this.tables);
      if (!fits(this.tables, this.engine.state, need, server)) return;
      const mask = this.#anyGpus(need, server);
      this.engine.take(need, server, mask);
      this.#live.push({ need, server, mask });
    } else if (roll < 90) {
      if (this.#live.length === 0) return;
      const [gone] = this.#live.splice(dice.below(this.#live.length), 1);
      this.engine.give(gone!.need, gone!.server, gone!.mask);
    } else this.engine.setCordoned(server, roll < 95);
  }

  /** A history of up to so many steps per server: few leave much free. */
  run(stepsPerServer = 4): void {
    for (let i = this.#dice.below(stepsPerServer * this.tables.serverCount + 4); i > 0; i--) this.step();
  }

  /** What is free, in the order of the document: what the judges of `corral/check` read. */
  free(): FreeCapacity {
    const { tables, engine, cluster } = this;
    const { state } = engine;
    const finite = (x: number): number | null => (Number.isFinite(x) ? x : null);
    const servers = cluster.servers.map(({ id, type }, document) => {
      const s = tables.documentIndexOf.indexOf(document);
      return {
        server: id,
        gpus: ordinals(state.freeMask[s]!),
        gpuMilli: type.gpus.map((_, gpu) => freeMilliOf(tables, state, s, gpu)),
        cpuMilli: finite(state.cpuFreeMilli[s]!),
        memoryMiB: finite(state.memoryFreeMiB[s]!),
      };
    });
    return { gpus: 0, gpuMilli: 0, servers };
  }

  /** Ids of the cordoned servers. */
  cordoned(): string[] {
    return this.cluster.servers
      .filter(
        (_, document) => this.engine.state.cordoned[this.tables.documentIndexOf.indexOf(document)] === 1,
      )
      .map(({ id }) => id);
  }

  /** Servers by the domain of a level that they lie in; -1 = each by itself. */
  slicesOf(servers: readonly number[], level: number): number[][] {
    const byDomain = new Map<number, number[]>();
    const { tiers } = this.cluster;
    for (const s of servers) {
      const { domains } = this.cluster.servers[this.tables.documentIndexOf[s]!]!;
      const domain = level === -1 ? s : (domains[tiers.length - 1 - level] ?? 0);
      byDomain.set(domain, [...(byDomain.get(domain) ?? []), s]);
    }
    return [...byDomain.values()];
  }

  /** Position in the document → server in the numbering of the tables. */
  serverAt(position: number): number {
    return this.tables.documentIndexOf.indexOf(position);
  }

  idOf(server: number): string {
    return this.cluster.servers[this.tables.documentIndexOf[server]!]!.id;
  }

  #anyGpus(need: PodNeed, server: number): number {
    if (need.gpus === 0) return 0;
    const { tables } = this;
    const { state } = this.engine;
    const able = [...tables.shapeType[tables.shapeOf[server]!]!.gpus.keys()].filter(
      (gpu) => freeMilliOf(tables, state, server, gpu) >= need.gpuMilli,
    );
    let mask = 0;
    while (popcount16(mask) < need.gpus) mask |= 1 << this.#dice.of(able);
    return mask;
  }
}
