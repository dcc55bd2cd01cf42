import { GPU_MILLI } from '../../units.js';
import { MICROS } from '../options/clock.js';
import { type CheckedWindow, timeWithin } from '../options/metrics-window.js';
import type { CheckedPool } from './headroom-pools.js';

/** How much of a pool was kept free, and for how long. */
export interface HeadroomMetrics {
  readonly name: string;
  /** GPUs that the pool should keep free. */
  readonly gpus: number;
  /** GPUs that it kept free, on average over the window of the metrics; without one from second 0 to the end. */
  readonly keptGpus: number;
  /** The part of that time in which all of them were free. */
  readonly wholeFraction: number;
}

/** The time, microseconds, and the window that the figures are over. */
export interface HeadroomClock {
  readonly now: number;
  readonly settings: { readonly window: CheckedWindow };
}

/** Counts how much is kept free, and for how long. */
export class HeadroomAccounts {
  /** Thousandths of GPUs kept free now. */
  keptMilli = 0;
  readonly #pools: readonly CheckedPool[];
  readonly #clock: HeadroomClock;
  /** Pool → pieces that are kept. */
  readonly #kept: Int32Array;
  /** Pool → the time up to which its integrals are current, and the integrals: GPU-microseconds kept, and microseconds whole. */
  readonly #since: Float64Array;
  readonly #keptMicros: Float64Array;
  readonly #wholeMicros: Float64Array;

  constructor(pools: readonly CheckedPool[], clock: HeadroomClock) {
    this.#pools = pools;
    this.#clock = clock;
    this.#kept = new Int32Array(pools.length);
    this.#since = new Float64Array(pools.length);
    this.#keptMicros = new Float64Array(pools.length);
    this.#wholeMicros = new Float64Array(pools.length);
  }

  /** Counts a piece of a pool as kept, sign 1, or as not kept any more, sign -1. */
  count(pool: number, change: 1 | -1): void {
    this.#settle(pool);
    this.#kept[pool]! += change;
    this.keptMilli += change * this.milliOf(pool);
  }

  /** Thousandths of GPUs of a piece of a pool. */
  milliOf(pool: number): number {
    const { gang } = this.#pools[pool]!;
    return gang.pods * gang.need.totalGpuMilli;
  }

  /** Thousandths of GPUs that a pool keeps now. */
  keptMilliOf(pool: number): number {
    return this.#kept[pool]! * this.milliOf(pool);
  }

  /** Figures of the window, up to now. */
  metrics(): HeadroomMetrics[] {
    return this.#pools.map(({ name, count }, pool) => {
      this.#settle(pool);
      const seconds = timeWithin(this.#clock.settings.window, 0, this.#clock.now) / MICROS;
      const kept = this.keptMilliOf(pool) / GPU_MILLI;
      return {
        name,
        gpus: (count * this.milliOf(pool)) / GPU_MILLI,
        keptGpus: seconds === 0 ? kept : this.#keptMicros[pool]! / MICROS / seconds,
        wholeFraction:
          seconds === 0 ? Number(this.#isWhole(pool)) : this.#wholeMicros[pool]! / MICROS / seconds,
      };
    });
  }

  #isWhole(pool: number): boolean {
    return this.#kept[pool] === this.#pools[pool]!.count;
  }

  #settle(pool: number): void {
    const { now } = this.#clock;
    const passed = timeWithin(this.#clock.settings.window, this.#since[pool]!, now);
    this.#since[pool] = now;
    if (passed === 0) return;
    this.#keptMicros[pool]! += (this.keptMilliOf(pool) / GPU_MILLI) * passed;
    if (this.#isWhole(pool)) this.#wholeMicros[pool]! += passed;
  }
}
