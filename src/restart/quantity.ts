import { CorralError, quote } from '../errors.js';

export { checkFields } from '../fields.js';

/** Returns `value` if it is a finite number of 0 or more; throws CorralError `invalid-option` if not. */
export function nonNegative(value: unknown, ...path: (string | number)[]): number {
  if (typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new CorralError('invalid-option', path, `expected a finite number of 0 or more, got ${quote(value)}`);
}

/** Returns `value` if it is a finite number above 0; throws CorralError `invalid-option` if not. */
export function positive(value: unknown, ...path: (string | number)[]): number {
  if (typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY) return value;
  throw new CorralError('invalid-option', path, `expected a finite number above 0, got ${quote(value)}`);
}

/** Returns `value` if it is a number from 0 to 1; throws CorralError `invalid-option` if not. */
export function probability(value: unknown, ...path: (string | number)[]): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new CorralError('invalid-option', path, `expected a number from 0 to 1, got ${quote(value)}`);
}

/** Returns `value` if it is an integer from `min` to `max`; throws CorralError `invalid-option` if not. */
export function integer(value: unknown, min: number, max: number, ...path: (string | number)[]): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw new CorralError(
    'invalid-option',
    path,
    `expected an integer from ${min} to ${max}, got ${quote(value)}`,
  );
}

/**
 * Returns a copy of a list, where holes are entries that are `undefined`: `map` and `forEach` would pass over them, and
 * nobody would refuse them.
 *
 * @param what - for the message: what the list is of
 * @throws CorralError `invalid-option` if `value` is no list, or has more than `max` entries
 */
export function listOf<T>(value: readonly T[], what: string, max: number, ...path: (string | number)[]): T[] {
  if (Array.isArray(value) && value.length <= max) return Array.from(value as readonly T[]);
  const limit = max < Number.POSITIVE_INFINITY ? `at most ${max} ` : '';
  throw new CorralError('invalid-option', path, `expected a list of ${limit}${what}, got ${quote(value)}`);
}
