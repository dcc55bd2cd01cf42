import type { ClusterTables } from '../../compile/cluster-tables.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../../units.js';
import type { PodNeed } from './pod-need.js';

/**
 * Row length of {@link PlacementState.residents}: column 0 counts pods that share a GPU, column k pods that
 * hold k whole GPUs.
 */
export const RESIDENT_COLUMNS: number = GPUS_PER_SERVER_MAX + 1;

/**
 * What is free, in integers. Only {@link take} and {@link give} change it. 35 bytes for a server of 8 GPUs, 69 with residents.
 *
 * A GPU is wholly free (its bit in `freeMask`), shared (`sharedFreeMilli` below 1000), or wholly taken (neither):
 * pods of whole GPUs, the common case, touch one word.
 */
export interface PlacementState {
  /** Server → free CPU, milli-cores (Infinity = not limiting). Length: servers. */
  readonly cpuFreeMilli: Float64Array;
  /** Server → free memory, MiB (Infinity = not limiting). Length: servers. */
  readonly memoryFreeMiB: Float64Array;
  /**
   * GPU → free thousandths, 0 … 999, while pods share it; 1000 while none does. Length: GPUs of the cluster, sliced
   * by `gpuStart`. See {@link freeMilli}.
   */
  readonly sharedFreeMilli: Int16Array;
  /** Server → bit mask of wholly free GPUs by ordinal. Length: servers. */
  readonly freeMask: Uint16Array;
  /**
   * Server × size → resident pods of that size. Length: servers × {@link RESIDENT_COLUMNS}, or 0 where no policy
   * asks.
   */
  readonly residents: Uint16Array;
  /** Server → 1 while it takes no new pods. Length: servers. */
  readonly cordoned: Uint8Array;
}

/** The state of an empty cluster. */
export function emptyState(tables: ClusterTables, options: { readonly residents: boolean }): PlacementState {
  const { serverCount, shapeOf } = tables;
  const state: PlacementState = {
    cpuFreeMilli: new Float64Array(serverCount),
    memoryFreeMiB: new Float64Array(serverCount),
    sharedFreeMilli: new Int16Array(tables.gpuCount).fill(GPU_MILLI),
    freeMask: new Uint16Array(serverCount),
    residents: new Uint16Array(options.residents ? serverCount * RESIDENT_COLUMNS : 0),
    cordoned: new Uint8Array(serverCount),
  };
  for (let s = 0; s < serverCount; s++) {
    const shape = shapeOf[s]!;
    state.cpuFreeMilli[s] = tables.shapeCpuMilli[shape]!;
    state.memoryFreeMiB[s] = tables.shapeMemoryMiB[shape]!;
    state.freeMask[s] = 2 ** tables.shapeGpus[shape]! - 1;
  }
  return state;
}

/** A copy that shares nothing with the original. O(servers + GPUs), a few memory copies. */
export function copyState(state: PlacementState): PlacementState {
  return {
    cpuFreeMilli: state.cpuFreeMilli.slice(),
    memoryFreeMiB: state.memoryFreeMiB.slice(),
    sharedFreeMilli: state.sharedFreeMilli.slice(),
    freeMask: state.freeMask.slice(),
    residents: state.residents.slice(),
    cordoned: state.cordoned.slice(),
  };
}

/** Overwrites `state` with a copy made of it earlier. */
export function overwriteState(state: PlacementState, copy: PlacementState): void {
  state.cpuFreeMilli.set(copy.cpuFreeMilli);
  state.memoryFreeMiB.set(copy.memoryFreeMiB);
  state.sharedFreeMilli.set(copy.sharedFreeMilli);
  state.freeMask.set(copy.freeMask);
  state.residents.set(copy.residents);
  state.cordoned.set(copy.cordoned);
}

/** Free thousandths of one GPU, 0 … 1000. */
export function freeMilliOf(
  tables: ClusterTables,
  state: PlacementState,
  server: number,
  gpu: number,
): number {
  if (((state.freeMask[server]! >>> gpu) & 1) === 1) return GPU_MILLI;
  const shared = state.sharedFreeMilli[tables.gpuStart[server]! + gpu]!;
  return shared === GPU_MILLI ? 0 : shared;
}

/** The test whether a server can take a pod now. O(1), for a share O(GPUs of the server). */
export function fits(tables: ClusterTables, state: PlacementState, need: PodNeed, server: number): boolean {
  if (state.cordoned[server] === 1) return false;
  if (need.allowedShapes !== undefined && need.allowedShapes[tables.shapeOf[server]!] === 0) return false;
  if (state.cpuFreeMilli[server]! < need.cpuMilli || state.memoryFreeMiB[server]! < need.memoryMiB)
    return false;
  if (need.gpus === 0) return true;
  const mask = state.freeMask[server]!;
  if (need.gpuMilli === GPU_MILLI) {
    if (need.places === undefined) return popcount16(mask) >= need.gpus;
    return podsOnPlaces(need, tables.shapeOf[server]!, mask) * need.podGpus >= need.gpus;
  }
  // A pod takes a share of one GPU, never of several.
  if (mask !== 0) return true;
  const end = tables.gpuStart[server + 1]!;
  for (let g = tables.gpuStart[server]!; g < end; g++) {
    const free = state.sharedFreeMilli[g]!;
    if (free >= need.gpuMilli && free < GPU_MILLI) return true;
  }
  return false;
}

