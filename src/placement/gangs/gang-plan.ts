import type { FabricTables } from '../../compile/fabric-tables.js';
import { lossGpus } from '../../compile/gpu-set-tables.js';
import { damageKey } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { unitLoad } from '../state/gpu-set-choices.js';
import { popcount16 } from '../state/state.js';
import { type Gang, SERVER } from './gang.js';

/** Where the pods of a gang go: pieces, each a server with some of its GPUs and one or more pods. */
export interface GangPlan {
  /** Pods in all. */
  readonly pods: number;
  /** The narrowest level with a domain that holds all: -1 one server, 0 the narrowest tier … */
  readonly level: number;
  /** GB/s per GPU and direction; null below two GPUs and for shares. */
  readonly bandwidthGBps: number | null;
  /** Piece → server. In the order of the pods, so that slices are consecutive. */
  readonly servers: readonly number[];
  /** Piece → GPUs of all its pods; 0 for pods without. */
  readonly masks: readonly number[];
  /** Piece → pods. */
  readonly podCounts: readonly number[];
}

/** What a plan costs others, see {@link costOf}. */
export interface PlanCost {
  /**
   * Links of others that the gang's traffic crosses, where every GPU sends 1 GB/s to each other one; times
   * bandwidth / (GPUs − 1) it is GB/s. An integer.
   */
  readonly unitLoad: number;
  /** GPU-equivalents of value lost, on servers and in tiers. */
  readonly damageGpus: number;
  readonly servers: number;
}

/**
 * Load and damage of a plan of whole GPUs over several servers.
 *
 * Load: 2 g (n − g) for every server and domain that holds g of the n GPUs, some but not all, and a GPU of somebody
 * else; plus what crosses links of others inside the servers. Inside an accelerator domain nothing is shared.
 * Damage: GPUs of the server × the loss of leftover value; and what {@link WholeServers} says of the tiers.
 *
 * @param pieces - piece → server, and its wholly free GPUs that are taken; one per server, in tree order
 * @complexity O(pieces × tiers)
 */
export function costOf(
  index: FreeIndex,
  level: number,
  pieces: Pick<GangPlan, 'servers' | 'masks'>,
): PlanCost {
  const { tables, state, whole } = index;
  const { fabric } = tables;
  const { servers, masks } = pieces;
  const { islandOf } = fabric;
  // All inside one accelerator domain: its fabric is not shared link by link.
  const shares =
    level > fabric.acceleratorLevel || islandOf[fabric.cellDomain[fabric.groupOf[servers[0]!]!]!] === -1;
  let load = 0;
  let damage = 0;
  let gpus = 0;
  for (let i = 0; i < masks.length; i++) gpus += popcount16(masks[i]!);
  /** Cells of a level that lose wholly free servers, and how many. With several kinds a cell may come twice. */
  const cells: number[] = [];
  const taken: number[] = [];
  /** Domains of a level that hold some of the gang, in tree order, and GPUs in each. */
  const domains: number[] = [];
  const held: number[] = [];
  for (let i = 0; i < servers.length; i++) {
    const server = servers[i]!;
    const mask = masks[i]!;
    const group = fabric.groupOf[server]!;
    const { full, classes } = index.kinds[index.kindOf(server)]!;
    const free = state.freeMask[server]!;
    damage += lossGpus(classes.tables, free, mask);
    if (free === full) addTo(cells, taken, group, 1);
    const count = popcount16(mask);
    addTo(domains, held, fabric.cellDomain[group]!, count);
    if (islandOf[fabric.cellDomain[group]!] !== -1) continue;
    load += unitLoad(classes.tables, mask);
    if (count < gpus && count < classes.gpuCount) load += 2 * count * (gpus - count);
  }
  for (let at = 0; at < fabric.levelCount; at++) {
    if (at < level) {
      for (let i = 0; i < domains.length; i++) {
        const domain = domains[i]!;
        const island = islandOf[domain]!;
        if (island !== -1 && island !== domain) continue;
        if (held[i]! < fabric.domainGpus[domain]!) load += 2 * held[i]! * (gpus - held[i]!);
      }
    }
    if (fabric.kindCount > 1) merge(cells, taken);
    for (let i = 0; i < cells.length; i++) damage += whole.damageInCell(cells[i]!, taken[i]!);
    climb(domains, held, fabric.domainParent);
    climb(cells, taken, fabric.cellParent);
  }
  return { unitLoad: shares ? load : 0, damageGpus: damage, servers: servers.length };
}

