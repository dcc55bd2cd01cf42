import type { TopologyOrDocument } from '../../catalogue/as-topology.js';
import type { Policy } from '../../placement/request/policy.js';
import type { PlacementRequest } from '../../placement/request/request.js';
import type { RecoveryDurations } from '../../restart/model/recovery.js';
import type { Phase } from '../../restart/phases/phase.js';
import type { FailureLaw } from '../../restart/placement/failure-laws.js';
import type { EventKind } from './event-kinds.js';
import type { MetricsOptions } from './metrics-window.js';
import type { SimulationJob } from './simulation-job.js';

/** Orders of the queue; of equal jobs the one submitted first comes first. */
export const QUEUES = [
  /** By submission. */
  'fifo',
  /** The highest priority first. */
  'priority',
  /** The least remaining estimate first. */
  'shortest-remaining',
  /** The fewest GPUs first. */
  'fewest-gpus',
  /** The least remaining estimate × GPUs first. */
  'remaining-gpus',
  /** The tenant with the least of what it deserves first, see {@link Quota}; its jobs by priority. */
  'fair-share',
] as const;
/** An order of the queue. */
export type Queue = (typeof QUEUES)[number];

/** Rules for which running jobs are preempted first; of equal jobs the one submitted last. */
export const VICTIM_RULES = [
  /**
   * The set of jobs that together lose the fewest GPU-hours: compute since the last checkpoint, if that is lost, and
   * a restart. Of equal sets the smallest; then the one nearest to the front of the list of jobs from the cheapest to
   * the dearest. Exact up to 2^20 steps of the search; beyond them the cheaper of its best set and that list.
   */
  'restart-cost',
  /** The lowest priority. */
  'lowest-priority',
  /** The latest begin of its run. */
  'youngest',
  /** The fewest GPUs. */
  'fewest-gpus',
] as const;
/** A rule for which jobs are preempted first. */
export type VictimRule = (typeof VICTIM_RULES)[number];

/** Among whom to look for victims. */
export const VICTIM_SCOPES = [
  /** Jobs of all tenants. With the queue `fair-share`: jobs of other tenants, to reclaim what the tenant deserves. */
  'cluster',
  /** Jobs of lower priority of the same tenant. */
  'tenant',
  /** With the queue `fair-share`: first jobs as of `tenant`, then jobs as of `cluster`. */
  'both',
] as const;
/** Among whom to look for victims. */
export type VictimScope = (typeof VICTIM_SCOPES)[number];

/** Whom to preempt. */
export interface VictimOptions {
  readonly victims: VictimRule;
  /** Seconds from its begin in which a run is not preempted; default 0. */
  readonly runSecondsMin?: number | undefined;
  /** Default `cluster`. */
  readonly scope?: VictimScope | undefined;
}

/** Options of moving running jobs to better places. */
export interface DefragmentationOptions {
  /** Seconds between two looks, 1 or more; default 3600. */
  readonly everySeconds?: number | undefined;
  /** The most jobs that one look moves, 1 … 10,000; default 16. At most four times as many are tried. */
  readonly movesMax?: number | undefined;
  /** A move must gain this many times the GPU time of its restarts, 0 or more; default 1. */
  readonly gainFactor?: number | undefined;
}

/** The GPUs that a tenant, or a group of tenants, may use. */
export interface Quota {
  /** The name of a tenant, as in the jobs, or of a group. */
  readonly name: string;
  /** The group that it belongs to, which comes earlier in the list. Default: none. */
  readonly parent?: string | undefined;
  /**
   * GPUs that it gets before any tenant gets more than it deserves, and that it can reclaim. A tenant that deserves 0
   * reclaims nothing, whatever its weight; weights only divide free GPUs.
   */
  readonly deservedGpus: number;
  /** The most GPUs that it may use; default no limit. */
  readonly limitGpus?: number | undefined;
  /**
   * Its weight when GPUs are left after all tenants have what they deserve; they are divided in proportion. 0 = none;
   * default 1.
   */
  readonly overQuotaWeight?: number | undefined;
}

/** GPUs that are kept free for the jobs that may use them. */
export interface HeadroomPool {
  readonly name: string;
  /**
   * One piece of headroom: how much, and where, as a placement request without `podsMin`. Several pods are kept together:
   * `{ pods: 16, gpus: 8, require: 'rack' }` keeps free what one gang needs in one rack.
   */
  readonly room: PlacementRequest;
  /** Pieces, each placed by itself; 1 … 100,000 of all pools together; default 1. */
  readonly count?: number | undefined;
  /** Jobs of at least this priority may use it; default: of any priority. */
  readonly priorityMin?: number | undefined;
  /**
   * Jobs of these tenants may use it; default: of any tenant. With neither this nor `priorityMin` no job may use it, and it
   * stays free.
   */
  readonly tenants?: readonly string[] | undefined;
}

