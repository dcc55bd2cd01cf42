import ts from 'typescript';
import { isOurs, type PublicSurface, publicSurface } from '../public-surface.js';

/** Something of the public surface that can be called. */
export interface PublicCall {
  /** `entry.name`, `entry.table.member`, or `entry.Type.method` for methods of what calls return. */
  readonly key: string;
  readonly signature: ts.Signature;
}

/** Every exported function, constructor and function in a table, and the methods of all objects they return. */
export function publicCalls(): PublicCall[] {
  const surface = publicSurface();
  const { checker } = surface;
  const calls = new Map<string, ts.Signature>();
  for (const { entry, name, symbol } of surface.names) {
    if (!(symbol.flags & ts.SymbolFlags.Value)) continue;
    const type = checker.getTypeOfSymbol(symbol);
    const key = `${entry}.${name}`;
    const [signature] = [...type.getCallSignatures(), ...type.getConstructSignatures()];
    if (signature !== undefined) calls.set(key, signature);
    else if (!isList(checker, type)) {
      for (const [member, of] of functionsIn(checker, type)) calls.set(`${key}.${member}`, of);
    }
  }
  const seen = new Set<ts.Type>();
  for (const signature of [...calls.values()]) addMethods(surface, signature, calls, seen);
  return [...calls].map(([key, signature]) => ({ key, signature }));
}

/** The methods of ours of what a call returns, at any depth, and of what those return. */
function addMethods(
  surface: PublicSurface,
  signature: ts.Signature,
  calls: Map<string, ts.Signature>,
  seen: Set<ts.Type>,
): void {
  const { checker, names } = surface;
  const visit = (type: ts.Type): void => {
    if (type.isUnionOrIntersection()) {
      type.types.forEach(visit);
      return;
    }
    if (!(type.flags & ts.TypeFlags.Object) || seen.has(type)) return;
    seen.add(type);
    checker.getTypeArguments(type as ts.TypeReference).forEach(visit);
    if (type.symbol === undefined || !isOurs(type.symbol)) return;
    for (const [member, of, owner] of functionsIn(checker, type)) {
      const home = names.find((one) => one.symbol === owner);
      const key = `${home?.entry ?? 'corral'}.${owner.name}.${member}`;
      if (calls.has(key)) continue;
      calls.set(key, of);
      addMethods(surface, of, calls, seen);
    }
    for (const property of checker.getPropertiesOfType(type)) visit(checker.getTypeOfSymbol(property));
  };
  visit(signature.getReturnType());
}

const isList = (checker: ts.TypeChecker, type: ts.Type): boolean =>
  checker.isArrayType(type) || checker.isTupleType(type);

/** Name, signature and declaring type of the functions in an object; private ones and those of `Error` aside. */
function functionsIn(checker: ts.TypeChecker, type: ts.Type): [string, ts.Signature, ts.Symbol][] {
  return checker.getPropertiesOfType(type).flatMap((member): [string, ts.Signature, ts.Symbol][] => {
    if (member.declarations?.some((one) => !isOurs(member) || ts.isPrivateIdentifier(nameOf(one) as ts.Node)))
      return [];
    const [signature] = checker.getTypeOfSymbol(member).getCallSignatures();
    if (signature === undefined) return [];
    const owner = (member as ts.Symbol & { readonly parent?: ts.Symbol }).parent ?? type.symbol;
    return [[member.name, signature, owner]];
  });
}

const nameOf = (declaration: ts.Declaration): ts.DeclarationName =>
  ts.getNameOfDeclaration(declaration) ?? ts.factory.createIdentifier('unnamed');
