import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LaneItem, labelPosition, laneRows, laneSlots } from '../../../src/render/server/lanes.js';

const arc = (...columns: number[]): LaneItem => ({ columns, isBar: false });
const bar = (...columns: number[]): LaneItem => ({ columns, isBar: true });

describe('laneRows', () => {
  it('puts a chain of arcs into one row, and short arcs nearer than long ones', () => {
    expect(laneRows([arc(0, 1), arc(1, 2), arc(2, 3)])).toEqual([0, 0, 0]);
    expect(laneRows([arc(0, 3), arc(0, 1), arc(1, 2)])).toEqual([1, 0, 0]);
  });

  it('keeps bars apart, behind the arcs', () => {
    expect(laneRows([bar(0, 3), bar(4, 7), bar(3, 4), arc(0, 7)])).toEqual([2, 2, 1, 0]);
    expect(laneRows([bar(0, 1), bar(1, 2)])).toEqual([0, 1]);
  });

  it('never puts two items over each other', () => {
    const item = fc
      .record({ a: fc.nat(9), b: fc.nat(9), isBar: fc.boolean() })
      .filter(({ a, b }) => a < b)
      .map(({ a, b, isBar }): LaneItem => ({ columns: [a, b], isBar }));
    fc.assert(
      fc.property(fc.array(item, { maxLength: 30 }), (items) => {
        const rows = laneRows(items);
        items.forEach((a, i) => {
          items.slice(i + 1).forEach((b, j) => {
            if (rows[i] !== rows[i + 1 + j]) return;
            expect(a.isBar).toBe(b.isBar);
            const between = Math.max(a.columns[0]!, b.columns[0]!) - Math.min(a.columns[1]!, b.columns[1]!);
            expect(between).toBeGreaterThanOrEqual(a.isBar ? 1 : 0);
          });
        });
      }),
    );
  });
});

describe('laneSlots', () => {
  it('sorts what comes from the left, bars, and what leaves to the right so that lines do not cross', () => {
    const items = [arc(0, 1), arc(0, 2), arc(1, 2), arc(1, 3), bar(0, 1, 2, 3)];
    const rows = laneRows(items);
    const slots = laneSlots(items, rows, 4);
    expect(rows).toEqual([0, 1, 0, 2, 3]);
    // At column 1: the arc from 0, the bar, then the far arc to 3 before the near one to 2.
    expect(slots[1]).toEqual([0, 4, 3, 2]);
    expect(slots[0]).toEqual([4, 1, 0]);
    expect(slots[2]).toEqual([2, 1, 4]);
  });
});

describe('labelPosition', () => {
  it('is the middle where nothing crosses', () => {
    expect(labelPosition(0, 100, [], 20)).toBe(50);
    expect(labelPosition(0, 100, [0, 100, 200], 20)).toBe(50);
  });

  it('moves to the nearest gap that is wide enough', () => {
    expect(labelPosition(0, 100, [50], 20)).toBe(40);
    expect(labelPosition(0, 100, [45, 50, 60], 20)).toBe(35);
    expect(labelPosition(0, 100, [35, 55, 60], 20)).toBe(45);
  });

  it('takes the widest gap if none is wide enough', () => {
    expect(labelPosition(0, 30, [10, 22], 20)).toBe(16);
  });
});
