import { CorralError, quote } from '../errors.js';
import { fixed } from './basic-phases.js';
import { checkPhase, type Phase } from './phase.js';
import { checkFields, listOf, nonNegative } from './quantity.js';

/** A branch of a mixture. */
export interface MixturePart {
  /** Relative frequency, 0 or more; all weights together count as 1. */
  readonly weight: number;
  readonly phase: Phase;
}

/**
 * One phase after another, independent: L is the product of the transforms.
 *
 * @param phases - phases, or lists of them, in order; none is a duration of 0
 * @returns one phase; a lone one unchanged
 * @throws CorralError `invalid-option`
 */
export function sequence(...phases: readonly (Phase | readonly Phase[])[]): Phase {
  const parts = phases.flat().map((part, i) => checkPhase(part, 'phases', i));
  if (parts.length === 0) return fixed(0);
  if (parts.length === 1) return parts[0]!;
  const drawn = parts.filter((part) => part.kind !== 'fixed');
  const fixedSeconds = parts.reduce((sum, part) => sum + (part.kind === 'fixed' ? part.mean : 0), 0);
  return {
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
  };
}

/**
 * One of several phases, drawn by weight: L is the weighted sum of the transforms.
 *
 * @param parts - branches with their weights; at least one weight above 0
 * @throws CorralError `invalid-option`
 * @example
 * // A crash is seen at once, a hang when the collective times out.
 * phase.mixture([{ weight: 0.9, phase: phase.exponential(10) }, { weight: 0.1, phase: phase.fixed(600) }]);
 */
export function mixture(parts: readonly MixturePart[]): Phase {
  if (!Array.isArray(parts) || parts.length === 0) {
    throw new CorralError(
      'invalid-option',
      ['parts'],
      `expected a list of { weight, phase }, got ${quote(parts)}`,
    );
  }
  let total = 0;
  const branches = listOf(parts, '{ weight, phase }', Number.POSITIVE_INFINITY, 'parts');
  const phases = branches.map((part, i) => {
    total += nonNegative(part?.weight, 'parts', i, 'weight');
    checkFields(part, ['weight', 'phase'], ['parts', i]);
    return checkPhase(part.phase, 'parts', i, 'phase');
  });
  if (!(total > 0 && total < Number.POSITIVE_INFINITY)) {
    throw new CorralError('invalid-option', ['parts'], `expected weights with a sum above 0, got ${total}`);
  }
  const weights = branches.map((part) => part.weight / total);
  const mean = phases.reduce((sum, part, i) => sum + weights[i]! * part.mean, 0);
  return {
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
      let left = random();
      let i = 0;
      // The last branch with a weight takes what rounding leaves over.
      while (i < phases.length - 1 && left >= weights[i]!) left -= weights[i++]!;
      while (weights[i] === 0) i--;
      return phases[i]!.sample(random);
    },
  };
}

/**
 * A phase stretched by a factor: L(z) of the factor times z.
 *
 * @param factor - 0 or more: a measured phase on a job of another size, a slower store
 * @param of - the phase
 * @throws CorralError `invalid-option`
 */
export function scaled(factor: number, of: Phase): Phase {
  nonNegative(factor, 'factor');
  checkPhase(of, 'of');
  return {
    kind: 'scaled',
    mean: factor * of.mean,
    variance: factor ** 2 * of.variance,
    laplace: (z) => of.laplace(factor * z),
    sample: (random) => factor * of.sample(random),
  };
}
