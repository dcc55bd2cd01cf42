import { asCluster } from '../catalogue/as-topology.js';
import { readFields, readRecord } from '../checks/fields.js';
import { callForeign } from '../checks/plain-data.js';
import { integer, probability } from '../checks/quantity.js';
import { unexpected } from '../checks/values.js';
import { readJob, readJobList } from './options/read-jobs.js';
import { RENAMED_OPTIONS, readOptions, SIMULATE_FIELDS } from './options/read-options.js';
import type { SimulationJob } from './options/simulation-job.js';
import type { SimulateOptions } from './options/simulation-options.js';
import type { SimulationMetrics } from './results/simulation-result.js';
import { simulate } from './simulate.js';

/** The jobs of one replication. */
type JobsOfSeed = Exclude<CompareOptions['jobs'], readonly SimulationJob[]>;

/** Options of {@link compare}. */
export interface CompareOptions extends Omit<SimulateOptions, 'jobs' | 'onProgress'> {
  /** The jobs: one list for all replications, or a function from a seed to the jobs of one replication. */
  readonly jobs: readonly SimulationJob[] | ((seed: number) => readonly SimulationJob[]);
  /** Name of a policy → the options in which it differs; 2 … 1,000. The others are compared with the first. */
  readonly policies: Readonly<
    Record<string, Partial<Omit<SimulateOptions, 'cluster' | 'jobs' | 'seed' | 'metrics'>>>
  >;
  /**
   * Number of simulations per policy, with seeds `seed`, `seed` + 1 …; 2 … 100,000, default 10. For independent
   * comparisons take seeds that are farther apart than that.
   */
  readonly replications?: number | undefined;
  /** Confidence of the intervals, above 0 and below 1; default 0.95. */
  readonly confidence?: number | undefined;
}

/** Most policies side by side. */
const POLICIES_MAX = 1000;
const FIELDS = ['policies', 'replications', 'confidence'];
/** Options in which policies may differ: all but those that the comparison rests on. */
const POLICY_FIELDS = SIMULATE_FIELDS.filter(
  (field) => !['cluster', 'jobs', 'seed', 'metrics'].includes(field),
);

/**
 * A figure that is compared, as in the metrics of {@link simulate}. `lostGpuHours` are GPU-hours held and not
 * productive. If the simulation stops before all jobs have started or ended, `waitCensoredJobs` and
 * `completionCensoredJobs` count them, means are lower bounds, and percentiles may be `Infinity`: see `Distribution`,
 * and give a `metrics.window`.
 */
export type ComparedFigure =
  | 'utilisation'
  | 'goodput'
  | 'ettr'
  | 'waitMeanSeconds'
  | 'waitP50Seconds'
  | 'waitP95Seconds'
  | 'waitCensoredJobs'
  | 'completionMeanSeconds'
  | 'completionCensoredJobs'
  | 'slowdownMean'
  | 'makespanSeconds'
  | 'lostGpuHours';

const FIGURES: Readonly<Record<ComparedFigure, (metrics: SimulationMetrics) => number>> = {
  utilisation: (m) => m.utilisation,
  goodput: (m) => m.goodput,
  ettr: (m) => m.ettr,
  waitMeanSeconds: (m) => m.waitSeconds.mean,
  waitP50Seconds: (m) => m.waitSeconds.p50,
  waitP95Seconds: (m) => m.waitSeconds.p95,
  waitCensoredJobs: (m) => m.waitSeconds.censored,
  completionMeanSeconds: (m) => m.completionSeconds.mean,
  completionCensoredJobs: (m) => m.completionSeconds.censored,
  slowdownMean: (m) => m.slowdown.mean,
  makespanSeconds: (m) => m.makespanSeconds,
  lostGpuHours: (m) => m.gpuHours.held - m.gpuHours.productive,
};

/**
 * A mean over replications with its confidence interval, mean ± halfWidth, by Student's t. The true mean lies in it
 * as often as the confidence says if the figure is nearly normal, or with many replications.
 *
 * If the figure of a replication is `Infinity`, so is the half width. The mean is then `Infinity`, or `NaN` for a
 * difference of two such figures.
 */
export interface Interval {
  readonly mean: number;
  readonly halfWidth: number;
}

/** The result of one policy. */
export interface ComparedPolicy {
  readonly name: string;
  readonly figures: Readonly<Record<ComparedFigure, Interval>>;
  /**
   * Its figures minus those of the first policy, replication by replication. What both owe to the random draws
   * cancels, so these intervals are narrower than those of the figures. All 0 for the first policy, and for policies
   * with equal runs.
   */
  readonly differences: Readonly<Record<ComparedFigure, Interval>>;
  /** Digest of every replication. */
  readonly digests: readonly string[];
}

