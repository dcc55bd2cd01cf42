import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const SRC = join(ROOT, 'src');

/** Which folders of src a folder may import, besides itself. Files directly in src are `.`. */
const ALLOWED: Record<string, readonly string[]> = {
  topology: [],
  bandwidth: ['topology'],
  compile: ['topology', 'bandwidth'],
  placement: ['topology', 'bandwidth', 'compile'],
  policies: ['topology', 'bandwidth', 'compile', 'placement'],
  simulation: ['topology', 'bandwidth', 'compile', 'placement', 'policies', 'restart', 'catalogue'],
  // A transfer leaves a server as a gang does: through what `nicBandwidth` says, one definition in one place.
  restart: ['topology', 'bandwidth', 'placement'],
  serving: ['topology', 'placement'],
  catalogue: ['topology'],
  formats: ['topology'],
  render: ['topology', 'bandwidth', 'placement', 'simulation', 'catalogue'],
  arbitraries: ['topology'],
  check: ['topology'],
};
/** The files that everybody may use. */
const COMMON = new Set([
  'units.ts',
  'errors.ts',
  'ids.ts',
  'random.ts',
  'fields.ts',
  'nearest-names.ts',
  'plain-data.ts',
]);
/** Packages that src may import, and who may. */
const PACKAGES: Record<string, readonly string[]> = {
  graphology: ['topology', 'bandwidth', 'formats', 'check'],
  'graphology-shortest-path': ['formats', 'check'],
  valibot: ['topology', 'formats', 'catalogue'],
  'pure-rand': ['.'],
  'fast-check': ['arbitraries'],
  'fast-xml-parser': ['formats'],
};
const IMPURE =
  /\b(Math\.random|Date\.now|new Date\(|performance\.|process\.|setTimeout|setInterval|fetch\(|require\(|globalThis|console\.)/;

interface Import {
  readonly file: string;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

function files(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? files(path) : entry.name.endsWith('.ts') ? [path] : [];
  });
}

/** Source without comments, so that an example in a doc comment counts for nothing. */
function code(file: string): string {
  return readFileSync(file, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '');
}

function importsOf(file: string): Import[] {
  const found: Import[] = [];
  const statement = /\b(import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]/g;
  for (const match of code(file).matchAll(statement)) {
    found.push({ file, specifier: match[3]!, typeOnly: match[2] !== undefined });
  }
  return found;
}

const folderOf = (file: string): string => {
  const path = relative(SRC, file).split('/');
  return path.length === 1 ? '.' : path[0]!;
};
const targetOf = (i: Import): string => join(dirname(i.file), i.specifier.replace(/\.js$/, '.ts'));

const sources = files(SRC);
const imports = sources.flatMap(importsOf);

describe('the house', () => {
  it('is read at all', () => {
    expect(sources.length).toBeGreaterThan(20);
    expect(imports.length).toBeGreaterThan(sources.length);
  });

  it('has only the folders it is planned to have', () => {
    const folders = new Set(sources.map(folderOf));
    folders.delete('.');
    expect([...folders].filter((folder) => ALLOWED[folder] === undefined)).toEqual([]);
  });

  it('lets a folder import only what lies below it', () => {
    const wrong = imports
      .filter((i) => i.specifier.startsWith('.') && !i.specifier.endsWith('.json'))
      .filter((i) => {
        const from = folderOf(i.file);
        const target = targetOf(i);
        const to = folderOf(target);
        if (from === to || COMMON.has(relative(SRC, target))) return false;
        // index.ts gives out the names of all and logic of none.
        if (relative(SRC, i.file) === 'index.ts') return false;
        return !ALLOWED[from]?.includes(to);
      })
      .map((i) => `${relative(SRC, i.file)} imports ${i.specifier}`);
    expect(wrong).toEqual([]);
  });

  it('keeps restart and serving to the types of placement', () => {
    const wrong = imports.filter(
      (i) =>
        ['restart', 'serving'].includes(folderOf(i.file)) &&
        i.specifier.startsWith('.') &&
        folderOf(targetOf(i)) === 'placement' &&
        !i.typeOnly,
    );
    expect(wrong).toEqual([]);
  });

  it('has no cycles between files', () => {
    const graph = new Map(sources.map((file) => [file, [] as string[]]));
    for (const i of imports) {
      if (i.specifier.startsWith('.') && !i.typeOnly) graph.get(i.file)!.push(targetOf(i));
    }
    const state = new Map<string, 'open' | 'done'>();
    const cycles: string[] = [];
    const visit = (file: string, trail: readonly string[]): void => {
      if (state.get(file) === 'done') return;
      if (state.get(file) === 'open') {
        cycles.push([...trail, file].map((f) => relative(SRC, f)).join(' > '));
        return;
      }
      state.set(file, 'open');
      for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
      state.set(file, 'done');
    };
    for (const file of sources) visit(file, []);
    expect(cycles).toEqual([]);
  });

  it('imports only packages it declares, each from the folders that need it', () => {
    const wrong = imports
      .filter((i) => !i.specifier.startsWith('.'))
      .filter((i) => !PACKAGES[i.specifier.split('/')[0]!]?.includes(folderOf(i.file)))
      .map((i) => `${relative(SRC, i.file)} imports ${i.specifier}`);
    expect(wrong).toEqual([]);
  });

  it('reads no clock, file, network, console or global randomness', () => {
    const impure = sources.filter((file) => IMPURE.test(code(file))).map((file) => relative(SRC, file));
    expect(impure).toEqual([]);
  });

  it('has no folder of leftovers', () => {
    expect(sources.map((f) => relative(SRC, f)).filter((f) => /util|helper|misc|common/i.test(f))).toEqual(
      [],
    );
  });
});
