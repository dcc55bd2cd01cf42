/** What a job is doing. */
export const UNSUBMITTED = 0;
export const WAITING = 1;
export const RUNNING = 2;
export const DONE = 3;
/** Failed, and not back in the queue yet. */
export const AWAY = 4;
/** Would not fit in the empty cluster: refused on arrival. */
export const REFUSED = 5;
/** Killed at its limit of time. */
export const OVERRUN = 6;

/** The buckets that GPU time is booked in, GPU-microseconds. */
export const BUCKETS = ['productive', 'checkpoint', 'recompute', 'restart', 'slowdown'] as const;
/**
 * - `productive`: compute that the job needed and kept.
 * - `checkpoint`: blocked by checkpoints, of work that was kept.
 * - `recompute`: compute and checkpoint stalls that a failure or a preemption threw away.
 * - `restart`: restart steps, and waiting for missing servers, while the job holds GPUs.
 * - `slowdown`: time beyond full speed, because bandwidth was missing.
 */
export type Bucket = (typeof BUCKETS)[number];

/** The mutable columns of the jobs. Times in microseconds. */
export interface JobState {
  readonly status: Uint8Array;
  /** Job → useful compute that it continues from at its next start; and the part of it that is in durable checkpoints. */
  readonly saved: Float64Array;
  readonly durable: Float64Array;
  /** Job → first start, and end, be it done or killed; NaN before. */
  readonly firstStart: Float64Array;
  readonly end: Float64Array;
  /** Job → when its run began, and when in it computing begins; Infinity while it is short of pods. */
  readonly begin: Float64Array;
  readonly computeBegin: Float64Array;
  /** Job → what its clock shows at `since`, where it stops, and its speed; see RunProgress. */
  readonly clock: Float64Array;
  readonly since: Float64Array;
  readonly clockEnd: Float64Array;
  readonly speed: Float64Array;
  /** Job → when its run is killed; Infinity = never. */
  readonly limit: Float64Array;
  /** Job → when the scheduler expects its run to end. */
  readonly expectedEnd: Float64Array;
  /** Job → number of begins and ends of its runs; events of former runs have an older number. */
  readonly stamp: Int32Array;
  /** Job → the same, with changes of speed, which move the end. */
  readonly finishStamp: Int32Array;
  readonly starts: Int32Array;
  readonly preemptions: Int32Array;
  readonly failures: Int32Array;
  readonly moves: Int32Array;
  /** Bucket → job → GPU-microseconds. */
  readonly gpuTime: Readonly<Record<Bucket, Float64Array>>;
}

export function newJobState(count: number): JobState {
  const column = (): Float64Array => new Float64Array(count);
  return {
    status: new Uint8Array(count),
    saved: column(),
    durable: column(),
    firstStart: column().fill(Number.NaN),
    end: column().fill(Number.NaN),
    begin: column(),
    computeBegin: column(),
    clock: column(),
    since: column(),
    clockEnd: column(),
    speed: column(),
    limit: column(),
    expectedEnd: column(),
    stamp: new Int32Array(count),
    finishStamp: new Int32Array(count),
    starts: new Int32Array(count),
    preemptions: new Int32Array(count),
    failures: new Int32Array(count),
    moves: new Int32Array(count),
    gpuTime: {
      productive: column(),
      checkpoint: column(),
      recompute: column(),
      restart: column(),
      slowdown: column(),
    },
  };
}
