import { CorralError, quote } from '../errors.js';
import { checkFields } from '../fields.js';
import type { Workload } from '../placement/policy.js';

/** What {@link typicalPods} reads of a pod. */
export interface SamplePod {
  readonly cpuMilli: number;
  /** GPUs touched; 0 for a pod without. */
  readonly gpus: number;
  /** Thousandths of each. */
  readonly gpuMilli: number;
  readonly gpuModels?: readonly string[] | undefined;
}

/** Options of {@link typicalPods}. */
export interface TypicalPodsOptions {
  /** Kinds of pod are taken, most frequent first, until they cover this share of all; default 0.95 as published. */
  readonly coverage?: number | undefined;
}

/**
 * The workload that a list of pods stands for: its most frequent kinds and their shares.
 *
 * Kinds are (CPU, thousandths of GPU, GPUs, models as listed), without memory. Of kinds seen equally often the
 * one with more CPU comes first, then more thousandths, more GPUs, and the later spelling of models, as in the
 * published program.
 *
 * Source: Weng et al., USENIX ATC 2023 ("target workload"); tie order from the authors' simulator.
 *
 * @param pods - any order; only counts matter
 * @param options - see {@link TypicalPodsOptions}
 * @returns typical pods, most frequent first; shares sum to 1
 * @throws CorralError `invalid-option` for an empty list or a coverage outside 0 … 1
 * @complexity O(pods + kinds log kinds)
 * @example
 * typicalPods([{ cpuMilli: 4000, gpus: 1, gpuMilli: 500 }]); // [{ cpuMilli: 4000, gpus: 1, gpuMilli: 500, share: 1 }]
 */
export function typicalPods(pods: readonly SamplePod[], options: TypicalPodsOptions = {}): Workload {
  checkFields(options, ['coverage']);
  const coverage = options.coverage ?? 0.95;
  if (!(coverage > 0 && coverage <= 1)) {
    throw new CorralError(
      'invalid-option',
      ['coverage'],
      `expected more than 0 and at most 1, got ${quote(coverage)}`,
    );
  }
  if (!Array.isArray(pods) || pods.length === 0) {
    throw new CorralError('invalid-option', ['pods'], `expected a list of pods, got ${quote(pods)}`);
  }
  pods.forEach((pod, i) => {
    if (typeof pod !== 'object' || pod === null) {
      throw new CorralError('invalid-option', ['pods', i], `expected a pod, got ${quote(pod)}`);
    }
    if (pod.gpuModels !== undefined && !Array.isArray(pod.gpuModels)) {
      throw new CorralError(
        'invalid-option',
        ['pods', i, 'gpuModels'],
        `expected a list of names, got ${quote(pod.gpuModels)}`,
      );
    }
  });
  const kinds = new Map<string, { pod: SamplePod; models: string; count: number }>();
  for (const pod of pods) {
    const models = (pod.gpuModels ?? []).join('|');
    const key = `${pod.cpuMilli}/${pod.gpuMilli}/${pod.gpus}/${models}`;
    const kind = kinds.get(key);
    if (kind === undefined) kinds.set(key, { pod, models, count: 1 });
    else kind.count++;
  }
  const ordered = [...kinds.values()].sort(
    (a, b) =>
      b.count - a.count ||
      b.pod.cpuMilli - a.pod.cpuMilli ||
      b.pod.gpuMilli - a.pod.gpuMilli ||
      b.pod.gpus - a.pod.gpus ||
      (a.models < b.models ? 1 : -1),
  );
  let covered = 0;
  let taken = 0;
  while (covered < coverage * pods.length && taken < ordered.length) covered += ordered[taken++]!.count;
  const scale = covered / pods.length;
  return ordered.slice(0, taken).map(({ pod, count }) => ({
    cpuMilli: pod.cpuMilli,
    gpus: pod.gpus,
    gpuMilli: pod.gpuMilli,
    ...(pod.gpuModels !== undefined && pod.gpuModels.length > 0 && { gpuModels: [...pod.gpuModels] }),
    share: taken < ordered.length ? count / pods.length / scale : count / pods.length,
  }));
}
