import { describe, expect, it } from 'vitest';
import { ettr } from '../../../src/restart/model/ettr.js';
import { finiteRunSeconds } from '../../../src/restart/model/finite-run.js';
import { lostGpuSeconds } from '../../../src/restart/model/lost-gpu-seconds.js';
import { optimalInterval } from '../../../src/restart/model/optimal-interval.js';
import {
  attemptSeconds,
  type RestartModel,
  restartLaplace,
  restartModel,
} from '../../../src/restart/model/restart-model.js';
import { simulateRestarts } from '../../../src/restart/model/simulate-restarts.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { refusedAs } from '../refusals.js';

const base = { failuresPerSecond: 1e-4, computeSeconds: 600 };

describe('restartModel', () => {
  it('fills in what is left out: no stall, no lag, no restart time, the wall clock', () => {
    const model = restartModel(base);
    expect(model).toMatchObject({ stallSeconds: 0, persistLagSeconds: 0, clock: 'wall', durable: undefined });
    expect(model.failureClasses).toEqual([
      { name: 'failure', failuresPerSecond: 1e-4, hidden: [], exposed: [], rollback: 'memory' },
    ]);
  });

  it('puts steps in the order in which they run, whatever the order of the keys', () => {
    const model = restartModel({
      ...base,
      exposed: { warmUp: phase.fixed(1), load: phase.fixed(2), launch: phase.fixed(3) },
    });
    expect(model.failureClasses[0]!.exposed.map((s) => s.step)).toEqual(['launch', 'load', 'warmUp']);
  });

  it('adds the rates of classes, each with the steps of the model unless it has its own', () => {
    const model = restartModel({
      computeSeconds: 600,
      hidden: phase.fixed(10),
      failureClasses: [
        { failuresPerSecond: 1e-4 },
        { name: 'switch', failuresPerSecond: 3e-4, hidden: { detect: phase.fixed(60) } },
      ],
    });
    expect(model.failuresPerSecond).toBeCloseTo(4e-4, 15);
    expect(model.failureClasses.map((c) => c.name)).toEqual(['class 0', 'switch']);
    expect(model.toLast.hiddenSeconds).toBeCloseTo(0.25 * 10 + 0.75 * 60, 12);
  });

  it('answers alike for one class and for its parts', () => {
    const exposed = phase.gamma(2, 50);
    const whole = restartModel({ ...base, exposed });
    const { failuresPerSecond: _, ...rest } = base;
    const parts = restartModel({
      ...rest,
      exposed,
      failureClasses: [{ failuresPerSecond: 3e-5 }, { failuresPerSecond: 7e-5 }, { failuresPerSecond: 0 }],
    });
    expect(ettr(parts)).toBeCloseTo(ettr(whole), 14);
  });

  it('turns an observed rate into one of up-time: the interval without the outage', () => {
    const model = restartModel({
      failuresPerSecond: 1 / 1080,
      computeSeconds: 1,
      hidden: phase.fixed(400),
      exposed: phase.exponential(200),
      clock: 'observed',
    });
    expect(1 / model.failuresPerActiveSecond).toBeCloseTo(480, 9);
    expect(model.failuresPerSecond).toBe(1 / 1080);
  });

  const p = phase.fixed(1);
  it.each([
    [['failuresPerSecond'], { computeSeconds: 1 }],
    [['failuresPerSecond'], { ...base, failureClasses: [] }],
    [['failuresPerSecond'], { ...base, failuresPerSecond: -1 }],
    [['failuresPerSecond'], { ...base, failuresPerSecond: Number.NaN }],
    // A mean time between failures of zero.
    [['failuresPerSecond'], { ...base, failuresPerSecond: 1 / 0 }],
    [['computeSeconds'], { failuresPerSecond: 1 }],
    [['computeSeconds'], { ...base, computeSeconds: 0 }],
    [['stallSeconds'], { ...base, stallSeconds: -1 }],
    [['stallSeconds'], { ...base, stallSeconds: Number.NaN }],
    [['persistLagSeconds'], { ...base, persistLagSeconds: -1 }],
    [['persistLagSeconds'], { ...base, persistLagSeconds: 601 }],
    [['clock'], { ...base, clock: 'cpu' }],
    [['clock'], { ...base, hidden: phase.fixed(20_000), clock: 'observed' }],
    [['hidden'], { ...base, hidden: 30 }],
    [['hidden', 'detection'], { ...base, hidden: { detection: p } }],
    [['exposed', 'load'], { ...base, exposed: { load: 30 } }],
    [['exposed'], { ...base, exposed: { ...p, mean: Number.NaN } }],
    [['failureClasses'], { computeSeconds: 1, failureClasses: {} }],
    [['failureClasses', 0], { computeSeconds: 1, failureClasses: [3] }],
    [['failureClasses', 0, 'failuresPerSecond'], { computeSeconds: 1, failureClasses: [{}] }],
    [['failureClasses', 0, 'mttf'], { computeSeconds: 1, failureClasses: [{ mttf: 1 }] }],
    [
      ['failureClasses', 1, 'exposed', 'load'],
      {
        computeSeconds: 1,
        failureClasses: [{ failuresPerSecond: 1 }, { failuresPerSecond: 1, exposed: { load: 3 } }],
      },
    ],
    [
      ['failureClasses', 0, 'rollback'],
      { computeSeconds: 1, failureClasses: [{ failuresPerSecond: 1, rollback: 'durable' }] },
    ],
    [
      ['failureClasses', 0, 'rollback'],
      {
        computeSeconds: 1,
        durable: { snapshots: 2, stallSeconds: 1 },
        failureClasses: [{ failuresPerSecond: 1, rollback: 'disk' }],
      },
    ],
    [['durable', 'snapshots'], { ...base, durable: { snapshots: 0, stallSeconds: 1 } }],
    [['durable', 'stallSeconds'], { ...base, durable: { snapshots: 2 } }],
    [['mtbfSeconds'], { ...base, mtbfSeconds: 0 }],
    [['options'], undefined],
  ])('refuses nonsense at %j', (path, options) => {
    expect(() => restartModel(options as never)).toThrow(refusedAs('invalid-option', path));
  });
});

