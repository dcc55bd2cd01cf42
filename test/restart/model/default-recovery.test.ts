import { describe, expect, it } from 'vitest';
import {
  defaultRecovery,
  jobSetRecreateSeconds,
  requeueSeconds,
  warmStandbySeconds,
} from '../../../src/restart/model/default-recovery.js';
import { refused } from '../refusals.js';

describe('defaultRecovery', () => {
  const path = defaultRecovery({ servers: 2048, loadSeconds: 39 });

  it('has every step, with the means of its table', () => {
    const means = (steps: object): Record<string, number> =>
      Object.fromEntries(Object.entries(steps).map(([step, p]) => [step, (p as { mean: number }).mean]));
    expect(means(path.hidden)).toEqual({ detect: 69, drain: 30, reschedule: 180 });
    expect(means(path.exposed)).toMatchObject({ load: 39, warmUp: 30 });
    expect(path.exposed.rendezvous!.mean).toBeCloseTo(5 + 25 * 1.6384, 12);
    // 5 H_2048.
    expect(path.exposed.launch!.mean).toBeCloseTo(5 * (Math.log(2048) + 0.5772157 + 1 / 4096), 5);
  });

  it('refuses nonsense', () => {
    expect(() => defaultRecovery({ servers: 0 })).toThrow(refused('servers'));
    expect(() => defaultRecovery({ servers: 1, loadSeconds: -1 })).toThrow(refused('loadSeconds'));
    expect(() => defaultRecovery({ servers: 1, gpus: Number.NaN })).toThrow(refused('gpus'));
    expect(() => defaultRecovery({ servers: 1, launchMeanSeconds: 0 })).toThrow(refused('launchMeanSeconds'));
  });
});

describe('measured restarts', () => {
  it('lie within the stated distance of the measurements', () => {
    const measured = [
      [128, 454, 46],
      [256, 545, 51],
      [512, 635, 54],
      [1024, 768, 65],
    ] as const;
    for (const [servers, requeue, standby] of measured) {
      expect(Math.abs(requeueSeconds(servers) / requeue - 1)).toBeLessThan(0.0122);
      expect(Math.abs(warmStandbySeconds(servers) / standby - 1)).toBeLessThan(0.05);
    }
    expect(jobSetRecreateSeconds(1000)).toBe(60);
    expect(jobSetRecreateSeconds(29_000)).toBe(100);
    for (const measure of [requeueSeconds, warmStandbySeconds])
      expect(() => measure(0)).toThrow(refused('servers'));
    expect(() => jobSetRecreateSeconds(-1)).toThrow(refused('pods'));
  });
});
