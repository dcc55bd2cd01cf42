/**
 * A month of jobs on 80 DGX H100 in racks of eight, as six schedulers would have run it.
 *
 * Uplinks of racks carry a quarter of what their servers could send, so a gang across racks waits for its gradients. The jobs
 * are drawn from seeds: most are small, most GPU-hours go to gangs of whole servers, some larger than a rack. GPUs and servers
 * fail at the rates of the Llama 3 run and are repaired; jobs go back to their last checkpoint.
 *
 *     npx tsx examples/month.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { fatTree } from '../src/catalogue/index.js';
import { type ClusterTopology, clusterTopology } from '../src/index.js';
import { spread } from '../src/policies/index.js';
import { randomStream } from '../src/random.js';
import { llama3FailureLaws, phase } from '../src/restart/index.js';
import { studentQuantile } from '../src/simulation/compare.js';
import {
  type SimulateOptions,
  type SimulationJob,
  type SimulationMetrics,
  type SimulationResult,
  simulate,
  type VictimRule,
} from '../src/simulation/index.js';
import { occupancyChart, utilisationChart } from './month-charts.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** The figures are of 30 days. Jobs arrive for three days before and after, and are followed for a week more. */
const WINDOW = { fromSeconds: 3 * DAY, untilSeconds: 33 * DAY };
const ARRIVAL_SECONDS = 36 * DAY;
const END_SECONDS = 43 * DAY;
const JOBS = 3900;
/** The seeds of jobs, failures and restarts. The pictures are of the first. */
const SEEDS = [1, 2, 3, 4, 5];

/** Shapes of jobs: share of the jobs in percent, pods, GPUs per pod. */
const SHAPES: readonly (readonly [percent: number, pods: number, gpus: number])[] = [
  [25, 1, 1],
  [12, 1, 2],
  [12, 1, 4],
  [18, 1, 8],
  [12, 2, 8],
  [10, 4, 8],
  [8, 8, 8],
  [3, 16, 8],
];

/** Jobs of a month and some days around it: run times of three hours in the median and seven in the mean, at most three days. */
export function monthOfJobs(seed: number): SimulationJob[] {
  const random = randomStream(seed, 'workload');
  const unit = (): number => random.unit();
  const normal = (): number => Math.sqrt(-2 * Math.log1p(-unit())) * Math.cos(2 * Math.PI * unit());
  return Array.from({ length: JOBS }, (_, i): SimulationJob => {
    let draw = random.below(100);
    const [, pods, gpus] = SHAPES.find(([percent]) => {
      draw -= percent;
      return draw < 0;
    })!;
    const durationSeconds = Math.round(
      Math.min(72 * HOUR, Math.max(300, 3 * HOUR * Math.exp(1.3 * normal()))),
    );
    return {
      id: `job-${i}`,
      submitSeconds: Math.round(unit() * ARRIVAL_SECONDS),
      durationSeconds,
      // People ask for more time than they need.
      estimateSeconds: Math.round(durationSeconds * (1 + 2 * unit())),
      pods,
      gpus,
      // Gangs of 64 GPUs and more go first where the scheduler looks at priority.
      priority: pods >= 8 ? 1 : 0,
      tenant: pods >= 8 ? 'large' : 'small',
      communicationFraction: pods > 1 ? 0.3 : 0,
      checkpoint: { computeSeconds: HOUR / 2, stallSeconds: 10 },
    };
  });
}

/** One way to run the month. */
export interface MonthVariant {
  readonly name: string;
  readonly options: Partial<SimulateOptions>;
}

/** Large jobs stop small ones that have run for an hour, and these fall back to their last checkpoint. */
function preempting(victims: VictimRule): Partial<SimulateOptions> {
  return {
    backfill: 'easy',
    queue: 'priority',
    preemption: { victims, runSecondsMin: HOUR },
    preempted: 'checkpoint',
  };
}

/** Days whose servers are drawn: a week of little load and much. */
const DAYS_SHOWN = [5, 12] as const;

export const MONTH_VARIANTS: readonly MonthVariant[] = [
  { name: 'fifo, spread', options: { policy: spread() } },
  { name: 'EASY, spread', options: { policy: spread(), backfill: 'easy' } },
  { name: 'EASY, topology-aware', options: { backfill: 'easy' } },
  { name: 'the same, moving jobs', options: { backfill: 'easy', defragmentation: {} } },
  { name: 'preemption of the youngest', options: preempting('youngest') },
  { name: 'preemption by restart cost', options: preempting('restart-cost') },
];

export function monthCluster(): ClusterTopology {
  return clusterTopology(fatTree({ serversPerLeaf: 8, leavesPerPod: 10, leafOversubscription: 4 }));
}

