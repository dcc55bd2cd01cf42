import { describe, expect, it } from 'vitest';
import { groupCopySurvival, ringCopySurvival } from '../../../src/restart/checkpoints/copy-survival.js';
import { refused } from '../refusals.js';

/** Counts the sets of k lost machines that leave a copy of everything, over all sets. */
function counted(machines: number, lost: number, survives: (set: number) => boolean): number {
  let all = 0;
  let good = 0;
  for (let set = 0; set < 2 ** machines; set++) {
    let size = 0;
    for (let i = 0; i < machines; i++) size += (set >> i) & 1;
    if (size !== lost) continue;
    all++;
    if (survives(set)) good++;
  }
  return good / all;
}

describe('groupCopySurvival', () => {
  it('equals the count over all sets of lost machines', () => {
    for (const [n, m] of [
      [4, 1],
      [8, 2],
      [12, 2],
      [12, 3],
      [12, 4],
      [6, 6],
    ] as const) {
      const group = 2 ** m - 1;
      for (let k = 0; k <= n; k++) {
        const survives = (set: number): boolean => {
          for (let g = 0; g < n; g += m) if (((set >> g) & group) === group) return false;
          return true;
        };
        expect(groupCopySurvival({ machines: n, copies: m, lost: k }), `${n} ${m} ${k}`).toBeCloseTo(
          counted(n, k, survives),
          11,
        );
      }
    }
  });

  it('is 0, and no rounding, once every group has lost too many', () => {
    for (let lost = 41; lost <= 60; lost++) {
      expect(groupCopySurvival({ machines: 60, copies: 3, lost })).toBe(0);
    }
  });

  it('stays a probability where its alternating sum would cancel', () => {
    let before = 1;
    for (let k = 0; k <= 5000; k += 50) {
      const now = groupCopySurvival({ machines: 10_000, copies: 2, lost: k });
      // No pair lost whole, one machine after the other: ∏ (N − 2i)/(N − i).
      let product = 1;
      for (let i = 0; i < k; i++) product *= (10_000 - 2 * i) / (10_000 - i);
      expect(Math.abs(now - product)).toBeLessThan(1e-6);
      expect(now).toBeLessThanOrEqual(before);
      before = now;
    }
  });
});

describe('ringCopySurvival', () => {
  it('equals the count over all sets of lost machines', () => {
    for (const n of [2, 3, 5, 8, 12]) {
      for (let k = 0; k <= n; k++) {
        const survives = (set: number): boolean => {
          for (let i = 0; i < n; i++) if ((set >> i) & 1 && (set >> ((i + 1) % n)) & 1) return false;
          return true;
        };
        expect(ringCopySurvival({ machines: n, lost: k }), `${n} ${k}`).toBeCloseTo(
          counted(n, k, survives),
          12,
        );
      }
    }
  });

  it('is below that of groups of two', () => {
    for (const lost of [2, 3, 5]) {
      expect(ringCopySurvival({ machines: 16, lost })).toBeLessThan(
        groupCopySurvival({ machines: 16, copies: 2, lost }),
      );
    }
  });
});

describe('copy survival', () => {
  it('refuses nonsense', () => {
    expect(() => groupCopySurvival({ machines: 10, copies: 3, lost: 1 })).toThrow(refused('copies'));
    expect(() => groupCopySurvival({ machines: 10, copies: 2, lost: 11 })).toThrow(refused('lost'));
    expect(() => ringCopySurvival({ machines: 1, lost: 0 })).toThrow(refused('machines'));
    expect(() => ringCopySurvival({ machines: 4, lost: 0.5 })).toThrow(refused('lost'));
  });
});
