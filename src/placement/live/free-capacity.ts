import type { ClusterTables } from '../../compile/cluster-tables.js';
import type { ServerId } from '../../ids.js';
import type { FreeCapacity, FreeServer } from '../request/placement.js';
import { freeMilliOf, ordinals, type PlacementState, popcount16 } from '../state/state.js';

/**
 * The free capacity, with the ids and in the order of the document.
 *
 * @param ids - server → id
 * @complexity O(GPUs of the cluster)
 */
export function freeCapacity(
  tables: ClusterTables,
  state: PlacementState,
  ids: readonly ServerId[],
): FreeCapacity {
  let gpus = 0;
  let totalMilli = 0;
  const servers = new Array<FreeServer>(tables.serverCount);
  for (let s = 0; s < tables.serverCount; s++) {
    const freeMask = state.freeMask[s]!;
    const gpuMilli: number[] = [];
    for (let g = 0; g < tables.shapeGpus[tables.shapeOf[s]!]!; g++) {
      gpuMilli.push(freeMilliOf(tables, state, s, g));
      totalMilli += gpuMilli[g]!;
    }
    gpus += popcount16(freeMask);
    servers[tables.documentIndexOf[s]!] = {
      server: ids[s]!,
      gpus: ordinals(freeMask),
      gpuMilli,
      cpuMilli: finiteOrNull(state.cpuFreeMilli[s]!),
      memoryMiB: finiteOrNull(state.memoryFreeMiB[s]!),
    };
  }
  return { gpus, gpuMilli: totalMilli, servers };
}

function finiteOrNull(value: number): number | null {
  return value === Number.POSITIVE_INFINITY ? null : value;
}
