import type { FabricTables } from '../../compile/fabric-tables.js';
import type { GpuSetTables } from '../../compile/gpu-set-tables.js';
import { atLeast } from '../../figures.js';
import type { FreeIndex } from '../state/free-index.js';
import { type SetChoices, setChoices } from '../state/gpu-set-choices.js';
import { podsThatFit, popcount16 } from '../state/state.js';
import type { Gang } from './gang.js';
import type { GangPlan } from './gang-plan.js';

/**
 * Which numbers of pods a server can take if the whole gang is to reach a bandwidth: the cut bound of the fabric, read
 * the other way round.
 *
 * A gang of n GPUs reaches b GB/s if every server (an island of its own) reaches b among its own g GPUs and
 * b · max(g, n − g) / (n − 1) to its NICs, and every domain that holds g of them, some but not all, the same through its
 * uplink. Servers inside an accelerator fabric are no islands: the domain that is the fabric is.
 */
export class GangTarget {
  readonly gang: Gang;
  /** GPUs of the whole gang. */
  readonly gpus: number;
  /** The level of the accelerator fabrics that servers for the gang lie in; -1 where none does. */
  readonly islandLevel: number;
  /** Whether servers for the gang lie inside and outside accelerator fabrics, or in fabrics of unequal figures. */
  readonly isMixed: boolean;
  /** The bandwidth to reach, GB/s. */
  target = 0;
  readonly #index: FreeIndex;
  /** The highest figure of the accelerator fabrics that servers for the gang lie in, GB/s per GPU. */
  readonly #islandMostGBps: number;
  /** Whether traffic leaves the accelerator fabrics that the gang touches. */
  readonly #leavesIslands: boolean;
  /** Level → the least uplink around servers for the gang, inside accelerator fabrics aside. Length: levels. */
  readonly #uplinkLeastGBps: Float64Array;
  /** Kind → free mask → bit p set where p pods can reach the target, -1 = not looked at yet. */
  readonly #allowed: (Int32Array | undefined)[];
  /** Kind, pods, whether inside an accelerator fabric, and free mask → what {@link GangTarget.maskOn} has found. */
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
    for (let kind = 0; kind < index.kinds.length; kind++) {
      const of = index.kinds[kind];
      if (of === undefined || of.classes.gpuCount < gang.need.gpus || !index.allows(gang.need, kind))
        continue;
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

  /** The accelerator fabric that a server lies in, -1 for none. */
  islandOf(server: number): number {
    const { cellDomain, groupOf, islandOf } = this.#index.tables.fabric;
    return islandOf[cellDomain[groupOf[server]!]!]!;
  }

  choicesOf(kind: number): SetChoices {
    const { need } = this.gang;
    return setChoices(this.#index.kinds[kind]!.classes.tables, this.#index.placeSetsOf(need, kind));
  }

  /** Asks for another bandwidth. */
  aim(target: number): void {
    this.target = target;
    this.#masks.clear();
    for (let kind = 0; kind < this.#allowed.length; kind++) this.#allowed[kind] = undefined;
  }

  /** What has to go out of, and into, a part with so many GPUs of the gang to reach the target, GB/s. */
  crossing(gpus: number): number {
    return gpus === 0 || gpus === this.gpus
      ? 0
      : (this.target * Math.max(gpus, this.gpus - gpus)) / (this.gpus - 1);
  }

  /** Whether a domain may hold so many GPUs of the gang, as far as its uplink goes; inside a fabric nothing passes one. */
  uplinkAllows(domain: number, gpus: number): boolean {
    const { islandOf, uplinkGBps } = this.#index.tables.fabric;
    const island = islandOf[domain]!;
    return (island !== -1 && island !== domain) || atLeast(uplinkGBps[domain]!, this.crossing(gpus));
  }

  /** Whether every domain of a level with servers for the gang may hold so many of its GPUs, see {@link uplinkAllows}. */
  everyUplinkAllows(level: number, gpus: number): boolean {
    return atLeast(this.#uplinkLeastGBps[level]!, this.crossing(gpus));
  }

  /** Whether GPUs inside an accelerator fabric reach the bandwidth aimed at among each other. */
  islandAllows(island: number): boolean {
    return atLeast(this.#index.tables.fabric.acceleratorGBps[island]!, this.target);
  }

  /** The numbers of pods a server may take, bit p for p; bit 0 is always set. */
  allowedOn(server: number): number {
    const { tables, state } = this.#index;
    const { need } = this.gang;
    if (state.cordoned[server] === 1) return 1;
    const kind = this.#index.kindOf(server);
    if (this.#index.kinds[kind] === undefined || !this.#index.allows(need, kind)) return 1;
    const free = state.freeMask[server]!;
    if (popcount16(free) < need.gpus) return 1;
    const most = 2 ** (podsThatFit(tables, state, need, server, this.gang.pods) + 1) - 1;
    // Inside an island the fabric carries what NICs do not.
    return this.islandLevel >= 0 && this.islandOf(server) !== -1 ? most : this.allowedFor(kind, free) & most;
  }

  /**
   * As {@link GangTarget.allowedOn} for any server of a kind with a free mask that is an island of its own, CPU and
   * memory aside.
   */
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
      if (choices.reaches(free, gpus, this.target, this.crossing(gpus))) bits |= 1 << pods;
    }
    known[free] = bits;
    return bits;
  }

  /** The GPUs of a server that so many pods get. O(2^free) once for each kind and free mask. */
  maskOn(server: number, pods: number): number {
    const free = this.#index.state.freeMask[server]!;
    const kind = this.#index.kindOf(server);
    const isInside = this.islandLevel >= 0 && this.islandOf(server) !== -1;
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
    if (!isInside) return choices.best(free, gpus, this.target, this.crossing(gpus));
    const wantsNics = this.#leavesIslands && this.target > 0;
    return choices.best(free, gpus, 0, wantsNics ? choices.mostNic(free, gpus) : 0);
  }

  /**
   * A bandwidth that no placement of the gang exceeds: what the best server reaches by itself, or an island.
   *
   * @param patterns - calls its argument for every kind and free mask that may take part, inside an accelerator fabric
   * and outside
   */
  upperBound(patterns: (visit: (kind: number, free: number, isInside: boolean) => void) => void): number {
    const { need } = this.gang;
    let most = this.#islandMostGBps;
    // Where all are inside, only GPUs that are alone in their islands may be faster: they never use the fabric.
    if (this.islandLevel >= 0 && !this.isMixed && need.gpus > 1) return most;
    patterns((kind, free, isInside) => {
      const choices = this.choicesOf(kind);
      if (isInside) {
        if (need.gpus === 1) most = Math.max(most, choices.mostNic(free, 1));
        return;
      }
      for (let gpus = need.gpus; gpus <= popcount16(free) && gpus < this.gpus; gpus += need.gpus) {
        const front = choices.front(free, gpus);
        const crossings = (this.gpus - 1) / Math.max(gpus, this.gpus - gpus);
        for (let i = 0; i < front.length; i += 2) {
          most = Math.max(most, Math.min(front[i]!, front[i + 1]! * crossings));
        }
      }
    });
    return most;
  }
}

/**
 * The bandwidth of a gang of whole GPUs over several servers, GB/s per GPU and direction.
 *
 * Inside one accelerator domain that of its fabric. Otherwise the least of: what every island reaches by itself, and
 * (n − 1) · c / max(g, n − g) for every island and domain around islands that holds g of the n GPUs, some but not all;
 * c is what its uplink carries, and for islands also what the chosen GPUs bring to the ports of their servers.
 *
 * Source: the cut bound of Zhao and Krishnamurthy (arXiv 2305.18461) on a tree, closed form.
 * @param level - the narrowest level with a domain that holds all
 * @param pieces - one per server, in tree order
 * @complexity O(pieces × tiers)
 */
export function gangBandwidth(
  fabric: FabricTables,
  setTablesOf: (kind: number) => GpuSetTables,
  level: number,
  pieces: Pick<GangPlan, 'servers' | 'masks'>,
): number {
  const { servers, masks } = pieces;
  const { acceleratorLevel, acceleratorGBps, islandOf, uplinkGBps } = fabric;
  if (level <= acceleratorLevel) {
    const island = islandOf[fabric.cellDomain[fabric.groupOf[servers[0]!]!]!]!;
    if (island !== -1) return acceleratorGBps[island]!;
  }
  let all = 0;
  for (let i = 0; i < masks.length; i++) all += popcount16(masks[i]!);
  let least = Number.POSITIVE_INFINITY;
  /** Domains of a level that hold some of the gang, in tree order; GPUs in each, and what they bring to NICs. */
  const domains: number[] = [];
  const gpusIn: number[] = [];
  const nicsIn: number[] = [];
  let kind = -1;
  let tables: GpuSetTables | undefined;
  for (let i = 0; i < servers.length; i++) {
    const group = fabric.groupOf[servers[i]!]!;
    const mask = masks[i]!;
    if (fabric.cellKind[group] !== kind) {
      kind = fabric.cellKind[group]!;
      tables = setTablesOf(kind);
    }
    const gpus = tables!.sizeOf[mask]!;
    const nic = tables!.nicGBps[mask]!;
    const domain = fabric.cellDomain[group]!;
    if (islandOf[domain] === -1) {
      const own = Math.min(tables!.bandwidthGBps[mask]!, (nic * (all - 1)) / Math.max(gpus, all - gpus));
      if (own < least) least = own;
    }
    const last = domains.length - 1;
    if (domains[last] === domain) {
      gpusIn[last]! += gpus;
      nicsIn[last]! += nic;
    } else {
      domains.push(domain);
      gpusIn.push(gpus);
      nicsIn.push(nic);
    }
  }
  for (let at = 0; at < level; at++) {
    let parents = 0;
    for (let i = 0; i < domains.length; i++) {
      const domain = domains[i]!;
      const gpus = gpusIn[i]!;
      const nic = nicsIn[i]!;
      const island = islandOf[domain]!;
      if (island === domain && gpus > 1) least = Math.min(least, acceleratorGBps[domain]!);
      if ((island === -1 || island === domain) && gpus < all) {
        const out = island === domain ? Math.min(uplinkGBps[domain]!, nic) : uplinkGBps[domain]!;
        least = Math.min(least, (out * (all - 1)) / Math.max(gpus, all - gpus));
      }
      // Neighbours with one parent become one entry; what is written has been read.
      const parent = fabric.domainParent[domain]!;
      if (parents > 0 && domains[parents - 1] === parent) {
        gpusIn[parents - 1]! += gpus;
        nicsIn[parents - 1]! += nic;
      } else {
        domains[parents] = parent;
        gpusIn[parents] = gpus;
        nicsIn[parents] = nic;
        parents++;
      }
    }
    domains.length = parents;
  }
  return least;
}
