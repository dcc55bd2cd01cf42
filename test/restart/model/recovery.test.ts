import { describe, expect, it } from 'vitest';
import { RECOVERY_STEPS, timedSteps } from '../../../src/restart/model/recovery.js';
import { phase } from '../../../src/restart/phases/phases.js';
import { refused } from '../refusals.js';

describe('timedSteps', () => {
  it('puts a lone phase under other, steps in running order, and leaves out what takes no time', () => {
    const p = phase.fixed(3);
    expect(timedSteps(undefined, [])).toEqual([]);
    expect(timedSteps(p, [])).toEqual([{ step: 'other', phase: p }]);
    expect(timedSteps([p, phase.exponential(1)], []).map((s) => s.step)).toEqual(['other', 'other']);
    const steps = Object.fromEntries([...RECOVERY_STEPS].reverse().map((step) => [step, p]));
    expect(timedSteps({ ...steps, drain: undefined }, []).map((s) => s.step)).toEqual(
      RECOVERY_STEPS.filter((step) => step !== 'drain'),
    );
  });

  it('refuses other steps and values', () => {
    expect(() => timedSteps({ boot: phase.fixed(1) } as never, ['hidden'])).toThrow(
      refused('hidden', 'boot'),
    );
    expect(() => timedSteps([phase.fixed(1), 3] as never, ['hidden'])).toThrow(refused('hidden', 1));
    expect(() => timedSteps(null as never, ['hidden'])).toThrow(refused('hidden'));
  });
});
