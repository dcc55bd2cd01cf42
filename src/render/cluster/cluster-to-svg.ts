import { asCluster, type TopologyOrDocument } from '../../catalogue/as-topology.js';
import { fieldNames, readFields } from '../../checks/fields.js';
import { CorralError } from '../../errors.js';
import { acceleratorGBpsPerGpuOf, uplinkGBpsOf } from '../../topology/cluster-topology.js';
import type { ClusterTopology } from '../../topology/types.js';
import { groupEntries } from '../server/server-legend.js';
import { drawingText } from '../svg/drawing-text.js';
import { stripePatterns } from '../svg/group-fill.js';
import { heading } from '../svg/heading.js';
import { type LegendEntry, legend } from '../svg/legend.js';
import { element, pixels, svgDocument } from '../svg/svg-element.js';
import { counted, figure, grouped } from '../svg/svg-text.js';
import { CELL_PAINT, CORDON_STROKE, cordonPattern, drawDomains, drawServers } from './cluster-drawing.js';
import { clusterLayout, SERVERS_DRAWN_MAX } from './cluster-layout.js';
import { freeGpus, type Occupancy, type OccupancyOptions, occupancy } from './cluster-occupancy.js';

/** Options of {@link clusterToSvg}. */
export interface ClusterSvgOptions extends OccupancyOptions {
  /** Text above the drawing; default: the number of servers and GPUs. */
  readonly title?: string | undefined;
}

const OPTIONS = fieldNames<ClusterSvgOptions>({ free: true, groups: true, cordoned: true, title: true });
/** Former names of options. */
const RENAMED = { gangs: 'groups' };
const MARGIN = 16;
const SECTION_GAP = 12;
const WIDTH_MIN = 420;

/**
 * A drawing of a cluster as SVG: servers as rows of cells, one for each GPU, in boxes for the domains of its tiers.
 * Cells are free, taken, or in the colours of groups.
 *
 * A domain with more servers than a column holds (32, or 20 if that makes the better shape) has further columns. Up
 * to 192 servers have their names beside them; all have them in tooltips. A GPU that pods share shows the colours of
 * at most four groups, in equal parts for any shares.
 *
 * @param cluster - at most 4,096 servers; as a topology or as a document; a server type is a cluster of one server
 * @param options - see {@link ClusterSvgOptions}
 * @returns a whole SVG document, without scripts, styles or references to anything outside; equal input, equal text
 * @throws CorralError `limit-exceeded` for more servers or groups; `unknown-reference` or `invalid-option` for groups,
 * cordons or free capacity that are not of this cluster, and for wrong options
 * @complexity O(GPUs + pods + domains · tiers)
 * @example
 * ```ts
 * const cluster = clusterTopology(superPod({ units: 1 }));
 * const solver = compile(cluster);
 * const answer = solver.place({ pods: 16, gpus: 8 });
 * const groups = answer.ok ? [{ name: 'training', placement: answer.placement }] : [];
 * clusterToSvg(cluster, { free: solver.free(), groups });
 * ```
 */
export function clusterToSvg(cluster: TopologyOrDocument, options: ClusterSvgOptions = {}): string {
  const whole = asCluster(cluster, ['cluster']);
  const given = readFields(options, OPTIONS, [], 'invalid-option', RENAMED);
  if (whole.servers.length > SERVERS_DRAWN_MAX) {
    throw new CorralError(
      'limit-exceeded',
      ['cluster', 'servers'],
      `${whole.servers.length} servers, at most ${SERVERS_DRAWN_MAX} in a drawing: draw a cluster of some of its domains`,
    );
  }
  const state = occupancy(whole, given);
  const layout = clusterLayout(whole);
  const width = Math.max(WIDTH_MIN, layout.width);
  const facts = factsOf(whole, state);
  const head = heading(
    drawingText(given.title, facts.title, ['title']),
    facts.subtitle,
    MARGIN,
    MARGIN,
    width,
  );
  const top = MARGIN + head.height + SECTION_GAP;
  // The layout has its own origin.
  const left = MARGIN + (width - layout.width) / 2;
  const whereItIs = { transform: `translate(${pixels(left)} ${pixels(top)})` };
  const keyTop = top + layout.height + SECTION_GAP;
  const key = legend(legendOf(state), MARGIN, keyTop, width);
  return svgDocument(width + 2 * MARGIN, keyTop + key.height + MARGIN, [
    ...stripePatterns(state.groupNames.length),
    ...cordonPattern(state),
    ...head.markup,
    element('g', whereItIs, [...drawDomains(whole, state, layout), ...drawServers(whole, state, layout)]),
    ...key.markup,
  ]);
}

function factsOf(
  { tiers, servers }: ClusterTopology,
  { cells }: Occupancy,
): { readonly title: string; readonly subtitle: string } {
  const gpus = cells.reduce((sum, row) => sum + row.length, 0);
  const free = cells.reduce((sum, row) => sum + freeGpus(row), 0);
  const fabric = tiers.map((tier) => {
    const figures = tier.domains.map((_, domain) => acceleratorGBpsPerGpuOf(tier, domain));
    const inside = rangeOf(
      figures,
      'per GPU',
      `${figures.filter((one) => one === undefined).length} without`,
    );
    const uplinks = tier.domains.map((_, domain) => uplinkGBpsOf(tier, domain));
    const out = rangeOf(
      uplinks.map((GBps) => (GBps === Number.POSITIVE_INFINITY ? undefined : GBps)),
      '',
      'or not limiting',
    );
    const parts = [
      counted(tier.domains.length, 'domain'),
      inside && `inside ${inside}`,
      out && `uplink ${out}`,
    ];
    return `${tier.name}: ${parts.filter((part) => part !== '').join(', ')}`;
  });
  return {
    title: `${counted(servers.length, 'server')}, ${counted(gpus, 'GPU')}`,
    subtitle: [`${grouped(free)} of ${counted(gpus, 'GPU')} free`, ...fabric].join('; '),
  };
}

/**
 * One figure, or the lowest and the highest of several, in GB/s; empty where there is none.
 *
 * @param per - text after the unit, such as `per GPU`
 * @param missing - text that is added if some figures are undefined
 */
function rangeOf(figures: readonly (number | undefined)[], per: string, missing: string): string {
  const given = figures.filter((one) => one !== undefined);
  if (given.length === 0) return '';
  const lowest = figure(Math.min(...given));
  const highest = figure(Math.max(...given));
  const range = lowest === highest ? lowest : `${lowest} to ${highest}`;
  const unit = per === '' ? 'GB/s' : `GB/s ${per}`;
  return `${range} ${unit}${given.length < figures.length ? ` (${missing})` : ''}`;
}

function legendOf(state: Occupancy): LegendEntry[][] {
  const kinds = new Set(state.cells.flat().filter((cell) => typeof cell === 'string'));
  const entries: LegendEntry[] = [];
  const add = (fill: string, label: string, stroke = '#777777'): void => {
    entries.push({ label, swatch: { fill, stroke } });
  };
  if (kinds.has('free')) add(CELL_PAINT.free, 'free');
  if (kinds.has('taken')) add(CELL_PAINT.taken, 'taken');
  if (kinds.has('shared')) add(CELL_PAINT.shared, 'shared, with room');
  if (kinds.has('cordoned')) add(CELL_PAINT.cordoned, 'free, cordoned', CORDON_STROKE);
  else if (state.cordoned.includes(true)) add('#FFFFFF', 'cordoned', CORDON_STROKE);
  return [groupEntries(state.groupNames, state.groupSizes), entries];
}
