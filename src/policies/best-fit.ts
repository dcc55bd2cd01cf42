import { readFields } from '../checks/fields.js';
import type { NoOptions, Policy } from '../placement/request/policy.js';
import { finiteCpuMilli, scales } from './scales.js';

/**
 * Prefers the server that the pod leaves with the least CPU and GPU, equally weighted.
 *
 * score = ⌊100 (1 − [½ (free CPU − pod CPU)/C + ½ (idle GPU − pod GPU)/G])⌋; C and G are the published
 * 128,000 milli-cores and 8 GPUs, or the cluster's largest server if larger. A share goes to the tightest GPU.
 * The published run rescales the scores of one decision to 0 … 100; that keeps the best servers the best, and
 * equal, so it is left out here.
 *
 * Source: the BestFit baseline of Weng et al., USENIX ATC 2023 (after Protean, OSDI 2020).
 *
 * @param options - none; here so that a misspelt one is refused
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for any option
 * @example
 * compile(topology('dgx-h100'), { policy: bestFit() }).place({ gpus: 1 }).ok; // true
 */
export function bestFit(options: NoOptions = {}): Policy {
  readFields(options, []);
  return {
    name: 'bestFit',
    ties: 'document-order',
    prepare: (context) => {
      const scale = scales(context);
      return {
        by: 'server',
        shareGpu: 'tightest',
        score: (server, pod) => {
          const cpuLeft = finiteCpuMilli(server.cpuFreeMilli - pod.cpuMilli, scale.cpuMilli);
          const gpuLeft = server.idleGpuMilli - pod.totalGpuMilli;
          return Math.trunc(
            100 * (1 - ((0.5 * cpuLeft) / scale.cpuMilli + (0.5 * gpuLeft) / scale.gpuMilli)),
          );
        },
      };
    },
  };
}
