import { describe, expect, it } from 'vitest';
import { ettr, optimalInterval, phase, restartModel, simulateRestarts } from '../../src/restart/index.js';

describe('corral/restart', () => {
  it('answers the example of the README with the figures printed there', () => {
    const model = restartModel({
      failuresPerSecond: 7.76 / 86_400,
      computeSeconds: 105,
      stallSeconds: 0.5,
      persistLagSeconds: 24,
      hidden: { detect: phase.exponential(10), reschedule: phase.exponential(180) },
      exposed: { launch: phase.maximum(2048, phase.exponential(5)), load: phase.fixed(24) },
    });
    expect(ettr(model).toFixed(4)).toBe('0.9662');
    expect((['exact', 'young', 'daly'] as const).map((m) => optimalInterval(model, m).toFixed(1))).toEqual([
      '105.2',
      '105.5',
      '105.2',
    ]);
    const run = simulateRestarts(model, { seed: 1, commits: 1_000_000 });
    expect([run.ettr.toFixed(4), run.standardError.toFixed(4)]).toEqual(['0.9662', '0.0003']);
  });
});
