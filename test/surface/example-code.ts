import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import ts from 'typescript';

const ROOT = join(import.meta.dirname, '..', '..');

/** An example that users read: the code, and where it stands. */
export interface Example {
  /** File and position in it, counted from 1. */
  readonly name: string;
  readonly file: string;
  readonly code: string;
}

/** Every `@example` of the sources and every block of TypeScript in the documents. */
export function examples(): Example[] {
  const documents = ['README.md', ...filesIn('docs', '.md')];
  return [...filesIn('src', '.ts').flatMap(inComments), ...documents.flatMap(inMarkdown)];
}

function filesIn(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? filesIn(path, ending) : path.endsWith(ending) ? [path] : [];
  });
}

function inComments(file: string): Example[] {
  const comments = readFileSync(join(ROOT, file), 'utf8').match(/\/\*\*[\s\S]*?\*\//g) ?? [];
  const code = comments.flatMap((comment) => {
    const lines = comment
      .replace(/^\/\*\*|\*\/$/g, '')
      .split('\n')
      .map((line) => line.replace(/^\s*\* ?/, ''));
    return lines.flatMap((line, i) => {
      if (!/^@example\b/.test(line)) return [];
      const rest = lines.slice(i + 1);
      const end = rest.findIndex((one) => /^@\w/.test(one));
      return [(end < 0 ? rest : rest.slice(0, end)).filter((one) => !one.startsWith('```')).join('\n')];
    });
  });
  return code.map((text, i) => ({ name: `${file} ${i + 1}`, file, code: text }));
}

function inMarkdown(file: string): Example[] {
  const blocks = [...readFileSync(join(ROOT, file), 'utf8').matchAll(/^```ts\n([\s\S]*?)^```/gm)];
  return blocks.map((block, i) => ({ name: `${file} ${i + 1}`, file, code: block[1]! }));
}

/**
 * The code with every value that a comment behind it states handed to `said(value, comment)`, so that it can be held
 * against the comment. Names that it uses and does not declare are imported by `importOf`.
 */
export function instrumented({ code }: Example, importOf: (name: string) => string | undefined): string {
  const source = ts.createSourceFile('example.ts', code, ts.ScriptTarget.ES2023, true);
  const edits: { at: number; text: string }[] = [];
  const used = new Set<string>();
  const declared = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node)) {
      const { parent } = node;
      const isName =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node);
      const declares =
        (ts.isVariableDeclaration(parent) || ts.isBindingElement(parent) || ts.isParameter(parent)) &&
        parent.name === node;
      if (declares || ts.isImportSpecifier(parent)) declared.add(node.text);
      else if (!isName) used.add(node.text);
    }
    if (ts.isExpressionStatement(node)) {
      const comment = /^[ \t]*\/\/ ?(.*)/.exec(code.slice(node.end))?.[1];
      if (comment !== undefined && statedValues(comment).length > 0) {
        const { expression } = node;
        edits.push({ at: expression.getStart(), text: 'said(' });
        edits.push({ at: expression.end, text: `, ${JSON.stringify(comment)})` });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  let text = code;
  for (const { at, text: inserted } of edits.sort((a, b) => b.at - a.at)) {
    text = text.slice(0, at) + inserted + text.slice(at);
  }
  const imports = [...used].filter((name) => !declared.has(name)).flatMap((name) => importOf(name) ?? []);
  return [...imports, "import { said } from '../../test/surface/said.js';", text].join('\n');
}

/** Whatever comes after, in a list of an example. */
export const MORE: unique symbol = Symbol('…');

/** The values that a comment begins with: `55.4 GB/s per GPU`, `[4, 5]: one switch`, `'a' | 'b'`; none for prose. */
export function statedValues(comment: string): unknown[] {
  const values: unknown[] = [];
  let rest = comment;
  for (;;) {
    const length = literalLength(rest);
    if (length === 0) return values;
    const value = literalValue(rest.slice(0, length));
    if (value === undefined) return values;
    values.push(value.value);
    rest = rest.slice(length);
    if (!rest.startsWith(' | ')) return values;
    rest = rest.slice(3);
  }
}

function literalLength(text: string): number {
  const word = /^(?:true|false|null|undefined)\b/.exec(text);
  if (word !== null) return word[0].length;
  const number = /^-?\d[\d_]*(?:\.\d+)?(?=$|[,;:]| GB\/s| s\b| \()/.exec(text);
  if (number !== null) return number[0].length;
  if (!/^['[{]/.test(text)) return 0;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const c = text[i]!;
    if (quoted && c === '\\') i++;
    else if (c === "'") quoted = !quoted;
    else if (!quoted && '[{'.includes(c)) depth++;
    else if (!quoted && ']}'.includes(c)) depth--;
    if (depth === 0 && !quoted) return i + 1;
  }
  return 0;
}

function literalValue(text: string): { readonly value: unknown } | undefined {
  // The sign of omission stands between strings, never as a name.
  const code = text.replace(/'(?:\\.|[^'\\])*'|…/g, (part) => (part === '…' ? 'more' : part));
  const source = ts.createSourceFile('value.ts', `(${code})`, ts.ScriptTarget.ES2023, true);
  const statement = source.statements[0];
  if (statement === undefined || !ts.isExpressionStatement(statement)) return undefined;
  try {
    return { value: statedValue((statement.expression as ts.ParenthesizedExpression).expression) };
  } catch {
    return undefined;
  }
}

function statedValue(node: ts.Expression): unknown {
  if (ts.isStringLiteral(node)) return node.text;
  if (ts.isNumericLiteral(node))
    return new Stated(Number(node.text), node.getText().split('.')[1]?.length ?? 0);
  if (ts.isPrefixUnaryExpression(node)) {
    const { value, decimals } = statedValue(node.operand) as Stated;
    return new Stated(-value, decimals);
  }
  if (ts.isArrayLiteralExpression(node)) return node.elements.map(statedValue);
  if (ts.isObjectLiteralExpression(node)) {
    return Object.fromEntries(
      node.properties.map((property) => {
        if (!ts.isPropertyAssignment(property)) throw new Error('no value');
        return [(property.name as ts.Identifier).text, statedValue(property.initializer)];
      }),
    );
  }
  if (node.kind === ts.SyntaxKind.TrueKeyword) return true;
  if (node.kind === ts.SyntaxKind.FalseKeyword) return false;
  if (node.kind === ts.SyntaxKind.NullKeyword) return null;
  if (ts.isIdentifier(node) && node.text === 'more') return MORE;
  if (ts.isIdentifier(node) && node.text === 'undefined') return undefined;
  throw new Error('no value');
}

/** A number as an example prints it. */
export class Stated {
  constructor(
    readonly value: number,
    readonly decimals: number,
  ) {}
}

/** Whether a value is what an example says it is. */
export function isAsStated(value: unknown, stated: unknown): boolean {
  if (stated instanceof Stated) {
    return typeof value === 'number' && Math.abs(value - stated.value) <= 0.5001 * 10 ** -stated.decimals;
  }
  if (typeof stated === 'string') return typeof value === 'string' && likeText(value, stated);
  if (Array.isArray(stated)) return Array.isArray(value) && likeList(value, stated);
  if (typeof stated === 'object' && stated !== null) {
    return (
      typeof value === 'object' &&
      value !== null &&
      Object.entries(stated).every(([key, one]) => isAsStated((value as Record<string, unknown>)[key], one))
    );
  }
  return value === stated;
}

function likeText(value: string, stated: string): boolean {
  const pattern = stated
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[\\s\\S]*');
  return new RegExp(`^${pattern}$`).test(value);
}

function likeList(value: readonly unknown[], stated: readonly unknown[]): boolean {
  const more = stated.indexOf(MORE);
  if (more < 0) {
    return value.length === stated.length && stated.every((one, i) => isAsStated(value[i], one));
  }
  const rest = stated.slice(more + 1);
  if (!stated.slice(0, more).every((one, i) => isAsStated(value[i], one))) return false;
  for (let from = more; from <= value.length; from++) if (likeList(value.slice(from), rest)) return true;
  return false;
}

/** The path of a source as a generated example beside it imports it. */
export function importPath(file: string): string {
  return `../../${relative(ROOT, join(ROOT, file)).replace(/\.ts$/, '.js')}`;
}
