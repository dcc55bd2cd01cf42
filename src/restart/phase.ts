import { CorralError, quote } from '../errors.js';

/** Uniform random numbers from 0 (included) to 1 (excluded), one per call. */
export type UniformSource = () => number;

/** The families of durations. */
export type PhaseKind =
  | 'fixed'
  | 'exponential'
  | 'gamma'
  | 'uniform'
  | 'lognormal'
  | 'mixture'
  | 'sequence'
  | 'maximum'
  | 'scaled';

/**
 * A random duration: one part of a restart. The closed form reads its transform, the simulation draws from it;
 * both see one distribution.
 */
export interface Phase {
  readonly kind: PhaseKind;
  /** Expected duration, seconds. */
  readonly mean: number;
  /** Variance of the duration, seconds². */
  readonly variance: number;
  /**
   * The Laplace transform E[e^(-zX)]: for a failure rate z, the chance that no failure strikes during the phase.
   *
   * @param z - 0 or more, 1/seconds; not checked, because this runs inside every evaluation of a model
   */
  laplace(z: number): number;
  /** Draws one duration, seconds; takes as many numbers from `random` as it needs. */
  sample(random: UniformSource): number;
}

/**
 * Returns `value` if it is a phase.
 *
 * @throws CorralError `invalid-option`
 */
export function checkPhase(value: unknown, ...path: (string | number)[]): Phase {
  const candidate = value as Partial<Phase> | null | undefined;
  if (
    typeof value === 'object' &&
    candidate !== null &&
    typeof candidate?.laplace === 'function' &&
    typeof candidate.sample === 'function' &&
    typeof candidate.mean === 'number' &&
    candidate.mean >= 0 &&
    candidate.mean < Number.POSITIVE_INFINITY
  ) {
    return value as Phase;
  }
  throw new CorralError(
    'invalid-option',
    path,
    `expected a phase such as phase.fixed(30), got ${quote(value)}`,
  );
}
