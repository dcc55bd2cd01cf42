import { describe, expect, it } from 'vitest';
import { randomStream } from '../../../src/random.js';
import {
  type ReplicaGroupOptions,
  replicaGroupEttr,
} from '../../../src/restart/checkpoints/replica-groups.js';
import { refused } from '../refusals.js';

/** Group by group, event by event: who is there fails, everybody is stalled, and who was hit is away while others run. */
function playedOut(options: ReplicaGroupOptions, seed: number): number {
  const { failuresPerSecond, groups, stallSeconds, absentSeconds } = options;
  const random = randomStream(seed, 'failures');
  const untilFailure = (): number => (-Math.log1p(-random.unit()) * groups) / failuresPerSecond;
  const next = Array.from({ length: groups }, untilFailure);
  const isAway = new Array<boolean>(groups).fill(false);
  let [running, worked, failures, there] = [0, 0, 0, groups];
  while (failures < 5000) {
    let group = 0;
    for (let g = 1; g < groups; g++) if (next[g]! < next[group]!) group = g;
    worked += (next[group]! - running) * there;
    running = next[group]!;
    isAway[group] = !isAway[group];
    there += isAway[group] ? -1 : 1;
    if (isAway[group]) failures++;
    next[group] = running + (isAway[group] ? absentSeconds : untilFailure());
  }
  return worked / groups / (running + failures * stallSeconds);
}

describe('replicaGroupEttr', () => {
  const base = { failuresPerSecond: 1 / 180, groups: 16, stallSeconds: 0.5, absentSeconds: 10 };

  it('is the renewal of one group where nothing else stands still', () => {
    for (const groups of [1, 2, 16, 1000]) {
      const share = replicaGroupEttr({ ...base, groups, stallSeconds: 0 });
      expect(share).toBeCloseTo(1 / (1 + 10 / 180 / groups), 14);
    }
    // Away far longer than there: one second in eleven.
    expect(
      replicaGroupEttr({ failuresPerSecond: 1, groups: 1, stallSeconds: 0, absentSeconds: 10 }),
    ).toBeCloseTo(1 / 11, 14);
    expect(replicaGroupEttr({ ...base, groups: 1 })).toBeCloseTo(1 / (1 + 10.5 / 180), 14);
    expect(replicaGroupEttr({ ...base, failuresPerSecond: 0 })).toBe(1);
  });

  it.each([
    base,
    { ...base, stallSeconds: 0 },
    { failuresPerSecond: 1 / 20, groups: 4, stallSeconds: 3, absentSeconds: 60 },
    { failuresPerSecond: 1, groups: 2, stallSeconds: 0.1, absentSeconds: 5 },
    { failuresPerSecond: 1 / 50, groups: 1, stallSeconds: 5, absentSeconds: 30 },
  ])('equals a job played out: %o', (options) => {
    const replications = Array.from({ length: 40 }, (_, seed) => playedOut(options, seed));
    const mean = replications.reduce((sum, x) => sum + x, 0) / 40;
    const variance = replications.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 39;
    expect(Math.abs(mean - replicaGroupEttr(options))).toBeLessThan(4 * Math.sqrt(variance / 40));
  });

  it('loses less the more groups there are, down to the stall', () => {
    const values = [1, 2, 8, 64, 1e6].map((groups) => replicaGroupEttr({ ...base, groups }));
    expect(values).toEqual([...values].sort((a, b) => a - b));
    expect(values.at(-1)).toBeCloseTo(1 / (1 + 0.5 / 180), 6);
  });

  it('refuses nonsense', () => {
    expect(() => replicaGroupEttr({ ...base, groups: 0 })).toThrow(refused('groups'));
    expect(() => replicaGroupEttr({ ...base, stallSeconds: -1 })).toThrow(refused('stallSeconds'));
    expect(() => replicaGroupEttr({ ...base, absentSeconds: Number.NaN })).toThrow(refused('absentSeconds'));
  });
});
