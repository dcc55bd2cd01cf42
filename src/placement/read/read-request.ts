import { readFields, unknownField } from '../../checks/fields.js';
import { callForeign, isPlain, readList, refuseSymbols } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { TierName } from '../../ids.js';
import { GPU_PLACES, isPlace } from '../../topology/gpu-places.js';
import { GPU_MILLI, GPU_MODELS_MAX, GPUS_PER_SERVER_MAX, PODS_MAX, QUANTITY_MAX } from '../../units.js';
import type { PlacementRequest } from '../request/request.js';

/** The fields of a request. */
export const REQUEST_FIELDS = Object.keys({
  pods: true,
  podsMin: true,
  gpus: true,
  gpuMilli: true,
  cpuMilli: true,
  memoryMiB: true,
  gpuModels: true,
  labels: true,
  require: true,
  prefer: true,
  requirePerPod: true,
  slice: true,
  communicates: true,
} satisfies Record<keyof PlacementRequest, true>) as readonly (keyof PlacementRequest)[];
const FIELDS: ReadonlySet<string> = new Set<string>(REQUEST_FIELDS);
/** Most labels in one request. */
const LABELS_MAX = 1024;

/**
 * Reads a request, each field once, and checks it.
 *
 * It is written by hand, because it runs on every decision: a schema library takes longer than the decision itself.
 *
 * @param given - what the caller handed in, of any type
 * @returns a copy that only the library holds; fields that were not given are `undefined`
 * @throws CorralError `invalid-request` with the path of the wrong field
 * @complexity O(fields + GPU models + labels)
 */
export function readRequest(given: PlacementRequest): PlacementRequest {
  const request = callForeign(() => copyOf(given), [], 'invalid-request');
  const { pods, podsMin, gpus, gpuMilli, cpuMilli, memoryMiB } = request;
  checkInteger('pods', pods, 1, PODS_MAX);
  checkInteger('podsMin', podsMin, 1, pods ?? 1);
  checkInteger('gpus', gpus, 0, GPUS_PER_SERVER_MAX);
  checkInteger('gpuMilli', gpuMilli, 1, GPU_MILLI);
  checkInteger('cpuMilli', cpuMilli, 0, QUANTITY_MAX);
  checkInteger('memoryMiB', memoryMiB, 0, QUANTITY_MAX);
  if (gpuMilli !== undefined && gpus !== undefined) {
    throw new CorralError(
      'invalid-request',
      ['gpuMilli'],
      'give either gpus (whole) or gpuMilli (a share), not both',
    );
  }
  if (request.require !== undefined) checkTier(['require'], request.require);
  if (request.prefer !== undefined) checkTier(['prefer'], request.prefer);
  checkPlaces(request);
  const { communicates } = request;
  if (communicates !== undefined && typeof communicates !== 'boolean') {
    throw new CorralError(
      'invalid-request',
      ['communicates'],
      `expected true or false, got ${quote(communicates)}`,
    );
  }
  return request;
}

/** A deep copy of a request; only its lists and objects are checked here. */
function copyOf(given: PlacementRequest): PlacementRequest {
  if (typeof given !== 'object' || given === null || !isPlain(given)) {
    throw new CorralError('invalid-request', [], `expected a request object, got ${quote(given)}`);
  }
  refuseSymbols(given, { path: [], code: 'invalid-request' });
  for (const field in given) {
    if (!FIELDS.has(field)) {
      throw new CorralError('invalid-request', [field], unknownField(field, REQUEST_FIELDS));
    }
  }
  const { gpuModels, labels, slice } = given;
  return {
    pods: given.pods,
    podsMin: given.podsMin,
    gpus: given.gpus,
    gpuMilli: given.gpuMilli,
    cpuMilli: given.cpuMilli,
    memoryMiB: given.memoryMiB,
    gpuModels: gpuModels === undefined ? undefined : modelsOf(gpuModels),
    labels: labels === undefined ? undefined : labelsOf(labels),
    require: given.require,
    prefer: given.prefer,
    requirePerPod: given.requirePerPod,
    slice: slice === undefined ? undefined : sliceOf(slice),
    communicates: given.communicates,
  };
}

function modelsOf(given: readonly string[]): readonly string[] {
  const models = readList(given, ['gpuModels'], 'invalid-request', GPU_MODELS_MAX);
  models.forEach((model, i) => {
    if (typeof model !== 'string' || model === '') {
      throw new CorralError(
        'invalid-request',
        ['gpuModels', i],
        `expected a GPU model name, got ${quote(model)}`,
      );
    }
  });
  return models;
}

