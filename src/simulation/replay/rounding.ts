/**
 * Rounds to the nearest integer, halves to the even one (Python's and IEEE's rule).
 *
 * @param x - any finite number below 2^52
 */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return rest < 0.5 ? below : below + 1;
  return below % 2 === 0 ? below : below + 1;
}

/**
 * Rounds the exact binary value to two decimals, halves to even: what Go's `%.2f` prints and Python's
 * `round(x, 2)` returns.
 *
 * @param x - any number of magnitude below 10^13
 */
export function roundTo2Decimals(x: number): number {
  // A double lies half-way between two hundredths only if it is an odd number of eighths. toFixed works on
  // the exact value and differs there alone: it rounds halves up.
  const eighths = x * 8;
  if (Number.isInteger(eighths) && eighths % 2 !== 0) return roundHalfEven(x * 100) / 100;
  return Number(x.toFixed(2));
}

/** Rounds to two decimals as numpy does: scale, round to even, scale back. */
export function numpyRoundTo2Decimals(x: number): number {
  return roundHalfEven(x * 100) / 100;
}

/** Longest run that numpy adds up without splitting it in two. */
const PAIRWISE_BLOCK = 128;

/**
 * The sum of `values[from … to - 1]` in numpy's order of additions (eight partial sums, then halves), so that
 * means of published tables agree in the last bit.
 */
export function numpySum(values: Float64Array, from: number, to: number): number {
  const n = to - from;
  if (n < 8) {
    let sum = 0;
    for (let i = from; i < to; i++) sum += values[i]!;
    return sum;
  }
  if (n > PAIRWISE_BLOCK) {
    const half = Math.floor(n / 2);
    const middle = from + half - (half % 8);
    return numpySum(values, from, middle) + numpySum(values, middle, to);
  }
  const partial = values.slice(from, from + 8);
  let i = from + 8;
  for (; i + 8 <= to; i += 8) for (let k = 0; k < 8; k++) partial[k]! += values[i + k]!;
  const [a, b, c, d, e, f, g, h] = partial as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  let sum = a + b + (c + d) + (e + f + (g + h));
  for (; i < to; i++) sum += values[i]!;
  return sum;
}
