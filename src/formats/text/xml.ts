import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { quote } from '../../errors.js';
import { invalidFormat, limitExceeded } from './format-errors.js';
import { readText } from './read-text.js';

/** Longest text, in characters: 16 Mi. The largest machines print a few hundred thousand. */
export const XML_LENGTH_MAX: number = 2 ** 24;
/** Most elements of one text: 262,144. */
export const XML_ELEMENTS_MAX: number = 2 ** 18;
/** Most attributes of one element; NCCL itself takes 16. */
export const XML_ATTRIBUTES_MAX = 1024;
/** Longest tag, in characters: sets of CPUs take a few thousand on the largest machines. */
export const XML_TAG_LENGTH_MAX: number = 2 ** 16;
/** Most references (`&amp;`) of one text: names have a few. */
export const XML_REFERENCES_MAX: number = 2 ** 16;
/** Deepest nesting of elements, the root being 1. */
export const XML_DEPTH_MAX = 64;

/** One element with what stands inside it, in document order. */
export interface XmlElement {
  readonly name: string;
  /** Attributes in document order, references decoded. */
  readonly attributes: ReadonlyMap<string, string>;
  readonly children: readonly XmlElement[];
  /** The text directly inside the element, its pieces joined, without surrounding white space. */
  readonly text: string;
  /** Line of the start tag, from 1. */
  readonly line: number;
}

/**
 * Reads an XML text as a tree in document order. It fetches no files and expands no entities.
 *
 * Comments, processing instructions and a document type without internal subset are skipped. Refused are
 * entity declarations, references other than the five of XML and numeric ones, CDATA sections, repeated
 * attributes, and every text that is cut off, unbalanced or has more than one root.
 *
 * @param text - the whole file; LF or CRLF, with or without a byte order mark
 * @param options.what - what the text should be, for messages: `'an NCCL topology'`
 * @param options.elementsMax - most elements; default {@link XML_ELEMENTS_MAX}
 * @returns the root element
 * @throws CorralError `invalid-format` with the line, `limit-exceeded` beyond {@link XML_LENGTH_MAX}
 *   characters, `elementsMax` elements, {@link XML_ATTRIBUTES_MAX} attributes or
 *   {@link XML_TAG_LENGTH_MAX} characters of one, {@link XML_REFERENCES_MAX} references or {@link XML_DEPTH_MAX} levels
 * @complexity O(characters)
 */
export function readXml(
  text: unknown,
  options: { readonly what: string; readonly elementsMax?: number },
): XmlElement {
  const given = readText(text, {
    what: `the text of ${options.what}`,
    lengthMax: XML_LENGTH_MAX,
    remedy: `is this ${options.what}?`,
  });
  if (!given.includes('<')) {
    throw invalidFormat([], `no XML element in the text: expected ${options.what}`);
  }
  const content = tagsAndText(given.replace(/\r\n?/g, '\n'), options.elementsMax ?? XML_ELEMENTS_MAX);
  return tree(content, options.what);
}

/** One tag or one piece of text, as the parser library returns it with `preserveOrder`. */
type ParsedNode = { readonly [name: string]: unknown };

const ATTRIBUTES = ':@';
const TEXT = '#text';

function tree(content: string, what: string): XmlElement {
  const lineAt = lineCounter(content);
  // The parser accepts unclosed and wrongly closed tags; its validator does not.
  const valid = XMLValidator.validate(content);
  if (valid !== true) {
    throw invalidFormat(
      ['line', valid.err.line],
      `not well-formed XML: ${quote(valid.err.msg)}; the text may be damaged, write it anew`,
    );
  }
  let parsed: ParsedNode[];
  try {
    parsed = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: '',
      trimValues: false,
      parseTagValue: false,
      parseAttributeValue: false,
      processEntities: false,
      captureMetaData: true,
      maxNestedTags: XML_DEPTH_MAX,
      // Names become keys of a Map, where no name is dangerous.
      onDangerousProperty: (name: string) => name,
    }).parse(content) as ParsedNode[];
  } catch (error) {
    throw invalidFormat([], `not readable as XML: ${quote(error instanceof Error ? error.message : error)}`);
  }
  const startOf = XMLParser.getMetaDataSymbol() as unknown as string;
  const build = (node: ParsedNode): XmlElement => {
    const name = Object.keys(node).find((key) => key !== ATTRIBUTES)!;
    const start = (node[startOf] as { startIndex: number }).startIndex;
    const line = lineAt(start);
    const attributes = new Map<string, string>();
    for (const [key, value] of Object.entries((node[ATTRIBUTES] ?? {}) as Record<string, string>)) {
      attributes.set(key, decoded(value.replace(/[\n\t]/g, ' '), line));
    }
    const children: XmlElement[] = [];
    let inside = '';
    for (const child of node[name] as ParsedNode[]) {
      if (TEXT in child) inside += decoded(String(child[TEXT]), line);
      else children.push(build(child));
    }
    return { name, attributes, children, text: inside.trim(), line };
  };
  const roots = parsed.filter((node) => !(TEXT in node));
  if (roots.length !== 1) {
    throw invalidFormat([], `${roots.length} root elements: expected ${what}, one per text`);
  }
  return build(roots[0]!);
}

