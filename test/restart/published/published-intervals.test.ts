import { describe, expect, it } from 'vitest';
import {
  availabilityIntervalSeconds,
  dalyFirstOrderIntervalSeconds,
  dalyIntervalSeconds,
  youngIntervalSeconds,
} from '../../../src/restart/published/published-intervals.js';
import { refused } from '../refusals.js';

describe('published intervals', () => {
  it('reproduce the optima that Daly prints: 117, 57 and 9.1 minutes', () => {
    const optima = [1440, 360, 15].map((mttfSeconds) =>
      dalyIntervalSeconds({ stallSeconds: 5, mttfSeconds }),
    );
    expect(optima.map((minutes) => Number(minutes.toPrecision(minutes < 10 ? 2 : 3)))).toEqual([
      117, 56.7, 9.1,
    ]);
  });

  it('are Young’s without a restart, and longer with one', () => {
    const base = { stallSeconds: 5, mttfSeconds: 360 };
    expect(dalyFirstOrderIntervalSeconds({ ...base, restartSeconds: 0 })).toBe(youngIntervalSeconds(base));
    expect(dalyFirstOrderIntervalSeconds({ ...base, restartSeconds: 10 })).toBeCloseTo(Math.sqrt(3700), 12);
  });

  it('maximise the availability they are derived from', () => {
    const options = { stallSeconds: 5, mttfSeconds: 360, restartSeconds: 10 };
    const best = availabilityIntervalSeconds(options);
    const availability = (t: number): number => (1 - 5 / t) * (360 / (360 + 10 + t / 2));
    for (const factor of [0.8, 0.99, 1.01, 1.2]) {
      expect(availability(best * factor)).toBeLessThan(availability(best));
    }
  });

  it('refuse nonsense', () => {
    expect(() => youngIntervalSeconds({ stallSeconds: 1, mttfSeconds: 0 })).toThrow(refused('mttfSeconds'));
    expect(() => dalyIntervalSeconds({ stallSeconds: -1, mttfSeconds: 1 })).toThrow(refused('stallSeconds'));
    for (const form of [dalyFirstOrderIntervalSeconds, availabilityIntervalSeconds]) {
      expect(() => form({ stallSeconds: 1, mttfSeconds: 1, restartSeconds: Number.NaN })).toThrow(
        refused('restartSeconds'),
      );
      expect(() => form({ stallSeconds: 1, mttfSeconds: 1, restart: 1 } as never)).toThrow(
        refused('restart'),
      );
    }
  });
});
