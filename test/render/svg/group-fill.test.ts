import { describe, expect, it } from 'vitest';
import { groupPaint, stripePatterns } from '../../../src/render/svg/group-fill.js';
import { GROUP_COLOURS } from '../../../src/render/svg/styles.js';

describe('groupPaint', () => {
  it('gives 24 groups different looks, then repeats', () => {
    const paints = Array.from({ length: 24 }, (_, i) => groupPaint(i));
    expect(new Set(paints).size).toBe(24);
    expect(groupPaint(24)).toBe(paints[0]);
    expect(groupPaint(36)).toBe(paints[12]);
  });
});

describe('stripePatterns', () => {
  it('defines every pattern that the paints of so many groups refer to, and no other', () => {
    for (const count of [0, 1, 12, 13, 20, 24, 25, 256]) {
      const defined = [
        ...stripePatterns(count)
          .join('')
          .matchAll(/id="([^"]+)"/g),
      ].map(([, id]) => id!);
      const used = Array.from({ length: count }, (_, i) => /#(corral[^)]+)/.exec(groupPaint(i))?.[1]);
      expect(new Set(defined)).toEqual(new Set(used.filter((id) => id !== undefined)));
    }
    expect(GROUP_COLOURS).toHaveLength(12);
  });
});
