import { GPU_MILLI } from '../units.js';
import type { PlacementRequest } from './request.js';

/** A request for one pod in integers, against the GPU models of one cluster. Immutable. */
export interface PodNeed {
  /** Equal needs have equal keys. */
  readonly key: string;
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  /** GPUs touched: 0, 1 (also for a share) … 16. */
  readonly gpus: number;
  /** Thousandths taken of each: 0 without GPUs, below 1000 for a share. */
  readonly gpuMilli: number;
  /** `gpus × gpuMilli`. */
  readonly totalGpuMilli: number;
  /** Column of the state's `residents` in which the pod counts: 0 = share, k = k whole GPUs. */
  readonly residentColumn: number;
  /** GPU model → 1 where it will do; absent = any. Length: GPU models. */
  readonly allowedModels: Uint8Array | undefined;
}

/**
 * Translates a checked request.
 *
 * @param request - passed {@link checkRequest}
 * @param gpuModels - the cluster's GPU models, by position
 */
export function podNeed(request: PlacementRequest, gpuModels: readonly string[]): PodNeed {
  const gpus = request.gpuMilli !== undefined ? 1 : (request.gpus ?? 0);
  const gpuMilli = request.gpuMilli ?? (gpus > 0 ? GPU_MILLI : 0);
  const cpuMilli = request.cpuMilli ?? 0;
  const memoryMiB = request.memoryMiB ?? 0;
  let key = `${cpuMilli}/${memoryMiB}/${gpus}/${gpuMilli}`;
  let allowedModels: Uint8Array | undefined;
  const models = request.gpuModels;
  if (models !== undefined && models.length > 0) {
    allowedModels = new Uint8Array(gpuModels.length);
    for (let m = 0; m < gpuModels.length; m++) if (models.includes(gpuModels[m]!)) allowedModels[m] = 1;
    key += `/${allowedModels.join('')}`;
  }
  return {
    key,
    cpuMilli,
    memoryMiB,
    gpus,
    gpuMilli,
    totalGpuMilli: gpus * gpuMilli,
    residentColumn: gpuMilli === GPU_MILLI ? gpus : 0,
    allowedModels,
  };
}
