import type { TierName } from '../../ids.js';
import type { GpuPlace } from '../../topology/gpu-places.js';

/**
 * A request for a gang of equal pods, which start together or not at all; for one pod if `pods` is absent. `{}` is a pod that
 * needs no resource.
 */
export interface PlacementRequest {
  /** Pods of the gang, 1 … 1,048,576; default 1. */
  readonly pods?: number | undefined;
  /** The fewest pods that are accepted. The largest number from `podsMin` to `pods` that fits is placed. Default: `pods`. */
  readonly podsMin?: number | undefined;
  /** Whole GPUs per pod, 0 … 16 of one server; default 0. Not together with `gpuMilli`. */
  readonly gpus?: number | undefined;
  /** Per pod a share of one GPU in thousandths, 1 … 1000; 1000 is one whole GPU. */
  readonly gpuMilli?: number | undefined;
  /** CPU per pod, thousandths of a core; default 0. */
  readonly cpuMilli?: number | undefined;
  /** Memory per pod, MiB; default 0. */
  readonly memoryMiB?: number | undefined;
  /** GPU models that are allowed, compared letter by letter; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Labels that a server must have, each with exactly this value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * All pods in one domain of this tier: a tier of the cluster, `server` or `cluster`. For a single pod also `socket` or
   * `numa`: all its GPUs on one CPU socket or NUMA node.
   */
  readonly require?: TierName | undefined;
  /**
   * As `require`, but given up where it is impossible. The default policy takes the lowest tier that fits anyway; policies without
   * tiers try this tier first. `socket` and `numa` come before bandwidth under every policy.
   */
  readonly prefer?: TierName | undefined;
  /**
   * The GPUs of every pod on one CPU socket, or on one NUMA node. Servers whose document does not say where their GPUs are do not
   * fit. It has no effect on pods with one GPU or none.
   */
  readonly requirePerPod?: GpuPlace | undefined;
  /**
   * Every `pods` consecutive pods in one domain of `tier`; the last group may be smaller.
   */
  readonly slice?: { readonly pods: number; readonly tier: TierName } | undefined;
  /**
   * Whether the GPUs communicate, inside pods and between them; default true. If not, pods need not be close: each goes where a
   * single pod does least damage to what remains, as far as `require`, `prefer` and `slice` allow. All pods are placed or
   * none. Such a placement has no bandwidth.
   */
  readonly communicates?: boolean | undefined;
}
