import { describe, expect, it } from 'vitest';
import {
  type CheckpointRhythm,
  checkpointsIn,
  clockOfWork,
  progressAt,
} from '../../../src/simulation/jobs/progress.js';

const none: CheckpointRhythm = {
  interval: Number.POSITIVE_INFINITY,
  stall: 5,
  persistLag: 0,
  snapshots: 0,
  durableStall: 0,
};
const oneTier = { ...none, interval: 30 };
/** Every third checkpoint is durable: 30 5 30 5 30 11. */
const twoTiers = { ...oneTier, snapshots: 3, durableStall: 11, persistLag: 7 };

describe('checkpointsIn', () => {
  it.each([
    [0, 10, 0],
    [9, 10, 0],
    [10, 10, 0],
    [11, 10, 1],
    [100, 10, 9],
    [100, Number.POSITIVE_INFINITY, 0],
  ])('finds in %i of compute, one every %i: %i', (work, interval, count) => {
    expect(checkpointsIn(work, interval)).toBe(count);
  });
});

describe('clockOfWork', () => {
  it('adds a stall for every checkpoint but one at the end', () => {
    expect(clockOfWork(100, oneTier, 0)).toBe(115);
    expect(clockOfWork(90, oneTier, 0)).toBe(100);
    expect(clockOfWork(30, oneTier, 0)).toBe(30);
    expect(clockOfWork(0, oneTier, 0)).toBe(0);
    expect(clockOfWork(100, none, 0)).toBe(100);
  });

  it('adds the stall of durable ones where their turn comes', () => {
    expect(clockOfWork(90, twoTiers, 0)).toBe(100);
    expect(clockOfWork(91, twoTiers, 0)).toBe(91 + 5 + 5 + 11);
    expect(clockOfWork(31, twoTiers, 2)).toBe(31 + 11);
    expect(clockOfWork(31, twoTiers, 3)).toBe(31 + 5);
  });
});

describe('progressAt', () => {
  it('splits the clock into compute and stalls', () => {
    for (let clock = 0; clock <= 120; clock++) {
      const { work, stalls } = progressAt(clock, oneTier, 0);
      expect(work + stalls).toBe(clock);
      expect(stalls).toBe(
        Array.from({ length: clock }, (_, t) => t % 35).filter((inCycle) => inCycle >= 30).length,
      );
    }
  });

  it('saves a checkpoint a lag after its stall', () => {
    const lagging = { ...oneTier, persistLag: 7 };
    expect(progressAt(34, oneTier, 0).last.work).toBe(0);
    expect(progressAt(35, oneTier, 0).last).toEqual({ work: 30, stalls: 5 });
    expect(progressAt(41, lagging, 0).last.work).toBe(0);
    expect(progressAt(42, lagging, 0).last.work).toBe(30);
    expect(progressAt(77, lagging, 0).durable).toEqual({ work: 60, stalls: 10 });
  });

  it('saves nothing without checkpoints', () => {
    const nothing = { work: 0, stalls: 0 };
    expect(progressAt(50, none, 0)).toEqual({ work: 50, stalls: 0, last: nothing, durable: nothing });
  });

  it.each([0, 1, 2, 3])('says of two tiers what a walk second by second says, %i snapshots in', (since) => {
    let work = 0;
    let stalls = 0;
    let count = since;
    let stallLeft = 0;
    let last = { work: 0, stalls: 0 };
    // The snapshots before the run are 30 of compute and 5 of stall each, the last of three is durable but for its lag.
    let durable = { work: -30 * since || 0, stalls: -(since === 3 ? 5 + 5 + 11 : 5 * since) || 0 };
    let pending = since === 3 ? { at: 7, content: { work: 0, stalls: 0 } } : undefined;
    for (let clock = 0; clock <= 400; clock++) {
      if (pending !== undefined && clock >= pending.at) {
        durable = pending.content;
        pending = undefined;
      }
      expect(progressAt(clock, twoTiers, since), `at ${clock}`).toEqual({ work, stalls, last, durable });
      if (stallLeft > 0) {
        stalls++;
        stallLeft--;
      } else {
        work++;
        if (work % 30 === 0) stallLeft = (count + 1) % 3 === 0 ? 11 : 5;
        continue;
      }
      if (stallLeft === 0) {
        count++;
        last = { work, stalls };
        if (count % 3 === 0) pending = { at: clock + 1 + 7, content: last };
      }
    }
  });
});
