import { callForeign, readList } from '../../checks/plain-data.js';
import { type ErrorPath, unexpected } from '../../errors.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import type { CheckedFreeCapacity, CheckedPlacement, CheckedPod, ClaimedPlacement } from './claims.js';
import { readRequest } from './read-request.js';

/** Most GPU ordinals that one pod or server may name: more than there are, for they are judged. */
const ORDINALS_MAX = 16 * GPUS_PER_SERVER_MAX;
/** Most pods of one placement that are judged. */
const CHECKED_PODS_MAX = 2 ** 17;
/** Most placements that are judged at once. */
const PLACEMENTS_MAX = 2 ** 20;

/**
 * Some fields of an object, each read once. It may have others and be of any class: what a solver returns is read here.
 *
 * @param given - anything
 * @param fields - the names that are read
 * @param path - where the caller was given it
 * @throws CorralError `invalid-option` for what is no object
 */
function readSome<T extends object, K extends keyof T & string>(
  given: T,
  fields: readonly K[],
  path: ErrorPath,
): Pick<T, K> {
  if (typeof given !== 'object' || given === null) {
    throw unexpected(given, `an object with ${fields.join(', ')}`, path);
  }
  const entries = fields.map((field) => [field, callForeign(() => given[field], [...path, field])]);
  return Object.fromEntries(entries) as Pick<T, K>;
}

/** The pods of a placement; servers and ordinals that do not exist are kept, to be judged. */
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
 * Reads a placement as its maker describes it, once.
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
 * Reads the free servers of a state once; wrong figures are kept, to be judged.
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
 * Reads what a solver says is free, once; wrong figures are kept, to be judged.
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
  throw unexpected(value, 'a number', path);
}

function figureOf(value: unknown, path: ErrorPath): number | null {
  return value === null ? null : numberOf(value, path);
}

function textOf(value: unknown, path: ErrorPath): string {
  if (typeof value === 'string') return value;
  throw unexpected(value, 'a text', path);
}
