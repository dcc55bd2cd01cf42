import { describe, expect, it } from 'vitest';
import { popcount16 } from '../../../src/placement/state/state.js';
import { newReservation, type Reservation } from '../../../src/simulation/future/reservation.js';
import { Timetable } from '../../../src/simulation/future/timetable.js';
import { drawsOf } from '../whole/swarm.js';
import { assignmentOn, fourGpuEngine, gangFor } from './placed-cluster.js';

const SERVERS = 3;
const HORIZON = 80;

/** Random reservations of one pod come and go, and what is asked in between is counted moment by moment. */
function forRandomReservations(
  check: (
    timetable: Timetable,
    reservations: readonly Reservation[],
    taken: (server: number, from: number, to: number) => number,
  ) => void,
): void {
  for (let seed = 0; seed < 60; seed++) {
    const draw = drawsOf(seed);
    const engine = fourGpuEngine(SERVERS);
    const timetable = new Timetable(engine);
    const reservations: Reservation[] = [];
    const taken = (server: number, from: number, to: number): number => {
      let mask = 0;
      for (const { assignment, begin, goneBy } of reservations) {
        if (assignment.server === server && begin < to && goneBy > from) mask |= assignment.mask;
      }
      return mask;
    };
    for (let job = 0; job < 40; job++) {
      timetable.advance(timetable.now + draw.between(0, 1));
      for (const reservation of [...reservations]) {
        if (reservation.goneBy > timetable.now && !draw.chance(0.1)) continue;
        timetable.remove(reservation);
        reservations.splice(reservations.indexOf(reservation), 1);
      }
      const begin = timetable.now + draw.between(0, 20);
      const mask = draw.between(1, 15);
      const gang = gangFor(engine, { gpus: popcount16(mask) });
      const reservation = newReservation(
        job,
        gang,
        assignmentOn(draw.between(0, SERVERS - 1), mask),
        begin,
        begin + draw.between(1, 9),
        true,
      );
      if (timetable.isFree(reservation, 'end')) {
        timetable.add(reservation);
        reservations.push(reservation);
      }
      check(timetable, reservations, taken);
    }
  }
}

describe('Timetable', () => {
  it('shows what nobody holds at any time of a stretch', () => {
    for (let seed = 0; seed < 60; seed++) {
      const draw = drawsOf(seed);
      const engine = fourGpuEngine(SERVERS);
      const timetable = new Timetable(engine);
      const reservations: Reservation[] = [];
      for (let job = 0; job < 40; job++) {
        const begin = draw.between(0, 50);
        const server = draw.between(0, SERVERS - 1);
        const gang = gangFor(engine, { gpus: 1 });
        const assignment = assignmentOn(server, 1 << draw.between(0, 3));
        const reservation = newReservation(job, gang, assignment, begin, begin + draw.between(1, 9), true);
        if (timetable.isFree(reservation, 'end')) {
          timetable.add(reservation);
          reservations.push(reservation);
        }
        if (reservations.length > 3 && draw.chance(0.5)) {
          timetable.remove(reservations.splice(draw.between(0, reservations.length - 1), 1)[0]!);
        }
        const from = draw.between(0, 50);
        const to = from + draw.between(1, 10);
        const free = timetable.load(from, to);
        let count = 0;
        for (let s = 0; s < SERVERS; s++) {
          let mask = 15;
          for (const { assignment: held, begin: b, end } of reservations) {
            if (held.server === s && b < to && end > from) mask &= ~held.mask;
          }
          expect(engine.state.freeMask[s]).toBe(mask);
          count += 1000 * popcount16(mask);
        }
        expect(free).toBe(count);
      }
    }
  });

  it('says whether a reservation is free as a count of every moment does', () => {
    const gangs = [1, 2, 3, 4].map((gpus) => gangFor(fourGpuEngine(1), { gpus }));
    forRandomReservations((timetable, _, taken) => {
      for (let server = 0; server < SERVERS; server++) {
        for (const mask of [1, 6, 15]) {
          const from = timetable.now + mask;
          const reservation = newReservation(
            -1,
            gangs[popcount16(mask) - 1]!,
            assignmentOn(server, mask),
            from,
            from + 4,
            true,
          );
          expect(timetable.isFree(reservation, 'end')).toBe((taken(server, from, from + 4) & mask) === 0);
        }
      }
    });
  });

  it('offers as candidates now and the ends of reservations at which enough is free in number', () => {
    forRandomReservations((timetable, reservations) => {
      const { now } = timetable;
      const freeAt = (time: number): number =>
        reservations
          .filter(({ begin, goneBy }) => begin <= time && goneBy > time)
          .reduce((free, { assignment }) => free - 1000 * popcount16(assignment.mask), SERVERS * 4000);
      for (const milli of [1000, 5000, 12_000]) {
        let expected = Number.POSITIVE_INFINITY;
        for (let time = now; time < now + HORIZON && expected === Number.POSITIVE_INFINITY; time++) {
          if (time > now && !reservations.some(({ goneBy }) => goneBy === time)) continue;
          if ([0, 1, 2, 3, 4].every((later) => freeAt(time + later) >= milli)) expected = time;
        }
        expect(timetable.nextCandidate(now, milli, 5)).toBe(expected);
      }
    });
  });

  it('finds when a server has room for a pod', () => {
    const { need } = gangFor(fourGpuEngine(1), { gpus: 3 });
    forRandomReservations((timetable, reservations, taken) => {
      const { now } = timetable;
      for (let server = 0; server < SERVERS; server++) {
        const times = [
          now,
          ...reservations.flatMap(({ assignment, goneBy }) => (assignment.server === server ? [goneBy] : [])),
        ]
          .filter((time) => time >= now && popcount16(taken(server, time, time + 6)) <= 1)
          .sort((a, b) => a - b);
        const expected = times[0] ?? Number.POSITIVE_INFINITY;
        expect(timetable.earliestFree(server, need, 6, Number.POSITIVE_INFINITY)).toBe(expected);
        expect(timetable.earliestFree(server, need, 6, expected)).toBe(Number.POSITIVE_INFINITY);
      }
    });
  });

  it('plans as if who is overdue were gone, and knows who runs still', () => {
    const engine = fourGpuEngine(1);
    const timetable = new Timetable(engine);
    const gang = gangFor(engine, { gpus: 4 });
    const running = newReservation(0, gang, assignmentOn(0, 15), 0, 10, false);
    timetable.add(running);
    timetable.advance(10);
    running.goneBy = 11;
    const next = newReservation(1, gang, assignmentOn(0, 15), 10, 20, true);
    expect(timetable.isFree(next, 'end')).toBe(true);
    expect(timetable.isFree(next, 'goneBy')).toBe(false);
    expect(timetable.load(10, 20)).toBe(4000);
    expect(timetable.nextCandidate(10, 1000, 10)).toBe(10);
  });

  it('has no room on a server that takes no pods', () => {
    const engine = fourGpuEngine(1);
    const timetable = new Timetable(engine);
    const gang = gangFor(engine, { gpus: 1 });
    engine.setCordoned(0, true);
    expect(timetable.isFree(newReservation(0, gang, assignmentOn(0, 1), 0, 1, true), 'end')).toBe(false);
    expect(timetable.earliestFree(0, gang.need, 1, 5)).toBe(Number.POSITIVE_INFINITY);
  });
});
