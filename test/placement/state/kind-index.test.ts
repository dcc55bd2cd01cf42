import { describe, expect, it } from 'vitest';
import { freeClasses, NO_RANK } from '../../../src/compile/free-classes.js';
import { KindIndex } from '../../../src/placement/state/kind-index.js';
import { Dice, serverTypes } from '../gangs/gang-cluster.js';

const SERVERS = 70;
/** The first type of four GPUs without an NVSwitch: more classes than sizes. */
const TYPE = serverTypes.find(({ gpus }) => gpus.length === 4)!;

/** The lowest number that passes, from `from` on; -1 if there is none. */
function first(count: number, from: number, passes: (i: number) => boolean): number {
  for (let i = from; i < count; i++) if (passes(i)) return i;
  return -1;
}

describe('KindIndex', () => {
  it('knows every server by its class and every place that has servers, whatever comes and goes', () => {
    const dice = new Dice(3);
    const classes = freeClasses(TYPE);
    const index = new KindIndex(classes, SERVERS, 1);
    /** Server → class, -1 where it is in no set. */
    const classOf = new Array<number>(SERVERS).fill(-1);
    for (let step = 0; step < 2000; step++) {
      const local = dice.below(SERVERS);
      if (classOf[local] !== -1) index.remove(local, classOf[local]!);
      // Most are in no set: classes come and go.
      classOf[local] = dice.chance(93) ? -1 : dice.below(classes.classCount);
      if (classOf[local] !== -1) index.insert(local, classOf[local]!);
      const wanted = dice.below(classes.classCount);
      const from = dice.below(SERVERS + 1);
      expect(index.nextOfClass(wanted, from)).toBe(first(SERVERS, from, (s) => classOf[s] === wanted));
      for (let size = 1; size <= classes.gpuCount; size++) {
        const place = dice.below(classes.classCount);
        const isThere = (at: number): boolean =>
          classOf.some((c) => c !== -1 && classes.rankOf[size * classes.classCount + c] === at);
        expect(index.nextRank(size, place)).toBe(first(classes.classCount, place, isThere));
      }
    }
  });

  it('never shows the place of the wholly free class, and of a class with too few GPUs', () => {
    const classes = freeClasses(TYPE);
    const index = new KindIndex(classes, SERVERS, 1);
    index.insert(0, classes.fullClass);
    index.insert(1, classes.classOf[0b1]!);
    for (let size = 1; size <= classes.gpuCount; size++) {
      const place = classes.rankOf[size * classes.classCount + classes.classOf[0b1]!]!;
      expect(index.nextRank(size, 0)).toBe(size === 1 ? place : -1);
      expect(classes.rankOf[size * classes.classCount + classes.fullClass]).toBe(NO_RANK);
    }
  });

  it('knows which servers have a shared GPU of which room', () => {
    const dice = new Dice(4);
    const index = new KindIndex(freeClasses(TYPE), SERVERS, 1);
    const rooms = new Map<number, Set<number>>();
    for (let step = 0; step < 3000; step++) {
      const milli = dice.of([1, 31, 32, 500, 998, 999]);
      const local = dice.below(SERVERS);
      const servers = rooms.get(milli) ?? new Set();
      rooms.set(milli, servers);
      if (servers.delete(local)) index.removeFreeMilli(local, milli);
      else {
        servers.add(local);
        index.addFreeMilli(local, milli);
      }
      const wanted = dice.below(1001);
      const room = index.nextFreeMilli(wanted);
      expect(room).toBe(first(1000, wanted, (m) => (rooms.get(m)?.size ?? 0) > 0));
      const from = dice.below(SERVERS + 1);
      if (room !== -1) {
        expect(index.nextOfFreeMilli(room, from)).toBe(first(SERVERS, from, (s) => rooms.get(room)!.has(s)));
      }
    }
  });

  it('uses the memory of sets that became empty again', () => {
    const classes = freeClasses(TYPE);
    const index = new KindIndex(classes, SERVERS, 1);
    const { length } = index.pool;
    for (let s = 0; s < 1000; s++) {
      index.insert(s % SERVERS, s % classes.classCount);
      index.remove(s % SERVERS, s % classes.classCount);
    }
    for (let milli = 1; milli < 1000; milli++) {
      index.addFreeMilli(milli % SERVERS, milli);
      index.removeFreeMilli(milli % SERVERS, milli);
    }
    expect(index.pool.length).toBe(length);
    // All at once is another matter: the pool grows and keeps what is in it.
    for (let milli = 1; milli < 1000; milli++) index.addFreeMilli(milli % SERVERS, milli);
    expect(index.pool.length).toBeGreaterThanOrEqual(999 * index.layout.words);
    for (let milli = 1; milli < 1000; milli++) expect(index.nextOfFreeMilli(milli, 0)).toBe(milli % SERVERS);
  });

  it('forgets all', () => {
    const classes = freeClasses(TYPE);
    const index = new KindIndex(classes, SERVERS, 2);
    for (let s = 0; s < SERVERS; s++) index.insert(s, s % classes.classCount);
    index.addFreeMilli(5, 700);
    index.clear();
    for (let c = 0; c < classes.classCount; c++) expect(index.nextOfClass(c, 0)).toBe(-1);
    for (let size = 1; size <= classes.gpuCount; size++) expect(index.nextRank(size, 0)).toBe(-1);
    expect(index.nextFreeMilli(0)).toBe(-1);
    // And starts anew.
    index.addFreeMilli(6, 700);
    index.insert(7, 1);
    expect([index.nextOfFreeMilli(700, 0), index.nextOfClass(1, 0)]).toEqual([6, 7]);
  });
});
