import { readFields, unknownField } from '../../checks/fields.js';
import { callForeign, isPlain, readList, refuseSymbols } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { TierName } from '../../ids.js';
import { GPU_PLACES, type GpuPlace } from '../../topology/gpu-places.js';
import { GPU_MILLI, GPU_MODELS_MAX, GPUS_PER_SERVER_MAX, PODS_MAX, QUANTITY_MAX } from '../../units.js';

/**
 * What is asked for: a gang of equal pods that start together or not at all; one pod if `pods` is absent. Nothing asked
 * for is nothing taken: `{}` is a pod that needs no resource.
 */
export interface PlacementRequest {
  /** Pods of the gang, 1 … 1,048,576; default 1. */
  readonly pods?: number | undefined;
  /** The fewest pods that will do: the largest number from `podsMin` to `pods` that fits is placed. Default: `pods`. */
  readonly podsMin?: number | undefined;
  /** Whole GPUs per pod, 0 … 16 of one server; default 0. Not together with `gpuMilli`. */
  readonly gpus?: number | undefined;
  /** Per pod a share of one GPU in thousandths, 1 … 1000; 1000 is one whole GPU. */
  readonly gpuMilli?: number | undefined;
  /** CPU per pod, thousandths of a core; default 0. */
  readonly cpuMilli?: number | undefined;
  /** Memory per pod, MiB; default 0. */
  readonly memoryMiB?: number | undefined;
  /** GPU models that will do, compared letter by letter; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Labels that a server must bear, each with exactly this value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * All pods in one domain of this tier: a tier of the cluster, `server` or `cluster`. For a single pod also `socket` or
   * `numa`: all its GPUs on one CPU socket or NUMA node.
   */
  readonly require?: TierName | undefined;
  /**
   * As `require`, given up where it cannot be. The default policy takes the lowest tier that fits anyway; policies that
   * do not look at tiers keep to it first. `socket` and `numa` go before bandwidth under every policy.
   */
  readonly prefer?: TierName | undefined;
  /**
   * The GPUs of every pod on one CPU socket, or on one NUMA node. Servers whose document does not say where their GPUs
   * are do not fit. It asks nothing of pods that touch no GPU, or one.
   */
  readonly requirePerPod?: GpuPlace | undefined;
  /**
   * Every group of `pods` consecutive pods in one domain of `tier`; the last one may be smaller.
   */
  readonly slice?: { readonly pods: number; readonly tier: TierName } | undefined;
  /**
   * Whether the GPUs talk to each other, inside pods and across; default true. Where they do not, nothing is gained by
   * keeping them close: every pod goes where a single one does least damage to what remains, wherever `require`, `prefer`
   * and `slice` leave the choice. Still all pods or none. Such a placement has no bandwidth.
   */
  readonly communicates?: boolean | undefined;
}

/** The fields of a request, for those who take one as part of something larger. */
export const REQUEST_FIELDS: readonly (keyof PlacementRequest)[] = [
  'pods',
  'podsMin',
  'gpus',
  'gpuMilli',
  'cpuMilli',
  'memoryMiB',
  'gpuModels',
  'labels',
  'require',
  'prefer',
  'requirePerPod',
  'slice',
  'communicates',
];
const FIELDS: ReadonlySet<string> = new Set<string>(REQUEST_FIELDS);
/** Most labels one request may name. */
const LABELS_MAX = 1024;

/**
 * Reads a request, each field once, and checks it by hand: this runs on every decision, where a schema library costs more
 * than deciding.
 *
 * @param given - what the caller handed in, anything
 * @returns a copy that nobody else has, fields that are not given `undefined`
 * @throws CorralError `invalid-request` with the path of the offending field
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

/** What a request says, lists and objects in it included. */
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
 * @param given - what the caller handed in, anything
 * @param path - where the caller was given it
 * @throws CorralError `invalid-request` for what is no plain object of texts
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
    // A label that is undefined is one that was forgotten: without it the pod might go anywhere.
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

/** Whether a name that a request requires or prefers is a place inside a server. */
export function isPlace(name: string): name is GpuPlace {
  return (GPU_PLACES as readonly string[]).includes(name);
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
