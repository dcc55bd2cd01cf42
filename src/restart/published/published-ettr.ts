import { fieldNames, readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { nonNegative, positive } from '../../checks/quantity.js';

/** Inputs of Meta's first-order form. */
export interface MetaEttrOptions {
  /** Failures of the job per second: N·r_f for N servers. */
  readonly failuresPerSecond: number;
  /** u₀: from the end of the queue to the first useful step. */
  readonly startSeconds: number;
  /** Δt: compute between checkpoints, above 0. */
  readonly computeSeconds: number;
  /** w: how long a checkpoint blocks; default 0. */
  readonly stallSeconds?: number | undefined;
  /** q: waiting in the queue after a failure; default 0. */
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
 * (1 − λ(u₀ + Δt/2)) / ((1 + w/Δt)(1 + λq)): first order in λ, and negative once restarts near the time between
 * failures; `ettr` is the exact form.
 *
 * Source: Kokolis et al. (Meta), HPCA 2025, arXiv 2410.21680, through digests; said there to be within 5 % of
 * their own simulation up to 8,000 GPUs.
 */
export function metaEttr(options: MetaEttrOptions): number {
  const { productive, perCheckpoint, perQueue } = metaFactors(readFields(options, META_FIELDS));
  return productive / (perCheckpoint * perQueue);
}

/**
 * Meta's form for a run of finite length P, which starts and queues once before its first step:
 * a / ((1 + u₀/P)(1 + λq) + (q/P)·a), divided by 1 + w/Δt, with a = 1 − λ(u₀ + Δt/2).
 *
 * @param options.productiveSeconds - P, above 0
 * Source: derived; equals what is remembered of version 1 of the paper. `finiteRunSeconds` is the exact form.
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
 * Daly's complete model: the wall time of a run with fixed restarts, M e^(R/M) (e^((τ+s)/M) − 1) P/τ, seconds.
 *
 * @param options.productiveSeconds - P, useful compute of the whole run
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
  // No work takes no time, also where a segment takes longer than doubles reach.
  return segments === 0 ? 0 : mttf * Math.exp(restart / mttf) * Math.expm1(segment / mttf) * segments;
}

/** Most levels of checkpoints; systems have four. */
const LEVELS_MAX = 1000;

/**
 * Σ √(2 λ_l C_l) over the levels: the smallest overhead of multi-level checkpoints, first order.
 *
 * @param levels - per level its failures per second, and what one of its checkpoints costs; at most 1,000
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
