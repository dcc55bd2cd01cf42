/** The facts of one server that a policy may use. They are valid only during the call. */
export interface ServerFacts {
  /** Free CPU, milli-cores (Infinity = not limiting). */
  cpuFreeMilli: number;
  /** Free memory, MiB (Infinity = not limiting). */
  memoryFreeMiB: number;
  /** GPUs of the server. */
  gpus: number;
  /** Position of its GPU model in {@link PolicyContext.gpuModels}. */
  gpuModel: number;
  /** Free thousandths per GPU ordinal; entries from `gpus` on have no meaning. Length: 16. */
  readonly gpuFreeMilli: Int32Array;
  /** Sum of `gpuFreeMilli`. */
  idleGpuMilli: number;
  /** Resident pods by size: `[0]` those that share a GPU, `[k]` those that hold k whole GPUs. Length: 17. */
  readonly residents: Int32Array;
}

/** The facts of the pod that a policy may use. */
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

/** One kind of expected pod, and how often it comes. */
export interface TypicalPod {
  readonly cpuMilli: number;
  /** GPUs touched; 0 for a pod without. */
  readonly gpus: number;
  /** Thousandths of each; 0 for a pod without GPUs. */
  readonly gpuMilli: number;
  /** GPU models that are allowed; absent or empty = any. */
  readonly gpuModels?: readonly string[] | undefined;
  /** Its share of the workload, 0 … 1. */
  readonly share: number;
}

/** The expected pods of a cluster. Fragmentation is measured against them. */
export type Workload = readonly TypicalPod[];

/** What a policy gets when it is prepared, once per compile. */
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

/** Scores a server as it is now; a separate rule chooses the GPU of a share. */
export interface ServerScorer {
  readonly by: 'server';
  /** The GPU of a share: the one with the fewest free thousandths that suffice, or a random one that suffices. */
  readonly shareGpu: 'tightest' | 'random';
  /** The score of a server that fits; larger is better, finite. */
  readonly score: (server: ServerFacts, pod: PodFacts) => number;
}

/**
 * Scores the change that a placement makes: the potential of the server before and after. A share goes to the GPU with the best
 * score, of equal ones to the lowest ordinal.
 */
export interface DifferenceScorer {
  readonly by: 'difference';
  /** Any finite property of a server's free resources. */
  readonly potential: (server: ServerFacts) => number;
  /** The score of the change; larger is better, finite. */
  readonly gain: (before: number, after: number) => number;
}

/**
 * Orders by topology: lowest tier, highest bandwidth, least load on links that others could use, least damage to what remains,
 * fewest servers, tree order.
 */
export interface TopologyOrder {
  readonly by: 'topology';
  /** Weight of each GPU count that pods to come ask for; absent = the `sizes` of `compile`, else 1: 3, 2: 2, 4: 1, 8: 1. */
  readonly sizes?: Readonly<Record<number, number>> | undefined;
}

/** The options of a policy that has none. */
export type NoOptions = Readonly<Record<string, never>>;

/**
 * How servers that fit are ordered: data and pure functions. Of servers with equal scores the first in document order wins, or a
 * random one. Whole GPUs are the lowest free ordinals.
 */
export interface Policy {
  readonly name: string;
  readonly ties: 'document-order' | 'random';
  /** Seed of the policy's random choices; absent = the one given to `compile`, else 0. */
  readonly seed?: number | undefined;
  /** Builds the scoring functions for one cluster; throws `invalid-option` if something is missing. */
  readonly prepare: (context: PolicyContext) => ServerScorer | DifferenceScorer | TopologyOrder;
}
