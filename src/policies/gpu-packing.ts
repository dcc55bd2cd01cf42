import { readFields } from '../checks/fields.js';
import type { NoOptions, PodFacts, Policy, ServerFacts } from '../placement/request/policy.js';
import { GPU_MILLI } from '../units.js';

/**
 * Fills GPUs already in use before free GPUs of servers in use, and those before idle servers.
 *
 * A pod without GPUs scores 0 everywhere. An idle server of n GPUs scores max(33 − n, n). Otherwise the pod's
 * GPUs are the tightest that suffice; if u of them are wholly free the score is max(50 − u, 33), else
 * max(100 − r/10, 50) with r the percent that is free on them.
 *
 * Source: the GpuPacking baseline of Weng et al., USENIX ATC 2023 (after MLaaS in the wild, NSDI 2022).
 *
 * @param options - none; here so that a misspelt one is refused
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for any option
 * @example
 * compile(topology('dgx-h100'), { policy: gpuPacking() }).place({ gpus: 1 }).ok; // true
 */
export function gpuPacking(options: NoOptions = {}): Policy {
  readFields(options, []);
  return {
    name: 'gpuPacking',
    ties: 'document-order',
    prepare: () => ({ by: 'server', shareGpu: 'tightest', score }),
  };
}

function score(server: ServerFacts, pod: PodFacts): number {
  if (pod.gpus === 0) return 0;
  const n = server.gpus;
  if (server.idleGpuMilli === n * GPU_MILLI) return Math.max(33 - n, n);
  // The pod would get the GPUs with the `gpus` smallest numbers of free thousandths that suffice.
  let whollyFree = 0;
  let freePercent = 0;
  let above = pod.gpuMilli - 1;
  let wanted = pod.gpus;
  while (wanted > 0) {
    let least = GPU_MILLI + 1;
    let count = 0;
    for (let g = 0; g < n; g++) {
      const free = server.gpuFreeMilli[g]!;
      if (free <= above || free > least) continue;
      if (free < least) {
        least = free;
        count = 0;
      }
      count++;
    }
    const taken = Math.min(count, wanted);
    // The caller scores only servers that fit; a server with too few GPUs ends the search all the same.
    if (taken === 0) break;
    if (least === GPU_MILLI) whollyFree += taken;
    else freePercent += taken * Math.trunc((least * 100) / GPU_MILLI);
    wanted -= taken;
    above = least;
  }
  if (whollyFree > 0) return Math.max(50 - whollyFree, 33);
  return Math.max(100 - Math.trunc(freePercent / 10), 50);
}
