/** What a policy may know of one server; filled in by the finder and valid only during the call. */
export interface ServerFacts {
  /** Free CPU, milli-cores (Infinity = not limiting). */
  cpuFreeMilli: number;
  /** Free memory, MiB (Infinity = not limiting). */
  memoryFreeMiB: number;
  /** GPUs of the server. */
  gpus: number;
  /** Position of its GPU model in {@link PolicyContext.gpuModels}. */
  gpuModel: number;
  /** Free thousandths per GPU ordinal; entries from `gpus` on mean nothing. Length: 16. */
  readonly gpuFreeMilli: Int32Array;
  /** Sum of `gpuFreeMilli`. */
  idleGpuMilli: number;
  /** Resident pods by size: `[0]` those that share a GPU, `[k]` those that hold k whole GPUs. Length: 17. */
  readonly residents: Int32Array;
}

/** What a policy may know of the pod. */
export interface PodFacts {
  readonly cpuMilli: number;
  readonly memoryMiB: number;
  /** GPUs touched: 0, 1 (also for a share) … 16. */
  readonly gpus: number;
  /** Thousandths taken of each; 1000 = whole. */
  readonly gpuMilli: number;
  /** `gpus × gpuMilli`. */
  readonly totalGpuMilli: number;
}

/** One kind of pod that is expected to come, and how often. */
export interface TypicalPod {
  readonly cpuMilli: number;
  /** GPUs touched; 0 for a pod without. */
  readonly gpus: number;
  /** Thousandths of each; 0 for a pod without GPUs. */
  readonly gpuMilli: number;
  /** GPU models that will do; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Its share of the workload, 0 … 1. */
  readonly share: number;
}

/** The pods a cluster is expected to be asked for: what fragmentation is measured against. */
export type Workload = readonly TypicalPod[];

/** What a policy is prepared with, once per compile. */
export interface PolicyContext {
  /** Names of the cluster's GPU models; facts give positions in this list. */
  readonly gpuModels: readonly string[];
  /** The largest CPU capacity of one server, milli-cores; 0 where no server states one. */
  readonly cpuMilliMax: number;
  /** The largest GPU capacity of one server: 1000 × GPUs. */
  readonly gpuMilliMax: number;
  /** The expected workload, if the caller of `compile` gave one. */
  readonly workload: Workload | undefined;
}

/** Scores a server as it stands; which GPU a share gets is a rule beside it. */
export interface ServerScorer {
  readonly by: 'server';
  /** A share goes to the GPU with the least room that suffices, or to a random one that suffices. */
  readonly shareGpu: 'tightest' | 'random';
  /** The score of a server that fits; larger is better, finite. */
  readonly score: (server: ServerFacts, pod: PodFacts) => number;
}

/**
 * Scores what placing the pod changes: a potential of the server before and after. A share goes to the GPU
 * with the best score, the lowest ordinal among equals.
 */
export interface DifferenceScorer {
  readonly by: 'difference';
  /** Any finite property of a server's free resources. */
  readonly potential: (server: ServerFacts) => number;
  /** The score of the change; larger is better, finite. */
  readonly gain: (before: number, after: number) => number;
}

/**
 * Leaves the order to the topology: lowest tier, highest bandwidth, least load on links that others could use, least
 * damage to what remains, fewest servers, tree order.
 */
export interface TopologyOrder {
  readonly by: 'topology';
  /** Weight of each GPU count that pods to come ask for; absent = the `sizes` of `compile`, else 1: 3, 2: 2, 4: 1, 8: 1. */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
}

/** The options of a policy that has none. */
export type NoOptions = Readonly<Record<string, never>>;

/**
 * How feasible servers are ordered: data and pure functions. Of servers with one score the first in document
 * order wins, or a random one. Whole GPUs are the lowest free ordinals.
 */
export interface Policy {
  readonly name: string;
  readonly ties: 'document-order' | 'random';
  /** Seed of the policy's random choices; absent = the one given to `compile`, else 0. */
  readonly seed?: number | undefined;
  /** Builds the scoring functions for one cluster; throws `invalid-option` if something is missing. */
  readonly prepare: (context: PolicyContext) => ServerScorer | DifferenceScorer | TopologyOrder;
}
