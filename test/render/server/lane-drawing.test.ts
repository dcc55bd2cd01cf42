import { describe, expect, it } from 'vitest';
import {
  columnWidthMin,
  drawLanes,
  type Lane,
  lanesHeight,
  planLanes,
} from '../../../src/render/server/lane-drawing.js';
import { textWidth } from '../../../src/render/svg/svg-text.js';

const lane = (columns: readonly number[], more: Partial<Lane> = {}): Lane => ({
  columns,
  isBar: false,
  isSwitch: false,
  medium: 'nvlink',
  linkCount: 1,
  strength: 1,
  label: '25',
  tooltip: 'a link',
  riserLabels: undefined,
  ...more,
});
const columns = [0, 1, 2, 3].map((i) => ({ left: 60 * i, right: 60 * i + 50, edge: 90 }));

describe('columnWidthMin', () => {
  it('has room for all lines of the column with the most, and for labels', () => {
    expect(columnWidthMin(planLanes([], 4))).toBe(0);
    const one = columnWidthMin(planLanes([lane([0, 1])], 4));
    const three = columnWidthMin(planLanes([lane([0, 1]), lane([0, 2]), lane([0, 3])], 4));
    expect(three).toBeGreaterThan(one);
    const label = 'a rather long label of a bar';
    const bar = columnWidthMin(planLanes([lane([0, 1], { isBar: true, label })], 4));
    expect(2 * bar).toBeGreaterThan(textWidth(label, 12));
    const risers = { isBar: true, riserLabels: ['123.4', '5'] };
    expect(columnWidthMin(planLanes([lane([0, 1], risers)], 4))).toBeGreaterThan(textWidth('123.4', 11));
  });
});

describe('drawLanes', () => {
  it('draws every lane once with its links, below or above', () => {
    const plan = planLanes(
      [lane([0, 1]), lane([1, 3], { strength: 2 }), lane([0, 1, 2, 3], { isBar: true, linkCount: 6 })],
      4,
    );
    const counts = (markup: string): string[] =>
      [...markup.matchAll(/data-links="(\d+)"/g)].map(([, count]) => count!);
    const below = drawLanes(plan, columns, 100, 1);
    expect(counts(below.markup.join(''))).toEqual(['1', '1', '6']);
    expect(below.height).toBe(lanesHeight(plan));
    expect(below.bars).toMatchObject([{ lane: 2, left: 0, right: 230 }]);
    expect(below.bars[0]!.middle).toBeGreaterThan(100);
    const above = drawLanes(plan, columns, 90, -1);
    expect(counts(above.markup.join(''))).toEqual(['1', '1', '6']);
    expect(above.bars[0]!.middle).toBeLessThan(90);
    expect(lanesHeight(planLanes([], 4))).toBe(0);
  });

  it('writes figures where no line crosses them', () => {
    // The line from column 1 down to the long arc crosses the middle of the short one.
    const plan = planLanes([lane([0, 2], { label: '111' }), lane([1, 3], { label: '222' })], 4);
    const markup = drawLanes(plan, columns, 100, 1).markup.join('');
    expect(plan.rows).toEqual([0, 1]);
    const crossing = Number(/<path d="M([\d.]+) /.exec(markup.slice(markup.lastIndexOf('<path')))![1]);
    const at = Number(/<text x="([\d.]+)"[^>]*>111</.exec(markup)![1]);
    expect(Math.abs(at - crossing)).toBeGreaterThan(textWidth('111', 11) / 2);
    expect(at).toBeGreaterThan(columns[0]!.left);
    expect(at).toBeLessThan(columns[2]!.right);
  });

  it('draws two physical links thicker than one', () => {
    const width = (strength: number): number => {
      const { markup } = drawLanes(planLanes([lane([0, 1], { strength })], 4), columns, 100, 1);
      return Number(/stroke-width="([\d.]+)"/.exec(markup.join(''))![1]);
    };
    expect(width(2)).toBeGreaterThan(width(1));
    expect(width(1000)).toBe(width(4));
  });

  it('makes room for figures at the columns', () => {
    const bar = lane([0, 1], { isBar: true });
    const labelled = { ...bar, riserLabels: ['7', '8'] };
    expect(lanesHeight(planLanes([labelled], 4))).toBeGreaterThan(lanesHeight(planLanes([bar], 4)));
    const markup = drawLanes(planLanes([labelled], 4), columns, 100, 1).markup.join('');
    for (const label of ['>7<', '>8<']) expect(markup).toContain(label);
  });
});
