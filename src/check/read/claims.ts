import type { ServerId, TierName } from '../../ids.js';
import type { CheckedRequest } from './checked-request.js';

/** The server and GPUs of one pod, as somebody states them. */
export interface CheckedPod {
  readonly server: ServerId;
  /** Ordinals of its GPUs, including a shared one. */
  readonly gpus: readonly number[];
}

/** A request and its pods, such as a `Placement` with its request. */
export interface CheckedPlacement {
  /** The request: resources of each pod. The number of pods is judged if it is given. */
  readonly request: CheckedRequest;
  readonly pods: readonly CheckedPod[];
}

/** A free capacity, such as the `FreeCapacity` of a solver. */
export interface CheckedFreeCapacity {
  readonly gpus: number;
  readonly gpuMilli: number;
  readonly servers: readonly {
    readonly server: ServerId;
    readonly gpus: readonly number[];
    readonly gpuMilli: readonly number[];
    /** null = not limiting; also for `memoryMiB`. */
    readonly cpuMilli: number | null;
    readonly memoryMiB: number | null;
  }[];
}

/** A placement with the figures that its solver states, such as a `Placement`. */
export interface ClaimedPlacement {
  readonly pods: readonly CheckedPod[];
  /** The narrowest level of which one domain contains all pods. */
  readonly tier: TierName;
  /** GB/s per GPU and direction; null for fewer than two whole GPUs. */
  readonly bandwidthGBps: number | null;
}
