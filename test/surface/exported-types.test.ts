import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { isOurs, publicSurface } from './public-surface.js';

/** The nodes of a declaration that its users see: no bodies, no private members. */
function visibleParts(declaration: ts.Declaration): ts.Node[] {
  if (ts.isFunctionDeclaration(declaration) || ts.isMethodDeclaration(declaration)) {
    return [
      ...(declaration.typeParameters ?? []),
      ...declaration.parameters.flatMap((parameter) => parameter.type ?? []),
      ...(declaration.type === undefined ? [] : [declaration.type]),
    ];
  }
  if (ts.isVariableDeclaration(declaration)) return declaration.type === undefined ? [] : [declaration.type];
  if (ts.isClassDeclaration(declaration)) {
    return declaration.members.flatMap((member) => {
      const hidden =
        (member.name !== undefined && ts.isPrivateIdentifier(member.name)) ||
        ts.isClassStaticBlockDeclaration(member);
      if (hidden) return [];
      if (ts.isConstructorDeclaration(member) || ts.isAccessor(member)) {
        return [
          ...member.parameters.flatMap((parameter) => parameter.type ?? []),
          ...[member.type].filter(Boolean),
        ] as ts.Node[];
      }
      if (ts.isPropertyDeclaration(member)) return member.type === undefined ? [] : [member.type];
      return visibleParts(member);
    });
  }
  return [declaration];
}

/** The types of ours that a public name mentions. */
function mentioned(checker: ts.TypeChecker, symbol: ts.Symbol): Set<ts.Symbol> {
  const found = new Set<ts.Symbol>();
  const visit = (node: ts.Node): void => {
    const name = ts.isTypeReferenceNode(node)
      ? node.typeName
      : ts.isExpressionWithTypeArguments(node)
        ? node.expression
        : undefined;
    const at = name === undefined ? undefined : checker.getSymbolAtLocation(name);
    if (at !== undefined) {
      const target = at.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(at) : at;
      if (isOurs(target) && !(target.flags & ts.SymbolFlags.TypeParameter)) found.add(target);
    }
    ts.forEachChild(node, visit);
  };
  for (const declaration of symbol.declarations ?? []) visibleParts(declaration).forEach(visit);
  return found;
}

describe('the types of public signatures', () => {
  it('are exported from the entry that mentions them', () => {
    const { checker, names } = publicSurface();
    const missing = names.flatMap(({ entry, name, symbol }) => {
      const exported = new Set(names.filter((one) => one.entry === entry).map((one) => one.symbol));
      return [...mentioned(checker, symbol)]
        .filter((type) => !exported.has(type))
        .map((type) => `${entry}: ${name} mentions ${type.name}`);
    });
    expect(missing).toEqual([]);
  });

  it('are looked at, inside documents and options too', () => {
    const { checker, names } = publicSurface();
    const mentionedBy = (name: string): string[] =>
      [...mentioned(checker, names.find((one) => one.name === name)!.symbol)].map((type) => type.name);
    expect(mentionedBy('ServerDocument')).toEqual(expect.arrayContaining(['Device', 'Link']));
    expect(mentionedBy('CorralError')).toEqual(expect.arrayContaining(['CorralErrorCode', 'ErrorPath']));
    expect(mentionedBy('simulate')).toEqual(expect.arrayContaining(['SimulateOptions', 'SimulationResult']));
  });
});
