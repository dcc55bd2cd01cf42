import type { ClusterTables } from '../../compile/cluster-tables.js';
import { speedRanks } from '../../compile/figure-ranks.js';
import { type FreeClasses, freeClasses } from '../../compile/free-classes.js';
import { speedRankOf } from '../../compile/gpu-set-tables.js';
import { GPU_MILLI } from '../../units.js';
import { KindIndex } from './kind-index.js';
import { type PlaceSets, placeSets } from './place-sets.js';
import type { PodNeed } from './pod-need.js';
import { gpuWithFreeMilli } from './shared-gpus.js';
import { type PlacementState, podsOnPlaces, popcount16 } from './state.js';
import { WholeServers } from './whole-servers.js';

/** Servers whose free CPU and memory are bounded together. */
export const CAPACITY_BLOCK = 64;

/**
 * Finds servers by what is free on them. It keeps, per kind, the sets of servers by class of free mask and by free thousandths of
 * shared GPUs, and per domain the number of wholly free servers. Every change updates them. Cordoned servers are in no set.
 */
export class FreeIndex {
  readonly tables: ClusterTables;
  readonly state: PlacementState;
  /** Kind → its index; undefined for kinds without GPUs. */
  readonly kinds: readonly (KindIndex | undefined)[];
  readonly whole: WholeServers;
  /** Kind → its first group. Length: kinds. */
  readonly firstGroup: Int32Array;
  /**
   * Block of {@link CAPACITY_BLOCK} servers → an upper bound of the CPU, or memory, that is free on any of them. A release raises
   * it; a search that found nothing in the block lowers it.
   */
  readonly #cpuMost: Float64Array;
  readonly #memoryMost: Float64Array;
  /** Number of cordoned servers. At 0 the test for each server is skipped. */
  #cordons = 0;
  /** The need that {@link FreeIndex.kindsFor} was asked for last, and the answer: one search asks several times. */
  #kindsNeed: PodNeed | undefined;
  #kindsFound: readonly number[] = [];
  /** The group and number of wholly free servers that `whole` has not been told of yet. */
  #isBatch = false;
  #pendingGroup = -1;
  #pendingBy = 0;
  readonly #groupOf: Int32Array;
  readonly #localOf: Int32Array | undefined;
  readonly #serverAt: readonly Int32Array[] | undefined;
  /** Server → kind; absent with one kind. Length: servers. */
  readonly #kindOf: Int32Array | undefined;
  /** Kind → one of its shapes, and the cell of the whole cluster. Length: kinds. */
  readonly #shapeOfKind: Int32Array;
  readonly #rootOf: Int32Array;
  /** Kind → mask → rank of the set by bandwidth, then load, among those of all kinds; undefined without GPUs. */
  readonly #speedRank: readonly (Int32Array | undefined)[];

  /**
   * @param sizes - weight of each GPU count that pods to come ask for
   * @complexity O(servers) beside the tables of the server types
   */
  constructor(tables: ClusterTables, state: PlacementState, sizes?: Readonly<Record<number, number>>) {
    const { fabric } = tables;
    this.tables = tables;
    this.state = state;
    this.#groupOf = fabric.groupOf;
    this.#localOf = fabric.localOf;
    this.#serverAt = fabric.serverAt;
    if (fabric.kindCount > 1) this.#kindOf = fabric.groupOf.map((group) => fabric.cellKind[group]!);
    const { kindCount, cellKind, cellChildEnd, cellEnd, cellParent } = fabric;
    this.firstGroup = new Int32Array(kindCount).fill(-1);
    this.#rootOf = new Int32Array(kindCount);
    this.#shapeOfKind = new Int32Array(kindCount);
    tables.shapeKind.forEach((kind, shape) => {
      this.#shapeOfKind[kind] = shape;
    });
    const groups = new Int32Array(kindCount);
    const servers = new Int32Array(kindCount);
    for (let cell = 0; cell < fabric.cellCount; cell++) {
      const kind = cellKind[cell]!;
      if (cellParent[cell] === -1) {
        servers[kind] = cellEnd[cell]!;
        this.#rootOf[kind] = cell;
      }
      if (cellChildEnd[cell]! > 0) continue;
      if (groups[kind] === 0) this.firstGroup[kind] = cell;
      groups[kind]!++;
    }
    const known = new Map<unknown, FreeClasses>();
    this.kinds = tables.kindType.map((type, kind) => {
      if (type.gpus.length === 0) return undefined;
      let classes = known.get(type);
      if (classes === undefined) {
        classes = freeClasses(type, sizes);
        known.set(type, classes);
      }
      return new KindIndex(classes, servers[kind]!, groups[kind]!);
    });
    const distinct = [...known.values()];
    const [only] = distinct;
    // The tables of one type have its ranks already.
    const ranks =
      distinct.length === 1
        ? [new Int32Array(only!.tables.order.map((_, set) => speedRankOf(only!.tables, set)))]
        : speedRanks(distinct.map(({ tables }) => tables));
    this.#speedRank = this.kinds.map((kind) => kind && ranks[distinct.indexOf(kind.classes)]);
    this.whole = new WholeServers(
      fabric,
      Int32Array.from(tables.kindType, (type) => type.gpus.length),
    );
    const blocks = Math.ceil(tables.serverCount / CAPACITY_BLOCK);
    this.#cpuMost = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY);
    this.#memoryMost = new Float64Array(blocks).fill(Number.POSITIVE_INFINITY);
    this.rebuild();
  }

