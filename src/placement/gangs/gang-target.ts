import { atLeast } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { type SetChoices, setChoices } from '../state/gpu-set-choices.js';
import { podsThatFit, popcount16 } from '../state/state.js';
import type { Gang } from './gang.js';

/** Servers that look alike to a gang. */
export interface ServerPattern {
  readonly kind: number;
  /** Their wholly free GPUs. */
  readonly free: number;
  /** True for servers inside an accelerator fabric. */
  readonly isInside: boolean;
}

/**
 * A bandwidth that a gang is to reach, and which numbers of pods each server and domain may take for that.
 *
 * A gang of n GPUs reaches b GB/s if every island reaches b among its own g GPUs and b · max(g, n − g) / (n − 1) to its
 * NICs, and every domain around islands that holds g of them, some but not all, the latter through its uplink. An island is an accelerator
 * fabric (a domain), or a server that lies in none. This is the bound of `gangBandwidth`, solved for the numbers of pods.
 */
export class GangTarget {
  readonly gang: Gang;
  /** GPUs of the whole gang. */
  readonly gpus: number;
  /** The level of the accelerator fabrics that servers for the gang lie in; -1 where none does. */
  readonly islandLevel: number;
  /** True where servers for the gang lie inside and outside accelerator fabrics, or in fabrics of unequal bandwidth. */
  readonly isMixed: boolean;
  /** The bandwidth to reach, GB/s per GPU and direction. */
  bandwidthGBps = 0;
  readonly #index: FreeIndex;
  /** The highest bandwidth of the accelerator fabrics that servers for the gang lie in, GB/s per GPU. */
  readonly #islandMostGBps: number;
  /** True where the gang's domain is wider than an accelerator fabric, so that traffic leaves them. */
  readonly #leavesIslands: boolean;
  /** Level → the least uplink of the domains around servers for the gang, GB/s; those inside a fabric aside. Length: levels. */
  readonly #uplinkLeastGBps: Float64Array;
  /** Kind → free mask → bit p set where p pods reach the target; -1 = not computed yet. */
  readonly #allowed: (Int32Array | undefined)[];
  /** Kind, pods, inside a fabric or not, and free mask, as one number → the result of {@link GangTarget.maskOn}. */
  readonly #masks = new Map<number, number>();

