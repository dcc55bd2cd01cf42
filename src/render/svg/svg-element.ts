import { printable } from './svg-text.js';

/** Attributes of an element. Numbers are pixels, written with one decimal; undefined ones are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** Escapes a text for use as content or attribute value. */
function escaped(text: string): string {
  return printable(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** A coordinate with at most one decimal. */
export function pixels(value: number): string {
  return String(Math.round(value * 10) / 10);
}

/**
 * One SVG element as markup.
 *
 * @param name - a constant of the program, never input
 * @param attributes - names are constants too; values are escaped
 * @param children - markup, as this function and {@link textElement} return it
 */
export function element(name: string, attributes: Attributes, children: readonly string[] = []): string {
  let open = `<${name}`;
  for (const [attribute, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    open += ` ${attribute}="${typeof value === 'number' ? pixels(value) : escaped(value)}"`;
  }
  return children.length === 0 ? `${open}/>` : `${open}>${children.join('')}</${name}>`;
}

/** The text that a viewer shows when the pointer rests on the element around it. */
export function tooltip(text: string): string {
  return `<title>${escaped(text)}</title>`;
}

/** How a text is drawn. */
export interface TextStyle {
  readonly fontSize: number;
  readonly anchor?: 'middle' | 'end';
  readonly colour?: string | undefined;
  readonly bold?: boolean;
}

/** A line of text with its middle at the height `y`; `x` is its start, middle or end, see `anchor`. */
export function textElement(text: string, x: number, y: number, style: TextStyle): string {
  const { fontSize, anchor, colour, bold } = style;
  const attributes = {
    x,
    // The distance from the middle of capitals to the base line: not every renderer supports dominant-baseline.
    y: y + fontSize * 0.36,
    'font-size': fontSize,
    'text-anchor': anchor,
    fill: colour,
    'font-weight': bold ? 'bold' : undefined,
  };
  return element('text', attributes, [escaped(text)]);
}

/** A whole SVG document with a white background, so that it is readable on a dark page. */
export function svgDocument(width: number, height: number, content: readonly string[]): string {
  const root = {
    xmlns: 'http://www.w3.org/2000/svg',
    width,
    height,
    viewBox: `0 0 ${pixels(width)} ${pixels(height)}`,
    'font-family': 'Helvetica, Arial, DejaVu Sans, sans-serif',
    fill: '#222222',
  };
  const background = element('rect', { width, height, fill: '#FFFFFF' });
  return `${element('svg', root, ['\n', background, '\n', ...content.map((part) => `${part}\n`)])}\n`;
}
