import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { GPU_MILLI, GPU_MODELS_MAX, GPUS_PER_SERVER_MAX, QUANTITY_MAX } from '../../units.js';
import type { TypicalPod, Workload } from '../request/policy.js';

/** Most typical pods of one workload. */
const TYPICAL_PODS_MAX = 65_536;

const FIELDS: readonly (keyof TypicalPod)[] = ['cpuMilli', 'gpus', 'gpuMilli', 'gpuModels', 'share'];

/**
 * Reads the pods to expect, each field once.
 *
 * @param given - what the caller handed in, anything
 * @param path - where the caller was given it
 * @returns a copy, frozen
 * @throws CorralError `invalid-option` with the path of what is wrong
 * @complexity O(typical pods)
 */
export function readWorkload(given: Workload, path: ErrorPath): Workload {
  const pods = readList(given, path, 'invalid-option', TYPICAL_PODS_MAX);
  if (pods.length === 0) {
    throw new CorralError(
      'invalid-option',
      path,
      'is empty: name at least one typical pod; typicalPods() makes them from a list of pods',
    );
  }
  return Object.freeze(pods.map((pod, i) => readTypicalPod(pod, [...path, i])));
}

function readTypicalPod(given: TypicalPod, path: ErrorPath): TypicalPod {
  const pod = readFields(given, FIELDS, path);
  const check = (field: 'cpuMilli' | 'gpus' | 'gpuMilli', max: number): void => {
    const value: unknown = pod[field];
    if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= max) return;
    throw new CorralError(
      'invalid-option',
      [...path, field],
      `expected an integer from 0 to ${max}, got ${quote(value)}`,
    );
  };
  check('cpuMilli', QUANTITY_MAX);
  check('gpus', GPUS_PER_SERVER_MAX);
  check('gpuMilli', GPU_MILLI);
  if (pod.gpus > 0 !== pod.gpuMilli > 0) {
    throw new CorralError(
      'invalid-option',
      [...path, 'gpuMilli'],
      'gpus and gpuMilli are both 0 or both more: a pod with GPUs takes something of each',
    );
  }
  if (!Number.isFinite(pod.share) || pod.share < 0) {
    throw new CorralError(
      'invalid-option',
      [...path, 'share'],
      `expected a share of 0 or more, got ${quote(pod.share)}`,
    );
  }
  return Object.freeze({
    ...pod,
    ...(pod.gpuModels !== undefined && { gpuModels: readModels(pod.gpuModels, [...path, 'gpuModels']) }),
  });
}

/** Reads the names of GPU models, at most 1,024 of them: of a typical pod, or of a cluster. */
export function readModels(given: readonly string[], path: ErrorPath): readonly string[] {
  const models = readList(given, path, 'invalid-option', GPU_MODELS_MAX);
  models.forEach((model, i) => {
    if (typeof model === 'string') return;
    throw new CorralError('invalid-option', [...path, i], `expected a GPU model, got ${quote(model)}`);
  });
  return Object.freeze(models);
}
