import { readFields } from '../../checks/fields.js';
import { nonNegative, positive } from '../../checks/quantity.js';
import { CorralError } from '../../errors.js';
import { fixed } from '../phases/basic-phases.js';
import { checkPhase, type Phase } from '../phases/phase.js';
import { checkModel, type RestartModel, restartLaplace } from './restart-model.js';

/** Most checkpoints in one run: doubles count exactly up to here. */
const SEGMENTS_MAX = 2 ** 52;

/** Options of {@link finiteRunSeconds}. */
export interface FiniteRunOptions {
  /** Useful compute of the run, above 0. */
  readonly productiveSeconds: number;
  /** Duration from the end of the queue to the first step; failures interrupt it like a restart; default none. */
  readonly startUp?: Phase | undefined;
  /** Seconds in the queue before that; default 0. */
  readonly queueSeconds?: number | undefined;
}

/**
 * Expected wall time of a run of finite length, exact. It consists of the queue, the start-up, ⌊P/τ⌋ segments and a
 * shorter last one. Each segment ends with a checkpoint, and the run ends when the last checkpoint is complete.
 *
 * The first segment is like one after a failure: it takes x + p of time without failure. With R = H/L + (1 − L)/(λL),
 * the expected restart: start-up (1 − L₀)(1/λ + R), first segment (e^(λ(x+p)) − 1)(1/λ + R), every other (e^(λx) −
 * 1)e^(λp)(1/λ + R).
 *
 * @param model - one tier of checkpoints
 * @returns seconds; `productiveSeconds` divided by it is the ETTR of the run. Infinity where progress is too slow for
 *   double precision
 * @throws CorralError `invalid-option`
 * @complexity O(phases)
 * Source: derived as `ettr`; to first order Meta's form for finite runs.
 */
export function finiteRunSeconds(model: RestartModel, options: FiniteRunOptions): number {
  checkModel(model);
  const given = readFields(options, ['productiveSeconds', 'startUp', 'queueSeconds']);
  const productive = positive(given.productiveSeconds, 'productiveSeconds');
  const queue = nonNegative(given.queueSeconds ?? 0, 'queueSeconds');
  const startUp = checkPhase(given.startUp ?? fixed(0), 'startUp');
  if (model.durable !== undefined) {
    throw new CorralError('invalid-option', ['model', 'durable'], 'a finite run has one tier of checkpoints');
  }
  const { computeSeconds, stallSeconds, persistLagSeconds: lag } = model;
  const segments = Math.floor(productive / computeSeconds);
  if (segments > SEGMENTS_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['productiveSeconds'],
      `more than 2^52 checkpoints of ${computeSeconds} s: is it in seconds?`,
    );
  }
  const rest = productive - segments * computeSeconds;
  const rate = model.failuresPerActiveSecond;
  const lengths = {
    first: (segments > 0 ? computeSeconds : rest) + stallSeconds,
    others: computeSeconds + stallSeconds,
    // A remainder that is only rounding is not a segment.
    last: segments > 0 && rest > 1e-12 * productive ? rest + stallSeconds : 0,
  };
  const others = Math.max(0, segments - 1);
  if (rate === 0) return queue + startUp.mean + lengths.first + lag + others * lengths.others + lengths.last;

  const through = restartLaplace(model.toLast, rate);
  const perFailure = 1 / rate + (model.toLast.hiddenSeconds + (1 - through) / rate) / through;
  // `0 * Infinity` would be NaN: no time is needed for what does not exist, even if a failure costs infinite time.
  const times = (count: number, seconds: number): number =>
    count === 0 || seconds === 0 ? 0 : count * seconds;
  const start = model.clock === 'wall' ? times(1 - startUp.laplace(rate), perFailure) : startUp.mean;
  const segment = (seconds: number): number => times(Math.expm1(rate * seconds), perFailure);
  const further = times(others, segment(lengths.others)) + segment(lengths.last);
  return queue + start + segment(lengths.first + lag) + times(Math.exp(rate * lag), further);
}
