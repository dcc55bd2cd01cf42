import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { FreeIndex } from '../state/free-index.js';
import type { PodNeed } from '../state/pod-need.js';
import { type PlacementState, podsThatFit } from '../state/state.js';
import { type Gang, isCounted, SERVER } from './gang.js';

/** Counts are kept below this: more than any gang asks for. */
const COUNT_MAX = 0x3fff_ffff;

/**
 * How many pods of a gang every domain can take, level by level from the narrowest.
 *
 * Below the level of the slices pods are counted. From there up slices are: a domain takes as many full slices as its
 * parts do, and one smaller slice besides, as large as what is over in one of them. So a gang of a full slices and r
 * pods more fits if a < full, or a = full and r ≤ rest. Without slices a slice is one pod.
 */
export class GangCapacity {
  /** Domain → pods it takes (below the level of the slices), or full slices. Length: domains. */
  readonly full: Int32Array;
  /** Domain → pods of one slice that fit beside its full slices, less than a slice. Length: domains. */
  readonly rest: Int32Array;
  readonly #tables: ClusterTables;
  readonly #state: PlacementState;
  readonly #index: FreeIndex | undefined;
  #gang!: Gang;
  /** Levels filled for the gang at hand. */
  #filled = 0;

  /**
   * @param index - its counters, where one is kept
   */
  constructor(tables: ClusterTables, state: PlacementState, index: FreeIndex | undefined) {
    this.#tables = tables;
    this.#state = state;
    this.#index = index;
    const domains = tables.fabric.domainParent.length;
    this.full = new Int32Array(domains);
    this.rest = new Int32Array(domains);
  }

  /** Starts with another gang. */
  begin(gang: Gang): void {
    this.#gang = gang;
    this.#filled = 0;
  }

  /** Pods of one unit of {@link GangCapacity.full} on a level. */
  unit(level: number): number {
    return level >= this.#gang.sliceLevel ? this.#gang.slicePods : 1;
  }

  /** Whether so many pods fit in a domain of a level that is filled. */
  holds(domain: number, level: number, pods: number): boolean {
    const unit = this.unit(level);
    const slices = Math.floor(pods / unit);
    const full = this.full[domain]!;
    return slices < full || (slices === full && pods - slices * unit <= this.rest[domain]!);
  }

  /** Pods, up to those asked for, that fit in a domain of a level that is filled. */
  podsIn(domain: number, level: number): number {
    return Math.min(this.#gang.pods, this.full[domain]! * this.unit(level) + this.rest[domain]!);
  }

  /** The most pods, up to those asked for, that fit in one domain of a level. */
  mostPods(level: number): number {
    this.fill(level);
    const { levelStart } = this.#tables.fabric;
    let most = 0;
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      most = Math.max(most, this.podsIn(domain, level));
    }
    return most;
  }

  /** Makes the figures of a level, and those below it, true. O(domains), or O(servers) where counters do not do. */
  fill(level: number): void {
    while (this.#filled <= level) {
      if (this.#filled === 0) this.#fillNarrowest();
      else this.#fillFromBelow(this.#filled);
      this.#filled++;
    }
  }

  #fillNarrowest(): void {
    const { fabric } = this.#tables;
    const { full, rest } = this;
    const domains = fabric.levelStart[1]!;
    full.fill(0, 0, domains);
    rest.fill(0, 0, domains);
    if (this.#index !== undefined && fillsServers(this.#index, this.#gang.need)) {
      for (let kind = 0; kind < fabric.kindCount; kind++) this.#addWhole(this.#index, kind);
    } else {
      for (let domain = 0; domain < domains; domain++) this.#addServers(domain);
    }
    this.#toSlices(0);
  }

  /** Adds the wholly free servers of a kind. */
  #addWhole(index: FreeIndex, kind: number): void {
    const { need, slicePods, sliceLevel } = this.#gang;
    const of = index.kinds[kind];
    if (of === undefined || of.classes.gpuCount !== need.gpus || !index.allows(need, kind)) return;
    const { cellDomain } = this.#tables.fabric;
    const first = index.firstGroup[kind]!;
    // One pod per server: no full slice of several, but a smaller one.
    const full = sliceLevel === SERVER && slicePods > 1 ? 0 : 1;
    for (let group = first; group < first + of.groupCount; group++) {
      const servers = index.whole.countOf(group);
      if (servers === 0) continue;
      const domain = cellDomain[group]!;
      this.full[domain]! += full * servers;
      this.rest[domain] = Math.max(this.rest[domain]!, 1 - full);
    }
  }

  /** Adds what the servers of a domain can take, one by one. */
  #addServers(domain: number): void {
    const tables = this.#tables;
    const state = this.#state;
    const { serverStart, serverEnd } = tables.fabric;
    const { need, pods, slicePods, sliceLevel } = this.#gang;
    const inServers = sliceLevel === SERVER ? slicePods : 1;
    for (let s = serverStart[domain]!; s < serverEnd[domain]!; s++) {
      const fit = podsThatFit(tables, state, need, s, pods);
      const units = Math.floor(fit / inServers);
      // More than is asked for is as good as what is: sums stay small.
      this.full[domain] = Math.min(this.full[domain]! + units, pods);
      this.rest[domain] = Math.max(this.rest[domain]!, fit - units * inServers);
    }
  }

  #fillFromBelow(level: number): void {
    const { fabric } = this.#tables;
    const { levelStart, childStart, childEnd } = fabric;
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
    this.#toSlices(level);
  }

  /** Turns pods into slices, on their level. */
  #toSlices(level: number): void {
    const { slicePods, sliceLevel } = this.#gang;
    if (level !== sliceLevel || slicePods === 1) return;
    const { levelStart } = this.#tables.fabric;
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      const pods = this.full[domain]!;
      this.full[domain] = Math.floor(pods / slicePods);
      this.rest[domain] = pods % slicePods;
    }
  }
}

/** Whether every pod of a need fills a server, so that counts of wholly free servers say it all. */
export function fillsServers(index: FreeIndex, need: PodNeed): boolean {
  if (!isCounted(need)) return false;
  for (let kind = 0; kind < index.kinds.length; kind++) {
    const of = index.kinds[kind];
    if (of !== undefined && of.classes.gpuCount > need.gpus && index.allows(need, kind)) return false;
  }
  return true;
}
