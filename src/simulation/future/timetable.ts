import type { PlacementEngine } from '../../placement/engine.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import { forEachPiece } from '../allocation/holdings.js';
import { ExpectedEnds } from '../kernel/expected-ends.js';
import { FreeProfile } from './free-profile.js';
import { PeakUse } from './peak-use.js';
import {
  type EndField,
  type Held,
  heldByServer,
  overlaps,
  type Reservation,
  serversOf,
} from './reservation.js';
import { WindowEngine } from './window-engine.js';

/**
 * Who holds which GPUs when: running jobs until their expected ends, and promises to waiting jobs. The window engine is
 * loaded with what is taken at any time of a stretch, so that a gang can be planned on what is free throughout.
 *
 * To add, remove or check a reservation costs O(its servers × reservations on each); see {@link PeakUse} for servers on
 * which shares, CPU or memory are held.
 */
export class Timetable {
  /** Microseconds. */
  now = 0;
  readonly #engine: PlacementEngine;
  readonly #reservations: Reservation[] = [];
  /** Server → what is held there. */
  readonly #heldOn: Held[][];
  /** Ends of reservations. A job can start now or where another one ends, so these are the candidate times. */
  readonly #ends = new ExpectedEnds();
  /** Thousandths of GPUs that are free in number, over time. This bound saves most plans. */
  readonly #profile = new FreeProfile();
  readonly #peak: PeakUse;
  readonly #window: WindowEngine;
  /** Servers whose load in the window engine is out of date. */
  readonly #dirty = new Set<number>();

  /** @param engine - of the whole cluster, with nothing placed; only the timetable may change it from now on */
  constructor(engine: PlacementEngine) {
    this.#engine = engine;
    this.#heldOn = Array.from({ length: engine.tables.serverCount }, () => []);
    this.#peak = new PeakUse(engine.tables);
    this.#window = new WindowEngine(engine);
    this.#profile.reset(0, this.#window.freeMilli);
  }

  /** Moves the present to a later time. */
  advance(now: number): void {
    this.now = now;
    this.#profile.advance(now);
  }

  add(reservation: Reservation): void {
    reservation.at = this.#reservations.push(reservation) - 1;
    forEachPiece(reservation.assignment, (server, mask, pods) => {
      this.#heldOn[server]!.push({ reservation, mask, pods });
    });
    this.#ends.add(reservation.job, reservation.end);
    this.#count(reservation, 1);
  }

  remove(reservation: Reservation): void {
    const last = this.#reservations.pop()!;
    if (last !== reservation) {
      this.#reservations[reservation.at] = last;
      last.at = reservation.at;
    }
    reservation.at = -1;
    for (const server of serversOf(reservation)) {
      const held = this.#heldOn[server]!;
      held.splice(
        held.findIndex((other) => other.reservation === reservation),
        1,
      );
      if (reservation.isLoaded) this.#dirty.add(server);
    }
    reservation.isLoaded = false;
    this.#ends.remove(reservation.job, reservation.end);
    this.#count(reservation, -1);
  }

  /**
   * The first candidate time from `from` on at which enough is free in number: `from` itself, or the end of a reservation.
   *
   * @param milli - thousandths of GPUs that must be free
   * @param duration - for how long, microseconds
   * @returns microseconds; Infinity if there is no such time
   */
  nextCandidate(from: number, milli: number, duration: number): number {
    // Each turn continues from a later end, so the loop ends.
    for (let time = from; ; ) {
      const enough = this.#profile.earliest(milli, duration, time);
      if (enough === time || enough === Number.POSITIVE_INFINITY) return enough;
      time = this.endFrom(enough);
      if (time === Number.POSITIVE_INFINITY) return time;
    }
  }

  /** The first end of a reservation at a time or later; Infinity if there is none. */
  endFrom(time: number): number {
    return this.#ends.endFrom(time);
  }

  /**
   * Loads the window engine, so that free there means free from `from` to `to`.
   *
   * @param givesWay - reservations to leave out; default none
   * @returns thousandths of GPUs that are free, those of cordoned servers included
   * @complexity O(reservations), and the servers of those that are loaded or unloaded
   */
  load(from: number, to: number, givesWay?: (reservation: Reservation) => boolean): number {
    for (const reservation of this.#reservations) {
      const isIn = overlaps(reservation, from, to) && givesWay?.(reservation) !== true;
      if (isIn === reservation.isLoaded) continue;
      reservation.isLoaded = isIn;
      for (const server of serversOf(reservation)) this.#dirty.add(server);
    }
    for (const server of this.#dirty) {
      const loaded = this.#heldOn[server]!.filter(({ reservation }) => reservation.isLoaded);
      this.#peak.measure(loaded, from, to, 'end');
      this.#window.load(server, this.#peak);
    }
    this.#dirty.clear();
    return this.#window.freeMilli;
  }

