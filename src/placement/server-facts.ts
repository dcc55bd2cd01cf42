import type { ClusterTables } from '../compile/cluster-tables.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX } from '../units.js';
import type { ServerFacts } from './policy.js';
import { type PlacementState, RESIDENT_COLUMNS } from './state.js';

/** An empty flyweight: one object filled again for every server, so that scoring allocates nothing. */
export function newServerFacts(): ServerFacts {
  return {
    cpuFreeMilli: 0,
    memoryFreeMiB: 0,
    gpus: 0,
    gpuModel: 0,
    gpuFreeMilli: new Int32Array(GPUS_PER_SERVER_MAX),
    idleGpuMilli: 0,
    residents: new Int32Array(RESIDENT_COLUMNS),
  };
}

/** Fills all but `residents` with the present state of one server. */
export function loadServerFacts(
  tables: ClusterTables,
  state: PlacementState,
  server: number,
  into: ServerFacts,
): void {
  const shape = tables.shapeOf[server]!;
  const start = tables.gpuStart[server]!;
  const gpus = tables.shapeGpus[shape]!;
  const free = state.freeMask[server]!;
  into.cpuFreeMilli = state.cpuFreeMilli[server]!;
  into.memoryFreeMiB = state.memoryFreeMiB[server]!;
  into.gpus = gpus;
  into.gpuModel = tables.shapeModel[shape]!;
  let idle = 0;
  for (let g = 0; g < gpus; g++) {
    const shared = state.shareRoomMilli[start + g]!;
    const room = ((free >>> g) & 1) === 1 ? GPU_MILLI : shared === GPU_MILLI ? 0 : shared;
    into.gpuFreeMilli[g] = room;
    idle += room;
  }
  into.idleGpuMilli = idle;
}

/** Fills `residents` with the present state of one server. */
export function loadResidents(state: PlacementState, server: number, into: ServerFacts): void {
  const row = server * RESIDENT_COLUMNS;
  for (let c = 0; c < RESIDENT_COLUMNS; c++) into.residents[c] = state.residents[row + c]!;
}
