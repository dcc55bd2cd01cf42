import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
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
