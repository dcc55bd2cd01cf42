/**
 * The chance that Student's t with an integer number of degrees of freedom lies within ±t.
 *
 * @complexity O(degrees)
 * Source: Abramowitz and Stegun, 26.7.3 and 26.7.4.
 */
export function studentWithin(t: number, degrees: number): number {
  const angle = Math.atan2(t, Math.sqrt(degrees));
  const cosine2 = Math.cos(angle) ** 2;
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine2;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/** The t within which Student's t lies with a probability, 0 … 1 excluded; at most 2^200. Bisection to the last bits. */
export function studentQuantile(probability: number, degrees: number): number {
  let low = 0;
  let high = 1;
  // One degree of freedom needs 2^53 for the probability nearest to 1; rounding must not make it more than all there is.
  while (studentWithin(high, degrees) < probability && high < 2 ** 200) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return high;
}
