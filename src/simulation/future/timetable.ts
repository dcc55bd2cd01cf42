import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import { type Assignment, forEachPiece } from '../allocation/holdings.js';
import { ExpectedEnds } from '../kernel/expected-ends.js';
import { FreeProfile } from './free-profile.js';
import { type Held, PeakUse } from './peak-use.js';
import { WindowEngine } from './window-engine.js';

/** A job on its GPUs, from when to when, microseconds: it runs, or is promised them. */
export interface Reservation {
  readonly job: number;
  readonly gang: Gang;
  /** Changes only while it is in no timetable. */
  assignment: Assignment;
  readonly begin: number;
  /** When it is believed to end. */
  readonly end: number;
  /** When it can be gone: after `end` where it is overdue. */
  goneBy: number;
  /** Whether it is promised: what runs stays where it is. */
  readonly isPromise: boolean;
  /** Whether the engine shows it. */
  isLoaded: boolean;
  /** Its place among all stays; -1 = it is not there. */
  at: number;
}

/** What a reservation holds on one server. */
interface StayOn extends Held {
  readonly reservation: Reservation;
}

/** A reservation that is in no timetable yet. */
export function newReservation(
  job: number,
  gang: Gang,
  assignment: Assignment,
  begin: number,
  end: number,
  isPromise: boolean,
): Reservation {
  return { job, gang, assignment, begin, end, goneBy: end, isPromise, isLoaded: false, at: -1 };
}

/**
 * Who holds which GPUs when: the running jobs up to when they are believed to end, and the promises. An engine shows what is
 * free throughout a stretch of time, so that a gang can be planned there.
 *
 * Adding, removing and asking about a reservation costs O(its servers × stays on each); see {@link PeakUse} for servers whose CPU,
 * memory or shares of GPUs count.
 */
export class Timetable {
  now = 0;
  readonly #engine: PlacementEngine;
  readonly #reservations: Reservation[] = [];
  /** Server → what is held there. */
  readonly #heldOn: StayOn[][];
  /** When stays end, for candidates: nobody can start earlier than now but where another ends. */
  readonly #ends = new ExpectedEnds();
  /** Thousandths of GPUs free in number: as a bound, it spares most plans. */
  readonly #profile = new FreeProfile();
  readonly #peak: PeakUse;
  readonly #shown: WindowEngine;
  /** Servers on which more or less is shown than should be. */
  readonly #dirty: number[] = [];
  readonly #isDirty: Uint8Array;

  /** @param engine - of the whole cluster, with nothing placed; the timetable's own from now on */
  constructor(engine: PlacementEngine) {
    const { serverCount } = engine.tables;
    this.#engine = engine;
    this.#heldOn = Array.from({ length: serverCount }, () => []);
    this.#peak = new PeakUse(engine.tables);
    this.#shown = new WindowEngine(engine);
    this.#isDirty = new Uint8Array(serverCount);
    this.#profile.reset(0, this.#shown.freeMilli);
  }

  /** Forgets what was before a time. */
  advance(now: number): void {
    this.now = now;
    this.#profile.advance(now);
  }

  add(reservation: Reservation): void {
    reservation.at = this.#reservations.push(reservation) - 1;
    forEachPiece(reservation.assignment, (server, mask, pods) => {
      this.#heldOn[server]!.push({ reservation, mask, pods });
    });
    this.#book(reservation, 1);
  }

  remove(reservation: Reservation): void {
    const last = this.#reservations.pop()!;
    if (last !== reservation) {
      this.#reservations[reservation.at] = last;
      last.at = reservation.at;
    }
    reservation.at = -1;
    forEachPiece(reservation.assignment, (server) => {
      const held = this.#heldOn[server]!;
      const at = held.findIndex((other) => other.reservation === reservation);
      held.splice(at, 1);
    });
    if (reservation.isLoaded) this.#markDirty(reservation);
    reservation.isLoaded = false;
    this.#book(reservation, -1);
  }

  /**
   * The first time from `from` on, now or when a reservation ends, at which so many thousandths of GPUs are free in number for so
   * long; Infinity if there is none.
   */
  nextCandidate(from: number, milli: number, duration: number): number {
    // Each turn goes on from a later end of a reservation.
    for (let time = from; ; ) {
      const enough = this.#profile.earliest(milli, duration, time);
      if (enough === time) return time;
      if (enough === Number.POSITIVE_INFINITY) return enough;
      time = this.endFrom(enough);
      if (time === Number.POSITIVE_INFINITY) return time;
    }
  }

  /** The first end of a reservation at a time or later; Infinity if there is none. */
  endFrom(time: number): number {
    return this.#ends.endFrom(time);
  }

  /**
   * Makes the engine show what is free throughout a stretch of time.
   *
   * @param giveWay - promises that are not shown; default none
   * @returns thousandths of GPUs free, those of servers that take no pods included
   * @complexity O(reservations), and the servers of those that come or go
   */
  show(from: number, to: number, giveWay?: (reservation: Reservation) => boolean): number {
    for (const reservation of this.#reservations) {
      const isIn = reservation.begin < to && reservation.end > from && giveWay?.(reservation) !== true;
      if (isIn === reservation.isLoaded) continue;
      reservation.isLoaded = isIn;
      this.#markDirty(reservation);
    }
    for (const server of this.#dirty) {
      this.#isDirty[server] = 0;
      this.#peak.measure(this.#shownOn(server), from, to, 'end');
      this.#shown.show(server, this.#peak);
    }
    this.#dirty.length = 0;
    return this.#shown.freeMilli;
  }

