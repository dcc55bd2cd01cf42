import { CorralError, type CorralErrorCode, type ErrorPath, quote } from '../errors.js';

/**
 * The error for a value that is not what was expected: `expected a name, got 5`.
 *
 * @param expected - what would have been right, in words that follow "expected"
 * @param value - what was given
 * @param path - where it was given
 * @param code - default `invalid-option`
 * @returns the error, for the caller to throw
 */
export function unexpected(
  expected: string,
  value: unknown,
  path: ErrorPath,
  code: CorralErrorCode = 'invalid-option',
): CorralError {
  return new CorralError(code, path, `expected ${expected}, got ${quote(value)}`);
}

/** Returns `value` if it is one of `allowed`; throws CorralError `invalid-option` if not. */
export function oneOf<T extends string>(value: T, allowed: readonly T[], ...path: (string | number)[]): T {
  if (allowed.includes(value)) return value;
  throw unexpected(`one of ${allowed.join(', ')}`, value, path);
}

/** Returns `value` if it is a boolean; throws CorralError `invalid-option` if not. */
export function trueOrFalse(value: unknown, ...path: (string | number)[]): boolean {
  if (typeof value === 'boolean') return value;
  throw unexpected('true or false', value, path);
}

/** Returns `value` if it is a text; throws CorralError `invalid-option` if not. */
export function text(value: unknown, ...path: (string | number)[]): string {
  if (typeof value === 'string') return value;
  throw unexpected('a text', value, path);
}

/** Returns `value` if it is a text with a character or more; throws CorralError `invalid-option` if not. */
export function nonEmptyText(value: unknown, ...path: (string | number)[]): string {
  if (typeof value === 'string' && value !== '') return value;
  throw unexpected('a text that is not empty', value, path);
}

/** Returns `value` if it is a safe integer; throws CorralError `invalid-option` if not. */
export function safeInteger(value: unknown, ...path: (string | number)[]): number {
  if (Number.isSafeInteger(value)) return value as number;
  throw unexpected('an integer', value, path);
}
