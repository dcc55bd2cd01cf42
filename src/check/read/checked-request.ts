import { fieldNames } from '../../checks/fields.js';
import type { TierName } from '../../ids.js';

/** The fields of a placement request that are judged. The judge has its own definition of them. */
export interface CheckedRequest {
  /** Pods of the gang, all equal; default 1. */
  readonly pods?: number | undefined;
  /** Fewest pods that satisfy the request; default `pods`. */
  readonly podsMin?: number | undefined;
  /** Whole GPUs of one pod. */
  readonly gpus?: number | undefined;
  /** Share of one GPU for each pod, thousandths; 1000 is a whole GPU. */
  readonly gpuMilli?: number | undefined;
  /** CPU of one pod, milli-cores. */
  readonly cpuMilli?: number | undefined;
  /** Memory of one pod, MiB. */
  readonly memoryMiB?: number | undefined;
  /** Allowed GPU models; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Labels that a server must have, each with this value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * The level of which one domain must contain all pods: `server`, a tier, or `cluster`; for one pod also `socket`,
   * `numa`.
   */
  readonly require?: TierName | undefined;
  /**
   * The level of which one domain should contain all pods. It does not restrict placements, except that `socket` and
   * `numa`, for one pod, are kept wherever possible.
   */
  readonly prefer?: TierName | undefined;
  /** All GPUs of a pod must be on one socket, or on one NUMA node. */
  readonly requirePerPod?: 'socket' | 'numa' | undefined;
  /** Every `pods` consecutive pods in one domain of a level; the last slice may be smaller. */
  readonly slice?: { readonly pods: number; readonly tier: TierName } | undefined;
  /** True if the GPUs communicate; default true. If false, tier, bandwidth and load do not matter. */
  readonly communicates?: boolean | undefined;
}

/** The names of all fields. A request with any other field is refused: it could not be judged. */
export const CHECKED_FIELDS: readonly string[] = fieldNames<CheckedRequest>({
  pods: true,
  podsMin: true,
  gpus: true,
  gpuMilli: true,
  cpuMilli: true,
  memoryMiB: true,
  gpuModels: true,
  labels: true,
  require: true,
  prefer: true,
  requirePerPod: true,
  slice: true,
  communicates: true,
});
