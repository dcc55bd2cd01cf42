/**
 * A month of jobs on a DGX SuperPOD of 127 servers, as six schedulers would have run it.
 *
 * The jobs are drawn from a seed: most are small, most GPU-hours go to gangs of whole servers. GPUs and servers fail at
 * the rates of the Llama 3 run and are repaired; jobs go back to their last checkpoint.
 *
 *     npx tsx examples/month.ts
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { superPod } from '../src/catalogue/index.js';
import { type ClusterTopology, clusterTopology } from '../src/index.js';
import { spread } from '../src/policies/index.js';
import { randomStream } from '../src/random.js';
import { llama3FailureLaws, phase } from '../src/restart/index.js';
import {
  type SimulateOptions,
  type SimulationJob,
  type SimulationResult,
  simulate,
  type VictimRule,
} from '../src/simulation/index.js';
import { occupancyChart, utilisationChart } from './month-charts.js';

const HOUR = 3600;
export const MONTH_SECONDS: number = 30 * 24 * HOUR;
const JOBS = 4300;

/** Shapes of jobs: share of the jobs in percent, pods, GPUs per pod. */
const SHAPES: readonly (readonly [percent: number, pods: number, gpus: number])[] = [
  [25, 1, 1],
  [12, 1, 2],
  [12, 1, 4],
  [18, 1, 8],
  [10, 2, 8],
  [9, 4, 8],
  [7, 8, 8],
  [5, 16, 8],
  [2, 32, 8],
];

/** Jobs of a month: run times of three hours in the median and seven in the mean, at most three days. */
export function monthOfJobs(seed: number): SimulationJob[] {
  const random = randomStream(seed, 'workload');
  const unit = (): number => (random.below(2 ** 30) + 0.5) / 2 ** 30;
  const normal = (): number => Math.sqrt(-2 * Math.log(unit())) * Math.cos(2 * Math.PI * unit());
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
      submitSeconds: Math.round(unit() * MONTH_SECONDS),
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

const MOVING = 'the same, moving jobs';

export const MONTH_VARIANTS: readonly MonthVariant[] = [
  { name: 'fifo, spread', options: { policy: spread() } },
  { name: 'EASY, spread', options: { policy: spread(), backfill: 'easy' } },
  { name: 'EASY, topology-aware', options: { backfill: 'easy' } },
  { name: MOVING, options: { backfill: 'easy', defragmentation: {} } },
  { name: 'preemption of the youngest', options: preempting('youngest') },
  { name: 'preemption by restart cost', options: preempting('restart-cost') },
];

export function monthCluster(): ClusterTopology {
  return clusterTopology(superPod());
}

/** Runs the month one way. */
export function runMonth(
  cluster: ClusterTopology,
  jobs: readonly SimulationJob[],
  variant: MonthVariant,
  onProgress?: SimulateOptions['onProgress'],
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
    seed: 1,
    until: MONTH_SECONDS,
    onProgress,
    ...variant.options,
  });
}

const hours = (seconds: number | null): string =>
  seconds === null
    ? '-'
    : seconds < 60
      ? `${Math.round(seconds)} s`
      : seconds < HOUR
        ? `${Math.round(seconds / 60)} min`
        : `${(seconds / HOUR).toFixed(1)} h`;

/** Schedulers whose servers are drawn, and days of it. */
const SHOWN: readonly string[] = ['fifo, spread', 'EASY, topology-aware', 'preemption by restart cost'];
const DAYS_SHOWN = 10;

/** Prints one line per scheduler, and draws two pictures into a folder. */
export async function printMonth(folder: string, progress: (text: string) => void): Promise<void> {
  const cluster = monthCluster();
  const jobs = monthOfJobs(1);
  console.log(
    `\nA month on a DGX SuperPOD: ${cluster.servers.length} servers, ${jobs.length} jobs, failures and restarts, six schedulers`,
  );
  const row = (cells: readonly string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(28) : cell.padStart(12))).join('');
  console.log(
    row([
      'scheduler',
      'utilisation',
      'goodput',
      'wait p50',
      'wait p95',
      'large p95',
      'ETTR',
      'GPU-h lost',
      'preempted',
      'moved',
      'done',
      's',
    ]),
  );
  const results = new Map<string, SimulationResult>();
  for (const variant of MONTH_VARIANTS) {
    const started = performance.now();
    const result = runMonth(cluster, jobs, variant, ({ seconds, finishedJobs }) => {
      progress(`${variant.name}: day ${Math.floor(seconds / 86_400)} of 30, ${finishedJobs} jobs done`);
    });
    progress('');
    const { metrics } = result;
    const lost = metrics.gpuHours.held - metrics.gpuHours.productive;
    console.log(
      row([
        variant.name,
        `${(100 * metrics.utilisation).toFixed(1)} %`,
        `${(100 * metrics.goodput).toFixed(1)} %`,
        hours(metrics.waitSeconds.p50),
        hours(metrics.waitSeconds.p95),
        hours(metrics.byTenant.large?.waitSeconds.p95 ?? null),
        `${(100 * metrics.ettr).toFixed(2)} %`,
        Math.round(lost).toLocaleString('en'),
        String(metrics.preemptions),
        String(metrics.moves),
        String(metrics.finishedJobs),
        ((performance.now() - started) / 1000).toFixed(1),
      ]),
    );
    results.set(variant.name, result);
  }
  console.log(
    'Jobs of 64 GPUs and more are large. Lost: checkpoints written, compute done again, restarts, slow links. Times in s are of\nthe simulation.',
  );
  mkdirSync(folder, { recursive: true });
  const used = join(folder, 'month-utilisation.svg');
  const gpus = cluster.servers.reduce((sum, { type }) => sum + type.gpus.length, 0);
  // The line of jobs that move hides under that of the same scheduler without.
  const apart = new Map([...results].filter(([name]) => name !== MOVING));
  writeFileSync(used, await utilisationChart(apart, { jobs, gpus, seconds: MONTH_SECONDS }));
  const shown = new Map([...results].filter(([name]) => SHOWN.includes(name)));
  const servers = join(folder, 'month-servers.svg');
  writeFileSync(servers, await occupancyChart(shown, cluster, DAYS_SHOWN));
  console.log(`Charts: ${used}, ${servers}`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  await printMonth('out', (text) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  });
}
