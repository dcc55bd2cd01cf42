import { type RestartModel, restartLaplace } from './restart-model.js';

/** The costs that are summed over a cycle. */
export interface CycleCosts {
  /** Per second of computing or writing checkpoints. */
  readonly active: number;
  /** Per attempt to restart from the last snapshot. */
  readonly toLast: number;
  /** Per attempt to restart from the last durable checkpoint. */
  readonly toDurable: number;
}

/**
 * Expected cost from one durable checkpoint to the next, exact.
 *
 * The n segments between two durable checkpoints have lengths x = τ + s, the last τ + s₂. Let l₁, l₂ be the rates
 * of failures that go back to the last snapshot and to the last durable checkpoint, λ their sum, S = e^(-λx) the
 * chance of a segment without failure, and E_i the expected cost from the start of segment i:
 *
 *     E_i = w(1−S)/λ + S·E_{i+1} + (1−S)(l₁V_i + l₂V′)/λ
 *     V_i = c₁ + L₁E_i + (1−L₁)(l₁V_i + l₂V′)/λ        restart from a snapshot; after a failure either kind
 *     V′  = c₂ + L₂E_0 + (1−L₂)V′                       a durable restart is repeated until it succeeds
 *
 * All equations are linear in E_0, so one pass backwards from E_n = 0 solves them: E_i = a_i + (1 − g_i)E_0. Here g,
 * the chance of not going back to E_0, is a product and loses no digits. With a lag p until a durable checkpoint is
 * complete, a cycle lasts from completion to completion: it starts in segment 0 at p, and a last piece of length p
 * follows segment n−1. A failure in this piece repeats only the piece or (l₂) the whole cycle.
 *
 * If nothing interrupts restarts (L = 1) this is the known back substitution; with n = 1 and l₁ = 0 it is the formula
 * of `ettr.ts`.
 *
 * @complexity O(phases)
 * Source: derived; first-order limit in Benoit et al., IEEE TC 66(7), 2017.
 */
export function twoTierCycle(model: RestartModel, costs: CycleCosts): number {
  const { computeSeconds: compute, stallSeconds: stall, persistLagSeconds: lag, toLast, toDurable } = model;
  const { snapshots: n, stallSeconds: durableStall } = model.durable!;
  const rate = model.failuresPerActiveSecond;
  if (rate === 0) return costs.active * (n * compute + (n - 1) * stall + durableStall);

  const first = toLast.failuresPerSecond / rate;
  const second = toDurable.failuresPerSecond / rate;
  const struck = 1 - restartLaplace(toLast, rate);
  // V_i = alpha + beta·E_i + (1 − beta)·E_0, and V′ = fromDurable + E_0.
  const fromDurable = second === 0 ? 0 : costs.toDurable / restartLaplace(toDurable, rate);
  const denominator = 1 - struck * first;
  const alpha = (costs.toLast + struck * second * fromDurable) / denominator;
  const beta = (1 - struck) / denominator;
  const perFailure = costs.active / rate + first * alpha + second * fromDurable;

  let a = 0;
  let g = 1;
  const before = (seconds: number): void => {
    const failed = -Math.expm1(-rate * seconds);
    const clean = Math.exp(-rate * seconds);
    const own = 1 - failed * first * beta;
    a = (failed * perFailure + clean * a) / own;
    g = (clean * g) / own;
  };
  /**
   * Puts `count` equal segments in front at once: a → p + r·a repeated is a geometric series. 1 − r = (own −
   * clean)/own is computed without cancellation.
   */
  const beforeAll = (seconds: number, count: number): void => {
    if (count <= 0) return;
    const failed = -Math.expm1(-rate * seconds);
    const own = 1 - failed * first * beta;
    const fallen = Math.min(1, (failed * second) / (denominator * own));
    const logKept = count * Math.log1p(-fallen);
    const passes = fallen === 0 ? count : -Math.expm1(logKept) / fallen;
    a = ((failed * perFailure) / own) * passes + Math.exp(logKept) * a;
    g *= Math.exp(logKept);
  };
  if (lag > 0) before(lag);
  before(compute + durableStall);
  if (n === 1 && lag === 0) return a / g;
  if (n === 1) {
    // The cycle starts in the only segment at `lag`; only the last piece follows it.
    const full = a / g;
    a = 0;
    g = 1;
    before(lag);
    return entered(compute + durableStall - lag, a + (1 - g) * full, full);
  }
  beforeAll(compute + stall, n - 2);
  const afterFirst = { a, g };
  before(compute + stall);
  const full = a / g;
  if (lag === 0) return full;
  return entered(compute + stall - lag, afterFirst.a + (1 - afterFirst.g) * full, full);

  /**
   * The cost from inside segment 0: the rest of the segment, then `after`; a failure leads to the start of the
   * segment.
   */
  function entered(seconds: number, after: number, whole: number): number {
    const failed = -Math.expm1(-rate * seconds);
    return failed * (perFailure + whole) + Math.exp(-rate * seconds) * after;
  }
}
