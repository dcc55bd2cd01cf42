import { CorralError } from '../errors.js';
import { acceleratorGBpsPerGpuOf, uplinkGBpsOf } from '../topology/cluster-topology.js';
import type { ClusterTier, ClusterTopology } from '../topology/types.js';

/** Most domains × kinds: a quarter of a gigabyte for each of two tables. */
const CELLS_MAX = 2 ** 26;

/**
 * The tiers of a cluster in integers. Levels count from the narrowest tier, 0, up to the last level, the whole cluster, which is
 * one domain. A server is level -1.
 *
 * Domains of all levels share one numbering, level by level, each level in tree order, so that the domains inside one
 * domain are neighbours, and so are its servers.
 *
 * A *cell* is the servers of one kind in one domain. Cells are numbered kind by kind, in each kind level by level in tree
 * order: the cells inside a cell are neighbours too. The cells of level 0 are called *groups*.
 */
export interface FabricTables {
  /** Levels, the whole cluster included: tiers + 1. */
  readonly levelCount: number;
  /** Level → its first domain, and the end of the last. Length: levels + 1. */
  readonly levelStart: Int32Array;
  /** Domain → its position in the document's tier; 0 for the whole cluster. Length: domains. */
  readonly domainIndex: Int32Array;
  /** Domain → the domain around it, -1 for the whole cluster. Length: domains. */
  readonly domainParent: Int32Array;
  /** Domain → its first domain one level down, and the end of the last; 0, 0 on level 0. Length: domains. */
  readonly childStart: Int32Array;
  readonly childEnd: Int32Array;
  /** Domain → its first server, and the end of the last. Length: domains. */
  readonly serverStart: Int32Array;
  readonly serverEnd: Int32Array;
  /** Domain → GPUs in it. Length: domains. */
  readonly domainGpus: Int32Array;
  /** Domain × kind → cell, -1 where the kind has no server there. Length: domains × kinds. */
  readonly cellAt: Int32Array;

  readonly kindCount: number;
  readonly cellCount: number;
  /** Cell → kind. Length: cells. */
  readonly cellKind: Int32Array;
  /** Cell → its domain. Length: cells. */
  readonly cellDomain: Int32Array;
  /** Cell → the cell of the same kind around it; -1 on the last level. Length: cells. */
  readonly cellParent: Int32Array;
  /** Cell → its first cell one level down, and the end of the last; 0, 0 for groups. Length: cells. */
  readonly cellChildStart: Int32Array;
  readonly cellChildEnd: Int32Array;
  /** Cell → servers of the kind, see {@link FabricTables.localOf}, from … to. Length: cells. */
  readonly cellStart: Int32Array;
  readonly cellEnd: Int32Array;
  /** Server → its group. Length: servers. */
  readonly groupOf: Int32Array;
  /** Server → its number among the servers of its kind, in tree order; absent with one kind. Length: servers. */
  readonly localOf: Int32Array | undefined;
  /** Kind → local number → server; absent with one kind. */
  readonly serverAt: readonly Int32Array[] | undefined;

  /** Domain → GB/s per direction out of it, and into it; Infinity = not limiting. Length: domains. */
  readonly uplinkGBps: Float64Array;
  /** The level of which domains are accelerator fabrics, all or some; -1 for none. */
  readonly acceleratorLevel: number;
  /** Domain → GB/s per GPU inside it, where it is an accelerator fabric; 0 = it is none. Length: domains. */
  readonly acceleratorGBps: Float64Array;
  /** Domain → the accelerator fabric that it is, or lies in; -1 = none. Length: domains. */
  readonly islandOf: Int32Array;
  /**
   * Kind → the least and the highest figure of the accelerator fabrics that its servers lie in; least 0 = some of its
   * servers are in none, most 0 = all of them. Length: kinds.
   */
  readonly islandLeastGBps: Float64Array;
  readonly islandMostGBps: Float64Array;
  /**
   * Kind × level → the least uplink of the domains with servers of the kind, those inside an accelerator fabric aside.
   * Length: kinds × levels.
   */
  readonly uplinkLeastGBps: Float64Array;
}

