import { describe, expect, it } from 'vitest';
import { heading } from '../../../src/render/svg/heading.js';

describe('heading', () => {
  it('breaks a title to the width, in at most four lines', () => {
    const lines = (title: string, width: number): number => heading(title, '', 0, 0, width).markup.length;
    expect(lines('A server', 400)).toBe(1);
    expect(lines('A server with a title that is long', 200)).toBeGreaterThan(1);
    expect(lines('word '.repeat(200), 200)).toBe(4);
  });

  it('is as high as its lines', () => {
    const one = heading('A', 'B', 0, 0, 400);
    expect(one.markup).toHaveLength(2);
    expect(one.height).toBeGreaterThan(28);
    expect(heading('A', 'B '.repeat(100), 0, 0, 400).height).toBeGreaterThan(one.height);
    expect(heading('', '', 0, 0, 400)).toEqual({ markup: [], height: 0 });
  });
});
