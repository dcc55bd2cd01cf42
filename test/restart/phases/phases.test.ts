import { describe, expect, it } from 'vitest';
import type { Phase } from '../../../src/restart/phases/phase.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { drawn, momentsByTransform } from '../moments.js';

/** Every family, with small and large spread. */
const ALL: Record<string, Phase> = {
  fixed: phase.fixed(30),
  exponential: phase.exponential(10),
  'gamma of shape below 1': phase.gamma(0.4, 25),
  'gamma of shape 4': phase.gamma(4, 2.5),
  uniform: phase.uniform(5, 25),
  'lognormal of sigma 0.5': phase.lognormal({ medianSeconds: 20, sigma: 0.5 }),
  'lognormal of sigma 1.2': phase.lognormal({ medianSeconds: 5, sigma: 1.2 }),
  mixture: phase.mixture([
    { weight: 9, phase: phase.exponential(10) },
    { weight: 1, phase: phase.fixed(600) },
  ]),
  sequence: phase.sequence(phase.fixed(4), phase.exponential(3), [phase.gamma(2, 2), phase.fixed(1)]),
  'maximum of 5': phase.maximum(5, phase.exponential(7)),
  'maximum of 2048': phase.maximum(2048, phase.exponential(5)),
  scaled: phase.scaled(1.5, phase.gamma(2, 4)),
};

describe.each(Object.entries(ALL))('phase: %s', (_, p) => {
  const z = 0.7 / p.mean;

  it('has a transform of 1 at 0 that falls with z', () => {
    expect(p.laplace(0)).toBeCloseTo(1, 14);
    let before = 1;
    for (const factor of [0.1, 0.5, 1, 5, 50]) {
      const now = p.laplace(factor * z);
      expect(now).toBeLessThan(before);
      expect(now).toBeGreaterThanOrEqual(0);
      before = now;
    }
  });

  it('has the mean and variance that its transform says', () => {
    const moments = momentsByTransform(p);
    expect(moments.mean / p.mean).toBeCloseTo(1, 6);
    // A second difference of doubles: the transform is 1 to 16 digits, and the step squared takes eight of them.
    expect(Math.abs(moments.variance - p.variance)).toBeLessThan(2e-4 * (p.variance + p.mean ** 2));
  });

  it('is drawn with that mean, variance and transform', () => {
    const sample = drawn(p, z);
    for (const [name, expected] of [
      ['mean', p.mean],
      ['variance', p.variance],
      ['laplace', p.laplace(z)],
    ] as const) {
      const { value, error } = sample[name];
      expect(Math.abs(value - expected), name).toBeLessThanOrEqual(4 * error + 1e-11 * expected);
    }
  });

  it('lies at or above the exponential of its mean (Jensen)', () => {
    expect(p.laplace(z)).toBeGreaterThanOrEqual(Math.exp(-z * p.mean) * (1 - 1e-12));
  });
});

describe('phase', () => {
  it('draws nothing for a fixed duration, and the same for the same numbers', () => {
    expect(
      phase.fixed(3).sample(() => {
        throw new Error('drew a number');
      }),
    ).toBe(3);
    expect(phase.exponential(2).sample(() => 0.5)).toBeCloseTo(2 * Math.log(2), 14);
    expect(phase.uniform(2, 6).sample(() => 0.25)).toBe(3);
  });

  it('survives the ends of the uniform numbers', () => {
    const ends = [0, 1 - 2 ** -53];
    for (const p of Object.values(ALL)) {
      for (const u of ends) {
        // Alternate with ordinary numbers, lest a rejection never ends.
        let calls = 0;
        const seconds = p.sample(() => (calls++ === 0 ? u : 0.4));
        expect(seconds).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(seconds)).toBe(true);
      }
    }
  });
});
