import { type ExpectedText, readText } from './read-text.js';

/** A terminal escape after its first character: colours, other sequences, and the choice of a character set. */
const ESCAPE = /^(?:\[[0-9:;<=>?]*[ -/]*[@-~]|[()][0-9A-Za-z])/;

/**
 * The lines of what a tool printed to a terminal, however they were copied into a report.
 *
 * Taken away are terminal escapes (also without their first character, or with `^[` for it), emphasis of Markdown
 * (`**NV4**`, backticks, `\_`) and characters of no width; borders of tables become tabs. What stands ahead of the
 * table in a line (`> `, `+ `, a time stamp, the name of a host) stays: readers look for the first heading.
 *
 * @param input - anything
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

/** A PCI address, whose colons part no prefix. */
const ADDRESS = /^[\da-f]{4,8}:[\da-f]{2}:[\da-f]{2}\.[\da-f]$/i;

/**
 * A word without what stuck to its front: `+GPU0` of a diff, `>GPU0` of a quotation, `[1,0]<stdout>:GPU0` of mpirun.
 *
 * @param word - a word of a line
 */
export function bareWord(word: string): string {
  if (ADDRESS.test(word)) return word;
  return word.replace(/^(?:.*[>\]:+]|-{1,8})(?=[A-Za-z_]|[\da-f]{4,8}:)/, '');
}
