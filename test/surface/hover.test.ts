import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { publicSurface } from './public-surface.js';

const { checker, names } = publicSurface();

interface Documented {
  readonly name: string;
  readonly symbol: ts.Symbol;
}

/** Exported functions, and the methods of the solver. */
const functions: Documented[] = names.flatMap(({ entry, name, symbol }): Documented[] => {
  if (name === 'Solver' && entry === 'corral') {
    return checker
      .getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol))
      .map((method) => ({ name: `Solver.${method.name}`, symbol: method }));
  }
  return symbol.flags & ts.SymbolFlags.Function ? [{ name: `${entry}: ${name}`, symbol }] : [];
});

/** What an editor shows of a function: its text and its tags. */
function hover({ symbol }: Documented): { text: string; tags: Map<string, string[]> } {
  const tags = new Map<string, string[]>();
  for (const tag of symbol.getJsDocTags(checker)) {
    const text = ts.displayPartsToString(tag.text);
    tags.set(tag.name, [...(tags.get(tag.name) ?? []), text]);
  }
  return { text: ts.displayPartsToString(symbol.getDocumentationComment(checker)), tags };
}

describe('what an editor shows', () => {
  it('is a sentence for every exported function and every method of the solver', () => {
    expect(functions.length).toBeGreaterThan(80);
    expect(functions.filter((one) => hover(one).text.length < 20).map(({ name }) => name)).toEqual([]);
  });

  const POLICIES = names.filter(
    ({ entry, symbol }) => entry === 'corral/policies' && symbol.flags & ts.SymbolFlags.Function,
  );
  const SHOWN = [
    'corral: compile',
    'Solver.place',
    'Solver.find',
    ...POLICIES.map(({ name }) => `corral/policies: ${name}`),
  ];
  it.each(SHOWN)('is parameters, errors and an example for %s', (name) => {
    const { tags } = hover(functions.find((one) => one.name === name)!);
    expect(tags.get('param')?.length).toBeGreaterThan(0);
    for (const tag of ['returns', 'throws', 'example']) expect(tags.has(tag), `@${tag}`).toBe(true);
  });

  it('names only parameters that are there', () => {
    const wrong = functions.flatMap((one) => {
      const declaration = one.symbol.declarations!.find(
        (node) => ts.isFunctionDeclaration(node) || ts.isMethodSignature(node),
      )!;
      const known = declaration.parameters.map((parameter) => parameter.name.getText());
      return (hover(one).tags.get('param') ?? [])
        .map((text) => text.split(/[\s.]/)[0]!)
        .filter((parameter) => !known.includes(parameter))
        .map((parameter) => `${one.name}: @param ${parameter}`);
    });
    expect(wrong).toEqual([]);
  });
});
