import { describe, expect, it } from 'vitest';
import {
  addCount,
  type CountSets,
  hasCount,
  largestCount,
  nothing,
  sumOf,
} from '../../../src/placement/gangs/count-set.js';
import { randomStream } from '../../../src/random.js';

const listed = (set: Uint32Array): number[] =>
  Array.from({ length: 32 * set.length }, (_, count) => count).filter((count) => hasCount(set, count));

function bits(counts: readonly number[], words: number): Uint32Array {
  const set = new Uint32Array(words);
  for (const count of counts) addCount(set, count);
  return set;
}

/** Sums of a member of each that are below the limit, ascending, once each. */
function sums(a: readonly number[], b: readonly number[], limit: number): number[] {
  const all = new Set(a.flatMap((x) => b.map((y) => x + y)).filter((sum) => sum < limit));
  return [...all].sort((x, y) => x - y);
}

describe('nothing', () => {
  it('takes none, and never the smaller slice', () => {
    expect(listed(nothing(2, 0)[0]!)).toEqual([0]);
    expect(nothing(2, 0)).toHaveLength(1);
    expect(listed(nothing(2, 1)[1]!)).toEqual([]);
  });
});

describe('addCount, hasCount and largestCount', () => {
  it('are a set of every count that there is room for, and pass over what there is not', () => {
    for (let words = 1; words <= 3; words++) {
      for (let count = 0; count < 32 * words + 40; count++) {
        const set = new Uint32Array(words);
        addCount(set, count);
        expect(listed(set)).toEqual(count < 32 * words ? [count] : []);
        expect(largestCount(set)).toBe(count < 32 * words ? count : -1);
        expect(hasCount(set, count)).toBe(count < 32 * words);
      }
    }
  });
});

describe('sumOf', () => {
  it('adds any two sets of counts below 6, exhaustively', () => {
    const sets = Array.from({ length: 64 }, (_, mask) =>
      [0, 1, 2, 3, 4, 5].filter((count) => ((mask >> count) & 1) === 1),
    );
    for (const a of sets) {
      for (const b of sets) {
        const sum = sumOf([bits(a, 1)], [bits(b, 1)]);
        if (listed(sum[0]!).join() !== sums(a, b, 32).join()) expect(listed(sum[0]!)).toEqual(sums(a, b, 32));
        expect(sum).toHaveLength(1);
      }
    }
  });

  it('adds across the borders of words and drops what there is no room for', () => {
    const { below } = randomStream(1, 'workload');
    for (let round = 0; round < 2000; round++) {
      const words = 1 + below(4);
      const draw = (): number[] => {
        const chosen = new Set(Array.from({ length: below(6) }, () => below(32 * words)));
        return [...chosen].sort((x, y) => x - y);
      };
      const [a, b, c, d] = [draw(), draw(), draw(), draw()];
      const of = (plain: readonly number[], withRest: readonly number[]): CountSets => [
        bits(plain, words),
        bits(withRest, words),
      ];
      const sum = sumOf(of(a, c), of(b, d));
      expect(listed(sum[0]!)).toEqual(sums(a, b, 32 * words));
      // The smaller slice is in one of the two, not in both.
      const either = new Set([...sums(c, b, 32 * words), ...sums(a, d, 32 * words)]);
      expect(listed(sum[1]!)).toEqual([...either].sort((x, y) => x - y));
    }
  });

  it('leaves what it adds as it was', () => {
    const a = [bits([1, 40], 2), bits([2], 2)];
    const b = [bits([3], 2), bits([0, 63], 2)];
    const before = JSON.stringify([a, b].map((sets) => sets.map(listed)));
    sumOf(a, b);
    expect(JSON.stringify([a, b].map((sets) => sets.map(listed)))).toBe(before);
  });
});
