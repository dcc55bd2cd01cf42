import type { TierName } from '../../ids.js';
import type { GpuPlace } from '../../topology/gpu-places.js';

/**
 * What is asked for: a gang of equal pods that start together or not at all; one pod if `pods` is absent. Nothing asked
 * for is nothing taken: `{}` is a pod that needs no resource.
 */
export interface PlacementRequest {
  /** Pods of the gang, 1 … 1,048,576; default 1. */
  readonly pods?: number | undefined;
  /** The fewest pods that will do: the largest number from `podsMin` to `pods` that fits is placed. Default: `pods`. */
  readonly podsMin?: number | undefined;
  /** Whole GPUs per pod, 0 … 16 of one server; default 0. Not together with `gpuMilli`. */
  readonly gpus?: number | undefined;
  /** Per pod a share of one GPU in thousandths, 1 … 1000; 1000 is one whole GPU. */
  readonly gpuMilli?: number | undefined;
  /** CPU per pod, thousandths of a core; default 0. */
  readonly cpuMilli?: number | undefined;
  /** Memory per pod, MiB; default 0. */
  readonly memoryMiB?: number | undefined;
  /** GPU models that will do, compared letter by letter; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Labels that a server must bear, each with exactly this value. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
  /**
   * All pods in one domain of this tier: a tier of the cluster, `server` or `cluster`. For a single pod also `socket` or
   * `numa`: all its GPUs on one CPU socket or NUMA node.
   */
  readonly require?: TierName | undefined;
  /**
   * As `require`, given up where it cannot be. The default policy takes the lowest tier that fits anyway; policies that
   * do not look at tiers keep to it first. `socket` and `numa` go before bandwidth under every policy.
   */
  readonly prefer?: TierName | undefined;
  /**
   * The GPUs of every pod on one CPU socket, or on one NUMA node. Servers whose document does not say where their GPUs
   * are do not fit. It asks nothing of pods that touch no GPU, or one.
   */
  readonly requirePerPod?: GpuPlace | undefined;
  /**
   * Every group of `pods` consecutive pods in one domain of `tier`; the last one may be smaller.
   */
  readonly slice?: { readonly pods: number; readonly tier: TierName } | undefined;
  /**
   * Whether the GPUs talk to each other, inside pods and across; default true. Where they do not, nothing is gained by
   * keeping them close: every pod goes where a single one does least damage to what remains, wherever `require`, `prefer`
   * and `slice` leave the choice. Still all pods or none. Such a placement has no bandwidth.
   */
  readonly communicates?: boolean | undefined;
}
