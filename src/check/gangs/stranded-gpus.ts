import type { ClusterTopology } from '../../topology/index.js';
import { GPU_MILLI } from '../../units.js';
import type { CheckedRequest } from '../read/checked-request.js';
import type { GangState } from './gang-state.js';

/**
 * The number of free GPUs that pods without GPUs make useless, by taking the CPU or memory that these GPUs need. Of n
 * GPUs on a server with C milli-cores, of which c are free, n c / C can be used; the same for memory.
 *
 * @param pods - by position of the server
 * @returns GPUs, 0 or more
 */
export function strandedGpus(
  cluster: ClusterTopology,
  before: GangState,
  request: CheckedRequest,
  pods: readonly number[],
): number {
  let stranded = 0;
  cluster.servers.forEach(({ type, cpuMilli, memoryMiB }, server) => {
    const free = before[server]!;
    const freeGpus = free.gpuMilli.reduce((sum, milli) => sum + milli, 0) / GPU_MILLI;
    const usable = (some: number): number => {
      const due = (left: number, capacity: number | undefined): number =>
        capacity === undefined || capacity === 0
          ? Number.POSITIVE_INFINITY
          : (type.gpus.length * left) / capacity;
      return Math.min(
        freeGpus,
        due(free.cpuMilli - some * (request.cpuMilli ?? 0), cpuMilli),
        due(free.memoryMiB - some * (request.memoryMiB ?? 0), memoryMiB),
      );
    };
    if (pods[server] !== undefined && pods[server] > 0) stranded += usable(0) - usable(pods[server]);
  });
  return stranded;
}
