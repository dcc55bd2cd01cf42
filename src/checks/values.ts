import { CorralError, type ErrorPath, quote } from '../errors.js';

/**
 * The error for a wrong option.
 *
 * @param expected - what would have been right, as in "expected …"
 * @param value - what was given
 * @param path - where it was given
 * @returns CorralError `invalid-option`, for the caller to throw
 */
export function unexpected(expected: string, value: unknown, path: ErrorPath): CorralError {
  return new CorralError('invalid-option', path, `expected ${expected}, got ${quote(value)}`);
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
