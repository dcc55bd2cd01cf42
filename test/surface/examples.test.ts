import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import { toNcclXml } from '../../src/formats/index.js';
import { examples, importPath, instrumented, isAsStated, statedValues } from './example-code.js';
import * as scene from './example-scene.js';
import { ENTRIES, publicSurface } from './public-surface.js';
import { SAID } from './said.js';

const ROOT = join(import.meta.dirname, '..', '..');
mkdirSync(join(ROOT, 'out'), { recursive: true });
const folder = mkdtempSync(join(ROOT, 'out', 'examples-'));
const home = mkdtempSync(join(tmpdir(), 'corral-user-'));
const before = process.cwd();
beforeAll(() => {
  // Where a user's program runs: with the file that the README reads.
  writeFileSync(join(home, 'topo.xml'), toNcclXml(topology('dgx-h100')));
  process.chdir(home);
});
afterAll(() => {
  process.chdir(before);
  for (const path of [folder, home]) rmSync(path, { recursive: true });
});

/** What a name of an example is imported from, if the example does not say so itself. */
function importOf(file: string): (name: string) => string | undefined {
  const { names } = publicSurface();
  return (name) => {
    if (name === 'fc') return "import * as fc from 'fast-check';";
    const known = names.find((one) => one.name === name);
    if (file.endsWith('.md')) {
      return name in scene ? `import { ${name} } from '../../test/surface/example-scene.js';` : undefined;
    }
    if (known !== undefined) return `import { ${name} } from '${importPath(ENTRIES[known.entry]!)}';`;
    return file === 'src/topology/gpu-places.ts'
      ? `import { ${name} } from '${importPath(file)}';`
      : undefined;
  };
}

const all = examples().map((example, i) => {
  const code = instrumented(example, importOf(example.file)).replace(
    /from '(corral(?:\/\w+)?)'/g,
    (_, entry: string) => `from '${importPath(ENTRIES[entry]!)}'`,
  );
  const path = join(folder, `example-${i}.ts`);
  writeFileSync(path, code);
  return { ...example, path };
});

describe('the examples of doc comments, README and docs', () => {
  it('are found', () => {
    expect(all.filter(({ file }) => file.startsWith('src/')).length).toBeGreaterThan(40);
    expect(all.filter(({ file }) => file === 'README.md').length).toBeGreaterThan(5);
  });

  it('have the types that TypeScript asks for', () => {
    const options: ts.CompilerOptions = {
      strict: true,
      exactOptionalPropertyTypes: true,
      target: ts.ScriptTarget.ES2023,
      lib: ['lib.es2023.d.ts'],
      types: ['node'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      resolveJsonModule: true,
      skipLibCheck: true,
      noEmit: true,
    };
    const program = ts.createProgram(
      all.map(({ path }) => path),
      options,
    );
    const faults = all.flatMap(({ name, path }) => {
      const source = program.getSourceFile(path)!;
      return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map(
        ({ messageText }) => `${name}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
    });
    expect(faults).toEqual([]);
  });

  it.each(all)('run, and give what they say: $name', async ({ path }) => {
    SAID.length = 0;
    const log = console.log;
    console.log = () => {};
    try {
      await import(path);
    } finally {
      console.log = log;
    }
    for (const { value, comment } of SAID) {
      const isStated = statedValues(comment).some((stated) => isAsStated(value, stated));
      expect(isStated, `${JSON.stringify(value)} is not what is said: ${comment}`).toBe(true);
    }
  });
});

describe('statedValues', () => {
  it('reads the values a comment begins with, and no prose', () => {
    const like = (comment: string, value: unknown): boolean =>
      statedValues(comment).some((stated) => isAsStated(value, stated));
    expect(like('55.4 GB/s per GPU and direction', 55.43)).toBe(true);
    expect(like('55.4 GB/s per GPU and direction', 55.5)).toBe(false);
    expect(like('[4, 5]: one switch', [4, 5])).toBe(true);
    expect(like('[4, 5]: one switch', [4, 5, 6])).toBe(false);
    expect(like("['X', …, 'SYS', …]", ['X', 'a', 'b', 'SYS'])).toBe(true);
    expect(like("['X', …, 'SYS', …]", ['X', 'a', 'b'])).toBe(false);
    expect(like("'never-fits' | 'no-capacity'", 'no-capacity')).toBe(true);
    expect(like("'<system …>…'", '<system version="1">\n')).toBe(true);
    expect(like('{ GBps: 7300 }', { GBps: 7301 })).toBe(false);
    expect(statedValues('256 GPUs in one unit at 385.2 GB/s')).toEqual([]);
    expect(statedValues('why not: constraints, remedies')).toEqual([]);
    expect(statedValues('{ all, cpuOnly, share, byGpus }')).toEqual([]);
  });
});
