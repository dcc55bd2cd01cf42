/**
 * Times are whole microseconds inside: sums of them are exact, so that equal times are equal on every machine, whatever
 * the order in which they were added up.
 */
export const MICROS = 1_000_000;
export { SECONDS_MAX } from '../../units.js';

/** The longest time, microseconds: beyond it sums are no longer exact. */
export const MICROS_MAX: number = Number.MAX_SAFE_INTEGER;

/**
 * The next time after one: a microsecond later, or the next that a double holds where that is farther. A search that goes
 * on from it moves on, however long times are.
 */
export function after(micros: number): number {
  const next = micros + 1;
  return next > micros ? next : micros * (1 + Number.EPSILON);
}

/** Rounds seconds to microseconds. */
export function toMicros(seconds: number): number {
  return Math.round(seconds * MICROS);
}

/** Microseconds as seconds. */
export function toSeconds(micros: number): number {
  return micros / MICROS;
}
