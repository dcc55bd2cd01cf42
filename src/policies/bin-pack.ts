import { readFields } from '../checks/fields.js';
import type { NoOptions, Policy } from '../placement/request/policy.js';
import { GPU_MILLI } from '../units.js';

/**
 * Fills servers up: the server whose GPUs are in use most, by share, once the pod is there. What Kubernetes calls
 * MostAllocated, on GPUs alone; servers without GPUs come first for pods that ask for none, before full ones too.
 *
 * Source: Kubernetes, NodeResourcesFit scoring strategy MostAllocated.
 *
 * @param options - none; here so that a misspelt one is refused
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for any option
 * @example
 * compile(topology('dgx-h100'), { policy: binPack() }).place({ gpus: 1 }).ok; // true
 */
export function binPack(options: NoOptions = {}): Policy {
  readFields(options, []);
  return {
    name: 'binPack',
    ties: 'document-order',
    prepare: () => ({
      by: 'server',
      shareGpu: 'tightest',
      score: (server, pod) => usedShare(server.gpus, server.idleGpuMilli - pod.totalGpuMilli) ?? 2,
    }),
  };
}

/** Share of the GPUs of a server that is in use, 0 … 1; undefined where there are none. */
export function usedShare(gpus: number, idleGpuMilli: number): number | undefined {
  return gpus === 0 ? undefined : 1 - idleGpuMilli / (GPU_MILLI * gpus);
}
