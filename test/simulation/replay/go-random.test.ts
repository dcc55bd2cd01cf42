import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { GoRandom } from '../../../src/simulation/replay/go-random.js';
import { describeWithShared } from '../../shared-data.js';

describe('GoRandom', () => {
  it('draws the numbers that every Go program without a seed drew for years', () => {
    // rand.Intn(100) of math/rand with seed 1.
    const random = new GoRandom(1);
    expect(Array.from({ length: 10 }, () => random.intn(100))).toEqual([
      81, 87, 47, 59, 81, 18, 25, 40, 56, 0,
    ]);
  });

  it('takes the low bits for a power of two', () => {
    const one = new GoRandom(5);
    const two = new GoRandom(5);
    for (let i = 0; i < 100; i++) expect(one.intn(64)).toBe(Number((two.int63() >> 32n) & 63n));
  });

  it('gives permutations, uniformly enough', () => {
    const random = new GoRandom(3);
    const seen = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = [...random.perm(3)].join('');
      seen.set(key, (seen.get(key) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    // Five degrees of freedom: chi-square above 20.5 has probability 0.001.
    const chiSquare = [...seen.values()].reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chiSquare).toBeLessThan(20.5);
  });

  it.each([0, -1, 2 ** 31 - 1, Number.MIN_SAFE_INTEGER])('takes the seed %i', (seed) => {
    const random = new GoRandom(seed);
    for (let i = 0; i < 2000; i++) {
      const value = random.intn(1000);
      expect(value >= 0 && value < 1000).toBe(true);
    }
  });

  it('seeds 0 like 89482311 and negative seeds by their remainder', () => {
    expect(new GoRandom(0).int63()).toBe(new GoRandom(89_482_311).int63());
    expect(new GoRandom(-5).int63()).toBe(new GoRandom(2 ** 31 - 6).int63());
  });
});

describeWithShared('openb/vectors.json', 'GoRandom against unit vectors', (file) => {
  const { goRandSeed42: expected } = JSON.parse(readFileSync(file, 'utf8')) as {
    goRandSeed42: { int63: string[]; intn100: number[]; perm10: number[]; shuffle10: number[] };
  };

  it('equals Go with seed 42', () => {
    const a = new GoRandom(42);
    expect(expected.int63.map(() => String(a.int63()))).toEqual(expected.int63);
    const b = new GoRandom(42);
    expect(expected.intn100.map(() => b.intn(100))).toEqual(expected.intn100);
    expect([...new GoRandom(42).perm(10)]).toEqual(expected.perm10);
    const list = Array.from({ length: 10 }, (_, i) => i);
    new GoRandom(42).shuffle(list);
    expect(list).toEqual(expected.shuffle10);
  });
});
