import { oneOf } from '../../checks/values.js';
import { CorralError } from '../../errors.js';
import { dalyIntervalSeconds, youngIntervalSeconds } from '../published/published-intervals.js';
import { ettrOf } from './ettr.js';
import { checkModel, type RestartModel } from './restart-model.js';

const METHODS = ['exact', 'young', 'daly'] as const;
/** The methods to find the best checkpoint interval. */
export type IntervalMethod = (typeof METHODS)[number];

/**
 * The compute seconds between checkpoint starts that waste the least time; never below the persist lag of the model.
 * The model's own `computeSeconds` does not matter.
 *
 * `exact`: with one tier τ = M(1 + W₀(−e^(−1−s/M))), W₀ being Lambert's function and M = 1/λ. Restart steps and lag
 * do not matter, because they are factors of ETTR that do not depend on τ. With two tiers it is the maximum of `ettr`
 * over τ at the given number of snapshots, by golden section. `young`: √(2sM); with two tiers √(2s̄/(l₁ + n·l₂)), s̄
 * the mean stall. `daly`: the higher-order form of 2006, for one tier.
 *
 * @param model - from {@link restartModel}
 * @param method - default `exact`
 * @returns seconds; 0 if a checkpoint costs nothing, Infinity if nothing fails
 * @throws CorralError `invalid-option`
 * @complexity O(1), with two tiers about 160 evaluations of {@link ettr}
 * Source: Young, CACM 17(9), 1974; Daly, FGCS 22:303-312, 2006; `exact` by setting the derivative of ETTR to 0:
 * (1 − y)e^y = e^(−s/M) for y = τ/M.
 */
export function optimalInterval(model: RestartModel, method: IntervalMethod = 'exact'): number {
  checkModel(model);
  const rate = model.failuresPerActiveSecond;
  oneOf(method, METHODS, 'method');
  if (1 / rate === Number.POSITIVE_INFINITY) return Number.POSITIVE_INFINITY;
  const best = model.durable === undefined ? oneTier(model, method) : twoTiers(model, method);
  return Math.max(best, model.persistLagSeconds);
}

function oneTier(model: RestartModel, method: IntervalMethod): number {
  const mttfSeconds = 1 / model.failuresPerActiveSecond;
  const { stallSeconds } = model;
  if (method === 'young') return youngIntervalSeconds({ stallSeconds, mttfSeconds });
  if (method === 'daly') return dalyIntervalSeconds({ stallSeconds, mttfSeconds });
  return mttfSeconds * exactFraction(stallSeconds / mttfSeconds);
}

/**
 * y = 1 + W₀(−e^(−1−ε)), the root of −ln(1 − y) − y = ε between 0 and 1.
 *
 * Newton's method from the first-order value √(2ε). Below y = 0.1 the left side is summed as y²/2 + y³/3 + …, because
 * the logarithm would lose digits. For ε > 1 the equation w = 1 − y = e^(w−1−ε) is iterated instead.
 */
function exactFraction(epsilon: number): number {
  if (epsilon === 0) return 0;
  if (epsilon > 1) {
    let w = Math.exp(-1 - epsilon);
    for (let i = 0; i < 60; i++) w = Math.exp(w - 1 - epsilon);
    return 1 - w;
  }
  let y = Math.min(0.9, Math.sqrt(2 * epsilon));
  for (let i = 0; i < 60; i++) {
    const step = ((lossOf(y) - epsilon) * (1 - y)) / y;
    // The first steps of Newton's method may leave (0, 1).
    y = Math.min(Math.max(y - step, y / 4), (1 + y) / 2);
    if (Math.abs(step) <= 1e-16 * y) break;
  }
  return y;
}

function lossOf(y: number): number {
  if (y >= 0.1) return -Math.log1p(-y) - y;
  let sum = 0;
  let power = y * y;
  // Ends: each term is less than a tenth of the one before, so that some twenty are summed.
  for (let k = 2; power / k > sum * 1e-18; k++, power *= y) sum += power / k;
  return sum;
}

function twoTiers(model: RestartModel, method: IntervalMethod): number {
  if (method === 'daly') {
    throw new CorralError('invalid-option', ['method'], 'daly has no form for two tiers: use exact or young');
  }
  const { snapshots, stallSeconds } = model.durable!;
  const meanStall = ((snapshots - 1) * model.stallSeconds + stallSeconds) / snapshots;
  const redone = model.toLast.failuresPerSecond + snapshots * model.toDurable.failuresPerSecond;
  const young = Math.sqrt((2 * meanStall) / redone);
  if (method === 'young' || young === 0) return young;
  // ETTR has one maximum. It lies between these bounds, since the first-order optimum is too long.
  const lag = model.persistLagSeconds;
  let low = Math.max(lag, young / 1000);
  let high = Math.max(lag, young * 2);
  const at = (computeSeconds: number): number => ettrOf({ ...model, computeSeconds });
  const golden = (Math.sqrt(5) - 1) / 2;
  for (let i = 0; i < 80 && high - low > 1e-9 * high; i++) {
    const left = high - golden * (high - low);
    const right = low + golden * (high - low);
    if (at(left) < at(right)) low = left;
    else high = right;
  }
  return (low + high) / 2;
}
