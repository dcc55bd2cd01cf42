import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { FabricTables } from '../../compile/fabric-tables.js';
import type { FreeIndex } from '../state/free-index.js';
import type { PodNeed } from '../state/pod-need.js';
import { type PlacementState, podsThatFit } from '../state/state.js';
import { type Gang, isCounted, SERVER } from './gang.js';
import { holdsUnits, type PartCapacity, SliceUnits } from './slice-units.js';

/** Counts are kept below this: more than any gang asks for. */
const COUNT_MAX = 0x3fff_ffff;

/**
 * How much of a gang every domain can take, level by level from the narrowest, in the units of {@link SliceUnits}.
 *
 * A domain takes as many full slices as its parts do, and beside them one smaller slice, as large as the largest that
 * one of its parts takes. So a gang of a full slices and r pods more fits if a < full, or a = full and r ≤ rest.
 */
export class GangCapacity {
  readonly tables: ClusterTables;
  /** Domain → units that it takes. Length: domains. */
  readonly full: Int32Array;
  /** Domain → pods of one smaller slice that fit beside its full slices. Length: domains. */
  readonly rest: Int32Array;
  /** The gang in question, and its units. */
  gang!: Gang;
  units!: SliceUnits;
  readonly #state: PlacementState;
  readonly #index: FreeIndex | undefined;
  /** Levels filled for the gang. */
  #filled = 0;

  /**
   * @param index - its counters are used; absent = every server is looked at
   */
  constructor(tables: ClusterTables, state: PlacementState, index: FreeIndex | undefined) {
    this.tables = tables;
    this.#state = state;
    this.#index = index;
    const domains = tables.fabric.domainParent.length;
    this.full = new Int32Array(domains);
    this.rest = new Int32Array(domains);
  }

  /** Starts with another gang. */
  begin(gang: Gang): void {
    this.gang = gang;
    this.units = new SliceUnits(gang, gang.pods);
    this.#filled = 0;
  }

  /** Whether so many pods fit in a domain of a level that is filled. */
  holds(domain: number, level: number, pods: number): boolean {
    const unit = this.units.unit(level);
    const units = Math.floor(pods / unit);
    return holdsUnits(this.full[domain]!, this.rest[domain]!, units, pods - units * unit);
  }

  /** The domains of a level that hold so many pods, in tree order. Fills the level. O(domains). */
  holding(level: number, pods: number): number[] {
    this.fill(level);
    const { full, rest } = this;
    const { levelStart } = this.tables.fabric;
    const unit = this.units.unit(level);
    const units = Math.floor(pods / unit);
    const restPods = pods - units * unit;
    const found: number[] = [];
    const end = levelStart[level + 1]!;
    for (let domain = levelStart[level]!; domain < end; domain++) {
      if (holdsUnits(full[domain]!, rest[domain]!, units, restPods)) found.push(domain);
    }
    return found;
  }

  /** Pods, up to those asked for, that fit in a domain of a level that is filled. */
  podsIn(domain: number, level: number): number {
    return Math.min(this.gang.pods, this.full[domain]! * this.units.unit(level) + this.rest[domain]!);
  }

