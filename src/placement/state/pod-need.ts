import type { ClusterTables } from '../../compile/cluster-tables.js';
import { type GpuPlace, gpusOnOne, isPlace } from '../../topology/gpu-places.js';
import { GPU_MILLI } from '../../units.js';
import type { PlacementRequest } from '../request/request.js';

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
  /** Shape → 1 where GPU model and labels are allowed; absent = everywhere. Length: shapes. */
  readonly allowedShapes: Uint8Array | undefined;
  /** True if `allowedShapes` depends on the GPU model alone, so that all servers of a kind are allowed or none. */
  readonly byKind: boolean;
  /** True if the pod takes whole GPUs and nothing else, so that only a free mask changes. */
  readonly isPlain: boolean;
  /** Whether the GPUs communicate, in the pod and in its gang. */
  readonly communicates: boolean;
  /** GPUs of one pod: `gpus`, or less where this is the need of several pods at once. */
  readonly podGpus: number;
  /**
   * Shape → masks of the GPUs on each place, if all GPUs of a pod must be on one; empty where the server type does not say.
   * Absent = anywhere. Length: shapes.
   */
  readonly places: readonly (readonly number[])[] | undefined;
  /** The kinds of these places; empty = anywhere. */
  readonly placeKinds: readonly GpuPlace[];
  /** The same need without places; absent = this has none. */
  readonly anywhere: PodNeed | undefined;
  /** The same need with the places that are preferred; absent = no preference. */
  readonly preferred: PodNeed | undefined;
}

/** The part of the cluster's tables that a translation reads. */
type Shapes = Pick<ClusterTables, 'gpuModels' | 'shapeModel' | 'shapeLabels' | 'shapeType'>;

/**
 * Translates what a checked request asks for one pod.
 *
 * @param request - of {@link readRequest}
 * @param tables - the cluster
 */
export function podNeed(request: PlacementRequest, tables: Shapes): PodNeed {
  const { requirePerPod, require, prefer } = request;
  const anywhere = needAnywhere(request, tables);
  // One GPU, or a share of one, is always on one place.
  if (anywhere.gpus < 2) return anywhere;
  const required: GpuPlace[] = requirePerPod === undefined ? [] : [requirePerPod];
  if (require !== undefined && isPlace(require)) required.push(require);
  const need = onPlaces(anywhere, required, tables);
  if (prefer === undefined || !isPlace(prefer)) return need;
  const preferred = onPlaces(anywhere, [...required, prefer], tables);
  return { ...need, key: `${need.key}/rather ${preferred.placeKinds.join()}`, preferred };
}

/** The need with the GPUs of every pod on one place of each kind. */
function onPlaces(anywhere: PodNeed, kinds: readonly GpuPlace[], tables: Shapes): PodNeed {
  const placeKinds = [...new Set(kinds)].sort();
  if (placeKinds.length === 0) return anywhere;
  const places = tables.shapeType.map((type) => gpusOnOne(type, placeKinds) ?? []);
  const allowedShapes = Uint8Array.from(places, (known, shape) =>
    known.length > 0 && anywhere.allowedShapes?.[shape] !== 0 ? 1 : 0,
  );
  const key = `${anywhere.key}/${placeKinds.join()}`;
  return { ...anywhere, key, allowedShapes, places, placeKinds, anywhere };
}

function needAnywhere(request: PlacementRequest, tables: Shapes): PodNeed {
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
  const communicates = request.communicates ?? true;
  if (!communicates) key += '/silent';
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
    communicates,
    podGpus: gpus,
    places: undefined,
    placeKinds: [],
    anywhere: undefined,
    preferred: undefined,
  };
}

function labelOf(labels: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.hasOwn(labels, name) ? labels[name] : undefined;
}
