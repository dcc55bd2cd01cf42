import type { Medium } from '../../topology/server-document.js';
import { DEVICE_STYLE, MEDIUM_STYLE } from '../svg/styles.js';
import { element, pixels, textElement, tooltip } from '../svg/svg-element.js';
import { textWidth } from '../svg/svg-text.js';
import { FIGURE_SIZE } from './device-boxes.js';
import { type LaneItem, labelPosition, laneRows, laneSlots } from './lanes.js';

/** Links drawn together: an arc between two columns, or a bar with a line (riser) to each of its columns. */
export interface Lane extends LaneItem {
  readonly medium: Medium;
  /** Number of links of the document that it shows. */
  readonly linkCount: number;
  readonly label: string;
  readonly tooltip: string;
  /** True for a bar that is a device; other bars are dashed. */
  readonly isSwitch: boolean;
  /** Physical links in one link of an arc; two are drawn thicker than one. */
  readonly strength: number;
  /** Figures at the risers; undefined if all are equal. */
  readonly riserLabels: readonly string[] | undefined;
}

/** A box that lanes start from. */
export interface LaneColumn {
  readonly left: number;
  readonly right: number;
  /** Height at which lines leave it. */
  readonly edge: number;
}

/** Lanes with the row of each, and for each column the lanes that reach it, from left to right. */
export interface LanePlan {
  readonly lanes: readonly Lane[];
  readonly rows: readonly number[];
  readonly slots: readonly (readonly number[])[];
}

const SLOT = 9;
const ARC_ROW = 17;
const BAR_ROW = 32;
const BAR_HEIGHT = 22;
const CORNER = 4;
/** From the boxes to the first row, without and with figures at the risers. */
const APPROACH = 8;
const LABELLED_APPROACH = 22;
/** Padding of a label in a bar. */
const BAR_PADDING = 8;
const BAR_LABEL_SIZE = 12;

/** Computes rows and slots of lanes. */
export function planLanes(lanes: readonly Lane[], columns: number): LanePlan {
  const rows = laneRows(lanes);
  return { lanes, rows, slots: laneSlots(lanes, rows, columns) };
}

/** The smallest width of columns that fits every line and label of a plan. */
export function columnWidthMin({ lanes, slots }: LanePlan): number {
  let width = 0;
  const arcLabels = lanes.filter(({ isBar }) => !isBar).map(({ label }) => textWidth(label, FIGURE_SIZE));
  const arcLabel = Math.max(0, ...arcLabels);
  slots.forEach((slot, column) => {
    const needed = slot.reduce((sum, lane) => sum + slotWidth(lanes[lane]!, column), 0);
    if (slot.length > 0) width = Math.max(width, needed + arcLabel);
  });
  for (const { isBar, label, columns } of lanes) {
    const span = columns.at(-1)! - columns[0]! + 1;
    if (isBar) width = Math.max(width, (textWidth(label, BAR_LABEL_SIZE) + 2 * BAR_PADDING) / span);
  }
  return width;
}

function slotWidth(lane: Lane, column: number): number {
  const label = lane.riserLabels?.[lane.columns.indexOf(column)];
  return label === undefined ? SLOT : Math.max(SLOT, textWidth(label, FIGURE_SIZE) + 8);
}

/** A bar that was drawn; trunks start from it. */
export interface DrawnBar {
  readonly lane: number;
  readonly row: number;
  readonly left: number;
  readonly right: number;
  readonly middle: number;
}

/** Lanes as markup. */
export interface DrawnLanes {
  readonly markup: string[];
  readonly height: number;
  readonly bars: readonly DrawnBar[];
}

/** The height that {@link drawLanes} will need. */
export function lanesHeight(plan: LanePlan): number {
  return rowTops(plan).height;
}

/**
 * Draws lanes below a row of boxes (`direction` 1) or above it (−1).
 *
 * @param plan - which row and slot each lane has
 * @param columns - the boxes, from left to right
 * @param start - height at which the lanes begin: the end of the farthest box
 */