/** Servers in tree order: position → index in the document. O(servers + domains × tiers). */
export function treeOrder(cluster: ClusterTopology): Int32Array {
  const { tiers, servers } = cluster;
  const order = Int32Array.from({ length: servers.length }, (_, i) => i);
  if (tiers.length === 0) return order;
  const narrowest = tiers.length - 1;
  const rank = domainRanks(cluster)[narrowest]!;
  // A counting sort is stable: inside a domain servers keep the order of the document.
  const next = new Int32Array(rank.length + 1);
  for (const server of servers) next[rank[server.domains[narrowest]!]! + 1]!++;
  for (let d = 0; d < rank.length; d++) next[d + 1]! += next[d]!;
  for (let i = 0; i < servers.length; i++) order[next[rank[servers[i]!.domains[narrowest]!]!]!++] = i;
  return order;
}

/** Tier, widest first → domain → its place when the domains of the tier are read parent by parent. */
function domainRanks(cluster: ClusterTopology): Int32Array[] {
  const ranks: Int32Array[] = [];
  cluster.tiers.forEach(({ domains, parents }, t) => {
    const rank = new Int32Array(domains.length);
    if (t === 0) for (let d = 0; d < rank.length; d++) rank[d] = d;
    else {
      const parentRank = ranks[t - 1]!;
      const next = new Int32Array(parentRank.length + 1);
      for (const parent of parents) next[parentRank[parent]! + 1]!++;
      for (let d = 0; d < parentRank.length; d++) next[d + 1]! += next[d]!;
      for (let d = 0; d < parents.length; d++) rank[d] = next[parentRank[parents[d]!]!]!++;
    }
    ranks.push(rank);
  });
  return ranks;
}

/**
 * Lays out domains and cells.
 *
 * @param documentIndexOf - from {@link treeOrder}
 * @param kindOf - server (in tree order) → kind
 * @complexity O(servers × levels + domains × kinds)
 */
export function fabricTables(
  cluster: ClusterTopology,
  documentIndexOf: Int32Array,
  kindOf: Int32Array,
  kindCount: number,
): FabricTables {
  const { tiers, servers } = cluster;
  const serverCount = servers.length;
  const levelCount = tiers.length + 1;
  const ranks = domainRanks(cluster);
  const levelStart = new Int32Array(levelCount + 1);
  for (let level = 0; level < levelCount; level++) {
    const domains = level < tiers.length ? tiers[tiers.length - 1 - level]!.domains.length : 1;
    levelStart[level + 1] = levelStart[level]! + domains;
  }
  const domainCount = levelStart[levelCount]!;
  if (domainCount * kindCount > CELLS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['servers'],
      `${domainCount} domains × ${kindCount} kinds of servers, at most ${CELLS_MAX}: use fewer types and GPU models`,
    );
  }
  const domainIndex = new Int32Array(domainCount);
  const domainParent = new Int32Array(domainCount).fill(-1);
  for (let level = 0; level < tiers.length; level++) {
    const t = tiers.length - 1 - level;
    ranks[t]!.forEach((place, d) => {
      const domain = levelStart[level]! + place;
      domainIndex[domain] = d;
      domainParent[domain] = levelStart[level + 1]! + (t === 0 ? 0 : ranks[t - 1]![tiers[t]!.parents[d]!]!);
    });
  }
  const childStart = new Int32Array(domainCount);
  const childEnd = new Int32Array(domainCount);
  for (let domain = levelStart[levelCount - 1]! - 1; domain >= 0; domain--) {
    childStart[domainParent[domain]!] = domain;
    childEnd[domainParent[domain]!] ||= domain + 1;
  }
  const serverStart = new Int32Array(domainCount);
  const serverEnd = new Int32Array(domainCount);
  const domainGpus = new Int32Array(domainCount);
  const cellServers = new Int32Array(domainCount * kindCount);
  for (let s = serverCount - 1; s >= 0; s--) {
    const server = servers[documentIndexOf[s]!]!;
    for (let level = 0; level < levelCount; level++) {
      const t = tiers.length - 1 - level;
      const domain = levelStart[level]! + (t < 0 ? 0 : ranks[t]![server.domains[t]!]!);
      serverStart[domain] = s;
      serverEnd[domain] ||= s + 1;
      domainGpus[domain]! += server.type.gpus.length;
      cellServers[domain * kindCount + kindOf[s]!]!++;
    }
  }
  const cells = cellTables(
    { levelCount, levelStart, domainParent, serverStart, serverEnd },
    cellServers,
    kindOf,
    kindCount,
  );
  return {
    levelCount,
    levelStart,
    domainIndex,
    domainParent,
    childStart,
    childEnd,
    serverStart,
    serverEnd,
    domainGpus,
    ...cells,
    ...bandwidthTables(tiers, { levelCount, levelStart, domainIndex, domainParent }, cells),
  };
}

