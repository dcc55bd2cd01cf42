import { readFields } from '../../checks/fields.js';
import { integer, nonNegative, probability } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { fixed } from '../phases/basic-phases.js';
import { mixture, sequence } from '../phases/composite-phases.js';
import { checkPhase, type Phase } from '../phases/phase.js';
import { type RecoveryPath, readRecoveryPath } from './recovery.js';

/** Largest mean of a Poisson count that is summed term by term. */
const MEAN_MAX = 1e7;
/** The logarithm of a term that is 0 in double precision, with all that are smaller. */
const LOG_TERM_MIN = -800;
/** Most servers of a binomial count. */
const SERVERS_MAX = 1e7;
const RATE_FIELDS = ['failuresPerSecond', 'repairSeconds'];

/**
 * Spares that a burst within one replenishment window may need: the smallest k with
 * P(Binomial(servers, p) ≤ k) ≥ quantile.
 *
 * @param options.servers - in the job
 * @param options.failureProbability - that one server fails within the window (a day, for warm standbys)
 * @param options.quantile - default 0.99, as ByteRobust sizes its warm standbys (SOSP 2025, full text)
 * @throws CorralError `invalid-option`
 * @complexity O(k)
 * Source: ByteRobust, section on warm standbys: 2, 2, 3, 4 for 128, 256, 512, 1024 machines, which daily
 * probabilities from 0.1165 % to 0.125 % reproduce, and no others.
 */
export function burstSpares(options: {
  readonly servers: number;
  readonly failureProbability: number;
  readonly quantile?: number | undefined;
}): number {
  const { servers, failureProbability, quantile } = readFields(options, [
    'servers',
    'failureProbability',
    'quantile',
  ]);
  const n = integer(servers, 0, SERVERS_MAX, 'servers');
  const p = probability(failureProbability, 'failureProbability');
  const q = quantileOf(quantile);
  if (p === 0 || n === 0) return 0;
  if (p === 1) return n;
  const odds = Math.log(p) - Math.log1p(-p);
  // ln P(0), and from one term to the next: (n − k)/(k + 1) · p/(1 − p).
  return smallest(n * Math.log1p(-p), (k) => Math.log((n - k) / (k + 1)) + odds, q, n);
}

/**
 * Spares that cover the servers in repair in the long run. Repairs are an M/G/∞ queue, so their number is
 * Poisson with mean a = failures per second × repair time, whatever the distribution of repair times; the answer
 * is the smallest k with P(N ≤ k) ≥ quantile.
 *
 * @param options.failuresPerSecond - over all servers
 * @param options.repairSeconds - mean time until a failed server is back
 * @param options.quantile - default 0.99
 * @throws CorralError `invalid-option`
 * @complexity O(a + √a)
 */
export function longRunSpares(options: {
  readonly failuresPerSecond: number;
  readonly repairSeconds: number;
  readonly quantile?: number | undefined;
}): number {
  const { quantile, ...rates } = readFields(options, [...RATE_FIELDS, 'quantile']);
  const mean = offered(rates);
  const q = quantileOf(quantile);
  if (mean === 0) return 0;
  // Forty standard deviations, and as many servers as a small mean needs, are above every quantile that a double holds.
  const most = Math.ceil(mean + 40 * Math.sqrt(mean) + 100);
  return smallest(-mean, (k) => Math.log(mean / (k + 1)), q, most);
}

/**
 * The chance that a failure finds no spare left: that already `spares` or more servers are in repair. Failures
 * arrive at random, so they see the long-run distribution.
 *
 * @param options.spares - held ready, 0 or more
 * @throws CorralError `invalid-option`
 * @complexity O(the fewer of spares and those that have a chance above 0)
 */
export function spareStockOut(options: {
  readonly failuresPerSecond: number;
  readonly repairSeconds: number;
  readonly spares: number;
}): number {
  const given = readFields(options, [...RATE_FIELDS, 'spares']);
  const mean = offered(given);
  return stockOut(mean, integer(given.spares, 0, 1e9, 'spares'));
}

/** {@link spareStockOut} with a mean of servers in repair. */
function stockOut(mean: number, spares: number): number {
  if (mean === 0) return spares === 0 ? 1 : 0;
  // The tail from its first term on, so that small chances keep their digits; below the mean, from the head.
  let logTerm = -mean;
  let head = 0;
  for (let k = 0; k < spares; k++) {
    // Above the mean terms only sink: what is a rounded 0 here is one for more spares.
    if (k > mean && logTerm < LOG_TERM_MIN) return 0;
    head += Math.exp(logTerm);
    logTerm += Math.log(mean / (k + 1));
  }
  if (spares <= mean) return Math.max(0, 1 - head);
  let tail = 0;
  let term = Math.exp(logTerm);
  // Above the mean terms sink, ever faster: after some √mean of them they add nothing.
  for (let k = spares; term > tail * 1e-17; k++) {
    tail += term;
    logTerm += Math.log(mean / (k + 1));
    term = Math.exp(logTerm);
  }
  return tail;
}

