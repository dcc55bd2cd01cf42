import type { PlacementEngine } from '../../placement/engine.js';
import type { Gang } from '../../placement/gangs/gang.js';
import type { PodNeed } from '../../placement/state/pod-need.js';
import { popcount16 } from '../../placement/state/state.js';
import { GPU_MILLI } from '../../units.js';
import { forEachPiece, type Note } from '../allocation/holdings.js';
import { ExpectedEnds } from '../kernel/expected-ends.js';
import { FreeProfile } from './free-profile.js';
import { type Held, PeakUse } from './placed-peak-use.js';
import { ShownServers } from './window-engine.js';

/** A job on its GPUs, from when to when, microseconds: it runs, or is promised them. */
export interface Stay {
  readonly job: number;
  readonly gang: Gang;
  /** Changes only while it is in no timetable. */
  note: Note;
  readonly begin: number;
  /** When it is believed to end. */
  readonly end: number;
  /** When it can be gone: after `end` where it is overdue. */
  goneBy: number;
  /** Whether it is promised: what runs stays where it is. */
  readonly isPromise: boolean;
  /** Whether the engine shows it. */
  isShown: boolean;
  /** Its place among all stays; -1 = it is not there. */
  at: number;
}

/** What a stay holds on one server. */
interface StayOn extends Held {
  readonly stay: Stay;
}

/** A stay that is in no timetable yet. */
export function newStay(
  job: number,
  gang: Gang,
  note: Note,
  begin: number,
  end: number,
  isPromise: boolean,
): Stay {
  return { job, gang, note, begin, end, goneBy: end, isPromise, isShown: false, at: -1 };
}

/**
 * Who holds which GPUs when: the running jobs up to when they are believed to end, and the promises. An engine shows what is
 * free throughout a stretch of time, so that a gang can be planned there.
 *
 * Adding, removing and asking about a stay costs O(its servers × stays on each); see {@link PeakUse} for servers whose CPU,
 * memory or shares of GPUs count.
 */
export class PlacedTimetable {
  now = 0;
  readonly #engine: PlacementEngine;
  readonly #stays: Stay[] = [];
  /** Server → what is held there. */
  readonly #heldOn: StayOn[][];
  /** When stays end, for candidates: nobody can start earlier than now but where another ends. */
  readonly #ends = new ExpectedEnds();
  /** Thousandths of GPUs free in number: as a bound, it spares most plans. */
  readonly #profile = new FreeProfile();
  readonly #peak: PeakUse;
  readonly #shown: ShownServers;
  /** Servers on which more or less is shown than should be. */
  readonly #dirty: number[] = [];
  readonly #isDirty: Uint8Array;

  /** @param engine - of the whole cluster, with nothing placed; the timetable's own from now on */
  constructor(engine: PlacementEngine) {
    const { serverCount } = engine.tables;
    this.#engine = engine;
    this.#heldOn = Array.from({ length: serverCount }, () => []);
    this.#peak = new PeakUse(engine.tables);
    this.#shown = new ShownServers(engine);
    this.#isDirty = new Uint8Array(serverCount);
    this.#profile.reset(0, this.#shown.freeMilli);
  }

  /** Forgets what was before a time. */
  advance(now: number): void {
    this.now = now;
    this.#profile.advance(now);
  }

  add(stay: Stay): void {
    stay.at = this.#stays.push(stay) - 1;
    forEachPiece(stay.note, (server, mask, pods) => {
      this.#heldOn[server]!.push({ stay, mask, pods });
    });
    this.#book(stay, 1);
  }

  remove(stay: Stay): void {
    const last = this.#stays.pop()!;
    if (last !== stay) {
      this.#stays[stay.at] = last;
      last.at = stay.at;
    }
    stay.at = -1;
    forEachPiece(stay.note, (server) => {
      const held = this.#heldOn[server]!;
      const at = held.findIndex((other) => other.stay === stay);
      held.splice(at, 1);
    });
    if (stay.isShown) this.#markDirty(stay);
    stay.isShown = false;
    this.#book(stay, -1);
  }

  /**
   * The first time from `from` on, now or when a stay ends, at which so many thousandths of GPUs are free in number for so
   * long; Infinity if there is none.
   */
  nextCandidate(from: number, milli: number, duration: number): number {
    // Each turn goes on from a later end of a stay.
    for (let time = from; ; ) {
      const enough = this.#profile.earliest(milli, duration, time);
      if (enough === time) return time;
      if (enough === Number.POSITIVE_INFINITY) return enough;
      time = this.endFrom(enough);
      if (time === Number.POSITIVE_INFINITY) return time;
    }
  }

  /** The first end of a stay at a time or later; Infinity if there is none. */
  endFrom(time: number): number {
    return this.#ends.endFrom(time);
  }

