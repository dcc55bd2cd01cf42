import type { Link } from '../../topology/server-document.js';
import { MEDIUM_STYLE } from '../svg/styles.js';
import { element, textElement, tooltip } from '../svg/svg-element.js';
import { figure, textWidth } from '../svg/svg-text.js';
import { FIGURE_SIZE, HEADER } from './device-boxes.js';
import type { FabricLinks } from './fabric-links.js';
import { type LanePlan, planLanes } from './lane-drawing.js';
import { linkTooltip, meshLane, pairLane } from './server-lanes.js';

/**
 * The links between outermost boxes by the way they are drawn: straight between neighbours, else in lanes above, or
 * as text.
 */
export interface RootLinks {
  /** Position of the left box of two neighbours → the link between them. */
  readonly straight: ReadonlyMap<number, Link>;
  readonly lanes: LanePlan;
  /** Links that are written as text, because there are too many for lanes. */
  readonly written: readonly Link[];
}

/** Most lanes above the boxes; more are not readable. */
const LANES_MAX = 64;

/** Pixels between outermost boxes without a link; with a link, besides its figure. */
const GAP = 16;
const FIGURE_GAP = 12;

/**
 * Plans the links between outermost boxes.
 *
 * @param rootIds - from left to right
 */
export function planRootLinks(rootIds: readonly string[], fabric: FabricLinks): RootLinks {
  const columnOf = new Map(rootIds.map((id, i) => [id, i]));
  const straight = new Map<number, Link>();
  const others: Link[] = [];
  for (const link of fabric.rootPairs) {
    const [a, b] = link.between.map((end) => columnOf.get(end)!) as [number, number];
    if (Math.abs(a - b) === 1) straight.set(Math.min(a, b), link);
    else others.push(link);
  }
  const isCrowded = others.length > LANES_MAX;
  const lanes = [
    ...(isCrowded ? [] : others).map((link) => pairLane(link, columnOf)),
    ...fabric.rootMeshes.map((mesh) => meshLane(mesh, columnOf)),
  ];
  return { straight, lanes: planLanes(lanes, rootIds.length), written: isCrowded ? others : [] };
}

/** Pixels between an outermost box and the next one. */
export function rootGap({ straight }: RootLinks, root: number): number {
  const link = straight.get(root);
  if (link === undefined) return GAP;
  return FIGURE_GAP + Math.max(...figures(link).map((text) => textWidth(text, FIGURE_SIZE)));
}

/** Draws a link between neighbours: its bandwidth above the line, the per-flow cap below it. */
export function drawStraight(link: Link, left: number, right: number, top: number): string[] {
  const { colour, width } = MEDIUM_STYLE[link.medium];
  const y = top + HEADER / 2 + 5;
  const middle = (left + right) / 2;
  const [above, below] = figures(link);
  const style = { fontSize: FIGURE_SIZE, anchor: 'middle', colour } as const;
  return [
    element('g', { 'data-links': '1' }, [
      tooltip(linkTooltip(link)),
      element('path', {
        d: `M${Math.round(left)} ${y}H${Math.round(right)}`,
        stroke: colour,
        'stroke-width': width,
      }),
    ]),
    textElement(above!, middle, y - 9, style),
    ...(below === undefined ? [] : [textElement(below, middle, y + 10, style)]),
  ];
}

function figures({ bandwidthGBps, flowCapGBps }: Link): string[] {
  const capped = flowCapGBps !== undefined && flowCapGBps < bandwidthGBps;
  return capped ? [figure(bandwidthGBps), `${figure(flowCapGBps)} per flow`] : [figure(bandwidthGBps)];
}
