import type { TierName } from '../../ids.js';
import type { Reason } from './placement.js';

/** A constraint that a server can fail. */
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
  /** Servers that fail on nothing else: they would fit without this constraint. */
  readonly serversAlone: number;
}

/** The best domain of one tier. */
export interface TierExplanation {
  /** `server`, a tier, or `cluster`. */
  readonly tier: TierName;
  /** Id of the domain, or server, that takes the most pods; of equal ones the first. null for `cluster`. */
  readonly domain: string | null;
  /** Pods that it takes, up to those asked for. */
  readonly pods: number;
  /** Pods that are missing there of those asked for, or of `podsMin` where that is given. */
  readonly podsLacking: number;
  /** Domains of the tier that would hold the gang. */
  readonly domainsThatFit: number;
  /** Whether `require` allows the tier. A tier wider than the required one is not allowed. */
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
    /** Waiting until other pods leave. Offered only where other pods are in the way, not cordons. */
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
  /** For `other-model`: models with which it fits: those asked for and one more; empty = any model. */
  readonly gpuModels?: readonly string[];
  /** For `no-labels`: the labels to leave out; a single one where that is sufficient. */
  readonly labels?: readonly string[];
}

/** One step of the decision, in the order of the objective. */
export interface PlacementStep {
  readonly step: 'size' | 'tier' | 'bandwidth' | 'load' | 'damage' | 'servers' | 'sockets' | 'score';
  /** The figure of the step, by step: pods; the tier's name; GB/s; GB/s; GPUs (for pods without GPUs, those that they strand);
   * servers; pods that straddle sockets; score. null where the step does not apply. */
  readonly figure: number | string | null;
  readonly message: string;
}

/** Why a request fits or does not. Plain data. `find` answers the same request alike. */
export interface Explanation {
  readonly fits: boolean;
  /** Why it does not fit, as `find` says; null if it does. */
  readonly reason: Reason | null;
  readonly message: string;
  /** The narrowest domain that would hold all pods; null if it does not fit. */
  readonly tier: TierName | null;
  /** Bandwidth that its GPUs would reach, GB/s per GPU and direction; null below two GPUs, for shares, and where the gang does not
   * communicate or does not fit. */
  readonly bandwidthGBps: number | null;
  /** Servers of the cluster, and those of them that could take at least one of the pods now. */
  readonly servers: number;
  readonly serversThatFit: number;
  /** The constraints that at least one server fails. */
  readonly constraints: readonly ConstraintFailures[];
  /** From `server` over the tiers to `cluster`. */
  readonly tiers: readonly TierExplanation[];
  /** The single changes that would make it fit; each has been tried. Empty if it fits, or if no single change helps. */
  readonly remedies: readonly Remedy[];
  /** The steps of the decision; empty if it does not fit. */
  readonly steps: readonly PlacementStep[];
}
