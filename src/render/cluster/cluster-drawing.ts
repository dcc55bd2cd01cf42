import type { ClusterTopology } from '../../topology/types.js';
import { groupPaint, stripePattern } from '../svg/group-fill.js';
import { element, pixels, textElement, tooltip } from '../svg/svg-element.js';
import { counted, fittedEnds, grouped, printable, textWidth } from '../svg/svg-text.js';
import type { ClusterLayout, DomainBox } from './cluster-layout.js';
import { type Cell, freeGpus, type Occupancy } from './cluster-occupancy.js';

/** Fill of GPUs that are in no group. */
export const CELL_PAINT = {
  free: '#DCE9CF',
  taken: '#8D949C',
  shared: '#B9C0C8',
  cordoned: 'url(#corral-cordoned)',
} as const;
/** Border of cordoned servers. */
export const CORDON_STROKE = '#B23A3A';
/** Fill of the boxes of a tier, from the widest on; the narrowest is white. */
const DOMAIN_FILLS = ['#F1F3F6', '#F8F9FB'] as const;
const DOMAIN_STROKE = '#AEB6C2';

/** The boxes of all domains, each with its name and, if the width allows, its number of free GPUs. */
export function drawDomains(cluster: ClusterTopology, state: Occupancy, layout: ClusterLayout): string[] {
  const counts = domainCounts(cluster, state);
  return layout.domains.map((box) =>
    drawDomain(box, cluster, counts[Math.max(0, box.tier)]![box.domain]!, layout),
  );
}

/** GPUs of a domain, and the number of free ones. */
interface DomainCount {
  gpus: number;
  free: number;
}

/** Per tier and domain; without tiers the whole cluster is one domain. */
function domainCounts({ tiers, servers }: ClusterTopology, { cells }: Occupancy): DomainCount[][] {
  const none = (): DomainCount => ({ gpus: 0, free: 0 });
  const counts = tiers.length === 0 ? [[none()]] : tiers.map(({ domains }) => domains.map(none));
  servers.forEach(({ domains }, server) => {
    const row = cells[server]!;
    const free = freeGpus(row);
    counts.forEach((ofTier, tier) => {
      const count = ofTier[domains[tier] ?? 0]!;
      count.gpus += row.length;
      count.free += free;
    });
  });
  return counts;
}

function drawDomain(
  box: DomainBox,
  { tiers }: ClusterTopology,
  { gpus, free }: DomainCount,
  { detail }: ClusterLayout,
): string {
  const { tier, domain, x, y, width, height } = box;
  const name = tier === -1 ? 'cluster' : tiers[tier]!.domains[domain]!;
  const size = detail.nameSize;
  const textMax = width - 8;
  const label = fittedEnds(printable(name), size, textMax, true);
  const note = `${grouped(free)} free`;
  const noteSize = size - 1;
  const fits = textWidth(label, size, true) + textWidth(note, noteSize) + 10 <= textMax;
  const middle = y + size / 2 + 3.5;
  return element('g', {}, [
    tooltip(
      `${tier === -1 ? '' : `${tiers[tier]!.name} `}${name}: ${grouped(free)} of ${counted(gpus, 'GPU')} free`,
    ),
    element('rect', {
      class: 'box',
      x,
      y,
      width,
      height,
      rx: 3,
      fill: tier === tiers.length - 1 ? '#FFFFFF' : (DOMAIN_FILLS[tier] ?? DOMAIN_FILLS[1]),
      stroke: DOMAIN_STROKE,
    }),
    textElement(label, x + 4, middle, { fontSize: size, bold: true }),
    ...(fits
      ? [textElement(note, x + width - 4, middle, { fontSize: noteSize, anchor: 'end', colour: '#666666' })]
      : []),
  ]);
}

