import { readFields } from '../../checks/fields.js';
import { integer, nonNegative } from '../../checks/quantity.js';

/** Options of {@link replicaGroupEttr}. */
export interface ReplicaGroupOptions {
  /**
   * λ: failures per second while all groups run. Each group has an equal part of it; a group that is absent has none.
   */
  readonly failuresPerSecond: number;
  /** G: number of groups; each holds a whole replica of the model. */
  readonly groups: number;
  /** s: seconds that all groups stop after a failure. Nothing fails during that time. */
  readonly stallSeconds: number;
  /** d: mean seconds that the failed group is absent after that, without the stops for failures of other groups. */
  readonly absentSeconds: number;
}

/**
 * Share of full throughput if a failure stops only one replica group and the others continue without it: 1 / (1 +
 * λd/G + λs).
 *
 * Exact. Without the stops, each group works for G/λ on average and is then absent for d, so that a share a = 1 / (1
 * + λd/G) of the groups works. They fail at the rate aλ, and each failure adds a stop: a second of work takes 1 + aλs
 * seconds. The result is a / (1 + aλs). With one group it is a job that restarts for s + d after every failure.
 *
 * @returns 0 to 1
 * @throws CorralError `invalid-option`
 * Source: derived (alternating renewal); the first order in λ is that of torchft and FT-HSDP.
 */
export function replicaGroupEttr(options: ReplicaGroupOptions): number {
  const given = readFields(options, ['failuresPerSecond', 'groups', 'stallSeconds', 'absentSeconds']);
  const rate = nonNegative(given.failuresPerSecond, 'failuresPerSecond');
  const groups = integer(given.groups, 1, 1e9, 'groups');
  const stall = nonNegative(given.stallSeconds, 'stallSeconds');
  const absent = nonNegative(given.absentSeconds, 'absentSeconds');
  return 1 / (1 + rate * (absent / groups + stall));
}