/**
 * Simulates policies side by side under common random numbers: in each replication all see the same jobs and the same
 * failures of hardware.
 *
 * @param options - as those of {@link simulate}, and what differs by policy
 * @returns one entry per policy, in their order
 * @throws CorralError for wrong options
 * @complexity replications × policies simulations
 * @example
 * compare({
 *   cluster: topology('dgx-h100'),
 *   // Stands for jobs that are drawn with the seed.
 *   jobs: (seed) => [8, 4, 8, 2].map((gpus, i) => ({ submitSeconds: i, durationSeconds: 60 + ((seed + i) % 7), gpus })),
 *   policies: { fifo: {}, easy: { backfill: 'easy' } },
 *   replications: 20,
 * }).map(({ name, differences }) => [name, differences.waitMeanSeconds]);
 */
export function compare(options: CompareOptions): ComparedPolicy[] {
  // `jobs` may be a function, which is not read as a list here.
  const { jobs: given, ...rest } = readFields<CompareOptions>(
    options,
    [...SIMULATE_FIELDS, ...FIELDS],
    [],
    'invalid-option',
    RENAMED_OPTIONS,
  );
  const {
    policies,
    replications = 10,
    confidence = 0.95,
    ...common
  } = readOptions(rest, [...SIMULATE_FIELDS, ...FIELDS], []);
  const compared = readRecord(policies, ['policies'], 'invalid-option', POLICIES_MAX).map(
    ([name, differing]) => ({ name, differing: readOptions(differing, POLICY_FIELDS, ['policies', name]) }),
  );
  if (compared.length < 2) {
    throw unexpected('2 or more', compared.length, ['policies']);
  }
  integer(replications, 2, 100_000, 'replications');
  if (probability(confidence, 'confidence') === 0 || confidence === 1) {
    throw unexpected('more than 0 and less than 1', confidence, ['confidence']);
  }
  // A document becomes a topology once, not once per run.
  const cluster = asCluster(common.cluster, ['cluster']);
  const seed = common.seed ?? 0;
  integer(seed, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - replications, 'seed');
  const metrics: SimulationMetrics[][] = compared.map(() => []);
  const digests: string[][] = compared.map(() => []);
  const read = (list: readonly SimulationJob[]): SimulationJob[] => readJobList(list).map(readJob);
  const same = typeof given === 'function' ? undefined : read(given);
  for (let replication = 0; replication < replications; replication++) {
    const drawn = same ?? read(callForeign(() => (given as JobsOfSeed)(seed + replication), ['jobs']));
    compared.forEach(({ differing }, i) => {
      const result = simulate({ ...common, cluster, jobs: drawn, seed: seed + replication, ...differing });
      metrics[i]!.push(result.metrics);
      digests[i]!.push(result.digest);
    });
  }
  const quantile = studentQuantile(confidence, replications - 1);
  const perFigure = (value: (figure: ComparedFigure) => number[]): Record<ComparedFigure, Interval> =>
    Object.fromEntries(
      (Object.keys(FIGURES) as ComparedFigure[]).map((figure) => [figure, interval(value(figure), quantile)]),
    ) as Record<ComparedFigure, Interval>;
  return compared.map(({ name }, i) => ({
    name,
    figures: perFigure((figure) => metrics[i]!.map(FIGURES[figure])),
    differences: perFigure((figure) =>
      metrics[i]!.map((own, r) =>
        digests[i]![r] === digests[0]![r] ? 0 : FIGURES[figure](own) - FIGURES[figure](metrics[0]![r]!),
      ),
    ),
    digests: digests[i]!,
  }));
}

function interval(values: readonly number[], quantile: number): Interval {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  if (!Number.isFinite(mean)) return { mean, halfWidth: Number.POSITIVE_INFINITY };
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  return { mean, halfWidth: quantile * Math.sqrt(variance / values.length) };
}

/**
 * The probability that Student's t lies within ±t.
 *
 * @param degrees - of freedom, 1 or more, an integer
 * @complexity O(degrees)
 * Source: Abramowitz and Stegun, 26.7.3 and 26.7.4.
 */
export function studentWithin(t: number, degrees: number): number {
  const angle = Math.atan2(t, Math.sqrt(degrees));
  const cosine2 = Math.cos(angle) ** 2;
  const isOdd = degrees % 2 === 1;
  let term = isOdd ? Math.cos(angle) : 1;
  let sum = degrees === 1 ? 0 : term;
  for (let k = isOdd ? 3 : 2; k <= degrees - 2; k += 2) {
    term *= ((k - 1) / k) * cosine2;
    sum += term;
  }
  return isOdd ? (2 / Math.PI) * (angle + Math.sin(angle) * sum) : Math.sin(angle) * sum;
}

/**
 * The t for which {@link studentWithin} is a probability, above 0 and below 1; at most 2^200. Found by bisection.
 */
export function studentQuantile(probability: number, degrees: number): number {
  let low = 0;
  let high = 1;
  // One degree of freedom needs t = 2^53 for the probability nearest to 1. The limit ends the loop if rounding never reaches it.
  while (studentWithin(high, degrees) < probability && high < 2 ** 200) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (studentWithin(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return high;
}
