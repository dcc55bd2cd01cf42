import { fieldNames, readFields } from '../../checks/fields.js';
import { nonNegative, positive } from '../../checks/quantity.js';

/** The stall s of a checkpoint, and the mean time M between failures. */
export interface IntervalOptions {
  /** s: seconds that one checkpoint blocks the job. */
  readonly stallSeconds: number;
  /** M: mean seconds between failures of the job, above 0. */
  readonly mttfSeconds: number;
}

const FIELDS = fieldNames<IntervalOptions>({ stallSeconds: true, mttfSeconds: true });

function checked(options: IntervalOptions): { stall: number; mttf: number } {
  const { stallSeconds, mttfSeconds } = readFields(options, FIELDS);
  return { stall: nonNegative(stallSeconds, 'stallSeconds'), mttf: positive(mttfSeconds, 'mttfSeconds') };
}

function checkedWithRestart(options: IntervalOptions & { readonly restartSeconds: number }): {
  stall: number;
  mttf: number;
  restart: number;
} {
  const { restartSeconds, ...rest } = readFields(options, [...FIELDS, 'restartSeconds']);
  return { ...checked(rest), restart: nonNegative(restartSeconds, 'restartSeconds') };
}

/**
 * Young's interval: √(2sM) compute seconds between checkpoints; first order, for s ≪ M. Meta's √(2w/(N·r)) is the
 * same with the failure rate N·r of N servers.
 *
 * Source: Young, CACM 17(9), 1974 (in the slides of Casanova et al., read in full).
 */
export function youngIntervalSeconds(options: IntervalOptions): number {
  const { stall, mttf } = checked(options);
  return Math.sqrt(2 * stall * mttf);
}

/**
 * Daly's higher-order interval: √(2sM)·(1 + ⅓√(s/2M) + ⅑·s/2M) − s for s below 2M, otherwise M. It is within 0.3 % of
 * the exact optimum at s = M/3.
 *
 * Source: Daly, FGCS 22:303-312, 2006 (from memory; reproduces the three optima that the paper prints).
 */
export function dalyIntervalSeconds(options: IntervalOptions): number {
  const { stall, mttf } = checked(options);
  if (stall >= 2 * mttf) return mttf;
  const ratio = stall / (2 * mttf);
  return Math.sqrt(2 * stall * mttf) * (1 + Math.sqrt(ratio) / 3 + ratio / 9) - stall;
}

/**
 * Daly's first-order interval: √(2s(M + R)).
 *
 * @param options.restartSeconds - R, mean time of a restart
 * Source: Daly 2003 (in the slides of Casanova et al., read in full).
 */
export function dalyFirstOrderIntervalSeconds(
  options: IntervalOptions & { readonly restartSeconds: number },
): number {
  const { stall, mttf, restart } = checkedWithRestart(options);
  return Math.sqrt(2 * stall * (mttf + restart));
}

/**
 * The interval of highest availability, s + √(2(M + R)s + s²), from the start of one checkpoint to the start of the
 * next. It maximises the first-order availability (1 − s/T)·M/(M + R + T/2) if failures occur in up-time only.
 *
 * Source: Saxena et al. (NVIDIA), arXiv 2410.18124, abstract.
 */
export function availabilityIntervalSeconds(
  options: IntervalOptions & { readonly restartSeconds: number },
): number {
  const { stall, mttf, restart } = checkedWithRestart(options);
  return stall + Math.sqrt(2 * (mttf + restart) * stall + stall * stall);
}
