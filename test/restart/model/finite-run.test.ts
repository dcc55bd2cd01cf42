import { describe, expect, it } from 'vitest';
import { type RandomStream, randomStream } from '../../../src/random.js';
import { ettr } from '../../../src/restart/model/ettr.js';
import { finiteRunSeconds } from '../../../src/restart/model/finite-run.js';
import { type RestartModelOptions, restartModel } from '../../../src/restart/model/restart-model.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { metaFiniteEttr } from '../../../src/restart/published/published-ettr.js';
import { refused, refusedAs } from '../refusals.js';

const options = {
  failuresPerSecond: 1 / 1500,
  computeSeconds: 400,
  stallSeconds: 10,
  persistLagSeconds: 60,
} satisfies RestartModelOptions;
const HIDDEN = 50;
const EXPOSED = 120;
const START = 300;
const QUEUE = 90;
const model = restartModel({
  ...options,
  hidden: phase.fixed(HIDDEN),
  exposed: phase.exponential(EXPOSED),
});

/** One run played out, by code that shares nothing with the library but the random numbers. */
function played(random: RandomStream, productive: number): number {
  const exponential = (mean: number): number => -mean * Math.log(1 - random.unit());
  let failure = exponential(1500);
  let clock = QUEUE;
  const survive = (seconds: number): boolean => {
    clock += Math.min(seconds, failure);
    if (failure < seconds) {
      failure = exponential(1500);
      return false;
    }
    failure -= seconds;
    return true;
  };
  const restart = (): void => {
    do clock += HIDDEN;
    while (!survive(exponential(EXPOSED)));
  };
  if (!survive(START)) restart();
  let lag = options.persistLagSeconds;
  for (let left = productive; left > 0; left -= options.computeSeconds) {
    const segment = Math.min(left, options.computeSeconds) + options.stallSeconds;
    while (!survive(segment + lag)) {
      lag = options.persistLagSeconds;
      restart();
    }
    lag = 0;
  }
  return clock;
}

describe('finiteRunSeconds', () => {
  it.each([150, 400, 1000, 2350])('equals runs of %d productive seconds played out', (productive) => {
    const exact = finiteRunSeconds(model, {
      productiveSeconds: productive,
      startUp: phase.fixed(START),
      queueSeconds: QUEUE,
    });
    const random = randomStream(productive, 'failures');
    const runs = Array.from({ length: 60_000 }, () => played(random, productive));
    const mean = runs.reduce((sum, s) => sum + s, 0) / runs.length;
    const error = Math.sqrt(
      runs.reduce((sum, s) => sum + (s - mean) ** 2, 0) / runs.length / (runs.length - 1),
    );
    expect(Math.abs(mean - exact)).toBeLessThan(4 * error);
  });

  it('tends to the long run', () => {
    expect(4e9 / finiteRunSeconds(model, { productiveSeconds: 4e9 })).toBeCloseTo(ettr(model), 6);
  });

  it('tends to Meta’s finite form as failures become rare', () => {
    const rare = restartModel({
      failuresPerSecond: 1e-7,
      computeSeconds: 600,
      hidden: phase.fixed(60),
      exposed: phase.fixed(300),
    });
    const exact =
      6e5 / finiteRunSeconds(rare, { productiveSeconds: 6e5, startUp: phase.fixed(300), queueSeconds: 60 });
    const meta = metaFiniteEttr({
      failuresPerSecond: 1e-7,
      startSeconds: 300,
      computeSeconds: 600,
      queueSeconds: 60,
      productiveSeconds: 6e5,
    });
    expect(exact).toBeCloseTo(meta, 6);
  });

  it('is the sum of its parts where nothing fails or nothing can be interrupted', () => {
    const calm = restartModel({ ...options, failuresPerSecond: 0 });
    expect(
      finiteRunSeconds(calm, { productiveSeconds: 1000, startUp: phase.fixed(7), queueSeconds: 5 }),
    ).toBeCloseTo(1000 + 3 * 10 + 60 + 7 + 5, 9);
    const up = restartModel({ ...options, clock: 'up' });
    const without = finiteRunSeconds(up, { productiveSeconds: 1000 });
    expect(finiteRunSeconds(up, { productiveSeconds: 1000, startUp: phase.fixed(70) }) - without).toBeCloseTo(
      70,
      9,
    );
  });

  it('refuses nonsense and two tiers', () => {
    expect(() => finiteRunSeconds(model, { productiveSeconds: 0 })).toThrow(refused('productiveSeconds'));
    expect(() => finiteRunSeconds(model, { productiveSeconds: 1, queueSeconds: -1 })).toThrow(
      refused('queueSeconds'),
    );
    expect(() => finiteRunSeconds(model, { productiveSeconds: 1, startUp: 3 as never })).toThrow(
      refused('startUp'),
    );
    const two = restartModel({ ...options, durable: { snapshots: 2, stallSeconds: 1 } });
    expect(() => finiteRunSeconds(two, { productiveSeconds: 1 })).toThrow(refused('model', 'durable'));
    const often = restartModel({ ...options, computeSeconds: 1, persistLagSeconds: 0 });
    expect(() => finiteRunSeconds(often, { productiveSeconds: 1e18 })).toThrow(
      refusedAs('limit-exceeded', ['productiveSeconds']),
    );
  });
});