  /** Whether a kind has an allowed GPU model and, on some server, the labels asked for. */
  allows(need: PodNeed, kind: number): boolean {
    if (need.allowedShapes === undefined) return true;
    // All shapes of a kind have one model, so where labels do not matter the first shape decides.
    return !need.byKind || need.allowedShapes[this.#shapeOfKind[kind]!] === 1;
  }

  /** The kinds whose servers could take a pod of whole GPUs if they were empty, by GPU count, model and labels. */
  kindsFor(need: PodNeed): readonly number[] {
    if (need === this.#kindsNeed) return this.#kindsFound;
    const found: number[] = [];
    for (let kind = 0; kind < this.kinds.length; kind++) {
      const of = this.kinds[kind];
      if (of !== undefined && of.classes.gpuCount >= need.gpus && this.allows(need, kind)) found.push(kind);
    }
    this.#kindsNeed = need;
    this.#kindsFound = found;
    return found;
  }

  /** Appends the first wholly free servers of a cell, in tree order, at most so many; returns how many there were. */
  addWholeServers(cell: number, most: number, into: number[]): number {
    const { cellKind, cellStart, cellEnd } = this.tables.fabric;
    const kind = cellKind[cell]!;
    const of = this.kinds[kind]!;
    const { fullClass } = of.classes;
    const end = cellEnd[cell]!;
    let local = cellStart[cell]! - 1;
    for (let added = 0; added < most; added++) {
      local = of.nextOfClass(fullClass, local + 1);
      if (local === -1 || local >= end) return added;
      into.push(this.serverAt(kind, local));
    }
    return most;
  }

  /** The sets of a kind's GPUs that pods of a need may get; undefined where they may get any. */
  placeSetsOf(need: PodNeed, kind: number): PlaceSets | undefined {
    if (need.places === undefined) return undefined;
    const { tables } = this.kinds[kind]!.classes;
    return placeSets(tables, need.places[this.#shapeOfKind[kind]!]!, need.podGpus);
  }

  /** Pods that the free GPUs of a server hold, CPU and memory aside. */
  podsOf(need: PodNeed, kind: number, free: number): number {
    if (need.places === undefined) return Math.floor(popcount16(free) / need.gpus);
    return podsOnPlaces(need, this.#shapeOfKind[kind]!, free);
  }

  /** Rank of a set of GPUs by bandwidth, then load on links of others, among the sets of all kinds; 0 = the best. */
  speedRankOf(kind: number, set: number): number {
    return this.#speedRank[kind]![set]!;
  }

  /** The cell that holds all servers of a kind. */
  rootOf(kind: number): number {
    return this.#rootOf[kind]!;
  }

  kindOf(server: number): number {
    return this.#kindOf === undefined ? 0 : this.#kindOf[server]!;
  }

  /** Local number of a server among those of its kind. */
  localOf(server: number): number {
    return this.#localOf === undefined ? server : this.#localOf[server]!;
  }

  /** The server of a local number. */
  serverAt(kind: number, local: number): number {
    return this.#serverAt === undefined ? local : this.#serverAt[kind]![local]!;
  }

  /** Follows a change of the free mask of a server. */
  maskChanged(server: number, before: number, after: number): void {
    if (this.#cordons > 0 && this.state.cordoned[server] === 1) return;
    const index = this.kinds[this.#kindOf === undefined ? 0 : this.#kindOf[server]!]!;
    const { classOf, full } = index;
    const local = this.#localOf === undefined ? server : this.#localOf[server]!;
    const from = classOf[before]!;
    const to = classOf[after]!;
    if (from !== to) {
      index.remove(local, from);
      index.insert(local, to);
    }
    if (before === full) this.#wholeChanged(this.#groupOf[server]!, -1);
    else if (after === full) this.#wholeChanged(this.#groupOf[server]!, 1);
  }

  /** Starts a batch: changes of wholly free servers in one group are counted together. No question may be asked until it ends. */
  beginBatch(): void {
    this.#isBatch = true;
  }

  /** Ends a batch. */
  endBatch(): void {
    this.#isBatch = false;
    if (this.#pendingBy !== 0) this.whole.changed(this.#pendingGroup, this.#pendingBy);
    this.#pendingBy = 0;
  }

  #wholeChanged(group: number, by: number): void {
    if (!this.#isBatch) {
      this.whole.changed(group, by);
      return;
    }
    if (group !== this.#pendingGroup && this.#pendingBy !== 0) {
      this.whole.changed(this.#pendingGroup, this.#pendingBy);
      this.#pendingBy = 0;
    }
    this.#pendingGroup = group;
    this.#pendingBy += by;
  }

  /**
   * Follows a change of the free thousandths of a shared GPU; to be called after the state has changed.
   *
   * @param before - thousandths before, 1000 = nobody shared it
   */
  freeMilliChanged(server: number, gpu: number, before: number): void {
    const { tables, state } = this;
    const after = state.sharedFreeMilli[tables.gpuStart[server]! + gpu]!;
    if (before === after || state.cordoned[server] === 1) return;
    const index = this.kinds[this.kindOf(server)]!;
    const local = this.localOf(server);
    // Another GPU of the server may have as much free. There are no sets for 0.
    if (before !== GPU_MILLI && before !== 0 && gpuWithFreeMilli(tables, state, server, before) === -1)
      index.removeFreeMilli(local, before);
    if (after !== GPU_MILLI && after !== 0) index.addFreeMilli(local, after);
  }

  /** Follows a rise of the free CPU or memory of a server. */
  capacityGrew(server: number): void {
    const block = Math.floor(server / CAPACITY_BLOCK);
    const { cpuFreeMilli, memoryFreeMiB } = this.state;
    if (cpuFreeMilli[server]! > this.#cpuMost[block]!) this.#cpuMost[block] = cpuFreeMilli[server]!;
    if (memoryFreeMiB[server]! > this.#memoryMost[block]!) this.#memoryMost[block] = memoryFreeMiB[server]!;
  }

  /** Whether the block that starts with a server may have CPU and memory for a pod. */
  mayHaveCapacity(start: number, need: PodNeed): boolean {
    const block = start / CAPACITY_BLOCK;
    return this.#cpuMost[block]! >= need.cpuMilli && this.#memoryMost[block]! >= need.memoryMiB;
  }

  /** Lowers the bounds of the block that starts with a server to what is free there. */
  measureCapacity(start: number): void {
    const { cpuFreeMilli, memoryFreeMiB } = this.state;
    const end = Math.min(start + CAPACITY_BLOCK, this.tables.serverCount);
    let cpu = 0;
    let memory = 0;
    for (let s = start; s < end; s++) {
      if (cpuFreeMilli[s]! > cpu) cpu = cpuFreeMilli[s]!;
      if (memoryFreeMiB[s]! > memory) memory = memoryFreeMiB[s]!;
    }
    this.#cpuMost[start / CAPACITY_BLOCK] = cpu;
    this.#memoryMost[start / CAPACITY_BLOCK] = memory;
  }

  /** Takes a server out of all sets: nothing is found on it until {@link FreeIndex.uncordon}. */
  cordon(server: number): void {
    if (this.state.cordoned[server] === 1) return;
    this.state.cordoned[server] = 1;
    this.#cordons++;
    const index = this.kinds[this.kindOf(server)];
    if (index === undefined) return;
    const free = this.state.freeMask[server]!;
    const local = this.localOf(server);
    index.remove(local, index.classOf[free]!);
    if (free === index.full) this.whole.changed(this.#groupOf[server]!, -1);
    this.#eachFreeMilli(server, (milli) => index.removeFreeMilli(local, milli));
  }

  /** Undoes {@link FreeIndex.cordon}. */
  uncordon(server: number): void {
    if (this.state.cordoned[server] === 0) return;
    this.state.cordoned[server] = 0;
    this.#cordons--;
    const group = this.#groupOf[server]!;
    this.capacityGrew(server);
    this.#enter(server);
    if (this.#isWhole(server)) {
      this.whole.changed(group, 1);
    }
  }

  /** Builds all sets and counts anew from the state. O(servers). */
  rebuild(): void {
    for (const index of this.kinds) index?.clear();
    this.whole.clear();
    this.#cordons = 0;
    this.#cpuMost.fill(Number.POSITIVE_INFINITY);
    this.#memoryMost.fill(Number.POSITIVE_INFINITY);
    for (let server = 0; server < this.tables.serverCount; server++) {
      if (this.state.cordoned[server] === 1) this.#cordons++;
      else {
        this.#enter(server);
        if (this.#isWhole(server)) this.whole.enter(this.#groupOf[server]!);
      }
    }
    this.whole.rebuild();
  }

  #isWhole(server: number): boolean {
    const index = this.kinds[this.kindOf(server)];
    return index !== undefined && this.state.freeMask[server] === index.full;
  }

  /** Enters a server into the sets of its kind. */
  #enter(server: number): void {
    const index = this.kinds[this.kindOf(server)];
    if (index === undefined) return;
    const free = this.state.freeMask[server]!;
    const local = this.localOf(server);
    index.insert(local, index.classOf[free]!);
    this.#eachFreeMilli(server, (milli) => index.addFreeMilli(local, milli));
  }

  /** Visits the free thousandths of shared GPUs of a server, equal ones once. */
  #eachFreeMilli(server: number, visit: (milli: number) => void): void {
    const { gpuStart } = this.tables;
    const distinct = new Set<number>();
    for (let g = gpuStart[server]!; g < gpuStart[server + 1]!; g++) {
      const milli = this.state.sharedFreeMilli[g]!;
      if (milli < GPU_MILLI && milli > 0) distinct.add(milli);
    }
    for (const milli of distinct) visit(milli);
  }
}
