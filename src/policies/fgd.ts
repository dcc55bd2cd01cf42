import { readFields } from '../checks/fields.js';
import { CorralError, quote } from '../errors.js';
import { readWorkload } from '../placement/read/read-workload.js';
import type { Policy, Workload } from '../placement/request/policy.js';
import { FragmentationMeasure } from './fragmentation.js';

/** Options of {@link fgd}. */
export interface FgdOptions {
  /** The expected pods; default: the workload given to `compile`. */
  readonly workload?: Workload | undefined;
  /**
   * Rank by the exact change of fragmentation; default false: by a whole score of 0 … 100 like the published
   * program, where about 40 thousandths of a GPU are one step and ties are common.
   */
  readonly exact?: boolean | undefined;
}

/**
 * Fragmentation gradient descent: the server (and for a share, the GPU) on which the pod raises the expected
 * fragmentation least.
 *
 * score = ⌊100 σ((F_before − F_after)/1000)⌋ with σ(x) = 1/(1 + e^−x) and F the fragmentation of the server in
 * thousandths of a GPU; `exact` takes F_before − F_after itself.
 *
 * Source: Weng et al., "Beware of Fragmentation", USENIX ATC 2023, algorithm 1.
 *
 * @param options - see {@link FgdOptions}
 * @returns the policy, for `compile` and `simulate`
 * @throws CorralError `invalid-option` for a wrong or unknown option, and from `compile` if there is no workload
 * @example
 * const workload = typicalPods([{ cpuMilli: 4000, gpus: 1, gpuMilli: 500 }]);
 * compile(topology('dgx-h100'), { policy: fgd({ workload }) }).place({ gpuMilli: 500 }).ok; // true
 */
export function fgd(options: FgdOptions = {}): Policy {
  const given = readFields(options, ['workload', 'exact']);
  const { exact = false } = given;
  if (typeof exact !== 'boolean') {
    throw new CorralError('invalid-option', ['exact'], `expected true or false, got ${quote(exact)}`);
  }
  const own = given.workload === undefined ? undefined : readWorkload(given.workload, ['workload']);
  return {
    name: exact ? 'fgd (exact)' : 'fgd',
    ties: 'document-order',
    prepare: (context) => {
      const workload = own ?? context.workload;
      if (workload === undefined) {
        throw new CorralError(
          'invalid-option',
          ['policy', 'workload'],
          'fgd measures fragmentation against a workload: give fgd({ workload }) or compile(…, { workload }); typicalPods() makes one from a list of pods',
        );
      }
      const measure = new FragmentationMeasure(workload, context.gpuModels);
      return {
        by: 'difference',
        potential: (server) => measure.of(server),
        gain: exact ? exactGain : wholeGain,
      };
    },
  };
}

/**
 * The change to a millionth of a thousandth of a GPU. Real differences are larger (one thousandth times the
 * share of a pod); the noise of adding doubles in another order is smaller, and must not decide: on the
 * default openb trace it costs two percent of all GPUs.
 */
function exactGain(before: number, after: number): number {
  return Math.round((before - after) * 1e6) / 1e6;
}

function wholeGain(before: number, after: number): number {
  const sigmoid = 1 / (1 + Math.exp(-(before - after) / 1000));
  return Math.trunc(100 * sigmoid);
}
