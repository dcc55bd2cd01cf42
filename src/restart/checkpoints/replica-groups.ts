import { readFields } from '../../checks/fields.js';
import { integer, nonNegative } from '../../checks/quantity.js';

/** Options of {@link replicaGroupEttr}. */
export interface ReplicaGroupOptions {
  /** λ: failures per second while all groups are there and run; each brings its part, and one that is away none. */
  readonly failuresPerSecond: number;
  /** G: groups that each hold a whole replica of the model. */
  readonly groups: number;
  /** s: how long all groups stand still for a failure. Nothing fails meanwhile. */
  readonly stallSeconds: number;
  /** d: how long the group that was hit is away after that, on average, stalls for others not counted. */
  readonly absentSeconds: number;
}

/**
 * Share of full throughput where a failure stops only one replica group, and the others go on without it:
 * 1 / (1 + λd/G + λs).
 *
 * Exact. Between stalls each group is there for G/λ on average and then away for d, so a share of
 * a = 1 / (1 + λd/G) of them is there; they fail at aλ and each failure adds a stall, so that a second of work takes
 * 1 + aλs, and a / (1 + aλs) is the result. With one group that is the job that restarts for s + d after every failure.
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
