import { type ExpectedText, readText } from './read-text.js';

/** The rest of a terminal escape sequence behind ESC: colours, other sequences, choice of a character set. */
const ESCAPE = /^(?:\[[0-9:;<=>?]*[ -/]*[@-~]|[()][0-9A-Za-z])/;

/**
 * Splits what a tool printed to a terminal into lines, also after it was pasted into a report.
 *
 * It removes terminal escape sequences (also those that lost ESC or have `^[` for it), Markdown emphasis (`**NV4**`,
 * backticks, `\_`) and characters of no width. Borders of tables become tabs. A prefix of a line (`> `, `+ `, a time
 * stamp, a host name) stays: readers search for the first heading.
 *
 * @param input - what the caller gave
 * @param expected - what the text should be
 * @returns the lines
 * @throws CorralError as `readText`
 * @complexity O(characters)
 */
export function pastedLines(input: unknown, expected: ExpectedText): string[] {
  return readText(input, expected)
    .split('\u001b')
    .map((part, i) => (i === 0 ? part : part.replace(ESCAPE, '')))
    .join('')
    .replace(/(?:\^\[)?\[\d{1,3}(?:;\d{1,3}){0,8}m/g, '')
    .replace(/\\([_*|`<>#+-])/g, '$1')
    .replace(/[*`\u200B-\u200D\u2060\uFEFF]/g, '')
    .replace(/[|\u2502\u2503\u2551]/g, '\t')
    .split(/\r\n|\r|\n/);
}

/** A PCI address: its colons do not end a prefix. */
const ADDRESS = /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[\da-f]$/i;

/**
 * A word without the prefix that pasting adds: `+GPU0` of a diff, `>GPU0` of a quotation, `[1,0]<stdout>:GPU0` of mpirun.
 *
 * @param word - a word of a line
 */
export function bareWord(word: string): string {
  if (ADDRESS.test(word)) return word;
  return word.replace(/^(?:.*[>\]:+]|-{1,8})(?=[A-Za-z_]|[\da-f]{4,8}:)/, '');
}
