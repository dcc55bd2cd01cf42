import { nonNegative } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { cappedMicros } from './clock.js';

/** A stretch of simulated time, seconds. */
export interface MetricsWindow {
  /** Its begin. A later one leaves out the time in which the cluster fills up. Default: the first arrival. */
  readonly fromSeconds?: number | undefined;
  /** Its end. An earlier one leaves out the tail in which no jobs arrive. Default: the end of the simulation. */
  readonly untilSeconds?: number | undefined;
}

/** Options of the metrics. */
export interface MetricsOptions {
  /**
   * The window of the metrics. GPU time, preemptions, failures and moves count if they happen in it, whatever job
   * they concern. Waits, completions, slowdowns and ETTR count the jobs that arrive in it, followed to the end of the
   * simulation. The begin belongs to the window; the end only if the simulation ends with it, so adjoining windows
   * count everything once. A window is cut to the time from the first arrival to the end.
   */
  readonly window?: MetricsWindow | undefined;
}

/** A window in microseconds, from 0 to Infinity where it is open. */
export interface CheckedWindow {
  readonly from: number;
  readonly until: number;
}

/**
 * Checks the options of the metrics.
 *
 * @param options - from `readOptions`
 * @throws CorralError `invalid-option`
 */
export function checkedWindow(options: MetricsOptions | undefined): CheckedWindow {
  if (options === undefined) return { from: 0, until: Number.POSITIVE_INFINITY };
  const { fromSeconds, untilSeconds } = options.window ?? {};
  const path = ['metrics', 'window'];
  const micros = (seconds: number, field: string): number =>
    cappedMicros(nonNegative(seconds, ...path, field));
  const from = fromSeconds === undefined ? 0 : micros(fromSeconds, 'fromSeconds');
  const until = untilSeconds === undefined ? Number.POSITIVE_INFINITY : micros(untilSeconds, 'untilSeconds');
  if (from < until) return { from, until };
  throw new CorralError(
    'invalid-option',
    [...path, 'untilSeconds'],
    `expected more than fromSeconds, ${fromSeconds}, got ${untilSeconds}`,
  );
}

/** A window, and the run that it belongs to, from its first arrival to its end; microseconds. */
export class RunWindow {
  /** The part of the run that lies in the window. */
  readonly from: number;
  readonly until: number;
  readonly #window: CheckedWindow;
  readonly #end: number;

  constructor(window: CheckedWindow, first: number, end: number) {
    this.#window = window;
    this.#end = end;
    this.from = Math.min(Math.max(window.from, first), end);
    this.until = Math.max(this.from, Math.min(window.until, end));
  }

  get micros(): number {
    return this.until - this.from;
  }

  /**
   * Whether a job that arrives at a time counts. Jobs that would arrive after the end of the run count with the last
   * window.
   */
  counts(submit: number): boolean {
    if (submit <= this.#end) return this.holds(submit);
    return submit >= this.#window.from && this.#window.until >= this.#end;
  }

  /** Whether an event at a time of the run counts. */
  holds(time: number): boolean {
    const { from, until } = this.#window;
    return time >= from && (time < until || until === this.#end);
  }
}

/** The part of the time between two moments that lies in a window. */
export function timeWithin(window: CheckedWindow, from: number, until: number): number {
  return Math.max(0, Math.min(until, window.until) - Math.max(from, window.from));
}
