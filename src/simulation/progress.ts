import { stallsIn } from './job-table.js';

/**
 * The clock of a job inside one run: it counts compute and checkpoint stalls, not restarts, and runs at the speed of the
 * job, so that a job slowed down by its links or short of pods is one whose clock is slow. Microseconds.
 */
export interface RunProgress {
  /** Useful compute, kept or not. */
  readonly work: number;
  /** Time blocked by checkpoints. */
  readonly stalls: number;
  /** Of the work, what the last complete checkpoint holds. */
  readonly saved: number;
}

/** What the clock shows when so much work is done. */
export function clockOfWork(work: number, interval: number, stall: number): number {
  return work + stallsIn(work, interval) * stall;
}

/**
 * What a run has done when its clock shows `clock`.
 *
 * A cycle is `interval` of compute and a stall; the i-th checkpoint is complete a lag after the i-th cycle.
 */
export function progressAt(clock: number, interval: number, stall: number, persistLag: number): RunProgress {
  if (interval === Number.POSITIVE_INFINITY) return { work: clock, stalls: 0, saved: 0 };
  const cycle = interval + stall;
  const cycles = Math.floor(clock / cycle);
  const work = cycles * interval + Math.min(clock - cycles * cycle, interval);
  const complete = Math.max(0, Math.floor((clock - persistLag) / cycle));
  return { work, stalls: clock - work, saved: complete * interval };
}
