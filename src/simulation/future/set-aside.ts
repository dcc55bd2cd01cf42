import { bestSet } from '../../compile/gpu-set-tables.js';
import type { PlacementEngine } from '../../placement/engine.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { freeMilliOf, popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { GangPieces } from '../allocation/holdings.js';
import { roomOf, shareOf, WHOLE } from './window-engine.js';

/**
 * Free GPUs, CPU and memory that are shown as taken for the moment, because a gang needs them later: of each of its servers
 * what it needs beyond what comes back by then.
 */
export class SetAside {
  readonly #now: PlacementEngine;
  readonly #later: PlacementEngine;
  readonly #taken: { readonly need: PodNeed; readonly server: number; readonly mask: number }[] = [];

  /**
   * @param now - shows what is free now; GPUs are set aside on it
   * @param later - shows what is free at the later time: at least as much, on every server
   */
  constructor(now: PlacementEngine, later: PlacementEngine) {
    this.#now = now;
    this.#later = later;
  }

  /**
   * Sets aside what a gang needs; {@link clear} must follow.
   *
   * @param isExact - whether the gang needs the very GPUs of its plan; otherwise any others of the server will do
   * @returns the servers on which something that is free now is set aside, each with pods of the gang there
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
      this.#takeRoom(need, server, pods);
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
      this.#take(WHOLE, server, free & mask);
      // A GPU that is shared now, and nobody's then, must not be shared for longer.
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
    // What is left is to be as good as can be for somebody else.
    this.#take(WHOLE, server, free & ~bestSet(sets, free, popcount16(free) - missing));
  }

  #takeShare(server: number, gpuBit: number, milli: number): void {
    const gpu = 31 - Math.clz32(gpuBit);
    const room = freeMilliOf(this.#now.tables, this.#now.state, server, gpu);
    const roomLater = freeMilliOf(this.#later.tables, this.#later.state, server, gpu);
    const taken = room - Math.min(room, Math.max(0, roomLater - milli));
    if (taken > 0) this.#take(taken === GPU_MILLI ? WHOLE : shareOf(taken), server, gpuBit);
  }

  #takeRoom(need: PodNeed, server: number, pods: number): void {
    const { cpuFreeMilli, memoryFreeMiB } = this.#now.state;
    const later = this.#later.state;
    const cpuMilli = missing(cpuFreeMilli[server]!, later.cpuFreeMilli[server]!, pods * need.cpuMilli);
    const memoryMiB = missing(memoryFreeMiB[server]!, later.memoryFreeMiB[server]!, pods * need.memoryMiB);
    if (cpuMilli > 0 || memoryMiB > 0) this.#take(roomOf(cpuMilli, memoryMiB), server, 0);
  }

  #take(need: PodNeed, server: number, mask: number): void {
    if (mask === 0 && need.gpus > 0) return;
    this.#now.take(need, server, mask);
    this.#taken.push({ need, server, mask });
  }
}

/** What of a free amount is needed later, where more comes back. */
function missing(free: number, later: number, needed: number): number {
  // What is not limiting is Infinity.
  return Number.isFinite(free) ? Math.max(0, free - Math.max(0, later - needed)) : 0;
}
