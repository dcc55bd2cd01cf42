import type { ClusterTables } from '../compile/cluster-tables.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../units.js';
import type { PodNeed } from './pod-need.js';

/**
 * Row length of {@link PlacementState.residents}: column 0 counts pods that share a GPU, column k pods that
 * hold k whole GPUs.
 */
export const RESIDENT_COLUMNS: number = GPUS_PER_SERVER_MAX + 1;

/**
 * What is free, as integers: the one mutable thing in placement, changed by {@link take} and {@link give}
 * alone. 72 bytes for a server of 8 GPUs.
 */
export interface PlacementState {
  /** Server → free CPU, milli-cores (Infinity = not limiting). Length: servers. */
  readonly cpuFreeMilli: Float64Array;
  /** Server → free memory, MiB (Infinity = not limiting). Length: servers. */
  readonly memoryFreeMiB: Float64Array;
  /** GPU → free thousandths, 0 … 1000. Length: GPUs of the cluster, sliced by `gpuStart`. */
  readonly gpuFreeMilli: Int16Array;
  /** Server → sum of `gpuFreeMilli` over its GPUs. Length: servers. */
  readonly idleGpuMilli: Int32Array;
  /** Server → bit mask of wholly free GPUs by ordinal. Length: servers. */
  readonly freeMask: Uint16Array;
  /** Server × size → resident pods of that size. Length: servers × {@link RESIDENT_COLUMNS}. */
  readonly residents: Uint16Array;
}

/** The state of an empty cluster. */
export function emptyState(tables: ClusterTables): PlacementState {
  const { serverCount, shapeOf } = tables;
  const state: PlacementState = {
    cpuFreeMilli: new Float64Array(serverCount),
    memoryFreeMiB: new Float64Array(serverCount),
    gpuFreeMilli: new Int16Array(tables.gpuCount).fill(GPU_MILLI),
    idleGpuMilli: new Int32Array(serverCount),
    freeMask: new Uint16Array(serverCount),
    residents: new Uint16Array(serverCount * RESIDENT_COLUMNS),
  };
  for (let s = 0; s < serverCount; s++) {
    const shape = shapeOf[s]!;
    const gpus = tables.shapeGpus[shape]!;
    state.cpuFreeMilli[s] = tables.shapeCpuMilli[shape]!;
    state.memoryFreeMiB[s] = tables.shapeMemoryMiB[shape]!;
    state.idleGpuMilli[s] = gpus * GPU_MILLI;
    state.freeMask[s] = 2 ** gpus - 1;
  }
  return state;
}

/** A copy that shares nothing. O(servers + GPUs), a few memory copies. */
export function copyState(state: PlacementState): PlacementState {
  return {
    cpuFreeMilli: state.cpuFreeMilli.slice(),
    memoryFreeMiB: state.memoryFreeMiB.slice(),
    gpuFreeMilli: state.gpuFreeMilli.slice(),
    idleGpuMilli: state.idleGpuMilli.slice(),
    freeMask: state.freeMask.slice(),
    residents: state.residents.slice(),
  };
}

/** Overwrites `state` with a copy made of it earlier. */
export function overwriteState(state: PlacementState, copy: PlacementState): void {
  state.cpuFreeMilli.set(copy.cpuFreeMilli);
  state.memoryFreeMiB.set(copy.memoryFreeMiB);
  state.gpuFreeMilli.set(copy.gpuFreeMilli);
  state.idleGpuMilli.set(copy.idleGpuMilli);
  state.freeMask.set(copy.freeMask);
  state.residents.set(copy.residents);
}

/** The one feasibility test: whether a server can take a pod now. O(GPUs of the server). */
export function fits(tables: ClusterTables, state: PlacementState, need: PodNeed, server: number): boolean {
  if (state.cpuFreeMilli[server]! < need.cpuMilli || state.memoryFreeMiB[server]! < need.memoryMiB)
    return false;
  if (need.gpus === 0) return need.allowedModels === undefined || allowed(tables, need, server);
  if (need.allowedModels !== undefined && !allowed(tables, need, server)) return false;
  if (need.gpuMilli === GPU_MILLI) return popcount16(state.freeMask[server]!) >= need.gpus;
  // A pod below one GPU takes one share; no request shape asks for shares of several GPUs.
  const end = tables.gpuStart[server + 1]!;
  for (let g = tables.gpuStart[server]!; g < end; g++)
    if (state.gpuFreeMilli[g]! >= need.gpuMilli) return true;
  return false;
}

/** Whether the server could take the pod if it were empty. */
export function fitsEmpty(tables: ClusterTables, need: PodNeed, shape: number): boolean {
  return (
    tables.shapeCpuMilli[shape]! >= need.cpuMilli &&
    tables.shapeMemoryMiB[shape]! >= need.memoryMiB &&
    tables.shapeGpus[shape]! >= need.gpus &&
    (need.allowedModels === undefined || need.allowedModels[tables.shapeModel[shape]!] === 1)
  );
}

function allowed(tables: ClusterTables, need: PodNeed, server: number): boolean {
  return need.allowedModels![tables.shapeModel[tables.shapeOf[server]!]!] === 1;
}

/** Gives the GPUs of `mask`, CPU and memory of a server to a pod that fits there. */
export function take(
  tables: ClusterTables,
  state: PlacementState,
  need: PodNeed,
  server: number,
  mask: number,
): void {
  move(tables, state, need, server, mask, -1);
}

/** Undoes {@link take} with the same arguments. */
export function give(
  tables: ClusterTables,
  state: PlacementState,
  need: PodNeed,
  server: number,
  mask: number,
): void {
  move(tables, state, need, server, mask, 1);
}

function move(
  tables: ClusterTables,
  state: PlacementState,
  need: PodNeed,
  server: number,
  mask: number,
  sign: 1 | -1,
): void {
  state.cpuFreeMilli[server]! += sign * need.cpuMilli;
  state.memoryFreeMiB[server]! += sign * need.memoryMiB;
  if (need.gpus === 0) return;
  const start = tables.gpuStart[server]!;
  let free = state.freeMask[server]!;
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const bit = rest & -rest;
    const g = start + 31 - Math.clz32(bit);
    const left = state.gpuFreeMilli[g]! + sign * need.gpuMilli;
    state.gpuFreeMilli[g] = left;
    free = left === GPU_MILLI ? free | bit : free & ~bit;
  }
  state.freeMask[server] = free;
  state.idleGpuMilli[server]! += sign * need.totalGpuMilli;
  state.residents[server * RESIDENT_COLUMNS + need.residentColumn]! += -sign;
}

/** Number of set bits of a 16-bit mask. */
export function popcount16(mask: number): number {
  let x = mask - ((mask >> 1) & 0x5555);
  x = (x & 0x3333) + ((x >> 2) & 0x3333);
  x = (x + (x >> 4)) & 0x0f0f;
  return (x + (x >> 8)) & 0x1f;
}

/** The lowest `count` set bits of a mask that has at least as many. */
export function lowestBits(mask: number, count: number): number {
  let rest = mask;
  for (let i = 0; i < count; i++) rest &= rest - 1;
  return mask ^ rest;
}

/** The set bits of a GPU mask as ordinals, ascending. */
export function ordinals(mask: number): number[] {
  const gpus: number[] = [];
  for (let rest = mask; rest !== 0; rest &= rest - 1) gpus.push(31 - Math.clz32(rest & -rest));
  return gpus;
}
