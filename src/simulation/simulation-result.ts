import type { ServerId } from '../ids.js';
import type { HeadroomMetrics } from './headroom-accounts.js';
import type { Bucket } from './job-state.js';
import type { Distribution } from './percentiles.js';
import type { RunEnd } from './run-log.js';
import type { Timeline } from './timeline.js';

/** One stretch of time in which a job held GPUs. */
export interface JobRun {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly ended: RunEnd;
  /** One per pod. */
  readonly pods: readonly { readonly server: ServerId; readonly gpus: readonly number[] }[];
  /** GB/s per GPU and direction where nobody else uses its links; null below two GPUs and for shares. */
  readonly bandwidthGBps: number | null;
}

/**
 * - `finished`: it is done.
 * - `running`, `waiting`, `not-submitted`: where it was when the simulation stopped.
 * - `refused`: it would not fit in the empty cluster.
 */
export type JobOutcome = 'finished' | 'running' | 'waiting' | 'not-submitted' | 'refused';

/** What became of a job. */
export interface JobResult {
  readonly id: string;
  readonly tenant: string;
  readonly outcome: JobOutcome;
  readonly submitSeconds: number;
  /** When it first held GPUs; null if it never did. */
  readonly startSeconds: number | null;
  /** When it was done; null if it is not. */
  readonly endSeconds: number | null;
  readonly runs: readonly JobRun[];
  readonly preemptions: number;
  readonly failures: number;
  /** How often it was moved: to other GPUs, or to more or fewer pods. */
  readonly moves: number;
}

/** GPU-hours by what they went into. */
export type GpuHours = Readonly<Record<Bucket | 'held', number>>;

/** Figures over some jobs. */
export interface JobMetrics {
  readonly jobs: number;
  readonly finishedJobs: number;
  /** From arrival to first start, of the jobs that started, seconds. */
  readonly waitSeconds: Distribution;
  /** From arrival to end, of the jobs that ended, seconds. */
  readonly completionSeconds: Distribution;
  /** Completion ÷ the larger of ten seconds and the undisturbed run time, at least 1: the bounded slowdown. */
  readonly slowdown: Distribution;
  readonly preemptions: number;
  readonly failures: number;
  readonly moves: number;
  readonly gpuHours: GpuHours;
  /** Productive time ÷ time from first start to end, weighted by GPUs, of the jobs that ended; 1 if none did. */
  readonly ettr: number;
}

/** Figures over the whole simulation. */
export interface SimulationMetrics extends JobMetrics {
  /** When the last event happened. */
  readonly endSeconds: number;
  /** From the first arrival to the end. */
  readonly makespanSeconds: number;
  /** GPU time held ÷ GPU time there was, from the first arrival to the end. */
  readonly utilisation: number;
  /** Productive GPU time ÷ GPU time there was, likewise. */
  readonly goodput: number;
  readonly byTenant: Readonly<Record<string, JobMetrics>>;
  readonly byGpuModel: Readonly<Record<string, GpuModelMetrics>>;
  /** In the order of the pools; empty without any. */
  readonly headroom: readonly HeadroomMetrics[];
}

/** Figures of the GPUs of one model. */
export interface GpuModelMetrics {
  readonly gpus: number;
  /** GPU-hours that jobs held. */
  readonly heldGpuHours: number;
  /** Of the GPU time there was, from the first arrival to the end. */
  readonly utilisation: number;
}

/** What a simulation returns. */
export interface SimulationResult {
  /** In the order of the list; made when first read, so that whoever wants the metrics alone does not pay for it. */
  readonly jobs: readonly JobResult[];
  readonly metrics: SimulationMetrics;
  /** Absent unless `timelineSeconds` is given. */
  readonly timeline?: Timeline;
  /** Events that happened; passes of the scheduler are none. */
  readonly events: number;
  /** 16 hexadecimal digits over all runs: equal options give equal ones on every machine. */
  readonly digest: string;
}

/**
 * Something that happened. `job` is the position in the list. `hold`: a job that has failed keeps GPUs, and waits for what it
 * misses.
 */
export interface SimulationEvent {
  readonly seconds: number;
  readonly kind: 'submit' | 'refuse' | 'start' | 'finish' | 'preempt' | 'fail' | 'move' | 'hold';
  readonly job: number;
}
