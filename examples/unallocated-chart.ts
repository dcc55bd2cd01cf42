/** Unallocated GPUs against arrived load, as a Vega-Lite chart turned into SVG. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** One policy's curve: the median over runs of the GPUs not allocated, by arrived load in percent. */
export interface UnallocatedCurve {
  readonly policy: string;
  readonly medianGpus: readonly number[];
  readonly lowGpus: readonly number[];
  readonly highGpus: readonly number[];
}

/** Arrived load shown, percent. */
const FROM = 75;
const TO = 120;

/** Okabe and Ito's colours: apart also for colour-blind readers. */
const COLOURS = ['#000000', '#E69F00', '#56B4E9', '#009E73', '#CC79A7', '#D55E00'];

export async function unallocatedChart(
  curves: readonly UnallocatedCurve[],
  options: { readonly gpus: number; readonly title: string; readonly subtitle: string },
): Promise<string> {
  // The legend names what each curve leaves unallocated when pods ask for all the cluster has.
  const labelOf = ({ policy, medianGpus }: UnallocatedCurve): string =>
    `${policy}: ${Math.round(medianGpus[100]!)}`;
  const points = curves.flatMap((curve) =>
    curve.medianGpus
      .map((gpus, load) => ({
        policy: labelOf(curve),
        load,
        gpus,
        low: curve.lowGpus[load]!,
        high: curve.highGpus[load]!,
      }))
      .slice(FROM, TO + 1),
  );
  const ideal = [
    { load: FROM, gpus: (options.gpus * (100 - FROM)) / 100 },
    { load: 100, gpus: 0 },
    { load: TO, gpus: 0 },
  ];
  // The legend lists the policies as the curves lie, highest first.
  const domain = [...curves].sort((a, b) => b.medianGpus[100]! - a.medianGpus[100]!).map(labelOf);
  const x = { field: 'load', type: 'quantitative' as const };
  const colour = {
    field: 'policy',
    type: 'nominal' as const,
    scale: { domain, range: COLOURS },
    legend: { title: 'unallocated GPUs at 100 %', orient: 'right' as const },
  };
  const spec: TopLevelSpec = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    title: {
      text: options.title,
      subtitle: options.subtitle,
      anchor: 'start',
      fontSize: 16,
      subtitleFontSize: 12,
    },
    width: 640,
    height: 380,
    padding: 16,
    background: 'white',
    layer: [
      {
        data: { values: points },
        mark: { type: 'area', opacity: 0.15 },
        encoding: { x, y: { field: 'low', type: 'quantitative' }, y2: { field: 'high' }, color: colour },
      },
      {
        data: { values: ideal },
        mark: { type: 'line', color: '#777', strokeDash: [4, 4], strokeWidth: 1 },
        encoding: { x, y: { field: 'gpus', type: 'quantitative' } },
      },
      {
        data: { values: [{ load: 100, gpus: 0 }] },
        mark: {
          type: 'text',
          text: 'ideal: all capacity usable',
          color: '#777',
          align: 'left',
          dx: 12,
          dy: -10,
          fontSize: 11,
        },
        encoding: { x, y: { field: 'gpus', type: 'quantitative' } },
      },
      {
        data: { values: points },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          x: {
            ...x,
            title: 'arrived load, % of GPU capacity',
            scale: { domain: [FROM, TO] },
            axis: { grid: false, values: [75, 80, 85, 90, 95, 100, 105, 110, 115, 120] },
          },
          y: {
            field: 'gpus',
            type: 'quantitative',
            title: 'unallocated GPUs',
            scale: { zero: true, nice: true },
          },
          color: colour,
        },
      },
    ],
    config: {
      view: { stroke: null },
      legend: {
        symbolType: 'stroke',
        symbolOpacity: 1,
        symbolStrokeWidth: 3,
        labelFontSize: 12,
        titleFontSize: 12,
        titleLimit: 0,
        labelLimit: 0,
      },
      font: 'Helvetica, Arial, sans-serif',
      axis: { labelFontSize: 12, titleFontSize: 13 },
    },
  };
  const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none' });
  return view.toSVG();
}
