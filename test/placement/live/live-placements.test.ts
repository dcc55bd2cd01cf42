import { describe, expect, it } from 'vitest';
import { LivePlacements } from '../../../src/placement/live/live-placements.js';
import { Dice } from '../gangs/gang-cluster.js';

interface Slotted {
  readonly id: number;
  readonly slot: number;
}

const slotOf = ({ slot }: Slotted): number => slot;

function added(live: LivePlacements<Slotted>): Slotted {
  const placement = { id: live.nextId(), slot: live.nextSlot() };
  live.add(placement);
  return placement;
}

describe('LivePlacements', () => {
  // Asked for a copy early, late, and never: the table of names is built on the way or not.
  it.each([0, 1000, Number.POSITIVE_INFINITY])(
    'gives ids that no other placement had, names from step %d',
    (from) => {
      const dice = new Dice(1);
      const live = new LivePlacements<Slotted>(slotOf);
      const held = new Map<number, Slotted>();
      const issued = new Set<number>();
      for (let step = 0; step < 2000; step++) {
        if (held.size > 0 && dice.chance(45)) {
          const [id, placement] = [...held][dice.below(held.size)]!;
          live.remove(placement);
          held.delete(id);
          if (step >= from) expect(live.find(id)).toBeUndefined();
          expect(live.has(placement)).toBe(false);
        } else {
          const next = live.nextId();
          const placement = added(live);
          expect(placement.id).toBe(next);
          expect(issued.has(next)).toBe(false);
          issued.add(next);
          held.set(next, placement);
        }
        expect(live.count).toBe(held.size);
      }
      for (const [id, placement] of held) {
        expect(live.find(id)).toBe(placement);
        expect(live.has(placement)).toBe(true);
      }
    },
  );

  it('uses slots of released placements again: memory follows what is live', () => {
    const live = new LivePlacements<Slotted>(slotOf);
    const [a, b] = [added(live), added(live)];
    live.remove(a);
    expect(added(live)).toEqual({ id: 3, slot: 0 });
    live.remove(b);
    expect(added(live)).toEqual({ id: 4, slot: 1 });
    for (let i = 0; i < 1000; i++) live.remove(added(live));
    expect(live.copy().slots.length).toBe(3);
  });

  it.each([undefined, null, 0, 2, -1, 1.5, Number.NaN, '1', {}, [1]])('finds nothing by %o', (id) => {
    const live = new LivePlacements<Slotted>(slotOf);
    added(live);
    expect(live.find(id)).toBeUndefined();
  });

  it('goes back to a copy, ids included, as often as wanted', () => {
    const live = new LivePlacements<Slotted>(slotOf);
    const early = added(live);
    live.remove(added(live));
    const copy = live.copy();
    expect([copy.count, copy.issued]).toEqual([1, 2]);
    for (let round = 0; round < 2; round++) {
      expect(live.find(early.id)).toBe(early);
      live.remove(early);
      const late = added(live);
      added(live);
      live.overwrite(copy);
      expect(live.count).toBe(1);
      expect(live.has(early)).toBe(true);
      expect(live.has(late)).toBe(false);
      expect(live.find(late.id)).toBeUndefined();
      expect([live.nextId(), live.nextSlot()]).toEqual([3, 1]);
    }
  });
});
