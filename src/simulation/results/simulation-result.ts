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
  /** GB/s per GPU and direction where nobody else uses its links; null below two GPUs and for shares. */
  readonly bandwidthGBps: number | null;
}

/**
 * - `finished`: it is done.
 * - `running`, `waiting`, `not-submitted`: where it was when the simulation stopped.
 * - `refused`: it would not fit in the empty cluster.
 * - `killed`: it was longer than its estimate allows, and is not done.
 */
export type JobOutcome = 'finished' | 'running' | 'waiting' | 'not-submitted' | 'refused' | 'killed';

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

/**
 * Figures over some jobs: over the whole simulation, or over what the option `metrics.window` says.
 *
 * Waits, completions and slowdowns count every job that has arrived and was not refused. Whoever had not started, or ended,
 * when the simulation stopped is `censored` in them, see {@link Distribution}.
 */
export interface JobMetrics {
  /** That arrive in the window; if it goes on to the end, also those that would have arrived later. */
  readonly jobs: number;
  /** Of them, those that ended, in the window or later. */
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
  /** Held in the window; compute that is thrown away later is `recompute` when it is done, not when it is lost. */
  readonly gpuHours: GpuHours;
  /**
   * Productive time ÷ time from first start to end, or to where the simulation stopped, weighted by GPUs, of the jobs that
   * started; 1 if none did.
   */
  readonly ettr: number;
}

/** Figures over the whole simulation, or its window. */
export interface SimulationMetrics extends JobMetrics {
  /** What the figures are over: the window asked for, as far as it lies between the first arrival and the end. */
  readonly window: { readonly fromSeconds: number; readonly untilSeconds: number };
  /** When the last event happened. */
  readonly endSeconds: number;
  /** From the first arrival to the end. */
  readonly makespanSeconds: number;
  /**
   * GPU time held ÷ GPU time there was. Without a window that is from the first arrival to the end, so that it falls with the
   * time the last jobs take to end: give a window that ends before.
   */
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
  /** GPU-hours that jobs held in the window. */
  readonly heldGpuHours: number;
  /** Of the GPU time there was in the window. */
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
  readonly kind: 'submit' | 'refuse' | 'start' | 'finish' | 'preempt' | 'fail' | 'move' | 'hold' | 'kill';
  readonly job: number;
}
