import { describe, expect, it } from 'vitest';
import { FreeProfile } from '../../src/simulation/free-profile.js';
import { drawsOf } from './swarm.js';

const HORIZON = 60;

describe('FreeProfile', () => {
  it('finds what a count of every second finds', () => {
    for (let seed = 0; seed < 300; seed++) {
      const draw = drawsOf(seed);
      const profile = new FreeProfile();
      const free = new Array<number>(HORIZON * 4).fill(draw.between(0, 3));
      profile.reset(0, free[0]!);
      let time = 0;
      for (let i = 0; i < 5; i++) {
        time += draw.between(0, 8);
        const units = draw.between(1, 3);
        profile.rise(time, units);
        for (let t = time; t < free.length; t++) free[t]! += units;
      }
      for (let i = 0; i < 8; i++) {
        const units = draw.between(1, 6);
        const duration = draw.between(1, 20);
        const expected = free.findIndex((_, from) =>
          free.slice(from, from + duration).every((units_) => units_ >= units),
        );
        const begin = profile.earliest(units, duration);
        expect(begin).toBe(expected === -1 ? Number.POSITIVE_INFINITY : expected);
        if (expected === -1) continue;
        profile.reserve(begin, duration, units);
        for (let t = begin; t < begin + duration; t++) free[t]! -= units;
      }
    }
  });

  it('says never where there will never be enough', () => {
    const profile = new FreeProfile();
    profile.reset(5, 1);
    expect(profile.earliest(2, 1)).toBe(Number.POSITIVE_INFINITY);
    expect(profile.earliest(1, 1)).toBe(5);
    expect(profile.earliest(1, 0)).toBe(5);
  });
});
