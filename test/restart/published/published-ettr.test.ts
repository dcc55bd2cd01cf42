import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { restartModel } from '../../../src/restart/model/restart-model.js';
import { phase } from '../../../src/restart/phases/phases.js';
import {
  dalyWallSeconds,
  metaEttr,
  metaFiniteEttr,
  multiLevelOverhead,
} from '../../../src/restart/published/published-ettr.js';
import { refused } from '../refusals.js';

describe('metaEttr', () => {
  it('is what the exact model tends to as failures become rare', () => {
    let before = 1;
    for (const rate of [1e-4, 1e-5, 1e-6, 1e-7]) {
      const meta = metaEttr({
        failuresPerSecond: rate,
        startSeconds: 300,
        computeSeconds: 600,
        stallSeconds: 6,
        queueSeconds: 60,
      });
      const exact = ettr(
        restartModel({
          failuresPerSecond: rate,
          computeSeconds: 600,
          stallSeconds: 6,
          hidden: phase.fixed(60),
          exposed: phase.fixed(300),
        }),
      );
      const difference = Math.abs(meta - exact);
      expect(difference).toBeLessThan(before / 3);
      expect(difference).toBeLessThan(20 * rate);
      before = difference;
    }
  });

  it('goes negative where restarts are as long as the time between failures, and is given so', () => {
    expect(
      metaEttr({ failuresPerSecond: 0.1, startSeconds: 10, computeSeconds: 5, stallSeconds: 1 }),
    ).toBeCloseTo(-0.20833, 5);
  });

  it('forgets the first start in a long run', () => {
    const options = { failuresPerSecond: 1e-4, startSeconds: 300, computeSeconds: 600, queueSeconds: 900 };
    expect(metaFiniteEttr({ ...options, productiveSeconds: 1e12 })).toBeCloseTo(metaEttr(options), 8);
    expect(metaFiniteEttr({ ...options, productiveSeconds: 1e4 })).toBeLessThan(metaEttr(options));
    // Without failures: P over P and one queue and start.
    expect(metaFiniteEttr({ ...options, failuresPerSecond: 0, productiveSeconds: 1e4 })).toBeCloseTo(
      1e4 / (1e4 + 300 + 900),
      12,
    );
  });

  it('refuses nonsense', () => {
    const options = { failuresPerSecond: 1e-4, startSeconds: 300, computeSeconds: 600 };
    expect(() => metaEttr({ ...options, computeSeconds: 0 })).toThrow(refused('computeSeconds'));
    expect(() => metaEttr({ ...options, failuresPerSecond: Number.NaN })).toThrow(
      refused('failuresPerSecond'),
    );
    expect(() => metaEttr({ ...options, productiveSeconds: 1 } as never)).toThrow(
      refused('productiveSeconds'),
    );
    expect(() => metaFiniteEttr({ ...options, productiveSeconds: 0 })).toThrow(refused('productiveSeconds'));
  });
});

describe('dalyWallSeconds', () => {
  it('is productive time over the exact ETTR with a fixed restart', () => {
    const daly = dalyWallSeconds({
      productiveSeconds: 1e6,
      computeSeconds: 900,
      stallSeconds: 30,
      restartSeconds: 400,
      mttfSeconds: 2000,
    });
    const model = restartModel({
      failuresPerSecond: 1 / 2000,
      computeSeconds: 900,
      stallSeconds: 30,
      exposed: phase.fixed(400),
    });
    expect(daly / (1e6 / ettr(model))).toBeCloseTo(1, 12);
  });

  it('refuses a time between failures of 0', () => {
    const options = { productiveSeconds: 1, computeSeconds: 1, stallSeconds: 0, restartSeconds: 0 };
    expect(() => dalyWallSeconds({ ...options, mttfSeconds: 0 })).toThrow(refused('mttfSeconds'));
  });
});

describe('multiLevelOverhead', () => {
  it('adds over levels, and of one is Young’s', () => {
    const a = { failuresPerSecond: 1e-3, checkpointSeconds: 2 };
    const b = { failuresPerSecond: 1e-4, checkpointSeconds: 9 };
    expect(multiLevelOverhead([a])).toBeCloseTo(Math.sqrt(2 * 2e-3), 15);
    expect(multiLevelOverhead([a, b])).toBeCloseTo(multiLevelOverhead([a]) + multiLevelOverhead([b]), 15);
    expect(multiLevelOverhead([])).toBe(0);
    expect(() => multiLevelOverhead([a, { ...b, checkpointSeconds: -1 }])).toThrow(
      refused('levels', 1, 'checkpointSeconds'),
    );
  });
});
