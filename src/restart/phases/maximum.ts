import { integer } from '../../checks/quantity.js';
import { CorralError, quote } from '../../errors.js';
import { checkPhase, drawUnit, newPhase, type Phase } from './phase.js';

/** Most parallel phases: far above any cluster, and far below the limit of exact integers. */
const COUNT_MAX = 1e9;
/** Factors of the product that are multiplied out; the rest is computed with the Gamma function. */
const PRODUCT_TERMS = 16;

/**
 * The longest of n independent equal phases that start together, such as the launch of n pods.
 *
 * Of exponentials of mean m, with a = zm: L(z) = ∏_{k=1..n} 1/(1 + a/k) = Γ(n+1) Γ(1+a) / Γ(n+1+a), whose first
 * 16 factors are multiplied out; the mean is m·H_n and the variance m² Σ 1/k². Of fixed phases it is the phase.
 *
 * @param count - n, 1 or more
 * @param of - a fixed or exponential phase (any phase for a count of 1); for other phases there is no exact transform
 * of the maximum
 * @throws CorralError `invalid-option`
 * @complexity O(1) for every n, also to sample
 */
export function maximum(count: number, of: Phase): Phase {
  integer(count, 1, COUNT_MAX, 'count');
  const phase = checkPhase(of, 'of');
  if (count === 1 || phase.kind === 'fixed') return phase;
  if (phase.kind !== 'exponential') {
    throw new CorralError(
      'invalid-option',
      ['of'],
      `expected a fixed or exponential phase, got ${quote(phase.kind)}: approximate it by one`,
    );
  }
  const m = phase.mean;
  const terms = Math.min(count, PRODUCT_TERMS);
  return newPhase<Phase>(
    {
      kind: 'maximum',
      mean: m * harmonic(count),
      variance: m * m * inverseSquares(count),
      laplace: (z) => {
        const a = z * m;
        let product = 1;
        for (let k = 1; k <= terms; k++) product *= 1 + a / k;
        if (count === terms || product === Number.POSITIVE_INFINITY) return 1 / product;
        // All further factors are at most 1; rounding could make their product larger for a large a.
        const rest = Math.min(0, logGammaRatio(terms + 1, a) - logGammaRatio(count + 1, a));
        return Math.exp(rest) / product;
      },
      // The inverse of the distribution function (1 - e^(-x/m))^n.
      sample: (random) => -m * Math.log(-Math.expm1(Math.log(drawUnit(random)) / count)),
    },
    [phase],
    'of',
  );
}

/** Terms that are summed; the rest follows from an asymptotic series with an error below 1e-16. */
const SUMMED_MAX = 64;

/** H_n = Σ_{k=1..n} 1/k. */
function harmonic(n: number): number {
  let sum = 0;
  const last = Math.min(n, SUMMED_MAX);
  for (let k = last; k >= 1; k--) sum += 1 / k;
  // H_n - ln n differs from H_j - ln j by the Euler-Maclaurin terms (Abramowitz and Stegun 6.3.18).
  return n === last ? sum : sum + Math.log(n / last) + harmonicTail(n) - harmonicTail(last);
}

function harmonicTail(n: number): number {
  const y = 1 / (n * n);
  return 1 / (2 * n) - (1 / 12 - (1 / 120 - y / 252) * y) * y;
}

/** Σ_{k=1..n} 1/k². */
function inverseSquares(n: number): number {
  let sum = 0;
  const last = Math.min(n, SUMMED_MAX);
  for (let k = last; k >= 1; k--) sum += 1 / (k * k);
  return n === last ? sum : sum + squaresRest(last) - squaresRest(n);
}

/** Σ_{k>n} 1/k² (Abramowitz and Stegun 6.4.12, at n + 1). */
function squaresRest(n: number): number {
  const y = 1 / (n * n);
  return (1 - 1 / (2 * n) + (1 / 6 - (1 / 30 - y / 42) * y) * y) / n;
}

/**
 * ln Γ(n + a) − ln Γ(n), the Gamma-function form of Σ ln(1 + a/k), without cancellation: for n = 16,384 the two
 * logarithms are a hundred thousand times larger than their difference.
 *
 * It subtracts the Stirling series of both term by term.
 *
 * @param n - 16 or more, where four terms of the series leave less than 1e-14
 * @param a - 0 or more
 * @complexity O(1)
 * Source: Abramowitz and Stegun 6.1.41.
 */
export function logGammaRatio(n: number, a: number): number {
  const m = n + a;
  return (n - 0.5) * Math.log1p(a / n) + a * Math.log(m) - a + stirlingTail(m) - stirlingTail(n);
}

function stirlingTail(x: number): number {
  const y = 1 / (x * x);
  return (1 / 12 - (1 / 360 - (1 / 1260 - y / 1680) * y) * y) / x;
}
