import { describe, expect, it } from 'vitest';
import { type RandomPurpose, randomStream } from '../src/random.js';

const PURPOSES: readonly RandomPurpose[] = ['ties', 'gpu', 'workload', 'failures', 'phases', 'hardware'];
/** 16 cells leave 15 degrees of freedom; the chance of more is 1 in 100,000. */
const CHI_SQUARE_MAX = 50.5;
/** Of a correlation of independent numbers, which is 0 give or take 1 / √n; the chance of more is 1 in 100,000. */
const ERRORS_MAX = 4.4;

/** Σ (seen − expected)² / expected over 16 equal cells of 0 … 1. */
function chiSquare(units: readonly number[]): number {
  const cells = new Array<number>(16).fill(0);
  for (const unit of units) cells[Math.floor(16 * unit)]!++;
  const expected = units.length / 16;
  return cells.reduce((sum, seen) => sum + (seen - expected) ** 2 / expected, 0);
}

/** The correlation of two lists of uniform numbers, whose mean is 1/2 and variance 1/12. */
function correlation(a: readonly number[], b: readonly number[]): number {
  return (12 * a.reduce((sum, x, i) => sum + (x - 0.5) * (b[i]! - 0.5), 0)) / a.length;
}

function ones(word: number): number {
  return (word >>> 0).toString(2).replaceAll('0', '').length;
}

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
        592,
        431,
        870,
        430,
        220,
      ]
    `);
  });

  it('is seeded with what SplitMix64 is published to give', () => {
    const [a, b, c, d] = randomStream(1_234_567, 'ties')
      .state()
      .map((word) => BigInt(word >>> 0));
    expect([(a! << 32n) | b!, (c! << 32n) | d!]).toEqual([
      6_457_827_717_110_365_317n,
      3_203_168_211_198_807_973n,
    ]);
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

  it('starts seeds in a row anywhere: first numbers are uniform, and no two of a row go together', () => {
    for (const first of [0, -3000, 2 ** 32 - 1500, 2 ** 40]) {
      for (const purpose of PURPOSES) {
        const units = Array.from({ length: 3000 }, (_, i) => randomStream(first + i, purpose).unit());
        expect(chiSquare(units), `${purpose} from seed ${first}`).toBeLessThan(CHI_SQUARE_MAX);
        for (const lag of [1, 2, 16]) {
          const errors = correlation(units.slice(lag), units.slice(0, -lag)) * Math.sqrt(3000);
          expect(Math.abs(errors), `${purpose} from seed ${first}, ${lag} apart`).toBeLessThan(ERRORS_MAX);
        }
      }
    }
  });

  it('has nothing in common between purposes of one seed', () => {
    const firsts = PURPOSES.map((purpose) =>
      Array.from({ length: 3000 }, (_, seed) => randomStream(seed, purpose).unit()),
    );
    firsts.forEach((some, i) => {
      for (const others of firsts.slice(i + 1)) {
        expect(Math.abs(correlation(some, others)) * Math.sqrt(3000)).toBeLessThan(ERRORS_MAX);
      }
    });
  });

  it('differs in half of the bits of its state between neighbours', () => {
    let different = 0;
    for (let seed = -500; seed < 500; seed++) {
      const [a, b] = [randomStream(seed, 'ties').state(), randomStream(seed + 1, 'ties').state()];
      a.forEach((word, i) => {
        different += ones(word ^ b[i]!);
      });
    }
    // 128,000 bits, each different with a chance of one half: four standard errors.
    expect(Math.abs(different / 128_000 - 0.5)).toBeLessThan((4 * 0.5) / Math.sqrt(128_000));
  });

  it('takes 0 and -0 for one seed', () => {
    expect(draw(-0, 'ties')).toEqual(draw(0, 'ties'));
  });

  it.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 60, '1', null])('refuses the seed %s', (seed) => {
    expect(() => randomStream(seed as number, 'ties')).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['seed'] }),
    );
  });
});
