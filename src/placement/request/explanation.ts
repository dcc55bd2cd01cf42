import type { TierName } from '../../ids.js';
import type { Reason } from './placement.js';

/** What a server can fail on. */
export type Constraint =
  | 'cordon'
  | 'gpu-model'
  | 'labels'
  | 'gpus'
  | 'gpu-share'
  | 'cpu'
  | 'memory'
  /** The GPUs of a pod on one socket or NUMA node: too few are free on one, or the server does not know where they are. */
  | 'place';

/** How many servers one constraint keeps out. */
export interface ConstraintFailures {
  readonly constraint: Constraint;
  /** Servers that fail on it, whatever else they fail on. */
  readonly servers: number;
  /** Servers that fail on nothing else: what lifting it would bring in. */
  readonly serversAlone: number;
}

/** The best domain of one tier. */
export interface TierExplanation {
  /** `server`, a tier, or `cluster`. */
  readonly tier: TierName;
  /** The domain that takes the most pods, the first among equals: its id, of a server its id; null for `cluster`. */
  readonly domain: string | null;
  /** Pods it takes, up to those asked for. */
  readonly pods: number;
  /** Pods it lacks of those asked for (of `podsMin`, where that is given). */
  readonly podsLacking: number;
  /** Domains of the tier that would hold the gang. */
  readonly domainsThatFit: number;
  /** Whether `require` allows the tier: a domain of a wider one is not enough. */
  readonly allowed: boolean;
}

/** A change of the request, or of the cluster, that would make it fit. */
export interface Remedy {
  readonly change:
    | 'fewer-pods'
    | 'wider-tier'
    | 'no-slices'
    /** The GPUs of a pod need not be on one socket or NUMA node. */
    | 'no-place'
    | 'less-cpu'
    | 'less-memory'
    | 'other-model'
    | 'no-labels'
    | 'uncordon'
    /** Waiting for others to leave; only where somebody is there, and cordons are not what keeps it out. */
    | 'release'
    /** Neither alone is enough. */
    | 'uncordon-and-release';
  readonly message: string;
  /** For `fewer-pods`: how many fit. */
  readonly pods?: number;
  /** For `wider-tier`: the narrowest that fits. */
  readonly tier?: TierName;
  /** For `less-cpu`: the most per pod that fits, milli-cores. */
  readonly cpuMilli?: number;
  /** For `less-memory`: the most per pod that fits, MiB. */
  readonly memoryMiB?: number;
  /** For `other-model`: models with which it fits, those asked for and one more; empty where it takes any. */
  readonly gpuModels?: readonly string[];
  /** For `no-labels`: the labels to leave out, one where one is enough. */
  readonly labels?: readonly string[];
}

/** One figure that decided, in the order in which they do. */
export interface PlacementStep {
  readonly step: 'size' | 'tier' | 'bandwidth' | 'load' | 'damage' | 'servers' | 'sockets' | 'score';
  /** Pods; name of the tier; GB/s; GB/s; GPUs, of pods without GPUs those that they strand; servers; pods that straddle sockets; score. Null where the step has nothing to say. */
  readonly figure: number | string | null;
  readonly message: string;
}

/** Why a request fits or does not. Plain data. `find` gives the same answer to the same request. */
export interface Explanation {
  readonly fits: boolean;
  /** Why it does not fit, as `find` says; null if it does. */
  readonly reason: Reason | null;
  readonly message: string;
  /** The narrowest domain that would hold all pods; null if it does not fit. */
  readonly tier: TierName | null;
  /** What its GPUs would reach, GB/s per GPU and direction; null below two GPUs, for shares, where it does not communicate or fit. */
  readonly bandwidthGBps: number | null;
  /** Servers of the cluster, and those that could take at least one of the pods now. */
  readonly servers: number;
  readonly serversThatFit: number;
  /** One per constraint that some server fails on. */
  readonly constraints: readonly ConstraintFailures[];
  /** From `server` over the tiers to `cluster`. */
  readonly tiers: readonly TierExplanation[];
  /** Every single change that would make it fit, each of them tried; empty if it does, or if none would. */
  readonly remedies: readonly Remedy[];
  /** The steps of the decision; empty if it does not fit. */
  readonly steps: readonly PlacementStep[];
}
