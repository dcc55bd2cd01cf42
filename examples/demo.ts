/**
 * `npm run demo`: what would another scheduling policy have done with this cluster? And another scheduler, in a month?
 *
 * Without arguments: a cluster and workload with the counts of the openb traces. `--openb DIR` replays the
 * original CSV files, `--trace NAME` another of them than `default`, `--runs N` sets the number of seeds.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { topology } from '../src/catalogue/index.js';
import { fromOpenbNodes, fromOpenbPods } from '../src/formats/index.js';
import { clusterTopology } from '../src/index.js';
import {
  bestFit,
  dotProduct,
  fgd,
  gpuClustering,
  gpuPacking,
  type Policy,
  random,
} from '../src/policies/index.js';
import { serverToSvg } from '../src/render/index.js';
import { type InflationReplayOptions, inflationReplay } from '../src/simulation/index.js';
import { printMonth } from './month.js';
import { openbLikeNodes, openbLikePods } from './openb-like.js';
import { printTwoSocketQuestion } from './two-sockets.js';
import { type UnallocatedCurve, unallocatedChart } from './unallocated-chart.js';
import { writePicture } from './write-picture.js';

const { values: args } = parseArgs({
  options: {
    openb: { type: 'string' },
    trace: { type: 'string', default: 'default' },
    runs: { type: 'string', default: '10' },
  },
});
const runs = Number(args.runs);
if (!Number.isInteger(runs) || runs < 1 || runs > 1000)
  throw new Error(`--runs ${args.runs}: expected 1 to 1000`);

type Published = Record<string, Record<string, [mean: number, sd: number]> | undefined>;
const published = JSON.parse(readFileSync(new URL('./data/fgd-published.json', import.meta.url), 'utf8')) as {
  unallocatedPercent: Published;
};

/** The published experiments use ten seeds, from this one on. */
const FIRST_SEED = 42;
const PUBLISHED_RUNS = 10;
const POLICIES: readonly (() => Policy)[] = [random, dotProduct, gpuClustering, gpuPacking, bestFit, fgd];

function inputs(seed: number): Pick<InflationReplayOptions, 'nodes' | 'pods'> {
  if (args.openb === undefined) {
    return { nodes: clusterTopology(openbLikeNodes(seed)), pods: openbLikePods(seed) };
  }
  const read = (file: string): string => readFileSync(join(args.openb!, file), 'utf8');
  return {
    nodes: clusterTopology(fromOpenbNodes(read('openb_node_list_gpu_node.csv'))),
    pods: fromOpenbPods(read(`openb_pod_list_${args.trace}.csv`)),
  };
}

const mean = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0) / values.length;
const deviation = (values: readonly number[]): number => {
  const m = mean(values);
  return values.length < 2
    ? 0
    : Math.sqrt(values.reduce((sum, x) => sum + (x - m) ** 2, 0) / (values.length - 1));
};
/** The q-quantile, linear between the two nearest. */
const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * q;
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * ((sorted[low + 1] ?? sorted[low]!) - sorted[low]!);
};
const progress = (text: string): void => {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
};

console.log(
  args.openb === undefined
    ? 'A cluster of 1,213 servers with 6,212 GPUs, and pods that ask for 130 % of them: counts of the openb traces, order by seed'
    : `The openb trace "${args.trace}" on its 1,213 servers with 6,212 GPUs, pods repeated until they ask for 130 % of them`,
);
console.log(
  `Each policy places the same pods, one by one, ${runs} times (seeds ${FIRST_SEED} to ${FIRST_SEED + runs - 1}).\n`,
);

const expectations = published.unallocatedPercent[args.openb === undefined ? 'default' : args.trace];
const header = [
  'policy',
  'unallocated GPUs',
  '% of all',
  'published',
  'difference',
  'allowed',
  'fragmented %',
  's/run',
];
const widths = [14, 16, 13, 13, 10, 8, 12, 6];
const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[i]!))).join('  ');
console.log(line(header));

