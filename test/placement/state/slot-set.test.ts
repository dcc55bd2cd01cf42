import { describe, expect, it } from 'vitest';
import {
  firstSlot,
  insertSlot,
  nextSlot,
  removeSlot,
  type SlotSetLayout,
  slotSetLayout,
} from '../../../src/placement/state/slot-set.js';
import { randomStream } from '../../../src/random.js';

/** The lowest member from `from` on, found by looking at all. */
function lowest(members: ReadonlySet<number>, from: number): number {
  let least = -1;
  for (const member of members) {
    if (member >= from && (least === -1 || member < least)) least = member;
  }
  return least;
}

/** What a set says against a `Set`, asked from every member on and one beyond. */
function wrongAnswers(
  pool: Int32Array,
  base: number,
  layout: SlotSetLayout,
  members: ReadonlySet<number>,
  size: number,
): string[] {
  const wrong: string[] = [];
  if (firstSlot(pool, base, layout) !== lowest(members, 0)) wrong.push('first');
  let expected = -1;
  for (let from = size; from >= 0; from--) {
    if (members.has(from)) expected = from;
    if (nextSlot(pool, base, layout, from) !== expected) wrong.push(`next from ${from}`);
  }
  return wrong;
}

describe('slotSetLayout', () => {
  it('has one bit for each member and, above, one for each word, up to a single word', () => {
    expect([0, 1, 32, 33, 1024, 1025, 32_768, 32_769].map((size) => slotSetLayout(size).levels)).toEqual([
      1, 1, 1, 2, 2, 3, 3, 4,
    ]);
    expect(slotSetLayout(1_000_000).words).toBe(31_250 + 977 + 31 + 1);
    expect([...slotSetLayout(1025).levelOffset]).toEqual([0, 33, 35]);
  });
});

describe('insertSlot, removeSlot, firstSlot and nextSlot', () => {
  it('are a set of integers: every set of up to 10 members', () => {
    const size = 10;
    const layout = slotSetLayout(size);
    for (let bits = 0; bits < 2 ** size; bits++) {
      const pool = new Int32Array(layout.words);
      const members = new Set<number>();
      for (let member = 0; member < size; member++) {
        if (((bits >> member) & 1) === 0) continue;
        expect(insertSlot(pool, 0, layout, member)).toBe(members.size === 0);
        members.add(member);
      }
      expect(wrongAnswers(pool, 0, layout, members, size)).toEqual([]);
      for (const member of [...members]) {
        members.delete(member);
        expect(removeSlot(pool, 0, layout, member)).toBe(members.size === 0);
        expect(wrongAnswers(pool, 0, layout, members, size)).toEqual([]);
      }
      expect(pool.every((word) => word === 0)).toBe(true);
    }
  });

  it('find any two members across the borders of words and levels', () => {
    // One level, two, three: the borders are at 32, 1024 and the last member.
    for (const size of [32, 33, 64, 65, 1023, 1024, 1025, 2080]) {
      const layout = slotSetLayout(size);
      const pool = new Int32Array(layout.words);
      const ends = [0, 1, 31, 32, 33, 63, 64, 1022, 1023, 1024, 1055, 1056, size - 1].filter((m) => m < size);
      for (const a of ends) {
        for (const b of ends) {
          const members = new Set([a, b]);
          for (const member of members) insertSlot(pool, 0, layout, member);
          expect(wrongAnswers(pool, 0, layout, members, size)).toEqual([]);
          for (const member of members) removeSlot(pool, 0, layout, member);
          expect(pool.every((word) => word === 0)).toBe(true);
        }
      }
    }
  });

  it.each([7, 32, 100, 1025, 33_000])('follow a Set of %d members through a long history', (size) => {
    const { below } = randomStream(size, 'workload');
    const layout = slotSetLayout(size);
    // Neighbours in the pool must not be touched.
    const pool = new Int32Array(3 * layout.words).fill(-1);
    pool.fill(0, layout.words, 2 * layout.words);
    const base = layout.words;
    const members = new Set<number>();
    for (let step = 0; step < 3000; step++) {
      const member = below(size);
      const empty = members.size === 0;
      if (members.has(member) || (step > 2000 && !empty && below(3) > 0)) {
        const gone = members.has(member) ? member : [...members][0]!;
        members.delete(gone);
        expect(removeSlot(pool, base, layout, gone)).toBe(members.size === 0);
      } else {
        members.add(member);
        expect(insertSlot(pool, base, layout, member)).toBe(empty);
      }
      const from = below(size + 1);
      expect(nextSlot(pool, base, layout, from)).toBe(lowest(members, from));
      expect(firstSlot(pool, base, layout)).toBe(lowest(members, 0));
    }
    expect(pool.subarray(0, base).every((word) => word === -1)).toBe(true);
    expect(pool.subarray(2 * base).every((word) => word === -1)).toBe(true);
  });

  it('say once more that a member is there, or gone, without harm', () => {
    const layout = slotSetLayout(40);
    const pool = new Int32Array(layout.words);
    expect([insertSlot(pool, 0, layout, 33), insertSlot(pool, 0, layout, 33)]).toEqual([true, false]);
    expect(removeSlot(pool, 0, layout, 33)).toBe(true);
    expect(firstSlot(pool, 0, layout)).toBe(-1);
  });
});
