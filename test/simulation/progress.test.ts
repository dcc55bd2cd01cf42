import { describe, expect, it } from 'vitest';
import { clockOfWork, progressAt } from '../../src/simulation/progress.js';

describe('clockOfWork', () => {
  it('adds a stall for every checkpoint but one at the end', () => {
    expect(clockOfWork(100, 30, 5)).toBe(115);
    expect(clockOfWork(90, 30, 5)).toBe(100);
    expect(clockOfWork(30, 30, 5)).toBe(30);
    expect(clockOfWork(0, 30, 5)).toBe(0);
    expect(clockOfWork(100, Number.POSITIVE_INFINITY, 5)).toBe(100);
  });
});

describe('progressAt', () => {
  it('splits the clock into compute and stalls', () => {
    for (let clock = 0; clock <= 120; clock++) {
      const { work, stalls } = progressAt(clock, 30, 5, 0);
      expect(work + stalls).toBe(clock);
      expect(stalls).toBe(
        Array.from({ length: clock }, (_, t) => t % 35).filter((inCycle) => inCycle >= 30).length,
      );
    }
  });

  it('saves a checkpoint a lag after its stall', () => {
    expect(progressAt(34, 30, 5, 0).saved).toBe(0);
    expect(progressAt(35, 30, 5, 0).saved).toBe(30);
    expect(progressAt(41, 30, 5, 7).saved).toBe(0);
    expect(progressAt(42, 30, 5, 7).saved).toBe(30);
    expect(progressAt(77, 30, 5, 7).saved).toBe(60);
  });

  it('saves nothing without checkpoints', () => {
    expect(progressAt(50, Number.POSITIVE_INFINITY, 0, 0)).toEqual({ work: 50, stalls: 0, saved: 0 });
  });
});
