import { readFields } from '../checks/fields.js';
import type { NoOptions, Policy } from '../placement/request/policy.js';
import { usedShare } from './bin-pack.js';

/**
 * Spreads pods: the server whose GPUs are in use least, by share, once the pod is there. What Kubernetes calls
 * LeastAllocated, on GPUs alone, and what its default scheduler does. Servers without GPUs come first for pods that ask
 * for none: such pods spread nothing over GPUs, and could only strand some.
 *
 * Source: Kubernetes, NodeResourcesFit scoring strategy LeastAllocated.
 *
 * @param options - none; here so that a misspelt one is refused
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for any option
 * @example
 * compile(topology('dgx-h100'), { policy: spread() }).place({ gpus: 1 }).ok; // true
 */
export function spread(options: NoOptions = {}): Policy {
  readFields(options, []);
  return {
    name: 'spread',
    ties: 'document-order',
    prepare: () => ({
      by: 'server',
      shareGpu: 'tightest',
      score: (server, pod) => -(usedShare(server.gpus, server.idleGpuMilli - pod.totalGpuMilli) ?? -1),
    }),
  };
}
