import type { RandomStream } from '../random.js';
import type { Phase, UniformSource } from '../restart/phase.js';
import { checkFields } from '../restart/quantity.js';
import { type TimedStep, timedSteps } from '../restart/recovery.js';
import { toMicros } from './clock.js';
import type { SimulatedRestart } from './simulation-options.js';

/** Draws how long restarts take, from the phases that the closed form of `corral/restart` reads. */
export class RestartSteps {
  readonly #hidden: readonly TimedStep[];
  readonly #exposed: readonly TimedStep[];
  readonly #random: UniformSource;

  /** @throws CorralError `invalid-option` with a path from `restart` on */
  constructor(restart: SimulatedRestart | undefined, random: RandomStream) {
    const options = restart ?? {};
    checkFields(options, ['hidden', 'exposed'], ['restart']);
    this.#hidden = timedSteps(options.hidden, ['restart', 'hidden']);
    this.#exposed = timedSteps(options.exposed, ['restart', 'exposed']);
    this.#random = () => random.unit();
  }

  /** Microseconds until a job that failed can start again; `detect` takes the place of the step of that name. */
  hiddenMicros(detect: Phase | undefined): number {
    let seconds = detect?.sample(this.#random) ?? 0;
    for (const { step, phase } of this.#hidden) {
      if (detect === undefined || step !== 'detect') seconds += phase.sample(this.#random);
    }
    return toMicros(seconds);
  }

  /** The mean of {@link exposedMicros}. */
  get exposedMeanMicros(): number {
    return toMicros(this.#exposed.reduce((sum, { phase }) => sum + phase.mean, 0));
  }

  /** Microseconds on its GPUs before a restarted job computes. */
  exposedMicros(): number {
    let seconds = 0;
    for (const { phase } of this.#exposed) seconds += phase.sample(this.#random);
    return toMicros(seconds);
  }
}
