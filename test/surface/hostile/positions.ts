import ts from 'typescript';
import { isOurs } from '../public-surface.js';

/** From the list of arguments to a value in them. */
export type Path = readonly (string | number)[];

/** How far below a field that the example leaves out its declared type is followed. */
const ABSENT_LEVELS = 2;

/**
 * Every place in the arguments of a call: the arguments, also those it leaves out, and every field and list inside them,
 * also those that only the declared types have.
 */
export function positionsOf(
  checker: ts.TypeChecker,
  signature: ts.Signature,
  args: readonly unknown[],
): Path[] {
  return signature.getParameters().flatMap((parameter, i) => {
    const type = checker.getTypeOfSymbol(parameter);
    const isRest = parameter.declarations?.some((one) => ts.isParameter(one) && one.dotDotDotToken);
    if (!isRest) return below(checker, args[i], type, [i], 0);
    return args.slice(i).flatMap((one, at) => below(checker, one, elementOf(checker, type), [i + at], 0));
  });
}

function below(
  checker: ts.TypeChecker,
  value: unknown,
  type: ts.Type | undefined,
  path: Path,
  absent: number,
): Path[] {
  if (absent > ABSENT_LEVELS) return [];
  const missing = value === undefined ? 1 : 0;
  if (typeof value === 'function' || ArrayBuffer.isView(value)) return [path];
  if (Array.isArray(value) || (missing > 0 && isList(checker, type))) {
    const list = Array.isArray(value) && value.length > 0 ? value : [undefined];
    const element = elementOf(checker, type);
    return [
      path,
      ...unlike(list).flatMap((i) =>
        below(checker, list[i], element, [...path, i], list[i] === undefined ? absent + 1 : absent),
      ),
    ];
  }
  if (missing === 0 && (typeof value !== 'object' || value === null)) return [path];
  const record = (value ?? {}) as Readonly<Record<string, unknown>>;
  const names = new Set([...Object.keys(record), ...fieldNames(checker, type, Object.keys(record))]);
  return [
    path,
    ...[...names].flatMap((name) => {
      const at = [...path, name];
      return isMade(record)
        ? [at]
        : below(checker, record[name], fieldType(checker, type, name), at, absent + missing);
    }),
  ];
}

/** Whether a value is one that corral made: its fields are looked at, what is in them is its own affair. */
function isMade(value: object): boolean {
  return (
    'graph' in value ||
    'toLast' in value ||
    'laplace' in value ||
    ('servers' in value && !('types' in value) && 'tiers' in value)
  );
}

/** The first position of every shape of element in a list. */
function unlike(list: readonly unknown[]): number[] {
  const shapes = list.map((one) =>
    typeof one === 'object' && one !== null ? Object.keys(one).sort().join() : typeof one,
  );
  return [...list.keys()].filter((i) => shapes.indexOf(shapes[i]!) === i);
}

const parts = (type: ts.Type | undefined): readonly ts.Type[] =>
  type === undefined ? [] : type.isUnion() ? type.types : [type];

const isList = (checker: ts.TypeChecker, type: ts.Type | undefined): boolean =>
  parts(type).some((one) => checker.isArrayType(one) || checker.isTupleType(one));

function elementOf(checker: ts.TypeChecker, type: ts.Type | undefined): ts.Type | undefined {
  const list = parts(type).find((one) => checker.isArrayType(one) || checker.isTupleType(one));
  return list === undefined ? undefined : checker.getTypeArguments(list as ts.TypeReference)[0];
}

/** The types that an object with these fields may have. */
const fitting = (type: ts.Type | undefined, names: readonly string[]): ts.Type[] =>
  parts(type).filter(
    (one) =>
      // An intersection is a text with a brand.
      one.flags & ts.TypeFlags.Object &&
      one.getCallSignatures().length === 0 &&
      names.every((name) => one.getProperty(name) !== undefined),
  );

/** The fields of ours that a declared type has; of free names one. */
function fieldNames(checker: ts.TypeChecker, type: ts.Type | undefined, names: readonly string[]): string[] {
  return fitting(type, names).flatMap((one) => {
    if (checker.isArrayType(one) || checker.isTupleType(one)) return [];
    const index = checker.getIndexTypeOfType(one, ts.IndexKind.String);
    const free = index !== undefined && !(index.flags & ts.TypeFlags.Never) ? ['x'] : [];
    return [
      ...free,
      ...checker
        .getPropertiesOfType(one)
        .filter(isOurs)
        .map((property) => property.name),
    ];
  });
}

function fieldType(checker: ts.TypeChecker, type: ts.Type | undefined, name: string): ts.Type | undefined {
  for (const one of parts(type)) {
    const property = one.getProperty(name);
    const found =
      property === undefined
        ? checker.getIndexTypeOfType(one, ts.IndexKind.String)
        : checker.getTypeOfSymbol(property);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The arguments with another value at a place; what leads there is copied, the rest shared. */
export function placedAt(container: unknown, path: Path, value: unknown): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return value;
  const copy: Record<string | number, unknown> = Array.isArray(container)
    ? ([...container] as never)
    : container === undefined && typeof step === 'number'
      ? ([] as never)
      : { ...(container as object) };
  copy[step] = placedAt(copy[step], rest, value);
  return copy;
}

/** What stands at a place, or undefined. */
export function valueAt(container: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) => (value as Readonly<Record<string | number, unknown>> | undefined | null)?.[step],
    container,
  );
}
