import type { PlacementId, ServerId, TierName } from '../../ids.js';

/** One pod of a placement. */
export interface PlacedPod {
  readonly server: ServerId;
  /** GPU ordinals, ascending; the one shared GPU for a share, none for a pod without GPUs. */
  readonly gpus: readonly number[];
}

/** The GPUs given, until released. Plain data: survives JSON. */
export interface Placement {
  readonly id: PlacementId;
  /** One per pod; with slices every group of consecutive pods is one slice, the smaller one last. */
  readonly pods: readonly PlacedPod[];
  /** The narrowest domain that holds all pods: `server`, a tier, or `cluster` where no domain of a tier does. */
  readonly tier: TierName | 'server';
  /**
   * What a collective over all GPUs reaches, GB/s per GPU and direction (bus bandwidth); null below two GPUs and for
   * shares. On one server `optimal`; beyond, the least of what each server reaches by itself and what its NICs and the
   * uplinks around it carry.
   */
  readonly bandwidthGBps: number | null;
}

/**
 * Why a gang is not placed: `never-fits`, it could not be placed even if the cluster were empty; `no-capacity`, not now.
 */
export type Reason = 'never-fits' | 'no-capacity';

/** The answer to a request. Not to fit is an answer, not an error; `explain` says more. */
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

/** What is free in all, cordoned servers included, and per server in document order. */
export interface FreeCapacity {
  /** Wholly free GPUs. */
  readonly gpus: number;
  /** Free thousandths over all GPUs. */
  readonly gpuMilli: number;
  readonly servers: readonly FreeServer[];
}

/** A server that could take a pod, and how good it is for it. */
export interface RankedServer {
  readonly server: ServerId;
  /**
   * Higher is better, equal is as good: 100 for the best, in equal steps down towards 0. Policies of scores give their own.
   */
  readonly score: number;
}
