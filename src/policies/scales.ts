import type { PolicyContext } from '../placement/policy.js';

/** The CPU capacity by which published scores are divided: the largest server of the openb cluster. */
const OPENB_CPU_MILLI = 128_000;
/** The GPU capacity by which published scores are divided: 8 GPUs. */
const OPENB_GPU_MILLI = 8000;

/**
 * What CPU and GPU amounts are divided by in scores that mix them.
 *
 * The authors' simulator hard-codes 128,000 milli-cores and 8 GPUs, so those are the least; a cluster of
 * larger servers is divided by its own largest, or scores would leave 0 … 100.
 */
export function scales(context: PolicyContext): { readonly cpuMilli: number; readonly gpuMilli: number } {
  return {
    cpuMilli: Math.max(OPENB_CPU_MILLI, context.cpuMilliMax),
    gpuMilli: Math.max(OPENB_GPU_MILLI, context.gpuMilliMax),
  };
}

/** A server that states no CPU is not limited by it: the score takes it as full-sized and never emptier. */
export function finiteCpuMilli(cpuFreeMilli: number, scaleMilli: number): number {
  return cpuFreeMilli === Number.POSITIVE_INFINITY ? scaleMilli : cpuFreeMilli;
}
