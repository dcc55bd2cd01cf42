import { type RandomStream, randomStream } from '../../src/random.js';
import type { RestartModelOptions } from '../../src/restart/model/restart-model.js';
import type { Phase } from '../../src/restart/phases/phase.js';
import { phase } from '../../src/restart/phases/phases.js';

/** A random phase of about the given mean: every family occurs, also nested. */
export function randomPhase(random: RandomStream, mean: number, depth = 2): Phase {
  const share = 0.2 + 0.6 * random.unit();
  const simple = [
    () => phase.fixed(mean),
    () => phase.exponential(mean),
    () => phase.gamma(0.3 + 4 * random.unit(), mean),
    () => phase.uniform(mean * share, mean * (2 - share)),
    () => phase.lognormal({ medianSeconds: mean, sigma: 0.2 + random.unit() }),
    () => phase.maximum(1 + random.below(20_000), phase.exponential(mean / 10)),
  ];
  const composed = [
    () => phase.sequence(randomPhase(random, mean * share, depth - 1), randomPhase(random, mean, depth - 1)),
    () =>
      phase.mixture([
        { weight: share, phase: randomPhase(random, mean / 3, depth - 1) },
        { weight: 1 - share, phase: randomPhase(random, 2 * mean, depth - 1) },
      ]),
    () => phase.scaled(2 * share, randomPhase(random, mean, depth - 1)),
  ];
  const all = depth > 0 ? [...simple, ...composed] : simple;
  return all[random.below(all.length)]!();
}

/**
 * A random model, everything drawn from one seed: from rare failures to restarts as long as the time between
 * failures, on every clock, with one tier or two.
 */
export function randomModel(seed: number): RestartModelOptions {
  const random = randomStream(seed, 'workload');
  const mttf = 100 * 10 ** (3 * random.unit());
  const clock = (['wall', 'wall', 'up', 'observed'] as const)[random.below(4)]!;
  // Mean restart from a hundredth of the time between failures to all of it (observed outages must fit in).
  const restart = mttf * (clock === 'observed' ? 0.02 + 0.1 * random.unit() : 10 ** (-2 * random.unit()));
  const hidden = {
    detect: randomPhase(random, restart * 0.1),
    reschedule: randomPhase(random, restart * 0.1),
  };
  const exposed = { launch: randomPhase(random, restart * 0.3), load: randomPhase(random, restart * 0.3) };
  const computeSeconds = mttf * 10 ** (-2 * random.unit());
  const stallSeconds = computeSeconds * 0.2 * random.unit();
  const persistLagSeconds = random.below(2) * computeSeconds * random.unit();
  const timing = { computeSeconds, stallSeconds, persistLagSeconds, clock, hidden, exposed };
  const tiers = random.below(3);
  if (tiers === 0) return { ...timing, failuresPerSecond: 1 / mttf };
  if (tiers === 1) {
    return {
      ...timing,
      failureClasses: [
        { failuresPerSecond: 0.7 / mttf },
        { failuresPerSecond: 0.3 / mttf, hidden: randomPhase(random, restart * 0.5) },
      ],
    };
  }
  const snapshots = 1 + random.below(8);
  return {
    ...timing,
    computeSeconds: computeSeconds / snapshots,
    stallSeconds: stallSeconds / snapshots,
    persistLagSeconds: persistLagSeconds / snapshots,
    durable: { snapshots, stallSeconds },
    failureClasses: [
      { failuresPerSecond: 0.5 / mttf },
      { failuresPerSecond: 0.3 / mttf, exposed: randomPhase(random, restart * 0.2) },
      { failuresPerSecond: 0.2 / mttf, exposed: { load: randomPhase(random, restart) }, rollback: 'durable' },
    ],
  };
}
