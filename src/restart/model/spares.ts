import { readFields } from '../../checks/fields.js';
import { integer, nonNegative, probability } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { fixed } from '../phases/basic-phases.js';
import { mixture, sequence } from '../phases/composite-phases.js';
import { checkPhase, type Phase } from '../phases/phase.js';
import { type RecoveryPath, readRecoveryPath } from './recovery.js';

/** Largest mean of a Poisson distribution that is summed term by term. */
const MEAN_MAX = 1e7;
/** Terms with a logarithm below this are 0 in double precision. */
const LOG_TERM_MIN = -800;
/** Most servers of a binomial distribution. */
const SERVERS_MAX = 1e7;
const RATE_FIELDS = ['failuresPerSecond', 'repairSeconds'];

/**
 * The number of spares that covers the failures within one replenishment window: the smallest k with
 * P(Binomial(servers, p) ≤ k) ≥ quantile.
 *
 * @param options.servers - servers of the job
 * @param options.failureProbability - chance that one server fails within the window (a day, for warm standbys)
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
  // The sum starts from ln P(0); the ratio of a term to the one before is (n − k)/(k + 1) · p/(1 − p).
  return smallest(n * Math.log1p(-p), (k) => Math.log((n - k) / (k + 1)) + odds, q, n);
}

/**
 * The number of spares that covers the servers in repair in the long run: the smallest k with P(N ≤ k) ≥ quantile.
 * Repairs are an M/G/∞ queue, so the number N of servers in repair has a Poisson distribution with mean a = failures
 * per second × repair time, for any distribution of repair times.
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
  // Forty standard deviations above the mean, and 100 more for small means, exceed every quantile below 1 that a
  // double can hold.
  const most = Math.ceil(mean + 40 * Math.sqrt(mean) + 100);
  return smallest(-mean, (k) => Math.log(mean / (k + 1)), q, most);
}

/**
 * The chance that no spare is left at a failure, that is that `spares` or more servers are already in repair.
 * Failures are a Poisson process, so they see the long-run distribution.
 *
 * @param options.spares - held ready, 0 or more
 * @throws CorralError `invalid-option`
 * @complexity O(spares), at most the number of terms above 0
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
  // Above the mean the tail is summed directly, so that small chances keep their digits; below it, the head.
  let logTerm = -mean;
  let head = 0;
  for (let k = 0; k < spares; k++) {
    // Above the mean terms only fall: if a term is 0 in double precision, all further ones are.
    if (k > mean && logTerm < LOG_TERM_MIN) return 0;
    head += Math.exp(logTerm);
    logTerm += Math.log(mean / (k + 1));
  }
  if (spares <= mean) return Math.max(0, 1 - head);
  let tail = 0;
  let term = Math.exp(logTerm);
  // Ends: above the mean terms fall ever faster; after some √mean of them they no longer change the sum.
  for (let k = spares; term > tail * 1e-17; k++) {
    tail += term;
    logTerm += Math.log(mean / (k + 1));
    term = Math.exp(logTerm);
  }
  return tail;
}

/**
 * Mean seconds that a gang waits for a spare, over all its restarts, also those that find a spare at once. A gang
 * waits while more than `spares` servers are in repair. With N Poisson of mean a = failures per second × repair time,
 * the wait is P(N > spares) / P(N ≤ spares) · repair / a, for any distribution of repair times.
 *
 * Source: derived. The share of time that an M/G/∞ queue spends in a set of states is the probability of the set, and
 * the queue enters it at the rate at which it leaves the last state outside.
 *
 * @param options.failuresPerSecond - over all servers that can serve the gang, spares included
 * @param options.repairSeconds - mean time until a failed server is back
 * @param options.spares - held ready, 0 or more
 * @returns seconds; Infinity if the chance of enough spares is 0 in double precision
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
 * Adds the wait for a repair to the rescheduling of a recovery path, for restarts that find no spare: H = H₀ +
 * P(none)·E[wait].
 *
 * @param path - the restart if a spare is left
 * @param options.stockOut - P(none), see {@link spareStockOut}; 1 if `wait` is a mean over all restarts, see {@link
 * spareWaitSeconds}
 * @param options.wait - duration until a server is back
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
  // Ends: after at most `max` steps. Terms that no longer change the sum end the loop, even if rounding keeps the sum
  // below q.
  while (sum < q && k < max && (sum < 0.5 || Math.exp(logTerm) > 1e-18)) {
    logTerm += logRatio(k++);
    sum += Math.exp(logTerm);
  }
  return k;
}
