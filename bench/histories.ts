/**
 * `npx tsx bench/histories.ts [STEPS] [SEED]`: plays histories on solvers under every policy, and stops at the first state
 * that has two answers. By hand, before releases; the default is a million steps from seed 0.
 */
import { playHistories } from '../test/placement/history.js';

const STEPS_AT_ONCE = 20_000;
const STEPS_EACH = 60;

const steps = Number(process.argv[2] ?? 1_000_000);
let seed = Number(process.argv[3] ?? 0);
const started = performance.now();
let placed = 0;
let ranked = 0;
for (let done = 0; done < steps; done += STEPS_AT_ONCE) {
  const some = playHistories(seed, Math.min(STEPS_AT_ONCE, steps - done), STEPS_EACH);
  seed += some.histories;
  placed += some.placed;
  ranked += some.ranked;
}
const seconds = Math.round((performance.now() - started) / 1000);
console.log(
  `${steps} steps, seeds ${process.argv[3] ?? 0} to ${seed - 1}: one answer each; ${placed} placements and ${ranked} rankings compared in ${seconds} s`,
);
