import * as v from 'valibot';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { parse, strictFields } from '../../topology/validate.js';
import { GPUS_PER_SERVER_MAX, PODS_MAX, SECONDS_MAX } from '../../units.js';
import type { TraceJob } from '../traces/trace-job.js';
import { readSwfJob, readSwfLog, type SwfJob, type SwfLog } from './log.js';

const REASONS = [
  'partial',
  'no-submit-time',
  'no-run-time',
  'no-processors',
  'zero-length',
  'cancelled',
  'failed',
] as const;

/**
 * Why a job is left out: `partial` = one part of a job that was swapped out (status 2, 3, 4), because the whole job has a
 * line of its own; `no-submit-time`, `no-run-time`, `no-processors` = the figure is unknown, or 0 processors;
 * `zero-length` = a run time of 0; `cancelled`, `failed` = status 5, 0.
 */
export type SwfDropReason = (typeof REASONS)[number];

/** How {@link swfJobs} reads a log of processors as one of GPUs. */
export interface SwfJobsOptions {
  /**
   * Which jobs to leave out. Default: all but `cancelled` and `failed`, because a job that was cancelled or failed while
   * it ran held its processors until then. Jobs with `partial`, `no-submit-time`, `no-run-time` or `no-processors` cannot
   * be simulated: where the list lacks one of these four, such a job is refused.
   */
  readonly drop?: readonly SwfDropReason[] | undefined;
  /**
   * Which field is the size of a job: `requested` (field 8) or `allocated` (field 5, as in published backfilling runs).
   * Where it is unknown or 0, the other one is used. Default: `requested`.
   */
  readonly processors?: 'requested' | 'allocated' | undefined;
  /**
   * Processors of one pod, n = 1 … 16; each becomes a GPU. A job of p processors becomes ceil(p / n) pods of n GPUs, or one
   * pod of p GPUs if p < n. Default: 1, which adds no GPUs.
   */
  readonly processorsPerPod?: number | undefined;
  /**
   * The run time that the scheduler expects: `requested` (field 9, or the run time where that is unknown or 0) or `exact`,
   * the run time. Default: `requested`.
   */
  readonly estimate?: 'requested' | 'exact' | undefined;
  /**
   * What to do with a job that ran longer than it requested: `extend` the estimate to the run time, `kill` the job at its
   * estimate, or `keep` both figures. Default: `extend`, because the machine did let it run.
   */
  readonly overrun?: 'extend' | 'kill' | 'keep' | undefined;
  /** Which field names the tenant. Default: `user` (field 12). */
  readonly tenant?: 'user' | 'group' | 'queue' | 'partition' | undefined;
  /** Whether to count time from the first submission of a job that is kept. Default: false, the clock of the log. */
  readonly fromZero?: boolean | undefined;
}

/** What {@link swfJobs} made of a log. */
export interface SwfJobs {
  /** By time of submission; in file order where that is equal. */
  readonly jobs: readonly TraceJob[];
  /** Number of jobs left out, each counted under the first reason that holds in the order of {@link SwfDropReason}. */
  readonly dropped: Readonly<Record<SwfDropReason, number>>;
  /** Kept jobs that ran longer than they requested. */
  readonly overran: number;
  /** Kept jobs that got more GPUs than they have processors, because their last pod is not full. */
  readonly roundedUp: number;
}

