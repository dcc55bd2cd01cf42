/**
 * The closed list of things that can be wrong with what a caller hands in.
 *
 * "Does not fit" is not among them: it is an answer, not an error.
 */
export type CorralErrorCode =
  /** A document does not have the shape, type or range its schema asks for. */
  | 'invalid-document'
  /** Two members of one document carry the same identifier. */
  | 'duplicate-id'
  /** A document names a device, type, tier or domain that it does not define. */
  | 'unknown-reference'
  /** A text in somebody else's format (CSV, XML, matrix) cannot be read. */
  | 'invalid-format'
  /** An option of a function is out of range or contradicts another. */
  | 'invalid-option'
  /** A placement request is malformed; one that merely does not fit is answered, not thrown. */
  | 'invalid-request'
  /** The placement was released before, or comes from another solver. */
  | 'unknown-placement'
  /** The snapshot comes from another solver. */
  | 'unknown-snapshot'
  /** The catalogue has no topology of this name. */
  | 'unknown-topology'
  /** A documented limit on size or work is exceeded. */
  | 'limit-exceeded';

/** Where the offending value is: field names and array positions from the root of the argument. */
export type ErrorPath = readonly (string | number)[];

/**
 * The one error class of corral: wrong input, with the place and the remedy.
 *
 * Compare `code`, not the class: that survives two copies of the package in one program.
 */
export class CorralError extends Error {
  readonly code: CorralErrorCode;
  readonly path: ErrorPath;
  readonly #problem: string;

  /**
   * @param code - one of {@link CorralErrorCode}
   * @param path - field names and array positions that lead to the offending value
   * @param problem - what is wrong, which value, and what to do; the path is prepended
   */
  constructor(code: CorralErrorCode, path: ErrorPath, problem: string) {
    super(path.length > 0 ? `${formatPath(path)}: ${problem}` : problem);
    this.code = code;
    this.path = path;
    this.#problem = problem;
  }

  /** On the prototype, so that the stack begins with it too. */
  override get name(): 'CorralError' {
    return 'CorralError';
  }

  /** What is left of it in JSON. */
  toJSON(): {
    readonly name: 'CorralError';
    readonly code: CorralErrorCode;
    readonly path: ErrorPath;
    readonly message: string;
  } {
    const { name, code, path, message } = this;
    return { name, code, path, message };
  }

  /** The same error for a value that sits at `path` inside a larger argument. */
  inside(path: ErrorPath): CorralError {
    return new CorralError(this.code, [...path, ...this.path], this.#problem);
  }
}

/** `['links', 3, 'bandwidthGBps']` as `links[3].bandwidthGBps`. */
function formatPath(path: ErrorPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${oneLine(shortened(step))}`;
  }
  return text;
}

/** Control characters and line ends as escapes: what comes from outside must not steer a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function shortened(text: string): string {
  return text.length > QUOTED_LENGTH_MAX ? `${text.slice(0, QUOTED_LENGTH_MAX)}…` : text;
}

/** The longest piece of foreign input that an error message repeats. */
const QUOTED_LENGTH_MAX = 80;

/**
 * A value as an error message shows it: JSON-like, one line, at most 80 characters.
 *
 * @param value - anything, also cyclic or hostile values
 * @returns text that is safe to print
 */
export function quote(value: unknown): string {
  let text: string;
  // Cut before quoting: a whole file may come in here.
  if (typeof value === 'string') text = JSON.stringify(value.slice(0, QUOTED_LENGTH_MAX + 1));
  else if (typeof value === 'number' || typeof value === 'bigint') text = String(value);
  else if (value === null || typeof value === 'boolean' || value === undefined) text = String(value);
  else text = Array.isArray(value) ? `a list of ${value.length}` : `a value of type ${typeof value}`;
  return shortened(oneLine(text));
}
