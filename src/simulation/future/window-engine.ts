import type { PlacementEngine } from '../../placement/engine.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import type { PeakUse } from './peak-use.js';

/** The need of a pod of whole GPUs. Only the GPU mask that is taken or given with it counts, not the number in it. */
export const WHOLE_GPUS: PodNeed = {
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

/** The need of a pod of CPU and memory without GPUs. */
export function hostNeed(cpuMilli: number, memoryMiB: number): PodNeed {
  return { ...WHOLE_GPUS, cpuMilli, memoryMiB, gpus: 0, gpuMilli: 0, totalGpuMilli: 0, isPlain: false };
}

/** The need of a pod of a share of one GPU. */
export function shareNeed(gpuMilli: number): PodNeed {
  return { ...WHOLE_GPUS, gpuMilli, totalGpuMilli: gpuMilli, residentColumn: 0, isPlain: false };
}

/** Loads an engine with the peak use of a stretch of time, server by server: what is free on it is free throughout. */
export class WindowEngine {
  /** Thousandths of GPUs that are free on the engine. */
  freeMilli: number;
  readonly #engine: PlacementEngine;
  /** Server → mask of GPUs that are loaded as wholly taken. */
  readonly #mask: Uint16Array;
  /** Server → CPU and memory that are loaded as taken. */
  readonly #cpuMilli: Float64Array;
  readonly #memoryMiB: Float64Array;
  /** GPU → thousandths that are loaded as taken by pods that share it. */
  readonly #shareMilli: Int16Array;
  /** Server → 1 if shares, CPU or memory are loaded. */
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

  /** Replaces the load of one server. */
  load(server: number, use: PeakUse): void {
    const isMixed = use.sharedMask !== 0 || use.cpuMilli > 0 || use.memoryMiB > 0;
    if (isMixed || this.#isMixed[server] === 1) {
      this.#unload(server);
      if (isMixed) this.#loadMixed(server, use);
      this.#isMixed[server] = isMixed ? 1 : 0;
    }
    this.#loadWhole(server, use.wholeMask);
  }

  #loadWhole(server: number, mask: number): void {
    const before = this.#mask[server]!;
    if (before === mask) return;
    // `take` flips the bits of the free mask, so one call takes some GPUs and gives others back.
    this.#engine.take(WHOLE_GPUS, server, before ^ mask);
    this.#mask[server] = mask;
    this.freeMilli += (popcount16(before) - popcount16(mask)) * GPU_MILLI;
  }

  #unload(server: number): void {
    this.#loadWhole(server, 0);
    const cpuMilli = this.#cpuMilli[server]!;
    const memoryMiB = this.#memoryMiB[server]!;
    if (cpuMilli > 0 || memoryMiB > 0) this.#engine.give(hostNeed(cpuMilli, memoryMiB), server, 0);
    this.#cpuMilli[server] = 0;
    this.#memoryMiB[server] = 0;
    const { gpuStart } = this.#engine.tables;
    for (let gpu = gpuStart[server]!; gpu < gpuStart[server + 1]!; gpu++) {
      const milli = this.#shareMilli[gpu]!;
      if (milli === 0) continue;
      this.#engine.give(shareNeed(milli), server, 1 << (gpu - gpuStart[server]!));
      this.#shareMilli[gpu] = 0;
      this.freeMilli += milli;
    }
  }

  #loadMixed(server: number, use: PeakUse): void {
    const { cpuMilli, memoryMiB } = use;
    if (cpuMilli > 0 || memoryMiB > 0) this.#engine.take(hostNeed(cpuMilli, memoryMiB), server, 0);
    this.#cpuMilli[server] = cpuMilli;
    this.#memoryMiB[server] = memoryMiB;
    const start = this.#engine.tables.gpuStart[server]!;
    for (let rest = use.sharedMask & ~use.wholeMask; rest !== 0; rest &= rest - 1) {
      const ordinal = 31 - Math.clz32(rest & -rest);
      const milli = use.shareMilli[ordinal]!;
      this.#engine.take(shareNeed(milli), server, 1 << ordinal);
      this.#shareMilli[start + ordinal] = milli;
      this.freeMilli -= milli;
    }
  }
}
