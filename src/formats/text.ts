import { CorralError, quote } from '../errors.js';

/** First characters of packed files, read as UTF-8 (where a foreign byte becomes U+FFFD) or as Latin-1. */
const PACKED: readonly (readonly [RegExp, string])[] = [
  [
    /^\u001f[\u008b\ufffd]/,
    'this is a file packed with gzip (.gz): unpack it first, with gunzip or node:zlib',
  ],
  [/^PK\u0003\u0004/, 'this is a zip archive: unpack it first'],
  [/^BZh\d1AY/, 'this is a file packed with bzip2 (.bz2): unpack it first'],
  [/^[\u00fd\ufffd]7zXZ/, 'this is a file packed with xz: unpack it first'],
  [/^\([\u00b5\ufffd]\/[\u00fd\ufffd]/, 'this is a file packed with zstd (.zst): unpack it first'],
  [
    /^(?:\u00ff\u00fe|\ufffd\ufffd|\ufffe)|^[^\u0000]\u0000[^\u0000]\u0000/,
    "this is UTF-16 text, as PowerShell writes it: decode it with new TextDecoder('utf-16le')",
  ],
];

/** A line that is the name of a file; no format of ours fits in it. */
const FILE_NAME = /^[^\n<>|"]{1,1024}\.(?:csv|gz|json|swf|txt|xml|zip)$/i;

/** What a reader expects. */
export interface ExpectedText {
  /** What the text should be, for messages: `the text of an SWF log`. */
  readonly what: string;
  /** Most characters. */
  readonly lengthMax: number;
  /** What to do about a longer one: `split the log`. */
  readonly remedy: string;
}

/**
 * The text that a reader is given, without a byte order mark.
 *
 * @param input - anything
 * @param expected - see {@link ExpectedText}
 * @returns the text
 * @throws CorralError `invalid-format` for what is no text, packed, UTF-16 or a file name; `limit-exceeded`
 * @complexity O(characters)
 */
export function readText(input: unknown, { what, lengthMax, remedy }: ExpectedText): string {
  if (typeof input !== 'string') throw invalid(`expected ${what}, got ${notText(input)}`);
  if (input.length > lengthMax) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${input.length} characters, at most ${lengthMax}: ${remedy}`,
    );
  }
  const packed = PACKED.find(([start]) => start.test(input));
  if (packed !== undefined) throw invalid(`expected ${what}: ${packed[1]}`);
  if (FILE_NAME.test(input)) {
    throw invalid(`expected ${what}, got what looks like the name of a file, ${quote(input)}: read it first`);
  }
  return input.startsWith('\uFEFF') ? input.slice(1) : input;
}

function notText(input: unknown): string {
  if (!(input instanceof Uint8Array)) return quote(input);
  const isGzip = input[0] === 0x1f && input[1] === 0x8b;
  return isGzip
    ? 'bytes packed with gzip (.gz): unpack them first, with node:zlib, then decode them'
    : `${input.length} bytes: decode them first, with new TextDecoder()`;
}

function invalid(problem: string): CorralError {
  return new CorralError('invalid-format', [], problem);
}
