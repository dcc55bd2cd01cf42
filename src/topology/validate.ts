import * as v from 'valibot';
import { unknownField } from '../checks/fields.js';
import { plainData } from '../checks/plain-data.js';
import { CorralError, type CorralErrorCode, type ErrorPath, quote } from '../errors.js';

/**
 * Reads a value of the caller once, see {@link plainData}, checks it against a schema and returns it typed; throws
 * the first problem.
 *
 * @param schema - the schema of the value
 * @param value - anything
 * @param options.code - the error code to throw
 * @param options.path - where `value` is inside the caller's argument
 * @param options.entriesMax - field → most entries of the list, or names of the object, that it holds
 * @returns the parsed value: a fresh object that shares nothing mutable with the input
 * @throws CorralError with the path of the offending field
 */
export function parse<const S extends v.GenericSchema>(
  schema: S,
  value: unknown,
  options: {
    readonly code: CorralErrorCode;
    readonly path?: ErrorPath;
    readonly entriesMax?: Readonly<Record<string, number>>;
  },
): v.InferOutput<S> {
  const { code, path = [], entriesMax } = options;
  return parseCopy(schema, plainData(value, path, code, entriesMax), { code, path });
}

/** As {@link parse}, for a value that {@link plainData} copied before. */
export function parseCopy<const S extends v.GenericSchema>(
  schema: S,
  copy: unknown,
  { code, path = [] }: { readonly code: CorralErrorCode; readonly path?: ErrorPath },
): v.InferOutput<S> {
  const result = v.safeParse(schema, copy, { abortEarly: true });
  if (result.success) return result.output;
  const issue = result.issues[0];
  const steps = issue.path?.map((item) => item.key as string | number) ?? [];
  throw new CorralError(code, [...path, ...steps], describe(issue));
}

/**
 * The schema of an object that has these fields and no others; a known field that is `undefined` is absent.
 *
 * @param entries - the schema of each field
 * @returns the schema; an unknown field is refused with the nearest name
 */
export function strictFields<const E extends v.ObjectEntries>(
  entries: E,
): v.StrictObjectSchema<E, (issue: v.StrictObjectIssue) => string> {
  const names = Object.keys(entries);
  const schema = v.strictObject(entries, (issue) =>
    issue.expected === 'never' ? unknownField(String(issue.input), names) : issue.type,
  );
  return {
    ...schema,
    '~run': (dataset, config) =>
      schema['~run']({ ...dataset, value: withoutUndefined(dataset.value, names) }, config),
  };
}

/**
 * The schema of an object with names of the caller's choice. A list is refused, although its positions could count as
 * names.
 *
 * @param name - the schema of the names
 * @param value - the schema of the values
 */
export function record<const V extends v.GenericSchema>(
  name: v.GenericSchema<string>,
  value: V,
): v.RecordSchema<v.GenericSchema<string>, V, undefined> {
  const schema = v.record(name, value);
  return {
    ...schema,
    '~run': (dataset, config) =>
      // Gives the schema a text instead of the list: it refuses the text and quotes it in the message.
      schema['~run'](
        Array.isArray(dataset.value) ? { ...dataset, value: quote(dataset.value) } : dataset,
        config,
      ),
  };
}

function withoutUndefined(value: unknown, names: readonly string[]): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const given = value as Readonly<Record<string, unknown>>;
  const absent = names.filter((name) => name in given && given[name] === undefined);
  if (absent.length === 0) return value;
  return Object.fromEntries(Object.entries(given).filter(([name]) => !absent.includes(name)));
}

function describe(issue: v.BaseIssue<unknown>): string {
  const custom = issue.message;
  if (issue.type === 'strict_object') {
    return issue.expected === 'never'
      ? issue.message
      : `${issue.expected === 'Object' ? `expected an object, got ${quote(issue.input)}` : 'required field is missing'}`;
  }
  if (issue.type === 'strict_tuple') return `one entry too many: ${quote(issue.input)}`;
  // Messages of our own schemas are complete except for the value.
  if (!custom.startsWith('Invalid ')) return `${custom}, got ${quote(issue.input)}`;
  return `expected ${issue.expected ?? 'another value'}, got ${quote(issue.input)}`;
}
