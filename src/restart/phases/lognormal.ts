import { readFields } from '../../checks/fields.js';
import { positive } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { drawUnit, newPhase, type Phase } from './phase.js';

/** A lognormal duration: its median, and either its mean or σ, the standard deviation of its logarithm. */
export type LognormalOptions =
  | { readonly medianSeconds: number; readonly sigma: number }
  | { readonly medianSeconds: number; readonly meanSeconds: number };

/** A lognormal phase. */
export interface LognormalPhase extends Phase {
  readonly kind: 'lognormal';
  /** Standard deviation of the logarithm. */
  readonly sigma: number;
}

/** Points of the quadrature. */
const POINTS = 32;
/** Largest σ: above it 32 points no longer give the second moment. The widest published restart has 2.2. */
const SIGMA_MAX = 3;

/**
 * σ of a lognormal from its median and mean: √(2 ln(mean / median)).
 *
 * @throws CorralError `invalid-option` if the mean is below the median
 */
export function lognormalSigma(options: {
  readonly medianSeconds: number;
  readonly meanSeconds: number;
}): number {
  const { medianSeconds, meanSeconds } = readFields(options, ['medianSeconds', 'meanSeconds']);
  const median = positive(medianSeconds, 'medianSeconds');
  const mean = positive(meanSeconds, 'meanSeconds');
  if (mean < median) {
    throw new CorralError(
      'invalid-option',
      ['meanSeconds'],
      `expected at least the median, ${median}, got ${mean}: a lognormal leans to the right`,
    );
  }
  return Math.sqrt(2 * Math.log(mean / median));
}

/**
 * A lognormal duration. The lognormal has no closed transform, so the phase is the discrete distribution of the 32
 * durations and weights of Gauss-Hermite quadrature over its logarithm: L(z) = Σ w e^(-zd). The same 32 durations are
 * sampled, so the closed form and the simulation use one distribution. Its mean is exactly that of the lognormal, its
 * variance within 1e-7. The error of its transform is below 1e-7 at σ = 1, 1e-5 at 1.5, 2e-4 at 2.2 and 1e-3 at 3.
 *
 * @param options.medianSeconds - the median, above 0
 * @param options.sigma - standard deviation of the logarithm, above 0, at most 3
 * @param options.meanSeconds - instead of `sigma`: the mean, at least the median
 * @throws CorralError `invalid-option`
 */
export function lognormal(options: LognormalOptions): LognormalPhase {
  const given: { readonly medianSeconds: number; readonly sigma?: number; readonly meanSeconds?: number } =
    readFields(options, ['medianSeconds', 'sigma', 'meanSeconds']);
  const medianSeconds = positive(given.medianSeconds, 'medianSeconds');
  if ((given.sigma === undefined) === (given.meanSeconds === undefined)) {
    throw new CorralError('invalid-option', ['sigma'], 'give either sigma or meanSeconds');
  }
  const sigma =
    given.meanSeconds === undefined
      ? positive(given.sigma, 'sigma')
      : lognormalSigma({ medianSeconds, meanSeconds: given.meanSeconds });
  if (sigma > SIGMA_MAX) {
    throw new CorralError(
      'invalid-option',
      [given.meanSeconds === undefined ? 'sigma' : 'meanSeconds'],
      `expected a sigma of at most ${SIGMA_MAX}, got ${sigma}: use a mixture of short and long durations`,
    );
  }
  const { nodes, weights } = gaussHermite();
  const mean = medianSeconds * Math.exp(sigma ** 2 / 2);
  const raw = nodes.map((x) => Math.exp(Math.SQRT2 * sigma * x));
  // Scaled so that the mean is exact in spite of the quadrature error.
  const stretch = mean / raw.reduce((sum, d, i) => sum + weights[i]! * d, 0);
  const seconds = raw.map((d) => d * stretch);
  return newPhase<LognormalPhase>(
    {
      kind: 'lognormal',
      sigma,
      mean,
      variance: seconds.reduce((sum, d, i) => sum + weights[i]! * (d - mean) ** 2, 0),
      laplace: (z) => {
        let sum = 0;
        for (let i = 0; i < POINTS; i++) sum += weights[i]! * Math.exp(-z * seconds[i]!);
        return sum;
      },
      sample: (random) => {
        let left = drawUnit(random);
        let i = 0;
        while (i < POINTS - 1 && left >= weights[i]!) left -= weights[i++]!;
        return seconds[i]!;
      },
    },
    [],
    'medianSeconds',
  );
}

/**
 * Nodes and weights for ∫ f(x) e^(-x²) dx / √π; the weights sum to 1.
 *
 * Newton's method on the orthonormal Hermite polynomials. Start values are the asymptotic positions of the roots, or
 * follow from the roots before.
 *
 * Source: Press et al., "Numerical Recipes", section 4.5 (the start values).
 */
function gaussHermite(): { nodes: number[]; weights: number[] } {
  const nodes = new Array<number>(POINTS);
  const weights = new Array<number>(POINTS);
  let x = 0;
  for (let i = 0; i < POINTS / 2; i++) {
    if (i === 0) x = Math.sqrt(2 * POINTS + 1) - 1.85575 * (2 * POINTS + 1) ** (-1 / 6);
    else if (i === 1) x -= (1.14 * POINTS ** 0.426) / x;
    else if (i === 2) x = 1.86 * x - 0.86 * nodes[0]!;
    else if (i === 3) x = 1.91 * x - 0.91 * nodes[1]!;
    else x = 2 * x - nodes[i - 2]!;
    let slope = 0;
    for (let round = 0; round < 20; round++) {
      let value = Math.PI ** -0.25;
      let before = 0;
      for (let j = 0; j < POINTS; j++) {
        const next = x * Math.sqrt(2 / (j + 1)) * value - Math.sqrt(j / (j + 1)) * before;
        before = value;
        value = next;
      }
      slope = Math.sqrt(2 * POINTS) * before;
      const step = value / slope;
      x -= step;
      if (Math.abs(step) < 1e-15) break;
    }
    nodes[i] = x;
    nodes[POINTS - 1 - i] = -x;
    weights[i] = 2 / (slope * slope) / Math.sqrt(Math.PI);
    weights[POINTS - 1 - i] = weights[i]!;
  }
  return { nodes, weights };
}
