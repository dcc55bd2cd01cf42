import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { tableIn } from '../examples/refresh-readme.js';
import { shared } from './shared-data.js';

const folder = mkdtempSync(join(tmpdir(), 'corral-examples-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs an example as a user does, in an empty folder. */
function run(example: string, ...args: string[]): string {
  const file = fileURLToPath(new URL(`../examples/${example}`, import.meta.url));
  return execFileSync(process.execPath, ['--import', import.meta.resolve('tsx'), file, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
}

/** The policy rows of the demo's table: name → unallocated percent. */
function table(output: string): Record<string, number> {
  const rows = output.matchAll(/^(\w+) +\d+ +(\d+\.\d+) ±/gm);
  return Object.fromEntries([...rows].map((row) => [row[1]!, Number(row[2])]));
}

describe('examples/demo.ts', () => {
  it('ranks the six policies as published and draws the chart', () => {
    const output = run('demo.ts', '--runs', '2');
    const unallocated = table(output);
    expect(Object.keys(unallocated)).toEqual([
      'random',
      'dotProduct',
      'gpuClustering',
      'gpuPacking',
      'bestFit',
      'fgd',
    ]);
    expect(unallocated.fgd!).toBeLessThan(unallocated.bestFit!);
    expect(unallocated.bestFit!).toBeLessThan(unallocated.dotProduct!);
    expect(unallocated.dotProduct!).toBeLessThan(unallocated.random!);
    const svg = readFileSync(join(folder, 'out', 'unallocated-gpus.svg'), 'utf8');
    expect(svg).toContain('<svg');
    for (const policy of Object.keys(unallocated)) expect(svg).toContain(policy);
  }, 60_000);

  it('answers the two-socket question from the graph', () => {
    const output = run('demo.ts', '--runs', '1');
    const rows = [...output.matchAll(/aligned \(PIX\) +([\d.]+) .*straddling \(SYS\) +([\d.]+) /g)].map(
      (row) => [Number(row[1]), Number(row[2])],
    );
    // Gen5 behind one switch reaches 50 GB/s and more; straddling pairs share what the socket link carries.
    expect(rows).toHaveLength(3);
    const [achievable, nccl, crowd] = rows as [number[], number[], number[]];
    expect(achievable[0]).toBeGreaterThanOrEqual(50);
    expect(achievable[1]).toBeLessThanOrEqual(achievable[0]! / 2);
    expect(nccl[1]).toBeLessThanOrEqual(nccl[0]! / 3);
    expect(crowd[1]).toBeLessThanOrEqual(crowd[0]! / 3);
  }, 60_000);

  it.skipIf(shared('openb/openb_pod_list_default.csv') === undefined)(
    'replays the original traces to the published means (skipped where outside data openb/*.csv is absent)',
    () => {
      const unallocated = table(run('demo.ts', '--openb', shared('openb')!));
      // Weng et al., USENIX ATC 2023, mean over the seeds 42 to 51.
      expect(unallocated).toMatchObject({
        dotProduct: 9.38,
        gpuClustering: 8.35,
        gpuPacking: 8.22,
        bestFit: 7.14,
        fgd: 4.77,
      });
    },
    120_000,
  );
});

describe('examples/restart-cost.ts', () => {
  const output = run('restart-cost.ts');
  const numberAfter = (text: string): number => {
    const line = output.split('\n').find((l) => l.includes(text));
    return Number(/([\d.]+) %/.exec(line!.slice(line!.indexOf(text) + text.length))![1]);
  };

  it('finds the job above 90 % productive, and the simulation in agreement', () => {
    const [closed, simulated, error] = /: ([\d.]+) % productive.*failures: ([\d.]+) % ± ([\d.]+) %/
      .exec(output)!
      .slice(1)
      .map(Number) as [number, number, number];
    expect(closed).toBeGreaterThan(90);
    expect(Math.abs(simulated - closed)).toBeLessThan(4 * error);
    expect(numberAfter('asynchronous ')).toBeGreaterThan(numberAfter('blocking write '));
  });

  it('loses what its parts lose, in both sets of names', () => {
    const total = Number(/GPU-hours lost a day: ([\d,]+)/.exec(output)![1]!.replaceAll(',', ''));
    const [phases, badput] = output
      .slice(output.indexOf('GPU-hours lost'), output.indexOf('What if'))
      .split('The same in the names')
      .map((text) =>
        [...text.matchAll(/^ {2}\w+ +([\d,]+)$/gm)].map((m) => Number(m[1]!.replaceAll(',', ''))),
      );
    for (const parts of [phases!, badput!]) {
      expect(Math.abs(parts.reduce((sum, hours) => sum + hours, 0) - total)).toBeLessThan(parts.length);
    }
    expect(phases).toHaveLength(9);
  });

  it('says what faster restarts, spares and placement buy', () => {
    for (const better of [
      'restarts took half',
      'failures were half',
      'warm standbys',
      'restarted in the job',
    ]) {
      expect(output).toMatch(new RegExp(`${better}.*\\+`));
    }
    const spares = [...output.matchAll(/^ +(\d+) +[\d.]+ % +([\d.]+) % +[\d,]+$/gm)].map((m) => Number(m[2]));
    expect(spares).toHaveLength(6);
    expect(spares).toEqual([...spares].sort((a, b) => a - b));
    const lost = ['same rack', 'packed, copy in another rack', 'spread, copy in another rack'].map((name) =>
      Number(
        output
          .split('\n')
          .find((line) => line.includes(name))!
          .trim()
          .split(/\s+/)
          .at(-1)!
          .replaceAll(',', ''),
      ),
    ) as [number, number, number];
    expect(lost[1]).toBeLessThan(lost[0]);
    expect(lost[1]).toBeLessThan(lost[2]);
  });

  it('draws every curve', () => {
    const svg = readFileSync(join(folder, 'out', 'restart-cost.svg'), 'utf8');
    for (const name of ['blocking write', 'asynchronous', 'restarts halved', 'warm standbys']) {
      expect(svg).toContain(name);
    }
  });
});

describe('examples/gang-placement.ts', () => {
  const output = run('gang-placement.ts');

  it('puts 256 GPUs into one unit of a SuperPOD, and says why', () => {
    expect(output).toContain('32 pods on 32 servers, held by one unit');
    expect(output).toContain('highest bandwidth there: 385.2 GB/s per GPU');
    expect(output).toMatch(/=> one unit, 385\.2 GB\/s per GPU: 32 in unit\d/);
  });

  it('says what is missing where a gang does not fit', () => {
    expect(output).toMatch(/takes +32 pods: 8 too few/);
    expect(output).toContain('remedy: it would fit in one domain of cluster');
  });

  it('spreads over NVL72 racks as few as it can, in slices if asked', () => {
    const racks =
      /=> one unit, 745\.2 GB\/s per GPU: (\d+) in \S+, (\d+) in \S+, (\d+) in \S+, (\d+) in \S+/.exec(
        output,
      );
    expect(racks?.slice(1).sort()).toEqual(['10', '18', '18', '18']);
    const sliced = [...output.matchAll(/745\.2 GB\/s per GPU: (.*)/g)].at(-1)![1]!;
    for (const [, pods] of sliced.matchAll(/(\d+) in /g)) expect(Number(pods) % 8).toBe(0);
  });
});

describe('examples/month.ts', () => {
  const output = run('month.ts');
  const names = [
    'fifo, spread',
    'EASY, spread',
    'EASY, topology-aware',
    'the same, moving jobs',
    'preemption of the youngest',
    'preemption by restart cost',
  ];
  const lines = output.split('\n');
  /** Scheduler → its figures: means, without their intervals. */
  const rows = new Map(
    names.map((name) => {
      const line = lines.find((text) => text.startsWith(`${name}  `))!;
      const means = [...line.slice(name.length).matchAll(/([\d,.]+) ±/g)];
      return [name, means.map(([, mean]) => Number(mean!.replaceAll(',', '')))];
    }),
  );
  const figure = (name: string, column: number): number => rows.get(name)![column]!;

  it('prints ten figures with intervals for each of six schedulers', () => {
    for (const [name, figures] of rows) {
      expect(figures, name).toHaveLength(10);
      expect(figures[1]!).toBeLessThanOrEqual(figures[0]!);
    }
  });

  it('shows what the fabric costs whoever does not look at it', () => {
    expect(figure('EASY, topology-aware', 6)).toBeGreaterThan(0);
    expect(figure('EASY, spread', 6)).toBeGreaterThan(5 * figure('EASY, topology-aware', 6));
    expect(figure('the same, moving jobs', 6)).toBeLessThan(figure('EASY, topology-aware', 6));
    expect(figure('EASY, topology-aware', 3)).toBeLessThan(figure('EASY, spread', 3));
  });

  it('stops and moves jobs only where it is told to', () => {
    for (const [name, figures] of rows) {
      expect(figures[8]! > 0).toBe(name.startsWith('preemption'));
      expect(figures[9]! > 0).toBe(name === 'the same, moving jobs');
    }
  });

  it('prints what the README says; after a change run examples/refresh-readme.ts', () => {
    const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
    expect(tableIn(readme, 'scheduler  ')).toBe(tableIn(output, 'scheduler  '));
  });

  it('draws every scheduler in both pictures, which are those of the README', () => {
    for (const file of ['month-utilisation.svg', 'month-servers.svg']) {
      const drawn = readFileSync(join(folder, 'out', file), 'utf8');
      for (const name of names) expect(drawn, file).toContain(name);
      const committed = new URL(`../examples/pictures/${file}`, import.meta.url);
      expect(drawn === readFileSync(committed, 'utf8'), `${file} is as committed`).toBe(true);
    }
  });
});

/** The committed pictures are what the examples draw, and PNG files lie beside them. */
function expectPictures(names: readonly string[]): void {
  for (const name of names) {
    const drawn = readFileSync(join(folder, 'out', `${name}.svg`), 'utf8');
    const committed = new URL(`../examples/pictures/${name}.svg`, import.meta.url);
    expect(drawn === readFileSync(committed, 'utf8'), `${name}.svg is as committed`).toBe(true);
    expect(drawn.length).toBeLessThan(60_000);
    const png = readFileSync(join(folder, 'out', `${name}.png`));
    expect(png.subarray(1, 4).toString('latin1')).toBe('PNG');
    const width = Number(/width="([\d.]+)"/.exec(drawn)![1]);
    expect(Math.abs(png.readUInt32BE(16) - 2 * width)).toBeLessThanOrEqual(1);
  }
}

describe('examples/draw-servers.ts', () => {
  it('draws servers with jobs, called by what they reach while all run', () => {
    run('draw-servers.ts');
    expectPictures(['cert-2s-4gpu-switch', 'dgx-h100', 'dgx1-v100', 'l40s-8-dual-root']);
    const svg = readFileSync(join(folder, 'out', 'l40s-8-dual-root.svg'), 'utf8');
    // Two jobs across the sockets share the uplinks of the switches: half of 26.3 GB/s each.
    expect(svg.match(/: 26\.3 GB\/s per GPU \(2 GPUs\)/g)).toHaveLength(2);
    expect(svg.match(/: 13\.2 GB\/s per GPU \(2 GPUs\)/g)).toHaveLength(2);
  }, 60_000);

  it('draws any server of the catalogue by name, with Graphviz too', () => {
    run('draw-servers.ts', '--dot', '--out', 'named', 'mi250x-frontier');
    for (const file of ['mi250x-frontier.svg', 'mi250x-frontier.dot.svg']) {
      expect(readFileSync(join(folder, 'named', file), 'utf8')).toContain('<svg');
    }
    expect(() => run('draw-servers.ts', 'no-such-server')).toThrow('unknown-topology');
  }, 60_000);
});

describe('examples/draw-cluster.ts', () => {
  it('draws a SuperPOD with gangs, and where the next one would go', () => {
    run('draw-cluster.ts');
    expectPictures(['superpod']);
    const svg = readFileSync(join(folder, 'out', 'superpod.svg'), 'utf8');
    expect(svg).toContain('next pretraining, if asked for now (128 GPUs)');
  }, 60_000);
});
