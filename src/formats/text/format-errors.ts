import { CorralError, type ErrorPath } from '../../errors.js';

/**
 * The error of a text that cannot be read.
 *
 * @param path - `['line', 7, 'busid']`: the line from 1, then its column, attribute or field; empty for the whole text
 * @param problem - what is wrong, and what to do
 * @returns an error with the code `invalid-format`
 */
export function invalidFormat(path: ErrorPath, problem: string): CorralError {
  return new CorralError('invalid-format', path, problem);
}

/**
 * The error of a text, or of a part of it, that is larger than a reader takes.
 *
 * @param path - as in {@link invalidFormat}
 * @param problem - the size, the limit, and what to do
 * @returns an error with the code `limit-exceeded`
 */
export function limitExceeded(path: ErrorPath, problem: string): CorralError {
  return new CorralError('limit-exceeded', path, problem);
}