/**
 * The text without comments, processing instructions, document type and blanks between tags; their line ends stay.
 *
 * The library silently skips markup that is cut off or unknown to it, would expand entities, and is slow on blanks. So
 * such markup is refused or removed here.
 */
function tagsAndText(text: string, elementsMax: number): string {
  const lineAt = lineCounter(text);
  const refuse = (at: number, problem: string): never => {
    throw invalidFormat(['line', lineAt(at)], problem);
  };
  const control = text.search(/[^\P{Cc}\t\n\u007F-\u009F]/u);
  if (control !== -1) refuse(control, `control character ${quote(text[control])}: is this a text file?`);
  const pieces: string[] = [];
  let kept = 0;
  let depth = 0;
  let elements = 0;
  let typed = false;
  const drop = (from: number, to: number): void => {
    pieces.push(text.slice(kept, from), lineEndsOf(text, from, to));
    kept = to;
  };
  let end = 0;
  for (let open = text.indexOf('<'); open !== -1; open = text.indexOf('<', end)) {
    if (depth === 0 && text.slice(end, open).trim() !== '') {
      refuse(open, `text outside the root element: ${quote(text.slice(end, open).trim())}; remove it`);
    }
    if (open - end > 1 && isBlank(text, end, open)) drop(end, open);
    if (text.startsWith('<!--', open)) {
      end = endOf(text, '-->', open + 4);
      if (end === 0) refuse(open, 'the comment is not closed: the text may be cut off');
      drop(open, end);
    } else if (text.startsWith('<?', open)) {
      end = endOf(text, '?>', open + 2);
      if (end === 0) refuse(open, 'the processing instruction is not closed: the text may be cut off');
      drop(open, end);
    } else if (text.startsWith('<!DOCTYPE', open)) {
      DOCTYPE.lastIndex = open;
      if (!DOCTYPE.test(text)) {
        refuse(open, 'a document type with declarations of its own is not read: remove the part in brackets');
      }
      if (typed || elements > 0) refuse(open, 'the document type must stand once, before the root element');
      typed = true;
      end = DOCTYPE.lastIndex;
      drop(open, end);
    } else if (text.startsWith('<!', open)) {
      refuse(
        open,
        `${quote(text.slice(open, open + 9))} is not read here: CDATA sections and declarations are no part of the format`,
      );
    } else {
      end = tagEnd(text, open);
      const tag = text.slice(open, end);
      if (end === 0)
        refuse(open, 'the tag is not closed: a quotation mark is missing, or the text is cut off');
      if (tag.length > XML_TAG_LENGTH_MAX) {
        throw limitExceeded(
          ['line', lineAt(open)],
          `a tag of ${tag.length} characters, at most ${XML_TAG_LENGTH_MAX}: the text may be damaged`,
        );
      }
      const emptied = tag.replace(/"[^"]*"|'[^']*'/g, '""');
      if (emptied.split('=', XML_ATTRIBUTES_MAX + 2).length > XML_ATTRIBUTES_MAX + 1) {
        throw limitExceeded(
          ['line', lineAt(open)],
          `more than ${XML_ATTRIBUTES_MAX} attributes in one tag: the text may be damaged`,
        );
      }
      if (!TAG.test(emptied))
        refuse(open, `${quote(tag)} is not a tag with attributes: the text may be damaged`);
      if (tag.startsWith('</')) depth--;
      else {
        if (++elements > elementsMax) {
          throw limitExceeded(
            ['line', lineAt(open)],
            `more than ${elementsMax} elements: is this one machine?`,
          );
        }
        if (depth + 1 > XML_DEPTH_MAX) {
          throw limitExceeded(
            ['line', lineAt(open)],
            `elements nested more than ${XML_DEPTH_MAX} levels deep: is this one machine?`,
          );
        }
        if (!tag.endsWith('/>')) depth++;
      }
      if (depth < 0) refuse(open, `${quote(tag)} closes no element: the text may be damaged`);
    }
  }
  const rest = text.slice(end).trim();
  if (depth === 0 && rest !== '') refuse(end, `text after the root element: ${quote(rest)}; remove it`);
  if (depth > 0) {
    throw invalidFormat([], `${depth} elements are not closed: the text may be cut off`);
  }
  pieces.push(text.slice(kept));
  const content = pieces.join('');
  if (isMoreThan(XML_REFERENCES_MAX, content, '&')) {
    throw limitExceeded([], `more than ${XML_REFERENCES_MAX} references (&amp;): is this one machine?`);
  }
  return content;
}