/** One cause of failures, and how long a repair takes. */
export interface SimulatedFailureLaw extends FailureLaw {
  /**
   * How long the failed servers take no pods. Default: no time, and jobs restart on the same servers. With a repair,
   * jobs wait for other servers: they keep those that are left (`restart.holdSeconds`), or wait in the queue.
   */
  readonly repair?: Phase | undefined;
}

/** Failures of the cluster. */
export interface SimulatedFailures {
  readonly laws: readonly SimulatedFailureLaw[];
  /**
   * Number of spare servers: the last servers of the document take no pods. When a server fails, a spare takes its
   * place and stays. A server that is repaired while no place is empty becomes a spare. With spares, gangs that lose
   * servers keep the others and get the spares, see `restart.holdSeconds`. Default 0.
   */
  readonly spareServers?: number | undefined;
}

/** The steps of a restart. */
export interface SimulatedRestart {
  /** Steps after a failure, before the job can start again: detection, draining. Nothing can interrupt them. */
  readonly hidden?: RecoveryDurations | undefined;
  /**
   * Steps on the job's GPUs before it computes: launch, load. A failure starts them again. There are none before the
   * first start.
   */
  readonly exposed?: RecoveryDurations | undefined;
  /**
   * How long a gang that has lost servers to a repair keeps its other servers and waits for replacements, seconds
   * from the failure. Then it gives them up and is back in the queue. Replacements, such as a spare, go to these
   * gangs before any job of the queue. With `podsMin` a gang continues with its remaining pods when its hidden steps
   * are over. 0: it gives up all GPUs at the failure. Default: a day where there are `spareServers` and no
   * preemption, else 0.
   */
  readonly holdSeconds?: number | undefined;
}

