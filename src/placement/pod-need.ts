import type { ClusterTables } from '../compile/cluster-tables.js';
import { GPU_MILLI } from '../units.js';
import type { PlacementRequest } from './request.js';

/** What one pod asks for, in integers, against one cluster. Immutable. */
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
  /** Shape → 1 where GPU model and labels will do; absent = any. Length: shapes. */
  readonly allowedShapes: Uint8Array | undefined;
  /** Whether models are all that `allowedShapes` asks for, so that whole kinds are in or out. */
  readonly byKind: boolean;
  /** Whether whole GPUs are all it takes: then a free mask is all that changes. */
  readonly isPlain: boolean;
}

/** What a need is translated against. */
type Shapes = Pick<ClusterTables, 'gpuModels' | 'shapeModel' | 'shapeLabels'>;

/**
 * Translates what a checked request asks for each pod.
 *
 * @param request - passed {@link checkRequest}
 * @param tables - the cluster
 */
export function podNeed(request: PlacementRequest, tables: Shapes): PodNeed {
  const gpus = request.gpuMilli !== undefined ? 1 : (request.gpus ?? 0);
  const gpuMilli = request.gpuMilli ?? (gpus > 0 ? GPU_MILLI : 0);
  const cpuMilli = request.cpuMilli ?? 0;
  const memoryMiB = request.memoryMiB ?? 0;
  let key = `${cpuMilli}/${memoryMiB}/${gpus}/${gpuMilli}`;
  const models = request.gpuModels ?? [];
  const labels = Object.entries(request.labels ?? {});
  let allowedShapes: Uint8Array | undefined;
  if (models.length > 0 || labels.length > 0) {
    const wanted = new Set(models);
    allowedShapes = Uint8Array.from(tables.shapeModel, (model, shape) =>
      (wanted.size === 0 || wanted.has(tables.gpuModels[model]!)) &&
      labels.every(([name, value]) => labelOf(tables.shapeLabels[shape]!, name) === value)
        ? 1
        : 0,
    );
    key += `/${allowedShapes.join('')}`;
  }
  return {
    key,
    cpuMilli,
    memoryMiB,
    gpus,
    gpuMilli,
    totalGpuMilli: gpus * gpuMilli,
    residentColumn: gpuMilli === GPU_MILLI ? gpus : 0,
    allowedShapes,
    byKind: labels.length === 0,
    isPlain: gpuMilli === GPU_MILLI && cpuMilli === 0 && memoryMiB === 0,
  };
}

function labelOf(labels: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
