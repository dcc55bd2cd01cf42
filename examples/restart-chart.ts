/** ETTR against the checkpoint interval, as a Vega-Lite chart turned into SVG. */
import * as vega from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';

/** One way to run the job: productive percent by checkpoint interval, and its best interval. */
export interface EttrCurve {
  readonly name: string;
  readonly points: readonly { readonly seconds: number; readonly percent: number }[];
  readonly best: { readonly seconds: number; readonly percent: number };
}

/** Okabe and Ito's colours: apart also for colour-blind readers. */
const COLOURS = ['#D55E00', '#E69F00', '#56B4E9', '#009E73'];
/** Ticks that people say: seconds, minutes, hours. */
const TICKS = [10, 30, 60, 180, 600, 1800, 7200];
const TICK_LABEL =
  "datum.value < 60 ? datum.value + ' s' : datum.value < 3600 ? datum.value / 60 + ' min' : datum.value / 3600 + ' h'";

export async function ettrChart(
  curves: readonly EttrCurve[],
  options: { readonly title: string; readonly subtitle: string },
): Promise<string> {
  const labelOf = ({ name, best }: EttrCurve): string => `${name}: ${best.percent.toFixed(1)} %`;
  const points = curves.flatMap((curve) =>
    curve.points.map((point) => ({ ...point, curve: labelOf(curve) })),
  );
  const bests = curves.map((curve) => ({ ...curve.best, curve: labelOf(curve) }));
  // The legend lists the curves as they lie, highest first.
  const domain = [...curves].sort((a, b) => b.best.percent - a.best.percent).map(labelOf);
  const range = domain.map((label) => COLOURS[curves.findIndex((curve) => labelOf(curve) === label)]!);
  const seconds = points.map((point) => point.seconds);
  const x = {
    field: 'seconds',
    type: 'quantitative' as const,
    title: 'compute between checkpoints',
    scale: { type: 'log' as const, domain: [Math.min(...seconds), Math.max(...seconds)], nice: false },
    axis: { grid: false, values: TICKS, labelExpr: TICK_LABEL, labelOverlap: false },
  };
  const y = {
    field: 'percent',
    type: 'quantitative' as const,
    title: 'productive share of wall time, %',
    scale: { zero: false, domain: [60, 100] },
    axis: { values: [60, 70, 80, 90, 100] },
  };
  const color = {
    field: 'curve',
    type: 'nominal' as const,
    scale: { domain, range },
    legend: { title: 'at its best interval (dot)', orient: 'right' as const },
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
        mark: { type: 'line', strokeWidth: 2, clip: true },
        encoding: { x, y, color },
      },
      {
        data: { values: bests },
        mark: { type: 'point', filled: true, size: 70, opacity: 1 },
        encoding: { x, y, color },
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
