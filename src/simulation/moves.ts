import type { ClusterRun } from './cluster-run.js';
import type { GangPieces, Note } from './holdings.js';
import { suspendFor } from './make-room.js';
import { clockOfWork, rhythmOf } from './progress.js';
import { victimsOf } from './victims.js';

/** Gains below this part of what is at stake are rounding. */
const TOLERANCE = 1e-9;

/**
 * Moves running jobs to other GPUs, or to more or fewer pods, where that gains more GPU time than it costs. A move is a stop
 * and a start: what a preempted job would lose is lost, and the restart is paid on the new GPUs.
 *
 * A job that has g GPUs and needs l seconds more on them, and g' and l' after the move, saves g l - g' l' GPU-seconds; less
 * bandwidth makes that negative. To it comes what stands idle otherwise: the GPUs of a job that waits, for as long as it
 * would; of a job that grows, (g' - g) l'. The cost is that of the restart, g' r.
 */
export class Moves {
  readonly #run: ClusterRun;
  /** How many times what it costs a move must gain. */
  readonly #gainFactor: number;

  constructor(run: ClusterRun, gainFactor: number) {
    this.#run = run;
    this.#gainFactor = gainFactor;
  }

  /**
   * Places a job that waits by moving others.
   *
   * @param mayMove - who may be moved
   * @param waits - how long it would wait otherwise, microseconds, 0 or more; Infinity = for ever
   * @param movesMax - jobs to move at most
   * @returns how many have moved; 0, and nothing has happened, if it is not worth it, or if nobody has to
   */
  makeRoomFor(job: number, mayMove: (other: number) => boolean, waits: number, movesMax: number): number {
    const run = this.#run;
    const { allocation, holdings } = run;
    const victims = victimsOf(run, mayMove, 'restart-cost');
    const suspended = suspendFor(run, job, victims);
    if (suspended === undefined) return 0;
    const { submissionOf } = run.table;
    // The largest first: it is the hardest to place.
    suspended.sort((a, b) => run.gpusOf(b) - run.gpusOf(a) || submissionOf[a]! - submissionOf[b]!);
    const placed: { readonly other: number; readonly before: Note; readonly after: Note }[] = [];
    const moving: { readonly other: number; readonly after: Note }[] = [];
    // Infinity × 0 is NaN.
    let gain = run.gpusOf(job) === 0 ? 0 : waits * run.gpusOf(job);
    let cost = 0;
    let isPossible = suspended.length <= movesMax;
    for (const other of suspended) {
      const before = holdings.noteOf(other);
      isPossible &&= this.#placeBesideHeadroom(other);
      if (!isPossible) break;
      const after = holdings.noteOf(other);
      holdings.putNote(other, before);
      placed.push({ other, before, after });
      // Back on the same GPUs: it is not stopped at all.
      if (isSamePlace(before, after)) continue;
      moving.push({ other, after });
      gain += this.#savedBy(other, before, after);
      cost += this.#restartOf(other, after);
    }
    if (isPossible && moving.length > 0 && gain > cost * this.#gainFactor) {
      for (const { other, before, after } of placed) {
        if (!isSamePlace(before, after)) continue;
        holdings.putNote(other, after);
        allocation.unplace(other);
        holdings.putNote(other, before);
        allocation.resume(other);
      }
      for (const { other, after } of moving) run.move(other, after);
      return moving.length;
    }
    for (const { other, before, after } of placed.reverse()) {
      holdings.putNote(other, after);
      allocation.unplace(other);
      holdings.putNote(other, before);
    }
    allocation.unplace(job);
    for (const other of suspended) allocation.resume(other);
    // Whoever was refused meanwhile was refused for less room.
    allocation.returns++;
    return 0;
  }

  /** Whether a job computes: one that is about to would skip what it still has to go through. */
  isMovable(job: number): boolean {
    return this.#run.state.computeBegin[job]! <= this.#run.now;
  }

