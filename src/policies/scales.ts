import { readFields } from '../checks/fields.js';
import { CorralError, quote } from '../errors.js';
import type { PolicyContext } from '../placement/request/policy.js';

const CONTEXT_FIELDS: readonly (keyof PolicyContext)[] = [
  'gpuModels',
  'cpuMilliMax',
  'gpuMilliMax',
  'workload',
];
/** The CPU capacity by which published scores are divided: the largest server of the openb cluster. */
const OPENB_CPU_MILLI = 128_000;
/** The GPU capacity by which published scores are divided: 8 GPUs. */
const OPENB_GPU_MILLI = 8000;

/**
 * The divisors of CPU and GPU amounts in scores that mix them.
 *
 * The authors' simulator has the constants 128,000 milli-cores and 8 GPUs; these are the least. A cluster of larger
 * servers is divided by its own largest server, so that scores stay in 0 … 100.
 *
 * @throws CorralError `invalid-option` for capacities that are no numbers: `prepare` is public
 */
export function scales(context: PolicyContext): { readonly cpuMilli: number; readonly gpuMilli: number } {
  return {
    cpuMilli: Math.max(OPENB_CPU_MILLI, capacity(context, 'cpuMilliMax')),
    gpuMilli: Math.max(OPENB_GPU_MILLI, capacity(context, 'gpuMilliMax')),
  };
}

function capacity(context: PolicyContext, field: 'cpuMilliMax' | 'gpuMilliMax'): number {
  const value: unknown = readFields(context, CONTEXT_FIELDS, ['context'])[field];
  if (typeof value === 'number' && value >= 0) return value;
  throw new CorralError(
    'invalid-option',
    ['context', field],
    `expected a number of 0 or more, got ${quote(value)}`,
  );
}

/**
 * A server without a CPU figure is not limited by it: the score takes it as full-sized, and as empty as it can be.
 */
export function finiteCpuMilli(cpuFreeMilli: number, scaleMilli: number): number {
  return cpuFreeMilli === Number.POSITIVE_INFINITY ? scaleMilli : cpuFreeMilli;
}
