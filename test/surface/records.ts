import ts from 'typescript';
import { isOurs, type PublicSurface } from './public-surface.js';

/**
 * Types whose values corral makes, or reads as rows that may carry more than it reads: nobody writes their fields by hand
 * into a call, so none of them can be misspelt.
 */
const MADE: ReadonlySet<string> = new Set([
  'ServerTopology',
  'ClusterTopology',
  'RestartModel',
  'Placement',
  'PlacedPod',
  'Phase',
  'Flow',
  'Policy',
  'PolicyContext',
  'PodFacts',
  'ServerFacts',
  'FragmentationClasses',
  'TypicalPod',
  'SamplePod',
  'ReplayPod',
  'FreeCapacity',
  'Snapshot',
  'CheckedPlacement',
  'CheckedFreeCapacity',
  'ClaimedPlacement',
  'CopyHolders',
  'AlibabaInstance2025',
  'SwfLog',
  'SimulationProgress',
  'Explanation',
]);

/** The types of records that a value of this type may hold at its top: options, documents, requests. */
export function recordTypes(checker: ts.TypeChecker, type: ts.Type): ts.Type[] {
  if (type.isUnion()) return type.types.flatMap((part) => recordTypes(checker, part));
  if (type.isIntersection()) return isString(type) ? [] : [type];
  if (!(type.flags & ts.TypeFlags.Object) || type.getCallSignatures().length > 0) return [];
  const name = type.aliasSymbol?.name ?? type.symbol?.name;
  if (name === 'Pick' || MADE.has(name ?? '')) return [];
  if (checker.isArrayType(type) || checker.isTupleType(type)) return [];
  const properties = checker.getPropertiesOfType(type);
  // Where somebody is: a placement, a run of a simulated job, anything with pods.
  if (properties.length === 1 && properties[0]!.name === 'pods') return [];
  const takesNone = checker.getIndexTypeOfType(type, ts.IndexKind.String)?.flags === ts.TypeFlags.Never;
  return takesNone || properties.some(isOurs) ? [type] : [];
}

/** Whether a type is a text with a brand. */
function isString(type: ts.IntersectionType): boolean {
  return type.types.some((part) => (part.flags & (ts.TypeFlags.StringLike | ts.TypeFlags.NumberLike)) !== 0);
}

/** The types of the elements of a list, of all lists that a type may be. */
function elementTypes(checker: ts.TypeChecker, type: ts.Type): ts.Type[] {
  if (type.isUnion()) return type.types.flatMap((part) => elementTypes(checker, part));
  if (!checker.isArrayType(type) && !checker.isTupleType(type)) return [];
  return [...checker.getTypeArguments(type as ts.TypeReference)];
}

/** Whether a type, or the elements of its lists, are records. */
export function holdsRecords(checker: ts.TypeChecker, type: ts.Type): boolean {
  return (
    recordTypes(checker, type).length > 0 ||
    elementTypes(checker, type).some((one) => holdsRecords(checker, one))
  );
}

/** A record inside the arguments of a call. */
export interface FoundRecord {
  /** From the list of arguments to it. */
  readonly path: readonly (string | number)[];
  /** Names of the fields that it may have, and of those that may be left out. */
  readonly fields: readonly string[];
  readonly optional: readonly string[];
}

/** Every record in an argument, found by walking value and type together. */
export function recordsIn(
  surface: PublicSurface,
  value: unknown,
  type: ts.Type,
  path: readonly (string | number)[],
): FoundRecord[] {
  const { checker } = surface;
  if (Array.isArray(value)) {
    const elements = elementTypes(checker, type);
    return value.flatMap((one, i) =>
      elements.slice(0, 1).flatMap((element) => recordsIn(surface, one, element, [...path, i])),
    );
  }
  if (typeof value !== 'object' || value === null) return [];
  const keys = Object.keys(value);
  const indexed = indexTypes(checker, type);
  if (indexed.length > 0 && recordTypes(checker, type).length === 0) {
    return keys.flatMap((key) =>
      indexed.flatMap((one) =>
        recordsIn(surface, (value as Record<string, unknown>)[key], one, [...path, key]),
      ),
    );
  }
  const fitting = recordTypes(checker, type).filter((one) =>
    keys.every((key) => one.getProperty(key) !== undefined),
  );
  const properties = fitting.flatMap((one) => checker.getPropertiesOfType(one));
  if (fitting.length === 0) return [];
  const fields = [...new Set(properties.map((property) => property.name))];
  const optional = properties
    .filter((property) => property.flags & ts.SymbolFlags.Optional)
    .map((property) => property.name);
  const inner = keys.flatMap((key) => {
    const own = fitting[0]!.getProperty(key)!;
    return recordsIn(surface, (value as Record<string, unknown>)[key], checker.getTypeOfSymbol(own), [
      ...path,
      key,
    ]);
  });
  return [{ path, fields, optional: [...new Set(optional)] }, ...inner];
}

function indexTypes(checker: ts.TypeChecker, type: ts.Type): ts.Type[] {
  if (type.isUnion()) return type.types.flatMap((part) => indexTypes(checker, part));
  const index = checker.getIndexTypeOfType(type, ts.IndexKind.String);
  return index === undefined || index.flags & ts.TypeFlags.Never ? [] : [index];
}

/** A copy of nested lists and records in which the record at `path` is changed; the rest is shared. */
export function changedAt(
  value: unknown,
  path: readonly (string | number)[],
  change: (record: Readonly<Record<string, unknown>>) => Record<string, unknown>,
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return change(value as Record<string, unknown>);
  if (Array.isArray(value)) return value.map((one, i) => (i === step ? changedAt(one, rest, change) : one));
  const record = value as Readonly<Record<string, unknown>>;
  return { ...record, [step]: changedAt(record[step], rest, change) };
}

/**
 * The optional fields of records, and of records inside them, whose declared type lacks `undefined`: under
 * `exactOptionalPropertyTypes` nobody could hand on an option that may be absent.
 */
export function exactFields(
  checker: ts.TypeChecker,
  type: ts.Type,
  seen: Set<ts.Type> = new Set<ts.Type>(),
): string[] {
  const records = [
    ...recordTypes(checker, type),
    ...elementTypes(checker, type),
    ...indexTypes(checker, type),
  ];
  return records.flatMap((record) => {
    if (seen.has(record)) return [];
    seen.add(record);
    if (recordTypes(checker, record)[0] !== record) return exactFields(checker, record, seen);
    return checker.getPropertiesOfType(record).flatMap((property) => {
      const declared = property.declarations?.find(ts.isPropertySignature);
      const isExact =
        declared?.questionToken !== undefined &&
        declared.type !== undefined &&
        !allTypes(checker.getTypeFromTypeNode(declared.type)).some(
          (one) => one.flags & ts.TypeFlags.Undefined,
        );
      const own = isExact ? [`${record.aliasSymbol?.name ?? record.symbol?.name}.${property.name}`] : [];
      return [...own, ...exactFields(checker, checker.getTypeOfSymbol(property), seen)];
    });
  });
}

function allTypes(type: ts.Type): readonly ts.Type[] {
  return type.isUnion() ? type.types : [type];
}
