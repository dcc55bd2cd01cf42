import { callForeign, readList } from '../../checks/plain-data.js';
import { unexpected } from '../../checks/values.js';
import type { ErrorPath } from '../../errors.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import type { CheckedFreeCapacity, CheckedPlacement, CheckedPod, ClaimedPlacement } from './claims.js';
import { readRequest } from './read-request.js';

/** Most GPU ordinals of one pod or server. It is more than a server has, because wrong lists are judged. */
const ORDINALS_MAX = 16 * GPUS_PER_SERVER_MAX;
/** Most pods of one placement. */
const CHECKED_PODS_MAX = 2 ** 17;
/** Most placements of one call. */
const PLACEMENTS_MAX = 2 ** 20;

/**
 * Reads some fields of an object, each once. The object may have other fields and any class, as the results of a
 * solver.
 *
 * @param given - anything
 * @param fields - the names that are read
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` for anything but an object
 */
function readSome<T extends object, K extends keyof T & string>(
  given: T,
  fields: readonly K[],
  path: ErrorPath,
): Pick<T, K> {
  if (typeof given !== 'object' || given === null) {
    throw unexpected(`an object with ${fields.join(', ')}`, given, path);
  }
  const entries = fields.map((field) => [field, callForeign(() => given[field], [...path, field])]);
  return Object.fromEntries(entries) as Pick<T, K>;
}

/** Reads the pods of a placement; servers and ordinals that do not exist are kept, because they are judged. */
function readPods(given: readonly CheckedPod[], path: ErrorPath): CheckedPod[] {
  return readList(given, path, 'invalid-option', CHECKED_PODS_MAX).map((entry, i) => {
    const at = [...path, i];
    const { server, gpus } = readSome(entry, ['server', 'gpus'], at);
    return {
      server: textOf(server, [...at, 'server']),
      gpus: readNumbers(gpus, [...at, 'gpus']),
    };
  });
}

/**
 * Reads placements once.
 *
 * @param given - anything
 * @throws CorralError `invalid-option` with the path of what has a wrong type, `invalid-request`
 */
export function readPlacements(given: readonly CheckedPlacement[]): CheckedPlacement[] {
  return readList(given, ['placements'], 'invalid-option', PLACEMENTS_MAX).map((entry, i) => {
    const path = ['placements', i];
    const { request, pods } = readSome(entry, ['request', 'pods'], path);
    return { request: readRequest(request), pods: readPods(pods, [...path, 'pods']) };
  });
}

/**
 * Reads a placement with its stated figures, once.
 *
 * @param given - anything
 * @throws CorralError `invalid-option` with the path of what has a wrong type
 */
export function readClaim(given: ClaimedPlacement): ClaimedPlacement {
  const path = ['placement'];
  const { pods, tier, bandwidthGBps } = readSome(given, ['pods', 'tier', 'bandwidthGBps'], path);
  return {
    pods: readPods(pods, [...path, 'pods']),
    tier: textOf(tier, [...path, 'tier']),
    bandwidthGBps: figureOf(bandwidthGBps, [...path, 'bandwidthGBps']),
  };
}

/**
 * Reads the free servers of a state once; wrong figures are kept, because they are judged.
 *
 * @param given - anything
 * @param path - where the caller was given it
 * @param serversMax - most servers in it
 * @throws CorralError `invalid-option` with the path of what has a wrong type
 */
export function readFreeServers(
  given: Pick<CheckedFreeCapacity, 'servers'>,
  path: ErrorPath,
  serversMax: number,
): CheckedFreeCapacity['servers'] {
  const { servers } = readSome(given, ['servers'], path);
  return readList(servers, [...path, 'servers'], 'invalid-option', serversMax).map((entry, i) => {
    const at = [...path, 'servers', i];
    const free = readSome(entry, ['server', 'gpus', 'gpuMilli', 'cpuMilli', 'memoryMiB'], at);
    return {
      server: textOf(free.server, [...at, 'server']),
      gpus: readNumbers(free.gpus, [...at, 'gpus']),
      gpuMilli: readNumbers(free.gpuMilli, [...at, 'gpuMilli']),
      cpuMilli: figureOf(free.cpuMilli, [...at, 'cpuMilli']),
      memoryMiB: figureOf(free.memoryMiB, [...at, 'memoryMiB']),
    };
  });
}

/**
 * Reads a free capacity once; wrong figures are kept, because they are judged.
 *
 * @param given - anything
 * @param serversMax - most servers in it
 * @throws CorralError `invalid-option` with the path of what has a wrong type
 */
export function readFreeCapacity(given: CheckedFreeCapacity, serversMax: number): CheckedFreeCapacity {
  const { gpus, gpuMilli } = readSome(given, ['gpus', 'gpuMilli'], ['free']);
  return {
    gpus: numberOf(gpus, ['free', 'gpus']),
    gpuMilli: numberOf(gpuMilli, ['free', 'gpuMilli']),
    servers: readFreeServers(given, ['free'], serversMax),
  };
}

function readNumbers(given: readonly number[], path: ErrorPath): number[] {
  return readList(given, path, 'invalid-option', ORDINALS_MAX).map((value, i) =>
    numberOf(value, [...path, i]),
  );
}

function numberOf(value: unknown, path: ErrorPath): number {
  if (typeof value === 'number') return value;
  throw unexpected('a number', value, path);
}

function figureOf(value: unknown, path: ErrorPath): number | null {
  return value === null ? null : numberOf(value, path);
}

function textOf(value: unknown, path: ErrorPath): string {
  if (typeof value === 'string') return value;
  throw unexpected('a text', value, path);
}
