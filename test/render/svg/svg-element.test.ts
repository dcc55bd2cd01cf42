import { describe, expect, it } from 'vitest';
import { element, pixels, svgDocument, textElement, tooltip } from '../../../src/render/svg/svg-element.js';

describe('element', () => {
  it('escapes values, rounds numbers and leaves out what is undefined', () => {
    expect(element('rect', { x: 1.26, y: 2, fill: '"<&>', rx: undefined })).toBe(
      '<rect x="1.3" y="2" fill="&quot;&lt;&amp;&gt;"/>',
    );
    expect(element('g', {}, [element('path', { d: 'M0 0' }), tooltip('a < b')])).toBe(
      '<g><path d="M0 0"/><title>a &lt; b</title></g>',
    );
  });
});

describe('pixels', () => {
  it('keeps one decimal at most', () => {
    expect([1, 1.04, 1.06, -0.5, 1234.5678].map(pixels)).toEqual(['1', '1', '1.1', '-0.5', '1234.6']);
  });
});

describe('textElement', () => {
  it('centres on the height given and escapes the text', () => {
    const text = textElement(']]><b>', 5, 100, { fontSize: 10, anchor: 'middle', bold: true });
    expect(text).toContain('>]]&gt;&lt;b&gt;</text>');
    expect(text).toContain('text-anchor="middle"');
    expect(text).toContain('font-weight="bold"');
    const y = Number(/ y="([\d.]+)"/.exec(text)![1]);
    expect(y).toBeGreaterThan(100);
    expect(y).toBeLessThan(105);
  });
});

describe('svgDocument', () => {
  it('is of the size given, on white', () => {
    const svg = svgDocument(200, 100.04, ['<g/>']);
    expect(svg).toMatch(/^<svg [^>]*width="200" height="100" viewBox="0 0 200 100"/);
    expect(svg).toContain('fill="#FFFFFF"');
    expect(svg.endsWith('<g/>\n</svg>\n')).toBe(true);
  });
});
