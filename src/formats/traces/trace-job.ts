/**
 * One job of a log, independent of its format. All its pods start together or not at all. Resources are per pod.
 */
export interface TraceJob {
  readonly id: string;
  /** Seconds on the clock of the log. */
  readonly submitSeconds: number;
  /** Seconds that the job runs once it has started; 0 or more. */
  readonly durationSeconds: number;
  /** Seconds that the scheduler is told; absent where the log has no such figure. */
  readonly estimateSeconds?: number;
  /** Pods of the gang, 1 or more. */
  readonly pods: number;
  /** Whole GPUs per pod, 0 … 16. */
  readonly gpus: number;
  /** A share of one GPU per pod, thousandths, 1 … 999; `gpus` is then 0. */
  readonly gpuMilli?: number;
  /** CPU per pod, thousandths of a core; absent = not asked for. */
  readonly cpuMilli?: number;
  /** Memory per pod, MiB; absent = not asked for. */
  readonly memoryMiB?: number;
  /** GPU models that will do; absent = any. */
  readonly gpuModels?: readonly string[];
  /** Who pays: an opaque name; absent where the log does not say. */
  readonly tenant?: string;
}

/** Most jobs, pods or instances of one file: four million take some 1.6 GB of heap. */
export const TRACE_JOBS_MAX: number = 2 ** 22;
