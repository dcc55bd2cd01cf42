/**
 * `npm run bench`: times with their minimum, median and ratio to a calibration kernel of the same run.
 * `npm run bench -- --smoke`: every case once, results checked, times of no meaning.
 * `npm run bench -- --openb DIR`: replays the original openb traces instead of their counts.
 * `npm run bench -- --log FILE`: backfills a real log as well, see `simulation.ts`.
 */
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { compileReport } from './compile.js';
import { askingCases, gangCases, mixedCases } from './gangs.js';
import { type Case, calibration, measure, printTimings } from './harness.js';
import { hotPathCases } from './hot-path.js';
import { naiveCases } from './naive.js';
import { placementCases } from './placement.js';
import { coldRun, replayCases, replayInput } from './replay.js';
import { restartCases } from './restart.js';
import { selectionCases } from './select-gpus.js';
import { simulationCases } from './simulation.js';

const { values: args } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    openb: { type: 'string' },
    log: { type: 'string' },
  },
});
const rounds = args.smoke ? 1 : 9;

console.log(
  `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; ${rounds} rounds`,
);
const input = replayInput(args.openb);
// First in the process: nothing is compiled yet, and the peak of memory is its own.
coldRun(input);

/** Cases that share a table take turns; what one table built is garbage before the next begins. */
function table(title: string, cases: () => Case[], turns = rounds): void {
  console.log(`\n${title}`);
  printTimings(measure([calibration(), ...cases()], turns));
}

const replay = replayCases(input);
table('Replay', () => [...replay.cases]);
replay.report();
table('GPUs of one server', selectionCases);
for (const servers of args.smoke ? [1_000] : [1_000, 100_000, 1_000_000]) {
  const label = servers.toLocaleString('en');
  table(`One pod, ${label} servers`, () => hotPathCases([servers], args.smoke ? 10_000 : 200_000));
}
table('The same in other ways', () => [
  ...placementCases(args.smoke ? [1_000] : [1_000, 100_000]),
  ...naiveCases(args.smoke ? 1_000 : 100_000, args.smoke ? 20 : 1_000),
]);
table('Gangs, 16,384 servers', () => gangCases(), args.smoke ? 1 : 5 * rounds);
const asked = args.smoke ? 2_000 : 100_000;
table(`Asking, ${asked.toLocaleString('en')} servers`, () => askingCases(asked));
table('CPU, memory and shares', () => (args.smoke ? [1_000] : [1_000, 100_000]).flatMap(mixedCases));
table('Restarts', () => restartCases(args.smoke));
table('Simulation', () => simulationCases(args.smoke, args.log));
compileReport(args.smoke ? [1_000] : [1_000, 100_000, 1_000_000]);
