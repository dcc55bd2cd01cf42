/**
 * Runs the demo, and puts what it prints and draws into the README and examples/pictures.
 *
 *     npx tsx examples/refresh-readme.ts
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/** The tables of the README that the demo prints, by how their first line begins. */
export const TABLES: readonly string[] = ['policy  ', 'scheduler  '];
const PICTURES = ['unallocated-gpus', 'month-utilisation', 'month-servers'];

/** The lines of a table in what the demo prints: its header, and one line for each of six policies or schedulers. */
export function tableIn(output: string, begin: string): string {
  const lines = output.split('\n');
  const at = lines.findIndex((line) => line.startsWith(begin));
  if (at === -1) throw new Error(`no table that begins with ${JSON.stringify(begin.trim())}`);
  return lines.slice(at, at + 7).join('\n');
}

function refresh(): void {
  const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
  const folder = mkdtempSync(join(tmpdir(), 'corral-demo-'));
  const output = execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), here('demo.ts')], {
    cwd: folder,
    encoding: 'utf8',
  });
  const readme = readFileSync(here('../README.md'), 'utf8');
  const refreshed = TABLES.reduce(
    (text, begin) => text.replace(tableIn(text, begin), () => tableIn(output, begin)),
    readme,
  );
  writeFileSync(here('../README.md'), refreshed);
  for (const name of PICTURES) {
    copyFileSync(join(folder, 'out', `${name}.svg`), here(`pictures/${name}.svg`));
  }
  rmSync(folder, { recursive: true });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) refresh();
