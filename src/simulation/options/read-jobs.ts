import { readFields, unknownField } from '../../checks/fields.js';
import { callForeign, isPlain, readList, refuseSymbols } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { labelsOf, REQUEST_FIELDS } from '../../placement/read/read-request.js';
import { GPU_MODELS_MAX } from '../../units.js';
import type { JobCheckpoints, SimulationJob } from './simulation-job.js';

/** Most jobs of one simulation. */
export const JOBS_MAX: number = 2 ** 22;

const FIELD_NAMES: readonly string[] = [
  ...REQUEST_FIELDS,
  'id',
  'submitSeconds',
  'durationSeconds',
  'workGpuSeconds',
  'estimateSeconds',
  'priority',
  'preemptible',
  'tenant',
  'communicationFraction',
  'ratedGBps',
  'checkpoint',
];
const FIELDS: ReadonlySet<string> = new Set(FIELD_NAMES);
const CHECKPOINT_FIELDS: readonly (keyof JobCheckpoints)[] = [
  'computeSeconds',
  'stallSeconds',
  'persistLagSeconds',
  'durable',
];

/**
 * Reads the list of jobs, but not its entries.
 *
 * @throws CorralError `invalid-option` for anything else than a list, a hole, and more than 4,194,304
 */
export function readJobList(given: readonly SimulationJob[]): SimulationJob[] {
  return readList(given, ['jobs'], 'invalid-option', JOBS_MAX);
}

/**
 * Reads the fields of a job and their contents, each once. Written by hand, because there may be millions of jobs.
 *
 * @param given - what the caller handed in, anything
 * @param index - its position in the list
 * @returns a copy that nobody else has; what the values are is not checked yet
 * @throws CorralError with a path from `jobs` on
 * @complexity O(fields, labels and models)
 */
export function readJob(given: unknown, index: number): SimulationJob {
  const path: ErrorPath = ['jobs', index];
  if (typeof given !== 'object' || given === null) {
    throw new CorralError('invalid-option', path, `expected a job, got ${quote(given)}`);
  }
  return callForeign(() => {
    if (!isPlain(given)) {
      throw new CorralError('invalid-option', path, `expected a job, a plain object, got ${quote(given)}`);
    }
    refuseSymbols(given, { path, code: 'invalid-option' });
    const job: Record<string, unknown> = {};
    for (const field in given) {
      if (!FIELDS.has(field)) {
        throw new CorralError('invalid-option', [...path, field], unknownField(field, FIELD_NAMES));
      }
      const value = (given as Readonly<Record<string, unknown>>)[field];
      if (value === null || typeof value === 'function') {
        throw new CorralError(
          'invalid-option',
          [...path, field],
          `got ${quote(value)}: leave the field out, or give a value`,
        );
      }
      job[field] = typeof value === 'object' ? readInside(field, value, [...path, field]) : value;
    }
    return job as unknown as SimulationJob;
  }, path);
}

/** Copies the content of a field that holds more than a number or a name. */
function readInside(field: string, value: unknown, path: ErrorPath): unknown {
  switch (field) {
    case 'gpuModels':
      return readList(value as readonly string[], path, 'invalid-request', GPU_MODELS_MAX);
    case 'labels':
      return labelsOf(value as Readonly<Record<string, string>>, path);
    case 'slice':
      return readFields(value, ['pods', 'tier'], path, 'invalid-request');
    case 'checkpoint': {
      const checkpoint = readFields(value as JobCheckpoints, CHECKPOINT_FIELDS, path);
      const { durable } = checkpoint;
      if (durable === undefined) return checkpoint;
      return {
        ...checkpoint,
        durable: readFields(durable, ['snapshots', 'stallSeconds'], [...path, 'durable']),
      };
    }
    default:
      // The check of this field refuses it later.
      return value;
  }
}
