import { describe, expect, it } from 'vitest';
import { attemptSeconds, restartLaplace } from '../../../src/restart/model/restart-attempt.js';
import { restartModel } from '../../../src/restart/model/restart-model.js';
import { phase } from '../../../src/restart/phases/phases.js';

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
