import { damageKey } from '../../figures.js';
import type { Allotment } from '../pods/allotment.js';
import { CpuPods } from '../pods/cpu-pods.js';
import type { FreeIndex } from '../state/free-index.js';
import { podsThatFit } from '../state/state.js';
import { type Gang, SERVER } from './gang.js';
import type { GangCapacity } from './gang-capacity.js';
import { costOf, type GangPlan, merged } from './gang-plan.js';
import { levelOfServers } from './plan-figures.js';
import type { PodPlacer, TakeAndGive } from './pod-placer.js';

/** Domains or servers whose plans are compared in full: those with the least capacity. */
const PLANS_MAX = 16;

/** A range of servers that holds the gang, or a slice of it. */
interface Range {
  readonly from: number;
  readonly to: number;
}

/** A plan and its cost for later jobs, GPU-equivalents: the damage, or the GPUs that pods without GPUs strand. */
interface CostedPlan extends GangPlan {
  readonly lostGpus: number;
}

/**
 * Plans gangs whose pods do not communicate, or have no GPUs: pod by pod, each where a single pod does least damage. Where a
 * level is required or preferred, or the gang has slices, several domains are tried, and the plan of least damage is taken.
 */
export class PackedGangs {
  readonly #index: FreeIndex;
  readonly #capacity: GangCapacity;
  readonly #placer: PodPlacer;
  readonly #cpu: CpuPods;
  readonly #hands: TakeAndGive;

  constructor(index: FreeIndex, capacity: GangCapacity, placer: PodPlacer, hands: TakeAndGive) {
    this.#index = index;
    this.#capacity = capacity;
    this.#placer = placer;
    this.#cpu = new CpuPods(index);
    this.#hands = hands;
  }

  /**
   * The plan for so many pods of a gang; undefined if they do not fit. Commits nothing.
   *
   * @complexity O(pods × servers), at most 16 times
   */
  find(gang: Gang, pods: number): GangPlan | undefined {
    const { preferLevel, requireLevel } = gang;
    const preferred = preferLevel < requireLevel ? this.atLevel(gang, preferLevel, pods) : undefined;
    return preferred ?? this.atLevel(gang, requireLevel, pods);
  }

