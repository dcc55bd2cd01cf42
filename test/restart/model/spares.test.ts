import { describe, expect, it } from 'vitest';
import {
  burstSpares,
  longRunSpares,
  spareStockOut,
  spareWaitSeconds,
  withSpareWait,
} from '../../../src/restart/model/spares.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { refused } from '../refusals.js';

const DAY = 86_400;

/** P(Binomial(n, p) ≤ k), term by term from factorials. */
function binomial(n: number, p: number, k: number): number {
  let sum = 0;
  for (let j = 0; j <= k; j++) {
    let term = 1;
    for (let i = 0; i < j; i++) term *= ((n - i) / (i + 1)) * p;
    sum += term * (1 - p) ** (n - j);
  }
  return sum;
}

describe('burstSpares', () => {
  it('is the first count that the binomial reaches the quantile with', () => {
    for (const servers of [1, 8, 60, 128, 400]) {
      for (const p of [0.0012, 0.01, 0.1, 0.5]) {
        for (const quantile of [0.5, 0.9, 0.99, 0.9999]) {
          const k = burstSpares({ servers, failureProbability: p, quantile });
          expect(binomial(servers, p, k)).toBeGreaterThanOrEqual(quantile - 1e-12);
          if (k > 0) expect(binomial(servers, p, k - 1)).toBeLessThan(quantile + 1e-12);
        }
      }
    }
  });

  it('reproduces the standby table for every probability of the stated interval and for none outside', () => {
    const table = (p: number): number[] =>
      [128, 256, 512, 1024].map((servers) => burstSpares({ servers, failureProbability: p }));
    for (const p of [0.001165, 0.0012, 0.00125]) expect(table(p)).toEqual([2, 2, 3, 4]);
    for (const p of [0.00116, 0.001255]) expect(table(p)).not.toEqual([2, 2, 3, 4]);
  });

  it('ends at the ends', () => {
    expect(burstSpares({ servers: 10, failureProbability: 0 })).toBe(0);
    expect(burstSpares({ servers: 10, failureProbability: 1 })).toBe(10);
    expect(burstSpares({ servers: 0, failureProbability: 0.5 })).toBe(0);
    // ln P(0) = -69,000: nothing may underflow on the way.
    expect(burstSpares({ servers: 100_000, failureProbability: 0.5, quantile: 0.5 })).toBeCloseTo(50_000, -1);
  });
});

describe('longRunSpares', () => {
  it.each([
    [2048, 6.5, 2, 39],
    [2048, 3.79, 2, 25],
    [2048, 6.5, 1 / 12, 4],
    [125, 6.5, 2, 5],
  ])('%d servers, %d failures per 1,000 days, repair of %d days: %d', (servers, rate, days, spares) => {
    expect(
      longRunSpares({ failuresPerSecond: (servers * rate) / 1000 / DAY, repairSeconds: days * DAY }),
    ).toBe(spares);
  });

  it('is the quantile beside the stock-out: P(N ≤ k) ≥ q is P(N ≥ k + 1) ≤ 1 − q', () => {
    for (const mean of [0.01, 1, 26.6, 800, 20_000]) {
      const options = { failuresPerSecond: mean, repairSeconds: 1 };
      const k = longRunSpares({ ...options, quantile: 0.99 });
      expect(spareStockOut({ ...options, spares: k + 1 })).toBeLessThanOrEqual(0.01 + 1e-9);
      if (k > 0) expect(spareStockOut({ ...options, spares: k })).toBeGreaterThan(0.01 - 1e-9);
    }
    expect(longRunSpares({ failuresPerSecond: 0, repairSeconds: 9 })).toBe(0);
  });
});

