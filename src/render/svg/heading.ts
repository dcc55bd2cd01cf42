import { textElement } from './svg-element.js';
import { LINE_HEIGHT, printable, wrappedText } from './svg-text.js';

const TITLE_SIZE = 16;
const SUBTITLE_SIZE = 12;
/** Most lines of a title, which may be a thousand characters long. */
const TITLE_LINES_MAX = 4;

/**
 * The title of a drawing and a line below it, broken to the width of the drawing.
 *
 * @param title - at most four lines are shown
 * @param subtitle - smaller, below
 * @returns markup, and its height
 */
export function heading(
  title: string,
  subtitle: string,
  x: number,
  y: number,
  width: number,
): { readonly markup: string[]; readonly height: number } {
  const markup: string[] = [];
  let top = y;
  const lines = wrappedText(printable(title), TITLE_SIZE, width, true).slice(0, TITLE_LINES_MAX);
  for (const line of lines) {
    markup.push(textElement(line, x, top + TITLE_SIZE / 2, { fontSize: TITLE_SIZE, bold: true }));
    top += TITLE_SIZE * LINE_HEIGHT;
  }
  for (const line of wrappedText(printable(subtitle), SUBTITLE_SIZE, width)) {
    top += 2;
    markup.push(
      textElement(line, x, top + SUBTITLE_SIZE / 2, { fontSize: SUBTITLE_SIZE, colour: '#555555' }),
    );
    top += SUBTITLE_SIZE * LINE_HEIGHT;
  }
  return { markup, height: top - y };
}
