import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isMissing, readInteger, readNumber } from '../../../src/formats/text/numbers.js';

describe('readNumber', () => {
  it.each<[string, number]>([
    ['0', 0],
    ['3', 3],
    ['+3', 3],
    ['-3', -3],
    ['007.50', 7.5],
    ['-0.0', 0],
    ['-0', 0],
    ['1.', 1],
    ['.5', 0.5],
    ['-.5', -0.5],
    ['1e6', 1_000_000],
    ['6e+01', 60],
    ['6E-01', 0.6],
    ['4031.0000000000005', 4031.0000000000005],
    ['0.1000000000000000055511151231257827021181583404541015625', 0.1],
  ])('reads %s', (text, value) => {
    expect(Object.is(readNumber(text), value)).toBe(true);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    '1_000',
    '1,5',
    '0x10',
    '1e',
    'e1',
    '.',
    '+',
    '+-1',
    '1.2.3',
    'NaN',
    'inf',
    'Infinity',
    '٣',
  ])('knows that "%s" is none', (text) => expect(readNumber(text)).toBeNaN());

  it('reads every double in every form that a program prints', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.nat(20), (x, digits) => {
        const same = (text: string): void => expect(readNumber(text)).toBe(Number(text) + 0);
        same(String(x));
        same(x.toExponential(digits));
        same(x.toFixed(digits));
        if (x >= 0) same(`+${x}`);
      }),
    );
  });

  it('says infinity of what no double holds, and takes time in proportion to the text', () => {
    expect(readNumber('1e400')).toBe(Number.POSITIVE_INFINITY);
    expect(readNumber(`${'9'.repeat(2 ** 20)}x`)).toBeNaN();
  });
});

describe('readInteger', () => {
  it.each<[string, number]>([
    ['8', 8],
    ['8.0', 8],
    ['1e6', 1_000_000],
    ['-0.0', 0],
    ['1.5e1', 15],
  ])('reads %s', (text, value) => expect(Object.is(readInteger(text), value)).toBe(true));

  it.each(['8.5', '1e-1', '', 'x', '1e400'])('knows that "%s" is none', (text) =>
    expect(readInteger(text)).toBeNaN(),
  );
});

describe('isMissing', () => {
  it('knows what table libraries write', () => {
    for (const cell of ['', 'NaN', 'nan', 'None', 'null', 'NULL', 'NA', 'N/A', '<NA>', 'NaT'])
      expect(isMissing(cell)).toBe(true);
    for (const cell of ['0', 'none of these', 'NAN1', ' ']) expect(isMissing(cell)).toBe(false);
  });
});
