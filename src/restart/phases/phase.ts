import { callForeign } from '../../checks/plain-data.js';
import { unexpected } from '../../checks/values.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';

/** Uniform random numbers from 0 (included) to 1 (excluded), one per call. */
export type UniformSource = () => number;

/** The kinds of phases; `custom` is an object of the caller. */
export type PhaseKind =
  | 'fixed'
  | 'exponential'
  | 'gamma'
  | 'uniform'
  | 'lognormal'
  | 'mixture'
  | 'sequence'
  | 'maximum'
  | 'scaled'
  | 'custom';

/**
 * A random duration, such as one step of a restart. The closed form uses its transform, the simulation draws from it;
 * both use one distribution.
 */
export interface Phase {
  readonly kind: PhaseKind;
  /** Expected duration, seconds, at most 1e15. */
  readonly mean: number;
  /** Variance of the duration, seconds². */
  readonly variance: number;
  /**
   * The Laplace transform E[e^(-zX)]: at a failure rate z, the chance that no failure occurs during the phase.
   *
   * @param z - 0 or more, 1/seconds
   */
  laplace(z: number): number;
  /** Draws one duration, seconds; takes as many numbers from `random` as it needs. */
  sample(random: UniformSource): number;
}

/** The longest mean, seconds. */
export const PHASE_SECONDS_MAX = 1e15;
/**
 * Most phases inside one phase; a phase that occurs several times counts each time. One transform computes all of
 * theirs.
 */
export const PHASES_MAX = 10_000;
/** Most levels of phases inside phases. */
const LEVELS_MAX = 100;

/** The number of phases inside a phase, itself included, and of their levels. */
interface PhaseSize {
  readonly phases: number;
  readonly levels: number;
}

/** The phases that this file built or checked; copies and objects of the caller are not among them. */
const sizes = new WeakMap<object, PhaseSize>();

/**
 * Makes a frozen phase whose `laplace` refuses anything but a rate.
 *
 * @param definition - checked figures, and functions, which need not check their arguments
 * @param parts - the phases that it consists of
 * @param path - the argument to name if the phase is too long or too large
 * @throws CorralError `invalid-option` for a mean above 1e15 s; `limit-exceeded` above 10,000 phases, or 100 levels of them
 */
export function newPhase<P extends Phase>(
  definition: P,
  parts: readonly Phase[],
  ...path: (string | number)[]
): P {
  const { mean, laplace, sample } = definition;
  if (!(mean <= PHASE_SECONDS_MAX)) {
    throw unexpected(`a mean of at most ${PHASE_SECONDS_MAX} s`, mean, path);
  }
  let phases = 1;
  let levels = 1;
  for (const part of parts) {
    const size = sizes.get(part)!;
    phases += size.phases;
    levels = Math.max(levels, size.levels + 1);
  }
  if (phases > PHASES_MAX || levels > LEVELS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      path,
      `a phase is made of at most ${PHASES_MAX} others in ${LEVELS_MAX} levels: make it of fewer`,
    );
  }
  const phase: P = Object.freeze({
    ...definition,
    laplace: (z: number): number => {
      if (typeof z === 'number' && z >= 0 && z <= Number.MAX_VALUE) return laplace(z);
      throw unexpected('a finite rate of 0 or more', z, ['z']);
    },
    sample: (random: UniformSource): number => sample(random),
  });
  sizes.set(phase, { phases, levels });
  return phase;
}

/** The number of phases inside a phase, itself included. */
export function phasesIn(phase: Phase): number {
  return sizes.get(phase)!.phases;
}

/**
 * Draws the next number of a source, which may be a function of the caller.
 *
 * @throws CorralError `invalid-option` if it is no number from 0 (included) to 1 (excluded)
 */
export function drawUnit(random: UniformSource): number {
  const unit = callForeign(random, ['random']);
  if (typeof unit === 'number' && unit >= 0 && unit < 1) return unit;
  throw unexpected('a function that returns numbers from 0 to below 1', unit, ['random']);
}

/**
 * Checks a phase. A phase made by `phase.…` is returned as it is. Of an object of the caller the members are read
 * once, and the results of its functions are checked at each call.
 *
 * @throws CorralError `invalid-option`
 */
export function checkPhase(value: unknown, ...path: (string | number)[]): Phase {
  if (typeof value !== 'object' || value === null) {
    throw unexpected('a phase such as phase.fixed(30)', value, path);
  }
  if (sizes.has(value)) return value as Phase;
  const { mean, variance, laplace, sample } = callForeign(() => {
    const given = value as Partial<Phase>;
    return { mean: given.mean, variance: given.variance, laplace: given.laplace, sample: given.sample };
  }, path);
  const areNumbers =
    isDuration(mean) && typeof variance === 'number' && variance >= 0 && variance < Number.MAX_VALUE;
  if (areNumbers && typeof laplace === 'function' && typeof sample === 'function') {
    const definition = {
      kind: 'custom' as const,
      mean,
      variance,
      laplace: (z: number) =>
        ownLaplace(
          callForeign(() => Reflect.apply(laplace, value, [z]), path),
          path,
        ),
      sample: (random: UniformSource) =>
        ownDuration(
          callForeign(() => Reflect.apply(sample, value, [random]), path),
          path,
        ),
    };
    return newPhase<Phase>(definition, [], ...path);
  }
  const remedy =
    mean === undefined || typeof laplace === 'function'
      ? 'expected a phase such as phase.fixed(30), or { kind, mean, variance, laplace(z), sample(random) }'
      : 'not a phase any more, but a copy without its functions: build it again, as with phase.fixed(30)';
  throw new CorralError('invalid-option', path, `${remedy}, got ${quote(value)}`);
}

function isDuration(seconds: unknown): seconds is number {
  return typeof seconds === 'number' && seconds >= 0 && seconds <= PHASE_SECONDS_MAX;
}

function ownDuration(seconds: unknown, path: ErrorPath): number {
  if (isDuration(seconds)) return seconds;
  throw unexpected(`a phase that draws seconds from 0 to ${PHASE_SECONDS_MAX}`, seconds, path);
}

/** Rounding by which a transform may exceed 1. */
const LAPLACE_ROUNDING = 1e-9;

function ownLaplace(value: unknown, path: ErrorPath): number {
  if (typeof value === 'number' && value >= 0 && value <= 1 + LAPLACE_ROUNDING) return Math.min(1, value);
  throw unexpected('a phase whose transform is from 0 to 1', value, path);
}