  /**
   * The earliest time from which a server may have the whole GPUs of a pod free for so long; for shares, a GPU that nobody
   * holds whole. Infinity if it never has.
   *
   * @param before - a later time, or this one, is of no use
   * @complexity O(h²) for h stays on the server
   */
  earliestFree(server: number, need: PodNeed, duration: number, before: number): number {
    const { tables, state } = this.#engine;
    const shape = tables.shapeOf[server]!;
    if (state.cordoned[server] === 1) return Number.POSITIVE_INFINITY;
    if (need.allowedShapes !== undefined && need.allowedShapes[shape] === 0) return Number.POSITIVE_INFINITY;
    const held = this.#heldOn[server]!;
    let earliest = before;
    for (let i = -1; i < held.length; i++) {
      const time = i === -1 ? this.now : held[i]!.reservation.end;
      if (time >= earliest) continue;
      let taken = 0;
      for (const { reservation, mask } of held) {
        if (reservation.begin >= time + duration || reservation.end <= time) continue;
        if (reservation.gang.need.gpuMilli === GPU_MILLI) taken |= mask;
      }
      if (tables.shapeGpus[shape]! - popcount16(taken) >= need.gpus) earliest = time;
    }
    return earliest < before ? earliest : Number.POSITIVE_INFINITY;
  }

  /**
   * Whether GPUs, CPU and memory of a reservation are free while it lasts. It must not be in the timetable.
   *
   * @param by - `end`: if everybody ends as believed; `goneBy`: beside whoever runs still
   */
  isFree(reservation: Reservation, by: 'end' | 'goneBy'): boolean {
    const { cordoned } = this.#engine.state;
    for (const [server, held] of heldBy(reservation)) {
      if (cordoned[server] === 1) return false;
      const others = this.#heldOn[server]!;
      if (!this.#peak.leavesRoomFor(server, others, held, reservation.begin, reservation.end, by))
        return false;
    }
    return true;
  }

  /**
   * Whom a reservation, which is in no timetable, is in the way of, among promises that give way: of those on its GPUs all, of those
   * that need its CPU, memory or share the last to begin.
   *
   * @param giveWay - which may be moved elsewhere; what is in the way of others is undefined then
   * @returns undefined if it stays in the way of others
   */
  inTheWayOf(
    reservation: Reservation,
    giveWay: (reservation: Reservation) => boolean,
  ): Set<Reservation> | undefined {
    const moving = new Set<Reservation>();
    const own = heldBy(reservation);
    for (const [server, held] of own) {
      const isIn = (other: Reservation): boolean =>
        !moving.has(other) && other.begin < reservation.end && other.end > reservation.begin;
      const taken = held.reduce((all, { mask }) => all | mask, 0);
      const isWhole = reservation.gang.need.gpuMilli === GPU_MILLI;
      for (const other of this.#heldOn[server]!) {
        if ((other.mask & taken) === 0 || !isIn(other.reservation) || !giveWay(other.reservation)) continue;
        if (isWhole || other.reservation.gang.need.gpuMilli === GPU_MILLI) moving.add(other.reservation);
      }
      // Each turn moves one more of them, or ends.
      for (;;) {
        const others = this.#heldOn[server]!.filter((other) => isIn(other.reservation));
        if (this.#peak.leavesRoomFor(server, others, held, reservation.begin, reservation.end, 'end')) break;
        let last: Reservation | undefined;
        for (const other of others) {
          if (giveWay(other.reservation) && (last === undefined || other.reservation.begin >= last.begin))
            last = other.reservation;
        }
        if (last === undefined) return undefined;
        moving.add(last);
      }
    }
    return moving;
  }

  #shownOn(server: number): StayOn[] {
    return this.#heldOn[server]!.filter(({ reservation }) => reservation.isLoaded);
  }

  #book(reservation: Reservation, sign: 1 | -1): void {
    if (sign === 1) this.#ends.add(reservation.job, reservation.end);
    else this.#ends.remove(reservation.job, reservation.end);
    const from = Math.max(reservation.begin, this.now);
    const milli = reservation.assignment.pods * reservation.gang.need.totalGpuMilli;
    if (reservation.end > from) this.#profile.reserve(from, reservation.end - from, sign * milli);
  }

  #markDirty(reservation: Reservation): void {
    forEachPiece(reservation.assignment, (server) => {
      if (this.#isDirty[server] === 1) return;
      this.#isDirty[server] = 1;
      this.#dirty.push(server);
    });
  }
}

/** The servers that a reservation holds GPUs on, with repeats. */
export function serversOf({ assignment }: Reservation): readonly number[] {
  return assignment.pieces?.servers ?? [assignment.server];
}

/** Server → what a reservation holds there. */
function heldBy(reservation: Reservation): Map<number, StayOn[]> {
  const own = new Map<number, StayOn[]>();
  forEachPiece(reservation.assignment, (server, mask, pods) => {
    const onServer = own.get(server);
    if (onServer === undefined) own.set(server, [{ reservation, mask, pods }]);
    else onServer.push({ reservation, mask, pods });
  });
  return own;
}