/** Adds to the last entry, if it is of the same place, or as a new one. */
function addTo(places: number[], counts: number[], place: number, count: number): void {
  const last = places.length - 1;
  if (places[last] === place) counts[last]! += count;
  else {
    places.push(place);
    counts.push(count);
  }
}

/** Replaces places by their parents; neighbours with one parent become one entry. */
function climb(places: number[], counts: number[], parentOf: Int32Array): void {
  let parents = 0;
  for (let i = 0; i < places.length; i++) {
    const parent = parentOf[places[i]!]!;
    const count = counts[i]!;
    if (parents > 0 && places[parents - 1] === parent) counts[parents - 1]! += count;
    else {
      places[parents] = parent;
      counts[parents] = count;
      parents++;
    }
  }
  places.length = parents;
  counts.length = parents;
}

/** Makes one entry of all that are of the same place. */
function merge(places: number[], counts: number[]): void {
  const sums = new Map<number, number>();
  for (let i = 0; i < places.length; i++) sums.set(places[i]!, (sums.get(places[i]!) ?? 0) + counts[i]!);
  places.length = 0;
  counts.length = 0;
  for (const [place, count] of sums) {
    places.push(place);
    counts.push(count);
  }
}

/** The pieces of a plan, one per server, in tree order. */
export function merged(plan: Pick<GangPlan, 'servers' | 'masks'>): {
  readonly servers: number[];
  readonly masks: number[];
} {
  const maskOf = new Map<number, number>();
  plan.servers.forEach((server, i) => {
    maskOf.set(server, (maskOf.get(server) ?? 0) | plan.masks[i]!);
  });
  const servers = [...maskOf.keys()].sort((a, b) => a - b);
  return { servers, masks: servers.map((server) => maskOf.get(server)!) };
}

/** Whether one cost is better than another: load, then damage, then servers. False for equal costs. */
export function isCheaper(a: PlanCost, b: PlanCost): boolean {
  if (a.unitLoad !== b.unitLoad) return a.unitLoad < b.unitLoad;
  const [damage, other] = [damageKey(a.damageGpus), damageKey(b.damageGpus)];
  return damage !== other ? damage < other : a.servers < b.servers;
}

/** Keeps the cheapest of what it is offered; of equal costs that of the first domain, in one domain the first offered. */
export class Cheapest<T> {
  item: T | undefined;
  #cost!: PlanCost;
  #domain = -1;

  /** Offers an item with its cost and the domain that it is in. */
  offer(item: T, cost: PlanCost, domain: number): void {
    const isBetter =
      this.item === undefined ||
      isCheaper(cost, this.#cost) ||
      (domain < this.#domain && !isCheaper(this.#cost, cost));
    if (!isBetter) return;
    this.item = item;
    this.#cost = cost;
    this.#domain = domain;
  }
}

/** Moves the pieces of the smaller slice to the end of a plan, so that slices are consecutive pods. */
export function smallerSliceLast(
  { cellDomain, groupOf, domainParent }: FabricTables,
  { slicePods, sliceLevel }: Gang,
  plan: GangPlan,
): GangPlan {
  if (plan.pods % slicePods === 0 || sliceLevel >= plan.level) return plan;
  const partOf = plan.servers.map((server) => {
    if (sliceLevel === SERVER) return server;
    let domain = cellDomain[groupOf[server]!]!;
    for (let at = 0; at < sliceLevel; at++) domain = domainParent[domain]!;
    return domain;
  });
  const podsIn = new Map<number, number>();
  partOf.forEach((part, i) => {
    podsIn.set(part, (podsIn.get(part) ?? 0) + plan.podCounts[i]!);
  });
  const isSmaller = partOf.map((part) => Number(podsIn.get(part)! % slicePods !== 0));
  const order = [...partOf.keys()].sort((a, b) => isSmaller[a]! - isSmaller[b]! || a - b);
  return {
    ...plan,
    servers: order.map((i) => plan.servers[i]!),
    masks: order.map((i) => plan.masks[i]!),
    podCounts: order.map((i) => plan.podCounts[i]!),
  };
}
