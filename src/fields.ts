import { CorralError, type CorralErrorCode, type ErrorPath, quote } from './errors.js';
import { nearestNames } from './nearest-names.js';

/**
 * Refuses an argument that is no object, or has a field that nothing reads: a misspelt optional field would
 * change results in silence. A field that is `undefined` counts too: its name is as wrong.
 *
 * @param options - what the caller handed in, anything
 * @param fields - the names it may have
 * @param path - where the caller was given it; default: it is the argument `options`, whose fields are named alone
 * @param code - the error code to throw; default `invalid-option`
 * @throws CorralError with the path of the field, and the nearest name there is
 * @complexity O(fields of the argument × fields)
 */
export function checkFields(
  options: unknown,
  fields: readonly string[],
  path: ErrorPath = [],
  code: CorralErrorCode = 'invalid-option',
): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    const expected = fields.length > 0 ? `an object with ${fields.join(', ')}` : 'nothing';
    const place = path.length > 0 ? path : ['options'];
    throw new CorralError(code, place, `expected ${expected}, got ${quote(options)}`);
  }
  // Inherited fields as well: options may stand on defaults of the caller's own.
  for (const field in options) {
    if (!fields.includes(field)) throw new CorralError(code, [...path, field], unknownField(field, fields));
  }
}

/**
 * What an error message says of a field that nothing reads.
 *
 * @param field - its name
 * @param fields - the names there are
 * @returns text that names the nearest, and all
 */
export function unknownField(field: string, fields: readonly string[]): string {
  const near = nearestNames(field, fields);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}? ` : '';
  return `unknown field: ${hint}${fields.length > 0 ? `There are ${fields.join(', ')}` : 'There are none'}`;
}

/**
 * The fields of an object that are there: `undefined` is absence, and must not hide a default when objects are laid over
 * each other.
 *
 * @param options - a plain object
 * @returns a copy without the fields that are `undefined`
 * @complexity O(fields)
 */
export function definedFields<T extends object>(options: T): T {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as T;
}
