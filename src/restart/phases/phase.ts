import { callForeign } from '../../checks/plain-data.js';
import { CorralError, type ErrorPath, quote, unexpected } from '../../errors.js';

/** Uniform random numbers from 0 (included) to 1 (excluded), one per call. */
export type UniformSource = () => number;

/** The families of durations; `custom` is one of the caller's own. */
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
 * A random duration: one part of a restart. The closed form reads its transform, the simulation draws from it;
 * both see one distribution.
 */
export interface Phase {
  readonly kind: PhaseKind;
  /** Expected duration, seconds, at most 1e15. */
  readonly mean: number;
  /** Variance of the duration, seconds². */
  readonly variance: number;
  /**
   * The Laplace transform E[e^(-zX)]: for a failure rate z, the chance that no failure strikes during the phase.
   *
   * @param z - 0 or more, 1/seconds
   */
  laplace(z: number): number;
  /** Draws one duration, seconds; takes as many numbers from `random` as it needs. */
  sample(random: UniformSource): number;
}

/** The longest mean, seconds: 30 million years. */
export const PHASE_SECONDS_MAX = 1e15;
/** Most phases that one is made of, one inside several counted each time: as many transforms are computed for one. */
export const PHASES_MAX = 10_000;
/** Most levels of phases inside phases. */
const LEVELS_MAX = 100;

/** How large a phase is. */
interface PhaseSize {
  readonly phases: number;
  readonly levels: number;
}

/** Phases that were built or checked here, and not put together or copied by somebody else. */
const sizes = new WeakMap<object, PhaseSize>();

/**
 * Makes a phase of checked figures: nobody can change it, and its functions refuse what is no rate.
 *
 * @param definition - its figures and functions, which may rely on their arguments
 * @param parts - the phases that it is made of
 * @param path - the argument that makes it too long, if it is
 * @throws CorralError `invalid-option` for a mean above 1e15 s; `limit-exceeded` above 10,000 phases, or 100 levels of them
 */
export function newPhase<P extends Phase>(
  definition: P,
  parts: readonly Phase[],
  ...path: (string | number)[]
): P {
  const { mean, laplace, sample } = definition;
  if (!(mean <= PHASE_SECONDS_MAX)) {
    throw unexpected(mean, `a mean of at most ${PHASE_SECONDS_MAX} s`, path);
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
      throw unexpected(z, 'a finite rate of 0 or more', ['z']);
    },
    sample: (random: UniformSource): number => sample(random),
  });
  sizes.set(phase, { phases, levels });
  return phase;
}

/** How many phases a phase is made of, itself included. */
export function phasesIn(phase: Phase): number {
  return sizes.get(phase)!.phases;
}

/**
 * The next number of a source, which may be the caller's.
 *
 * @throws CorralError `invalid-option` if it is none from 0 (included) to 1 (excluded)
 */
export function drawUnit(random: UniformSource): number {
  const unit = callForeign(random, ['random']);
  if (typeof unit === 'number' && unit >= 0 && unit < 1) return unit;
  throw unexpected(unit, 'a function that returns numbers from 0 to below 1', ['random']);
}

/**
 * Returns a phase that `phase.…` made as it is, and one of the caller's own with its members read once and what its
 * functions return checked.
 *
 * @throws CorralError `invalid-option`
 */
export function checkPhase(value: unknown, ...path: (string | number)[]): Phase {
  if (typeof value !== 'object' || value === null) {
    throw unexpected(value, 'a phase such as phase.fixed(30)', path);
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
  throw unexpected(seconds, `a phase that draws seconds from 0 to ${PHASE_SECONDS_MAX}`, path);
}

/** What a transform may be above 1 by rounding. */
const LAPLACE_ROUNDING = 1e-9;

function ownLaplace(value: unknown, path: ErrorPath): number {
  if (typeof value === 'number' && value >= 0 && value <= 1 + LAPLACE_ROUNDING) return Math.min(1, value);
  throw unexpected(value, 'a phase whose transform is from 0 to 1', path);
}
