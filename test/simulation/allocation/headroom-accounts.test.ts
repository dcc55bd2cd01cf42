import { describe, expect, it } from 'vitest';
import { HeadroomAccounts } from '../../../src/simulation/allocation/headroom-accounts.js';
import type { CheckedPool } from '../../../src/simulation/allocation/headroom-pools.js';

/** A pool of so many pieces, each of so many thousandths of GPUs in one pod. */
const pool = (name: string, count: number, milli: number): CheckedPool => ({
  name,
  count,
  gang: { pods: 1, need: { totalGpuMilli: milli } } as CheckedPool['gang'],
  mayUse: () => false,
});

const clockAt = (now: number, from = 0, until = Number.POSITIVE_INFINITY) => ({
  now,
  settings: { window: { from, until } },
});

describe('HeadroomAccounts', () => {
  it('adds up over time what each pool keeps, and how long it is whole', () => {
    const clock = clockAt(0);
    const accounts = new HeadroomAccounts([pool('whole', 2, 1000), pool('share', 1, 500)], clock);
    accounts.count(0, 1);
    accounts.count(0, 1);
    accounts.count(1, 1);
    expect(accounts.keptMilli).toBe(2500);
    clock.now = 30e6;
    accounts.count(0, -1);
    expect([accounts.keptMilliOf(0), accounts.keptMilliOf(1), accounts.keptMilli]).toEqual([1000, 500, 1500]);
    clock.now = 40e6;
    expect(accounts.metrics()).toEqual([
      { name: 'whole', gpus: 2, keptGpus: (30 * 2 + 10) / 40, wholeFraction: 30 / 40 },
      { name: 'share', gpus: 0.5, keptGpus: 0.5, wholeFraction: 1 },
    ]);
  });

  it('says what is kept where no time has passed', () => {
    const accounts = new HeadroomAccounts([pool('whole', 2, 1000)], clockAt(0));
    accounts.count(0, 1);
    expect(accounts.metrics()).toEqual([{ name: 'whole', gpus: 2, keptGpus: 1, wholeFraction: 0 }]);
  });

  it('looks at its window alone', () => {
    // Kept: 0 until 10 s, then 2 until 30 s, then 1; seen from 20 s to 35 s.
    const clock = clockAt(10e6, 20e6, 35e6);
    const accounts = new HeadroomAccounts([pool('whole', 2, 1000)], clock);
    accounts.count(0, 1);
    accounts.count(0, 1);
    clock.now = 30e6;
    accounts.count(0, -1);
    clock.now = 100e6;
    expect(accounts.metrics()).toEqual([
      { name: 'whole', gpus: 2, keptGpus: (10 * 2 + 5) / 15, wholeFraction: 10 / 15 },
    ]);
  });
});
