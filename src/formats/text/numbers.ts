/** Sign, digits, point, exponent. No blanks, hexadecimal digits, separators of thousands, NaN or infinity. */
const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;

/**
 * Reads a number as C, Python and Go print it: `3`, `+3`, `-0.0`, `1.`, `4031.0000000000005`, `6e+01`.
 *
 * @param text - one cell or attribute, without blanks around it
 * @returns the nearest double, 0 for minus zero, `Infinity` where it is too large; NaN where the text is no number
 * @complexity O(characters)
 */
export function readNumber(text: string): number {
  return NUMBER.test(text) ? Number(text) + 0 : Number.NaN;
}

/**
 * Reads an integer as table libraries print it: also `8.0` and `1e6`.
 *
 * @param text - one cell or attribute, without blanks around it
 * @returns the integer; NaN where the text is none
 * @complexity O(characters)
 */
export function readInteger(text: string): number {
  const value = readNumber(text);
  return Number.isInteger(value) ? value : Number.NaN;
}

/** What table libraries write for a missing value. */
const MISSING = /^(?:nan|none|null|n\/?a|<na>|nat)?$/i;

/**
 * Whether a cell has no value: blank, `NaN`, `None`, `null`, `NA`, `<NA>`.
 *
 * @param text - one cell
 */
export function isMissing(text: string): boolean {
  return MISSING.test(text);
}
