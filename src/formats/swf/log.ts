import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import { limitExceeded } from '../text/format-errors.js';
import { TRACE_JOBS_MAX } from '../traces/trace-job.js';

/**
 * How a job ended: 0 failed, 1 completed, 5 cancelled (before or after it started). 2, 3 and 4 mark a line for one part of
 * a job that was swapped out: 2 if more parts follow, 3 for the last part of a completed job, 4 of a failed job.
 */
export type SwfStatus = 0 | 1 | 2 | 3 | 4 | 5;

/** One line of a log in the Standard Workload Format, field by field; -1 in the file is absent here. */
export interface SwfJob {
  /** Field 1: from 1 in the standard, from 0 in some logs. The parts of a job that was swapped out share it. */
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
  /** Columns after the eighteenth as they are written; absent where there are none. */
  readonly extra?: readonly string[] | undefined;
}

/** One comment line ahead of the jobs: `; Name: value`, or free text where `name` is absent. */
export interface SwfHeaderField {
  readonly name?: string | undefined;
  readonly value: string;
}

/** A log in the Standard Workload Format. */
export interface SwfLog {
  /** In file order. Names such as `Queue` and `Note` may be repeated. */
  readonly header: readonly SwfHeaderField[];
  /** In file order. */
  readonly jobs: readonly SwfJob[];
  /** Lines that could not be read, in file order; present only with `onBadLine: 'skip'`. */
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
  /** Whether it may have a fraction: times may in the standard, and means of memory have one. */
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
/** Most columns after the eighteenth. */
export const SWF_EXTRA_MAX = 64;
/** Most lines of one log that may be skipped. */
export const SWF_SKIPPED_MAX: number = 2 ** 16;
/** Longest line, in characters; logs with node lists have lines of tens of thousands. */
export const SWF_LINE_LENGTH_MAX: number = 2 ** 20;
/** Most characters of the columns after the eighteenth; the rest of a line is enough for eighteen numbers. */
export const SWF_EXTRA_LENGTH_MAX: number = SWF_LINE_LENGTH_MAX - 1024;
/** Longest text of one log, in characters: 256 Mi. */
export const SWF_LENGTH_MAX: number = 2 ** 28;

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
 * Writes the text after the `;` of a comment line; {@link readSwfComment} reads it as the same field.
 *
 * @param field - a header field
 * @complexity O(characters)
 */
export function swfComment({ name, value }: SwfHeaderField): string {
  return (name === undefined ? ` ${value}` : ` ${name}: ${value}`).trimEnd();
}

const JOB_FIELDS: readonly string[] = [...SWF_FIELDS.map(({ name }) => name), 'extra'];

/**
 * Checks and copies one job that a caller gave.
 *
 * @param given - what the caller gave
 * @param path - where it is in the caller's argument
 * @returns a copy of the job
 * @throws CorralError `invalid-document` with the path of the field, `limit-exceeded` for long extra columns
 */
export function readSwfJob(given: unknown, path: ErrorPath): SwfJob {
  const job = readFields(given as SwfJob, JOB_FIELDS, path, 'invalid-document');
  for (const { name, fraction, max } of SWF_FIELDS) {
    const value: unknown = job[name];
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
  return job.extra === undefined ? job : { ...job, extra: readExtra(job.extra, path) };
}

function readExtra(given: readonly string[], path: ErrorPath): string[] {
  const extra: unknown[] = readList(given, [...path, 'extra'], 'invalid-document', SWF_EXTRA_MAX);
  let length = 0;
  extra.forEach((cell, i) => {
    length += typeof cell === 'string' ? cell.length + 1 : 0;
    if (length > SWF_EXTRA_LENGTH_MAX) {
      throw limitExceeded(path, `more than ${SWF_EXTRA_LENGTH_MAX} characters of extra columns`);
    }
    if (typeof cell === 'string' && /^[^\s\p{Cc}]+$/u.test(cell)) return;
    throw new CorralError(
      'invalid-document',
      [...path, 'extra', i],
      `expected a text without blanks, got ${quote(cell)}`,
    );
  });
  return extra as string[];
}

/**
 * Reads the parts of a log that a caller gave.
 *
 * @param given - what the caller gave
 * @returns a copy of the list of jobs, whose jobs are not checked yet; the header as given
 * @throws CorralError `invalid-document`, with the path `jobs` where there are none or too many
 */
export function readSwfLog(given: unknown): { readonly jobs: readonly unknown[]; readonly header: unknown } {
  const { jobs, header } =
    typeof given === 'object' && given !== null
      ? readFields(given as SwfLog, ['header', 'jobs', 'skipped'], ['log'], 'invalid-document')
      : ({} as Partial<SwfLog>);
  return { jobs: readList(jobs as SwfLog['jobs'], ['jobs'], 'invalid-document', TRACE_JOBS_MAX), header };
}