export function drawLanes(
  plan: LanePlan,
  columns: readonly LaneColumn[],
  start: number,
  direction: 1 | -1,
): DrawnLanes {
  const { lanes, rows, slots } = plan;
  const { tops, height } = rowTops(plan);
  const bars: DrawnBar[] = [];
  /** x of the line from a column to a lane, by lane. */
  const risers = lanes.map(() => new Map<number, number>());
  slots.forEach((slot, column) => {
    const { left, right } = columns[column]!;
    const widths = slot.map((lane) => slotWidth(lanes[lane]!, column));
    let x = (left + right - widths.reduce((sum, width) => sum + width, 0)) / 2;
    slot.forEach((lane, i) => {
      risers[lane]!.set(column, x + widths[i]! / 2);
      x += widths[i]!;
    });
  });
  // Labels come after all lines, so that no line crosses them.
  const lines: string[] = [];
  const labels: string[] = [];
  lanes.forEach((lane, i) => {
    const own = lane.columns.map((column) => [risers[i]!.get(column)!, columns[column]!.edge] as const);
    const y = start + direction * (tops[rows[i]!]! + (lane.isBar ? 0 : ARC_ROW / 2));
    const style = MEDIUM_STYLE[lane.medium];
    const attributes = { 'data-links': String(lane.linkCount) };
    if (lane.isBar) {
      const left = columns[lane.columns[0]!]!.left;
      const right = columns[lane.columns.at(-1)!]!.right;
      bars.push({ lane: i, row: rows[i]!, left, right, middle: y + (direction * BAR_HEIGHT) / 2 });
      lines.push(element('g', attributes, [tooltip(lane.tooltip), barLines(own, y, style)]));
      labels.push(barBox(lane, left, right, direction === 1 ? y : y - BAR_HEIGHT));
      lane.riserLabels?.forEach((label, r) => {
        const at = start + direction * (LABELLED_APPROACH / 2);
        labels.push(...figureOnLine(label, own[r]![0], at, style.colour));
      });
    } else {
      lines.push(element('g', attributes, [tooltip(lane.tooltip), arc(own, y, direction, lane)]));
      const crossings = lanes.flatMap((_, other) =>
        rows[other]! > rows[i]! ? [...risers[other]!.values()] : [],
      );
      const [from, to] = [own[0]![0], own.at(-1)![0]];
      const width = textWidth(lane.label, FIGURE_SIZE) + 10;
      labels.push(...figureOnLine(lane.label, labelPosition(from, to, crossings, width), y, style.colour));
    }
  });
  return { markup: [...lines, ...labels], height, bars };
}

/** Distance of each row from the boxes, and the height of all rows. */
function rowTops({ lanes, rows }: LanePlan): { readonly tops: number[]; readonly height: number } {
  if (lanes.length === 0) return { tops: [], height: 0 };
  const tops: number[] = [];
  let top = lanes.some(({ riserLabels }) => riserLabels !== undefined) ? LABELLED_APPROACH : APPROACH;
  for (let row = 0; row <= Math.max(...rows); row++) {
    const isBar = lanes[rows.indexOf(row)]!.isBar;
    tops.push(top + (isBar ? (BAR_ROW - BAR_HEIGHT) / 2 : 0));
    top += isBar ? BAR_ROW : ARC_ROW;
  }
  return { tops, height: top };
}

type Points = readonly (readonly [x: number, y: number])[];

function arc(ends: Points, y: number, direction: 1 | -1, { medium, strength }: Lane): string {
  const [[left, leftEdge], [right, rightEdge]] = ends as [
    readonly [number, number],
    readonly [number, number],
  ];
  const turn = y - direction * CORNER;
  const d =
    `M${pixels(left)} ${pixels(leftEdge)}V${pixels(turn)}` +
    `Q${pixels(left)} ${pixels(y)} ${pixels(left + CORNER)} ${pixels(y)}H${pixels(right - CORNER)}` +
    `Q${pixels(right)} ${pixels(y)} ${pixels(right)} ${pixels(turn)}V${pixels(rightEdge)}`;
  const { colour, width } = MEDIUM_STYLE[medium];
  return element('path', {
    d,
    fill: 'none',
    stroke: colour,
    'stroke-width': width + Math.min(strength - 1, 3) * 0.7,
  });
}

function barLines(
  ends: Points,
  y: number,
  style: { readonly colour: string; readonly width: number },
): string {
  const d = ends.map(([x, edge]) => `M${pixels(x)} ${pixels(edge)}V${pixels(y)}`).join('');
  return element('path', { d, fill: 'none', stroke: style.colour, 'stroke-width': style.width + 0.5 });
}

function barBox(lane: Lane, left: number, right: number, y: number): string {
  const style = MEDIUM_STYLE[lane.medium];
  const box = {
    class: 'box',
    x: left,
    y,
    width: right - left,
    height: BAR_HEIGHT,
    rx: 3,
    fill: lane.isSwitch ? DEVICE_STYLE.nvswitch.fill : '#FFFFFF',
    stroke: style.colour,
    'stroke-width': 1.5,
    'stroke-dasharray': lane.isSwitch ? undefined : '5 3',
  };
  return element('g', {}, [
    tooltip(lane.tooltip),
    element('rect', box),
    textElement(lane.label, (left + right) / 2, y + BAR_HEIGHT / 2, {
      fontSize: BAR_LABEL_SIZE,
      anchor: 'middle',
      colour: lane.isSwitch ? undefined : style.colour,
    }),
  ]);
}

/** A figure in the middle of a line, on a patch of white. */
export function figureOnLine(label: string, x: number, y: number, colour: string): string[] {
  if (label === '') return [];
  const width = textWidth(label, FIGURE_SIZE) + 2;
  return [
    element('rect', { x: x - width / 2, y: y - 6, width, height: 12, fill: '#FFFFFF' }),
    textElement(label, x, y, { fontSize: FIGURE_SIZE, anchor: 'middle', colour }),
  ];
}