  /** The most pods, up to those asked for, that fit in one domain of a level, or on one server. */
  mostPods(level: number): number {
    let most = 0;
    if (level === SERVER) {
      const { need, pods } = this.gang;
      for (let s = 0; s < this.tables.serverCount && most < pods; s++) {
        most = Math.max(most, podsThatFit(this.tables, this.#state, need, s, pods));
      }
      return most;
    }
    this.fill(level);
    const { levelStart } = this.tables.fabric;
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      most = Math.max(most, this.podsIn(domain, level));
    }
    return most;
  }

  /**
   * The parts of a domain that can take any of the gang, in tree order.
   *
   * @param partLevel - of the parts, below `level`; filled, or that of servers
   */
  partsOf(domain: number, level: number, partLevel: number): PartCapacity[] {
    const { fabric } = this.tables;
    const parts: PartCapacity[] = [];
    if (partLevel !== SERVER) {
      const [from, to] = domainsInside(fabric, domain, level, partLevel);
      for (let at = from; at < to; at++) {
        const full = this.full[at]!;
        const rest = this.rest[at]!;
        if (full > 0 || rest > 0) parts.push({ at, full, rest });
      }
      return parts;
    }
    const { need, pods } = this.gang;
    const unit = this.units.unit(SERVER);
    for (let s = fabric.serverStart[domain]!; s < fabric.serverEnd[domain]!; s++) {
      const fit = podsThatFit(this.tables, this.#state, need, s, pods);
      if (fit > 0) parts.push({ at: s, full: Math.floor(fit / unit), rest: fit % unit });
    }
    return parts;
  }

  /** Brings the figures of a level, and of those below it, up to date. O(domains); O(servers) where counters do not do. */
  fill(level: number): void {
    while (this.#filled <= level) {
      if (this.#filled === 0) this.#fillNarrowest();
      else this.#fillFromBelow(this.#filled);
      this.#toSlices(this.#filled);
      this.#filled++;
    }
  }

  #fillNarrowest(): void {
    const { fabric } = this.tables;
    const { full, rest } = this;
    const domains = fabric.levelStart[1]!;
    full.fill(0, 0, domains);
    rest.fill(0, 0, domains);
    const index = this.#index;
    if (index !== undefined && fillsServers(index, this.gang.need)) {
      for (const kind of index.kindsFor(this.gang.need)) this.#addWhole(index, kind);
    } else {
      for (let domain = 0; domain < domains; domain++) this.#addServers(domain);
    }
  }

  /** Adds the wholly free servers of a kind, each of which takes one pod. */
  #addWhole(index: FreeIndex, kind: number): void {
    const { cellDomain } = this.tables.fabric;
    const first = index.firstGroup[kind]!;
    // Where slices are of servers, one pod is a full slice or a smaller one.
    const full = this.units.unit(SERVER) > 1 ? 0 : 1;
    for (let group = first; group < first + index.kinds[kind]!.groupCount; group++) {
      const servers = index.whole.countOf(group);
      if (servers === 0) continue;
      const domain = cellDomain[group]!;
      this.full[domain]! += full * servers;
      this.rest[domain] = Math.max(this.rest[domain]!, 1 - full);
    }
  }

  /** Adds what the servers of a domain can take, one by one. */
  #addServers(domain: number): void {
    const { serverStart, serverEnd } = this.tables.fabric;
    const { need, pods } = this.gang;
    const unit = this.units.unit(SERVER);
    for (let s = serverStart[domain]!; s < serverEnd[domain]!; s++) {
      const fit = podsThatFit(this.tables, this.#state, need, s, pods);
      const units = Math.floor(fit / unit);
      // The gang never needs more than its pods: the cut keeps sums small.
      this.full[domain] = Math.min(this.full[domain]! + units, pods);
      this.rest[domain] = Math.max(this.rest[domain]!, fit - units * unit);
    }
  }

  #fillFromBelow(level: number): void {
    const { levelStart, childStart, childEnd } = this.tables.fabric;
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      let full = 0;
      let rest = 0;
      for (let child = childStart[domain]!; child < childEnd[domain]!; child++) {
        full += this.full[child]!;
        if (this.rest[child]! > rest) rest = this.rest[child]!;
      }
      this.full[domain] = Math.min(full, COUNT_MAX);
      this.rest[domain] = rest;
    }
  }

  /** On the level of the slices: turns pods into slices. */
  #toSlices(level: number): void {
    const { slicePods, sliceLevel } = this.gang;
    if (level !== sliceLevel || slicePods === 1) return;
    const { levelStart } = this.tables.fabric;
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      const pods = this.full[domain]!;
      this.full[domain] = Math.floor(pods / slicePods);
      this.rest[domain] = pods % slicePods;
    }
  }
}

/** Whether every pod of a need fills a server, so that a count of wholly free servers is a count of pods that fit. */
export function fillsServers(index: FreeIndex, need: PodNeed): boolean {
  return (
    isCounted(need) && index.kindsFor(need).every((kind) => index.kinds[kind]!.classes.gpuCount === need.gpus)
  );
}

/** The domains of a lower level inside a domain, from … to; they are neighbours. O(levels). */
export function domainsInside(
  { childStart, childEnd }: FabricTables,
  domain: number,
  level: number,
  lowerLevel: number,
): readonly [from: number, to: number] {
  let from = domain;
  let to = domain + 1;
  for (let at = level; at > lowerLevel; at--) {
    to = childEnd[to - 1]!;
    from = childStart[from]!;
  }
  return [from, to];
}
