import { attemptSeconds, checkModel, type RestartModel, restartLaplace } from './restart-model.js';
import { twoTierCycle } from './two-tier-cycle.js';

/**
 * Effective training time ratio: productive time of the job divided by its wall time, in the long run. Exact.
 *
 * λ is the failure rate, τ the compute between checkpoint starts, s the stall, p the persist lag, L the Laplace
 * transform of the exposed restart steps, and H the mean of the hidden ones:
 *
 *     ETTR = e^(-λp) · λτ · L(λ) / ((e^(λ(τ+s)) − 1) · (1 + λH))
 *
 * After a failure the job goes back to the last complete checkpoint. The restart is repeated until no failure
 * interrupts it: 1/L(λ) times on average, E[restart] = (1 − L)/(λL) + H/L. From one checkpoint to the next it takes x
 * = τ + s of time without failure; after a failure x + p, since a snapshot that was not yet complete is lost as well.
 * Solving E₁ = (1−e^(-λx))(1/λ + E[restart] + E₂), E₂ = (e^(λ(x+p))−1)(1/λ + E[restart]) gives ETTR = τ/E₁. With
 * fixed steps and H = p = 0 this is Daly's complete model; to first order in λ it is Meta's form. On the clocks `up`
 * and `observed` all steps count in H. With two tiers of checkpoints the recursion of `two-tier-cycle.ts` is used.
 *
 * @param model - from {@link restartModel}
 * @returns 0 to 1; also 0 if progress is too slow for double precision
 * @complexity O(phases), under a microsecond for one tier
 * Source: Daly, FGCS 22:303-312, 2006, for fixed restarts; Kokolis et al., HPCA 2025 (arXiv 2410.21680), for the
 * definition; the generalisation by the derivation above.
 */
export function ettr(model: RestartModel): number {
  checkModel(model);
  return ettrOf(model);
}

/** {@link ettr} without the check of the model. */
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
  // No failures, or so rare that λx is 0 in double precision.
  if (rate * x === 0) return compute / x;
  // e^(-λp)/(e^(λx) − 1) with negative exponents: a much too long interval then gives 0 and not ∞/∞.
  const chance = Math.exp(-rate * (x + model.persistLagSeconds)) / -Math.expm1(-rate * x);
  return (
    (rate * compute * restartLaplace(model.toLast, rate) * chance) / (1 + rate * model.toLast.hiddenSeconds)
  );
}
