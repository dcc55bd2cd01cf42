import { CorralError, quote } from '../errors.js';

/**
 * What became of a job: 0 failed, 1 completed, 5 cancelled (before or after it started). 2, 3 and 4 mark lines of
 * one stretch of a job that was swapped out: to be continued, the last of a completed, the last of a failed job.
 */
export type SwfStatus = 0 | 1 | 2 | 3 | 4 | 5;

/** One line of a log in the Standard Workload Format, field by field; -1 in the file is absent here. */
export interface SwfJob {
  /** Field 1: from 1 by the standard, from 0 in some logs; the lines of a job that was swapped out share it. */
  readonly jobNumber: number;
  /** Field 2: seconds since the start of the log, or since 1970 in some logs. */
  readonly submitSeconds?: number | undefined;
  /** Field 3: start minus submission; logs only. */
  readonly waitSeconds?: number | undefined;
  /** Field 4: wall clock, end minus start; 0 is less than half a second. */
  readonly runSeconds?: number | undefined;
  /** Field 5. */
  readonly processorsAllocated?: number | undefined;
  /** Field 6: user and system time, mean of the processors. */
  readonly cpuSeconds?: number | undefined;
  /** Field 7: memory used, mean of the processors. */
  readonly memoryKiB?: number | undefined;
  /** Field 8. */
  readonly processorsRequested?: number | undefined;
  /** Field 9: the user's estimate of the run time, in most logs also its limit. */
  readonly requestedSeconds?: number | undefined;
  /** Field 10: memory requested per processor. Some logs give bytes; the figure is kept as it stands. */
  readonly requestedMemoryKiB?: number | undefined;
  /** Field 11. */
  readonly status?: SwfStatus | undefined;
  /** Field 12. */
  readonly user?: number | undefined;
  /** Field 13. */
  readonly group?: number | undefined;
  /** Field 14: number of the application. */
  readonly executable?: number | undefined;
  /** Field 15: 0 is suggested for interactive jobs. */
  readonly queue?: number | undefined;
  /** Field 16. */
  readonly partition?: number | undefined;
  /** Field 17: number of a job that must end before this one may start; models only. */
  readonly precedingJob?: number | undefined;
  /** Field 18: from the end of the preceding job to this submission; models only. */
  readonly thinkSeconds?: number | undefined;
  /** Columns after the eighteenth, letter by letter; absent where there are none. */
  readonly extra?: readonly string[] | undefined;
}

/** One comment line ahead of the jobs: `; Name: value`, or free text where `name` is absent. */
export interface SwfHeaderField {
  readonly name?: string | undefined;
  readonly value: string;
}

/** A log in the Standard Workload Format. */
export interface SwfLog {
  /** In file order: a list, because names such as `Queue` and `Note` come several times. */
  readonly header: readonly SwfHeaderField[];
  /** In file order. */
  readonly jobs: readonly SwfJob[];
  /** Lines that could not be read, in file order; there with `onBadLine: 'skip'` only. */
  readonly skipped?: readonly SwfSkippedLine[] | undefined;
}

/** A line of a log that was left out. */
export interface SwfSkippedLine {
  /** From 1. */
  readonly line: number;
  /** What is wrong with it. */
  readonly problem: string;
}

/** The eighteen properties of {@link SwfJob} that hold numbers. */
export type SwfFieldName = Exclude<keyof SwfJob, 'extra'>;

/** What one field may hold. */
export interface SwfField {
  readonly name: SwfFieldName;
  /** Whether it may have a fraction: the standard allows it for times, and means of memory have one. */
  readonly fraction: boolean;
  readonly max: number;
}

/** Latest time and longest duration in seconds: some 30,000 years. */
const TIME_MAX_SECONDS = 1e12;
/** Most processors of one job. */
const PROCESSORS_MAX = 0x7fff_ffff;

const seconds = (name: SwfFieldName): SwfField => ({ name, fraction: true, max: TIME_MAX_SECONDS });
const memory = (name: SwfFieldName): SwfField => ({ name, fraction: true, max: Number.MAX_SAFE_INTEGER });
const number = (name: SwfFieldName, max: number = Number.MAX_SAFE_INTEGER): SwfField => ({
  name,
  fraction: false,
  max,
});

/**
 * The fields in the order of the file.
 *
 * Source: Parallel Workloads Archive, "The Standard Workload Format", version 2.2.
 */
