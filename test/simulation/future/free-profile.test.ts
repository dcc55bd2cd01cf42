import { describe, expect, it } from 'vitest';
import { FreeProfile } from '../../../src/simulation/future/free-profile.js';
import { drawsOf } from '../whole/swarm.js';

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
      let now = 0;
      const reserved: { begin: number; duration: number; units: number }[] = [];
      const count = (begin: number, duration: number, units: number): void => {
        profile.reserve(begin, duration, units);
        for (let t = begin; t < begin + duration; t++) free[t]! -= units;
      };
      for (let i = 0; i < 12; i++) {
        const units = draw.between(1, 6);
        const duration = draw.between(1, 20);
        const from = now + draw.of([0, draw.between(0, 30)]);
        const expected = free.findIndex(
          (_, at) => at >= from && free.slice(at, at + duration).every((units_) => units_ >= units),
        );
        const begin =
          from === now ? profile.earliest(units, duration) : profile.earliest(units, duration, from);
        expect(begin).toBe(expected === -1 ? Number.POSITIVE_INFINITY : expected);
        if (draw.chance(0.3)) {
          now += draw.between(0, 5);
          profile.advance(now);
        }
        if (expected < now) continue;
        count(begin, duration, units);
        reserved.push({ begin, duration, units });
        const back = draw.of(reserved);
        if (back.begin >= now && draw.chance(0.5)) {
          count(back.begin, back.duration, -back.units);
          reserved.splice(reserved.indexOf(back), 1);
        }
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

  it('keeps no step that has passed or that nothing tells from the one before', () => {
    const profile = new FreeProfile();
    profile.reset(0, 4);
    for (let i = 0; i < 1000; i++) {
      profile.reserve(i + 1, 10, 1);
      profile.reserve(i + 2, 10, 1);
      profile.reserve(i + 2, 10, -1);
      profile.advance(i);
      expect(profile.length).toBeLessThan(30);
    }
    profile.advance(2000);
    expect(profile.length).toBe(1);
    expect(profile.earliest(4, 1)).toBe(2000);
  });

  it('grows as far as it must', () => {
    const profile = new FreeProfile();
    profile.reset(0, 1000);
    for (let i = 0; i < 1000; i++) profile.reserve(i, 1000 - i, 1);
    expect(profile.earliest(1000, 1)).toBe(1000);
    expect(profile.earliest(990, 5)).toBe(0);
    expect(profile.earliest(990, 10)).toBe(0);
    expect(profile.earliest(990, 11)).toBe(1000);
  });
});
