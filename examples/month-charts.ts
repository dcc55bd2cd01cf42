/** Two pictures of a simulated month, as Vega-Lite charts turned into SVG. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import type { ClusterTopology } from '../src/index.js';
import type { SimulationJob, SimulationResult } from '../src/simulation/index.js';

const HOUR = 3600;
const DAY = 24 * HOUR;
/** Okabe and Ito's colours: apart also for colour-blind readers. */
const COLOURS = ['#E69F00', '#56B4E9', '#009E73', '#0072B2', '#CC79A7', '#D55E00'];
/** Lines that lie on each other are told apart by these, too. */
const DASHES = [
  [1, 0],
  [1, 0],
  [1, 0],
  [5, 3],
  [1, 0],
  [5, 3],
];

async function toSvg(spec: TopLevelSpec): Promise<string> {
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  const svg = await view.toSVG();
  view.finalize();
  return svg;
}

const title = (text: string, subtitle: string) => ({
  text,
  subtitle,
  anchor: 'start' as const,
  fontSize: 16,
  subtitleFontSize: 12,
});

/** GPU time per step of time, from stretches that each hold some GPUs. */
function binned(
  stretches: Iterable<readonly [from: number, to: number, gpus: number]>,
  step: number,
  end: number,
): number[] {
  const bins = new Array<number>(Math.ceil(end / step)).fill(0);
  for (const [from, to, gpus] of stretches) {
    for (let bin = Math.floor(from / step); bin < bins.length && bin * step < to; bin++) {
      bins[bin]! += (gpus * (Math.min(to, (bin + 1) * step) - Math.max(from, bin * step))) / step;
    }
  }
  return bins;
}

function* held({ jobs }: SimulationResult): Generator<readonly [number, number, number]> {
  for (const { runs } of jobs) {
    for (const { startSeconds, endSeconds, pods } of runs) {
      yield [startSeconds, endSeconds, pods.reduce((sum, { gpus }) => sum + gpus.length, 0)];
    }
  }
}

/** From arrival, or the end of a run that did not finish, to the next start. */
function* waiting(
  { jobs }: SimulationResult,
  asked: readonly SimulationJob[],
  end: number,
): Generator<readonly [number, number, number]> {
  for (const [i, { submitSeconds, runs, outcome }] of jobs.entries()) {
    const { pods = 1, gpus = 0 } = asked[i]!;
    let since = submitSeconds;
    for (const { startSeconds, endSeconds } of runs) {
      yield [since, startSeconds, pods * gpus];
      since = endSeconds;
    }
    if (outcome === 'waiting') yield [since, end, pods * gpus];
  }
}

/** GPUs in use and GPUs waited for, over time, one line per scheduler. */
export async function utilisationChart(
  results: ReadonlyMap<string, SimulationResult>,
  month: {
    readonly jobs: readonly SimulationJob[];
    readonly gpus: number;
    /** To draw; and of that what the figures are of. */
    readonly seconds: number;
    readonly fromSeconds: number;
    readonly untilSeconds: number;
  },
): Promise<string> {
  const step = 6 * HOUR;
  const domain = [...results.keys()];
  const values = [...results].flatMap(([scheduler, result]) => {
    const used = binned(held(result), step, month.seconds);
    const queued = binned(waiting(result, month.jobs, month.seconds), step, month.seconds);
    return used.flatMap((gpus, bin) => [
      { scheduler, day: ((bin + 0.5) * step) / DAY, what: 'used', value: (100 * gpus) / month.gpus },
      { scheduler, day: ((bin + 0.5) * step) / DAY, what: 'queued', value: queued[bin]! },
    ]);
  });
  const legend = { title: null, orient: 'top' as const, columns: 3, labelLimit: 300, labelFontSize: 12 };
  const day = {
    field: 'day',
    type: 'quantitative' as const,
    title: 'day',
    scale: { domain: [0, month.seconds / DAY], nice: false },
  };
  const panel = (what: string, axis: string, height: number) => ({
    width: 720,
    height,
    layer: [
      {
        data: {
          values: [
            { day: 0, until: month.fromSeconds / DAY },
            { day: month.untilSeconds / DAY, until: month.seconds / DAY },
          ],
        },
        mark: { type: 'rect' as const, color: '#EEEEEE' },
        encoding: { x: day, x2: { field: 'until' } },
      },
      {
        transform: [{ filter: `datum.what === '${what}'` }],
        mark: { type: 'line' as const, strokeWidth: 1.5, interpolate: 'monotone' as const },
        encoding: {
          x: day,
          y: { field: 'value', type: 'quantitative' as const, title: axis },
          color: {
            field: 'scheduler',
            type: 'nominal' as const,
            scale: { domain, range: COLOURS.slice(0, domain.length) },
            legend,
          },
          strokeDash: {
            field: 'scheduler',
            type: 'nominal' as const,
            scale: { domain, range: DASHES.slice(0, domain.length) },
            legend,
          },
        },
      },
    ],
  });
  return toSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: title(
      'A month under each scheduler',
      `${month.gpus.toLocaleString('en')} GPUs, ${month.jobs.length.toLocaleString('en')} jobs of one seed, means of six hours; grey: not in the figures`,
    ),
    padding: 16,
    background: 'white',
    data: { values },
    vconcat: [panel('used', 'GPUs in use, %', 200), panel('queued', 'GPUs waited for', 200)],
  });
}

