import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CorralError } from '../../../src/errors.js';
import {
  readXml,
  XML_DEPTH_MAX,
  XML_REFERENCES_MAX,
  XML_TAG_LENGTH_MAX,
  type XmlElement,
} from '../../../src/formats/text/xml.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

const read = (text: unknown, elementsMax?: number): XmlElement =>
  readXml(text, { what: 'a test', ...(elementsMax === undefined ? {} : { elementsMax }) });

/** Code, path and message of the refusal; fails where nothing is refused. */
function refusal(text: unknown, elementsMax?: number): string {
  try {
    read(text, elementsMax);
  } catch (error) {
    if (error instanceof CorralError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error(`${JSON.stringify(text)} was read`);
}

/** A tree as nested lists, for comparison. */
const plain = (e: XmlElement): unknown => [e.name, Object.fromEntries(e.attributes), e.children.map(plain)];

const SMALL = `<?xml version="1.0"?>
<!DOCTYPE topology SYSTEM "nowhere.dtd">
<!-- a <comment/> -->
<topology version='3'>
  <object type="A &amp; B" id="1"><info name="x" value="a > b"/></object>
  <object id="2" type="&#65;&#x42;"/> <!-- <lost/> -->
  <values length="2">1 2
  3</values>
</topology>
`;

describe('readXml', () => {
  it('returns elements, attributes and text in document order', () => {
    const root = read(SMALL);
    expect(plain(root)).toEqual([
      'topology',
      { version: '3' },
      [
        ['object', { type: 'A & B', id: '1' }, [['info', { name: 'x', value: 'a > b' }, []]]],
        ['object', { id: '2', type: 'AB' }, []],
        ['values', { length: '2' }, []],
      ],
    ]);
    expect([...root.children[1]!.attributes.keys()]).toEqual(['id', 'type']);
    expect(root.children[2]!.text).toBe('1 2\n  3');
  });

  it('knows the line of every start tag, comments and document type counted', () => {
    const root = read(SMALL);
    expect([root.line, ...root.children.map((child) => child.line)]).toEqual([4, 5, 6, 7]);
  });

  it('reads a byte order mark and CRLF alike', () => {
    expect(read(`\uFEFF${SMALL.replaceAll('\n', '\r\n')}`)).toEqual(read(SMALL));
  });

  it('accepts every way to name an external document type without opening it', () => {
    for (const id of ['', ' SYSTEM "a"', " SYSTEM 'a > b'", ' PUBLIC "-//X" "a"', '\n  SYSTEM\n  "a" ']) {
      expect(read(`<!DOCTYPE t${id}><t/>`).name).toBe('t');
    }
  });

  it('decodes a reference once, so that nothing expands', () => {
    expect(read('<t a="&amp;lt;&#38;#60;"/>').attributes.get('a')).toBe('&lt;&#60;');
    expect(read('<t>&lt;b&gt;</t>').text).toBe('<b>');
  });

  it('reads line ends and tabs in a value as blanks', () => {
    expect(read('<t a="1\n2\t3"/>').attributes.get('a')).toBe('1 2 3');
  });

  it('keeps names of prototype members apart from the prototype', () => {
    const root = read('<t toString="1" hasOwnProperty="2"><valueOf/></t>');
    expect([...root.attributes]).toEqual([
      ['toString', '1'],
      ['hasOwnProperty', '2'],
    ]);
    expect(root.children[0]!.name).toBe('valueOf');
    for (const text of [
      '<t __proto__="1"/>',
      '<t><constructor/></t>',
      '<prototype/>',
      '<__proto__ a="1"/>',
    ]) {
      expect(refusal(text)).toMatch(/^invalid-format .*reserved/);
    }
    expect(({} as { a?: unknown }).a).toBeUndefined();
  });

  it.each([
    [undefined, 'expected the text of a test'],
    ['', 'no XML element'],
    ['{"a": 1}', 'no XML element'],
    ['<!-- only -->', 'not well-formed'],
    ['<t>', 'cut off'],
    ['<t><b></t>', 'cut off'],
    ['<t><a></b></t>', 'line[1]: not well-formed XML: "Expected closing tag'],
    ['</t>', 'closes no element'],
    ['<t/></t>', 'closes no element'],
    ['<t', 'not closed'],
    ['<t a="1/>', 'not closed'],
    ['<t a="1><b c="2"/></t>', 'not closed'],
    ['<t a="<"/>', 'not closed'],
    ['<t a=1/>', 'is not a tag'],
    ['<t a/>', 'is not a tag'],
    ['<t a="1" = />', 'is not a tag'],
    ['<t a="1"b="2"/>', 'is not a tag'],
    ['<t / >', 'is not a tag'],
    ['< t/>', 'is not a tag'],
    ['<t></t a="1">', 'is not a tag'],
    ['<1/>', 'invalid name'],
    ['<t a="1" a="2"/>', 'repeated'],
    ['<t/><t/>', '2 root elements'],
    ['<t></t><b/>', '2 root elements'],
    ['<t/>x', 'text after the root element'],
    ['x<t/>', 'text outside the root element'],
    ['<t/>x<!-- -->', 'text outside the root element'],
    ['<t>\u0000</t>', 'control character'],
    ['<t><!-- </t>', 'comment is not closed'],
    ['<t/><!-- ', 'comment is not closed'],
    ['<t/><?x', 'instruction is not closed'],
    ['<t><![CDATA[<b/>]]></t>', 'CDATA'],
    ['<t><!foo></t>', 'is not read here'],
    ['<!ENTITY x "y"><t/>', 'is not read here'],
    ['<t/><!DOCTYPE t>', 'before the root element'],
    ['<!DOCTYPE t><!DOCTYPE t><t/>', 'before the root element'],
    ['<!DOCTYPE t [<!ENTITY x "y">]><t>&x;</t>', 'remove the part in brackets'],
    ['<!DOCTYPE t SYSTEM "a" [ ]><t/>', 'remove the part in brackets'],
    ['<!DOCTYPE t', 'remove the part in brackets'],
    ['<t a="&x;"/>', 'line[1]: "&x;" is not one of'],
    ['<t>&toString;</t>', 'is not one of'],
    ['<t a="&#0;"/>', 'is not one of'],
    ['<t a="&#xD800;"/>', 'is not one of'],
    ['<t a="&#1114112;"/>', 'is not one of'],
    ['<t a="a & b"/>', 'is not one of'],
    ['<t\n>\n<b a="1"\na="2"/></t>', 'line[4]: not well-formed'],
  ])('refuses %j: %s', (text, reason) => {
    expect(refusal(text)).toContain(reason);
    expect(refusal(text)).toMatch(/^invalid-format /);
  });

  it('reads the deepest nesting it documents and refuses one more', () => {
    const nested = (n: number): string => '<a>'.repeat(n) + '</a>'.repeat(n);
    expect(read(nested(XML_DEPTH_MAX)).name).toBe('a');
    expect(read(`${'<a>'.repeat(XML_DEPTH_MAX - 1)}<b/>${'</a>'.repeat(XML_DEPTH_MAX - 1)}`).name).toBe('a');
    expect(refusal(nested(XML_DEPTH_MAX + 1))).toMatch(/^limit-exceeded .*64 levels/);
    expect(refusal('<a>'.repeat(100_000))).toMatch(/^limit-exceeded /);
    const attributes = (count: number): string =>
      `<a ${Array.from({ length: count }, (_, i) => `a${i}=""`).join(' ')}/>`;
    expect(read(attributes(1024)).attributes.size).toBe(1024);
    expect(refusal(attributes(1025))).toMatch(/^limit-exceeded line\[1\]: more than 1024 attributes/);
  });

  it('refuses more elements or characters than it documents', () => {
    expect(read('<a><b/><b/></a>', 3).children).toHaveLength(2);
    expect(refusal('<a><b/>\n<b/></a>', 2)).toBe(
      'limit-exceeded line[2]: more than 2 elements: is this one machine?',
    );
    expect(refusal(' '.repeat(2 ** 24 + 1))).toMatch(/^limit-exceeded 16777217 characters/);
    const value = (length: number): string => `<t a="${'x'.repeat(length - 9)}"/>`;
    expect(read(value(XML_TAG_LENGTH_MAX)).attributes.get('a')).toHaveLength(XML_TAG_LENGTH_MAX - 9);
    expect(refusal(`\n${value(XML_TAG_LENGTH_MAX + 1)}`)).toMatch(
      /^limit-exceeded line\[2\]: a tag of 65537/,
    );
    const references = (count: number): string => `<t>${'&lt;'.repeat(count)}</t>`;
    expect(read(references(XML_REFERENCES_MAX)).text).toBe('<'.repeat(XML_REFERENCES_MAX));
    expect(refusal(references(XML_REFERENCES_MAX + 1))).toMatch(/^limit-exceeded more than 65536 references/);
  });

  it('keeps the lines of what stands behind comments and blanks', () => {
    const text = '<?x\n?>\n<!--\n\n--><t>\n \n\t<b/><!-- \n --> <c>a\n<!--\n--> </c>\n</t>';
    const root = read(text);
    expect([root, ...root.children].map(({ name, line }) => [name, line])).toEqual([
      ['t', 5],
      ['b', 7],
      ['c', 8],
    ]);
    expect(root.children[1]!.text).toBe('a');
    expect(refusal(text.replace('<c>', '<c'))).toContain('line[8]');
  });

  it('takes a time that grows with the length of hostile texts, not with its square', () => {
    for (const part of ['<', '<t a="', '<!-- ', '<t ', ' ', '&', '<t a="1" ', 'a=', '<!DOCTYPE ', '\n']) {
      const text = `<t>${part.repeat(200_000)}`;
      expect(() => read(text)).toThrow(CorralError);
      expect(() => read(`<t a="${part.repeat(200_000)}`)).toThrow(CorralError);
    }
  });

  it('throws only its own error for damaged texts, and says for every cut text that it is cut', () => {
    const only = (text: string): void => {
      try {
        read(text);
      } catch (error) {
        if (!(error instanceof CorralError)) throw error;
      }
    };
    fc.assert(fc.property(mutatedText([SMALL]), only), { numRuns: 5000, seed: 1 });
    fc.assert(
      fc.property(truncatedText([SMALL.trimEnd()]), (text) => {
        fc.pre(text !== SMALL.trimEnd());
        expect(() => read(text)).toThrow(CorralError);
      }),
      { numRuns: 500, seed: 2 },
    );
  });
});
