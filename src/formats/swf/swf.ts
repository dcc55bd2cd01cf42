import { readFields } from '../../checks/fields.js';
import { CorralError, quote } from '../../errors.js';
import { invalidFormat, limitExceeded } from '../text/format-errors.js';
import { readInteger, readNumber } from '../text/numbers.js';
import { readText } from '../text/read-text.js';
import { TRACE_JOBS_MAX } from '../traces/trace-job.js';
import { foreignLog } from './foreign.js';
import {
  readSwfComment,
  SWF_EXTRA_LENGTH_MAX,
  SWF_EXTRA_MAX,
  SWF_FIELDS,
  SWF_HEADER_MAX,
  SWF_LENGTH_MAX,
  SWF_LINE_LENGTH_MAX,
  SWF_SKIPPED_MAX,
  type SwfField,
  type SwfHeaderField,
  type SwfJob,
  type SwfLog,
  type SwfSkippedLine,
  swfComment,
} from './log.js';

/** What {@link fromSwf} does with unusual lines. */
export interface SwfOptions {
  /**
   * What to do with columns after the eighteenth, which some logs have beyond the standard: `refuse` them, or `keep` them
   * as text in `extra`. Default: `refuse`, because two lines that were joined look like this.
   */
  readonly extraColumns?: 'refuse' | 'keep' | undefined;
  /**
   * What to do with a line that cannot be read: `refuse` the log, or `skip` the line and list it in `skipped`.
   * Default: `refuse`, so that no job is lost unnoticed.
   */
  readonly onBadLine?: 'refuse' | 'skip' | undefined;
}

/**
 * Reads a log in the Standard Workload Format: eighteen numbers a line, `;` before comments, -1 for what is not known.
 *
 * Comments ahead of the first job are kept as header fields; later comments and blank lines are ignored. Numbers may be
 * written as tables print them: `60`, `60.0`, `6e+01`. Nothing is corrected: {@link swfJobs} checks and sorts the jobs.
 *
 * @param text - the whole file; LF or CRLF, with or without a byte order mark; at most 256 Mi characters, 2^22 jobs,
 *   65,536 header lines, 2^20 characters a line
 * @param options - see {@link SwfOptions}
 * @returns header and jobs in file order, and with `onBadLine: 'skip'` the lines left out, at most 65,536
 * @throws CorralError `invalid-format` with line and field, also for packed files and other formats by name;
 *   `limit-exceeded`, `invalid-option`
 * @complexity O(characters)
 * @example
 * const { jobs } = fromSwf('; MaxProcs: 8\n1 0 5 60 4 -1 -1 4 90 -1 1 1 1 -1 -1 -1 -1 -1\n');
 * jobs[0].runSeconds; // 60
 */
export function fromSwf(text: string, options: SwfOptions = {}): SwfLog {
  const { extraColumns, onBadLine } = readOptions(options);
  const content = readText(text, {
    what: 'the text of an SWF log',
    lengthMax: SWF_LENGTH_MAX,
    remedy: 'split the log',
  });
  const header: SwfHeaderField[] = [];
  const jobs: SwfJob[] = [];
  const skipped: SwfSkippedLine[] = [];
  let line = 0;
  // Line by line, because a log has millions of lines.
  for (let start = 0, end = 0; start <= content.length; start = end + 1) {
    end = content.indexOf('\n', start);
    if (end === -1) end = content.length;
    line++;
    try {
      readLine(content, start, end, line, extraColumns === 'keep', header, jobs);
    } catch (error) {
      if (!(error instanceof CorralError)) throw error;
      // More jobs than the limit are not skipped like bad lines.
      if (onBadLine === 'refuse' || jobs.length === TRACE_JOBS_MAX)
        throw namedIfForeign(error, content, jobs);
      if (skipped.length === SWF_SKIPPED_MAX) {
        throw namedIfForeign(
          limitExceeded([], `more than ${SWF_SKIPPED_MAX} bad lines, the first is ${skipped[0]!.problem}`),
          content,
          jobs,
        );
      }
      skipped.push({ line, problem: error.message });
    }
  }
  if (jobs.length === 0) {
    const why = skipped.length === 0 ? 'it may be cut off' : `all were skipped, ${skipped[0]!.problem}`;
    throw namedIfForeign(invalidFormat(['line', line], `no job in the file: ${why}`), content, jobs);
  }
  return onBadLine === 'skip' ? { header, jobs, skipped } : { header, jobs };
}

/** Names the format of a foreign text, as long as no job was read: that says more than the error of a line. */
function namedIfForeign(error: CorralError, text: string, jobs: readonly SwfJob[]): CorralError {
  const what = jobs.length > 0 || error.code !== 'invalid-format' ? undefined : foreignLog(text);
  return what === undefined ? error : invalidFormat([], what);
}

