/**
 * `npm run bench`: times with their minimum, median and ratio to a calibration kernel of the same run.
 * `npm run bench -- --smoke`: every case once, results checked, times of no meaning.
 */
import { arch, cpus, platform } from 'node:os';
import { calibration, measure, printTimings } from './harness.js';
import { placementCases } from './placement.js';
import { replayCases } from './replay.js';

const smoke = process.argv.includes('--smoke');
const rounds = smoke ? 1 : 9;

console.log(
  `Node ${process.version}, ${platform()} ${arch()}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}; ${rounds} rounds`,
);
const replay = replayCases();
printTimings(
  measure(
    [calibration(), ...replay.cases, ...placementCases(smoke ? [1_000] : [1_000, 10_000, 100_000])],
    rounds,
  ),
);
replay.report();
console.log(
  `peak resident memory of this process: ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB`,
);