function choice<const T extends string>(...words: T[]): v.ExactOptionalSchema<v.GenericSchema<T>, undefined> {
  const expected = `expected ${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
  return v.exactOptional(v.picklist(words, expected) as unknown as v.GenericSchema<T>);
}

const expectedPerPod = `expected an integer from 1 to ${GPUS_PER_SERVER_MAX}`;
const optionsSchema: v.GenericSchema<SwfJobsOptions> = strictFields({
  drop: v.exactOptional(
    v.pipe(
      v.array(v.picklist(REASONS, `expected one of ${REASONS.join(', ')}`)),
      v.maxLength(64, 'expected at most 64 reasons'),
      v.readonly(),
    ),
  ),
  processors: choice('requested', 'allocated'),
  processorsPerPod: v.exactOptional(
    v.pipe(
      v.number(expectedPerPod),
      v.check((n) => Number.isInteger(n) && n >= 1 && n <= GPUS_PER_SERVER_MAX, expectedPerPod),
    ),
  ),
  estimate: choice('requested', 'exact'),
  overrun: choice('extend', 'kill', 'keep'),
  tenant: choice('user', 'group', 'queue', 'partition'),
  fromZero: v.exactOptional(v.boolean('expected true or false')),
});

/**
 * Turns the jobs of an SWF log into jobs of GPUs that a simulator can run.
 *
 * A processor becomes a GPU, and a job becomes a gang of pods. The fields 1, 2, 4, 5, 8, 9 and 11 are used, and one of 12,
 * 13, 15, 16 as tenant. Ignored are the decision of the original scheduler (3), usage (6, 7), memory (10: its unit differs
 * between logs), the application (14), and the dependencies of models (17, 18).
 *
 * @param log - what {@link fromSwf} returned; at most 2^22 jobs of at most 2^20 pods
 * @param options - see {@link SwfJobsOptions}
 * @returns jobs in order of submission, and counts of what was left out or changed
 * @throws CorralError `invalid-document` for a job that cannot be simulated and is not to be dropped, `duplicate-id`
 *   for a number that two kept jobs share, `limit-exceeded` for too many pods and for times that no simulation counts, `invalid-option`
 * @complexity O(jobs * log jobs)
 * @example
 * const text = '; MaxProcs: 64\n1 0 5 60 16 -1 -1 16 90 -1 1 1 1 -1 -1 -1 -1 -1\n';
 * const { jobs, dropped } = swfJobs(fromSwf(text), { processorsPerPod: 8 });
 * jobs[0].pods; // 2
 */
export function swfJobs(log: Pick<SwfLog, 'jobs'>, options: SwfJobsOptions = {}): SwfJobs {
  const settings = parse(optionsSchema, options, { code: 'invalid-option' });
  const drop = new Set<SwfDropReason>(
    settings.drop ?? REASONS.filter((reason) => reason !== 'cancelled' && reason !== 'failed'),
  );
  const dropped = Object.fromEntries(REASONS.map((reason) => [reason, 0])) as Record<SwfDropReason, number>;
  const jobs: TraceJob[] = [];
  const numbers = new Set<number>();
  let overran = 0;
  let roundedUp = 0;
  readSwfLog(log).jobs.forEach((given, i) => {
    const job = readSwfJob(given, ['jobs', i]);
    const processors = processorsOf(job, settings.processors ?? 'requested');
    const reason = REASONS.find((r) => drop.has(r) && applies(r, job, processors));
    if (reason !== undefined) {
      dropped[reason]++;
      return;
    }
    refuseUnusable(job, processors, i);
    if (numbers.has(job.jobNumber)) {
      throw new CorralError(
        'duplicate-id',
        ['jobs', i, 'jobNumber'],
        `an earlier job has number ${job.jobNumber} too`,
      );
    }
    numbers.add(job.jobNumber);
    const perPod = settings.processorsPerPod ?? 1;
    const pods = Math.ceil(processors / perPod);
    if (pods > PODS_MAX) {
      throw new CorralError(
        'limit-exceeded',
        ['jobs', i],
        `${pods} pods, at most ${PODS_MAX}: raise processorsPerPod`,
      );
    }
    const gpus = Math.min(processors, perPod);
    if (pods * gpus > processors) roundedUp++;
    const run = job.runSeconds!;
    const requested = job.requestedSeconds || run;
    refuseBeyondTime(run, ['jobs', i, 'runSeconds']);
    refuseBeyondTime(requested, ['jobs', i, 'requestedSeconds']);
    if (run > requested) overran++;
    const tenant = job[settings.tenant ?? 'user'];
    jobs.push({
      id: String(job.jobNumber),
      submitSeconds: job.submitSeconds!,
      ...times(run, requested, settings),
      pods,
      gpus,
      ...(tenant !== undefined && { tenant: String(tenant) }),
    });
  });
  jobs.sort((a, b) => a.submitSeconds - b.submitSeconds);
  const first = settings.fromZero === true ? (jobs[0]?.submitSeconds ?? 0) : 0;
  refuseBeyondTime((jobs.at(-1)?.submitSeconds ?? 0) - first, ['jobs']);
  return {
    jobs: first === 0 ? jobs : jobs.map((job) => ({ ...job, submitSeconds: job.submitSeconds - first })),
    dropped,
    overran,
    roundedUp,
  };
}

/** The processors of a job; 0 = unknown, because a job that never started has 0 allocated processors. */
function processorsOf(job: SwfJob, preferred: 'requested' | 'allocated'): number {
  const { processorsRequested: requested, processorsAllocated: allocated } = job;
  return (preferred === 'requested' ? requested || allocated : allocated || requested) ?? 0;
}

function applies(reason: SwfDropReason, job: SwfJob, processors: number): boolean {
  switch (reason) {
    case 'partial':
      return job.status === 2 || job.status === 3 || job.status === 4;
    case 'no-submit-time':
      return job.submitSeconds === undefined;
    case 'no-run-time':
      return job.runSeconds === undefined;
    case 'no-processors':
      return processors === 0;
    case 'zero-length':
      return job.runSeconds === 0;
    case 'cancelled':
      return job.status === 5;
    case 'failed':
      return job.status === 0;
  }
}

function refuseUnusable(job: SwfJob, processors: number, i: number): void {
  for (const [reason, field] of [
    ['partial', 'status'],
    ['no-submit-time', 'submitSeconds'],
    ['no-run-time', 'runSeconds'],
    ['no-processors', 'processorsRequested'],
  ] as const) {
    if (applies(reason, job, processors)) {
      throw new CorralError(
        'invalid-document',
        ['jobs', i, field],
        `job ${job.jobNumber} cannot be simulated, its ${field} is ${quote(job[field])}: list ${quote(reason)} in drop`,
      );
    }
  }
}

/** Refuses times beyond the limit of simulations; logs may have larger ones. */
function refuseBeyondTime(seconds: number, path: ErrorPath): void {
  if (seconds <= SECONDS_MAX) return;
  throw new CorralError(
    'limit-exceeded',
    path,
    `${seconds} s, at most ${SECONDS_MAX} can be simulated: is the figure in seconds, from the start of the log (fromZero)?`,
  );
}

/** Run time and estimate for the simulator. */
function times(
  run: number,
  requested: number,
  { estimate = 'requested', overrun = 'extend' }: SwfJobsOptions,
): { readonly durationSeconds: number; readonly estimateSeconds: number } {
  const durationSeconds = overrun === 'kill' ? Math.min(run, requested) : run;
  if (estimate === 'exact') return { durationSeconds, estimateSeconds: durationSeconds };
  return { durationSeconds, estimateSeconds: overrun === 'extend' ? Math.max(run, requested) : requested };
}
