import { attemptSeconds, checkModel, type RestartModel, restartLaplace } from './restart-model.js';
import { twoTierCycle } from './two-tier-cycle.js';

/**
 * Effective training time ratio: productive time of the job over its wall time, in the long run. Exact.
 *
 * With failure rate λ, compute τ between checkpoint starts, stall s, persist lag p, restart steps that can be
 * interrupted with transform L, and others with mean H:
 *
 *     ETTR = e^(-λp) · λτ · L(λ) / ((e^(λ(τ+s)) − 1) · (1 + λH))
 *
 * A failure at any time goes back to the last complete checkpoint. The restart is tried until no failure
 * interrupts it: 1/L(λ) times on average, E[restart] = (1 − L)/(λL) + H/L. From a checkpoint, x = τ + s of
 * undisturbed time leads to the next one; after a failure x + p, since the snapshot on the way was lost with it.
 * Solving E₁ = (1−e^(-λx))(1/λ + E[restart] + E₂), E₂ = (e^(λ(x+p))−1)(1/λ + E[restart]) gives ETTR = τ/E₁.
 * Fixed steps, H = p = 0: Daly's complete model. First order in λ: Meta's form. On the clocks `up` and
 * `observed` all steps count in H. With two tiers: the recursion of `two-tier-cycle.ts`.
 *
 * @param model - from {@link restartModel}
 * @returns 0 to 1; 0 also where progress is too slow for double precision
 * @complexity O(phases), under a microsecond for one tier
 * Source: Daly, FGCS 22:303-312, 2006, for fixed restarts; Kokolis et al., HPCA 2025 (arXiv 2410.21680), for the
 * definition; the generalisation by the derivation above.
 */
export function ettr(model: RestartModel): number {
  checkModel(model);
  return ettrOf(model);
}

/** {@link ettr} of figures that a checked model, or a variation of one, holds. */
export function ettrOf(model: RestartModel): number {
  const rate = model.failuresPerActiveSecond;
  const { computeSeconds: compute, stallSeconds: stall } = model;
  if (model.durable !== undefined) {
    const seconds = twoTierCycle(model, {
      active: 1,
      toLast: attemptSeconds(model.toLast, rate),
      toDurable: attemptSeconds(model.toDurable, rate),
    });
    return Number.isFinite(seconds) ? (model.durable.snapshots * compute) / seconds : 0;
  }
  const x = compute + stall;
  // Also where failures are too rare for double precision.
  if (rate * x === 0) return compute / x;
  // e^(-λp)/(e^(λx) − 1), written so that a hopeless interval gives 0 and not ∞/∞.
  const chance = Math.exp(-rate * (x + model.persistLagSeconds)) / -Math.expm1(-rate * x);
  return (
    (rate * compute * restartLaplace(model.toLast, rate) * chance) / (1 + rate * model.toLast.hiddenSeconds)
  );
}
