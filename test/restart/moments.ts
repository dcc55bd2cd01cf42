import { randomStream } from '../../src/random.js';
import type { Phase } from '../../src/restart/phases/phase.js';

/** Mean, variance and transform at z of drawn durations, each with its standard error. */
export function drawn(
  phase: Phase,
  z: number,
  count = 200_000,
): Record<'mean' | 'variance' | 'laplace', { value: number; error: number }> {
  const stream = randomStream(11, 'phases');
  const values = Array.from({ length: count }, () => phase.sample(() => stream.unit()));
  const estimate = (terms: readonly number[]): { value: number; error: number } => {
    const value = terms.reduce((sum, x) => sum + x, 0) / count;
    const squares = terms.reduce((sum, x) => sum + (x - value) ** 2, 0);
    return { value, error: Math.sqrt(squares / count / (count - 1)) };
  };
  return {
    mean: estimate(values),
    variance: estimate(values.map((x) => (x - phase.mean) ** 2)),
    laplace: estimate(values.map((x) => Math.exp(-z * x))),
  };
}

/** −L′(0) and L″(0) − L′(0)², by central differences of step h around a point close to 0. */
export function momentsByTransform(phase: Phase): { mean: number; variance: number } {
  const h = 1e-4 / (phase.mean + Math.sqrt(phase.variance));
  const at = [0, 1, 2, 3, 4].map((i) => phase.laplace(i * h)) as [number, number, number, number, number];
  // One-sided differences of fourth and third order: the transform is defined from 0 on.
  const first = (-25 * at[0] + 48 * at[1] - 36 * at[2] + 16 * at[3] - 3 * at[4]) / (12 * h);
  const second = (35 * at[0] - 104 * at[1] + 114 * at[2] - 56 * at[3] + 11 * at[4]) / (12 * h * h);
  return { mean: -first, variance: second - first * first };
}
