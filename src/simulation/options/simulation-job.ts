import type { PlacementRequest } from '../../placement/request/request.js';

/** How a job writes checkpoints: what it falls back to when it is stopped. */
export interface JobCheckpoints {
  /** Useful compute between the starts of two checkpoints, seconds, above 0. */
  readonly computeSeconds: number;
  /** How long a checkpoint blocks the job, seconds; default 0. */
  readonly stallSeconds?: number | undefined;
  /**
   * From the end of the stall until it can be loaded, while the job computes on, seconds; default 0. With `durable` it is
   * the lag of durable checkpoints.
   */
  readonly persistLagSeconds?: number | undefined;
  /**
   * Two tiers, as in `restartModel`: the checkpoints above are snapshots in the memory of the job's servers, and every
   * `snapshots`-th, 1 … 1,000,000, is in the shared store as well and stalls for `stallSeconds`. A job that restarts on its
   * servers goes back to its last snapshot, unless the failure takes memory with it (`memoryLost` of its law): then to the
   * last durable checkpoint. So does a job that gives its servers up. Default: all checkpoints are in the store.
   */
  readonly durable?: { readonly snapshots: number; readonly stallSeconds: number } | undefined;
}

/**
 * A gang of pods that arrives, waits, runs and ends: what each pod asks for, as in a placement request, and what the job
 * does in time.
 */
export interface SimulationJob extends PlacementRequest {
  /** Default: its position in the list, as text. */
  readonly id?: string | undefined;
  /** When it arrives, seconds from the start, 0 or more. */
  readonly submitSeconds: number;
  /**
   * Run time of all `pods`, undisturbed and without checkpoints, seconds, 0 or more. With fewer pods (`podsMin`) it takes
   * longer in proportion. Give this or `workGpuSeconds`.
   */
  readonly durationSeconds?: number | undefined;
  /** Run time × GPUs of all `pods`: GPU-seconds. */
  readonly workGpuSeconds?: number | undefined;
  /**
   * The run time that the scheduler believes in, seconds; default the true one, checkpoints included. Queues by remaining
   * time and backfill read this. A job that runs longer goes on, and is expected to end any
   * moment, unless `overrunSecondsMax` says otherwise.
   */
  readonly estimateSeconds?: number | undefined;
  /** For the queue `priority`: higher starts earlier; any finite number, default 0. */
  readonly priority?: number | undefined;
  /**
   * False: nothing stops a run of it to make room, be it preemption, a reclaim, shrinking or a move, which is a stop and a
   * start elsewhere; failures and limits of time still do. Default true.
   */
  readonly preemptible?: boolean | undefined;
  /** Whose job it is, for the metrics; default nobody's, ''. */
  readonly tenant?: string | undefined;
  /** The share of the run time that is communication at `ratedGBps`, 0 … 1; default 0. */
  readonly communicationFraction?: number | undefined;
  /**
   * The bandwidth at which the run time holds, GB/s per GPU and direction; default what the gang reaches in the empty
   * cluster where `topologyAware()` places it. Where it reaches b less, it takes 1 - f + f · rated / b as long; more does not shorten it.
   */
  readonly ratedGBps?: number | undefined;
  /** Default: none, and a failure throws away the whole run. */
  readonly checkpoint?: JobCheckpoints | undefined;
}
