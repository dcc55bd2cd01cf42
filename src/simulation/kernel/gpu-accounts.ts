import type { JobState } from '../jobs/job-state.js';
import type { JobTable } from '../jobs/job-table.js';
import { progressAt, rhythmOf, snapshotsAhead } from '../jobs/progress.js';
import { type CheckedWindow, timeWithin } from '../options/metrics-window.js';

/** Books the GPU time of a window: GPUs that are held, GPUs that take pods, and the buckets of each job's time. Microseconds. */
export class GpuAccounts {
  /** GPUs held by jobs, shares as parts; and their integral over time. */
  heldGpus = 0;
  heldGpuMicros = 0;
  /** GPUs of servers that take pods. */
  availableGpus: number;
  readonly #table: JobTable;
  readonly #state: JobState;
  readonly #window: CheckedWindow;
  /** Job → its clock at the borders of the window, for a run that crosses them. */
  readonly #clockAtFrom: Float64Array;
  readonly #clockAtUntil: Float64Array;
  #since = 0;

  /** @param window - what lies outside of it is not counted */
  constructor(table: JobTable, state: JobState, gpuCount: number, window: CheckedWindow) {
    this.#table = table;
    this.#state = state;
    this.availableGpus = gpuCount;
    this.#window = window;
    this.#clockAtFrom = new Float64Array(window.from > 0 ? table.count : 0);
    this.#clockAtUntil = new Float64Array(window.until < Number.POSITIVE_INFINITY ? table.count : 0);
  }

  /** Brings the integral up to a time. */
  settle(time: number): void {
    this.heldGpuMicros += this.heldGpus * timeWithin(this.#window, this.#since, time);
    this.#since = time;
  }

  /** Changes the number of GPUs that are held, from a time on. */
  hold(gpus: number, time: number): void {
    this.settle(time);
    this.heldGpus += gpus;
  }

  /**
   * Remembers a job's clock at the borders of the window. Call it before the speed of the job changes, and before its run ends.
   */
  markBorders(job: number, now: number): void {
    this.#markBorder(this.#clockAtFrom, this.#window.from, job, now);
    this.#markBorder(this.#clockAtUntil, this.#window.until, job, now);
  }

  /**
   * Books the GPU time of a run that ends now, as far as it lies in the window. If this run throws away work of earlier runs, that work
   * was booked as productive and is taken back. Call it before the job's columns change.
   *
   * @param gpus - held
   * @param clock - what the job's clock shows
   * @param stalls - of that, blocked by checkpoints, of work that is kept
   * @param lost - of that, compute and stalls that are thrown away: the last of it
   */
  book(job: number, now: number, gpus: number, clock: number, stalls: number, lost: number): void {
    const { gpuTime, begin, computeBegin } = this.#state;
    const { from: windowFrom, until: windowUntil } = this.#window;
    // With fewer pods the clock is slower and fewer GPUs are held, so no GPU time is lost by that.
    const worth = this.#table.gpus[job]!;
    const from = begin[job]!;
    const computeFrom = Math.min(now, computeBegin[job]!);
    let held = (now - from) * gpus;
    let restart = (computeFrom - from) * gpus;
    let [shown, stalled, thrown] = [clock, stalls, lost];
    if (from < windowFrom || now > windowUntil) {
      this.markBorders(job, now);
      held = timeWithin(this.#window, from, now) * gpus;
      restart = timeWithin(this.#window, from, computeFrom) * gpus;
      const first = computeFrom >= windowFrom ? 0 : now <= windowFrom ? clock : this.#clockAtFrom[job]!;
      const last = now <= windowUntil ? clock : computeFrom >= windowUntil ? 0 : this.#clockAtUntil[job]!;
      const before = this.#spent(job, first, clock, stalls, lost);
      const after = this.#spent(job, last, clock, stalls, lost);
      shown = last - first;
      stalled = after.stalls - before.stalls;
      thrown = after.lost - before.lost;
    }
    gpuTime.productive[job]! += (shown - stalled - thrown) * worth;
    // A run without interruptions has no other time to book.
    if (held === shown * worth && stalled === 0 && thrown === 0) return;
    gpuTime.checkpoint[job]! += stalled * worth;
    gpuTime.recompute[job]! += thrown * worth;
    gpuTime.restart[job]! += restart;
    gpuTime.slowdown[job]! += Math.max(0, held - restart - shown * worth);
  }

  #markBorder(clockAt: Float64Array, border: number, job: number, now: number): void {
    const { since, clock, clockEnd, speed } = this.#state;
    const passed = border - since[job]!;
    if (passed < 0 || border > now) return;
    clockAt[job] = Math.min(clockEnd[job]!, clock[job]! + passed * speed[job]!);
  }

  /** Divides the first part of a run's clock: stalls of checkpoints whose work is kept, and time that is thrown away in the end. */
  #spent(
    job: number,
    part: number,
    clock: number,
    stalls: number,
    lost: number,
  ): { stalls: number; lost: number } {
    const { saved, durable } = this.#state;
    const ahead = snapshotsAhead(this.#table.interval[job]!, saved[job]!, durable[job]!);
    const progress = progressAt(part, rhythmOf(this.#table, job), ahead);
    const kept = Math.min(progress.work, clock - stalls - lost);
    const stalled = Math.min(progress.stalls, stalls);
    return { stalls: stalled, lost: part - kept - stalled };
  }
}
