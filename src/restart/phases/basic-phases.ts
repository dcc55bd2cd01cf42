import { nonNegative, positive } from '../../checks/quantity.js';
import { unexpected } from '../../checks/values.js';
import { CorralError } from '../../errors.js';
import { drawUnit, newPhase, type Phase, type UniformSource } from './phase.js';

/** A phase of fixed duration; `sequence` adds such durations up. */
export interface FixedPhase extends Phase {
  readonly kind: 'fixed';
}

/** An exponential phase; `maximum` accepts it. */
export interface ExponentialPhase extends Phase {
  readonly kind: 'exponential';
}

/**
 * A fixed duration: L(z) = e^(-zd).
 *
 * @param seconds - the duration, 0 or more
 * @throws CorralError `invalid-option`
 */
export function fixed(seconds: number): FixedPhase {
  nonNegative(seconds, 'seconds');
  return newPhase<FixedPhase>(
    {
      kind: 'fixed',
      mean: seconds,
      variance: 0,
      laplace: (z) => Math.exp(-z * seconds),
      sample: () => seconds,
    },
    [],
    'seconds',
  );
}

/**
 * An exponential duration: L(z) = 1 / (1 + zm).
 *
 * @param meanSeconds - the mean m, above 0
 * @throws CorralError `invalid-option`
 */
export function exponential(meanSeconds: number): ExponentialPhase {
  positive(meanSeconds, 'meanSeconds');
  return newPhase<ExponentialPhase>(
    {
      kind: 'exponential',
      mean: meanSeconds,
      variance: meanSeconds ** 2,
      laplace: (z) => 1 / (1 + z * meanSeconds),
      sample: (random) => -meanSeconds * Math.log1p(-drawUnit(random)),
    },
    [],
    'meanSeconds',
  );
}

/**
 * A gamma-distributed duration: L(z) = (1 + zθ)^-k; for whole k the sum of k exponentials of mean θ.
 *
 * @param shape - k, above 0
 * @param scaleSeconds - θ, above 0; the mean is kθ, the variance kθ²
 * @throws CorralError `invalid-option`
 */
export function gamma(shape: number, scaleSeconds: number): Phase {
  positive(shape, 'shape');
  positive(scaleSeconds, 'scaleSeconds');
  return newPhase<Phase>(
    {
      kind: 'gamma',
      mean: shape * scaleSeconds,
      variance: shape * scaleSeconds ** 2,
      laplace: (z) => Math.exp(-shape * Math.log1p(z * scaleSeconds)),
      sample: (random) => scaleSeconds * standardGamma(shape, random),
    },
    [],
    'scaleSeconds',
  );
}

/**
 * A duration uniform on [a, b]: L(z) = (e^(-za) - e^(-zb)) / (z (b - a)).
 *
 * @param lowSeconds - a, 0 or more
 * @param highSeconds - b, at least a
 * @throws CorralError `invalid-option`
 */
export function uniform(lowSeconds: number, highSeconds: number): Phase {
  nonNegative(lowSeconds, 'lowSeconds');
  nonNegative(highSeconds, 'highSeconds');
  const width = highSeconds - lowSeconds;
  if (width < 0) {
    throw unexpected(`at least lowSeconds, ${lowSeconds}`, highSeconds, ['highSeconds']);
  }
  return newPhase<Phase>(
    {
      kind: 'uniform',
      mean: lowSeconds + width / 2,
      variance: width ** 2 / 12,
      laplace: (z) => {
        const zw = z * width;
        return Math.exp(-z * lowSeconds) * (zw === 0 ? 1 : -Math.expm1(-zw) / zw);
      },
      sample: (random) => lowSeconds + width * drawUnit(random),
    },
    [],
    'highSeconds',
  );
}

/**
 * Most tries of the rejection method. Fewer than half are rejected, so only a faulty source of numbers needs more.
 */
const TRIES_MAX = 1000;

/**
 * One gamma variate of scale 1, by rejection. For a shape below 1 it is a variate of shape + 1 times a power of a
 * uniform number.
 *
 * @throws CorralError `invalid-option` if nothing is accepted, as from a source that repeats one number
 * Source: Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26(3), 2000.
 */
function standardGamma(shape: number, random: UniformSource): number {
  if (shape < 1) return standardGamma(shape + 1, random) * (1 - drawUnit(random)) ** (1 / shape);
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const x = standardNormal(random);
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root ** 3;
    if (Math.log(1 - drawUnit(random)) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
  throw new CorralError(
    'invalid-option',
    ['random'],
    `none of ${TRIES_MAX} tries gave a gamma variate: expected numbers that differ, uniform from 0 to below 1`,
  );
}

/** One standard normal variate. Source: Box and Muller 1958; the second variate of the pair is not used. */
function standardNormal(random: UniformSource): number {
  return Math.sqrt(-2 * Math.log1p(-drawUnit(random))) * Math.cos(2 * Math.PI * drawUnit(random));
}
