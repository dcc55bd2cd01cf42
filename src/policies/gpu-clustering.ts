import { readFields } from '../checks/fields.js';
import type { NoOptions, PodFacts, Policy, ServerFacts } from '../placement/request/policy.js';
import { GPU_MILLI } from '../units.js';
import { scales } from './scales.js';

/**
 * Puts pods of one size together: pods that share a GPU, pods of one GPU, of two, and so on.
 *
 * A pod without GPUs scores 0 everywhere. Otherwise ⌊25 (G − idle)/G⌋, plus 75 if the server runs only pods
 * of this size, 50 if this size among others, 25 if no GPU pod, 0 if only other sizes; G is the published 8
 * GPUs, or the cluster's largest server if larger. A share goes to the tightest GPU.
 *
 * Source: the GpuClustering baseline of Weng et al., USENIX ATC 2023 (after Gandiva, OSDI 2018).
 *
 * @param options - none; here so that a misspelt one is refused
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for any option
 * @example
 * compile(topology('dgx-h100'), { policy: gpuClustering() }).place({ gpus: 1 }).ok; // true
 */
export function gpuClustering(options: NoOptions = {}): Policy {
  readFields(options, []);
  return {
    name: 'gpuClustering',
    ties: 'document-order',
    prepare: (context) => {
      const { gpuMilli } = scales(context);
      return { by: 'server', shareGpu: 'tightest', score: (server, pod) => score(server, pod, gpuMilli) };
    },
  };
}

function score(server: ServerFacts, pod: PodFacts, scaleMilli: number): number {
  if (pod.gpus === 0) return 0;
  const base = Math.trunc((25 * (scaleMilli - server.idleGpuMilli)) / scaleMilli);
  const own = pod.gpuMilli === GPU_MILLI ? pod.gpus : 0;
  let sizes = 0;
  for (let size = 0; size <= server.gpus; size++) if (server.residents[size]! > 0) sizes++;
  if (sizes === 0) return base + 25;
  if (server.residents[own]! === 0) return base;
  return base + (sizes === 1 ? 75 : 50);
}
