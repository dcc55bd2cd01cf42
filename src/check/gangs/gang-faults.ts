import { unexpected } from '../../checks/values.js';
import { CorralError, quote } from '../../errors.js';
import type { ClusterServer, ClusterTopology } from '../../topology/index.js';
import { GPU_MILLI } from '../../units.js';
import type { CheckedRequest } from '../read/checked-request.js';
import { type PlaceKind, placesOf } from '../sets/gpu-places.js';
import { domainAt, levelOf } from './levels.js';

/** Fewest and most pods that satisfy a request. */
export interface PodRange {
  readonly min: number;
  readonly max: number;
}

/**
 * Reads the numbers of pods that satisfy a request.
 *
 * @throws CorralError `invalid-request` for counts that are no integers from 1, or `podsMin` above `pods`
 */
export function podRange(request: CheckedRequest): PodRange {
  const max = request.pods ?? 1;
  const min = request.podsMin ?? max;
  if (!Number.isInteger(max) || max < 1) {
    throw unexpected('an integer from 1', max, ['pods'], 'invalid-request');
  }
  if (!Number.isInteger(min) || min < 1 || min > max) {
    throw unexpected(`an integer from 1 to pods, ${max}`, min, ['podsMin'], 'invalid-request');
  }
  return { min, max };
}

/** Thousandths that one pod takes of each of its GPUs. */
export function milliPerGpu(request: CheckedRequest): number {
  return request.gpuMilli ?? GPU_MILLI;
}

/** GPUs that one pod uses, wholly or in part. */
export function gpusPerPod(request: CheckedRequest): number {
  return request.gpuMilli !== undefined ? 1 : (request.gpus ?? 0);
}

/** True if pods have whole GPUs that communicate: only then a placement has a bandwidth and loads links. */
export function isWholeAndTalks(request: CheckedRequest): boolean {
  return gpusPerPod(request) > 0 && milliPerGpu(request) === GPU_MILLI && (request.communicates ?? true);
}

/** The faults of one pod by itself: of its GPUs, and of its server. Other pods do not matter. */
export function podFaults(server: ClusterServer, request: CheckedRequest, gpus: readonly number[]): string[] {
  const faults: string[] = [];
  const name = `server ${quote(server.id)}`;
  const wanted = gpusPerPod(request);
  if (gpus.length !== wanted) faults.push(`${gpus.length} GPUs given, ${wanted} asked for`);
  if (new Set(gpus).size !== gpus.length) faults.push(`a GPU is given twice: ${gpus.join(', ')}`);
  for (const gpu of gpus) {
    if (server.type.gpus[gpu] === undefined) faults.push(`${name} has no GPU ${gpu}`);
  }
  for (const kind of placesAsked(request)) {
    const places = placesOf(server.type, kind);
    if (gpus.length > 1 && new Set(gpus.map((gpu) => places?.[gpu] ?? gpu)).size > 1) {
      faults.push(`GPUs ${gpus.join(', ')} of ${name} are not on one ${kind}, as far as is known`);
    }
  }
  faults.push(...serverFaults(server, request));
  return faults;
}

/**
 * The kinds of places that the GPUs of every pod must share.
 *
 * @throws CorralError `invalid-request` for `socket` or `numa` as the level of a gang of several pods
 */
export function placesAsked(request: CheckedRequest): PlaceKind[] {
  const { requirePerPod, require } = request;
  for (const field of ['require', 'prefer'] as const) {
    if (isPlaceKind(request[field]) && (request.pods ?? 1) > 1) {
      throw new CorralError('invalid-request', [field], `${quote(request[field])} is for a single pod`);
    }
  }
  return [
    ...(requirePerPod === undefined ? [] : [requirePerPod]),
    ...(isPlaceKind(require) ? [require] : []),
  ];
}

/** True if a name is that of a kind of place inside a server. */
export function isPlaceKind(name: string | undefined): name is PlaceKind {
  return name === 'socket' || name === 'numa';
}

/** The faults of a server for a request: its model and its labels. */
export function serverFaults(server: ClusterServer, request: CheckedRequest): string[] {
  const faults: string[] = [];
  const name = `server ${quote(server.id)}`;
  const models = request.gpuModels ?? [];
  if (models.length > 0 && !models.includes(server.gpuModel)) {
    faults.push(
      `${name} has model ${quote(server.gpuModel)}, allowed are ${models.slice(0, 16).map(quote).join(', ')}`,
    );
  }
  const labels = new Map(Object.entries(server.labels ?? {}));
  for (const [label, value] of Object.entries(request.labels ?? {})) {
    if (labels.get(label) !== value) {
      const own = labels.get(label);
      const found = own === undefined ? 'none' : quote(own);
      faults.push(`${name} has label ${quote(label)}: ${found}, wanted ${quote(value)}`);
    }
  }
  return faults;
}

/**
 * The faults of pods together: not all are in one domain of `require`, or a slice is in several domains.
 *
 * @param servers - position of the server of each pod, in the order of the placement
 * @throws CorralError `invalid-request` for a level that does not exist
 */
export function gangFaults(
  cluster: ClusterTopology,
  request: CheckedRequest,
  servers: readonly number[],
): string[] {
  const faults: string[] = [];
  const inOneDomain = (pods: readonly number[], level: number): boolean =>
    pods.every((server) => domainAt(cluster, server, level) === domainAt(cluster, pods[0]!, level));
  const { require, slice } = request;
  if (
    require !== undefined &&
    !isPlaceKind(require) &&
    !inOneDomain(servers, levelOf(cluster, require, ['require']))
  ) {
    faults.push(`pods lie in several domains of level ${quote(require)}, which is required`);
  }
  const level = sliceLevel(cluster, request);
  if (slice !== undefined && level !== undefined) {
    for (let first = 0; first < servers.length; first += slice.pods) {
      const pods = servers.slice(first, first + slice.pods);
      if (!inOneDomain(pods, level)) {
        faults.push(
          `pods ${first} to ${first + pods.length - 1} are a slice and lie in several domains of level ${quote(slice.tier)}`,
        );
      }
    }
  }
  return faults;
}

/**
 * The level of the slices; undefined if there are none.
 *
 * @throws CorralError `invalid-request` for a level that does not exist
 */
export function sliceLevel(cluster: ClusterTopology, { slice }: CheckedRequest): number | undefined {
  if (slice === undefined) return undefined;
  return levelOf(cluster, slice.tier, ['slice', 'tier']);
}
