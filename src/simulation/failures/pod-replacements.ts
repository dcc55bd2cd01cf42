import { bestSet, lossGpus } from '../../compile/gpu-set-tables.js';
import type { PlacementEngine } from '../../placement/engine.js';
import { type Gang, SERVER } from '../../placement/gangs/gang.js';
import type { PodChooser } from '../../placement/pods/pod-chooser.js';
import { RangeSearch } from '../../placement/pods/range-search.js';
import { placeSets } from '../../placement/state/place-sets.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { fits, podsThatFit } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';

/** One pod of a gang, in the order of its pods. */
export interface Slot {
  /** Where it is, or was. */
  readonly server: number;
  readonly mask: number;
  /** Whether its server is out of service, and it needs another one. */
  readonly isLost: boolean;
}

/**
 * Finds GPUs for the lost pods of a gang that keeps its other pods. Each lost pod goes into the narrowest domain
 * around its former server that holds it, to the server that the policy prefers there. `require` and slices are kept:
 * the lost pods of a slice stay in its domain; a slice that is lost as a whole goes into one domain, the nearest that
 * holds it.
 */
export class PodReplacements {
  readonly #engine: PlacementEngine;
  readonly #chooser: PodChooser;
  readonly #taken: { server: number; mask: number }[] = [];

  constructor(engine: PlacementEngine) {
    this.#engine = engine;
    this.#chooser = engine.byScore?.gangs ?? new WholeGpuSearch(engine);
  }

  /**
   * Finds GPUs for as many lost pods as possible; nothing is taken yet.
   *
   * @param slots - one per pod
   * @returns the same with other servers for those that are replaced
   * @complexity O(lost pods × servers)
   */
  find(gang: Gang, slots: readonly Slot[]): Slot[] {
    const found = slots.slice();
    const { slicePods } = gang;
    for (let first = 0; first < slots.length; first += slicePods) {
      const end = Math.min(slots.length, first + slicePods);
      const lost = found.slice(first, end).filter(({ isLost }) => isLost).length;
      if (lost === 0) continue;
      const isWhole = slicePods > 1 && lost === end - first;
      if (isWhole && !this.#holdsSlice(gang, slots[first]!.server, lost)) continue;
      const anchor = slots.slice(first, end).find(({ isLost }) => !isLost) ?? this.#domainOfSlice;
      for (let i = first; i < end; i++) {
        if (!found[i]!.isLost) continue;
        const near = slicePods > 1 ? anchor.server : found[i]!.server;
        const widest = slicePods > 1 ? gang.sliceLevel : gang.requireLevel;
        if (!this.#chooseNear(gang.need, near, widest)) continue;
        const { server, gpuMask: mask } = this.#chooser;
        this.#engine.take(gang.need, server, mask);
        this.#taken.push({ server, mask });
        found[i] = { server, mask, isLost: false };
      }
    }
    while (this.#taken.length > 0) {
      const { server, mask } = this.#taken.pop()!;
      this.#engine.give(gang.need, server, mask);
    }
    return found;
  }

  /** A server of the domain that {@link #holdsSlice} has found. */
  readonly #domainOfSlice = { server: -1 };

  /** Looks for a domain, near a server, that takes a whole slice. */
  #holdsSlice(gang: Gang, near: number, pods: number): boolean {
    const { tables, state } = this.#engine;
    const { sliceLevel, requireLevel, need } = gang;
    for (let level = Math.max(0, sliceLevel); level <= requireLevel; level++) {
      const [from, to] = this.#rangeAround(near, level);
      for (let server = from; server < to; ) {
        const [first, end] = this.#rangeAround(server, sliceLevel);
        let fitting = 0;
        for (let s = first; s < end && fitting < pods; s++) {
          fitting += podsThatFit(tables, state, need, s, pods - fitting);
        }
        if (fitting >= pods) {
          this.#domainOfSlice.server = first;
          return true;
        }
        server = end;
      }
    }
    return false;
  }

  #chooseNear(need: PodNeed, near: number, widest: number): boolean {
    let before = -1;
    for (let level = SERVER; level <= widest; level++) {
      const [from, to] = this.#rangeAround(near, level);
      if (to - from === before) continue;
      before = to - from;
      if (this.#choose(need, from, to)) return true;
    }
    return false;
  }

  #choose(need: PodNeed, from: number, to: number): boolean {
    if (need.preferred !== undefined && this.#chooser.choose(need.preferred, from, to)) return true;
    return this.#chooser.choose(need, from, to);
  }

  /** The servers of the domain of a level around a server. */
  #rangeAround(server: number, level: number): readonly [from: number, to: number] {
    if (level === SERVER) return [server, server + 1];
    const { cellDomain, groupOf, domainParent, serverStart, serverEnd } = this.#engine.tables.fabric;
    let domain = cellDomain[groupOf[server]!]!;
    for (let at = 0; at < level; at++) domain = domainParent[domain]!;
    return [serverStart[domain]!, serverEnd[domain]!];
  }
}

/** Chooses among a range of servers as `topologyAware` does: the fastest GPUs, then the least loss. */
class WholeGpuSearch implements PodChooser {
  server = -1;
  gpuMask = 0;
  readonly #engine: PlacementEngine;
  readonly #shares: RangeSearch;

  constructor(engine: PlacementEngine) {
    this.#engine = engine;
    this.#shares = new RangeSearch(engine.byTopology!.index);
  }

  choose(need: PodNeed, from: number, to: number): boolean {
    if (need.gpus === 0 || need.gpuMilli < GPU_MILLI) {
      const isFound = this.#shares.choose(need, from, to);
      this.server = this.#shares.server;
      this.gpuMask = this.#shares.gpuMask;
      return isFound;
    }
    const { tables, state } = this.#engine;
    const { cellKind, groupOf } = tables.fabric;
    this.server = -1;
    let fastest = 0;
    let least = 0;
    for (let server = from; server < to; server++) {
      if (!fits(tables, state, need, server)) continue;
      const sets = this.#engine.setTablesOf(cellKind[groupOf[server]!]!);
      const free = state.freeMask[server]!;
      const places = need.places?.[tables.shapeOf[server]!];
      const mask =
        places === undefined
          ? bestSet(sets, free, need.gpus)
          : placeSets(sets, places, need.podGpus).best(free, need.gpus);
      const bandwidth = sets.bandwidthGBps[mask]!;
      const loss = lossGpus(sets, free, mask);
      if (this.server !== -1 && (bandwidth < fastest || (bandwidth === fastest && loss >= least))) continue;
      this.server = server;
      this.gpuMask = mask;
      fastest = bandwidth;
      least = loss;
    }
    return this.server !== -1;
  }
}
