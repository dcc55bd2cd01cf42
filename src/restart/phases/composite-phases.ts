import { readFields } from '../../checks/fields.js';
import { callForeign, readList } from '../../checks/plain-data.js';
import { nonNegative } from '../../checks/quantity.js';
import { unexpected } from '../../checks/values.js';
import { fixed } from './basic-phases.js';
import { checkPhase, drawUnit, newPhase, PHASES_MAX, type Phase } from './phase.js';

/** A branch of a mixture. */
export interface MixturePart {
  /** Relative frequency, 0 or more; all weights together count as 1. */
  readonly weight: number;
  readonly phase: Phase;
}

/**
 * Independent phases one after another: L is the product of the transforms.
 *
 * @param phases - phases, or lists of at most 10,000 of them, in order; no phases give a duration of 0
 * @returns the phase; a single phase is returned unchanged
 * @throws CorralError `invalid-option`
 */
export function sequence(...phases: readonly (Phase | readonly Phase[])[]): Phase {
  const given = phases.flatMap((one) => {
    const path = ['phases'];
    if (!callForeign(() => Array.isArray(one), path)) return [one as Phase];
    return readList(one as readonly Phase[], path, 'invalid-option', PHASES_MAX);
  });
  const parts = given.map((part, i) => checkPhase(part, 'phases', i));
  if (parts.length === 0) return fixed(0);
  if (parts.length === 1) return parts[0]!;
  const drawn = parts.filter((part) => part.kind !== 'fixed');
  const fixedSeconds = parts.reduce((sum, part) => sum + (part.kind === 'fixed' ? part.mean : 0), 0);
  return newPhase<Phase>(
    {
      kind: 'sequence',
      mean: parts.reduce((sum, part) => sum + part.mean, 0),
      variance: parts.reduce((sum, part) => sum + part.variance, 0),
      laplace: (z) => {
        let product = fixedSeconds === 0 ? 1 : Math.exp(-z * fixedSeconds);
        for (const part of drawn) product *= part.laplace(z);
        return product;
      },
      sample: (random) => {
        let seconds = fixedSeconds;
        for (const part of drawn) seconds += part.sample(random);
        return seconds;
      },
    },
    parts,
    'phases',
  );
}

/**
 * One of several phases, drawn by weight: L is the weighted sum of the transforms.
 *
 * @param parts - branches with their weights; at least one weight above 0
 * @throws CorralError `invalid-option`
 * @example
 * // A crash is detected at once, a hang when the collective times out.
 * phase.mixture([{ weight: 0.9, phase: phase.exponential(10) }, { weight: 0.1, phase: phase.fixed(600) }]);
 */
export function mixture(parts: readonly MixturePart[]): Phase {
  const branches = readList(parts, ['parts'], 'invalid-option', PHASES_MAX).map((given, i) => {
    const part = readFields(given, ['weight', 'phase'], ['parts', i]);
    const weight = nonNegative(part.weight, 'parts', i, 'weight');
    return { weight, phase: checkPhase(part.phase, 'parts', i, 'phase') };
  });
  const total = branches.reduce((sum, { weight }) => sum + weight, 0);
  if (!(total > 0)) {
    throw unexpected('weights with a sum above 0', total, ['parts']);
  }
  const phases = branches.map(({ phase }) => phase);
  const weights = branches.map(({ weight }) => weight / total);
  const mean = phases.reduce((sum, part, i) => sum + weights[i]! * part.mean, 0);
  return newPhase<Phase>(
    {
      kind: 'mixture',
      mean,
      variance: phases.reduce(
        (sum, part, i) => sum + weights[i]! * (part.variance + (part.mean - mean) ** 2),
        0,
      ),
      laplace: (z) => {
        let sum = 0;
        for (let i = 0; i < phases.length; i++) sum += weights[i]! * phases[i]!.laplace(z);
        return sum;
      },
      sample: (random) => {
        let left = drawUnit(random);
        let i = 0;
        while (i < phases.length - 1 && left >= weights[i]!) left -= weights[i++]!;
        // By rounding the weights may sum to less than the drawn number: take the last branch with a weight.
        while (weights[i] === 0) i--;
        return phases[i]!.sample(random);
      },
    },
    phases,
    'parts',
  );
}

/**
 * A phase with its duration multiplied by a factor: its transform at z is that of the phase at factor times z.
 *
 * @param factor - 0 or more; for example for a job of another size, or a slower store
 * @param of - the phase
 * @throws CorralError `invalid-option`
 */
export function scaled(factor: number, of: Phase): Phase {
  nonNegative(factor, 'factor');
  const phase = checkPhase(of, 'of');
  return newPhase<Phase>(
    {
      kind: 'scaled',
      mean: factor * phase.mean,
      variance: factor ** 2 * phase.variance,
      laplace: (z) => phase.laplace(Math.min(factor * z, Number.MAX_VALUE)),
      sample: (random) => factor * phase.sample(random),
    },
    [phase],
    'factor',
  );
}
