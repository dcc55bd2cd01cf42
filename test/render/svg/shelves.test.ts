import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SHELF_GAP, shelves } from '../../../src/render/svg/shelves.js';

const blocks = (count: number, width = 100, height = 50) =>
  Array.from({ length: count }, () => ({ width, height }));

describe('shelves', () => {
  it('puts what has room on one line, and as many on each where it has not', () => {
    expect(shelves(blocks(3), 1000)).toEqual({
      corners: [
        [0, 0],
        [110, 0],
        [220, 0],
      ],
      width: 320,
      height: 50,
    });
    // Three would have room: two and two rather than three and one.
    const four = shelves(blocks(4), 330);
    expect(four.corners.map(([, top]) => top)).toEqual([0, 0, 60, 60]);
    expect([four.width, four.height]).toEqual([210, 110]);
  });

  it('keeps the order, lets nothing overlap and nothing stick out', () => {
    const block = fc.record({
      width: fc.integer({ min: 1, max: 300 }),
      height: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(
        fc.array(block, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: 50, max: 900 }),
        (all, room) => {
          const { corners, width, height } = shelves(all, room);
          all.forEach((own, i) => {
            const [left, top] = corners[i]!;
            expect(left + own.width).toBeLessThanOrEqual(width);
            expect(top + own.height).toBeLessThanOrEqual(height);
            const next = corners[i + 1];
            if (next === undefined) return;
            const beside = next[1] === top && next[0] === left + own.width + SHELF_GAP;
            expect(beside || (next[0] === 0 && next[1] >= top + own.height + SHELF_GAP)).toBe(true);
          });
          expect(width).toBeLessThanOrEqual(Math.max(room, ...all.map((own) => own.width)));
        },
      ),
    );
  });
});