  /**
   * The earliest time from which a server has enough GPUs free for one pod. For a pod that asks for shares, GPUs that nobody
   * holds whole count. CPU and memory are not looked at.
   *
   * @param duration - for how long they must be free, microseconds
   * @param before - only earlier times are of interest
   * @returns microseconds; Infinity if there is no such time
   * @complexity O(h²) for h reservations on the server
   */
  earliestFree(server: number, need: PodNeed, duration: number, before: number): number {
    const { tables, state } = this.#engine;
    const shape = tables.shapeOf[server]!;
    if (state.cordoned[server] === 1 || need.allowedShapes?.[shape] === 0) return Number.POSITIVE_INFINITY;
    const held = this.#heldOn[server]!;
    let earliest = before;
    for (let i = -1; i < held.length; i++) {
      const time = i === -1 ? this.now : held[i]!.reservation.end;
      if (time >= earliest) continue;
      let taken = 0;
      for (const { reservation, mask } of held) {
        if (!overlaps(reservation, time, time + duration)) continue;
        if (reservation.gang.need.gpuMilli === GPU_MILLI) taken |= mask;
      }
      if (tables.shapeGpus[shape]! - popcount16(taken) >= need.gpus) earliest = time;
    }
    return earliest < before ? earliest : Number.POSITIVE_INFINITY;
  }

  /**
   * True if GPUs, CPU and memory of a reservation are free while it lasts. It must not be in the timetable.
   *
   * @param by - `end`: all jobs end as expected; `goneBy`: overdue jobs still hold their GPUs
   */
  isFree(reservation: Reservation, by: EndField): boolean {
    const { begin, end } = reservation;
    for (const [server, own] of heldByServer(reservation)) {
      if (this.#engine.state.cordoned[server] === 1) return false;
      if (!this.#peak.leavesCapacityFor(server, this.#heldOn[server]!, own, begin, end, by)) return false;
    }
    return true;
  }

  /**
   * The promises that must move elsewhere before a reservation can be added. All that hold one of its GPUs are among them. Of
   * those that use its CPU, memory or shares, the last to begin move first, as many as it takes.
   *
   * @param reservation - in no timetable
   * @param givesWay - which reservations may move
   * @returns undefined if that is not enough
   */
  inTheWayOf(
    reservation: Reservation,
    givesWay: (other: Reservation) => boolean,
  ): Set<Reservation> | undefined {
    const { begin, end } = reservation;
    const isWhole = reservation.gang.need.gpuMilli === GPU_MILLI;
    const moving = new Set<Reservation>();
    for (const [server, own] of heldByServer(reservation)) {
      const ownMask = own.reduce((all, { mask }) => all | mask, 0);
      const overlapping = this.#heldOn[server]!.filter((held) => overlaps(held.reservation, begin, end));
      for (const { reservation: other, mask } of overlapping) {
        const shareOneGpu = !isWhole && other.gang.need.gpuMilli !== GPU_MILLI;
        if ((mask & ownMask) !== 0 && !shareOneGpu && givesWay(other)) moving.add(other);
      }
      // Each turn moves one more reservation, so the loop ends.
      for (;;) {
        const others = overlapping.filter((held) => !moving.has(held.reservation));
        if (this.#peak.leavesCapacityFor(server, others, own, begin, end, 'end')) break;
        const last = lastToBegin(others.map((held) => held.reservation).filter(givesWay));
        if (last === undefined) return undefined;
        moving.add(last);
      }
    }
    return moving;
  }

  /** Takes the GPUs of a reservation out of the free number over time, sign 1, or gives them back, -1. */
  #count(reservation: Reservation, sign: 1 | -1): void {
    const from = Math.max(reservation.begin, this.now);
    const milli = reservation.assignment.pods * reservation.gang.need.totalGpuMilli;
    if (reservation.end > from) this.#profile.reserve(from, reservation.end - from, sign * milli);
  }
}

/** The last to begin; of equal ones the last in the list. */
function lastToBegin(reservations: readonly Reservation[]): Reservation | undefined {
  let last: Reservation | undefined;
  for (const one of reservations) if (last === undefined || one.begin >= last.begin) last = one;
  return last;
}
