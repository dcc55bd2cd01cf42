import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SERVER } from '../../../src/placement/gangs/gang.js';
import { GangCapacity } from '../../../src/placement/gangs/gang-capacity.js';
import type { PartCapacity } from '../../../src/placement/gangs/slice-units.js';
import { allotments, share } from '../../../src/placement/gangs/spread.js';
import { podsThatFit } from '../../../src/placement/state/state.js';
import { anyGang, Disorder, domainsOf, kindsCluster } from '../kinds-cluster.js';
import { Dice } from './gang-cluster.js';

/** What every part is given. */
function given(parts: readonly PartCapacity[], full: number, rest: number): Map<number, [number, number]> {
  const gifts = new Map<number, [number, number]>();
  share([...parts], full, rest, (at, some, over) => {
    expect(gifts.has(at)).toBe(false);
    gifts.set(at, [some, over]);
  });
  return gifts;
}

/** Whether the parts together hold so many slices and the pods of a smaller one. */
function isHeld(parts: readonly PartCapacity[], full: number, rest: number): boolean {
  const slots = parts.reduce((sum, part) => sum + part.full, 0);
  return full < slots || (full === slots && rest <= Math.max(0, ...parts.map((part) => part.rest)));
}

describe('share', () => {
  it('gives all of what is held, and no part more than its room: every three parts of slices of three', () => {
    const rooms = [0, 1, 2].flatMap((full) => [0, 1, 2].map((rest) => ({ full, rest })));
    let shared = 0;
    for (const a of rooms) {
      for (const b of rooms) {
        for (const c of rooms) {
          const parts = [a, b, c].map((room, at) => ({ ...room, at }));
          for (let full = 0; full <= 6; full++) {
            for (let rest = 0; rest <= 2; rest++) {
              if (!isHeld(parts, full, rest) || full + rest === 0) continue;
              shared++;
              const gifts = [...given(parts, full, rest)];
              const where = JSON.stringify({ parts, full, rest, gifts });
              expect(
                gifts.reduce((sum, [, [some]]) => sum + some, 0),
                where,
              ).toBe(full);
              expect(
                gifts.filter(([, [, over]]) => over > 0).map(([, [, over]]) => over),
                where,
              ).toEqual(rest > 0 ? [rest] : []);
              for (const [at, [some, over]] of gifts) {
                expect(isHeld([parts[at]!], some, over), where).toBe(true);
                expect(some + over, where).toBeGreaterThan(0);
              }
            }
          }
        }
      }
    }
    expect(shared).toBeGreaterThan(5000);
  });

  it('fills the largest part first and puts what is left where it fits best', () => {
    const parts = [
      { at: 0, full: 2, rest: 0 },
      { at: 1, full: 5, rest: 0 },
      { at: 2, full: 3, rest: 0 },
    ];
    expect([...given(parts, 7, 0)]).toEqual([
      [1, [5, 0]],
      [0, [2, 0]],
    ]);
    expect([...given(parts, 3, 0)]).toEqual([[2, [3, 0]]]);
    // Of parts with equal room the first.
    const equal = [4, 3, 2, 1].map((at) => ({ at, full: 2, rest: 0 }));
    expect([...given(equal, 1, 0)]).toEqual([[1, [1, 0]]]);
  });
});

/** Orders parts by room, the roomiest first: full slices, then the pods of a smaller one. */
function byCapacity(a: PartCapacity, b: PartCapacity): number {
  return b.full - a.full || b.rest - a.rest;
}

