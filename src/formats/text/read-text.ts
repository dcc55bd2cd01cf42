import { callForeign } from '../../checks/plain-data.js';
import { quote } from '../../errors.js';
import { invalidFormat, limitExceeded } from './format-errors.js';

/** First characters of compressed files, read as Latin-1 or as UTF-8, which turns unknown bytes into U+FFFD. */
const PACKED: readonly (readonly [starts: readonly string[], what: string])[] = [
  [['\u001F\u008B', '\u001F\uFFFD'], 'this is a file packed with gzip (.gz): unpack it first, with gunzip'],
  [['PK\u0003\u0004'], 'this is a zip archive: unpack it first'],
  [['BZh'], 'this is a file packed with bzip2 (.bz2): unpack it first'],
  [['\u00FD7zXZ', '\uFFFD7zXZ'], 'this is a file packed with xz: unpack it first'],
  [['(\u00B5/\u00FD', '(\uFFFD/\uFFFD'], 'this is a file packed with zstd (.zst): unpack it first'],
  [
    ['\u00FF\u00FE', '\uFFFD\uFFFD', '\uFFFE'],
    "this is UTF-16 text, as PowerShell writes it: decode it with new TextDecoder('utf-16le')",
  ],
];

/** The name of a file. No format that is read here fits into such a line. */
const FILE_NAME = /^[^\n<>|"]{1,1024}\.(?:csv|gz|json|swf|txt|xml|zip)$/i;

/** What a reader expects. */
export interface ExpectedText {
  /** What the text should be, for messages: `the text of an SWF log`. */
  readonly what: string;
  /** Most characters. */
  readonly lengthMax: number;
  /** What to do about a longer text: `split the log`. */
  readonly remedy: string;
}

/**
 * The text that a reader is given, without a byte order mark.
 *
 * @param input - what the caller gave
 * @param expected - see {@link ExpectedText}
 * @returns the text
 * @throws CorralError `invalid-format` for what is no text, packed, UTF-16 or a file name; `limit-exceeded`
 * @complexity O(characters)
 */
export function readText(input: unknown, { what, lengthMax, remedy }: ExpectedText): string {
  if (typeof input !== 'string')
    throw invalidFormat(
      [],
      `expected ${what}, got ${callForeign(() => notText(input), [], 'invalid-format')}`,
    );
  if (input.length > lengthMax) {
    throw limitExceeded([], `${input.length} characters, at most ${lengthMax}: ${remedy}`);
  }
  // In UTF-16 every second byte of an English text is 0.
  const start = input[1] === '\0' && input[3] === '\0' ? '\uFFFE' : input.slice(0, 8);
  const packed = PACKED.find(([starts]) => starts.some((bytes) => start.startsWith(bytes)));
  if (packed !== undefined) throw invalidFormat([], `expected ${what}: ${packed[1]}`);
  if (FILE_NAME.test(input)) {
    throw invalidFormat(
      [],
      `expected ${what}, got what looks like the name of a file, ${quote(input)}: read it first`,
    );
  }
  return input.startsWith('\uFEFF') ? input.slice(1) : input;
}

/** How messages name an input that is no text. It may run code of the caller. */
function notText(input: unknown): string {
  if (ArrayBuffer.isView(input) && !(input instanceof DataView)) {
    const [first, second] = [0, 1].map((i) => (input as Uint8Array)[i]);
    if (first === 0x1f && second === 0x8b) {
      return 'bytes packed with gzip (.gz): unpack them first, with node:zlib, then decode them';
    }
    return `${input.byteLength} bytes: decode them first, with new TextDecoder()`;
  }
  return quote(input);
}
