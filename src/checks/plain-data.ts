import { CorralError, type CorralErrorCode, type ErrorPath, quote } from '../errors.js';

/** Deepest nesting of plain data: a cluster document with server documents inside has 7 levels. */
const DEPTH_MAX = 12;
/** Most values in one piece of plain data: four million servers with a dozen fields each. */
const VALUES_MAX = 2 ** 26;
/** Levels of a cluster's servers, with their labels; deeper are only server documents, which have few values. */
const SHALLOW_LEVELS = 4;
const DEEP_VALUES_MAX = 2 ** 20;
/** Most entries of a list for which nobody says less. */
const ENTRIES_MAX = 2 ** 20;
/** Most entries of a list, or names of an object, inside plain data, for whose field nobody says otherwise. */
const DATA_ENTRIES_MAX = 2 ** 14;
/** Longest chain of prototypes: objects that stand on others, which a proxy can make endless. */
const PROTOTYPES_MAX = 16;
/** Names that reach the prototype of an object when they are assigned; schemas drop them. */
const LOST_NAMES: readonly string[] = ['__proto__', 'prototype', 'constructor'];

/** What can be wrong with a value, and where. */
interface Place {
  readonly path: ErrorPath;
  readonly code: CorralErrorCode;
}

/**
 * Runs code of the caller: a getter, a proxy or a callback may throw anything.
 *
 * @param call - what to run
 * @param path - where the caller handed the code in
 * @param code - the error code to throw; default `invalid-option`
 * @returns what it returns
 * @throws CorralError as it is; anything else as CorralError, with the original as its `cause`
 */
export function callForeign<R>(call: () => R, path: ErrorPath, code: CorralErrorCode = 'invalid-option'): R {
  try {
    return call();
  } catch (error) {
    if (isCorralError(error)) throw error;
    throw new CorralError(code, path, `reading or calling it threw ${quote(error)}`, { cause: error });
  }
}

/** Whether a thrown value is a CorralError: it may be a proxy that throws when it is asked. */
export function isCorralError(error: unknown): boolean {
  try {
    return error instanceof CorralError;
  } catch {
    return false;
  }
}

/**
 * Whether an object is plain: a literal, one without prototype, one of another realm, or one that stands on plain objects.
 * Lists, maps, dates, class instances and the like are not.
 *
 * @complexity O(length of the prototype chain)
 */
export function isPlain(value: object): boolean {
  if (Array.isArray(value)) return false;
  let prototype: object | null = Object.getPrototypeOf(value);
  for (let steps = 0; prototype !== null && prototype !== Object.prototype; steps++) {
    if (steps === PROTOTYPES_MAX) return false;
    // Iterators have no constructor in Node 20, but a tag.
    if (Object.hasOwn(prototype, Symbol.toStringTag)) return false;
    const next: object | null = Object.getPrototypeOf(prototype);
    if (Object.hasOwn(prototype, 'constructor')) {
      // A class, or the `Object.prototype` of another realm.
      return next === null && Object.hasOwn(prototype, 'isPrototypeOf');
    }
    prototype = next;
  }
  return true;
}

/**
 * The entries of a list, each read once.
 *
 * @param given - what the caller handed in, anything
 * @param path - where the caller was given it
 * @param code - the error code to throw; default `invalid-option`
 * @param lengthMax - most entries; checked before the list is walked
 * @returns a list of the caller's entries without holes; nobody else has it
 * @throws CorralError for anything but a list, for a hole with its position, and for too many entries
 * @complexity O(entries)
 */
export function readList<T>(
  given: readonly T[],
  path: ErrorPath,
  code: CorralErrorCode = 'invalid-option',
  lengthMax: number = ENTRIES_MAX,
): T[] {
  return callForeign(() => denseCopy(given, { path, code }, lengthMax), path, code);
}

function denseCopy<T>(given: readonly T[], { path, code }: Place, lengthMax: number): T[] {
  if (!Array.isArray(given)) throw new CorralError(code, path, `expected a list, got ${quote(given)}`);
  const length: unknown = given.length;
  if (!Number.isSafeInteger(length) || (length as number) < 0) {
    throw new CorralError(code, path, `expected a list, got one whose length is ${quote(length)}`);
  }
  if ((length as number) > lengthMax) {
    throw new CorralError(code, path, `expected at most ${lengthMax} entries, got ${length}`);
  }
  const copy: T[] = [];
  for (let i = 0; i < (length as number); i++) {
    const entry: T = given[i]!;
    if (entry === undefined && !(i in given)) {
      throw new CorralError(code, [...path, i], 'the list has a hole here: give every entry');
    }
    copy.push(entry);
  }
  return copy;
}

