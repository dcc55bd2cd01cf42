import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { CorralError, quote } from '../../errors.js';
import { limitExceeded } from '../text/format-errors.js';
import {
  readSwfComment,
  readSwfJob,
  readSwfLog,
  SWF_FIELDS,
  SWF_HEADER_MAX,
  SWF_LENGTH_MAX,
  SWF_LINE_LENGTH_MAX,
  type SwfHeaderField,
  type SwfJob,
  type SwfLog,
  swfComment,
} from './log.js';

/**
 * Writes a log in the Standard Workload Format, version 2.2: header comments, then one line of eighteen numbers per
 * job, -1 for what is absent, and the extra columns where a job has any.
 *
 * Reading it back gives the same header and jobs, except that fractions are rounded to a billionth.
 *
 * @param log - header and jobs, as {@link fromSwf} returns them; nothing is sorted or numbered anew
 * @returns the text, LF after each line
 * @throws CorralError `invalid-document` with the path of the field, also for a comment that would read as another;
 *   `limit-exceeded` where the text would be longer than {@link fromSwf} reads
 * @complexity O(characters)
 */
export function toSwf(log: SwfLog): string {
  const { jobs, header } = readSwfLog(log);
  if (jobs.length === 0) throw new CorralError('invalid-document', ['jobs'], 'a log has at least one job');
  const fields = readList(header as SwfLog['header'], ['header'], 'invalid-document', SWF_HEADER_MAX);
  const lines: string[] = [];
  let length = 0;
  const push = (line: string, path: readonly (string | number)[]): void => {
    length += line.length + 1;
    if (length > SWF_LENGTH_MAX) {
      throw limitExceeded(path, `more than ${SWF_LENGTH_MAX} characters: split the log`);
    }
    lines.push(line);
  };
  fields.forEach((field, i) => {
    push(commentLine(field, i), ['header', i]);
  });
  jobs.forEach((job, i) => {
    push(jobLine(readSwfJob(job, ['jobs', i])), ['jobs', i]);
  });
  return `${lines.join('\n')}\n`;
}

function commentLine(given: SwfHeaderField, i: number): string {
  const field = readFields(given, ['name', 'value'], ['header', i], 'invalid-document');
  const { name, value } = field;
  if (typeof value !== 'string' || (name !== undefined && typeof name !== 'string')) {
    throw new CorralError(
      'invalid-document',
      ['header', i],
      `expected a text as value and none or a text as name, got ${quote(name)} and ${quote(value)}`,
    );
  }
  const comment = swfComment(field);
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
  return `;${comment}`;
}

function jobLine(job: SwfJob): string {
  const cells = SWF_FIELDS.map(({ name }) => cell(job[name]));
  return [...cells, ...(job.extra ?? [])].join(' ');
}

function cell(value: number | undefined): string {
  if (value === undefined) return '-1';
  const shortest = String(value);
  // `String` may give 1e-7, or seventeen digits as for 0.1 + 0.2.
  return /^\d+(?:\.\d{1,9})?$/.test(shortest) ? shortest : value.toFixed(9).replace(/\.?0+$/, '');
}
