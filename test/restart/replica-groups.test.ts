import { describe, expect, it } from 'vitest';
import { randomStream } from '../../src/random.js';
import { replicaGroupEttr } from '../../src/restart/replica-groups.js';
import { refused } from './refusals.js';

describe('replicaGroupEttr', () => {
  const base = { failuresPerSecond: 1 / 180, groups: 16, stallSeconds: 0.5, absentSeconds: 10 };

  it('equals a job played out: a stall of all per failure, and one group away for a while', () => {
    const random = randomStream(1, 'failures');
    const { failuresPerSecond, groups, stallSeconds, absentSeconds } = base;
    let wall = 0;
    let lost = 0;
    for (let i = 0; i < 200_000; i++) {
      wall += -Math.log1p(-random.unit()) / failuresPerSecond + stallSeconds;
      // The group is away while the others run; stalls in between are rare enough to count once.
      lost += stallSeconds + absentSeconds / groups;
    }
    expect(replicaGroupEttr(base)).toBeCloseTo(1 - lost / wall, 3);
  });

  it('loses less the more groups there are, down to the stall', () => {
    const values = [1, 2, 8, 64, 1e6].map((groups) => replicaGroupEttr({ ...base, groups }));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.at(-1)).toBeCloseTo(1 / (1 + 0.5 / 180), 6);
  });

  it('refuses nonsense, and more absence than groups', () => {
    expect(() => replicaGroupEttr({ ...base, groups: 0 })).toThrow(refused('groups'));
    expect(() => replicaGroupEttr({ ...base, stallSeconds: -1 })).toThrow(refused('stallSeconds'));
    expect(() => replicaGroupEttr({ ...base, absentSeconds: 1e5 })).toThrow(refused('absentSeconds'));
  });
});
