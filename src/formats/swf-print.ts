import { CorralError, quote } from '../errors.js';
import {
  checkSwfJob,
  readSwfComment,
  SWF_FIELDS,
  SWF_HEADER_MAX,
  SWF_LINE_LENGTH_MAX,
  type SwfHeaderField,
  type SwfJob,
  type SwfLog,
  swfJobList,
} from './swf-log.js';

/**
 * Writes a log in the Standard Workload Format, version 2.2: header comments, then one line of eighteen numbers per
 * job, -1 for what is absent, and the extra columns where a job has any.
 *
 * Reading it back gives the same header and jobs, except that fractions are rounded to a billionth.
 *
 * @param log - header and jobs, as {@link fromSwf} returns them; nothing is sorted or numbered anew
 * @returns the text, LF after each line
 * @throws CorralError `invalid-document` with the path of the field, also for a comment that would read as another
 * @complexity O(characters)
 */
export function toSwf(log: SwfLog): string {
  const jobs = swfJobList(log);
  if (jobs.length === 0) throw new CorralError('invalid-document', ['jobs'], 'a log has at least one job');
  const header: unknown = log.header;
  if (!Array.isArray(header) || header.length > SWF_HEADER_MAX) {
    throw new CorralError(
      'invalid-document',
      ['header'],
      `expected a list of at most ${SWF_HEADER_MAX} header fields, got ${quote(header)}`,
    );
  }
  const lines = header.map((field: unknown, i) => commentLine(field, i));
  jobs.forEach((job, i) => {
    checkSwfJob(job, ['jobs', i]);
    lines.push(jobLine(job, i));
  });
  return `${lines.join('\n')}\n`;
}

function commentLine(field: unknown, i: number): string {
  const { name, value } = (field ?? {}) as Partial<SwfHeaderField>;
  if (typeof value !== 'string' || (name !== undefined && typeof name !== 'string')) {
    throw new CorralError(
      'invalid-document',
      ['header', i],
      `expected a text as value and none or a text as name, got ${quote(field)}`,
    );
  }
  const comment = name === undefined ? ` ${value}` : ` ${name}: ${value}`;
  const read = readSwfComment(comment);
  if (
    comment.length >= SWF_LINE_LENGTH_MAX ||
    /[^\P{Cc}\t]/u.test(comment) ||
    read.name !== name ||
    read.value !== value
  ) {
    throw new CorralError(
      'invalid-document',
      ['header', i],
      `${quote(comment.trim())} is no comment line that reads as what it was: a name is one word, a value has no line ends and no blanks around it`,
    );
  }
  return `;${comment.trimEnd()}`;
}

function jobLine(job: SwfJob, i: number): string {
  const cells = SWF_FIELDS.map(({ name }) => cell(job[name]));
  const line = (job.extra === undefined ? cells : [...cells, ...job.extra]).join(' ');
  if (line.length > SWF_LINE_LENGTH_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['jobs', i],
      `a line of ${line.length} characters, at most ${SWF_LINE_LENGTH_MAX}`,
    );
  }
  return line;
}

function cell(value: number | undefined): string {
  if (value === undefined) return '-1';
  const shortest = String(value);
  // The shortest form may be 1e-7, or the seventeen digits of 0.1 + 0.2.
  return /^\d+(?:\.\d{1,9})?$/.test(shortest) ? shortest : value.toFixed(9).replace(/\.?0+$/, '');
}
