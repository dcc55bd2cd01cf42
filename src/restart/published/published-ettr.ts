import { fieldNames, readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { nonNegative, positive } from '../../checks/quantity.js';

/** Inputs of Meta's first-order form. */
export interface MetaEttrOptions {
  /** Failures of the job per second: N·r_f for N servers. */
  readonly failuresPerSecond: number;
  /** u₀: seconds from the end of the queue to the first useful step. */
  readonly startSeconds: number;
  /** Δt: seconds of compute between checkpoints, above 0. */
  readonly computeSeconds: number;
  /** w: seconds that a checkpoint blocks the job; default 0. */
  readonly stallSeconds?: number | undefined;
  /** q: seconds in the queue after a failure; default 0. */
  readonly queueSeconds?: number | undefined;
}

const META_FIELDS = fieldNames<MetaEttrOptions>({
  failuresPerSecond: true,
  startSeconds: true,
  computeSeconds: true,
  stallSeconds: true,
  queueSeconds: true,
});

/**
 * Meta's approximation of ETTR, (1 − λ(u₀ + Δt/2)) / ((1 + w/Δt)(1 + λq)): first order in λ; negative if restarts are
 * nearly as long as the time between failures. `ettr` is exact.
 *
 * Source: Kokolis et al. (Meta), HPCA 2025, arXiv 2410.21680 (digests), which state that it is within 5 % of their
 * own simulation up to 8,000 GPUs.
 */
export function metaEttr(options: MetaEttrOptions): number {
  const { productive, perCheckpoint, perQueue } = metaFactors(readFields(options, META_FIELDS));
  return productive / (perCheckpoint * perQueue);
}

/**
 * Meta's approximation for a run of finite length P, which queues and starts once before its first step: a / ((1 +
 * u₀/P)(1 + λq) + (q/P)·a), divided by 1 + w/Δt, with a = 1 − λ(u₀ + Δt/2).
 *
 * @param options.productiveSeconds - P, above 0
 * Source: derived; equals version 1 of the paper (from memory). `finiteRunSeconds` is exact.
 */
export function metaFiniteEttr(options: MetaEttrOptions & { readonly productiveSeconds: number }): number {
  const given = readFields(options, [...META_FIELDS, 'productiveSeconds']);
  const productiveSeconds = positive(given.productiveSeconds, 'productiveSeconds');
  const { productive: a, perCheckpoint, perQueue } = metaFactors(given);
  const queueSeconds = given.queueSeconds ?? 0;
  const whole =
    (1 + given.startSeconds / productiveSeconds) * perQueue + (queueSeconds / productiveSeconds) * a;
  return a / whole / perCheckpoint;
}

function metaFactors(options: MetaEttrOptions): {
  productive: number;
  perCheckpoint: number;
  perQueue: number;
} {
  const rate = nonNegative(options.failuresPerSecond, 'failuresPerSecond');
  const start = nonNegative(options.startSeconds, 'startSeconds');
  const compute = positive(options.computeSeconds, 'computeSeconds');
  const stall = nonNegative(options.stallSeconds ?? 0, 'stallSeconds');
  const queue = nonNegative(options.queueSeconds ?? 0, 'queueSeconds');
  return {
    productive: 1 - rate * (start + compute / 2),
    perCheckpoint: 1 + stall / compute,
    perQueue: 1 + rate * queue,
  };
}

/**
 * Daly's complete model: the wall time of a run with fixed restarts in seconds, M e^(R/M) (e^((τ+s)/M) − 1) P/τ.
 *
 * @param options.productiveSeconds - P, seconds of useful compute of the whole run
 * Source: Daly, FGCS 22:303-312, 2006 (from memory; equals `ettr` with a fixed exposed restart).
 */
export function dalyWallSeconds(options: {
  readonly productiveSeconds: number;
  readonly computeSeconds: number;
  readonly stallSeconds: number;
  readonly restartSeconds: number;
  readonly mttfSeconds: number;
}): number {
  const given = readFields(options, [
    'productiveSeconds',
    'computeSeconds',
    'stallSeconds',
    'restartSeconds',
    'mttfSeconds',
  ]);
  const mttf = positive(given.mttfSeconds, 'mttfSeconds');
  const compute = positive(given.computeSeconds, 'computeSeconds');
  const segment = compute + nonNegative(given.stallSeconds, 'stallSeconds');
  const segments = nonNegative(given.productiveSeconds, 'productiveSeconds') / compute;
  const restart = nonNegative(given.restartSeconds, 'restartSeconds');
  // Without work the result is 0 and not `0 * Infinity`.
  return segments === 0 ? 0 : mttf * Math.exp(restart / mttf) * Math.expm1(segment / mttf) * segments;
}

/** Most levels of checkpoints; real systems have up to four. */
const LEVELS_MAX = 1000;

/**
 * The smallest overhead of multi-level checkpoints to first order: Σ √(2 λ_l C_l) over the levels l.
 *
 * @param levels - per level its failures per second λ, and the seconds C that one of its checkpoints costs; at most
 * 1,000
 * Source: Benoit, Cavelan, Le Fèvre, Robert, Sun, IEEE TC 66(7), 2017, abstract.
 */
export function multiLevelOverhead(
  levels: readonly { readonly failuresPerSecond: number; readonly checkpointSeconds: number }[],
): number {
  return readList(levels, ['levels'], 'invalid-option', LEVELS_MAX).reduce((sum, level, i) => {
    const given = readFields(level, ['failuresPerSecond', 'checkpointSeconds'], ['levels', i]);
    const rate = nonNegative(given.failuresPerSecond, 'levels', i, 'failuresPerSecond');
    const seconds = nonNegative(given.checkpointSeconds, 'levels', i, 'checkpointSeconds');
    return sum + Math.sqrt(2 * rate * seconds);
  }, 0);
}
