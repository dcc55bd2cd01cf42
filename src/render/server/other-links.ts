import type { Link, Medium } from '../../topology/server-document.js';
import { MEDIUM_STYLE } from '../svg/styles.js';
import { element, pixels, textElement, tooltip } from '../svg/svg-element.js';
import { counted, figure, fittedText, textWidth } from '../svg/svg-text.js';
import { FIGURE_SIZE } from './device-boxes.js';
import type { FabricLinks, SwitchTrunk } from './fabric-links.js';
import type { DrawnBar } from './lane-drawing.js';
import { linkTooltip, switchName } from './server-lanes.js';

/** Links that are written as text, because no line shows them well. */
export interface WrittenLinks {
  readonly text: string;
  readonly medium: Medium;
  readonly linkCount: number;
}

/** Space of a trunk between bars besides its figure, pixels. */
const TRUNK_PADDING = 10;
const ROW_HEIGHT = 18;
const SWATCH_WIDTH = 20;

/**
 * Draws trunks between neighbouring bars of switches as lines; others are returned to be written as text.
 *
 * @param barOf - position of a switch group → its bar
 * @param bars - all bars
 */
export function drawTrunks(
  fabric: FabricLinks,
  barOf: readonly DrawnBar[],
  bars: readonly DrawnBar[],
): { readonly markup: string[]; readonly written: WrittenLinks[] } {
  const markup: string[] = [];
  const written: WrittenLinks[] = [];
  for (const trunk of fabric.trunks) {
    const label = trunkFigure(trunk);
    const medium = trunk.links[0]!.medium;
    const names = trunk.groups.map((group) => {
      const [first] = fabric.switchGroups[group]!.switches;
      return `${switchName(fabric.switchGroups[group]!)} (${first!.id})`;
    });
    const count = counted(trunk.links.length, 'link');
    const text = `${names.join(' – ')}: ${MEDIUM_STYLE[medium].name}, ${label} GB/s, ${count}`;
    const [a, b] = trunk.groups.map((group) => barOf[group]!) as [DrawnBar, DrawnBar];
    const [left, right] = a.left < b.left ? [a, b] : [b, a];
    const isClear = bars.every(
      (bar) => bar.row !== left.row || bar.right <= left.right || bar.left >= right.left,
    );
    const needed = textWidth(label, FIGURE_SIZE) + TRUNK_PADDING;
    if (left.row !== right.row || right.left - left.right < needed || !isClear) {
      written.push({ text, medium, linkCount: trunk.links.length });
      continue;
    }
    const { colour, width } = MEDIUM_STYLE[medium];
    const d = `M${pixels(left.right)} ${pixels(left.middle)}H${pixels(right.left)}`;
    markup.push(
      element('g', { 'data-links': String(trunk.links.length) }, [
        tooltip(text),
        element('path', { d, stroke: colour, 'stroke-width': width + 1 }),
      ]),
      textElement(label, (left.right + right.left) / 2, left.middle - 9, {
        fontSize: FIGURE_SIZE,
        anchor: 'middle',
        colour,
      }),
    );
  }
  return { markup, written };
}

function trunkFigure({ links }: SwitchTrunk): string {
  return figure(links.reduce((sum, { bandwidthGBps }) => sum + bandwidthGBps, 0));
}

/** A link as text. */
export function writtenLink(link: Link): WrittenLinks {
  return { text: linkTooltip(link), medium: link.medium, linkCount: 1 };
}

/** Draws links as text, one per line. */
export function drawWritten(
  written: readonly WrittenLinks[],
  x: number,
  y: number,
  width: number,
): { readonly markup: string[]; readonly height: number } {
  const markup = written.map(({ text, medium, linkCount }, i) => {
    const middle = y + (i + 0.5) * ROW_HEIGHT;
    const { colour, width: stroke } = MEDIUM_STYLE[medium];
    const textWidthMax = width - SWATCH_WIDTH - 6;
    return element('g', { 'data-links': String(linkCount) }, [
      tooltip(text),
      element('path', {
        d: `M${pixels(x)} ${pixels(middle)}h${SWATCH_WIDTH}`,
        stroke: colour,
        'stroke-width': stroke,
      }),
      textElement(fittedText(text, FIGURE_SIZE, textWidthMax), x + SWATCH_WIDTH + 6, middle, {
        fontSize: FIGURE_SIZE,
      }),
    ]);
  });
  return { markup, height: written.length * ROW_HEIGHT };
}
