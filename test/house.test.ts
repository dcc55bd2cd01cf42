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
/** The files and folders of src that everybody may use. */
const COMMON = new Set([
  'units.ts',
  'errors.ts',
  'ids.ts',
  'random.ts',
  'masks.ts',
  'remembered.ts',
  'figures.ts',
  'checks',
]);
/**
 * The rooms of a folder, lowest first, and which of them each may import, besides itself. A room is a folder, or a file
 * that lies beside the folders. `index` gives out names and may import all.
 */
const ROOMS: Record<string, Record<string, readonly string[]>> = {
  placement: {
    request: [],
    read: ['request'],
    state: ['request'],
    pods: ['state'],
    gangs: ['request', 'state', 'pods'],
    scores: ['request', 'state', 'pods', 'gangs'],
    engine: ['request', 'read', 'state', 'pods', 'gangs', 'scores'],
    'select-gpus': ['state'],
    explain: ['request', 'state', 'pods', 'gangs', 'engine', 'select-gpus'],
    live: ['request', 'state', 'engine'],
    rank: ['request', 'state', 'pods', 'engine'],
    solver: ['request', 'read', 'state', 'gangs', 'engine', 'explain', 'live', 'rank'],
  },
  simulation: {
    options: [],
    jobs: ['options'],
    allocation: ['options', 'jobs'],
    kernel: ['options', 'jobs', 'allocation'],
    failures: ['options', 'jobs', 'allocation', 'kernel'],
    future: ['options', 'allocation', 'kernel'],
    links: ['allocation', 'kernel'],
    preemption: ['options', 'jobs', 'allocation', 'kernel'],
    moves: ['jobs', 'allocation', 'kernel', 'future', 'preemption'],
    passes: ['options', 'jobs', 'kernel', 'future'],
    results: ['options', 'jobs', 'allocation', 'kernel'],
    assemble: [
      'options',
      'jobs',
      'allocation',
      'kernel',
      'failures',
      'future',
      'links',
      'moves',
      'passes',
      'preemption',
      'results',
    ],
    simulate: ['options', 'results', 'assemble'],
    compare: ['options', 'results', 'simulate'],
    replay: [],
  },
  formats: {
    text: [],
    server: ['text'],
    'hwloc-xml': ['text', 'server'],
    'nccl-xml': ['text', 'server'],
    'nvidia-smi': ['text', 'server'],
    'rocm-smi': ['text', 'server'],
    traces: ['text'],
    swf: ['text', 'traces'],
  },
  restart: {
    checkpoints: [],
    phases: [],
    published: [],
    model: ['phases', 'published'],
    placement: ['checkpoints', 'phases', 'model'],
  },
  render: {
    svg: [],
    server: ['svg'],
    cluster: ['svg', 'server'],
  },
  check: {
    bandwidth: [],
    read: [],
    'check-free-capacity': ['read'],
    sets: ['bandwidth'],
    gangs: ['bandwidth', 'read', 'sets'],
    'check-placements': ['read', 'gangs'],
    'reference-place': ['bandwidth', 'read', 'sets', 'gangs'],
    'judge-placement': ['bandwidth', 'read', 'sets', 'gangs', 'reference-place'],
  },
  bandwidth: {
    'gpu-mask': [],
    'max-flow': [],
    directed: ['max-flow'],
    'reduced-links': [],
    optimal: ['max-flow', 'directed', 'reduced-links'],
    rings: ['max-flow', 'directed', 'optimal'],
    'collective-bandwidth': ['gpu-mask', 'optimal', 'rings'],
    'fair-shares': [],
    ports: ['gpu-mask', 'max-flow', 'directed', 'reduced-links'],
    'shared-bandwidth': ['gpu-mask', 'directed', 'rings', 'fair-shares'],
  },
};
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
/** The first name below the folder of src: that of a folder, or of a file without its ending. */
const roomOf = (file: string): string => relative(SRC, file).split('/')[1]!.replace(/\.ts$/, '');
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
    for (const common of ['.', ...COMMON]) folders.delete(common);
    expect([...folders].filter((folder) => ALLOWED[folder] === undefined)).toEqual([]);
  });

  it('lets a folder import only what lies below it', () => {
    const wrong = imports
      .filter((i) => i.specifier.startsWith('.') && !i.specifier.endsWith('.json'))
      .filter((i) => {
        const from = folderOf(i.file);
        const target = targetOf(i);
        const to = folderOf(target);
        if (from === to || COMMON.has(to === '.' ? relative(SRC, target) : to)) return false;
        // index.ts gives out the names of all and logic of none.
        if (relative(SRC, i.file) === 'index.ts') return false;
        return !ALLOWED[from]?.includes(to);
      })
      .map((i) => `${relative(SRC, i.file)} imports ${i.specifier}`);
    expect(wrong).toEqual([]);
  });

  it.each(Object.entries(ROOMS))('lets a room of %s import only what it is planned to', (folder, rooms) => {
    const inside = imports.filter(
      (i) => i.specifier.startsWith('.') && folderOf(i.file) === folder && folderOf(targetOf(i)) === folder,
    );
    const wrong = inside
      .filter((i) => {
        const [from, to] = [roomOf(i.file), roomOf(targetOf(i))];
        return from !== to && from !== 'index' && !rooms[from]?.includes(to);
      })
      .map((i) => `${relative(SRC, i.file)} imports ${i.specifier}`);
    expect(wrong).toEqual([]);
    // A plan that allows more than there is would not be a plan.
    const drawn = new Set(inside.map((i) => `${roomOf(i.file)} > ${roomOf(targetOf(i))}`));
    const planned = Object.entries(rooms).flatMap(([from, to]) => to.map((room) => `${from} > ${room}`));
    expect(planned.filter((arrow) => !drawn.has(arrow))).toEqual([]);
    // A room imports only rooms that stand above it in the plan: no circle.
    const names = Object.keys(rooms);
    expect(
      Object.entries(rooms).filter(([from, to]) =>
        to.some((room) => names.indexOf(room) >= names.indexOf(from)),
      ),
    ).toEqual([]);
  });

  it('has at most 20 files side by side, of at most 450 lines', () => {
    const perFolder = new Map(
      sources.map((file) => [dirname(file), sources.filter((f) => dirname(f) === dirname(file))]),
    );
    expect([...perFolder].filter(([, inside]) => inside.length > 20).map(([folder]) => folder)).toEqual([]);
    const long = sources.filter((file) => readFileSync(file, 'utf8').split('\n').length > 451);
    expect(long.map((file) => relative(SRC, file))).toEqual([]);
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

  it('has no cycles between files, types included', () => {
    const graph = new Map(sources.map((file) => [file, [] as string[]]));
    for (const i of imports) {
      if (i.specifier.startsWith('.')) graph.get(i.file)!.push(targetOf(i));
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
