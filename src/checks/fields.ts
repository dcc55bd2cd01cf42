import { CorralError, type CorralErrorCode, type ErrorPath, quote } from '../errors.js';
import { nearestNames } from './nearest-names.js';
import { callForeign, isPlain, refuseSymbols } from './plain-data.js';

/** Most names in one record of free names. */
const NAMES_MAX = 1_000_000;

/**
 * The fields of an argument, each read once. A field that nothing reads is refused: a misspelt optional one would change
 * results in silence. A field that is `undefined` is absent, but its name must be right as well.
 *
 * @param given - what the caller handed in, anything; it may inherit from plain objects, such as defaults
 * @param fields - the names it may have
 * @param path - where the caller was given it; default: it is the argument `options`, whose fields are named alone
 * @param code - the error code to throw; default `invalid-option`
 * @param renamed - former names of fields → what they are called now, for the message
 * @returns a new object with the fields that are not `undefined`; what is in them is the caller's still
 * @throws CorralError for what is no plain object; with the path of a field that is null, of one that throws when it is read,
 * and of an unknown one, with the nearest name there is
 * @complexity O(fields of the argument × fields)
 */
export function readFields<T>(
  given: T,
  fields: readonly string[],
  path: ErrorPath = [],
  code: CorralErrorCode = 'invalid-option',
  renamed: Readonly<Record<string, string>> = {},
): T {
  const place = path.length > 0 ? path : ['options'];
  callForeign(() => refuseUnlessPlain(given, fields, place, code), place, code);
  const copy = readRow(given, fields, path, code);
  for (const [field, value] of Object.entries(copy as object)) {
    // Otherwise it would pass for absence wherever a default stands behind `??`.
    if (value === null)
      throw new CorralError(code, [...path, field], 'got null: leave the field out, or give a value');
  }
  callForeign(
    () => {
      // Inherited fields as well: options may stand on defaults of the caller's own.
      for (const field in given) {
        if (!fields.includes(field))
          throw new CorralError(code, [...path, field], unknownField(field, fields, renamed));
      }
    },
    place,
    code,
  );
  return copy;
}

/**
 * As {@link readFields}, for a row of data that may carry more than is read here: a placement, say, which is no plain object.
 *
 * @param given - what the caller handed in, anything
 * @param fields - the names that are read
 * @param path - where the caller was given it; default: it is the argument `options`
 * @param code - the error code to throw; default `invalid-option`
 * @returns a new object with those of the fields that are not `undefined`
 * @throws CorralError for what is no object, or a list, and with the path of a field that throws when it is read
 * @complexity O(fields)
 */
export function readRow<T>(
  given: T,
  fields: readonly string[],
  path: ErrorPath = [],
  code: CorralErrorCode = 'invalid-option',
): T {
  const place = path.length > 0 ? path : ['options'];
  const isList = callForeign(() => Array.isArray(given), place, code);
  if (typeof given !== 'object' || given === null || isList) throw noObject(given, fields, place, code);
  const source = given as Readonly<Record<string, unknown>>;
  const copy: Record<string, unknown> = {};
  for (const field of fields) {
    const value = callForeign(() => source[field], [...path, field], code);
    if (value !== undefined) copy[field] = value;
  }
  return copy as T;
}

function refuseUnlessPlain(
  given: unknown,
  fields: readonly string[],
  path: ErrorPath,
  code: CorralErrorCode,
): void {
  if (typeof given !== 'object' || given === null || !isPlain(given)) {
    throw noObject(given, fields, path, code);
  }
  refuseSymbols(given, { path, code });
}

function noObject(
  given: unknown,
  fields: readonly string[],
  path: ErrorPath,
  code: CorralErrorCode,
): CorralError {
  const expected = fields.length > 0 ? `an object with ${fields.join(', ')}` : 'nothing';
  return new CorralError(code, path, `expected ${expected}, got ${quote(given)}`);
}

/**
 * The entries of an object whose names are the caller's, each read once.
 *
 * @param given - what the caller handed in, anything
 * @param path - where the caller was given it
 * @param code - the error code to throw; default `invalid-option`
 * @param namesMax - most names
 * @returns names and values in the order of the object; `undefined` is absence
 * @throws CorralError for what is no plain object, for too many names, and with the path of what throws when it is read
 * @complexity O(names)
 */
export function readRecord<T>(
  given: Readonly<Record<string, T>>,
  path: ErrorPath,
  code: CorralErrorCode = 'invalid-option',
  namesMax: number = NAMES_MAX,
): [string, T][] {
  return callForeign(
    () => {
      if (typeof given !== 'object' || given === null || !isPlain(given)) {
        throw new CorralError(code, path, `expected an object of names and values, got ${quote(given)}`);
      }
      refuseSymbols(given, { path, code });
      const entries: [string, T][] = [];
      let names = 0;
      for (const name in given) {
        if (++names > namesMax) throw new CorralError(code, path, `expected at most ${namesMax} names`);
        const value = callForeign(() => given[name], [...path, name], code);
        if (value !== undefined) entries.push([name, value]);
      }
      return entries;
    },
    path,
    code,
  );
}

/**
 * What an error message says of a field that nothing reads.
 *
 * @param field - its name
 * @param fields - the names there are
 * @param renamed - former names → what they are called now
 * @returns text that names the new name of a renamed field; of another the nearest names, and all
 */
export function unknownField(
  field: string,
  fields: readonly string[],
  renamed: Readonly<Record<string, string>> = {},
): string {
  if (Object.hasOwn(renamed, field)) return `unknown field: it is called ${renamed[field]} now`;
  const near = nearestNames(field, fields);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}? ` : '';
  return `unknown field: ${hint}${fields.length > 0 ? `There are ${fields.join(', ')}` : 'There are none'}`;
}

/**
 * The names of all fields of an interface, in the order written. The compiler refuses a list that misses one, or has one
 * too many.
 *
 * @param names - field → true
 * @returns the names, for {@link readFields}
 */
export function fieldNames<T>(names: Readonly<Record<keyof T, true>>): readonly (keyof T & string)[] {
  return Object.keys(names) as (keyof T & string)[];
}