/**
 * Reads labels, each once.
 *
 * @param given - what the caller handed in, of any type
 * @param path - the place of the labels in what the caller handed in, for messages
 * @returns a copy
 * @throws CorralError `invalid-request` for anything but a plain object of texts, and for more than 1,024 labels
 */
export function labelsOf(
  given: Readonly<Record<string, string>>,
  path: ErrorPath = ['labels'],
): Readonly<Record<string, string>> {
  if (typeof given !== 'object' || given === null || !isPlain(given)) {
    const expected = 'expected an object of names and values';
    throw new CorralError('invalid-request', path, `${expected}, got ${quote(given)}`);
  }
  refuseSymbols(given, { path, code: 'invalid-request' });
  const labels: [string, string][] = [];
  for (const name in given) {
    const value = given[name];
    // An undefined label is an error of the caller, not an absent label: without it the pod could go to any server.
    if (typeof value !== 'string') {
      throw new CorralError('invalid-request', [...path, name], `expected a text, got ${quote(value)}`);
    }
    if (labels.push([name, value]) > LABELS_MAX) {
      throw new CorralError('invalid-request', path, `expected at most ${LABELS_MAX} labels`);
    }
  }
  return Object.fromEntries(labels);
}

function sliceOf(given: { readonly pods: number; readonly tier: TierName }): typeof given {
  const slice = readFields(given, ['pods', 'tier'], ['slice'], 'invalid-request');
  checkInteger('pods', slice.pods, 1, PODS_MAX, ['slice', 'pods']);
  if (slice.pods === undefined) {
    throw new CorralError('invalid-request', ['slice', 'pods'], 'say how many pods a slice has');
  }
  if (slice.tier === undefined) {
    throw new CorralError('invalid-request', ['slice', 'tier'], 'name the tier of the slices');
  }
  checkTier(['slice', 'tier'], slice.tier);
  return slice;
}

function checkTier(path: readonly string[], tier: unknown): void {
  if (typeof tier === 'string' && tier !== '') return;
  throw new CorralError('invalid-request', path, `expected the name of a tier, got ${quote(tier)}`);
}

function checkPlaces({ requirePerPod, require, prefer, pods }: PlacementRequest): void {
  if (requirePerPod !== undefined && !GPU_PLACES.includes(requirePerPod)) {
    throw new CorralError(
      'invalid-request',
      ['requirePerPod'],
      `expected ${GPU_PLACES.map(quote).join(' or ')}, got ${quote(requirePerPod)}`,
    );
  }
  if (pods === undefined || pods === 1) return;
  const path = require !== undefined && isPlace(require) ? 'require' : 'prefer';
  const place = path === 'require' ? require : prefer;
  if (place === undefined || !isPlace(place)) return;
  throw new CorralError(
    'invalid-request',
    [path],
    `${quote(place)} is for a single pod: to have each of ${pods} pods on one, give requirePerPod: ${quote(place)}`,
  );
}

function checkInteger(
  field: string,
  value: unknown,
  min: number,
  max: number,
  path?: readonly string[],
): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw new CorralError(
      'invalid-request',
      path ?? [field],
      `expected an integer from ${min} to ${max}, got ${quote(value)}`,
    );
  }
}

/** Returned by {@link onlyGpusOf} for a request with other fields, or one that cannot be read. */
export const OTHER_FIELDS: unique symbol = Symbol('other fields');

/**
 * The fast way to read the most common request, `{ gpus }`: reads `gpus`, unchecked, if the request has no other field.
 *
 * @param request - what the caller handed in, of any type
 * @returns the value of `gpus`, right or wrong; {@link OTHER_FIELDS} if {@link readRequest} must read the request
 */
export function onlyGpusOf(request: PlacementRequest): unknown {
  try {
    // The cheapest test for a plain object. Anything else with this constructor is read field by field, as one.
    if (request.constructor !== Object) return OTHER_FIELDS;
    for (const field in request) if (field !== 'gpus') return OTHER_FIELDS;
    return Object.getOwnPropertySymbols(request).length > 0 ? OTHER_FIELDS : request.gpus;
  } catch {
    // Null, or a getter that throws: readRequest reports it.
    return OTHER_FIELDS;
  }
}
