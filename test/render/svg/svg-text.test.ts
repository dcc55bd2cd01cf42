import { describe, expect, it } from 'vitest';
import {
  counted,
  figure,
  fittedEnds,
  fittedText,
  grouped,
  printable,
  textWidth,
  wrappedText,
} from '../../../src/render/svg/svg-text.js';

describe('textWidth', () => {
  it('grows with the font, is wider in bold, and knows narrow letters from wide ones', () => {
    expect(textWidth('gpu0', 20)).toBeCloseTo(2 * textWidth('gpu0', 10));
    expect(textWidth('gpu0', 10, true)).toBeGreaterThan(textWidth('gpu0', 10));
    expect(textWidth('iiii', 10)).toBeLessThan(textWidth('gggg', 10));
    expect(textWidth('gggg', 10)).toBeLessThan(textWidth('GGGG', 10));
    expect(textWidth('GGGG', 10)).toBeLessThan(textWidth('WWWW', 10));
    expect(textWidth('名前', 10)).toBeGreaterThanOrEqual(20);
    expect(textWidth('', 10)).toBe(0);
  });

  it('is not less than what DejaVu Sans needs', () => {
    // Advance widths of the font in units of 1/2048 em, summed.
    expect(textWidth('gpu0', 10)).toBeGreaterThanOrEqual(((1300 + 1300 + 1298 + 1303) / 2048) * 10);
    expect(textWidth('55.4', 10)).toBeGreaterThanOrEqual(((1303 + 1303 + 651 + 1303) / 2048) * 10);
    expect(textWidth('numa1', 10)).toBeGreaterThanOrEqual(((1298 + 1298 + 1995 + 1255 + 1303) / 2048) * 10);
  });
});

describe('fittedText', () => {
  it('keeps what fits and cuts the rest', () => {
    expect(fittedText('gpu0', 12, 100)).toBe('gpu0');
    const cut = fittedText('a name that is far too long', 12, 80);
    expect(cut).toMatch(/^a name.*…$/);
    expect(textWidth(cut, 12)).toBeLessThanOrEqual(80);
  });

  it('does not cut a character in two', () => {
    for (let width = 10; width < 100; width += 3) {
      expect(fittedText('𝕲𝖕𝖚𝕲𝖕𝖚', 12, width)).not.toMatch(/\p{Cs}/u);
    }
  });
});

describe('fittedEnds', () => {
  it('keeps both ends', () => {
    expect(fittedEnds('unit0-server12', 10, 200)).toBe('unit0-server12');
    const cut = fittedEnds('unit0-rack17-server12', 10, 80);
    expect(cut).toMatch(/^unit.*….*er12$/);
    expect(textWidth(cut, 10)).toBeLessThanOrEqual(80);
    const bold = fittedEnds('x'.repeat(1000), 10, 80, true);
    expect(textWidth(bold, 10, true)).toBeLessThanOrEqual(80);
    expect(bold).toMatch(/^x+…x+$/);
  });
});

describe('wrappedText', () => {
  it('breaks between words and cuts a word that is too long', () => {
    const lines = wrappedText('one two  three four', 10, 60);
    expect(lines.join(' ')).toBe('one two three four');
    expect(lines.length).toBeGreaterThan(1);
    for (const line of lines) expect(textWidth(line, 10)).toBeLessThanOrEqual(60);
    expect(wrappedText('x'.repeat(100), 10, 60)).toEqual([expect.stringMatching(/^x+…$/)]);
    expect(wrappedText('', 10, 60)).toEqual([]);
  });
});

describe('printable', () => {
  it('replaces what XML cannot hold and what turns the direction of writing', () => {
    expect(printable('a\tb\nc')).toBe('a b c');
    for (const bad of ['\u0000', '\u001b', '\u007f', '\ud800', '\udc00', '\u202e', '\u2066', '\uffff']) {
      expect(printable(`x${bad}y`)).toBe('x\ufffdy');
    }
    expect(printable('名前 é 𝕲 <&>')).toBe('名前 é 𝕲 <&>');
  });
});

describe('figure', () => {
  it('has few characters and no false precision', () => {
    const shown = [0.0004, 0.25, 0.256, 1, 55.4, 55.44, 272.4, 999.96, 1020, 5000, 12_800, 1e6].map(figure);
    const expected = ['0.0004', '0.25', '0.26', '1', '55.4', '55.4', '272.4', '1000', '1020', '5000'];
    expect(shown).toEqual([...expected, '12,800', '1,000,000']);
  });
});

describe('grouped and counted', () => {
  it('write numbers as English does', () => {
    expect([0, 999, 1016, 1_048_576].map(grouped)).toEqual(['0', '999', '1,016', '1,048,576']);
    expect([counted(1, 'GPU'), counted(2048, 'GPU')]).toEqual(['1 GPU', '2,048 GPUs']);
  });
});