/**
 * How long a gang that needs a spare waits for one, on average over all its restarts, most of which find one at hand. A gang
 * that is whole runs; one that finds `spares + 1` servers in repair waits until they are `spares` again, however many more
 * fail meanwhile. With N Poisson of mean a = failures per second × repair time: P(N > spares) / P(N ≤ spares) · repair / a,
 * whatever the distribution of repair times.
 *
 * Source: derived: the time in a set of states of an M/G/∞ queue is its probability, and it is entered at the rate at
 * which the last state outside of it is left.
 *
 * @param options.failuresPerSecond - over all servers that can serve the gang, spares included
 * @param options.repairSeconds - mean time until a failed server is back
 * @param options.spares - held ready, 0 or more
 * @returns seconds; Infinity where so few spares are never enough in double precision
 * @throws CorralError `invalid-option`
 * @complexity O(spares + a)
 * @example
 * const seconds = spareWaitSeconds({ failuresPerSecond: 1e-5, repairSeconds: 86_400, spares: 2 });
 * // Only the mean of a hidden step matters.
 * withSpareWait(defaultRecovery({ servers: 64 }), { stockOut: 1, wait: phase.fixed(seconds) });
 */
export function spareWaitSeconds(options: {
  readonly failuresPerSecond: number;
  readonly repairSeconds: number;
  readonly spares: number;
}): number {
  const given = readFields(options, [...RATE_FIELDS, 'spares']);
  const spares = integer(given.spares, 0, 1e9 - 1, 'spares');
  const mean = offered(given);
  const short = stockOut(mean, spares + 1);
  return mean === 0 ? 0 : ((short / (1 - short)) * given.repairSeconds) / mean;
}

/**
 * A recovery path whose rescheduling waits for a repair when no spare is left: H = H₀ + P(none)·E[wait].
 *
 * @param path - the restart with a spare at hand
 * @param options.stockOut - P(none), see {@link spareStockOut}; 1 if `wait` is over all restarts, see
 * {@link spareWaitSeconds}
 * @param options.wait - until a server comes back
 * @throws CorralError `invalid-option`
 */
export function withSpareWait(
  path: RecoveryPath,
  options: { readonly stockOut: number; readonly wait: Phase },
): RecoveryPath {
  const { hidden, exposed } = readRecoveryPath(path, 'path');
  const given = readFields(options, ['stockOut', 'wait']);
  const stockOut = probability(given.stockOut, 'stockOut');
  const wait = checkPhase(given.wait, 'wait');
  const waiting = mixture([
    { weight: 1 - stockOut, phase: fixed(0) },
    { weight: stockOut, phase: wait },
  ]);
  const { reschedule } = hidden;
  return {
    exposed,
    hidden: {
      ...hidden,
      reschedule: reschedule === undefined ? waiting : sequence(reschedule, waiting),
    },
  };
}

function offered(options: { readonly failuresPerSecond: number; readonly repairSeconds: number }): number {
  const mean =
    nonNegative(options.failuresPerSecond, 'failuresPerSecond') *
    nonNegative(options.repairSeconds, 'repairSeconds');
  if (mean > MEAN_MAX) {
    throw new CorralError(
      'invalid-option',
      ['repairSeconds'],
      `${mean} servers would be in repair on average: at most ${MEAN_MAX}`,
    );
  }
  return mean;
}

function quantileOf(quantile: number | undefined): number {
  const q = probability(quantile ?? 0.99, 'quantile');
  if (q < 1) return q;
  throw new CorralError('invalid-option', ['quantile'], 'expected below 1: nothing covers every case');
}

/** The smallest k ≤ max with Σ_{j≤k} P(j) ≥ q, from ln P(0) and the logarithm of P(k+1)/P(k). */
function smallest(logFirst: number, logRatio: (k: number) => number, q: number, max: number): number {
  let logTerm = logFirst;
  let sum = Math.exp(logTerm);
  let k = 0;
  // At most `max` steps; terms that no longer move the sum end the walk even if rounding keeps it below q.
  while (sum < q && k < max && (sum < 0.5 || Math.exp(logTerm) > 1e-18)) {
    logTerm += logRatio(k++);
    sum += Math.exp(logTerm);
  }
  return k;
}
