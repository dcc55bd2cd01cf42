/**
 * Times are whole microseconds inside: sums of them are exact, so that equal times are equal on every machine, whatever
 * the order in which they were added up.
 */
export const MICROS = 1_000_000;
export { SECONDS_MAX } from '../units.js';

/** Rounds seconds to microseconds. */
export function toMicros(seconds: number): number {
  return Math.round(seconds * MICROS);
}

/** Microseconds as seconds. */
export function toSeconds(micros: number): number {
  return micros / MICROS;
}
