import { describe, expect, it } from 'vitest';
import { randomStream } from '../src/random.js';

describe('randomStream', () => {
  const draw = (seed: number, purpose: 'ties' | 'gpu' | 'workload'): number[] => {
    const stream = randomStream(seed, purpose);
    return Array.from({ length: 20 }, () => stream.below(1000));
  };

  it('gives the same numbers for the same seed and purpose, others for another', () => {
    expect(draw(1, 'ties')).toEqual(draw(1, 'ties'));
    expect(draw(1, 'ties')).not.toEqual(draw(2, 'ties'));
    expect(draw(1, 'ties')).not.toEqual(draw(1, 'gpu'));
    expect(draw(1, 'gpu')).not.toEqual(draw(1, 'workload'));
  });

  it('tells seeds apart that differ above their lowest 32 bits', () => {
    const streams = [1, 1 + 2 ** 32, 1 - 2 ** 32, -1, 2 ** 32 - 1].map((seed) => draw(seed, 'ties').join());
    expect(new Set(streams).size).toBe(streams.length);
  });

  it('gives these numbers, in this version and the next', () => {
    expect(draw(42, 'ties').slice(0, 5)).toMatchInlineSnapshot(`
      [
        605,
        225,
        535,
        820,
        834,
      ]
    `);
  });

  it('continues from a saved state', () => {
    const stream = randomStream(7, 'gpu');
    stream.below(10);
    const saved = stream.state();
    const next = [stream.below(1000), stream.below(1000)];
    stream.reset(saved);
    expect([stream.below(1000), stream.below(1000)]).toEqual(next);
  });

  it('stays below its bound', () => {
    const stream = randomStream(3, 'ties');
    for (const bound of [1, 2, 3, 2 ** 31]) {
      for (let i = 0; i < 100; i++) expect(stream.below(bound)).toBeLessThan(bound);
    }
  });

  it('draws doubles from 0 to below 1, with a mean of one half', () => {
    const stream = randomStream(5, 'phases');
    const drawn = Array.from({ length: 10_000 }, () => stream.unit());
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...drawn)).toBeLessThan(1);
    // Four standard errors of the mean of 10,000: 4 / sqrt(12 · 10,000).
    expect(Math.abs(drawn.reduce((sum, u) => sum + u, 0) / 10_000 - 0.5)).toBeLessThan(0.0116);
    expect(new Set(drawn).size).toBe(10_000);
  });

  it.each([0.5, Number.NaN, 2 ** 60])('refuses the seed %d', (seed) => {
    expect(() => randomStream(seed, 'ties')).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['seed'] }),
    );
  });
});
