/**
 * ln Γ(n + a) − ln Γ(n): the Gamma-function form of Σ ln(1 + a/k), without the cancellation of two logarithms
 * of Γ, which for n = 16,384 are a hundred thousand times larger than their difference.
 *
 * Stirling's series of both, subtracted term by term.
 *
 * @param n - 16 or more, where four terms of the series leave less than 1e-14
 * @param a - 0 or more
 * @complexity O(1)
 * Source: Abramowitz and Stegun 6.1.41.
 */
export function logGammaRatio(n: number, a: number): number {
  const m = n + a;
  return (n - 0.5) * Math.log1p(a / n) + a * Math.log(m) - a + tail(m) - tail(n);
}

function tail(x: number): number {
  const y = 1 / (x * x);
  return (1 / 12 - (1 / 360 - (1 / 1260 - y / 1680) * y) * y) / x;
}
