import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { components, hopsBetween } from '../../../src/formats/server/components.js';

/** Members 0 … count − 1 in a drawn order, and pairs of them. */
const members = fc
  .integer({ min: 0, max: 9 })
  .chain((count) =>
    fc.tuple(
      fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
      count === 0
        ? fc.constant([])
        : fc.array(fc.tuple(fc.nat({ max: count - 1 }), fc.nat({ max: count - 1 })), { maxLength: 12 }),
    ),
  );

/** All lengths by Floyd and Warshall, `Infinity` where nothing leads there. */
function lengths(order: readonly number[], pairs: readonly (readonly [number, number])[]): number[][] {
  const isPair = (a: number, b: number): boolean => pairs.some(([x, y]) => x === a && y === b);
  const table = order.map((a) =>
    order.map((b) => (a === b ? 0 : isPair(a, b) || isPair(b, a) ? 1 : Number.POSITIVE_INFINITY)),
  );
  for (const k of order.keys()) {
    for (const row of table) {
      for (const j of order.keys()) row[j] = Math.min(row[j]!, row[k]! + table[k]![j]!);
    }
  }
  return table;
}

describe('components', () => {
  it('keeps the order of the members, whatever they are', () => {
    const names = ['10', '__proto__', '9', 'constructor', 'a'];
    const pairs = [
      ['a', '10'],
      ['constructor', '__proto__'],
      ['9', '9'],
      ['10', 'a'],
    ] as const;
    expect(components(names, pairs)).toEqual([['10', 'a'], ['__proto__', 'constructor'], ['9']]);
    expect(components([], [])).toEqual([]);
  });

  it('holds together exactly what is joined, also over others', () => {
    fc.assert(
      fc.property(members, ([order, pairs]) => {
        const table = lengths(order, pairs);
        const expected = order.map((_, i) => order.filter((__, j) => Number.isFinite(table[i]![j]!)));
        const found = components(order, pairs);
        expect(found.flat().sort((a, b) => a - b)).toEqual([...order].sort((a, b) => a - b));
        for (const component of found) expect(component).toEqual(expected[order.indexOf(component[0]!)]);
      }),
      { seed: 7 },
    );
  });
});

describe('hopsBetween', () => {
  it('counts the fewest pairs on the way', () => {
    fc.assert(
      fc.property(members, ([order, pairs]) => {
        const expected = lengths(order, pairs).map((row) =>
          row.map((length) => (Number.isFinite(length) ? length : undefined)),
        );
        expect(hopsBetween(order, pairs)).toEqual(expected);
      }),
      { seed: 7 },
    );
  });
});