  /**
   * @param level - the level of the domain that holds the gang
   */
  constructor(index: FreeIndex, gang: Gang, pods: number, level: number) {
    const { acceleratorLevel, islandLeastGBps, islandMostGBps, levelCount, uplinkLeastGBps } =
      index.tables.fabric;
    this.#index = index;
    this.gang = gang;
    this.gpus = pods * gang.need.gpus;
    this.#uplinkLeastGBps = new Float64Array(levelCount).fill(Number.POSITIVE_INFINITY);
    let least = Number.POSITIVE_INFINITY;
    let most = 0;
    for (const kind of index.kindsFor(gang.need)) {
      least = Math.min(least, islandLeastGBps[kind]!);
      most = Math.max(most, islandMostGBps[kind]!);
      for (let at = 0; at < levelCount; at++) {
        const uplink = uplinkLeastGBps[kind * levelCount + at]!;
        if (uplink < this.#uplinkLeastGBps[at]!) this.#uplinkLeastGBps[at] = uplink;
      }
    }
    this.islandLevel = most > 0 ? acceleratorLevel : -1;
    this.isMixed = most > 0 && least < most;
    this.#islandMostGBps = most;
    this.#leavesIslands = level > acceleratorLevel;
    this.#allowed = index.kinds.map(() => undefined);
  }

  /** The accelerator fabric (a domain) that a server lies in; -1 for none. */
  islandOf(server: number): number {
    const { cellDomain, groupOf, islandOf } = this.#index.tables.fabric;
    return islandOf[cellDomain[groupOf[server]!]!]!;
  }

  /** True where a server lies in an accelerator fabric. */
  isInside(server: number): boolean {
    return this.islandLevel >= 0 && this.islandOf(server) !== -1;
  }

  /** The sets of GPUs that the gang may get on servers of a kind. */
  choicesOf(kind: number): SetChoices {
    const { need } = this.gang;
    return setChoices(this.#index.kinds[kind]!.classes.tables, this.#index.placeSetsOf(need, kind));
  }

  /** Sets another bandwidth to reach, GB/s. */
  aim(bandwidthGBps: number): void {
    this.bandwidthGBps = bandwidthGBps;
    this.#masks.clear();
    this.#allowed.fill(undefined);
  }

  /** What so many GPUs of the gang must send to, and receive from, all others to reach the target, GB/s. */
  crossing(gpus: number): number {
    return gpus === 0 || gpus === this.gpus
      ? 0
      : (this.bandwidthGBps * Math.max(gpus, this.gpus - gpus)) / (this.gpus - 1);
  }

  /** Whether the uplink of a domain carries the traffic of so many of the gang's GPUs; inside a fabric no uplink is used. */
  uplinkAllows(domain: number, gpus: number): boolean {
    const { islandOf, uplinkGBps } = this.#index.tables.fabric;
    const island = islandOf[domain]!;
    return (island !== -1 && island !== domain) || atLeast(uplinkGBps[domain]!, this.crossing(gpus));
  }

  /** {@link GangTarget.uplinkAllows} for every domain of a level that has servers for the gang. */
  everyUplinkAllows(level: number, gpus: number): boolean {
    return atLeast(this.#uplinkLeastGBps[level]!, this.crossing(gpus));
  }

  /** Whether the bandwidth of an accelerator fabric reaches the target. */
  islandAllows(island: number): boolean {
    return atLeast(this.#index.tables.fabric.acceleratorGBps[island]!, this.bandwidthGBps);
  }

  /** The numbers of pods that a server may take: bit p for p pods; bit 0 is always set. */
  allowedOn(server: number): number {
    const { tables, state } = this.#index;
    const { need, pods } = this.gang;
    const most = podsThatFit(tables, state, need, server, pods);
    if (most === 0) return 1;
    const upToMost = 2 ** (most + 1) - 1;
    // Inside a fabric GPUs talk over the fabric: the NICs of one server need not reach the target.
    if (this.isInside(server)) return upToMost;
    return this.allowedFor(this.#index.kindOf(server), state.freeMask[server]!) & upToMost;
  }

  /** As {@link GangTarget.allowedOn} for a server of a kind with a free mask outside accelerator fabrics, CPU and memory aside. */
  allowedFor(kind: number, free: number): number {
    let known = this.#allowed[kind];
    if (known === undefined) {
      known = new Int32Array(2 ** this.#index.kinds[kind]!.classes.gpuCount).fill(-1);
      this.#allowed[kind] = known;
    }
    const before = known[free]!;
    if (before !== -1) return before;
    const { need } = this.gang;
    const choices = this.choicesOf(kind);
    let bits = 1;
    for (let pods = 1; pods * need.gpus <= popcount16(free); pods++) {
      const gpus = pods * need.gpus;
      if (choices.reaches(free, gpus, this.bandwidthGBps, this.crossing(gpus))) bits |= 1 << pods;
    }
    known[free] = bits;
    return bits;
  }

  /** The GPUs of a server that so many pods get. O(2^free) once for each kind and free mask. */
  maskOn(server: number, pods: number): number {
    const free = this.#index.state.freeMask[server]!;
    const kind = this.#index.kindOf(server);
    const isInside = this.isInside(server);
    const key = ((kind * 17 + pods) * 2 + Number(isInside)) * 2 ** 16 + free;
    let mask = this.#masks.get(key);
    if (mask === undefined) {
      mask = this.#bestOf(kind, free, pods * this.gang.need.gpus, isInside);
      this.#masks.set(key, mask);
    }
    return mask;
  }

  #bestOf(kind: number, free: number, gpus: number, isInside: boolean): number {
    const choices = this.choicesOf(kind);
    if (!isInside) return choices.best(free, gpus, this.bandwidthGBps, this.crossing(gpus));
    const wantsNics = this.#leavesIslands && this.bandwidthGBps > 0;
    return choices.best(free, gpus, 0, wantsNics ? choices.mostNic(free, gpus) : 0);
  }

  /**
   * True where the fabrics alone bound the bandwidth: all servers are inside one, and no GPU can be alone in its island
   * and so not use the fabric.
   */
  get isBoundByIslands(): boolean {
    return this.islandLevel >= 0 && !this.isMixed && this.gang.need.gpus > 1;
  }

  /**
   * A bandwidth that no placement of the gang exceeds: the most that one island reaches by itself.
   *
   * @param patterns - of all servers that may take part; not read where {@link GangTarget.isBoundByIslands}
   * @returns GB/s per GPU and direction
   */
  upperBound(patterns: readonly ServerPattern[]): number {
    const { need } = this.gang;
    let most = this.#islandMostGBps;
    if (this.isBoundByIslands) return most;
    for (const { kind, free, isInside } of patterns) {
      const choices = this.choicesOf(kind);
      if (isInside) {
        if (need.gpus === 1) most = Math.max(most, choices.mostNic(free, 1));
        continue;
      }
      for (let gpus = need.gpus; gpus <= popcount16(free) && gpus < this.gpus; gpus += need.gpus) {
        const front = choices.front(free, gpus);
        const crossings = (this.gpus - 1) / Math.max(gpus, this.gpus - gpus);
        for (let i = 0; i < front.length; i += 2) {
          most = Math.max(most, Math.min(front[i]!, front[i + 1]! * crossings));
        }
      }
    }
    return most;
  }
}
