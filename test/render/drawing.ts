import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { expect } from 'vitest';
import { textWidth } from '../../src/render/svg/svg-text.js';

/** A rectangle on a drawing, pixels. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A rectangle of class `box`, and the texts of its group. */
export interface DrawnBox extends Area {
  readonly fill: string;
  readonly tooltip: string;
  readonly labels: readonly DrawnText[];
}

/** A text with the area it takes by the estimate of its width. */
export interface DrawnText extends Area {
  readonly text: string;
}

/** What a test asks of a drawing. */
export interface Drawing extends Area {
  readonly boxes: readonly DrawnBox[];
  readonly texts: readonly DrawnText[];
  /** Sum of the attributes `data-links`. */
  readonly links: number;
  /** Names of all elements. */
  readonly elements: ReadonlySet<string>;
  /** Names of all attributes. */
  readonly attributes: ReadonlySet<string>;
  readonly tooltips: readonly string[];
  readonly patterns: number;
  /** Rectangles without a border, with their fills: the cells of a cluster. */
  readonly patches: readonly (Area & { readonly fill: string })[];
}

type XmlNode = Readonly<Record<string, unknown>> & { readonly ':@'?: Readonly<Record<string, string>> };

/** Reads a drawing; fails where it is not well-formed XML. */
export function readDrawing(svg: string): Drawing {
  expect(XMLValidator.validate(svg)).toBe(true);
  const parser = new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    htmlEntities: false,
  });
  const boxes: DrawnBox[] = [];
  const texts: DrawnText[] = [];
  const tooltips: string[] = [];
  const elements = new Set<string>();
  const attributes = new Set<string>();
  let links = 0;
  let patterns = 0;
  const patches: (Area & { fill: string })[] = [];
  let page: Area = { left: 0, right: 0, top: 0, bottom: 0 };
  const visit = (nodes: readonly XmlNode[], [dx, dy]: readonly [number, number]): void => {
    const moved = <T extends Area>(area: T): T => ({
      ...area,
      left: area.left + dx,
      right: area.right + dx,
      top: area.top + dy,
      bottom: area.bottom + dy,
    });
    for (const node of nodes) {
      const name = nameOf(node);
      if (name === '#text') continue;
      const own = node[':@'] ?? {};
      elements.add(name);
      for (const attribute of Object.keys(own)) attributes.add(attribute);
      const children = node[name] as readonly XmlNode[];
      links += Number(own['data-links'] ?? 0);
      if (name === 'svg') page = { left: 0, top: 0, right: Number(own.width), bottom: Number(own.height) };
      if (name === 'rect' && own.x !== undefined && own.stroke === undefined) {
        patches.push({ ...moved(areaOf(own)), fill: own.fill! });
      }
      if (name === 'pattern') patterns++;
      if (name === 'title') tooltips.push(contentOf(children));
      if (name === 'text') texts.push(moved(textOf(own, children)));
      if (name === 'g') {
        const rect = children.find((child) => child[':@']?.class === 'box')?.[':@'];
        const title = children.find((child) => nameOf(child) === 'title');
        if (rect !== undefined) {
          boxes.push({
            ...moved(areaOf(rect)),
            fill: rect.fill!,
            tooltip: title === undefined ? '' : contentOf(title.title as readonly XmlNode[]),
            labels: children
              .filter((child) => nameOf(child) === 'text')
              .map((child) => moved(textOf(child[':@']!, child.text as readonly XmlNode[]))),
          });
        }
      }
      const shift = /^translate\(([\d.]+) ([\d.]+)\)$/.exec(own.transform ?? '');
      visit(children, shift === null ? [dx, dy] : [dx + Number(shift[1]), dy + Number(shift[2])]);
    }
  };
  visit(parser.parse(svg) as readonly XmlNode[], [0, 0]);
  return { ...page, boxes, texts, links, elements, attributes, tooltips, patterns, patches };
}

const nameOf = (node: XmlNode): string => Object.keys(node).find((key) => key !== ':@')!;
const contentOf = (children: readonly XmlNode[]): string =>
  children.map((child) => String(child['#text'] ?? '')).join('');

function areaOf(rect: Readonly<Record<string, string>>): Area {
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map((key) => Number(rect[key])) as [
    number,
    number,
    number,
    number,
  ];
  return { left: x, right: x + width, top: y, bottom: y + height };
}

function textOf(own: Readonly<Record<string, string>>, children: readonly XmlNode[]): DrawnText {
  const text = contentOf(children);
  const size = Number(own['font-size']);
  const width = textWidth(text, size, own['font-weight'] === 'bold');
  const shift = own['text-anchor'] === 'middle' ? width / 2 : own['text-anchor'] === 'end' ? width : 0;
  const left = Number(own.x) - shift;
  // Capitals and digits: from the base line up to 0.73 of the size.
  return { text, left, right: left + width, top: Number(own.y) - 0.73 * size, bottom: Number(own.y) };
}

/** Coordinates are rounded to a tenth. */
const TOLERANCE = 0.15;

/** Whether two areas have more than a border in common. */
export function overlap(a: Area, b: Area): boolean {
  return (
    Math.min(a.right, b.right) - Math.max(a.left, b.left) > TOLERANCE &&
    Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > TOLERANCE
  );
}

/** Whether an area lies within another. */
export function within(inner: Area, outer: Area): boolean {
  return (
    inner.left >= outer.left - TOLERANCE &&
    inner.right <= outer.right + TOLERANCE &&
    inner.top >= outer.top - TOLERANCE &&
    inner.bottom <= outer.bottom + TOLERANCE
  );
}

/**
 * What is wrong with a drawing: boxes that overlap without nesting, labels that leave their box, texts over each
 * other or over a box that is not around them, anything off the page. Empty for a good one.
 */
export function faults(drawing: Drawing): string[] {
  const found: string[] = [];
  const { boxes, texts } = drawing;
  boxes.forEach((a, i) => {
    for (const b of boxes.slice(i + 1)) {
      if (overlap(a, b) && !within(a, b) && !within(b, a)) {
        found.push(`boxes overlap: ${a.tooltip} | ${b.tooltip}`);
      }
    }
    for (const label of a.labels) {
      if (!within(label, a)) found.push(`label leaves its box: ${label.text}`);
    }
    if (!within(a, drawing)) found.push(`off the page: ${a.tooltip}`);
  });
  texts.forEach((a, i) => {
    for (const b of texts.slice(i + 1)) {
      if (overlap(a, b)) found.push(`texts overlap: ${a.text} | ${b.text}`);
    }
    for (const box of boxes) {
      if (overlap(a, box) && !within(a, box)) found.push(`text over a border: ${a.text} | ${box.tooltip}`);
    }
    if (!within(a, drawing)) found.push(`off the page: ${a.text}`);
  });
  return found;
}
