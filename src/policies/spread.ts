import type { Policy } from '../placement/policy.js';
import { usedShare } from './bin-pack.js';

/**
 * Spreads pods: the server whose GPUs are in use least, by share, once the pod is there. What Kubernetes calls
 * LeastAllocated, on GPUs alone, and what its default scheduler does. Servers without GPUs come first for pods that ask
 * for none: such pods spread nothing over GPUs, and could only strand some.
 *
 * Source: Kubernetes, NodeResourcesFit scoring strategy LeastAllocated.
 */
export function spread(): Policy {
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
