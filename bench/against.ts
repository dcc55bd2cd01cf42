/**
 * `npm run bench:against -- DIR`: this checkout beside another one of corral, case by case in turns in one process, so that a
 * machine that drifts does so for both. DIR has its packages installed (`npm ci`).
 */
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { gangCases, mixedCases } from './gangs.js';
import { type Case, calibration, measure } from './harness.js';
import { hotPathCases } from './hot-path.js';
import { selectionCases } from './select-gpus.js';
import { simulationCases } from './simulation.js';

const ROUNDS = 15;

const folder = process.argv[2];
if (folder === undefined)
  throw new Error('name a folder with another checkout: npm run bench:against -- DIR');

/** The cases of a file of the other checkout. */
async function casesOf<Args extends unknown[]>(
  file: string,
  name: string,
  ...args: Args
): Promise<readonly Case[]> {
  const module: Record<string, (...given: Args) => readonly Case[]> = await import(
    pathToFileURL(join(resolve(folder!), 'bench', file)).href
  );
  return module[name]!(...args);
}

function compareRounds(title: string, ours: readonly Case[], theirs: readonly Case[], rounds = ROUNDS): void {
  console.log(`\n${title}: this checkout ÷ the other, by minimum and by median`);
  const names = new Set(theirs.map(({ name }) => name));
  const shared = ours.filter(({ name }) => names.has(name));
  const others = shared.map(({ name }) => theirs.find((other) => other.name === name)!);
  const timings = measure([calibration(), ...shared.flatMap((c, i) => [c, others[i]!])], rounds);
  for (let i = 1; i < timings.length; i += 2) {
    const [own, other] = [timings[i]!, timings[i + 1]!];
    const least = own.minNanoseconds / other.minNanoseconds;
    const median = own.medianNanoseconds / other.medianNanoseconds;
    console.log(
      `${own.name.padEnd(64)} ${(own.minNanoseconds / 1e3).toPrecision(4).padStart(10)} µs  ${least.toFixed(2)}  ${median.toFixed(2)}`,
    );
  }
}

compareRounds('GPUs of one server', selectionCases(), await casesOf('select-gpus.ts', 'selectionCases'));
for (const servers of [1_000, 100_000]) {
  const size = [[servers], 200_000] as const;
  compareRounds(
    `One pod, ${servers} servers`,
    hotPathCases(...size),
    await casesOf('hot-path.ts', 'hotPathCases', ...size),
  );
}
compareRounds('Gangs, 16,384 servers', gangCases(), await casesOf('gangs.ts', 'gangCases'), 3 * ROUNDS);
compareRounds('CPU, memory and shares', mixedCases(1_000), await casesOf('gangs.ts', 'mixedCases', 1_000));
compareRounds(
  'Simulation',
  simulationCases(true),
  await casesOf('simulation.ts', 'simulationCases', true),
  5,
);
