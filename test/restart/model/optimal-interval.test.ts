import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { optimalInterval } from '../../../src/restart/model/optimal-interval.js';
import { type RestartModelOptions, restartModel } from '../../../src/restart/model/restart-model.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { randomModel } from '../random-model.js';
import { refusedAs } from '../refusals.js';

const at = (
  mttf: number,
  stallSeconds: number,
  more: Partial<RestartModelOptions> = {},
): ReturnType<typeof restartModel> =>
  restartModel({ failuresPerSecond: 1 / mttf, computeSeconds: 1, stallSeconds, ...more });

describe('optimalInterval', () => {
  it('is Lambert’s value in the strongly non-linear regime', () => {
    expect(optimalInterval(at(900, 300), 'exact') / 60).toBeCloseTo(9.166502820935701, 11);
    expect(optimalInterval(at(1440 * 60, 300)) / 60).toBeCloseTo(116.69, 3);
    expect(optimalInterval(at(360 * 60, 300)) / 60).toBeCloseTo(56.714, 3);
  });

  it('solves (1 − y)e^y = e^(−s/M) for every ratio of stall to time between failures', () => {
    for (let exponent = -14; exponent <= 2.5; exponent += 0.25) {
      const epsilon = 10 ** exponent;
      const y = optimalInterval(at(1, epsilon));
      expect(y).toBeGreaterThan(0);
      expect(y).toBeLessThanOrEqual(1);
      if (epsilon < 0.01) {
        // The series of the root: √(2ε)·(1 − √(2ε)/3 + 2ε/36).
        const r = Math.sqrt(2 * epsilon);
        expect(Math.abs(y / (r * (1 - r / 3 + (r * r) / 36)) - 1)).toBeLessThan(1e-10 + 0.01 * r ** 3);
      } else if (epsilon < 10) expect(-Math.log1p(-y) - y).toBeCloseTo(epsilon, 8);
    }
  });

  it('is the maximum of ettr, whatever the restart, the lag and the clock', () => {
    for (let seed = 1; seed <= 120; seed++) {
      const options = { ...randomModel(seed), persistLagSeconds: 0 };
      const best = optimalInterval(restartModel(options));
      const score = (computeSeconds: number): number => ettr(restartModel({ ...options, computeSeconds }));
      for (const factor of [0.5, 0.9, 0.99, 1.01, 1.1, 2]) {
        expect(score(best * factor), `seed ${seed}, ${factor}`).toBeLessThan(score(best) + 1e-13);
      }
    }
  });

  it('does not depend on restart time', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e4, noNaN: true }), (seconds) => {
        expect(
          optimalInterval(at(5000, 7, { exposed: phase.fixed(seconds), hidden: phase.fixed(seconds) })),
        ).toBe(optimalInterval(at(5000, 7)));
      }),
      { seed: 3 },
    );
  });

  it('is never below the persist lag', () => {
    const lagging = at(5000, 7, { computeSeconds: 900, persistLagSeconds: 800 });
    for (const method of ['exact', 'young', 'daly'] as const)
      expect(optimalInterval(lagging, method)).toBe(800);
  });

  it('is Young’s and Daly’s where asked for', () => {
    expect(optimalInterval(at(360, 5), 'young')).toBeCloseTo(60, 12);
    expect(optimalInterval(at(360, 5), 'daly')).toBeCloseTo(56.712962962962955, 12);
    expect(optimalInterval(at(15, 5), 'daly')).toBeCloseTo(9.140919986395813, 12);
    expect(optimalInterval(at(15, 40), 'daly')).toBe(15);
  });

  it('is 0 for free checkpoints and endless without failures', () => {
    expect(optimalInterval(at(360, 0))).toBe(0);
    expect(optimalInterval(restartModel({ failuresPerSecond: 0, computeSeconds: 1 }))).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it('of two tiers lies close to its first-order form where failures are rare', () => {
    const two = restartModel({
      computeSeconds: 1,
      stallSeconds: 0.1,
      durable: { snapshots: 10, stallSeconds: 2 },
      failureClasses: [{ failuresPerSecond: 1e-6 }, { failuresPerSecond: 1e-7, rollback: 'durable' }],
    });
    const young = Math.sqrt((2 * 0.29) / (1e-6 + 10 * 1e-7));
    expect(optimalInterval(two, 'young')).toBeCloseTo(young, 9);
    expect(optimalInterval(two) / young).toBeCloseTo(1, 2);
    expect(() => optimalInterval(two, 'daly')).toThrow(refusedAs('invalid-option', ['method']));
  });

  it('refuses other methods', () => {
    expect(() => optimalInterval(at(1, 1), 'weibull' as never)).toThrow(
      refusedAs('invalid-option', ['method']),
    );
  });
});
