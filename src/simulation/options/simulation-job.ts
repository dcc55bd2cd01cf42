import type { PlacementRequest } from '../../placement/request/request.js';

/** The checkpoints of a job. A job that is stopped falls back to its last one. */
export interface JobCheckpoints {
  /** Useful compute between the starts of two checkpoints, seconds, above 0. */
  readonly computeSeconds: number;
  /** How long a checkpoint blocks the job, seconds; default 0. */
  readonly stallSeconds?: number | undefined;
  /**
   * Time from the end of the stall until the checkpoint can be loaded, seconds; default 0. The job computes
   * meanwhile. With `durable` it is the lag of durable checkpoints.
   */
  readonly persistLagSeconds?: number | undefined;
  /**
   * Two tiers, as in `restartModel`. The checkpoints above are then snapshots in the memory of the job's servers.
   * Every `snapshots`-th, 1 … 1,000,000, is also written to the shared store and stalls for `stallSeconds`. A job
   * that restarts on its servers goes back to its last snapshot, or to its last durable checkpoint if the failure
   * destroys memory (`memoryLost` of its law) or if the job gives up its servers. Default: all checkpoints are in the
   * store.
   */
  readonly durable?: { readonly snapshots: number; readonly stallSeconds: number } | undefined;
}

/** A gang of pods that arrives, waits, runs and ends: the fields of a placement request, and times. */
export interface SimulationJob extends PlacementRequest {
  /** Default: its position in the list, as text. */
  readonly id?: string | undefined;
  /** When it arrives, seconds from the start, 0 or more. */
  readonly submitSeconds: number;
  /**
   * Run time with all `pods`, without interruptions and checkpoints, seconds, 0 or more. With fewer pods (`podsMin`)
   * it is longer in proportion. Give this or `workGpuSeconds`.
   */
  readonly durationSeconds?: number | undefined;
  /** Run time × GPUs of all `pods`: GPU-seconds. */
  readonly workGpuSeconds?: number | undefined;
  /**
   * The run time that the scheduler expects, seconds; default the true one, checkpoints included. Queues by remaining
   * time and backfill use it. A job that runs longer continues, and is then expected to end at any moment, unless
   * `overrunSecondsMax` is set.
   */
  readonly estimateSeconds?: number | undefined;
  /** For the queue `priority`: higher starts earlier; any finite number, default 0. */
  readonly priority?: number | undefined;
  /**
   * False: no run of it is stopped for another job: no preemption, reclaim, shrinking or move. Failures and limits of
   * time still stop it. Default true.
   */
  readonly preemptible?: boolean | undefined;
  /** The tenant that the job belongs to; default ''. */
  readonly tenant?: string | undefined;
  /** The share of the run time that is communication at `ratedGBps`, 0 … 1; default 0. */
  readonly communicationFraction?: number | undefined;
  /**
   * The bandwidth at which the run time is true, GB/s per GPU and direction; default: the bandwidth that the gang
   * reaches in the empty cluster where `topologyAware()` places it. At a lower bandwidth b the job takes 1 - f + f ·
   * rated / b as long, with f the `communicationFraction`; a higher one makes no difference.
   */
  readonly ratedGBps?: number | undefined;
  /** Checkpoints. Default: none, so a failure throws away the whole run. */
  readonly checkpoint?: JobCheckpoints | undefined;
}