const prepared = Array.from({ length: runs }, (_, i) => {
  progress(`reading input ${i + 1}/${runs}`);
  return { seed: FIRST_SEED + i, ...(args.openb === undefined || i === 0 ? inputs(FIRST_SEED + i) : {}) };
});
const curves: UnallocatedCurve[] = [];
let outside = 0;
let gpus = 0;
for (const [p, make] of POLICIES.entries()) {
  const name = make().name;
  const unallocated: number[] = [];
  const fragmented: number[] = [];
  const gpusByLoad: number[][] = [];
  let seconds = 0;
  for (const [i, { seed, nodes, pods }] of prepared.entries()) {
    progress(`${name}: run ${i + 1}/${runs} (${p * runs + i + 1} of ${POLICIES.length * runs})`);
    const started = performance.now();
    const replay = inflationReplay({
      nodes: nodes ?? prepared[0]!.nodes!,
      pods: pods ?? prepared[0]!.pods!,
      policy: make(),
      seed,
      ratio: 1.3,
    });
    seconds += (performance.now() - started) / 1000;
    gpus = replay.finalState.gpus;
    unallocated.push(100 - replay.allocatedPercent[100]!);
    fragmented.push(replay.fragmentedPercentOfGpus[100]!);
    replay.allocatedPercent.forEach((percent, load) => {
      gpusByLoad[load] ??= [];
      gpusByLoad[load].push(((100 - percent) * gpus) / 100);
    });
  }
  progress('');
  const percent = mean(unallocated);
  const sd = deviation(unallocated);
  const expected = expectations?.[name];
  let comparison = ['-', '-', '-'];
  if (expected !== undefined) {
    const [publishedMean, publishedSd] = expected;
    const allowed = 3 * publishedSd * Math.sqrt(1 / PUBLISHED_RUNS + 1 / runs);
    const difference = percent - publishedMean;
    // The published mean is rounded to 0.01.
    if (Math.abs(difference) > allowed + 0.005) outside++;
    comparison = [
      `${publishedMean.toFixed(2)} ±${publishedSd.toFixed(2)}`,
      difference.toFixed(2),
      `±${allowed.toFixed(2)}`,
    ];
  }
  console.log(
    line([
      name,
      ((percent * gpus) / 100).toFixed(0),
      `${percent.toFixed(2)} ±${sd.toFixed(2)}`,
      ...comparison,
      mean(fragmented).toFixed(2),
      (seconds / runs).toFixed(2),
    ]),
  );
  curves.push({
    policy: name,
    medianGpus: gpusByLoad.map((values) => quantile(values, 0.5)),
    lowGpus: gpusByLoad.map((values) => quantile(values, 0.25)),
    highGpus: gpusByLoad.map((values) => quantile(values, 0.75)),
  });
}
console.log(
  'At 100 % arrived load; mean ± standard deviation over runs. Published: Weng et al., USENIX ATC 2023, 10 runs;\n' +
    'allowed: three standard errors of the difference of the two means, at the published deviation.',
);
if (expectations !== undefined) {
  console.log(
    outside === 0
      ? 'All six policies agree with the published means.'
      : `${outside} of six policies are outside the allowed difference.`,
  );
}

mkdirSync('out', { recursive: true });
const file = join('out', 'unallocated-gpus.svg');
writeFileSync(
  file,
  await unallocatedChart(curves, {
    gpus,
    title: 'What fragmentation leaves unused',
    subtitle: `${gpus.toLocaleString('en')} GPUs; median of ${runs} runs, band from the 25th to the 75th percentile`,
  }),
);
console.log(`Chart: ${file}\n`);
printTwoSocketQuestion();
writePicture(
  'out',
  'two-sockets',
  serverToSvg(topology('cert-2s-4gpu-switch'), {
    groups: [
      { name: 'job A', gpus: [0, 2] },
      { name: 'job B', gpus: [1, 3] },
    ],
  }),
);
await printMonth('out', progress);
if (outside > 0) process.exitCode = 1;
