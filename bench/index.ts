/**
 * `npm run bench`: times with their minimum, median and ratio to a calibration kernel of the same run.
 * `npm run bench -- --smoke`: every case once, results checked, times of no meaning.
 * `npm run bench -- --openb DIR`: replays the original openb traces instead of their counts.
 */
import { arch, cpus, platform } from 'node:os';
import { parseArgs } from 'node:util';
import { calibration, measure, printTimings } from './harness.js';
import { placementCases } from './placement.js';
import { coldRun, replayCases, replayInput } from './replay.js';
import { restartCases } from './restart.js';
import { selectionCases } from './select-gpus.js';

const { values: args } = parseArgs({
  options: { smoke: { type: 'boolean', default: false }, openb: { type: 'string' } },
});
const rounds = args.smoke ? 1 : 9;

console.log(
  `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; ${rounds} rounds`,
);
const input = replayInput(args.openb);
// First in the process: nothing is compiled yet, and the peak of memory is its own.
coldRun(input);
const replay = replayCases(input);
printTimings(
  measure(
    [
      calibration(),
      ...replay.cases,
      ...placementCases(args.smoke ? [1_000] : [1_000, 10_000, 100_000]),
      ...selectionCases(),
      ...restartCases(args.smoke),
    ],
    rounds,
  ),
);
replay.report();