  /** The cheapest plan in one domain of a level; undefined if no domain holds the gang. */
  atLevel(gang: Gang, level: number, pods: number): GangPlan | undefined {
    const isSliced = gang.slicePods > 1 && gang.sliceLevel < level;
    return this.#cheapest(this.#holding(gang, level, pods), ({ from, to }) =>
      isSliced ? this.#inSlices(gang, from, to, pods) : this.#inOnePart(gang, { from, to, pods }),
    );
  }

  /** The domains of a level, or servers, that hold the gang; those with the least capacity first. */
  #holding(gang: Gang, level: number, pods: number): Range[] {
    const { tables } = this.#index;
    if (level === SERVER) return this.#serversWith(gang, 0, tables.serverCount, pods);
    const { levelStart, serverStart, serverEnd } = tables.fabric;
    const capacity = this.#capacity;
    capacity.fill(level);
    const domains: number[] = [];
    for (let domain = levelStart[level]!; domain < levelStart[level + 1]!; domain++) {
      if (capacity.holds(domain, level, pods)) domains.push(domain);
    }
    domains.sort((a, b) => capacity.full[a]! - capacity.full[b]! || a - b);
    return domains.map((domain) => ({ from: serverStart[domain]!, to: serverEnd[domain]! }));
  }

  #serversWith(gang: Gang, from: number, to: number, pods: number): Range[] {
    const { tables, state } = this.#index;
    const found: (Range & { readonly capacity: number })[] = [];
    for (let s = from; s < to; s++) {
      const capacity = podsThatFit(tables, state, gang.need, s, gang.pods);
      if (capacity >= pods) found.push({ from: s, to: s + 1, capacity });
    }
    return found.sort((a, b) => a.capacity - b.capacity || a.from - b.from);
  }

  /** The domains of the slice level, inside a range of servers, that hold so many pods now. */
  #slicesWith(gang: Gang, from: number, to: number, pods: number): Range[] {
    const { tables, state } = this.#index;
    if (gang.sliceLevel === SERVER) return this.#serversWith(gang, from, to, pods);
    const { levelStart, serverStart, serverEnd } = tables.fabric;
    const found: (Range & { readonly capacity: number })[] = [];
    for (let domain = levelStart[gang.sliceLevel]!; domain < levelStart[gang.sliceLevel + 1]!; domain++) {
      if (serverStart[domain]! < from || serverEnd[domain]! > to) continue;
      let capacity = 0;
      for (let s = serverStart[domain]!; s < serverEnd[domain]!; s++) {
        capacity += podsThatFit(tables, state, gang.need, s, gang.pods);
      }
      if (capacity >= pods) found.push({ from: serverStart[domain]!, to: serverEnd[domain]!, capacity });
    }
    return found.sort((a, b) => a.capacity - b.capacity || a.from - b.from);
  }

  #cheapest(ranges: readonly Range[], planIn: (range: Range) => CostedPlan): CostedPlan | undefined {
    let best: CostedPlan | undefined;
    for (const range of ranges.slice(0, PLANS_MAX)) {
      const plan = planIn(range);
      if (best === undefined || damageKey(plan.lostGpus) < damageKey(best.lostGpus)) best = plan;
    }
    return best;
  }

  #inOnePart({ need }: Gang, allotment: Allotment): CostedPlan {
    const { fabric } = this.#index.tables;
    if (need.gpus === 0) {
      const { servers, podCounts, strandedGpus } = this.#cpu.fill(need, allotment);
      const masks = servers.map(() => 0);
      const level = levelOfServers(fabric, servers);
      const { pods } = allotment;
      return { pods, level, bandwidthGBps: null, servers, masks, podCounts, lostGpus: strandedGpus };
    }
    const plan = this.#placer.plan(need, [allotment], SERVER);
    return {
      ...plan,
      level: levelOfServers(fabric, plan.servers),
      lostGpus: damageOf(this.#index, plan),
    };
  }

  /**
   * Places slice after slice, each in the domain where it does least damage, the smaller slice last. What a domain holds beside full
   * slices does not depend on their order, so the order never makes a gang fail that fits.
   */
  #inSlices(gang: Gang, from: number, to: number, pods: number): CostedPlan {
    const { need, slicePods } = gang;
    const servers: number[] = [];
    const masks: number[] = [];
    let lostGpus = 0;
    try {
      while (servers.length < pods) {
        const some = Math.min(slicePods, pods - servers.length);
        const slice = this.#cheapest(this.#slicesWith(gang, from, to, some), (range) =>
          this.#inOnePart(gang, { ...range, pods: some }),
        );
        if (slice === undefined) throw new Error('a domain was said to hold more slices than it does');
        lostGpus += slice.lostGpus;
        slice.servers.forEach((server, i) => {
          for (let pod = 0; pod < slice.podCounts[i]!; pod++) {
            this.#hands.take(need, server, slice.masks[i]!);
            servers.push(server);
            masks.push(slice.masks[i]!);
          }
        });
      }
    } finally {
      for (let i = servers.length - 1; i >= 0; i--) this.#hands.give(need, servers[i]!, masks[i]!);
    }
    const level = levelOfServers(this.#index.tables.fabric, servers);
    return { pods, level, bandwidthGBps: null, servers, masks, podCounts: servers.map(() => 1), lostGpus };
  }
}

/** GPUs that a plan takes from later jobs; GPUs that pods share already are not counted. */
function damageOf(index: FreeIndex, plan: GangPlan): number {
  const { servers, masks } = merged(plan);
  const taken = { servers: [] as number[], masks: [] as number[] };
  servers.forEach((server, i) => {
    const mask = masks[i]! & index.state.freeMask[server]!;
    if (mask === 0) return;
    taken.servers.push(server);
    taken.masks.push(mask);
  });
  return taken.servers.length === 0 ? 0 : costOf(index, plan.level, taken).damageGpus;
}
