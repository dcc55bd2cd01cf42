import { readFields } from '../checks/fields.js';
import { callForeign, readList } from '../checks/plain-data.js';
import { CorralError, quote } from '../errors.js';
import { readModels } from '../placement/read/read-workload.js';
import type { Workload } from '../placement/request/policy.js';
import { GPU_MILLI, GPUS_PER_SERVER_MAX, QUANTITY_MAX } from '../units.js';

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
  const { coverage = 0.95 } = readFields(options, ['coverage']);
  if (!(typeof coverage === 'number' && coverage > 0 && coverage <= 1)) {
    throw new CorralError(
      'invalid-option',
      ['coverage'],
      `expected more than 0 and at most 1, got ${quote(coverage)}`,
    );
  }
  const list = readList(pods, ['pods']).map(readPod);
  if (list.length === 0) {
    throw new CorralError('invalid-option', ['pods'], 'is empty: give at least one pod');
  }
  const kinds = new Map<string, { pod: SamplePod; models: string; count: number }>();
  for (const pod of list) {
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
  while (covered < coverage * list.length && taken < ordered.length) covered += ordered[taken++]!.count;
  const scale = covered / list.length;
  return ordered.slice(0, taken).map(({ pod, count }) => ({
    cpuMilli: pod.cpuMilli,
    gpus: pod.gpus,
    gpuMilli: pod.gpuMilli,
    ...(pod.gpuModels !== undefined && pod.gpuModels.length > 0 && { gpuModels: [...pod.gpuModels] }),
    share: taken < ordered.length ? count / list.length / scale : count / list.length,
  }));
}

/** Reads what counts of a pod, each field once; pods of traces have more. */
function readPod(given: SamplePod, i: number): SamplePod {
  const path = ['pods', i];
  if (typeof given !== 'object' || given === null) {
    throw new CorralError('invalid-option', path, `expected a pod, got ${quote(given)}`);
  }
  const read = <K extends keyof SamplePod>(field: K): SamplePod[K] =>
    callForeign(() => given[field], [...path, field]);
  const amount = (field: 'cpuMilli' | 'gpus' | 'gpuMilli', max: number): number => {
    const value = read(field);
    if (Number.isInteger(value) && value >= 0 && value <= max) return value;
    throw new CorralError(
      'invalid-option',
      [...path, field],
      `expected an integer from 0 to ${max}, got ${quote(value)}`,
    );
  };
  const models = read('gpuModels');
  return {
    cpuMilli: amount('cpuMilli', QUANTITY_MAX),
    gpus: amount('gpus', GPUS_PER_SERVER_MAX),
    gpuMilli: amount('gpuMilli', GPU_MILLI),
    ...(models !== undefined && { gpuModels: readModels(models, [...path, 'gpuModels']) }),
  };
}
