import type { JobState } from './job-state.js';
import type { JobTable } from './job-table.js';

/** Where GPU time goes: what is held and what there is, and what each job's went into. Microseconds. */
export class GpuAccounts {
  /** GPUs held by jobs, shares as parts; and their integral over time. */
  heldGpus = 0;
  heldGpuMicros = 0;
  /** GPUs of servers that take pods. */
  availableGpus: number;
  readonly #table: JobTable;
  readonly #state: JobState;
  #since = 0;

  constructor(table: JobTable, state: JobState, gpuCount: number) {
    this.#table = table;
    this.#state = state;
    this.availableGpus = gpuCount;
  }

  /** Brings the integral up to a time. */
  settle(time: number): void {
    this.heldGpuMicros += this.heldGpus * (time - this.#since);
    this.#since = time;
  }

  /** Notes that so many more GPUs are held from a time on; fewer, if below 0. */
  hold(gpus: number, time: number): void {
    this.settle(time);
    this.heldGpus += gpus;
  }

  /**
   * Books the GPU time of a run that ends now. What earlier runs had kept and is thrown away now is more than the clock
   * shows; it was booked as productive, and is taken back.
   *
   * @param gpus - held
   * @param clock - what the job's clock shows
   * @param stalls - of that, blocked by checkpoints, of work that is kept
   * @param lost - of that, compute and stalls that are thrown away: the last of it
   */
  book(job: number, now: number, gpus: number, clock: number, stalls: number, lost: number): void {
    const { gpuTime, begin, computeBegin } = this.#state;
    // With fewer pods the clock is slow, but each of its seconds is worth fewer GPU-seconds: no time is lost.
    const worth = this.#table.gpus[job]!;
    const from = begin[job]!;
    const held = (now - from) * gpus;
    gpuTime.productive[job]! += (clock - stalls - lost) * worth;
    // A run that nothing disturbed has no other time to book.
    if (held === clock * worth && stalls === 0 && lost === 0) return;
    const restart = Math.min(now - from, computeBegin[job]! - from) * gpus;
    gpuTime.checkpoint[job]! += stalls * worth;
    gpuTime.recompute[job]! += lost * worth;
    gpuTime.restart[job]! += restart;
    gpuTime.slowdown[job]! += Math.max(0, held - restart - clock * worth);
  }
}
