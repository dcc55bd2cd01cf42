import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { type RestartModelOptions, restartModel } from '../../../src/restart/model/restart-model.js';
import type { Phase } from '../../../src/restart/phases/phase.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { randomModel } from '../random-model.js';

const MINUTE = 60;
const of = (options: RestartModelOptions): number => ettr(restartModel(options));
const between = (min: number, max: number): fc.Arbitrary<number> => fc.double({ min, max, noNaN: true });
const settings = { seed: 4, numRuns: 200 };

/** The models of one tier among the random ones, by seed. */
const oneTier = fc
  .integer({ min: 1, max: 100_000 })
  .map(randomModel)
  .filter((options) => options.durable === undefined && options.failuresPerSecond !== undefined);

describe('ettr', () => {
  it('is Daly’s complete model for fixed restarts', () => {
    fc.assert(
      fc.property(between(100, 1e5), between(1, 1e4), between(0, 100), between(0, 1e4), (m, tau, s, r) => {
        const daly = tau / (m * Math.exp(r / m) * Math.expm1((tau + s) / m));
        const model = { failuresPerSecond: 1 / m, computeSeconds: tau, stallSeconds: s };
        expect(of({ ...model, exposed: phase.fixed(r) }) / daly).toBeCloseTo(1, 10);
      }),
      settings,
    );
  });

  it('stays right where the mean restart is the time between failures', () => {
    const minutes = of({
      failuresPerSecond: 0.1 / MINUTE,
      computeSeconds: 5 * MINUTE,
      stallSeconds: MINUTE,
      exposed: phase.gamma(4, 2.5 * MINUTE),
    });
    expect(minutes).toBeCloseTo(0.24911241526494632, 13);
  });

  it('does not depend on the order of the phases, nor on how they are cut into steps', () => {
    const parts = [phase.fixed(20), phase.exponential(30), phase.gamma(2, 10), phase.uniform(0, 9)];
    const model = { failuresPerSecond: 1e-3, computeSeconds: 300, stallSeconds: 3 };
    const forward = of({ ...model, exposed: phase.sequence(parts) });
    expect(of({ ...model, exposed: phase.sequence([...parts].reverse()) })).toBeCloseTo(forward, 14);
    const [a, b, c, d] = parts as [Phase, Phase, Phase, Phase];
    expect(of({ ...model, exposed: { launch: a, rendezvous: b, load: c, warmUp: d } })).toBeCloseTo(
      forward,
      14,
    );
    expect(of({ ...model, exposed: { launch: d, rendezvous: c, load: b, warmUp: a } })).toBeCloseTo(
      forward,
      14,
    );
  });

  it('falls with the failure rate, the stall, the lag and every mean', () => {
    fc.assert(
      fc.property(oneTier, between(1.001, 2), (options, factor) => {
        const before = of(options);
        const rate = options.failuresPerSecond! * factor;
        if (options.clock !== 'observed')
          expect(of({ ...options, failuresPerSecond: rate })).toBeLessThan(before);
        expect(of({ ...options, stallSeconds: options.stallSeconds! + 0.01 * factor })).toBeLessThan(before);
        const lag = Math.min(options.computeSeconds, options.persistLagSeconds! + 0.01);
        if (lag > options.persistLagSeconds!) {
          expect(of({ ...options, persistLagSeconds: lag })).toBeLessThan(before);
        }
        for (const side of ['hidden', 'exposed'] as const) {
          for (const [step, value] of Object.entries(options[side]!)) {
            const longer = { ...options[side], [step]: phase.scaled(factor, value as Phase) };
            expect(of({ ...options, [side]: longer }), `${side}.${step}`).toBeLessThan(before);
          }
        }
      }),
      settings,
    );
  });

  it('is higher for the more variable exposed phase of the same mean (Jensen)', () => {
    const model = { failuresPerSecond: 1 / 500, computeSeconds: 100, stallSeconds: 1 };
    const byShape = [1000, 8, 2, 1, 0.5, 0.1].map((shape) =>
      of({ ...model, exposed: phase.gamma(shape, 300 / shape) }),
    );
    expect([of({ ...model, exposed: phase.fixed(300) }), ...byShape]).toEqual(
      [of({ ...model, exposed: phase.fixed(300) }), ...byShape].sort((a, b) => a - b),
    );
    // Of the hidden phases only the mean counts.
    expect(of({ ...model, hidden: phase.gamma(0.1, 3000) })).toBeCloseTo(
      of({ ...model, hidden: phase.fixed(300) }),
      14,
    );
  });

  it('tends to 1 as stall, lag, restart and interval vanish, and to τ/(τ + s) as failures do', () => {
    for (const scale of [1e-3, 1e-6, 1e-9]) {
      const model = { failuresPerSecond: 1e-3, computeSeconds: scale, exposed: phase.fixed(scale) };
      expect(1 - of(model)).toBeLessThan(3e-3 * scale + 1e-12);
      const rare = { failuresPerSecond: 1e-3 * scale, computeSeconds: 90, stallSeconds: 10 };
      expect(of(rare)).toBeCloseTo(0.9, 2 - Math.log10(scale) / 2);
    }
    expect(of({ failuresPerSecond: 0, computeSeconds: 90, stallSeconds: 10 })).toBe(0.9);
  });

  it('pays e^(-λp) for a lag of p, as for a restart p longer', () => {
    const model = { failuresPerSecond: 1 / 700, computeSeconds: 200, stallSeconds: 4 };
    expect(of({ ...model, persistLagSeconds: 90 }) / of(model)).toBeCloseTo(Math.exp(-90 / 700), 13);
    expect(of({ ...model, persistLagSeconds: 90 })).toBeCloseTo(
      of({ ...model, exposed: phase.fixed(90) }),
      13,
    );
  });

  it('is 0, not NaN, where no interval is ever survived', () => {
    expect(of({ failuresPerSecond: 1, computeSeconds: 1e6, exposed: phase.fixed(1e6) })).toBe(0);
    const durable = { snapshots: 10, stallSeconds: 1 };
    expect(of({ failuresPerSecond: 1, computeSeconds: 1e6, durable })).toBe(0);
  });

  describe('clocks', () => {
    const steps = { hidden: phase.fixed(400), exposed: phase.exponential(200) };

    it('up: nothing fails during a restart, so all of it counts by its mean', () => {
      const model = { failuresPerSecond: 1 / 60_000, computeSeconds: 300, stallSeconds: 5 };
      expect(of({ ...model, ...steps, clock: 'up' })).toBeCloseTo(
        of({ ...model, hidden: phase.fixed(600) }),
        13,
      );
      // First order: τ/(τ+s) · M/(M + H + R + (τ+s)/2).
      const first = (300 / 305) * (60_000 / (60_000 + 600 + 305 / 2));
      expect(of({ ...model, ...steps, clock: 'up' })).toBeCloseTo(first, 4);
      expect(of({ ...model, ...steps })).toBeLessThan(of({ ...model, ...steps, clock: 'up' }));
    });

    it('observed: 1 − outage/MTBF where nothing is computed twice; 20 points from the clock of up-time', () => {
      const model = { failuresPerSecond: 1 / 1080, computeSeconds: 1e-6, ...steps };
      expect(of({ ...model, clock: 'observed' })).toBeCloseTo(1 - 600 / 1080, 8);
      expect(of({ ...model, clock: 'up' })).toBeCloseTo(1080 / 1680, 8);
    });
  });
});