/** Reads one line into `header` or `jobs`. */
function readLine(
  text: string,
  start: number,
  end: number,
  line: number,
  keepExtra: boolean,
  header: SwfHeaderField[],
  jobs: SwfJob[],
): void {
  if (start === end) return;
  if (end - start > SWF_LINE_LENGTH_MAX) {
    throw limitExceeded(
      ['line', line],
      `${end - start} characters, at most ${SWF_LINE_LENGTH_MAX} in one line`,
    );
  }
  const content = text.slice(start, end > start && text[end - 1] === '\r' ? end - 1 : end);
  const cells = cellsOf(content);
  if (cells.length === 0) return;
  if (cells[0]!.startsWith(';')) {
    const comment = content.slice(content.indexOf(';') + 1);
    if (/[^\P{Cc}\t]/u.test(comment)) {
      throw invalidFormat(['line', line], 'a control character stands in the comment: is this a text file?');
    }
    if (jobs.length > 0) return;
    if (header.length === SWF_HEADER_MAX) {
      throw limitExceeded(['line', line], `more than ${SWF_HEADER_MAX} comments ahead of the jobs`);
    }
    const field = readSwfComment(comment);
    // `toSwf` may write it with more blanks, and the line must stay within the limit.
    if (swfComment(field).length >= SWF_LINE_LENGTH_MAX) {
      throw limitExceeded(['line', line], `a comment of ${comment.length} characters: shorten it`);
    }
    header.push(field);
    return;
  }
  if (jobs.length === TRACE_JOBS_MAX)
    throw limitExceeded(['line', line], `more than ${TRACE_JOBS_MAX} jobs: split the log`);
  jobs.push(readJob(cells, line, keepExtra));
}

/** The choices of {@link SwfOptions}, the default first. */
const CHOICES = { extraColumns: ['refuse', 'keep'], onBadLine: ['refuse', 'skip'] } as const;

function readOptions(options: SwfOptions): Required<SwfOptions> {
  const given = readFields(options, Object.keys(CHOICES));
  const chosen = <T>(name: keyof SwfOptions, choices: readonly T[]): T => {
    const value: unknown = given[name] ?? choices[0];
    const choice = choices.find((known) => known === value);
    if (choice !== undefined) return choice;
    throw new CorralError('invalid-option', [name], `expected ${choices.join(' or ')}, got ${quote(value)}`);
  };
  return {
    extraColumns: chosen('extraColumns', CHOICES.extraColumns),
    onBadLine: chosen('onBadLine', CHOICES.onBadLine),
  };
}

/** The words of a line, separated by blanks and tabs. */
function cellsOf(content: string): string[] {
  const cells = content.split(/[ \t]+/);
  if (cells[0] === '') cells.shift();
  if (cells[cells.length - 1] === '') cells.pop();
  return cells;
}

function readJob(cells: readonly string[], line: number, keepExtra: boolean): SwfJob {
  const count = SWF_FIELDS.length;
  if (cells.length < count) {
    throw invalidFormat(
      ['line', line],
      `expected ${count} fields, got ${cells.length}: the line may be cut off`,
    );
  }
  if (cells.length > count && !keepExtra) {
    throw invalidFormat(
      ['line', line],
      `expected ${count} fields, got ${cells.length}: pass extraColumns: 'keep' if the log has more`,
    );
  }
  if (cells.length > count + SWF_EXTRA_MAX) {
    throw limitExceeded(['line', line], `${cells.length - count} extra columns, at most ${SWF_EXTRA_MAX}`);
  }
  // All fields are assigned in one order, so that all jobs have one hidden class.
  const job: Record<string, number | undefined> = {};
  SWF_FIELDS.forEach((field, i) => {
    job[field.name] = readField(field, cells[i]!, line, i);
  });
  const read = job as unknown as SwfJob;
  if (cells.length === count) return read;
  const extra = cells.slice(count);
  if (extra.reduce((sum, { length }) => sum + length + 1, 0) > SWF_EXTRA_LENGTH_MAX) {
    throw limitExceeded(
      ['line', line, 'extra'],
      `more than ${SWF_EXTRA_LENGTH_MAX} characters of extra columns`,
    );
  }
  extra.forEach((cell, i) => {
    if (/[\s\p{Cc}]/u.test(cell)) {
      throw invalidFormat(
        ['line', line, 'extra', i],
        `a blank or control character stands in ${quote(cell)}`,
      );
    }
  });
  return { ...read, extra };
}

function readField(field: SwfField, cell: string, line: number, i: number): number | undefined {
  const value = field.fraction ? readNumber(cell) : readInteger(cell);
  if (value >= 0 && value <= field.max) return value;
  if (value === -1 && field.name !== 'jobNumber') return undefined;
  throw invalidFormat(
    ['line', line, field.name],
    `expected ${field.fraction ? 'a number' : 'an integer'} from 0 to ${field.max}${field.name === 'jobNumber' ? '' : ', or -1'} in field ${i + 1}, got ${quote(cell)}`,
  );
}
