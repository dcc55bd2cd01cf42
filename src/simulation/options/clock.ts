import { SECONDS_MAX } from '../../units.js';

export { SECONDS_MAX };

/**
 * Microseconds in a second. Inside the simulator times are whole microseconds: their sums are exact, so equal times are equal
 * on every machine and in every order of adding.
 */
export const MICROS = 1_000_000;

/** The longest time, microseconds. Sums beyond it are not exact. */
export const MICROS_MAX: number = Number.MAX_SAFE_INTEGER;

/**
 * The next time after one, microseconds: a microsecond later, or the next number that a double holds. So it is always later
 * than `micros`, even where a microsecond is lost in rounding.
 */
export function after(micros: number): number {
  const next = micros + 1;
  return next > micros ? next : micros * (1 + Number.EPSILON);
}

/** Rounds seconds to microseconds. */
export function toMicros(seconds: number): number {
  return Math.round(seconds * MICROS);
}

/** The same; more than {@link SECONDS_MAX} counts as SECONDS_MAX. */
export function cappedMicros(seconds: number): number {
  return toMicros(Math.min(seconds, SECONDS_MAX));
}

/** Microseconds as seconds. */
export function toSeconds(micros: number): number {
  return micros / MICROS;
}
