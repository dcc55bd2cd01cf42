import { element, textElement } from './svg-element.js';
import { fittedText, printable, textWidth } from './svg-text.js';

/** One line of a legend: a swatch and what it means. */
export interface LegendEntry {
  readonly label: string;
  /** A patch with a border, or a piece of line. */
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
 * A legend in as many rows as its entries need.
 *
 * @param entries - in order
 * @param width - pixels that a row may take
 * @returns markup, and its height; 0 for no entries
 */
export function legend(
  entries: readonly LegendEntry[],
  x: number,
  y: number,
  width: number,
): { readonly markup: string[]; readonly height: number } {
  const markup: string[] = [];
  let left = x;
  let middle = y + ROW_HEIGHT / 2;
  for (const { label, swatch } of entries) {
    const room = Math.min(LABEL_WIDTH_MAX, width - SWATCH_WIDTH - SWATCH_GAP);
    const text = fittedText(printable(label), LABEL_SIZE, room);
    const needed = SWATCH_WIDTH + SWATCH_GAP + textWidth(text, LABEL_SIZE);
    if (left > x && left + needed > x + width) {
      left = x;
      middle += ROW_HEIGHT;
    }
    markup.push(
      'line' in swatch
        ? element('path', {
            d: `M${Math.round(left)} ${middle}h${SWATCH_WIDTH}`,
            stroke: swatch.line,
            'stroke-width': swatch.width,
            'stroke-dasharray': swatch.dashed ? '4 3' : undefined,
            fill: 'none',
          })
        : element('rect', {
            x: Math.round(left),
            y: middle - 6,
            width: SWATCH_WIDTH,
            height: 12,
            fill: swatch.fill,
            stroke: swatch.stroke,
            'stroke-dasharray': swatch.dashed ? '3 2' : undefined,
          }),
      textElement(text, Math.round(left) + SWATCH_WIDTH + SWATCH_GAP, middle, { fontSize: LABEL_SIZE }),
    );
    left += needed + ENTRY_GAP;
  }
  return { markup, height: entries.length === 0 ? 0 : middle + ROW_HEIGHT / 2 - y };
}
