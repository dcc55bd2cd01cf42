import type { ServerId } from '../../ids.js';
import type { HeadroomMetrics } from '../allocation/headroom-accounts.js';
import type { Bucket } from '../jobs/job-state.js';
import type { RunEnd } from '../jobs/run-log.js';
import type { Distribution } from './percentiles.js';
import type { Timeline } from './timeline.js';

/** One stretch of time in which a job held GPUs. */
export interface JobRun {
  readonly startSeconds: number;
  readonly endSeconds: number;
  readonly ended: RunEnd;
  /** One per pod. */
  readonly pods: readonly { readonly server: ServerId; readonly gpus: readonly number[] }[];
  /** GB/s per GPU and direction while no other job uses its links; null below two GPUs and for shares. */
  readonly bandwidthGBps: number | null;
}

/**
 * - `finished`: the job is done.
 * - `running`, `waiting`, `not-submitted`: its state when the simulation stopped.
 * - `refused`: it would not fit in the empty cluster.
 * - `killed`: it ran longer than its estimate allows, and is not done.
 */
export type JobOutcome = 'finished' | 'running' | 'waiting' | 'not-submitted' | 'refused' | 'killed';

/** The result of a job. */
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
  /** Number of its moves: to other GPUs, or to more or fewer pods. */
  readonly moves: number;
}

/** GPU-hours by bucket. */
export type GpuHours = Readonly<Record<Bucket | 'held', number>>;

/**
 * Figures over some jobs, for the whole simulation or for the window of the option `metrics.window`.
 *
 * Waits, completions and slowdowns count every job that has arrived and was not refused. A job that had not started,
 * or not ended, when the simulation stopped is `censored` in them, see {@link Distribution}.
 */
export interface JobMetrics {
  /** Jobs that arrive in the window. If the window lasts to the end, also those that would have arrived later. */
  readonly jobs: number;
  /** The number of them that ended, in the window or later. */
  readonly finishedJobs: number;
  /** Jobs that were killed at their limit of time; they count as started, not as ended. */
  readonly killedJobs: number;
  /** From arrival to first start, seconds. */
  readonly waitSeconds: Distribution;
  /** From arrival to end, seconds. */
  readonly completionSeconds: Distribution;
  /** Completion ÷ the larger of ten seconds and the undisturbed run time, at least 1: the bounded slowdown. */
  readonly slowdown: Distribution;
  readonly preemptions: number;
  readonly failures: number;
  readonly moves: number;
  /** GPU-hours in the window. Compute that is thrown away later counts as `recompute` at the time of the compute. */
  readonly gpuHours: GpuHours;
  /**
   * Productive time ÷ time from first start to end, or to the stop of the simulation, weighted by GPUs, over the jobs
   * that started; 1 if none did.
   */
  readonly ettr: number;
}

/** Figures over the whole simulation, or its window. */
export interface SimulationMetrics extends JobMetrics {
  /** The window of the figures: the one asked for, cut to the time from the first arrival to the end. */
  readonly window: { readonly fromSeconds: number; readonly untilSeconds: number };
  /** When the last event happened. */
  readonly endSeconds: number;
  /** From the first arrival to the end. */
  readonly makespanSeconds: number;
  /**
   * GPU time held ÷ GPU time of servers that take pods. Without a window it is from the first arrival to the end, so
   * it falls with the time that the last jobs need; give a window that ends earlier to avoid that.
   */
  readonly utilisation: number;
  /** Productive GPU time ÷ GPU time of servers that take pods, over the same time. */
  readonly goodput: number;
  readonly byTenant: Readonly<Record<string, JobMetrics>>;
  readonly byGpuModel: Readonly<Record<string, GpuModelMetrics>>;
  /** In the order of the pools; empty without any. */
  readonly headroom: readonly HeadroomMetrics[];
}

/** Figures of the GPUs of one model. */
export interface GpuModelMetrics {
  readonly gpus: number;
  /** GPU-hours that jobs held in the window. */
  readonly heldGpuHours: number;
  /** The share of the GPU time of these GPUs in the window. */
  readonly utilisation: number;
}

/** What a simulation returns. */
export interface SimulationResult {
  /** One entry per job, in the order of the list; made when first read, because metrics alone are cheaper. */
  readonly jobs: readonly JobResult[];
  readonly metrics: SimulationMetrics;
  /** Absent unless `timelineSeconds` is given. */
  readonly timeline?: Timeline;
  /** Number of events. Passes of the scheduler are not counted. */
  readonly events: number;
  /** 16 hexadecimal digits over all runs: equal options give equal ones on every machine. */
  readonly digest: string;
}

/**
 * An event of a job. `job` is its position in the list. `hold`: a job that has failed keeps GPUs and waits for those
 * that it misses.
 */
export interface SimulationEvent {
  readonly seconds: number;
  readonly kind: 'submit' | 'refuse' | 'start' | 'finish' | 'preempt' | 'fail' | 'move' | 'hold' | 'kill';
  readonly job: number;
}
