import { element, pixels, textElement } from './svg-element.js';
import { fittedText, printable, textWidth } from './svg-text.js';

/** One line of a legend: a swatch and what it means. */
export interface LegendEntry {
  readonly label: string;
  /** A filled rectangle, or a piece of line. */
  readonly swatch:
    | { readonly fill: string; readonly stroke: string; readonly dashed?: boolean }
    | { readonly line: string; readonly width: number; readonly dashed?: boolean };
}

const LABEL_SIZE = 12;
const ROW_HEIGHT = 20;
const SWATCH_WIDTH = 20;
const SWATCH_GAP = 6;
const ENTRY_GAP = 18;
/** Longest label, pixels. */
const LABEL_WIDTH_MAX = 330;

/**
 * A legend. Each section begins on a new row and takes as many rows as its entries need.
 *
 * @param sections - in order; empty ones take no row
 * @param width - pixels that a row may take
 * @returns markup, and its height; 0 for no entries
 */
export function legend(
  sections: readonly (readonly LegendEntry[])[],
  x: number,
  y: number,
  width: number,
): { readonly markup: string[]; readonly height: number } {
  const markup: string[] = [];
  let middle = y - ROW_HEIGHT / 2;
  for (const entries of sections) {
    // Makes the first entry begin a row.
    let left = Number.POSITIVE_INFINITY;
    for (const { label, swatch } of entries) {
      const widthMax = Math.min(LABEL_WIDTH_MAX, width - SWATCH_WIDTH - SWATCH_GAP);
      const text = fittedText(printable(label), LABEL_SIZE, widthMax);
      const needed = SWATCH_WIDTH + SWATCH_GAP + textWidth(text, LABEL_SIZE);
      if (left + needed > x + width) {
        left = x;
        middle += ROW_HEIGHT;
      }
      const start = Math.round(left);
      markup.push(
        drawSwatch(swatch, start, middle),
        textElement(text, start + SWATCH_WIDTH + SWATCH_GAP, middle, { fontSize: LABEL_SIZE }),
      );
      left += needed + ENTRY_GAP;
    }
  }
  return { markup, height: middle + ROW_HEIGHT / 2 - y };
}

function drawSwatch(swatch: LegendEntry['swatch'], x: number, middle: number): string {
  const dashed = swatch.dashed === true;
  if ('line' in swatch) {
    const { line, width } = swatch;
    return element('path', {
      d: `M${x} ${pixels(middle)}h${SWATCH_WIDTH}`,
      stroke: line,
      'stroke-width': width,
      'stroke-dasharray': dashed ? '4 3' : undefined,
      fill: 'none',
    });
  }
  const { fill, stroke } = swatch;
  const size = { x, y: middle - 6, width: SWATCH_WIDTH, height: 12 };
  return element('rect', { ...size, fill, stroke, 'stroke-dasharray': dashed ? '3 2' : undefined });
}
