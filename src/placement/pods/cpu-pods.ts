import { damageKey } from '../../figures.js';
import { GPU_MILLI } from '../../units.js';
import { CAPACITY_BLOCK, type FreeIndex } from '../state/free-index.js';
import type { PodNeed } from '../state/pod-need.js';
import { ScoreTree } from '../state/score-tree.js';
import { fits, podsThatFit, popcount16 } from '../state/state.js';
import type { Allotment } from './allotment.js';

const NO_DAMAGE = damageKey(0);

/** Servers and how many pods each gets. */
export interface FilledServers {
  readonly servers: number[];
  readonly podCounts: number[];
  /** Free GPUs that are left without CPU or memory, over all servers. */
  readonly strandedGpus: number;
}

/**
 * Finds servers for pods without GPUs: servers without GPUs first, then those on which the pod strands the least GPU capacity, of
 * equal ones the one with the fewest free GPUs, then tree order.
 *
 * A free GPU is stranded if its share of the CPU or memory of the server is taken: of n GPUs on a server with C milli-cores, c of
 * them free, at most n c / C can be used.
 */
export class CpuPods {
  readonly #index: FreeIndex;
  /** Servers without GPUs, in tree order. */
  readonly #withoutGpus: Int32Array;
  /** Shape → GPUs per milli-core, and per MiB; 0 where a server does not limit it. Length: shapes. */
  readonly #gpusPerMilli: Float64Array;
  readonly #gpusPerMiB: Float64Array;

  constructor(index: FreeIndex) {
    this.#index = index;
    const { serverCount, shapeOf, shapeGpus, shapeCpuMilli, shapeMemoryMiB } = index.tables;
    const without: number[] = [];
    for (let s = 0; s < serverCount; s++) if (shapeGpus[shapeOf[s]!] === 0) without.push(s);
    this.#withoutGpus = Int32Array.from(without);
    const perUnit = (capacity: number, shape: number): number =>
      capacity > 0 ? shapeGpus[shape]! / capacity : 0;
    this.#gpusPerMilli = shapeCpuMilli.map(perUnit);
    this.#gpusPerMiB = shapeMemoryMiB.map(perUnit);
  }

  /** The best server for one pod; -1 if there is none. O(servers), less where one strands nothing. */
  find(need: PodNeed): number {
    const { tables, state } = this.#index;
    const among = this.#withoutGpus;
    for (let i = 0; i < among.length; i++) {
      const server = among[i]!;
      const start = server - (server % CAPACITY_BLOCK);
      if (!this.#index.mayHaveCapacity(start, need)) {
        while (i + 1 < among.length && among[i + 1]! < start + CAPACITY_BLOCK) i++;
      } else if (fits(tables, state, need, server)) return server;
    }
    if (among.length === tables.serverCount) return -1;
    let best = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let start = 0; start < tables.serverCount; start += CAPACITY_BLOCK) {
      if (!this.#index.mayHaveCapacity(start, need)) continue;
      const end = Math.min(start + CAPACITY_BLOCK, tables.serverCount);
      let isFull = true;
      for (let s = start; s < end; s++) {
        if (!fits(tables, state, need, s)) continue;
        isFull = false;
        const stranded = this.strandedGpus(need, s, 1);
        if (stranded === 0) return s;
        const key = damageKey(stranded);
        if (key > least || (key === least && this.freeGpus(s) >= this.freeGpus(best))) continue;
        best = s;
        least = key;
      }
      if (isFull) this.#index.measureCapacity(start);
    }
    return best;
  }