describe('checkModel', () => {
  it('is asked by everything that takes a model: options are none', () => {
    for (const notOne of [base, null, undefined, 3]) {
      const model = notOne as unknown as RestartModel;
      for (const use of [
        () => ettr(model),
        () => optimalInterval(model),
        () => simulateRestarts(model, { seed: 1, commits: 10 }),
        () => lostGpuSeconds(model, { gpus: 1 }),
        () => finiteRunSeconds(model, { productiveSeconds: 1 }),
      ]) {
        expect(use).toThrow(refusedAs('invalid-option', ['model']));
      }
    }
  });
});

describe('one attempt to restart', () => {
  const { toLast, toDurable } = restartModel({
    computeSeconds: 1,
    failureClasses: [
      {
        failuresPerSecond: 0.01,
        hidden: phase.fixed(5),
        exposed: { launch: phase.fixed(10), load: phase.exponential(20) },
      },
      { failuresPerSecond: 0.03, hidden: phase.fixed(9), exposed: phase.fixed(40) },
    ],
  });

  it('mixes the classes by rate and multiplies their steps', () => {
    expect(restartLaplace(toLast, 0.04)).toBeCloseTo(
      (0.25 * Math.exp(-0.4)) / 1.8 + 0.75 * Math.exp(-1.6),
      14,
    );
    expect(restartLaplace(toLast, 0)).toBe(1);
    expect(restartLaplace(toDurable, 0.04)).toBe(1);
  });

  it('takes its hidden time and what it gets through of the exposed', () => {
    const through = restartLaplace(toLast, 0.04);
    expect(attemptSeconds(toLast, 0.04)).toBeCloseTo(0.25 * 5 + 0.75 * 9 + (1 - through) / 0.04, 12);
    // Rare failures: the whole mean.
    expect(attemptSeconds(toLast, 1e-9)).toBeCloseTo(8 + 0.25 * 30 + 0.75 * 40, 4);
    expect(attemptSeconds(toLast, 0)).toBe(0);
  });
});
