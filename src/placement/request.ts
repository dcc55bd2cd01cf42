import { CorralError, quote } from '../errors.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, QUANTITY_MAX } from '../units.js';

/** What one pod asks for. Nothing asked for is nothing taken: `{}` is a pod that needs no resource. */
export interface PlacementRequest {
  /** Whole GPUs, 0 … 16 of one server; default 0. Not together with `gpuMilli`. */
  readonly gpus?: number | undefined;
  /** A share of one GPU in thousandths, 1 … 1000; 1000 is one whole GPU. */
  readonly gpuMilli?: number | undefined;
  /** CPU, thousandths of a core; default 0. */
  readonly cpuMilli?: number | undefined;
  /** Memory, MiB; default 0. */
  readonly memoryMiB?: number | undefined;
  /** GPU models that will do, compared letter by letter; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
}

const FIELDS = new Set(['gpus', 'gpuMilli', 'cpuMilli', 'memoryMiB', 'gpuModels']);
/** Most GPU models one request may list. */
const MODELS_MAX = 1024;

/**
 * Checks a request by hand: this runs on every decision, where a schema library costs more than deciding.
 *
 * @throws CorralError `invalid-request` with the path of the offending field
 */
export function checkRequest(request: PlacementRequest): void {
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw new CorralError('invalid-request', [], `expected a request object, got ${quote(request)}`);
  }
  for (const field in request) {
    if (!FIELDS.has(field)) {
      throw new CorralError(
        'invalid-request',
        [field],
        `unknown field: a request has ${[...FIELDS].join(', ')}`,
      );
    }
  }
  checkInteger('gpus', request.gpus, 0, GPUS_PER_SERVER_MAX);
  checkInteger('gpuMilli', request.gpuMilli, 1, GPU_MILLI);
  checkInteger('cpuMilli', request.cpuMilli, 0, QUANTITY_MAX);
  checkInteger('memoryMiB', request.memoryMiB, 0, QUANTITY_MAX);
  if (request.gpuMilli !== undefined && request.gpus !== undefined) {
    throw new CorralError(
      'invalid-request',
      ['gpuMilli'],
      'give either gpus (whole) or gpuMilli (a share), not both',
    );
  }
  const models = request.gpuModels;
  if (models === undefined) return;
  if (!Array.isArray(models) || models.length > MODELS_MAX) {
    throw new CorralError(
      'invalid-request',
      ['gpuModels'],
      `expected a list of at most ${MODELS_MAX} names, got ${quote(models)}`,
    );
  }
  models.forEach((model, i) => {
    if (typeof model !== 'string' || model === '') {
      throw new CorralError(
        'invalid-request',
        ['gpuModels', i],
        `expected a GPU model name, got ${quote(model)}`,
      );
    }
  });
}

function checkInteger(field: string, value: unknown, min: number, max: number): void {
  if (value === undefined) return;
  if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
    throw new CorralError(
      'invalid-request',
      [field],
      `expected an integer from ${min} to ${max}, got ${quote(value)}`,
    );
  }
}