type BandwidthTables = Pick<
  FabricTables,
  | 'uplinkGBps'
  | 'acceleratorLevel'
  | 'acceleratorGBps'
  | 'islandOf'
  | 'islandLeastGBps'
  | 'islandMostGBps'
  | 'uplinkLeastGBps'
>;

/** The figures of all domains, and per kind the limits of the figures around its servers. O(domains + cells). */
function bandwidthTables(
  tiers: readonly ClusterTier[],
  domains: Pick<FabricTables, 'levelCount' | 'levelStart' | 'domainIndex' | 'domainParent'>,
  cells: Pick<FabricTables, 'kindCount' | 'cellCount' | 'cellKind' | 'cellDomain'>,
): BandwidthTables {
  const { levelCount, levelStart, domainIndex, domainParent } = domains;
  const { kindCount, cellCount, cellKind, cellDomain } = cells;
  const domainCount = domainParent.length;
  const uplinkGBps = new Float64Array(domainCount).fill(Number.POSITIVE_INFINITY);
  const acceleratorGBps = new Float64Array(domainCount);
  let acceleratorLevel = -1;
  for (let level = 0; level < tiers.length; level++) {
    const tier = tiers[tiers.length - 1 - level]!;
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      uplinkGBps[domain] = uplinkGBpsOf(tier, domainIndex[domain]!);
      const inside = acceleratorGBpsPerGpuOf(tier, domainIndex[domain]!);
      if (inside === undefined) continue;
      acceleratorGBps[domain] = inside;
      acceleratorLevel = level;
    }
  }
  const islandOf = new Int32Array(domainCount).fill(-1);
  // A domain comes after those inside it.
  for (let domain = domainCount - 1; domain >= 0; domain--) {
    const around = domainParent[domain]!;
    if (acceleratorGBps[domain]! > 0) islandOf[domain] = domain;
    else if (around !== -1) islandOf[domain] = islandOf[around]!;
  }
  const islandLeastGBps = new Float64Array(kindCount).fill(Number.POSITIVE_INFINITY);
  const islandMostGBps = new Float64Array(kindCount);
  const uplinkLeastGBps = new Float64Array(kindCount * levelCount).fill(Number.POSITIVE_INFINITY);
  const levelOf = new Int32Array(domainCount);
  for (let level = 0; level < levelCount; level++) {
    levelOf.fill(level, levelStart[level]!, levelStart[level + 1]!);
  }
  for (let cell = 0; cell < cellCount; cell++) {
    const kind = cellKind[cell]!;
    const domain = cellDomain[cell]!;
    const level = levelOf[domain]!;
    const island = islandOf[domain]!;
    if (level === 0) {
      const inside = island === -1 ? 0 : acceleratorGBps[island]!;
      islandLeastGBps[kind] = Math.min(islandLeastGBps[kind]!, inside);
      islandMostGBps[kind] = Math.max(islandMostGBps[kind]!, inside);
    }
    if (island !== -1 && island !== domain) continue;
    const at = kind * levelCount + level;
    uplinkLeastGBps[at] = Math.min(uplinkLeastGBps[at]!, uplinkGBps[domain]!);
  }
  return {
    uplinkGBps,
    acceleratorLevel,
    acceleratorGBps,
    islandOf,
    islandLeastGBps,
    islandMostGBps,
    uplinkLeastGBps,
  };
}