/** The rows of all servers. */
export function drawServers(
  { servers }: ClusterTopology,
  state: Occupancy,
  { columns, detail, labelWidth }: ClusterLayout,
): string[] {
  const { cell, rowGap, serverSize } = detail;
  return columns.flatMap((column) => {
    const markup: string[] = [];
    let gpusMax = 0;
    column.servers.forEach((server, i) => {
      const row = state.cells[server]!;
      const y = column.y + i * (cell + rowGap);
      const { id } = servers[server]!;
      gpusMax = Math.max(gpusMax, row.length);
      markup.push(
        element('g', {}, [
          tooltip(`${id}: ${wordsOf(row, state.groupNames)}${state.cordoned[server] ? ', cordoned' : ''}`),
          ...(serverSize === 0 ? [] : [serverName(id, column.x, y + cell / 2, labelWidth, serverSize)]),
          ...drawRow(row, column.x, y, cell),
        ]),
      );
    });
    const bottom = column.y + column.servers.length * (cell + rowGap) - rowGap;
    markup.push(...cellBorders(column.x, column.y, bottom, gpusMax, cell));
    column.servers.forEach((server, i) => {
      if (!state.cordoned[server]) return;
      const y = column.y + i * (cell + rowGap);
      const width = Math.max(1, state.cells[server]!.length) * cell;
      const frame = { x: column.x, y, width, height: cell, fill: 'none', stroke: CORDON_STROKE };
      markup.push(element('rect', frame));
    });
    return markup;
  });
}

function serverName(id: string, x: number, y: number, labelWidth: number, fontSize: number): string {
  const label = fittedEnds(printable(id), fontSize, labelWidth - 5);
  return textElement(label, x - 5, y, { fontSize, anchor: 'end', colour: '#444444' });
}

/** Draws a row of cells. Equal neighbours are one rectangle, so that a drawing of a thousand servers stays small. */
function drawRow(row: readonly Cell[], x: number, y: number, cell: number): string[] {
  if (row.length === 0) {
    return [element('rect', { x, y, width: cell, height: cell, fill: 'none', stroke: DOMAIN_STROKE })];
  }
  const markup: string[] = [];
  for (let from = 0; from < row.length; ) {
    let to = from + 1;
    while (to < row.length && String(row[to]) === String(row[from])) to++;
    const paints = paintsOf(row[from]!);
    // A GPU of several groups shows their colours side by side.
    const cells = paints.length === 1 ? [[from, to - from] as const] : indices(from, to);
    for (const [at, length] of cells) {
      const width = (length * cell) / paints.length;
      paints.forEach((fill, i) => {
        markup.push(element('rect', { x: x + at * cell + i * width, y, width, height: cell, fill }));
      });
    }
    from = to;
  }
  return markup;
}

function indices(from: number, to: number): (readonly [number, number])[] {
  return Array.from({ length: to - from }, (_, i) => [from + i, 1] as const);
}

/** Most groups that one cell shows; the others are in the tooltip only. */
const BANDS_MAX = 4;

function paintsOf(cell: Cell): string[] {
  return typeof cell === 'string' ? [CELL_PAINT[cell]] : cell.slice(0, BANDS_MAX).map(groupPaint);
}

/** White lines between the cells of all rows of a column. */
function cellBorders(x: number, top: number, bottom: number, gpus: number, cell: number): string[] {
  if (gpus < 2) return [];
  let d = '';
  for (let i = 1; i < gpus; i++) d += `M${pixels(x + i * cell)} ${pixels(top)}V${pixels(bottom)}`;
  return [element('path', { d, stroke: '#FFFFFF', 'stroke-width': cell > 6 ? 1 : 0.6 })];
}

/** The content of a row as text: `8 free`, or `4 training, 2 taken, 2 free`. */
function wordsOf(row: readonly Cell[], names: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const cell of row) {
    for (const name of typeof cell === 'string' ? [cell] : cell.map((group) => names[group]!)) {
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  return counts.size === 0 ? 'no GPUs' : [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}

/** The pattern of cordoned GPUs; empty if no server is cordoned. */
export function cordonPattern({ cordoned }: Occupancy): string[] {
  if (!cordoned.includes(true)) return [];
  return [element('defs', {}, [stripePattern('corral-cordoned', '#FFFFFF', CORDON_STROKE)])];
}
