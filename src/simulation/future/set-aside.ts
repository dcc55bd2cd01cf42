import { bestSet } from '../../compile/gpu-set-tables.js';
import type { PlacementEngine } from '../../placement/engine.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { freeMilliOf, popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { GangPieces } from '../allocation/holdings.js';
import { hostNeed, shareNeed, WHOLE_GPUS } from './window-engine.js';

/**
 * Sets aside what a gang needs later: takes it on the engine of now, so that nobody else is placed there. On each server of
 * the gang it takes what the gang needs beyond what other jobs give back until then.
 */
export class SetAside {
  readonly #now: PlacementEngine;
  readonly #later: PlacementEngine;
  readonly #taken: { readonly need: PodNeed; readonly server: number; readonly mask: number }[] = [];

  /**
   * @param now - holds what is taken now; GPUs are set aside on it
   * @param later - holds what is taken at the later time, which is never more
   */
  constructor(now: PlacementEngine, later: PlacementEngine) {
    this.#now = now;
    this.#later = later;
  }

  /**
   * Sets aside what a gang needs; {@link clear} must follow.
   *
   * @param plan - where the gang is to be later
   * @param isExact - true if the gang needs exactly the GPUs of its plan; false if other GPUs of the server are as good
   * @returns server → pods of the gang, for the servers on which something was set aside
   */
  take(need: PodNeed, plan: GangPieces, isExact: boolean): Map<number, number> {
    const podsOn = new Map<number, number>();
    const maskOn = new Map<number, number>();
    plan.servers.forEach((server, i) => {
      podsOn.set(server, (podsOn.get(server) ?? 0) + plan.podCounts[i]!);
      maskOn.set(server, (maskOn.get(server) ?? 0) | plan.masks[i]!);
    });
    for (const [server, pods] of podsOn) {
      const before = this.#taken.length;
      this.#takeCpuAndMemory(need, server, pods);
      const mask = maskOn.get(server)!;
      if (need.gpus > 0 && need.gpuMilli === GPU_MILLI) this.#takeWhole(server, mask, isExact);
      else if (need.gpus > 0) this.#takeShare(server, mask, pods * need.gpuMilli);
      if (this.#taken.length === before) podsOn.delete(server);
    }
    return podsOn;
  }

  /** Gives back all that is set aside. */
  clear(): void {
    for (const { need, server, mask } of this.#taken.reverse()) this.#now.give(need, server, mask);
    this.#taken.length = 0;
  }

  #takeWhole(server: number, mask: number, isExact: boolean): void {
    const free = this.#now.state.freeMask[server]!;
    if (isExact) {
      this.#take(WHOLE_GPUS, server, free & mask);
      // No new pod may share a GPU of the plan that is shared now.
      for (let rest = mask & ~free; rest !== 0; rest &= rest - 1) {
        this.#takeShare(server, rest & -rest, GPU_MILLI);
      }
      return;
    }
    const back = popcount16(this.#later.state.freeMask[server]! & ~free);
    const missing = popcount16(mask) - back;
    if (missing <= 0) return;
    const { fabric } = this.#now.tables;
    const sets = this.#now.setTablesOf(fabric.cellKind[fabric.groupOf[server]!]!);
    // Others keep the best set of the GPUs that remain.
    this.#take(WHOLE_GPUS, server, free & ~bestSet(sets, free, popcount16(free) - missing));
  }

  /** Takes as much of one GPU as `milli` thousandths of it need later, beyond what is given back by then. */
  #takeShare(server: number, gpuBit: number, milli: number): void {
    const gpu = 31 - Math.clz32(gpuBit);
    const free = freeMilliOf(this.#now.tables, this.#now.state, server, gpu);
    const freeLater = freeMilliOf(this.#later.tables, this.#later.state, server, gpu);
    const taken = free - Math.min(free, Math.max(0, freeLater - milli));
    if (taken > 0) this.#take(taken === GPU_MILLI ? WHOLE_GPUS : shareNeed(taken), server, gpuBit);
  }

  #takeCpuAndMemory(need: PodNeed, server: number, pods: number): void {
    const { cpuFreeMilli, memoryFreeMiB } = this.#now.state;
    const later = this.#later.state;
    const cpuMilli = missing(cpuFreeMilli[server]!, later.cpuFreeMilli[server]!, pods * need.cpuMilli);
    const memoryMiB = missing(memoryFreeMiB[server]!, later.memoryFreeMiB[server]!, pods * need.memoryMiB);
    if (cpuMilli > 0 || memoryMiB > 0) this.#take(hostNeed(cpuMilli, memoryMiB), server, 0);
  }

  #take(need: PodNeed, server: number, mask: number): void {
    if (mask === 0 && need.gpus > 0) return;
    this.#now.take(need, server, mask);
    this.#taken.push({ need, server, mask });
  }
}

/** How much of a free amount must stay free so that `needed` can be taken later. */
function missing(free: number, later: number, needed: number): number {
  // An amount without a limit is Infinity: nothing of it is ever missing.
  return Number.isFinite(free) ? Math.max(0, free - Math.max(0, later - needed)) : 0;
}