describe('spareStockOut', () => {
  it('is the Poisson tail', () => {
    const options = { failuresPerSecond: 0.5, repairSeconds: 4 };
    expect(spareStockOut({ ...options, spares: 0 })).toBeCloseTo(1, 12);
    expect(spareStockOut({ ...options, spares: 1 })).toBeCloseTo(1 - Math.exp(-2), 12);
    expect(spareStockOut({ ...options, spares: 3 })).toBeCloseTo(1 - 5 * Math.exp(-2), 12);
    // 2^30/30! e^-2 leads the tail; a head subtracted from 1 would give 0 or worse.
    expect(spareStockOut({ ...options, spares: 30 }) / 5.9e-25).toBeCloseTo(1, 1);
    // e^-5000 is 0 in doubles; the chance is nearly 1 all the same.
    expect(spareStockOut({ failuresPerSecond: 5000, repairSeconds: 1, spares: 1000 })).toBeCloseTo(1, 12);
    expect([0, 1].map((spares) => spareStockOut({ failuresPerSecond: 0, repairSeconds: 1, spares }))).toEqual(
      [1, 0],
    );
  });
});

describe('spareWaitSeconds', () => {
  /** Mean wait of M/M/∞: the chance that a gang that runs finds no spare, and the way from k + 1 to k in repair. */
  function markov(mean: number, repair: number, spares: number): number {
    const term = (n: number): number =>
      Array.from({ length: n }, (_, i) => mean / (i + 1)).reduce((a, b) => a * b, 1);
    const blocked =
      term(spares) / Array.from({ length: spares + 1 }, (_, n) => term(n)).reduce((a, b) => a + b);
    // From n to n - 1: 1 / (n μ) at least, and again from n + 1 if another fails first.
    let down = repair / 200;
    for (let n = 199; n > spares; n--) down = (repair + mean * down) / n;
    return blocked * down;
  }

  it.each([
    [0.5, 0],
    [0.96, 1],
    [0.485, 4],
    [12, 9],
    [26.6, 39],
  ])('is that of exponential repairs, with %d in repair on average and %i spares', (mean, spares) => {
    const repairSeconds = 4000;
    const wait = spareWaitSeconds({ failuresPerSecond: mean / repairSeconds, repairSeconds, spares });
    expect(wait / markov(mean, repairSeconds, spares)).toBeCloseTo(1, 9);
  });

  it('is the whole of the repair of a lone server, and nothing where nothing fails', () => {
    const rare = { failuresPerSecond: 1e-9, repairSeconds: 1000, spares: 0 };
    expect(spareWaitSeconds(rare)).toBeCloseTo(1000, 2);
    expect(spareWaitSeconds({ ...rare, failuresPerSecond: 0 })).toBe(0);
  });
});

describe('withSpareWait', () => {
  it('adds P(none) × E[wait] to the hidden time', () => {
    const path = { hidden: { detect: phase.fixed(5), reschedule: phase.fixed(60) }, exposed: {} };
    const slow = withSpareWait(path, { stockOut: 0.25, wait: phase.exponential(4000) });
    expect(slow.hidden.reschedule!.mean).toBeCloseTo(60 + 1000, 9);
    expect(slow.hidden.detect).toBe(path.hidden.detect);
    expect(
      withSpareWait({ hidden: {}, exposed: {} }, { stockOut: 1, wait: phase.fixed(7) }).hidden.reschedule!
        .mean,
    ).toBe(7);
  });
});

describe('spares', () => {
  it.each([
    ['servers', () => burstSpares({ servers: 1.5, failureProbability: 0.1 })],
    ['failureProbability', () => burstSpares({ servers: 1, failureProbability: 1.1 })],
    ['quantile', () => burstSpares({ servers: 1, failureProbability: 0.1, quantile: 1 })],
    ['failuresPerSecond', () => longRunSpares({ failuresPerSecond: -1, repairSeconds: 1 })],
    ['repairSeconds', () => longRunSpares({ failuresPerSecond: 1, repairSeconds: Number.NaN })],
    ['repairSeconds', () => longRunSpares({ failuresPerSecond: 1, repairSeconds: 1e9 })],
    ['spares', () => spareStockOut({ failuresPerSecond: 1, repairSeconds: 1, spares: -1 })],
    ['spares', () => spareWaitSeconds({ failuresPerSecond: 1, repairSeconds: 1, spares: Number.NaN })],
    ['stockOut', () => withSpareWait({ hidden: {}, exposed: {} }, { stockOut: 2, wait: phase.fixed(1) })],
    ['wait', () => withSpareWait({ hidden: {}, exposed: {} }, { stockOut: 0.5, wait: 3 as never })],
  ])('refuse nonsense and name %s', (field, make) => {
    expect(make).toThrow(refused(field));
  });
});