  /**
   * Makes the engine show what is free throughout a stretch of time.
   *
   * @param giveWay - promises that are not shown; default none
   * @returns thousandths of GPUs free, those of servers that take no pods included
   * @complexity O(stays), and the servers of those that come or go
   */
  show(from: number, to: number, giveWay?: (stay: Stay) => boolean): number {
    for (const stay of this.#stays) {
      const isIn = stay.begin < to && stay.end > from && giveWay?.(stay) !== true;
      if (isIn === stay.isShown) continue;
      stay.isShown = isIn;
      this.#markDirty(stay);
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
  roomOn(server: number, need: PodNeed, duration: number, before: number): number {
    const { tables, state } = this.#engine;
    const shape = tables.shapeOf[server]!;
    if (state.cordoned[server] === 1) return Number.POSITIVE_INFINITY;
    if (need.allowedShapes !== undefined && need.allowedShapes[shape] === 0) return Number.POSITIVE_INFINITY;
    const held = this.#heldOn[server]!;
    let earliest = before;
    for (let i = -1; i < held.length; i++) {
      const time = i === -1 ? this.now : held[i]!.stay.end;
      if (time >= earliest) continue;
      let taken = 0;
      for (const { stay, mask } of held) {
        if (stay.begin >= time + duration || stay.end <= time) continue;
        if (stay.gang.need.gpuMilli === GPU_MILLI) taken |= mask;
      }
      if (tables.shapeGpus[shape]! - popcount16(taken) >= need.gpus) earliest = time;
    }
    return earliest < before ? earliest : Number.POSITIVE_INFINITY;
  }

  /**
   * Whether GPUs, CPU and memory of a stay are free while it lasts. It must not be in the timetable.
   *
   * @param by - `end`: if everybody ends as believed; `goneBy`: beside whoever runs still
   */
  isFree(stay: Stay, by: 'end' | 'goneBy'): boolean {
    const { cordoned } = this.#engine.state;
    for (const [server, held] of heldBy(stay)) {
      if (cordoned[server] === 1) return false;
      const others = this.#heldOn[server]!;
      if (!this.#peak.leavesRoomFor(server, others, held, stay.begin, stay.end, by)) return false;
    }
    return true;
  }

  /**
   * Whom a stay, which is in no timetable, is in the way of, among promises that give way: of those on its GPUs all, of those
   * that need its CPU, memory or share the last to begin.
   *
   * @param giveWay - which may be moved elsewhere; what is in the way of others is undefined then
   * @returns undefined if it stays in the way of others
   */
  inTheWayOf(stay: Stay, giveWay: (stay: Stay) => boolean): Set<Stay> | undefined {
    const moving = new Set<Stay>();
    const own = heldBy(stay);
    for (const [server, held] of own) {
      const isIn = (other: Stay): boolean =>
        !moving.has(other) && other.begin < stay.end && other.end > stay.begin;
      const taken = held.reduce((all, { mask }) => all | mask, 0);
      const isWhole = stay.gang.need.gpuMilli === GPU_MILLI;
      for (const other of this.#heldOn[server]!) {
        if ((other.mask & taken) === 0 || !isIn(other.stay) || !giveWay(other.stay)) continue;
        if (isWhole || other.stay.gang.need.gpuMilli === GPU_MILLI) moving.add(other.stay);
      }
      // Each turn moves one more of them, or ends.
      for (;;) {
        const others = this.#heldOn[server]!.filter((other) => isIn(other.stay));
        if (this.#peak.leavesRoomFor(server, others, held, stay.begin, stay.end, 'end')) break;
        let last: Stay | undefined;
        for (const other of others) {
          if (giveWay(other.stay) && (last === undefined || other.stay.begin >= last.begin))
            last = other.stay;
        }
        if (last === undefined) return undefined;
        moving.add(last);
      }
    }
    return moving;
  }

  #shownOn(server: number): StayOn[] {
    return this.#heldOn[server]!.filter(({ stay }) => stay.isShown);
  }

  #book(stay: Stay, sign: 1 | -1): void {
    if (sign === 1) this.#ends.add(stay.job, stay.end);
    else this.#ends.remove(stay.job, stay.end);
    const from = Math.max(stay.begin, this.now);
    const milli = stay.note.pods * stay.gang.need.totalGpuMilli;
    if (stay.end > from) this.#profile.reserve(from, stay.end - from, sign * milli);
  }

  #markDirty(stay: Stay): void {
    forEachPiece(stay.note, (server) => {
      if (this.#isDirty[server] === 1) return;
      this.#isDirty[server] = 1;
      this.#dirty.push(server);
    });
  }
}

/** The servers that a stay holds GPUs on, with repeats. */
export function serversOf({ note }: Stay): readonly number[] {
  return note.pieces?.servers ?? [note.server];
}

/** Server → what a stay holds there. */
function heldBy(stay: Stay): Map<number, StayOn[]> {
  const own = new Map<number, StayOn[]>();
  forEachPiece(stay.note, (server, mask, pods) => {
    const onServer = own.get(server);
    if (onServer === undefined) own.set(server, [{ stay, mask, pods }]);
    else onServer.push({ stay, mask, pods });
  });
  return own;
}
