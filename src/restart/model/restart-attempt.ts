import type { RollbackGroup } from './restart-model.js';

/**
 * The chance that the exposed steps of a restart end before another failure: E[e^(-λX)], a mixture over the
 * classes, each a product over its phases. 1 where no failure ever needs the group.
 *
 * @param group - the classes that roll back to one tier
 * @param failuresPerSecond - λ, the rate of all failures that could interrupt
 */
export function restartLaplace(group: RollbackGroup, failuresPerSecond: number): number {
  if (group.branches.length === 0) return 1;
  let sum = 0;
  for (const branch of group.branches) {
    let product = branch.share;
    for (const phase of branch.exposed) product *= phase.laplace(failuresPerSecond);
    sum += product;
  }
  return sum;
}

/**
 * Expected seconds of one attempt to restart: the hidden steps, then the exposed ones until they end or a
 * failure strikes, which is E[min(X, failure)] = (1 − L(λ))/λ.
 */
export function attemptSeconds(group: RollbackGroup, failuresPerSecond: number): number {
  if (failuresPerSecond === 0) return 0;
  return group.hiddenSeconds + (1 - restartLaplace(group, failuresPerSecond)) / failuresPerSecond;
}
