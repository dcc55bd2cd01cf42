/**
 * Times are whole microseconds inside: sums of them are exact, so that equal times are equal on every machine, whatever
 * the order in which they were added up.
 */
export const MICROS = 1_000_000;
/** The longest time, seconds: 285 years, in microseconds the largest integer that a double holds exactly. */
export const SECONDS_MAX: number = Math.floor(Number.MAX_SAFE_INTEGER / MICROS);

/** Rounds seconds to microseconds. */
export function toMicros(seconds: number): number {
  return Math.round(seconds * MICROS);
}

/** Microseconds as seconds. */
export function toSeconds(micros: number): number {
  return micros / MICROS;
}