/**
 * A deep copy of data such as JSON can hold, each value read once, so that nothing the caller does later, no getter and no
 * proxy can change it. Values that are no objects are copied as they are, for a schema to judge.
 *
 * @param value - what the caller handed in, anything
 * @param path - where the caller was given it
 * @param code - the error code to throw
 * @param entriesMax - field → most entries of the list, or names of the object, in it; default 16,384. Longer ones are refused
 * before they are walked
 * @returns plain objects and lists that nobody else has
 * @throws CorralError with the path of an object that is not plain, a function, a symbol as a field, a hole, a cycle, a name
 * that reaches the prototype, or of what throws when it is read; for more than 12 levels, 67,108,864 values, or
 * 1,048,576 values below the fourth level
 * @complexity O(values)
 */
export function plainData(
  value: unknown,
  path: ErrorPath,
  code: CorralErrorCode,
  entriesMax: Readonly<Record<string, number>> = {},
): unknown {
  const at = [...path];
  const ancestors: object[] = [];
  /** What stands in several places is copied once: lists of lists of one list would be endless work otherwise. */
  const copies = new Map<object, object>();
  let values = 0;
  let deepValues = 0;
  const refuse = (problem: string): never => {
    throw new CorralError(code, [...at], problem);
  };
  /** The limit of the list or object at the place that has been reached. */
  const limit = (): number => {
    const field = at.at(-1);
    return typeof field === 'string' && Object.hasOwn(entriesMax, field)
      ? entriesMax[field]!
      : DATA_ENTRIES_MAX;
  };
  const copyOf = (one: unknown): unknown => {
    if (++values > VALUES_MAX) refuse(`expected at most ${VALUES_MAX} values in all`);
    if (ancestors.length > SHALLOW_LEVELS && ++deepValues > DEEP_VALUES_MAX) {
      refuse(`expected at most ${DEEP_VALUES_MAX} values at this depth and below`);
    }
    if (typeof one === 'function') refuse(`expected plain data, got ${quote(one)}`);
    if (typeof one !== 'object' || one === null) return one;
    const known = copies.get(one);
    if (known !== undefined) return known;
    if (ancestors.includes(one)) refuse('contains itself: give plain data, as JSON can hold it');
    if (ancestors.length === DEPTH_MAX) refuse(`expected at most ${DEPTH_MAX} levels of nesting`);
    ancestors.push(one);
    const copy = Array.isArray(one) ? copyOfList(one) : copyOfObject(one);
    ancestors.pop();
    copies.set(one, copy);
    return copy;
  };
  const copyOfList = (list: readonly unknown[]): unknown[] => {
    const copy: unknown[] = denseCopy(list, { path: at, code }, limit());
    for (let i = 0; i < copy.length; i++) {
      at.push(i);
      copy[i] = copyOf(copy[i]);
      at.pop();
    }
    return copy;
  };
  const copyOfObject = (object: object): object => {
    if (!isPlain(object)) refuse(`expected plain data, got ${quote(object)}`);
    refuseSymbols(object, { path: at, code });
    const copy: Record<string, unknown> = {};
    const namesMax = limit();
    let names = 0;
    for (const name in object) {
      if (++names > namesMax) refuse(`expected at most ${namesMax} names`);
      at.push(name);
      if (LOST_NAMES.includes(name)) refuse('is no name to give: choose another');
      copy[name] = copyOf((object as Readonly<Record<string, unknown>>)[name]);
      at.pop();
    }
    return copy;
  };
  return callForeign(() => copyOf(value), path, code);
}

/** Refuses fields that are named by symbols: nothing reads them. */
export function refuseSymbols(object: object, { path, code }: Place): void {
  if (Object.getOwnPropertySymbols(object).length > 0) {
    throw new CorralError(code, path, 'has a symbol as a field, which nothing reads: remove it');
  }
}