/** Servers of one row of the picture. */
const PER_ROW = 4;
const PANEL_HEIGHT = 130;

/** How full which servers were when: one panel per scheduler, rows of servers by rack. */
export async function occupancyChart(
  results: ReadonlyMap<string, SimulationResult>,
  cluster: ClusterTopology,
  [firstDay, lastDay]: readonly [number, number],
): Promise<string> {
  const step = 6 * HOUR;
  const rowOf = new Map(cluster.servers.map(({ id }, i) => [id, Math.floor(i / PER_ROW)]));
  const gpusOf = new Array<number>(Math.ceil(cluster.servers.length / PER_ROW)).fill(0);
  cluster.servers.forEach(({ type }, i) => {
    gpusOf[Math.floor(i / PER_ROW)]! += type.gpus.length;
  });
  const values = [...results].flatMap(([scheduler, { jobs }]) => {
    const stretches = gpusOf.map((): (readonly [number, number, number])[] => []);
    for (const { runs } of jobs) {
      for (const { startSeconds, endSeconds, pods } of runs) {
        for (const { server, gpus } of pods) {
          stretches[rowOf.get(server)!]!.push([startSeconds, endSeconds, gpus.length]);
        }
      }
    }
    return stretches.flatMap((some, row) =>
      binned(some, step, lastDay * DAY)
        .map((gpus, bin) => ({
          scheduler,
          row,
          day: (bin * step) / DAY,
          until: ((bin + 1) * step) / DAY,
          percent: Math.round((100 * gpus) / gpusOf[row]!),
        }))
        .filter(({ day }) => day >= firstDay),
    );
  });
  const borders: number[] = [];
  cluster.servers.forEach(({ domains }, i) => {
    if (i > 0 && domains[0] !== cluster.servers[i - 1]!.domains[0]) borders.push(i / PER_ROW);
  });
  const rows = gpusOf.length;
  return toSvg({
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: title(
      'Which servers were in use',
      `each row is ${PER_ROW} servers, lines between the racks; days ${firstDay} to ${lastDay} of one seed`,
    ),
    padding: 16,
    background: 'white',
    vconcat: [...results.keys()].map((name) => ({
      title: { text: name, anchor: 'start' as const, fontSize: 12 },
      width: 720,
      height: PANEL_HEIGHT,
      layer: [
        {
          data: { values: values.filter(({ scheduler }) => scheduler === name) },
          mark: { type: 'rect' as const },
          encoding: {
            x: {
              field: 'day',
              type: 'quantitative' as const,
              title: 'day',
              scale: { domain: [firstDay, lastDay], nice: false },
            },
            x2: { field: 'until' },
            y: {
              field: 'row',
              type: 'ordinal' as const,
              title: 'servers',
              axis: { labels: false, ticks: false },
            },
            color: {
              field: 'percent',
              type: 'quantitative' as const,
              scale: { domain: [0, 100], scheme: 'blues' },
              legend: { title: '% in use' },
            },
          },
        },
        ...borders.map((border) => ({
          data: { values: [{}] },
          mark: { type: 'rule' as const, color: '#D55E00', strokeWidth: 1 },
          encoding: { y: { value: (PANEL_HEIGHT * border) / rows } },
        })),
      ],
    })),
  });
}
