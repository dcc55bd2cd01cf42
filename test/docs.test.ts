import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const FOLDERS = ['src', 'test', 'bench', 'examples', 'docs', 'topologies'];

function filesBelow(folder: string, ending: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path, ending);
    return entry.name.endsWith(ending) ? [path] : [];
  });
}

const pages = [
  ...readdirSync(ROOT)
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(ROOT, name)),
  ...filesBelow(join(ROOT, 'docs'), '.md'),
];
const namesOfFiles = new Set(
  ['src', 'test', 'bench', 'examples'].flatMap((folder) =>
    filesBelow(join(ROOT, folder), '.ts').map((file) => basename(file)),
  ),
);
const inBigRoom = new RegExp(`^(${readdirSync(join(ROOT, 'src')).join('|')})/`);

/** Whether a word between backticks names no file, or one that exists. A bare name may be that of any TypeScript file. */
function isFine(word: string): boolean {
  if (/[*…<>()'"\s]/.test(word) || !/^[\w.-]+(\/[\w.-]*)*$/.test(word)) return true;
  if (FOLDERS.some((folder) => word.startsWith(`${folder}/`))) return existsSync(join(ROOT, word));
  if (inBigRoom.test(word)) return existsSync(join(ROOT, 'src', word));
  if (/^[\w-]+(\.test)?\.ts$/.test(word)) return namesOfFiles.has(word);
  return true;
}

/** The anchor that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .trim()
    .replace(/\s/g, '-');

function anchorsOf(page: string): string[] {
  return [...readFileSync(page, 'utf8').matchAll(/^#+ (.+)$/gm)].map((match) => anchorOf(match[1]!));
}

/** The blocks of ARCHITECTURE.md in which every line begins with a file of src. */
function walks(): string[][] {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8');
  return [...text.matchAll(/```\n([\s\S]*?)```/g)]
    .map((match) => match[1]!.trim().split('\n'))
    .filter((lines) => lines.every((line) => /^src\/\S+\.ts /.test(line)))
    .map((lines) => lines.map((line) => line.split(' ')[0]!));
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(ROOT, file), 'utf8');
  return [...text.matchAll(/\bfrom '(\.[^']+)\.js'/g)].map((match) =>
    relative(ROOT, join(ROOT, dirname(file), `${match[1]!}.ts`)),
  );
}

describe.each(pages.map((page) => [relative(ROOT, page), page]))('%s', (_, page) => {
  const text = readFileSync(page!, 'utf8');

  it('names only files that exist', () => {
    // A recipe says `…` (new) of a file that it would make.
    const prose = text.replace(/^```[\s\S]*?^```/gm, '').replace(/`[^`\n]+` \(new\)/g, '');
    const words = [...prose.matchAll(/`([^`\n]+)`/g)].map((match) => match[1]!);
    expect(words.filter((word) => !isFine(word))).toEqual([]);
  });

  it('links only to what exists', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1]!);
    const broken = targets
      .filter((target) => !/^[a-z]+:/.test(target))
      .filter((target) => {
        const [path, anchor] = target.split('#');
        const file = path === '' ? page! : join(dirname(page!), path!);
        if (!existsSync(file)) return true;
        return anchor !== undefined && statSync(file).isFile() && !anchorsOf(file).includes(anchor);
      });
    expect(broken).toEqual([]);
  });
});

describe('the walks of ARCHITECTURE.md', () => {
  it('are three', () => {
    expect(walks().length).toBe(3);
  });

  it.each(walks().map((walk) => [walk[0], walk]))(
    'from %s go down only: each file is imported by one above',
    (_, walk) => {
      const files = walk as readonly string[];
      const lost = files.filter(
        (file, at) => at > 0 && !files.slice(0, at).some((above) => importsOf(above).includes(file)),
      );
      expect(lost).toEqual([]);
    },
  );
});
