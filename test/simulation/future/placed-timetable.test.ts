import { describe, expect, it } from 'vitest';
import { popcount16 } from '../../../src/placement/state/state.js';
import { newStay, PlacedTimetable, type Stay } from '../../../src/simulation/future/placed-timetable.js';
import { drawsOf } from '../whole/swarm.js';
import { fourGpuEngine, gangFor, noteOn } from './placed-cluster.js';

const SERVERS = 3;
const HORIZON = 80;

/** Random stays of one pod come and go, and what is asked in between is counted moment by moment. */
function forRandomStays(
  check: (
    timetable: PlacedTimetable,
    stays: readonly Stay[],
    taken: (server: number, from: number, to: number) => number,
  ) => void,
): void {
  for (let seed = 0; seed < 60; seed++) {
    const draw = drawsOf(seed);
    const engine = fourGpuEngine(SERVERS);
    const timetable = new PlacedTimetable(engine);
    const stays: Stay[] = [];
    const taken = (server: number, from: number, to: number): number => {
      let mask = 0;
      for (const { note, begin, goneBy } of stays) {
        if (note.server === server && begin < to && goneBy > from) mask |= note.mask;
      }
      return mask;
    };
    for (let job = 0; job < 40; job++) {
      timetable.advance(timetable.now + draw.between(0, 1));
      for (const stay of [...stays]) {
        if (stay.goneBy > timetable.now && !draw.chance(0.1)) continue;
        timetable.remove(stay);
        stays.splice(stays.indexOf(stay), 1);
      }
      const begin = timetable.now + draw.between(0, 20);
      const mask = draw.between(1, 15);
      const gang = gangFor(engine, { gpus: popcount16(mask) });
      const stay = newStay(
        job,
        gang,
        noteOn(draw.between(0, SERVERS - 1), mask),
        begin,
        begin + draw.between(1, 9),
        true,
      );
      if (timetable.isFree(stay, 'end')) {
        timetable.add(stay);
        stays.push(stay);
      }
      check(timetable, stays, taken);
    }
  }
}

describe('PlacedTimetable', () => {
  it('shows what nobody holds at any time of a stretch', () => {
    for (let seed = 0; seed < 60; seed++) {
      const draw = drawsOf(seed);
      const engine = fourGpuEngine(SERVERS);
      const timetable = new PlacedTimetable(engine);
      const stays: Stay[] = [];
      for (let job = 0; job < 40; job++) {
        const begin = draw.between(0, 50);
        const server = draw.between(0, SERVERS - 1);
        const gang = gangFor(engine, { gpus: 1 });
        const note = noteOn(server, 1 << draw.between(0, 3));
        const stay = newStay(job, gang, note, begin, begin + draw.between(1, 9), true);
        if (timetable.isFree(stay, 'end')) {
          timetable.add(stay);
          stays.push(stay);
        }
        if (stays.length > 3 && draw.chance(0.5)) {
          timetable.remove(stays.splice(draw.between(0, stays.length - 1), 1)[0]!);
        }
        const from = draw.between(0, 50);
        const to = from + draw.between(1, 10);
        const free = timetable.show(from, to);
        let count = 0;
        for (let s = 0; s < SERVERS; s++) {
          let mask = 15;
          for (const { note: held, begin: b, end } of stays) {
            if (held.server === s && b < to && end > from) mask &= ~held.mask;
          }
          expect(engine.state.freeMask[s]).toBe(mask);
          count += 1000 * popcount16(mask);
        }
        expect(free).toBe(count);
      }
    }
  });

  it('says whether a stay is free as a count of every moment does', () => {
    const gangs = [1, 2, 3, 4].map((gpus) => gangFor(fourGpuEngine(1), { gpus }));
    forRandomStays((timetable, _, taken) => {
      for (let server = 0; server < SERVERS; server++) {
        for (const mask of [1, 6, 15]) {
          const from = timetable.now + mask;
          const stay = newStay(-1, gangs[popcount16(mask) - 1]!, noteOn(server, mask), from, from + 4, true);
          expect(timetable.isFree(stay, 'end')).toBe((taken(server, from, from + 4) & mask) === 0);
        }
      }
    });
  });

  it('offers as candidates now and the ends of stays at which enough is free in number', () => {
    forRandomStays((timetable, stays) => {
      const { now } = timetable;
      const freeAt = (time: number): number =>
        stays
          .filter(({ begin, goneBy }) => begin <= time && goneBy > time)
          .reduce((free, { note }) => free - 1000 * popcount16(note.mask), SERVERS * 4000);
      for (const milli of [1000, 5000, 12_000]) {
        let expected = Number.POSITIVE_INFINITY;
        for (let time = now; time < now + HORIZON && expected === Number.POSITIVE_INFINITY; time++) {
          if (time > now && !stays.some(({ goneBy }) => goneBy === time)) continue;
          if ([0, 1, 2, 3, 4].every((later) => freeAt(time + later) >= milli)) expected = time;
        }
        expect(timetable.nextCandidate(now, milli, 5)).toBe(expected);
      }
    });
  });

  it('finds when a server has room for a pod', () => {
    const { need } = gangFor(fourGpuEngine(1), { gpus: 3 });
    forRandomStays((timetable, stays, taken) => {
      const { now } = timetable;
      for (let server = 0; server < SERVERS; server++) {
        const times = [now, ...stays.flatMap(({ note, goneBy }) => (note.server === server ? [goneBy] : []))]
          .filter((time) => time >= now && popcount16(taken(server, time, time + 6)) <= 1)
          .sort((a, b) => a - b);
        const expected = times[0] ?? Number.POSITIVE_INFINITY;
        expect(timetable.roomOn(server, need, 6, Number.POSITIVE_INFINITY)).toBe(expected);
        expect(timetable.roomOn(server, need, 6, expected)).toBe(Number.POSITIVE_INFINITY);
      }
    });
  });

  it('plans as if who is overdue were gone, and knows who runs still', () => {
    const engine = fourGpuEngine(1);
    const timetable = new PlacedTimetable(engine);
    const gang = gangFor(engine, { gpus: 4 });
    const running = newStay(0, gang, noteOn(0, 15), 0, 10, false);
    timetable.add(running);
    timetable.advance(10);
    running.goneBy = 11;
    const next = newStay(1, gang, noteOn(0, 15), 10, 20, true);
    expect(timetable.isFree(next, 'end')).toBe(true);
    expect(timetable.isFree(next, 'goneBy')).toBe(false);
    expect(timetable.show(10, 20)).toBe(4000);
    expect(timetable.nextCandidate(10, 1000, 10)).toBe(10);
  });

  it('has no room on a server that takes no pods', () => {
    const engine = fourGpuEngine(1);
    const timetable = new PlacedTimetable(engine);
    const gang = gangFor(engine, { gpus: 1 });
    engine.setCordoned(0, true);
    expect(timetable.isFree(newStay(0, gang, noteOn(0, 1), 0, 1, true), 'end')).toBe(false);
    expect(timetable.roomOn(0, gang.need, 1, 5)).toBe(Number.POSITIVE_INFINITY);
  });
});
