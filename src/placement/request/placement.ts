import type { PlacementId, ServerId, TierName } from '../../ids.js';

/** One pod of a placement. */
export interface PlacedPod {
  readonly server: ServerId;
  /** GPU ordinals, ascending; the one shared GPU for a share, none for a pod without GPUs. */
  readonly gpus: readonly number[];
}

/** The GPUs that a gang holds until it is released. Plain data: it survives JSON. */
export interface Placement {
  readonly id: PlacementId;
  /** One entry per pod. With slices, consecutive pods form a slice; the smaller slice is last. */
  readonly pods: readonly PlacedPod[];
  /** The narrowest level with a domain that holds all pods: `server`, a tier, or `cluster`. */
  readonly tier: TierName | 'server';
  /**
   * Bus bandwidth of a collective over all GPUs, GB/s per GPU and direction; null below two GPUs and for shares. On one server
   * it is `optimal`; on several the least of what each server reaches by itself and what its NICs and the uplinks around it
   * carry.
   */
  readonly bandwidthGBps: number | null;
}

/**
 * Why a gang is not placed. `never-fits`: it would not fit in the empty cluster. `no-capacity`: it does not fit now.
 */
export type Reason = 'never-fits' | 'no-capacity';

/** The answer to a request. A gang that does not fit is an answer, not an error; `explain` says more. */
export type PlacementResult =
  | { readonly ok: true; readonly placement: Placement }
  | { readonly ok: false; readonly reason: Reason; readonly message: string };

/** What is free on one server. */
export interface FreeServer {
  readonly server: ServerId;
  /** Ordinals of wholly free GPUs. */
  readonly gpus: readonly number[];
  /** Free thousandths per GPU ordinal. */
  readonly gpuMilli: readonly number[];
  /** Free CPU, milli-cores; null = not limiting. */
  readonly cpuMilli: number | null;
  /** Free memory, MiB; null = not limiting. */
  readonly memoryMiB: number | null;
}

/** Free capacity in all, cordoned servers included, and per server in document order. */
export interface FreeCapacity {
  /** Wholly free GPUs. */
  readonly gpus: number;
  /** Free thousandths over all GPUs. */
  readonly gpuMilli: number;
  readonly servers: readonly FreeServer[];
}

/** A server that could take a pod, and its score. */
export interface RankedServer {
  readonly server: ServerId;
  /**
   * Higher is better; equal scores are equally good. The best has 100, and scores fall in equal steps towards 0. Policies of scores
   * give their own scores.
   */
  readonly score: number;
}
