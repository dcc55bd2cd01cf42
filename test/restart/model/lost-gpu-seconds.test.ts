import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { BADPUT, lostGpuSeconds, wallShares } from '../../../src/restart/model/lost-gpu-seconds.js';
import { restartModel } from '../../../src/restart/model/restart-model.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { randomModel } from '../random-model.js';
import { refusedAs } from '../refusals.js';

describe('wallShares', () => {
  it('leaves nothing over in 300 random models', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const model = restartModel(randomModel(seed));
      const { productive, lost } = wallShares(model);
      expect(productive).toBe(ettr(model));
      const sum = Object.values(lost).reduce((total, share) => total + share, productive);
      expect(sum, `seed ${seed}`).toBeCloseTo(1, 10);
      for (const share of Object.values(lost)) expect(share).toBeGreaterThanOrEqual(0);
    }
  });

  it('charges half an interval and the lag per failure for work done twice, to first order', () => {
    const rate = 1e-7;
    const model = restartModel({
      failuresPerSecond: rate,
      computeSeconds: 1000,
      persistLagSeconds: 400,
      hidden: { detect: phase.fixed(10) },
      exposed: { load: phase.fixed(50) },
    });
    const { lost } = wallShares(model);
    expect(lost.recompute / rate).toBeCloseTo(1000 / 2 + 400, 0);
    expect(lost.detect / rate).toBeCloseTo(10, 2);
    expect(lost.load / rate).toBeCloseTo(50, 1);
  });

  it('charges an exposed step only as far as it gets', () => {
    const model = restartModel({
      failuresPerSecond: 1 / 100,
      computeSeconds: 50,
      exposed: { launch: phase.fixed(100), load: phase.fixed(100) },
    });
    const { lost } = wallShares(model);
    // Half as long a wait, and reached by e^-1 of the attempts.
    expect(lost.load / lost.launch).toBeCloseTo(Math.exp(-1), 12);
    expect(lost.launch).toBeCloseTo(1 - Math.exp(-1), 12);
  });

  it('refuses two tiers that never get anywhere', () => {
    const model = restartModel({
      failuresPerSecond: 1,
      computeSeconds: 1e6,
      durable: { snapshots: 3, stallSeconds: 0 },
    });
    expect(() => wallShares(model)).toThrow(refusedAs('limit-exceeded', []));
  });
});

describe('lostGpuSeconds', () => {
  const model = restartModel(randomModel(7));

  it('is all that is not productive, and the same under both sets of names', () => {
    const lost = lostGpuSeconds(model, { gpus: 16_384, wallSeconds: 3600 });
    expect(lost.total / (16_384 * 3600 * (1 - ettr(model)))).toBeCloseTo(1, 10);
    for (const parts of [lost.byPhase, lost.byBadput]) {
      expect(Object.values(parts).reduce((sum, s) => sum + s, 0)).toBeCloseTo(lost.total, 3);
    }
  });

  it('books each phase under the name of the taxonomy', () => {
    const { byBadput, byPhase } = lostGpuSeconds(
      restartModel({
        failuresPerSecond: 1e-4,
        computeSeconds: 600,
        stallSeconds: 6,
        hidden: { detect: phase.fixed(1), drain: phase.fixed(2), reschedule: phase.fixed(4) },
        exposed: {
          launch: phase.fixed(8),
          rendezvous: phase.fixed(16),
          load: phase.fixed(32),
          warmUp: phase.fixed(64),
          other: phase.fixed(128),
        },
      }),
      { gpus: 8 },
    );
    expect(byBadput.INFRASTRUCTURE_RECOVERY_FROM_DISRUPTION).toBeCloseTo(
      byPhase.detect + byPhase.drain + byPhase.reschedule + byPhase.launch,
      9,
    );
    expect(byBadput.TPU_INITIALIZATION).toBe(byPhase.rendezvous);
    expect(byBadput.UNPRODUCTIVE_CHECKPOINT_RESTORE_TIME).toBe(byPhase.load);
    expect(byBadput.PROGRAM_STARTUP).toBe(byPhase.warmUp);
    expect(byBadput.UNPRODUCTIVE_CHECKPOINT_SAVE_TIME).toBe(byPhase.stall);
    expect(byBadput.WASTED_PROGRESS_FROM_DISRUPTION).toBe(byPhase.recompute);
    expect(byBadput.OTHER).toBe(byPhase.other);
    expect(Object.keys(BADPUT)).toHaveLength(Object.keys(byPhase).length);
    for (const seconds of Object.values(byPhase)) expect(seconds).toBeGreaterThan(0);
  });

  it('counts a day unless told otherwise', () => {
    const day = lostGpuSeconds(model, { gpus: 2 }).total;
    expect(day).toBeCloseTo(lostGpuSeconds(model, { gpus: 1, wallSeconds: 2 * 86_400 }).total, 6);
  });

  it.each([
    [['gpus'], { gpus: -1 }],
    [['gpus'], {}],
    [['wallSeconds'], { gpus: 1, wallSeconds: Number.NaN }],
    [['hours'], { gpus: 1, hours: 3 }],
  ])('refuses nonsense at %j', (path, options) => {
    expect(() => lostGpuSeconds(model, options as never)).toThrow(refusedAs('invalid-option', path));
  });
});
