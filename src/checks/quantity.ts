import { CorralError, type ErrorPath, quote } from '../errors.js';

/** The largest figure of any unit, and one over it the smallest that is not 0: products and ratios of a few stay finite. */
const FIGURE_MAX = 1e18;
/** The bandwidths that exist, GB/s: from a modem to the fabric of a whole site. */
const GBPS_MIN = 1e-6;
const GBPS_MAX = 1e9;

/** Returns `value` if it is a number from 0 to 1e18; throws CorralError `invalid-option` if not. */
export function nonNegative(value: unknown, ...path: (string | number)[]): number {
  return between(value, 0, FIGURE_MAX, path);
}

/** Returns `value` if it is a number from 1e-18 to 1e18; throws CorralError `invalid-option` if not. */
export function positive(value: unknown, ...path: (string | number)[]): number {
  return between(value, 1 / FIGURE_MAX, FIGURE_MAX, path);
}

/** Returns `value` if it is a bandwidth from 1e-6 to 1e9 GB/s; throws CorralError `invalid-option` if not. */
export function bandwidthGBps(value: unknown, ...path: (string | number)[]): number {
  return between(value, GBPS_MIN, GBPS_MAX, path);
}

/** Returns `value` if it is a number from 0 to 1; throws CorralError `invalid-option` if not. */
export function probability(value: unknown, ...path: (string | number)[]): number {
  return between(value, 0, 1, path);
}

function between(value: unknown, min: number, max: number, path: ErrorPath): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new CorralError(
    'invalid-option',
    path,
    `expected a number from ${min} to ${max}, got ${quote(value)}`,
  );
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
