import { fieldNames } from '../../checks/fields.js';
import type { TierName } from '../../ids.js';

/** What was asked for: the fields of a placement request that are judged, spelled out anew. */
export interface CheckedRequest {
  /** Pods of the gang, all equal; default 1. */
  readonly pods?: number | undefined;
  /** Fewest pods that will do; default `pods`. */
  readonly podsMin?: number | undefined;
  /** Whole GPUs of one pod. */
  readonly gpus?: number | undefined;
  /** Share of one GPU for each pod, thousandths; 1000 is a whole GPU. */
  readonly gpuMilli?: number | undefined;
  /** CPU of one pod, milli-cores. */
  readonly cpuMilli?: number | undefined;
  /** Memory of one pod, MiB. */
  readonly memoryMiB?: number | undefined;
  /** Models that will do; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Labels that a server must bear, each with this value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /** The level of which one domain must hold all pods: `server`, a tier, or `cluster`; for one pod `socket`, `numa`. */
  readonly require?: TierName | undefined;
  /**
   * The level of which one domain should hold all pods. It excludes nothing; `socket` and `numa`, for one pod, do where
   * they can be met.
   */
  readonly prefer?: TierName | undefined;
  /** The GPUs of every pod on one socket, or on one NUMA node. */
  readonly requirePerPod?: 'socket' | 'numa' | undefined;
  /** Every `pods` consecutive pods in one domain of a level; the last slice may be smaller. */
  readonly slice?: { readonly pods: number; readonly tier: TierName } | undefined;
  /** Whether the GPUs talk to each other; default true. If not, neither tier, bandwidth nor load matter. */
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