export const SWF_FIELDS: readonly SwfField[] = [
  number('jobNumber'),
  seconds('submitSeconds'),
  seconds('waitSeconds'),
  seconds('runSeconds'),
  number('processorsAllocated', PROCESSORS_MAX),
  seconds('cpuSeconds'),
  memory('memoryKiB'),
  number('processorsRequested', PROCESSORS_MAX),
  seconds('requestedSeconds'),
  memory('requestedMemoryKiB'),
  number('status', 5),
  number('user'),
  number('group'),
  number('executable'),
  number('queue'),
  number('partition'),
  number('precedingJob'),
  seconds('thinkSeconds'),
];

/** Most comment lines ahead of the jobs. */
export const SWF_HEADER_MAX: number = 2 ** 16;
/** Most jobs of one log: four million take some 1.6 GB of heap. */
export const SWF_JOBS_MAX: number = 2 ** 22;
/** Most columns after the eighteenth. */
export const SWF_EXTRA_MAX = 64;
/** Most lines of one log that may be skipped. */
export const SWF_SKIPPED_MAX: number = 2 ** 16;
/** Longest line, in characters; logs with node lists have lines of tens of thousands. */
export const SWF_LINE_LENGTH_MAX: number = 2 ** 20;

/**
 * Reads the text after the `;` of a comment line.
 *
 * @param comment - one line without the semicolon
 * @returns name and value, or the free text
 * @complexity O(characters)
 */
export function readSwfComment(comment: string): SwfHeaderField {
  const text = comment.trim();
  const colon = text.indexOf(':');
  const name = text.slice(0, Math.max(colon, 0));
  const rest = text.slice(colon + 1);
  // An address (`http://…`) in free text is no field.
  if (/^[A-Za-z]\w{0,63}$/.test(name) && !rest.startsWith('//')) return { name, value: rest.trim() };
  return { value: text };
}

/**
 * Checks one job that did not come from a file.
 *
 * @param job - anything
 * @param path - where it stands in the caller's argument
 * @throws CorralError `invalid-document` with the path of the field
 */
export function checkSwfJob(job: unknown, path: readonly (string | number)[]): asserts job is SwfJob {
  if (typeof job !== 'object' || job === null) {
    throw new CorralError('invalid-document', path, `expected a job, got ${quote(job)}`);
  }
  for (const { name, fraction, max } of SWF_FIELDS) {
    const value = (job as Record<string, unknown>)[name];
    if (value === undefined && name !== 'jobNumber') continue;
    if (
      typeof value !== 'number' ||
      !(value >= 0 && value <= max) ||
      (!fraction && !Number.isInteger(value))
    ) {
      throw new CorralError(
        'invalid-document',
        [...path, name],
        `expected ${fraction ? 'a number' : 'an integer'} from 0 to ${max}${name === 'jobNumber' ? '' : ', or undefined'}, got ${quote(value)}`,
      );
    }
  }
  const { extra } = job as SwfJob;
  if (extra === undefined) return;
  if (!Array.isArray(extra) || extra.length > SWF_EXTRA_MAX) {
    throw new CorralError(
      'invalid-document',
      [...path, 'extra'],
      `expected at most ${SWF_EXTRA_MAX} texts, got ${quote(extra)}`,
    );
  }
  extra.forEach((cell: unknown, i) => {
    if (typeof cell !== 'string' || cell.length > SWF_LINE_LENGTH_MAX || !/^[^\s\p{Cc}]+$/u.test(cell)) {
      throw new CorralError(
        'invalid-document',
        [...path, 'extra', i],
        `expected a text without blanks, got ${quote(cell)}`,
      );
    }
  });
}

/**
 * Checks that something is a list of jobs of a legal length; its members are checked one by one.
 *
 * @param log - anything
 * @returns the jobs, unchecked
 * @throws CorralError `invalid-document` or `limit-exceeded`
 */
export function swfJobList(log: unknown): readonly unknown[] {
  const jobs = typeof log === 'object' && log !== null ? (log as { jobs?: unknown }).jobs : undefined;
  if (!Array.isArray(jobs)) {
    throw new CorralError('invalid-document', ['jobs'], `expected a list of jobs, got ${quote(jobs)}`);
  }
  if (jobs.length > SWF_JOBS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['jobs'],
      `${jobs.length} jobs, at most ${SWF_JOBS_MAX}: split the log`,
    );
  }
  return jobs;
}