type CellTables = Pick<
  FabricTables,
  | 'cellAt'
  | 'kindCount'
  | 'cellCount'
  | 'cellKind'
  | 'cellDomain'
  | 'cellParent'
  | 'cellChildStart'
  | 'cellChildEnd'
  | 'cellStart'
  | 'cellEnd'
  | 'groupOf'
  | 'localOf'
  | 'serverAt'
>;

function cellTables(
  domains: Pick<FabricTables, 'levelCount' | 'levelStart' | 'domainParent' | 'serverStart' | 'serverEnd'>,
  cellServers: Int32Array,
  kindOf: Int32Array,
  kindCount: number,
): CellTables {
  const { levelCount, levelStart, domainParent } = domains;
  const domainCount = domainParent.length;
  const cellCount = cellServers.reduce((count, n) => count + (n > 0 ? 1 : 0), 0);
  const cellAt = new Int32Array(domainCount * kindCount).fill(-1);
  const cellKind = new Int32Array(cellCount);
  const cellDomain = new Int32Array(cellCount);
  const cellParent = new Int32Array(cellCount).fill(-1);
  const cellChildStart = new Int32Array(cellCount);
  const cellChildEnd = new Int32Array(cellCount);
  const cellStart = new Int32Array(cellCount);
  const cellEnd = new Int32Array(cellCount);
  let cell = 0;
  for (let kind = 0; kind < kindCount; kind++) {
    const first = cell;
    for (let level = 0; level < levelCount; level++) {
      let local = 0;
      for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
        const count = cellServers[domain * kindCount + kind]!;
        if (count === 0) continue;
        cellAt[domain * kindCount + kind] = cell;
        cellKind[cell] = kind;
        cellDomain[cell] = domain;
        cellStart[cell] = local;
        local += count;
        cellEnd[cell] = local;
        cell++;
      }
    }
    for (let c = cell - 1; c >= first; c--) {
      const around = domainParent[cellDomain[c]!]!;
      if (around === -1) continue;
      const parent = cellAt[around * kindCount + kind]!;
      cellParent[c] = parent;
      cellChildStart[parent] = c;
      cellChildEnd[parent] ||= c + 1;
    }
  }
  const serverCount = kindOf.length;
  const groupOf = new Int32Array(serverCount);
  for (let domain = levelStart[0]!; domain < levelStart[1]!; domain++) {
    for (let s = domains.serverStart[domain]!; s < domains.serverEnd[domain]!; s++) {
      groupOf[s] = cellAt[domain * kindCount + kindOf[s]!]!;
    }
  }
  let localOf: Int32Array | undefined;
  let serverAt: Int32Array[] | undefined;
  if (kindCount > 1) {
    localOf = new Int32Array(serverCount);
    const counts = new Int32Array(kindCount);
    for (let s = 0; s < serverCount; s++) localOf[s] = counts[kindOf[s]!]!++;
    serverAt = Array.from(counts, (count) => new Int32Array(count));
    for (let s = 0; s < serverCount; s++) serverAt[kindOf[s]!]![localOf[s]!] = s;
  }
  return {
    cellAt,
    kindCount,
    cellCount,
    cellKind,
    cellDomain,
    cellParent,
    cellChildStart,
    cellChildEnd,
    cellStart,
    cellEnd,
    groupOf,
    localOf,
    serverAt,
  };
}