  /**
   * Fills servers one after the other while nothing is stranded, then goes pod by pod. The result equals that of single pods.
   *
   * @param allotment - servers and how many pods go there; they hold them
   * @complexity O(servers + pods log servers)
   */
  fill(need: PodNeed, allotment: Allotment): FilledServers {
    const servers: number[] = [];
    const podCounts: number[] = [];
    let strandedGpus = 0;
    this.#podsOn(need, allotment).forEach((pods, i) => {
      if (pods === 0) return;
      servers.push(allotment.from + i);
      podCounts.push(pods);
      strandedGpus += this.strandedGpus(need, allotment.from + i, pods);
    });
    return { servers, podCounts, strandedGpus };
  }

  /** Server of the allotment, counted from its first → pods. */
  #podsOn(need: PodNeed, { from, to, pods }: Allotment): Int32Array {
    const { tables, state } = this.#index;
    const podsOn = new Int32Array(to - from);
    const capacity = new Int32Array(to - from);
    let left = pods;
    for (const hasGpus of [false, true]) {
      for (let s = from; s < to && left > 0; s++) {
        if (tables.shapeGpus[tables.shapeOf[s]!]! > 0 !== hasGpus) continue;
        const most = podsThatFit(tables, state, need, s, pods);
        const some = Math.min(left, hasGpus ? this.#unstranding(need, s, most) : most);
        podsOn[s - from] = some;
        capacity[s - from] = most - some;
        left -= some;
      }
    }
    if (left === 0) return podsOn;
    // From here on every pod strands something. On one server the next pod strands no less than the one before.
    const order = [...capacity.keys()].filter((i) => capacity[i]! > 0);
    order.sort((a, b) => this.freeGpus(from + a) - this.freeGpus(from + b) || a - b);
    const tree = new ScoreTree(order.length, { countTies: false });
    const offer = (at: number): void => {
      const i = order[at]!;
      const server = from + i;
      const more =
        this.strandedGpus(need, server, podsOn[i]! + 1) - this.strandedGpus(need, server, podsOn[i]!);
      tree.set(at, capacity[i] === 0 ? Number.NEGATIVE_INFINITY : -damageKey(more));
    };
    for (let at = 0; at < order.length; at++) offer(at);
    for (; left > 0; left--) {
      const at = tree.first();
      podsOn[order[at]!]!++;
      capacity[order[at]!]!--;
      offer(at);
    }
    return podsOn;
  }

  /** The most pods, up to so many, that strand nothing on a server. */
  #unstranding(need: PodNeed, server: number, most: number): number {
    let some = 0;
    let tooMany = most + 1;
    while (some + 1 < tooMany) {
      const middle = Math.floor((some + tooMany) / 2);
      if (this.strandedGpus(need, server, middle) === 0) some = middle;
      else tooMany = middle;
    }
    return some;
  }

  /** Free GPUs of a server that so many pods would strand. */
  strandedGpus(need: PodNeed, server: number, pods: number): number {
    const shape = this.#index.tables.shapeOf[server]!;
    const { cpuFreeMilli, memoryFreeMiB } = this.#index.state;
    const perMilli = this.#gpusPerMilli[shape]!;
    const perMiB = this.#gpusPerMiB[shape]!;
    const cpu = perMilli === 0 ? Number.POSITIVE_INFINITY : cpuFreeMilli[server]! * perMilli;
    const memory = perMiB === 0 ? Number.POSITIVE_INFINITY : memoryFreeMiB[server]! * perMiB;
    const cpuAfter = cpu - pods * need.cpuMilli * perMilli;
    const memoryAfter = memory - pods * need.memoryMiB * perMiB;
    const after = Math.min(cpuAfter, memoryAfter);
    // Most servers have no GPU free, or CPU and memory for all of them: then there is nothing to add up.
    if (after >= this.#index.tables.shapeGpus[shape]!) return 0;
    const free = this.freeGpus(server);
    if (after >= free) return 0;
    const stranded = Math.min(free, cpu, memory) - after;
    return damageKey(stranded) === NO_DAMAGE ? 0 : stranded;
  }

  /** Free capacity of the GPUs of a server, in GPUs. */
  freeGpus(server: number): number {
    const { tables, state } = this.#index;
    const whole = state.freeMask[server]!;
    let milli = GPU_MILLI * popcount16(whole);
    for (let g = tables.gpuStart[server]!; g < tables.gpuStart[server + 1]!; g++) {
      const free = state.sharedFreeMilli[g]!;
      if (free < GPU_MILLI) milli += free;
    }
    return milli / GPU_MILLI;
  }
}
