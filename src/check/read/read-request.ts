import { readFields, readRecord } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { unexpected } from '../../checks/values.js';
import type { ErrorPath } from '../../errors.js';
import { GPU_MILLI, GPU_MODELS_MAX, GPUS_PER_SERVER_MAX, QUANTITY_MAX } from '../../units.js';
import { CHECKED_FIELDS, type CheckedRequest } from './checked-request.js';

/**
 * Reads a request once.
 *
 * @param given - anything
 * @returns a copy whose fields have the right types and ranges. That levels exist, and that `podsMin` is at most
 * `pods`, is checked where they are used
 * @throws CorralError `invalid-request` with the path of the field
 */
export function readRequest(given: CheckedRequest): CheckedRequest {
  const request = readFields(given, CHECKED_FIELDS, ['request'], 'invalid-request');
  holdInteger(request.gpus, 0, GPUS_PER_SERVER_MAX, ['gpus']);
  holdInteger(request.gpuMilli, 1, GPU_MILLI, ['gpuMilli']);
  holdInteger(request.cpuMilli, 0, QUANTITY_MAX, ['cpuMilli']);
  holdInteger(request.memoryMiB, 0, QUANTITY_MAX, ['memoryMiB']);
  holdText(request.require, ['require']);
  holdText(request.prefer, ['prefer']);
  const { requirePerPod, communicates, gpuModels, labels, slice } = request;
  if (requirePerPod !== undefined && requirePerPod !== 'socket' && requirePerPod !== 'numa') {
    throw unexpected('socket or numa', requirePerPod, ['requirePerPod'], 'invalid-request');
  }
  if (communicates !== undefined && typeof communicates !== 'boolean') {
    throw unexpected('true or false', communicates, ['communicates'], 'invalid-request');
  }
  return {
    ...request,
    ...(gpuModels !== undefined && { gpuModels: readTexts(gpuModels) }),
    ...(labels !== undefined && { labels: readLabels(labels) }),
    ...(slice !== undefined && { slice: readSlice(slice) }),
  };
}

function readTexts(given: readonly string[]): string[] {
  const texts = readList(given, ['gpuModels'], 'invalid-request', GPU_MODELS_MAX);
  for (const [i, text] of texts.entries()) {
    if (typeof text !== 'string') throw unexpected('a text', text, ['gpuModels', i], 'invalid-request');
  }
  return texts;
}

function readLabels(given: Readonly<Record<string, string>>): Record<string, string> {
  const entries = readRecord(given, ['labels'], 'invalid-request', GPU_MODELS_MAX);
  for (const [name, value] of entries) {
    if (typeof value !== 'string') throw unexpected('a text', value, ['labels', name], 'invalid-request');
  }
  return Object.fromEntries(entries);
}

function readSlice(given: NonNullable<CheckedRequest['slice']>): NonNullable<CheckedRequest['slice']> {
  const slice = readFields(given, ['pods', 'tier'], ['request', 'slice'], 'invalid-request');
  if (!Number.isInteger(slice.pods) || slice.pods < 1) {
    throw unexpected('an integer from 1', slice.pods, ['slice', 'pods'], 'invalid-request');
  }
  if (typeof slice.tier !== 'string')
    throw unexpected('the name of a level', slice.tier, ['slice', 'tier'], 'invalid-request');
  return slice;
}

function holdInteger(value: unknown, min: number, max: number, path: ErrorPath): void {
  if (value === undefined) return;
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return;
  throw unexpected(`an integer from ${min} to ${max}`, value, path, 'invalid-request');
}

function holdText(value: unknown, path: ErrorPath): void {
  if (value !== undefined && typeof value !== 'string')
    throw unexpected('the name of a level', value, path, 'invalid-request');
}
