import type { JobState } from '../jobs/job-state.js';
import type { JobTable } from '../jobs/job-table.js';
import { progressAt, rhythmOf, snapshotsAhead } from '../jobs/progress.js';
import { type CheckedWindow, timeWithin } from '../options/metrics-window.js';

/** Where the GPU time of a window goes: what is held and what there is, and what each job's went into. Microseconds. */
export class GpuAccounts {
  /** GPUs held by jobs, shares as parts; and their integral over time. */
  heldGpus = 0;
  heldGpuMicros = 0;
  /** GPUs of servers that take pods. */
  availableGpus: number;
  readonly #table: JobTable;
  readonly #state: JobState;
  readonly #window: CheckedWindow;
  /** Job → what its clock shows where the window begins and ends, of a run that goes across. */
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

  /** Notes that so many more GPUs are held from a time on; fewer, if below 0. */
  hold(gpus: number, time: number): void {
    this.settle(time);
    this.heldGpus += gpus;
  }

  /**
   * Notes what a job's clock shows at the borders of the window, while its speed is what it has been. To be called before
   * that changes, at the latest with the end of the run.
   */
  markBorders(job: number, now: number): void {
    this.#markBorder(this.#clockAtFrom, this.#window.from, job, now);
    this.#markBorder(this.#clockAtUntil, this.#window.until, job, now);
  }

  /**
   * Books the GPU time of a run that ends now, as far as it lies in the window. What earlier runs had kept and is thrown away
   * now is more than the clock shows; it was booked as productive, and is taken back, if this run lies in the window. To be
   * called before the job's columns change.
   *
   * @param gpus - held
   * @param clock - what the job's clock shows
   * @param stalls - of that, blocked by checkpoints, of work that is kept
   * @param lost - of that, compute and stalls that are thrown away: the last of it
   */
  book(job: number, now: number, gpus: number, clock: number, stalls: number, lost: number): void {
    const { gpuTime, begin, computeBegin } = this.#state;
    const { from: windowFrom, until: windowUntil } = this.#window;
    // With fewer pods the clock is slow, but each of its seconds is worth fewer GPU-seconds: no time is lost.
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
    // A run that nothing disturbed has no other time to book.
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

  /** Of the first part of a run's clock, what went into checkpoints of work that is kept, and what is thrown away in the end. */
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
