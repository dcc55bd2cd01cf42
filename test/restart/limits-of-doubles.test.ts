import { describe, expect, it } from 'vitest';
import {
  dalyWallSeconds,
  ettr,
  finiteRunSeconds,
  optimalInterval,
  phase,
  type RestartModel,
  type RestartModelOptions,
  restartModel,
  simulateRestarts,
  spareStockOut,
} from '../../src/restart/index.js';
import { refusedAs } from './refusals.js';

const model = (options: Partial<RestartModelOptions>): RestartModel =>
  restartModel({ failuresPerSecond: 1, computeSeconds: 1000, ...options });

describe('jobs that never get anywhere', () => {
  it('take for ever, whichever part of a finite run it is that does', () => {
    // e^1000 is no double: the only segment, its start-up, the restart, the lag.
    expect(finiteRunSeconds(model({}), { productiveSeconds: 1000 })).toBe(Number.POSITIVE_INFINITY);
    const hopelessRestart = model({ computeSeconds: 1, exposed: phase.fixed(1e6) });
    expect(finiteRunSeconds(hopelessRestart, { productiveSeconds: 0.5 })).toBe(Number.POSITIVE_INFINITY);
    const slowPersist = model({ persistLagSeconds: 1000 });
    expect(finiteRunSeconds(slowPersist, { productiveSeconds: 1 })).toBe(Number.POSITIVE_INFINITY);
    expect(finiteRunSeconds(model({}), { productiveSeconds: 1, startUp: phase.fixed(1e6) })).toBeGreaterThan(
      1,
    );
  });

  it('have an ETTR of 0 at the limits of what is accepted', () => {
    expect(ettr(model({ failuresPerSecond: 1e15, computeSeconds: 1e15, stallSeconds: 1e15 }))).toBe(0);
  });

  it('are told apart from wrong input', () => {
    for (const field of ['failuresPerSecond', 'computeSeconds', 'stallSeconds'] as const) {
      expect(() => model({ [field]: 2e15 })).toThrow(refusedAs('invalid-option', [field]));
    }
    expect(() => model({ durable: { snapshots: 2, stallSeconds: 2e15 } })).toThrow(
      refusedAs('invalid-option', ['durable', 'stallSeconds']),
    );
    const failureClasses = [{ failuresPerSecond: 1 }, { failuresPerSecond: 2e15 }];
    expect(() => restartModel({ computeSeconds: 1, failureClasses })).toThrow(
      refusedAs('invalid-option', ['failureClasses', 1, 'failuresPerSecond']),
    );
  });
});

describe('failures too rare for double precision', () => {
  it('count as none', () => {
    const rare = model({ failuresPerSecond: 1e-320, computeSeconds: 1e-5, stallSeconds: 1e-5 });
    expect(ettr(rare)).toBe(0.5);
    expect(optimalInterval(rare)).toBe(Number.POSITIVE_INFINITY);
    expect(optimalInterval(rare, 'young')).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('what is not there', () => {
  it('takes no time, also where it would take for ever', () => {
    const options = { computeSeconds: 1000, stallSeconds: 0, restartSeconds: 0, mttfSeconds: 1 };
    expect(dalyWallSeconds({ ...options, productiveSeconds: 0 })).toBe(0);
    expect(dalyWallSeconds({ ...options, productiveSeconds: 1 })).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('work that is counted and not played', () => {
  it('takes no time where nothing fails, however many snapshots there are', () => {
    const calm = model({ failuresPerSecond: 0, durable: { snapshots: 1_000_000, stallSeconds: 1000 } });
    const { ettr: ratio, wallSeconds, standardError } = simulateRestarts(calm, { seed: 1, commits: 1e9 });
    expect(ratio).toBeCloseTo(1e6 / (1e6 + 1), 12);
    expect(wallSeconds).toBeCloseTo(1e9 * (1e9 + 1000), -6);
    expect(standardError).toBe(0);
  });

  it('and agrees with the closed form where something does', () => {
    // 10,000 snapshots, of which a failure every 3,000 or so repeats one, and some repeat all.
    const rough = restartModel({
      failureClasses: [
        { failuresPerSecond: 1 / 3000, exposed: phase.fixed(2) },
        { failuresPerSecond: 1 / 20_000, exposed: phase.exponential(30), rollback: 'durable' },
      ],
      computeSeconds: 1,
      stallSeconds: 0.1,
      persistLagSeconds: 0.5,
      durable: { snapshots: 10_000, stallSeconds: 3 },
    });
    const simulated = simulateRestarts(rough, { seed: 2, commits: 20_000 });
    expect(Math.abs(simulated.ettr - ettr(rough)) / simulated.standardError).toBeLessThan(3);
    expect(simulated.standardError).toBeLessThan(0.005);
  });

  it('looks at no more spares than have a chance to be needed', () => {
    const offered = { failuresPerSecond: 1e-3, repairSeconds: 1e5 };
    expect(spareStockOut({ ...offered, spares: 1e9 })).toBe(0);
    expect(spareStockOut({ ...offered, spares: 300 })).toBeGreaterThan(0);
  });
});
