import { describe, expect, it } from 'vitest';
import { degradedSeconds, jitterSlowdown, stragglerThroughput } from '../../src/restart/stragglers.js';
import { refused } from './refusals.js';

describe('jitterSlowdown', () => {
  it('grows with the root of the logarithm', () => {
    expect(jitterSlowdown({ workers: 1, variation: 0.3 })).toBe(1);
    expect(jitterSlowdown({ workers: 16_384, variation: 0.01 })).toBeCloseTo(1.04405, 5);
    expect(jitterSlowdown({ workers: 100, variation: 0 })).toBe(1);
  });
});

describe('stragglerThroughput', () => {
  const base = { servers: 64, episodesPerServerSecond: 1e-6, episodeSeconds: 600, slowdown: 1.34 };

  it('mixes full and slow throughput', () => {
    const slow = 1 - Math.exp(-64 * 1e-6 * 600);
    expect(stragglerThroughput(base)).toBeCloseTo(1 - slow + slow / 1.34, 14);
    expect(stragglerThroughput({ ...base, servers: 1e8 })).toBeCloseTo(1 / 1.34, 12);
    expect(stragglerThroughput({ ...base, servers: 0 })).toBe(1);
    expect(stragglerThroughput({ ...base, slowdown: 1 })).toBe(1);
  });
});

describe('degradedSeconds', () => {
  it('is the useful time that a slower step loses', () => {
    expect(degradedSeconds({ slowdown: 1.25, seconds: 1000 })).toBeCloseTo(200, 12);
    expect(degradedSeconds({ slowdown: 1, seconds: 1000 })).toBe(0);
  });
});

describe('stragglers', () => {
  it('refuse nonsense', () => {
    expect(() => jitterSlowdown({ workers: 0, variation: 1 })).toThrow(refused('workers'));
    expect(() => jitterSlowdown({ workers: 2, variation: -1 })).toThrow(refused('variation'));
    expect(() => degradedSeconds({ slowdown: 0.5, seconds: 1 })).toThrow(refused('slowdown'));
    expect(() => degradedSeconds({ slowdown: 2, seconds: Number.NaN })).toThrow(refused('seconds'));
    expect(() =>
      stragglerThroughput({ servers: 1, episodesPerServerSecond: -1, episodeSeconds: 1, slowdown: 2 }),
    ).toThrow(refused('episodesPerServerSecond'));
  });
});
