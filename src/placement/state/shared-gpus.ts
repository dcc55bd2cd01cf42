import type { ClusterTables } from '../../compile/cluster-tables.js';
import { GPU_MILLI } from '../../units.js';
import type { PlacementState } from './state.js';

/**
 * The free thousandths of the GPU that a share fits most tightly, among the GPUs of a server that pods share already.
 *
 * @returns 1000 where the share fits on none of them
 */
export function tightestFreeMilli(
  { gpuStart }: ClusterTables,
  { sharedFreeMilli }: PlacementState,
  server: number,
  gpuMilli: number,
): number {
  let tightest = GPU_MILLI;
  for (let g = gpuStart[server]!; g < gpuStart[server + 1]!; g++) {
    const free = sharedFreeMilli[g]!;
    if (free >= gpuMilli && free < tightest) tightest = free;
  }
  return tightest;
}

/** The lowest GPU of a server with exactly so many thousandths free; -1 for none. */
export function gpuWithFreeMilli(
  { gpuStart }: ClusterTables,
  { sharedFreeMilli }: PlacementState,
  server: number,
  milli: number,
): number {
  const start = gpuStart[server]!;
  for (let g = start; g < gpuStart[server + 1]!; g++) if (sharedFreeMilli[g] === milli) return g - start;
  return -1;
}