/** Runs the month one way. */
function runMonth(
  cluster: ClusterTopology,
  jobs: readonly SimulationJob[],
  variant: MonthVariant,
  seed: number,
): SimulationResult {
  return simulate({
    cluster,
    jobs,
    failures: {
      laws: llama3FailureLaws().map((law) =>
        law.level === 'job' ? law : { ...law, repair: phase.exponential(6 * HOUR) },
      ),
      spareServers: 2,
    },
    restart: {
      hidden: { detect: phase.exponential(120) },
      exposed: { launch: phase.exponential(120), load: phase.fixed(60) },
    },
    seed,
    untilSeconds: END_SECONDS,
    metrics: { window: WINDOW },
    ...variant.options,
  });
}

/** A column of the table: what it is called, its figure, and how many digits it is printed with. */
type Column = readonly [name: string, figure: (metrics: SimulationMetrics) => number, digits: number];

const COLUMNS: readonly Column[] = [
  ['in use %', (m) => 100 * m.utilisation, 1],
  ['goodput %', (m) => 100 * m.goodput, 1],
  ['wait p50 h', (m) => m.waitSeconds.p50 / HOUR, 1],
  ['wait p95 h', (m) => m.waitSeconds.p95 / HOUR, 1],
  ['large p95 h', (m) => (m.byTenant.large?.waitSeconds.p95 ?? 0) / HOUR, 1],
  ['ETTR %', (m) => 100 * m.ettr, 1],
  ['slow links', (m) => m.gpuHours.slowdown, 0],
  ['else lost', (m) => m.gpuHours.held - m.gpuHours.productive - m.gpuHours.slowdown, 0],
  ['stopped', (m) => m.preemptions, 0],
  ['moved', (m) => m.moves, 0],
];

/** Mean and 95 % interval of a figure over the seeds. A percentile that falls on a job that never starts is not known. */
function cell(values: readonly number[], digits: number): string {
  const mean = values.reduce((sum, x) => sum + x, 0) / values.length;
  if (!Number.isFinite(mean)) return 'not known';
  const variance = values.reduce((sum, x) => sum + (x - mean) ** 2, 0) / (values.length - 1);
  const half = studentQuantile(0.95, values.length - 1) * Math.sqrt(variance / values.length);
  const print = (x: number): string =>
    x.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${print(mean)} ±${print(half)}`;
}

/** Prints one line per scheduler, and draws two pictures into a folder. */
export async function printMonth(folder: string, progress: (text: string) => void): Promise<void> {
  const cluster = monthCluster();
  console.log(
    `\nA month on ${cluster.servers.length} DGX H100, racks of eight with 4:1 oversubscribed uplinks: ${JOBS.toLocaleString('en')} jobs, failures and restarts, six schedulers`,
  );
  const row = (cells: readonly string[]): string =>
    cells
      .map((text, i) => (i === 0 ? text.padEnd(27) : text.padStart(i > 6 ? 15 : 13)))
      .join('')
      .trimEnd();
  console.log(row(['scheduler', ...COLUMNS.map(([name]) => name)]));
  const jobsOf = SEEDS.map(monthOfJobs);
  const drawn = new Map<string, SimulationResult>();
  for (const variant of MONTH_VARIANTS) {
    const metrics = SEEDS.map((seed, i) => {
      progress(`${variant.name}: seed ${seed} of ${SEEDS.length}`);
      const result = runMonth(cluster, jobsOf[i]!, variant, seed);
      if (i === 0) drawn.set(variant.name, result);
      return result.metrics;
    });
    progress('');
    console.log(
      row([variant.name, ...COLUMNS.map(([, figure, digits]) => cell(metrics.map(figure), digits))]),
    );
  }
  console.log(
    `Means over ${SEEDS.length} seeds and their 95 % intervals. Waits: from arrival to first start; jobs of 64 GPUs and more are large.\n` +
      'Slow links: GPU-hours that jobs took longer for want of bandwidth. Else lost: checkpoints written, compute done again, restarts.',
  );
  mkdirSync(folder, { recursive: true });
  const gpus = cluster.servers.reduce((sum, { type }) => sum + type.gpus.length, 0);
  const month = { jobs: jobsOf[0]!, gpus, seconds: ARRIVAL_SECONDS, ...WINDOW };
  const used = join(folder, 'month-utilisation.svg');
  writeFileSync(used, await utilisationChart(drawn, month));
  const servers = join(folder, 'month-servers.svg');
  writeFileSync(servers, await occupancyChart(drawn, cluster, DAYS_SHOWN));
  console.log(`Charts: ${used}, ${servers}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await printMonth('out', (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  });
}
