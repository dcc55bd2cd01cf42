/**
 * The closed list of error codes: what can be wrong with the arguments of a call.
 *
 * "Does not fit" is not an error but an answer, so it has no code.
 */
export type CorralErrorCode =
  /** A document does not have the shape, types or ranges of its schema. */
  | 'invalid-document'
  /** Two members of one document carry the same identifier. */
  | 'duplicate-id'
  /** A document names a device, type, tier or domain that it does not define. */
  | 'unknown-reference'
  /** A text in an external format (CSV, XML, matrix) cannot be read. */
  | 'invalid-format'
  /** An option of a function is out of range or contradicts another. */
  | 'invalid-option'
  /** A placement request is malformed. One that does not fit gets an answer, not an error. */
  | 'invalid-request'
  /** The placement was released before, or comes from another solver. */
  | 'unknown-placement'
  /** The snapshot comes from another solver. */
  | 'unknown-snapshot'
  /** The catalogue has no topology of this name. */
  | 'unknown-topology'
  /** A documented limit on size or work is exceeded. */
  | 'limit-exceeded';

/** The position of the wrong value: field names and array positions from the root of the argument. */
export type ErrorPath = readonly (string | number)[];

/**
 * The only error class of corral: wrong input, with its position and a remedy.
 *
 * Compare `code`, not the class: this also works with two copies of the package in one program.
 */
export class CorralError extends Error {
  readonly code: CorralErrorCode;
  readonly path: ErrorPath;
  readonly #problem: string;

  /**
   * @param code - one of {@link CorralErrorCode}
   * @param path - field names and array positions that lead to the offending value
   * @param problem - what is wrong, which value, and what to do; the path is put in front, and a message that is too
   * long is cut
   * @param options - `cause`: the value that code of the caller threw
   */
  constructor(code: CorralErrorCode, path: ErrorPath, problem: string, options?: ErrorOptions) {
    const steps = stepsOf(path);
    const text = typeof problem === 'string' ? problem : quote(problem);
    const place = steps.length > 0 ? `${formatPath(steps)}: ` : '';
    super(shortened(place + text, MESSAGE_LENGTH_MAX), causeOf(options));
    this.code = code;
    this.path = steps;
    this.#problem = text;
  }

  /** A getter on the prototype, so that the stack trace begins with this name. */
  override get name(): 'CorralError' {
    return 'CorralError';
  }

  /** The fields of the error in JSON. */
  toJSON(): {
    readonly name: 'CorralError';
    readonly code: CorralErrorCode;
    readonly path: ErrorPath;
    readonly message: string;
  } {
    const { name, code, path, message } = this;
    return { name, code, path, message };
  }

  /** The same error for a value that is at `path` inside a larger argument. */
  inside(path: ErrorPath): CorralError {
    return newError(this.code, [...stepsOf(path), ...this.path], this.#problem, this);
  }
}

/** Outside the class, because bundlers rename a class that refers to itself, and Node would print the new name. */
function newError(code: CorralErrorCode, path: ErrorPath, problem: string, like: CorralError): CorralError {
  return new CorralError(code, path, problem, 'cause' in like ? { cause: like.cause } : undefined);
}

/** The cause in the options of an error; undefined if it cannot be read. */
function causeOf(options: ErrorOptions | undefined): ErrorOptions | undefined {
  try {
    return options !== undefined && 'cause' in options ? { cause: options.cause } : undefined;
  } catch {
    return undefined;
  }
}

/** A copy of a path. Callers build errors as well, so anything may come in; it then returns an empty path. */
function stepsOf(path: unknown): (string | number)[] {
  try {
    if (!Array.isArray(path)) return [];
    return Array.from(path.slice(0, PATH_LENGTH_MAX), (step: unknown) =>
      typeof step === 'string' || typeof step === 'number' ? step : quote(step),
    );
  } catch {
    return [];
  }
}

/** `['links', 3, 'bandwidthGBps']` as `links[3].bandwidthGBps`. */
function formatPath(path: ErrorPath): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += `${text === '' ? '' : '.'}${oneLine(shortened(step, QUOTED_LENGTH_MAX))}`;
  }
  return text;
}

/** Escapes control characters and line ends, because foreign text must not control a terminal. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function shortened(text: string, lengthMax: number): string {
  return text.length > lengthMax ? `${text.slice(0, lengthMax)}…` : text;
}

/** Most characters of a quoted value. */
const QUOTED_LENGTH_MAX = 80;
/** Most steps of a path. */
const PATH_LENGTH_MAX = 64;
/** Most characters of a message. */
const MESSAGE_LENGTH_MAX = 2000;

/**
 * A value as text for an error message: similar to JSON, one line, at most 80 characters.
 *
 * @param value - anything, also cyclic or hostile values
 * @returns text that is safe to print
 */
export function quote(value: unknown): string {
  try {
    return shortened(oneLine(textOf(value)), QUOTED_LENGTH_MAX);
  } catch {
    return 'a value that cannot be read';
  }
}

function textOf(value: unknown): string {
  // Cut before quoting, because the value may be a whole file.
  if (typeof value === 'string') return JSON.stringify(value.slice(0, QUOTED_LENGTH_MAX + 1));
  // Writing a very large bigint takes seconds.
  if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? `${value}n` : 'a huge bigint';
  if (typeof value === 'symbol' || typeof value === 'function') return `a value of type ${typeof value}`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (value instanceof Error) return `an error: ${value.message}`;
  const kind = Object.prototype.toString.call(value).slice('[object '.length, -1);
  if (kind !== 'Object') return `a ${kind}`;
  const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
  return typeof name !== 'string' || name === 'Object' || name === ''
    ? 'a value of type object'
    : `an instance of ${name}`;
}