/** The most pods of a need that a server can take now, at most `most`. */
export function podsThatFit(
  tables: ClusterTables,
  state: PlacementState,
  need: PodNeed,
  server: number,
  most: number,
): number {
  if (state.cordoned[server] === 1) return 0;
  if (need.allowedShapes !== undefined && need.allowedShapes[tables.shapeOf[server]!] === 0) return 0;
  let pods = most;
  if (need.cpuMilli > 0) pods = Math.min(pods, Math.floor(state.cpuFreeMilli[server]! / need.cpuMilli));
  if (need.memoryMiB > 0) pods = Math.min(pods, Math.floor(state.memoryFreeMiB[server]! / need.memoryMiB));
  if (need.gpus === 0) return pods;
  const free = state.freeMask[server]!;
  const whole = popcount16(free);
  if (need.places !== undefined) return Math.min(pods, podsOnPlaces(need, tables.shapeOf[server]!, free));
  if (need.gpuMilli === GPU_MILLI) return Math.min(pods, Math.floor(whole / need.gpus));
  let shares = whole * Math.floor(GPU_MILLI / need.gpuMilli);
  const end = tables.gpuStart[server + 1]!;
  for (let g = tables.gpuStart[server]!; g < end && shares < pods; g++) {
    const left = state.sharedFreeMilli[g]!;
    if (left < GPU_MILLI) shares += Math.floor(left / need.gpuMilli);
  }
  return Math.min(pods, shares);
}

/** Whether the server could take the pod if it were empty. */
export function fitsEmpty(tables: ClusterTables, need: PodNeed, shape: number): boolean {
  return (
    tables.shapeCpuMilli[shape]! >= need.cpuMilli &&
    tables.shapeMemoryMiB[shape]! >= need.memoryMiB &&
    tables.shapeGpus[shape]! >= need.gpus &&
    (need.allowedShapes === undefined || need.allowedShapes[shape] === 1) &&
    (need.places === undefined ||
      podsOnPlaces(need, shape, 2 ** tables.shapeGpus[shape]! - 1) * need.podGpus >= need.gpus)
  );
}

/**
 * Pods that the free GPUs of a server hold where each pod is on one place.
 *
 * @param need - with places
 */
export function podsOnPlaces({ places, podGpus }: PodNeed, shape: number, free: number): number {
  const masks = places![shape]!;
  let pods = 0;
  for (let i = 0; i < masks.length; i++) pods += Math.floor(popcount16(masks[i]! & free) / podGpus);
  return pods;
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
  if (need.cpuMilli !== 0) state.cpuFreeMilli[server]! += sign * need.cpuMilli;
  if (need.memoryMiB !== 0) state.memoryFreeMiB[server]! += sign * need.memoryMiB;
  if (state.residents.length > 0 && need.gpus > 0) {
    state.residents[server * RESIDENT_COLUMNS + need.residentColumn]! += -sign;
  }
  if (need.gpuMilli === GPU_MILLI) state.freeMask[server]! ^= mask;
  else if (mask !== 0) moveShare(tables, state, need, server, mask, sign);
}

function moveShare(
  tables: ClusterTables,
  state: PlacementState,
  need: PodNeed,
  server: number,
  mask: number,
  sign: 1 | -1,
): void {
  const g = tables.gpuStart[server]! + 31 - Math.clz32(mask);
  // A GPU that nobody shares is wholly free here; it counts as 1000 before and after.
  const left = state.sharedFreeMilli[g]! + sign * need.gpuMilli;
  state.sharedFreeMilli[g] = left;
  if (left === GPU_MILLI) state.freeMask[server]! |= mask;
  else state.freeMask[server]! &= ~mask;
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

/** The lowest free GPUs that hold one pod; on one place, if the need asks for that. */
export function lowestGpus(need: PodNeed, shape: number, free: number): number {
  let lowest = 0;
  if (need.places === undefined) return lowestBits(free, need.gpus);
  for (const place of need.places[shape]!) {
    if (popcount16(place & free) < need.gpus) continue;
    const set = lowestBits(place & free, need.gpus);
    // Places share no GPU: the set with the lowest ordinal comes first.
    if (lowest === 0 || (set & -set) < (lowest & -lowest)) lowest = set;
  }
  return lowest;
}

/** The set bits of a GPU mask as ordinals, ascending. */
export function ordinals(mask: number): number[] {
  const gpus: number[] = [];
  for (let rest = mask; rest !== 0; rest &= rest - 1) gpus.push(31 - Math.clz32(rest & -rest));
  return gpus;
}
