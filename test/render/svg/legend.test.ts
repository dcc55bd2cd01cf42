import { describe, expect, it } from 'vitest';
import { groupEntries } from '../../../src/render/server/server-legend.js';
import { type LegendEntry, legend } from '../../../src/render/svg/legend.js';

const entry = (label: string): LegendEntry => ({ label, swatch: { fill: '#fff', stroke: '#000' } });
/** Heights at which labels stand, from top to bottom. */
const rows = (markup: readonly string[]): number[] => [
  ...new Set([...markup.join('').matchAll(/<text [^>]*y="([\d.]+)"/g)].map(([, y]) => Number(y))),
];

describe('legend', () => {
  it('goes on in another row where it has no room, and begins one with each section', () => {
    const entries = Array.from({ length: 6 }, (_, i) => entry(`entry number ${i}`));
    expect(rows(legend([entries], 0, 0, 2000).markup)).toHaveLength(1);
    expect(rows(legend([entries], 0, 0, 300).markup).length).toBeGreaterThan(2);
    expect(rows(legend([entries.slice(0, 1), [], entries.slice(1)], 0, 0, 2000).markup)).toHaveLength(2);
  });

  it('is as high as its rows, and nothing without entries', () => {
    const one = legend([[entry('a')]], 0, 50, 300).height;
    expect(legend([[entry('a')], [entry('b')]], 0, 50, 300).height).toBe(2 * one);
    expect(legend([[], []], 0, 50, 300)).toEqual({ markup: [], height: 0 });
  });

  it('draws lines and patches, dashed where asked for', () => {
    const line: LegendEntry = { label: 'a line', swatch: { line: '#123456', width: 3, dashed: true } };
    const { markup } = legend([[line, entry('a patch')]], 0, 0, 300);
    expect(markup[0]).toContain('stroke="#123456"');
    expect(markup[0]).toContain('stroke-dasharray');
    expect(markup[2]).toMatch(/^<rect(?!.*dasharray)/);
  });
});

describe('groupEntries', () => {
  it('names 24 groups with their size and counts the others', () => {
    const labels = groupEntries(['a', 'b'], [1, 1000]).map(({ label }) => label);
    expect(labels).toEqual(['a (1 GPU)', 'b (1,000 GPUs)']);
    const names = Array.from({ length: 30 }, (_, i) => `g${i}`);
    const many = groupEntries(names, new Array<number>(30).fill(2));
    expect(many).toHaveLength(25);
    expect(many[24]!.label).toBe('and 6 more');
  });
});
