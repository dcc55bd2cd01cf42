import type { ErrorPath } from '../errors.js';
import { unexpected } from './values.js';

/**
 * The largest figure of any unit; 1 / FIGURE_MAX is the smallest above 0. So the product or the ratio of a few figures is
 * finite.
 */
const FIGURE_MAX = 1e18;
/** Limits of bandwidths, GB/s: from below a modem to above the fabric of a whole site. */
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

/** Returns `value` if it is an integer from `min` to `max`; throws CorralError `invalid-option` if not. */
export function integer(value: unknown, min: number, max: number, ...path: (string | number)[]): number {
  if (Number.isInteger(value) && (value as number) >= min && (value as number) <= max) return value as number;
  throw unexpected(`an integer from ${min} to ${max}`, value, path);
}

/** Returns `value` if it is a number from `min` to `max`; throws CorralError `invalid-option` if not. */
export function between(value: unknown, min: number, max: number, path: ErrorPath): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw unexpected(`a number from ${min} to ${max}`, value, path);
}
