import type { TopologyOrDocument } from '../../catalogue/as-topology.js';
import type { Policy } from '../../placement/request/policy.js';
import type { PlacementRequest } from '../../placement/request/request.js';
import type { RecoveryDurations } from '../../restart/model/recovery.js';
import type { Phase } from '../../restart/phases/phase.js';
import type { FailureLaw } from '../../restart/placement/failure-laws.js';
import type { EventKind } from './event-kinds.js';
import type { MetricsOptions } from './metrics-window.js';
import type { SimulationJob } from './simulation-job.js';

/** Orders of the queue, each by submission where it leaves a tie. */
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

/** Rules for whom to preempt first; equal ones: the last submitted. */
export const VICTIM_RULES = [
  /**
   * The set of jobs that together lose the fewest GPU-hours: compute since the last checkpoint, if that is lost, and a
   * restart. Of equal sets the smallest; then the one nearest to the front of the order from the cheapest job to the dearest.
   * Exact up to 2^20 steps of the search; past them the cheaper of what it found and of that order.
   */
  'restart-cost',
  /** The lowest priority. */
  'lowest-priority',
  /** Whose run began last. */
  'youngest',
  /** The fewest GPUs. */
  'fewest-gpus',
] as const;
/** A rule for whom to preempt first. */
export type VictimRule = (typeof VICTIM_RULES)[number];

/** Among whom to look for victims. */
export const VICTIM_SCOPES = [
  /** Jobs of all tenants; with the queue `fair-share` those of other tenants, for what a tenant deserves. */
  'cluster',
  /** Jobs of lower priority of the same tenant. */
  'tenant',
  /** With the queue `fair-share`: first those of `tenant`, then those of `cluster`. */
  'both',
] as const;
/** Among whom to look for victims. */
export type VictimScope = (typeof VICTIM_SCOPES)[number];

/** Whom to preempt. */
export interface VictimOptions {
  readonly victims: VictimRule;
  /** Seconds that a run is left alone; default 0. */
  readonly runSecondsMin?: number | undefined;
  /** Default `cluster`. */
  readonly scope?: VictimScope | undefined;
}

/** Moving running jobs to where they are worth more. */
export interface DefragmentationOptions {
  /** Seconds between two looks, 1 or more; default 3600. */
  readonly everySeconds?: number | undefined;
  /** Jobs that a look moves at most, 1 … 10,000; default 16. Four times as many are looked at. */
  readonly movesMax?: number | undefined;
  /** How many times the GPU time of the restarts moves must gain, 0 or more; default 1. */
  readonly gainFactor?: number | undefined;
}