/** Options of `simulate`. */
export interface SimulateOptions {
  /** A cluster, or a lone server type (one server); as a topology, or as its document. */
  readonly cluster: TopologyOrDocument;
  /** The jobs, in any order; jobs with equal submit times keep the order of the list. At most 4,194,304. */
  readonly jobs: readonly SimulationJob[];
  /** Decides which GPUs a job gets; default `topologyAware()`. */
  readonly policy?: Policy | undefined;
  /** The order of the queue; default `fifo`. */
  readonly queue?: Queue | undefined;
  /**
   * The rise of the priority of a waiting job per hour from its arrival, 0 or more; default 0. For the queues
   * `priority` and `fair-share`. A job keeps the priority that it had risen to while it runs. Preemption compares
   * with the given priority of the waiting job: no job is stopped by one that has only waited longer.
   */
  readonly priorityPerHour?: number | undefined;
  /**
   * Kills runs that last this many seconds longer than their estimate, 0 or more, as `OverTimeLimit` of Slurm. The
   * estimate is what `estimateSeconds` leaves for the rest of the job, longer with fewer pods, counted from when the
   * job computes. A killed job is not done and does not come back; the work in its checkpoints counts as productive.
   * Jobs without an estimate are not killed. Default: no job is killed.
   */
  readonly overrunSecondsMax?: number | undefined;
  /**
   * `strict`: jobs behind a head that does not fit wait, unless they backfill. `greedy`: every job that fits starts,
   * in the order of the queue; large jobs may starve. Default `strict`, with preemption by order `greedy`.
   */
  readonly admission?: 'strict' | 'greedy' | undefined;
  /**
   * Which jobs may start before a head of the queue that does not fit. `none`: no job. `easy`: jobs that do not delay
   * the earliest start that the head can be promised now. `conservative`: every job is promised a start when it
   * arrives, and GPUs where counting is not sufficient. No later job, job that moves forward or job of higher
   * priority delays it; only overruns, failures and options that start or move jobs do. Default `none`.
   */
  readonly backfill?: 'none' | 'easy' | 'conservative' | undefined;
  /**
   * The number of jobs behind the head that `easy` tries in one pass, as `bf_max_job_test` of Slurm; default all. The
   * time of a pass grows with it.
   */
  readonly backfillDepth?: number | undefined;
  /**
   * Which running jobs are stopped for waiting ones. `none`: no job.
   *
   * `order`: at every pass all jobs, running or waiting, are taken in the order of the queue, and those that fit get
   * GPUs; the other running jobs are stopped. Equal jobs keep their order of the last pass. It excludes `admission:
   * 'strict'` and backfill.
   *
   * `{ victims, runSecondsMin, scope }`: while the head of the queue does not fit, running jobs of lower priority are
   * stopped in the order of the rule until it fits. Usually with the queue `priority`. With `admission: 'greedy'`
   * every waiting job may stop others, in the order of the queue; with the scope `tenant` the first job of every
   * tenant; with backfill only the head. With the queue `fair-share` a tenant reclaims what it deserves: jobs of
   * tenants with more than they deserve are stopped, whatever their priority. Jobs that leave their tenant what it
   * deserves come first, then gangs that hold both, which continue with fewer pods if `podsMin` allows. A run shorter
   * than `runSecondsMin` is not stopped; with 0 the same jobs may be stopped again and again.
   *
   * Default `none`.
   */
  readonly preemption?: 'none' | 'order' | VictimOptions | undefined;
  /** Quotas for the queue `fair-share`; default none: all tenants are equal. */
  readonly quotas?: readonly Quota[] | undefined;
  /** Default: nothing fails. */
  readonly failures?: SimulatedFailures | undefined;
  /** Default: a restart takes no time. */
  readonly restart?: SimulatedRestart | undefined;
  /** Pools of GPUs that are kept free for jobs that must not wait, see {@link HeadroomPool}; default none. */
  readonly headroom?: readonly HeadroomPool[] | undefined;
  /**
   * Moves running jobs to other GPUs where that gains more GPU time than it costs, see {@link
   * DefragmentationOptions}; default: no moves.
   */
  readonly defragmentation?: DefragmentationOptions | undefined;
  /**
   * How many pods jobs with `podsMin` have. `start`: as many as fit when they start, unchanged until they are stopped
   * or moved. `running`: while the head of the queue does not fit, running jobs of at most its priority give up pods;
   * when no job waits, jobs get more pods. Both only where that gains more GPU time than the restarts cost. Default
   * `start`.
   */
  readonly elastic?: 'start' | 'running' | undefined;
  /**
   * The progress of a job that is preempted or moved. `kept`: all of it, since the job gets time to write a
   * checkpoint. `checkpoint`: it falls back to its last checkpoint. Default `kept`.
   */
  readonly preempted?: 'kept' | 'checkpoint' | undefined;
  /**
   * Whether jobs slow each other down on the uplinks and server ports that they share; default true. False: each job
   * reaches the bandwidth of its placement alone.
   */
  readonly linkSharing?: boolean | undefined;
  /**
   * When the scheduler runs. `instant`: after all events of one time; if its decisions lead to events at the same
   * time, such as the end of a job of 0 seconds, it runs again after them. `event`: after every event, as CQSim and
   * other simulators do; a decision may then precede other events of its time. In both cases no job is stopped or
   * moved that ends at that time. Default `instant`.
   */
  readonly passes?: 'event' | 'instant' | undefined;
  /**
   * The order of kinds of events at equal times; see {@link EventKind} for the default. `compute` and `defragment`
   * may be left out; then they come last. With `passes: 'instant'` `defragment` is always last, and the order of the
   * others matters in two cases: if `failure` comes before the `finish` of a job that it hits, the job fails; if it
   * comes before a `repair`, one spare less can take a place.
   */
  readonly eventOrder?: readonly EventKind[] | undefined;
  /** Seed of all random draws; any safe integer; default 0. */
  readonly seed?: number | undefined;
  /** When to stop, seconds; events at this time still happen. Default: when all jobs have ended. */
  readonly untilSeconds?: number | undefined;
  /** Seconds between two samples of the timeline, above 0, from second 0 to the end; default: no timeline. */
  readonly timelineSeconds?: number | undefined;
  /** What the metrics are over; default: the whole simulation, from the first arrival to the end. */
  readonly metrics?: MetricsOptions | undefined;
  /**
   * The most events before the simulation ends with `limit-exceeded`, 1 … 1,000,000,000; default 1,000,000 and 1,000
   * more for each job. The limit ends simulations in which failures or moves would go on for days.
   */
  readonly eventsMax?: number | undefined;
  /** Called from time to time with the progress of the simulation. */
  readonly onProgress?: ((progress: SimulationProgress) => void) | undefined;
}

/** The progress of a simulation. */
export interface SimulationProgress {
  readonly seconds: number;
  readonly events: number;
  readonly finishedJobs: number;
  readonly jobs: number;
}
