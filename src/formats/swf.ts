import { CorralError, type ErrorPath, quote } from '../errors.js';
import { checkFields } from '../fields.js';
import {
  readSwfComment,
  SWF_EXTRA_MAX,
  SWF_FIELDS,
  SWF_HEADER_MAX,
  SWF_JOBS_MAX,
  SWF_LINE_LENGTH_MAX,
  type SwfField,
  type SwfHeaderField,
  type SwfJob,
  type SwfLog,
} from './swf-log.js';

/** How {@link fromSwf} reads. */
export interface SwfOptions {
  /**
   * What to do with columns after the eighteenth, which the standard does not know and some logs have: `refuse`, or
   * `keep` them as text in `extra`. Default: `refuse`, so that two lines run together are noticed.
   */
  readonly extraColumns?: 'refuse' | 'keep' | undefined;
}

/** Longest text, in characters: 256 Mi. */
const TEXT_LENGTH_MAX = 2 ** 28;

/**
 * Reads a log in the Standard Workload Format: eighteen numbers a line, `;` before comments, -1 for what is not known.
 *
 * Comments ahead of the first job are kept as header fields, later ones are skipped, as are blank lines. Nothing is
 * corrected: whether jobs are sorted, numbered once or ran at all is for {@link swfJobs} to say.
 *
 * @param text - the whole file; LF or CRLF, with or without a byte order mark; at most 256 Mi characters, 2^22 jobs,
 *   65,536 header lines, 2^20 characters a line
 * @param options - see {@link SwfOptions}
 * @returns header and jobs in file order
 * @throws CorralError `invalid-format` with line and field, `limit-exceeded`, `invalid-option`
 * @complexity O(characters)
 * @example
 * const { jobs } = fromSwf('; MaxProcs: 8\n1 0 5 60 4 -1 -1 4 90 -1 1 1 1 -1 -1 -1 -1 -1\n');
 * jobs[0].runSeconds; // 60
 */
export function fromSwf(text: string, options: SwfOptions = {}): SwfLog {
  const keepExtra = readOptions(options);
  if (typeof text !== 'string') throw invalid([], `expected the text of an SWF log, got ${quote(text)}`);
  if (text.length > TEXT_LENGTH_MAX) {
    throw limit([], `${text.length} characters, at most ${TEXT_LENGTH_MAX}: split the log`);
  }
  const header: SwfHeaderField[] = [];
  const jobs: SwfJob[] = [];
  let line = 0;
  // Line by line rather than split: a log has millions of them.
  for (let start = text.startsWith('\uFEFF') ? 1 : 0, end = 0; start <= text.length; start = end + 1) {
    end = text.indexOf('\n', start);
    if (end === -1) end = text.length;
    line++;
    if (end - start > SWF_LINE_LENGTH_MAX) {
      throw limit(['line', line], `${end - start} characters, at most ${SWF_LINE_LENGTH_MAX} in one line`);
    }
    const content = text.slice(start, end > start && text[end - 1] === '\r' ? end - 1 : end);
    const cells = cellsOf(content);
    if (cells.length === 0) continue;
    if (cells[0]!.startsWith(';')) {
      const comment = content.slice(content.indexOf(';') + 1);
      if (/[^\P{Cc}\t]/u.test(comment)) {
        throw invalid(['line', line], 'a control character stands in the comment: is this a text file?');
      }
      if (jobs.length > 0) continue;
      if (header.length === SWF_HEADER_MAX) {
        throw limit(['line', line], `more than ${SWF_HEADER_MAX} comments ahead of the jobs`);
      }
      header.push(readSwfComment(comment));
      continue;
    }
    if (jobs.length === SWF_JOBS_MAX) {
      throw limit(['line', line], `more than ${SWF_JOBS_MAX} jobs: split the log`);
    }
    jobs.push(readJob(cells, line, keepExtra));
  }
  if (jobs.length === 0) throw invalid(['line', line], 'no job in the file: it may be cut off');
  return { header, jobs };
}

function readOptions(options: unknown): boolean {
  checkFields(options, ['extraColumns']);
  const extraColumns = (options as SwfOptions).extraColumns ?? 'refuse';
  if (extraColumns !== 'refuse' && extraColumns !== 'keep') {
    throw new CorralError(
      'invalid-option',
      ['extraColumns'],
      `expected refuse or keep, got ${quote(extraColumns)}`,
    );
  }
  return extraColumns === 'keep';
}

/** The words of a line; blanks and tabs part them. */
function cellsOf(content: string): string[] {
  const cells = content.split(/[ \t]+/);
  if (cells[0] === '') cells.shift();
  if (cells[cells.length - 1] === '') cells.pop();
  return cells;
}

function readJob(cells: readonly string[], line: number, keepExtra: boolean): SwfJob {
  const count = SWF_FIELDS.length;
  if (cells.length < count) {
    throw invalid(['line', line], `expected ${count} fields, got ${cells.length}: the line may be cut off`);
  }
  if (cells.length > count && !keepExtra) {
    throw invalid(
      ['line', line],
      `expected ${count} fields, got ${cells.length}: pass extraColumns: 'keep' if the log has more`,
    );
  }
  if (cells.length > count + SWF_EXTRA_MAX) {
    throw limit(['line', line], `${cells.length - count} extra columns, at most ${SWF_EXTRA_MAX}`);
  }
  // Every field is assigned, in one order: so all jobs of a log share one shape in memory.
  const job: Record<string, number | undefined> = {};
  SWF_FIELDS.forEach((field, i) => {
    job[field.name] = readField(field, cells[i]!, line, i);
  });
  const read = job as unknown as SwfJob;
  if (cells.length === count) return read;
  const extra = cells.slice(count);
  extra.forEach((cell, i) => {
    if (/[\s\p{Cc}]/u.test(cell)) {
      throw invalid(['line', line, 'extra', i], `a blank or control character stands in ${quote(cell)}`);
    }
  });
  return { ...read, extra };
}

function readField(field: SwfField, cell: string, line: number, i: number): number | undefined {
  if (cell === '-1' && field.name !== 'jobNumber') return undefined;
  // Number() alone would take '0x10', '1e3' and 'Infinity'. Nine digits after the point are nanoseconds.
  const legal = field.fraction ? /^\d{1,16}(?:\.\d{1,9})?$/ : /^\d{1,16}$/;
  const value = legal.test(cell) ? Number(cell) : Number.NaN;
  if (value <= field.max) return value;
  if (field.fraction && /^-1\.0{1,9}$/.test(cell)) return undefined;
  throw invalid(
    ['line', line, field.name],
    `expected ${field.fraction ? 'a number' : 'an integer'} from 0 to ${field.max}${field.name === 'jobNumber' ? '' : ', or -1'} in field ${i + 1}, got ${quote(cell)}`,
  );
}

function invalid(path: ErrorPath, problem: string): CorralError {
  return new CorralError('invalid-format', path, problem);
}

function limit(path: ErrorPath, problem: string): CorralError {
  return new CorralError('limit-exceeded', path, problem);
}
