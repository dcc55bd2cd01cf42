import type { ServerId, TierName } from '../../ids.js';
import type { CheckedRequest } from './checked-request.js';

/** Where one pod is said to be. */
export interface CheckedPod {
  readonly server: ServerId;
  /** Ordinals of its GPUs, also of one that it shares. */
  readonly gpus: readonly number[];
}

/** A request and where its pods are; a `Placement` with its request is one. */
export interface CheckedPlacement {
  /** What was asked for: resources of each of the pods. The number of pods is judged if it is given. */
  readonly request: CheckedRequest;
  readonly pods: readonly CheckedPod[];
}

/** What a solver says is free; the `FreeCapacity` of a solver is one. */
export interface CheckedFreeCapacity {
  readonly gpus: number;
  readonly gpuMilli: number;
  readonly servers: readonly {
    readonly server: ServerId;
    readonly gpus: readonly number[];
    readonly gpuMilli: readonly number[];
    /** null = not limiting, as is `memoryMiB`. */
    readonly cpuMilli: number | null;
    readonly memoryMiB: number | null;
  }[];
}

/** A placement as its maker describes it; a `Placement` is one. */
export interface ClaimedPlacement {
  readonly pods: readonly CheckedPod[];
  /** The narrowest level of which one domain holds all pods. */
  readonly tier: TierName;
  /** GB/s per GPU and direction; null for fewer than two whole GPUs. */
  readonly bandwidthGBps: number | null;
}
