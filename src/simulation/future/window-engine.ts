import type { PlacementEngine } from '../../placement/engine.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { PeakUse } from './peak-use.js';

/** What a pod of whole GPUs asks for: stands for whoever holds GPUs. */
export const WHOLE: PodNeed = {
  key: 'held',
  cpuMilli: 0,
  memoryMiB: 0,
  gpus: 1,
  gpuMilli: GPU_MILLI,
  totalGpuMilli: GPU_MILLI,
  residentColumn: 1,
  allowedShapes: undefined,
  byKind: true,
  isPlain: true,
  communicates: true,
  podGpus: 1,
  places: undefined,
  placeKinds: [],
  anywhere: undefined,
  preferred: undefined,
};

/** An engine whose servers show what a look at their use said, instead of pods that were placed there. */
export class WindowEngine {
  /** Thousandths of GPUs that are shown as free. */
  freeMilli: number;
  readonly #engine: PlacementEngine;
  /** Server → GPUs that are shown as wholly taken, and CPU and memory in use. */
  readonly #mask: Uint16Array;
  readonly #cpuMilli: Float64Array;
  readonly #memoryMiB: Float64Array;
  /** GPU → thousandths that are shown in use of one that is shared. */
  readonly #shareMilli: Int16Array;
  /** Server → 1 where more than whole GPUs is shown. */
  readonly #isMixed: Uint8Array;

  /** @param engine - with nothing placed */
  constructor(engine: PlacementEngine) {
    const { serverCount, gpuCount } = engine.tables;
    this.#engine = engine;
    this.freeMilli = gpuCount * GPU_MILLI;
    this.#mask = new Uint16Array(serverCount);
    this.#cpuMilli = new Float64Array(serverCount);
    this.#memoryMiB = new Float64Array(serverCount);
    this.#shareMilli = new Int16Array(gpuCount);
    this.#isMixed = new Uint8Array(serverCount);
  }

  /** Shows a server with so much in use. */
  show(server: number, use: PeakUse): void {
    const isMixed = use.sharedMask !== 0 || use.cpuMilli > 0 || use.memoryMiB > 0;
    if (isMixed || this.#isMixed[server] === 1) {
      this.#clear(server);
      if (isMixed) this.#showShares(server, use);
      this.#isMixed[server] = isMixed ? 1 : 0;
    }
    this.#setMask(server, use.wholeMask);
  }

  /** Takes and gives at once: to the engine a change of whole GPUs is one of the free mask. */
  #setMask(server: number, mask: number): void {
    const before = this.#mask[server]!;
    if (before === mask) return;
    this.#engine.take(WHOLE, server, before ^ mask);
    this.#mask[server] = mask;
    this.freeMilli += (popcount16(before) - popcount16(mask)) * GPU_MILLI;
  }

  #clear(server: number): void {
    this.#setMask(server, 0);
    const cpuMilli = this.#cpuMilli[server]!;
    const memoryMiB = this.#memoryMiB[server]!;
    if (cpuMilli > 0 || memoryMiB > 0) this.#engine.give(roomOf(cpuMilli, memoryMiB), server, 0);
    this.#cpuMilli[server] = 0;
    this.#memoryMiB[server] = 0;
    const { gpuStart } = this.#engine.tables;
    for (let gpu = gpuStart[server]!; gpu < gpuStart[server + 1]!; gpu++) {
      const milli = this.#shareMilli[gpu]!;
      if (milli === 0) continue;
      this.#engine.give(shareOf(milli), server, 1 << (gpu - gpuStart[server]!));
      this.#shareMilli[gpu] = 0;
      this.freeMilli += milli;
    }
  }

  #showShares(server: number, use: PeakUse): void {
    const { cpuMilli, memoryMiB } = use;
    if (cpuMilli > 0 || memoryMiB > 0) this.#engine.take(roomOf(cpuMilli, memoryMiB), server, 0);
    this.#cpuMilli[server] = cpuMilli;
    this.#memoryMiB[server] = memoryMiB;
    const start = this.#engine.tables.gpuStart[server]!;
    for (let rest = use.sharedMask & ~use.wholeMask; rest !== 0; rest &= rest - 1) {
      const ordinal = 31 - Math.clz32(rest & -rest);
      const milli = use.shareMilli[ordinal]!;
      this.#engine.take(shareOf(milli), server, 1 << ordinal);
      this.#shareMilli[start + ordinal] = milli;
      this.freeMilli -= milli;
    }
  }
}

/** What a pod of CPU and memory alone asks for. */
export function roomOf(cpuMilli: number, memoryMiB: number): PodNeed {
  return { ...WHOLE, cpuMilli, memoryMiB, gpus: 0, gpuMilli: 0, totalGpuMilli: 0, isPlain: false };
}

/** What a pod of a share of a GPU asks for. */
export function shareOf(gpuMilli: number): PodNeed {
  return { ...WHOLE, gpuMilli, totalGpuMilli: gpuMilli, residentColumn: 0, isPlain: false };
}