describe('share where several parts hold what is left', () => {
  it('gives it to the smallest of them, however many they are', () => {
    const parts = [6, 5, 4, 3, 2].map((full, at) => ({ at, full, rest: 0 }));
    expect([...given(parts, 1, 0)]).toEqual([[4, [1, 0]]]);
    expect([...given(parts, 3, 0)]).toEqual([[3, [3, 0]]]);
    expect([...given(parts, 4, 0)]).toEqual([[2, [4, 0]]]);
    // Six slices fill the first part; the seventh fits in each of the four others.
    expect([...given(parts, 7, 0)]).toEqual([
      [0, [6, 0]],
      [4, [1, 0]],
    ]);
  });

  it('counts the smaller slice as room where full slices are equal', () => {
    const parts = [3, 2, 1, 0].map((rest, at) => ({ at, full: 2, rest }));
    expect([...given(parts, 2, 1)]).toEqual([[2, [2, 1]]]);
    expect([...given(parts, 2, 2)]).toEqual([[1, [2, 2]]]);
    // A part with a slot over holds any smaller slice.
    expect([...given(parts, 1, 3)]).toEqual([[3, [1, 3]]]);
  });

  it('gives it to the first of the smallest, where the smallest are two or more', () => {
    const rooms = [4, 2, 2, 2];
    const parts = rooms.map((full, at) => ({ at, full, rest: 0 }));
    expect([...given(parts, 2, 0)]).toEqual([[1, [2, 0]]]);
    expect([...given([...parts].reverse(), 2, 0)]).toEqual([[1, [2, 0]]]);
    const alone = parts.filter(({ at }) => at !== 1);
    expect([...given(alone, 2, 0)]).toEqual([[2, [2, 0]]]);
  });

  it('fills the roomiest parts and ends in the smallest that holds the rest, for up to seven parts', () => {
    const room = fc.record({ full: fc.integer({ min: 0, max: 5 }), rest: fc.integer({ min: 0, max: 3 }) });
    fc.assert(
      fc.property(
        fc.array(room, { minLength: 1, maxLength: 7 }),
        fc.nat(30),
        fc.nat(3),
        (rooms, full, rest) => {
          const parts = rooms.map((part, at) => ({ at, ...part }));
          fc.pre(full + rest > 0 && isHeld(parts, full, rest));
          const gifts = [...given(parts, full, rest)];
          const filled = gifts.slice(0, -1).map(([at]) => parts[at]!);
          const [last, [slices, over]] = gifts.at(-1)!;
          const able = parts.filter((part) => !filled.includes(part) && isHeld([part], slices, over));
          const least = able.filter((part) => able.every((other) => byCapacity(part, other) >= 0));
          expect(last).toBe(least[0]!.at);
          // Those before it are filled, the roomiest first, of equals the first.
          expect(filled).toEqual([...filled].sort((a, b) => byCapacity(a, b) || a.at - b.at));
          gifts.slice(0, -1).forEach(([at, [some, along]]) => {
            expect(some).toBe(parts[at]!.full - (along > parts[at]!.rest ? 1 : 0));
          });
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('allotments', () => {
  it('add up, lie in the domain, are held by their servers, and keep the rule of slices', () => {
    let several = 0;
    for (let seed = 0; seed < 2000; seed++) {
      const dice = new Dice(seed);
      const disorder = new Disorder(kindsCluster(dice, { serversMax: 14, tiersMax: 3, limits: true }), dice, {
        limits: true,
      });
      disorder.run(1);
      const { tables, engine, index, levels } = disorder;
      const { fabric } = tables;
      for (let i = 0; i < 4; i++) {
        const { gang, request } = anyGang(dice, tables, levels, { limits: true });
        const capacity = new GangCapacity(tables, engine.state, index);
        capacity.begin(gang);
        const level = dice.below(fabric.levelCount);
        capacity.fill(level);
        for (const domain of domainsOf(fabric, level)) {
          const most = capacity.podsIn(domain, level);
          if (most === 0) continue;
          const pods = dice.chance(50) ? most : 1 + dice.below(most);
          const parts = allotments(capacity, domain, level, pods);
          const where = `seed ${seed}, domain ${domain}, ${pods} pods, ${JSON.stringify(request)}`;
          expect(
            parts.reduce((sum, part) => sum + part.pods, 0),
            where,
          ).toBe(pods);
          if (parts.length > 1) several++;
          const sliced = gang.slicePods > 1 && gang.sliceLevel < level;
          parts.forEach((part, position) => {
            expect(part.from, where).toBeGreaterThanOrEqual(fabric.serverStart[domain]!);
            expect(part.to, where).toBeLessThanOrEqual(fabric.serverEnd[domain]!);
            const servers = Array.from({ length: part.to - part.from }, (_, s) => part.from + s);
            const room = servers.reduce(
              (sum, s) => sum + podsThatFit(tables, engine.state, gang.need, s, gang.pods),
              0,
            );
            expect(part.pods, where).toBeLessThanOrEqual(room);
            if (!sliced) return;
            expect(disorder.slicesOf(servers, gang.sliceLevel), where).toHaveLength(1);
            // The one with the smaller slice comes last, so that slices are consecutive pods.
            if (position < parts.length - 1) expect(part.pods % gang.slicePods, where).toBe(0);
          });
        }
      }
    }
    expect(several).toBeGreaterThan(100);
  });

  it('are the whole domain where there are no slices, or they are wider than it', () => {
    const dice = new Dice(3);
    const { tables, engine, index, levels } = new Disorder(
      kindsCluster(dice, { serversMax: 14, tiersMax: 3 }),
      dice,
    );
    const { gang } = anyGang(dice, tables, levels, { limits: false });
    const capacity = new GangCapacity(tables, engine.state, index);
    for (const slices of [
      { slicePods: 1, sliceLevel: SERVER },
      { slicePods: 4, sliceLevel: levels.last },
    ]) {
      const of = { ...gang, ...slices };
      capacity.begin(of);
      capacity.fill(0);
      const { serverStart, serverEnd } = tables.fabric;
      expect(allotments(capacity, 0, 0, 3)).toEqual([{ from: serverStart[0], to: serverEnd[0], pods: 3 }]);
    }
  });
});