/** Whether only blanks stand between two positions. */
function isBlank(text: string, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const c = text[i];
    if (c !== ' ' && c !== '\n' && c !== '\t') return false;
  }
  return true;
}

function lineEndsOf(text: string, from: number, to: number): string {
  let count = 0;
  for (let i = from; i < to; i++) if (text[i] === '\n') count++;
  return '\n'.repeat(count);
}

function isMoreThan(most: number, text: string, character: string): boolean {
  let count = 0;
  for (let i = text.indexOf(character); i !== -1; i = text.indexOf(character, i + 1)) {
    if (++count > most) return true;
  }
  return false;
}

/** A document type that names at most an external file, which is never opened. */
const DOCTYPE =
  /<!DOCTYPE\s+[^\s"'<>[\]]+(?:\s+(?:SYSTEM|PUBLIC\s+(?:"[^"]*"|'[^']*'))\s+(?:"[^"]*"|'[^']*'))?\s*>/y;

/** A start or end tag with emptied values. The library ignores a stray `=`, this does not. */
const TAG = /^<(?:\/[^\s"'=<>/]+\s*|[^\s"'=<>/]+(?:\s+[^\s"'=<>/]+\s*=\s*"")*\s*\/?)>$/;

/** Position after `mark`, or 0 if it does not follow. */
function endOf(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from);
  return at === -1 ? 0 : at + mark.length;
}

/** Position after the tag that starts at `open`, or 0 if the next tag starts before its end. */
function tagEnd(text: string, open: number): number {
  for (let i = open + 1; i < text.length; i++) {
    const c = text[i];
    if (c === '>') return i + 1;
    if (c === '<') return 0;
    if (c !== '"' && c !== "'") continue;
    const close = text.indexOf(c, i + 1);
    if (close === -1 || text.slice(i, close).includes('<')) return 0;
    i = close;
  }
  return 0;
}

/** Returns the line of a position, from 1, by bisection in the table of line ends. */
function lineCounter(text: string): (at: number) => number {
  let ends: number[] | undefined;
  return (at) => {
    if (ends === undefined) {
      ends = [];
      for (let i = text.indexOf('\n'); i !== -1; i = text.indexOf('\n', i + 1)) ends.push(i);
    }
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle]! < at) low = middle + 1;
      else high = middle;
    }
    return low + 1;
  };
}

const NAMED: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

/** A value with its references replaced once: the result is not searched for references again. */
function decoded(value: string, line: number): string {
  if (!value.includes('&')) return value;
  return value.replace(/&([^;&]{0,12};?)/g, (reference, body: string) => {
    const name = body.slice(0, -1);
    const plain = body.endsWith(';') ? NAMED.get(name) : undefined;
    if (plain !== undefined) return plain;
    const digits = /^#(?:x([0-9a-fA-F]{1,6})|([0-9]{1,7}));$/.exec(body);
    const code = digits === null ? 0 : digits[1] ? Number.parseInt(digits[1], 16) : Number(digits[2]);
    if (code === 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) {
      throw invalidFormat(
        ['line', line],
        `${quote(reference)} is not one of &amp; &lt; &gt; &quot; &apos; or a character by number`,
      );
    }
    return String.fromCodePoint(code);
  });
}