  /** Moves a running job if it gains by it; says whether. */
  improve(job: number): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.noteOf(job);
    const { returns } = allocation;
    allocation.suspend(job);
    if (!this.#placeBesideHeadroom(job)) {
      allocation.resume(job);
      return false;
    }
    const after = holdings.noteOf(job);
    holdings.putNote(job, before);
    if (this.#isBetter(job, before, after)) {
      this.#run.move(job, after);
      return true;
    }
    holdings.putNote(job, after);
    allocation.unplace(job);
    holdings.putNote(job, before);
    allocation.resume(job);
    // All is as it was, and nobody has been refused meanwhile.
    allocation.returns = returns;
    return false;
  }

  /** Whether a job gains more by a move than it costs. */
  #isBetter(job: number, before: Note, after: Note): boolean {
    // A stop and a start on the same GPUs is no move, though a checkpoint that was due may come later then.
    if (isSamePlace(before, after)) return false;
    const grown = Math.max(0, this.#gpusIn(job, after) - this.#gpusIn(job, before));
    // Under fair share who uses how much is for quotas to say.
    if (grown > 0 && this.#run.settings.queue === 'fair-share') return false;
    const gain = this.#savedBy(job, before, after) + grown * this.#leftAt(job, after);
    const rounding = TOLERANCE * this.#gpusIn(job, before) * this.leftNow(job);
    return gain > this.#restartOf(job, after) * this.#gainFactor + rounding;
  }

  /** Places a suspended job without taking what is kept free: a move must not use that up. */
  #placeBesideHeadroom(job: number): boolean {
    const { allocation, holdings } = this.#run;
    const before = holdings.noteOf(job);
    const missing = allocation.headroom?.missing ?? 0;
    if (!allocation.place(job)) return false;
    if ((allocation.headroom?.missing ?? 0) <= missing) return true;
    allocation.unplace(job);
    holdings.putNote(job, before);
    return false;
  }

  #gpusIn(job: number, note: Note): number {
    return (this.#run.table.gpus[job]! * note.pods) / this.#run.gangOf(job).pods;
  }

  /** GPU-microseconds that a move saves, but for the restart. */
  #savedBy(job: number, before: Note, after: Note): number {
    return (
      this.#gpusIn(job, before) * this.leftNow(job) - this.#gpusIn(job, after) * this.#leftAt(job, after)
    );
  }

  /** GPU-microseconds of a restart. */
  #restartOf(job: number, note: Note): number {
    return this.#gpusIn(job, note) * this.#run.restartMicros;
  }

  /** Microseconds until a running job ends where it is. */
  leftNow(job: number): number {
    const { state, now } = this.#run;
    const wait = Math.max(0, state.since[job]! - now);
    return wait + (state.clockEnd[job]! - this.#run.clockOf(job)) / state.speed[job]!;
  }

  /** Microseconds that it computes if it is stopped now and goes on with what a note says. */
  #leftAt(job: number, note: Note): number {
    const { state, table, settings, parts } = this.#run;
    const { work, durable } = this.#run.progressOf(job);
    const kept = state.saved[job]! + (settings.preemptedKeeps ? work : durable.work);
    const clock = clockOfWork(table.work[job]! - kept, rhythmOf(table, job), 0);
    const speed = parts.speedAt?.(job, note) ?? note.pods / this.#run.gangOf(job).pods;
    return clock / speed;
  }
}

/** Whether two notes are of the same GPUs. */
function isSamePlace(a: Note, b: Note): boolean {
  if (a.pods !== b.pods || a.server !== b.server) return false;
  if (a.pieces === undefined || b.pieces === undefined) return a.pieces === b.pieces && a.mask === b.mask;
  const masks = masksByServer(a.pieces);
  const others = masksByServer(b.pieces);
  return masks.size === others.size && [...masks].every(([server, mask]) => others.get(server) === mask);
}

/** Server → GPUs of a gang on it. */
function masksByServer({ servers, masks }: GangPieces): Map<number, number> {
  const found = new Map<number, number>();
  servers.forEach((server, i) => {
    found.set(server, (found.get(server) ?? 0) | masks[i]!);
  });
  return found;
}
