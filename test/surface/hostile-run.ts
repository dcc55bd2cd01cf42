import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { allPositions } from './hostile/all-positions.js';
import type { Fault } from './hostile/child.js';
import { callAt, callName, type Plan } from './hostile/plan.js';
import { runHostileCalls } from './hostile/run.js';

/**
 * Hostile calls by hand, as many as wanted: `npx tsx test/surface/hostile-run.ts --calls 1000000 --seed 1` draws them,
 * `--all` makes every one at every place, `--value name` one value at every place, `--only text` those of functions whose name contains it.
 */
const { values } = parseArgs({
  options: {
    calls: { type: 'string' },
    seed: { type: 'string', default: '1' },
    all: { type: 'boolean', default: false },
    value: { type: 'string' },
    only: { type: 'string', default: '' },
    processes: { type: 'string', default: String(availableParallelism()) },
  },
});
const seed = Number(values.seed);
const plan: Plan =
  values.value !== undefined
    ? { of: 'one', value: values.value }
    : values.all
      ? { of: 'all' }
      : values.calls === undefined
        ? { of: 'kinds', seed }
        : { of: 'drawn', seed, calls: Number(values.calls) };
const positions = allPositions().filter(({ key }) => key.includes(values.only));
let told = 0;
const named = ({ n, problem }: Fault): string =>
  `${n < 0 ? '' : `${callName(callAt(plan, positions, n))}: `}${problem}`;
const { calls, faults } = await runHostileCalls(
  { plan, positions },
  {
    processes: Number(values.processes),
    onProgress: (made, found) => {
      for (const fault of found) console.error(`${made}: ${named(fault)}`);
      if (made < told + 10_000) return;
      told = made;
      console.error(`${made} calls`);
    },
  },
);
// Alike ones together: what is thrown at one line, or takes as long.
const alike = new Map<string, string[]>();
for (const { n, problem } of faults) {
  const call = n < 0 ? '' : callAt(plan, positions, n);
  const kind = `${call === '' ? '' : call.key}: ${problem.replace(/[\d.]+ s of/, 'too many s of')}`;
  alike.set(kind, [...(alike.get(kind) ?? []), call === '' ? '' : callName(call)]);
}
for (const [kind, names] of alike) {
  const shortest = names.toSorted((a, b) => a.length - b.length).slice(0, 3);
  console.log(`${kind}\n    ${names.length} calls: ${shortest.join('; ')}`);
}
console.log(
  `${calls} calls at ${positions.length} places (${JSON.stringify(plan)}): ${faults.length} faults`,
);