/** What a tenant, or a group of tenants, may use. */
export interface Quota {
  /** Of a tenant, as in the jobs, or of a group. */
  readonly name: string;
  /** The group around it; it comes before it in the list. Default: none. */
  readonly parent?: string | undefined;
  /**
   * GPUs that it gets before anybody gets more than deserved, and that it can reclaim. Who deserves nothing reclaims nothing,
   * whatever the weights: they share out what is free.
   */
  readonly deservedGpus: number;
  /** The most GPUs it ever uses; default no limit. */
  readonly limitGpus?: number | undefined;
  /** Its part of what is over when all who want have what they deserve, in proportion; 0 = none; default 1. */
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

/** What can fail, and how long it is out. */
export interface SimulatedFailureLaw extends FailureLaw {
  /**
   * How long the servers involved take no pods. Default: they are well at once, and jobs restart where they were. With a
   * repair, jobs wait for other servers: holding those that are left (`restart.holdSeconds`), or in the queue.
   */
  readonly repair?: Phase | undefined;
}

/** Failures of the cluster. */
export interface SimulatedFailures {
  readonly laws: readonly SimulatedFailureLaw[];
  /**
   * Servers kept out of use, the last of the document; one comes in for each server that breaks, and stays. Who is repaired
   * while nobody is missing waits as a spare. With spares, gangs that lose servers keep the others and get the spares, see
   * `restart.holdSeconds`. Default 0.
   */
  readonly spareServers?: number | undefined;
}

/** What a job goes through before it computes again. */
export interface SimulatedRestart {
  /** After a failure, before the job can start again: detection, draining; nothing can interrupt it. */
  readonly hidden?: RecoveryDurations | undefined;
  /** On its GPUs, before it computes: launch, load; a failure starts it again. Not before the first start. */
  readonly exposed?: RecoveryDurations | undefined;
  /**
   * How long a gang that has lost servers to a repair keeps the others while it waits for replacements, seconds from the
   * failure; then it gives them up and is back in the queue. It gets what it misses, a spare that comes in at once, before
   * anybody in the queue is served; with `podsMin` it goes on with what it has when its hidden steps are over. 0: it gives up
   * all its GPUs with the failure. Default: a day where there are `spareServers` and nobody is
   * preempted, else 0: from the queue, a gang may stop others.
   */
  readonly holdSeconds?: number | undefined;
}

/** Options of `simulate`. */
export interface SimulateOptions {
  /** A cluster, or a lone server type (one server); as a topology, or as its document. */
  readonly cluster: TopologyOrDocument;
  /** In any order; equal submit times keep the order of the list. At most 10,000,000. */
  readonly jobs: readonly SimulationJob[];
  /** Which GPUs a job gets; default `topologyAware()`. */
  readonly policy?: Policy | undefined;
  /** Who is first; default `fifo`. */
  readonly queue?: Queue | undefined;
  /**
   * What the priority of a waiting job rises by in an hour, 0 or more, from its arrival on; default 0. For the queues
   * `priority` and `fair-share`. Whoever starts later than it should comes ever earlier in the queue, and keeps what it has
   * aged to while it runs. Who stops others, or makes them shrink, goes by its priority as given: nobody is stopped by one
   * that has merely waited longer.
   */
  readonly priorityPerHour?: number | undefined;
  /**
   * Kills runs that last so many seconds longer than their estimate, 0 or more, as Slurm does (`OverTimeLimit`): what
   * `estimateSeconds` leaves for the rest of the job, more with fewer pods, from when it computes; what is over ends at once.
   * Jobs without an estimate have no limit. A killed job is not done and does not come back; what its checkpoints kept
   * counts as productive. Default: none is killed.
   */
  readonly overrunSecondsMax?: number | undefined;
  /**
   * `strict`: whom the head of the queue blocks waits (or backfills). `greedy`: whoever fits starts, in the order of the
   * queue, and large jobs may starve. Default `strict`.
   */
  readonly admission?: 'strict' | 'greedy' | undefined;
  /**
   * What may overtake a head of the queue that does not fit. `easy`: jobs that do not delay the start it can be promised
   * now. `conservative`: every job is promised a start when it comes in, and GPUs where counting is not enough; nobody who
   * comes later, moves forward or has a higher priority delays it, and only an overrun, a failure or what else starts or moves
   * jobs does. Default `none`.
   */
  readonly backfill?: 'none' | 'easy' | 'conservative' | undefined;
  /**
   * Jobs behind the head that `easy` looks at in one pass, as `bf_max_job_test` of Slurm; default all. With a queue of
   * thousands every pass is as long as the queue.
   */
  readonly backfillDepth?: number | undefined;
  /**
   * `order`: at every pass the jobs that hold GPUs are chosen anew from all, in the order of the queue, whoever fits, and
   * the others are stopped; ties go by who was in that order first. Needs `admission` left out or `greedy`, and no backfill.
   *
   * `{ victims, runSecondsMin, scope }`: while the head of the queue does not fit, running jobs of lower priority are stopped
   * until it does, in the order of the rule. Usually with the queue `priority`. With `admission: 'greedy'` any waiting job
   * may stop others, in the order of the queue; with the scope `tenant` the first job of every tenant. With backfill the head
   * alone may: whoever takes room behind it could delay what it is promised. With the queue `fair-share` a tenant reclaims what it
   * deserves instead: jobs of tenants that have more than they deserve are stopped, whatever their priority; at first those
   * that leave their tenants what they deserve, then gangs that hold both, which go on with fewer pods if `podsMin` allows. Nobody is
   * stopped who has run for less than `runSecondsMin`, default 0: without it the same jobs may be stopped again and again.
   *
   * Default `none`.
   */
  readonly preemption?: 'none' | 'order' | VictimOptions | undefined;
  /** For the queue `fair-share`; default none: all tenants are equal. */
  readonly quotas?: readonly Quota[] | undefined;
  /** Default: nothing fails. */
  readonly failures?: SimulatedFailures | undefined;
  /** Default: a restart takes no time. */
  readonly restart?: SimulatedRestart | undefined;
  /** Room that is kept free for jobs that must not wait, see {@link HeadroomPool}; default none. */
  readonly headroom?: readonly HeadroomPool[] | undefined;
  /**
   * Moves running jobs to other GPUs where that gains more GPU time than it costs, see {@link DefragmentationOptions};
   * default: never.
   */
  readonly defragmentation?: DefragmentationOptions | undefined;
  /**
   * For jobs with `podsMin`. `start`: they start with as many pods as fit, and keep them until they are stopped or moved.
   * `running`: while the head of the queue does not fit, running jobs of at most its priority give up pods, and when nobody
   * waits they get more, as long as that gains more GPU time than the restarts cost. Default `start`.
   */
  readonly elastic?: 'start' | 'running' | undefined;
  /**
   * Whether a job that is stopped to make room, or moved, keeps its progress, or falls back to its last checkpoint; default `kept`:
   * it gets the time to write one.
   */
  readonly preempted?: 'kept' | 'checkpoint' | undefined;
  /**
   * Whether jobs that communicate slow each other down on the uplinks and the ports of servers that they share; default
   * true. False: each reaches what its placement reaches alone.
   */
  readonly linkSharing?: boolean | undefined;
  /**
   * When the scheduler runs. `instant`: once everything has happened that happens at a time; what its decisions lead to at
   * that very time, as the end of a job that takes no time, is followed by a further pass. `event`: after every event, as
   * CQSim and other simulators do, so that a decision may not know of what happens at its own time. Either way nobody is
   * stopped or moved who ends at that time. Default `instant`.
   */
  readonly passes?: 'event' | 'instant' | undefined;
  /**
   * Which kind of event comes first at equal times; see {@link EventKind} for the default. `compute` and `defragment` may
   * be left out; then they come last. With `passes: 'instant'` `defragment` always does, and the order of the others matters in two cases: a
   * `failure` before the `finish` of a job that it hits fails the job; before a `repair` it leaves one spare less to come in.
   */
  readonly eventOrder?: readonly EventKind[] | undefined;
  /** Of all random draws; any safe integer; default 0. */
  readonly seed?: number | undefined;
  /** When to stop, seconds; events at this time still happen. Default: when all jobs have ended. */
  readonly untilSeconds?: number | undefined;
  /** Seconds between two samples of the timeline, above 0, from second 0 to the end; default: no timeline. */
  readonly timelineSeconds?: number | undefined;
  /** What the metrics are over; default: the whole simulation, from the first arrival to the end. */
  readonly metrics?: MetricsOptions | undefined;
  /**
   * Events to process before giving up with `limit-exceeded`, 1 … 1,000,000,000; default 1,000,000, and 1,000 more for each
   * job. Failures in close succession, or looks for jobs to move, would otherwise go on for days.
   */
  readonly eventsMax?: number | undefined;
  /** Called now and then with how far it is. */
  readonly onProgress?: ((progress: SimulationProgress) => void) | undefined;
}

/** How far a simulation is. */
export interface SimulationProgress {
  readonly seconds: number;
  readonly events: number;
  readonly finishedJobs: number;
  readonly jobs: number;
}
