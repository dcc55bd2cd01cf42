import { nonNegative } from '../../checks/quantity.js';
import { unexpected } from '../../checks/values.js';
import type { ErrorPath } from '../../errors.js';
import type { RandomStream } from '../../random.js';
import { type TimedStep, timedSteps } from '../../restart/model/recovery.js';
import type { Phase, UniformSource } from '../../restart/phases/phase.js';
import { cappedMicros, SECONDS_MAX, toMicros } from '../options/clock.js';
import type { SimulatedRestart } from '../options/simulation-options.js';

/**
 * Draws the duration of a phase, microseconds.
 *
 * @throws CorralError `invalid-option` with the path of the phase if what it draws is no time
 */
export function drawnMicros(phase: Phase, random: UniformSource, path: ErrorPath): number {
  const seconds = phase.sample(random);
  if (seconds >= 0 && seconds <= SECONDS_MAX) return toMicros(seconds);
  throw unexpected(`a phase that draws seconds from 0 to ${SECONDS_MAX}`, seconds, path);
}

/** Draws the durations of restarts, from the same phases that the closed form of `corral/restart` uses. */
export class RestartSteps {
  readonly #hidden: readonly TimedStep[];
  readonly #exposed: readonly TimedStep[];
  readonly #random: UniformSource;
  /** Time that a gang without some of its servers keeps the others, microseconds; undefined = not set. */
  readonly holdMicros: number | undefined;

  /**
   * @param restart - as `readOptions` returns it
   * @throws CorralError `invalid-option` with a path from `restart` on
   */
  constructor(restart: SimulatedRestart | undefined, random: RandomStream) {
    const { holdSeconds, hidden, exposed } = restart ?? {};
    if (holdSeconds !== undefined) {
      this.holdMicros = cappedMicros(nonNegative(holdSeconds, 'restart', 'holdSeconds'));
    }
    this.#hidden = timedSteps(hidden, ['restart', 'hidden']);
    this.#exposed = timedSteps(exposed, ['restart', 'exposed']);
    this.#random = () => random.unit();
  }

  /** Draws the hidden steps of a restart, microseconds; `detect` replaces the step of that name. */
  hiddenMicros(detect: Phase | undefined): number {
    let micros = detect === undefined ? 0 : drawnMicros(detect, this.#random, ['failures', 'laws', 'detect']);
    for (const { step, phase } of this.#hidden) {
      if (detect !== undefined && step === 'detect') continue;
      micros += drawnMicros(phase, this.#random, ['restart', 'hidden', step]);
    }
    return micros;
  }

  /** The mean of {@link exposedMicros}. */
  get exposedMeanMicros(): number {
    return toMicros(this.#exposed.reduce((sum, { phase }) => sum + phase.mean, 0));
  }

  /** Draws the exposed steps: time on the GPUs before a restarted job computes, microseconds. */
  exposedMicros(): number {
    let micros = 0;
    for (const { step, phase } of this.#exposed) {
      micros += drawnMicros(phase, this.#random, ['restart', 'exposed', step]);
    }
    return micros;
  }
}
