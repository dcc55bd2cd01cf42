import { readFields } from '../checks/fields.js';
import type { NoOptions, Policy } from '../placement/request/policy.js';
import { finiteCpuMilli, scales } from './scales.js';

/**
 * Prefers the server whose free resources, as a vector of CPU and GPU, are least like the pod's: the smallest
 * dot product of the two.
 *
 * score = ⌊100 (1 − d/2)⌋, d = (free CPU / C)(pod CPU / C) + (idle GPU / G)(pod GPU / G); C and G are the
 * published 128,000 milli-cores and 8 GPUs, or the cluster's largest server if larger. A share goes to the
 * tightest GPU.
 *
 * Source: the DotProd baseline of Weng et al., USENIX ATC 2023 (after Grandl et al., Tetris, SIGCOMM 2014), as
 * run there with merged dimensions.
 *
 * @param options - none; here so that a misspelt one is refused
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for any option
 * @example
 * compile(topology('dgx-h100'), { policy: dotProduct() }).place({ gpus: 1 }).ok; // true
 */
export function dotProduct(options: NoOptions = {}): Policy {
  readFields(options, []);
  return {
    name: 'dotProduct',
    ties: 'document-order',
    prepare: (context) => {
      const scale = scales(context);
      return {
        by: 'server',
        shareGpu: 'tightest',
        score: (server, pod) => {
          const cpuFree = finiteCpuMilli(server.cpuFreeMilli, scale.cpuMilli);
          const product =
            (cpuFree / scale.cpuMilli) * (pod.cpuMilli / scale.cpuMilli) +
            (server.idleGpuMilli / scale.gpuMilli) * (pod.totalGpuMilli / scale.gpuMilli);
          return Math.trunc(100 * (1 - product / 2));
        },
      };
    },
  };
}
