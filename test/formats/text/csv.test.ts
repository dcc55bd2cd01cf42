import { describe, expect, it } from 'vitest';
import { type CsvRow, parseCsv, shortText, uniqueName } from '../../../src/formats/text/csv.js';

const TABLE = { required: ['a', 'b'], optional: ['c'], record: 'pair', rowsMax: 3 };
const read = (text: unknown): CsvRow[] => parseCsv(text, TABLE, (row) => row);
const cells = (text: string): string[][] =>
  read(text).map((row) => ['a', 'b', 'c'].map((column) => row.text(column)));

describe('parseCsv', () => {
  it('reads columns by name, in whatever order, and blank where an optional one is absent', () => {
    expect(cells('a,b\n1,2\n3,4')).toEqual([
      ['1', '2', ''],
      ['3', '4', ''],
    ]);
    expect(cells('c,b,a\n1,2,3')).toEqual([['3', '2', '1']]);
  });

  it('takes LF and CRLF, a byte order mark, and any number of line ends at the end', () => {
    const expected = [['1', '2', '']];
    expect(cells('\uFEFFa,b\r\n1,2\r\n')).toEqual(expected);
    expect(cells('a,b\n1,2\n\n\n')).toEqual(expected);
    expect(cells('a,b\r\n1,2')).toEqual(expected);
    expect(cells('a,b\r\n1,2\r\n\r\n')).toEqual(expected);
  });

  it('keeps blanks and odd characters inside a cell', () => {
    expect(cells("a,b\n x ,é|'")).toEqual([[' x ', "é|'", '']]);
  });

  it('counts lines from 1, the header being line 1', () => {
    expect(read('a,b\r\n1,2\r\n3,4').map((row) => row.line)).toEqual([2, 3]);
  });

  it.each<[string, unknown, (string | number)[]]>([
    ['what is no text', ['a,b'], []],
    ['an empty text', '', ['line', 1]],
    ['a header without a row', 'a,b\n', ['line', 2]],
    ['a byte order mark and nothing else', '\uFEFF', ['line', 1]],
    ['a blank before a column name', 'a, b\n1,2', ['line', 1]],
    ['a column of another spelling', 'A,b\n1,2', ['line', 1]],
    ['a column twice', 'a,a,b\n1,1,2', ['line', 1]],
    ['a missing column', 'a,c\n1,2', ['line', 1]],
    ['a column named like a member of a prototype', 'a,b,constructor\n1,2,3', ['line', 1]],
    ['a line with a cell too few', 'a,b\n1,2\n3', ['line', 3]],
    ['a line with a cell too many', 'a,b\n1,2,3', ['line', 2]],
    ['a blank line in the middle', 'a,b\n1,2\n\n3,4', ['line', 3]],
    ['quotation marks', 'a,b\r\n1,2\r\n"3",4', ['line', 3]],
    ['a byte order mark that is not the first character', 'a,b\n1,2\n\uFEFF', ['line', 3]],
    ['lines that end in CR alone', 'a,b\r1,2', ['line', 1]],
    ['semicolons', 'a;b\n1;2', ['line', 1]],
  ])('refuses %s', (_, text, path) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-format', path }),
    );
  });
});

describe('limits', () => {
  it('holds the number of rows, and says what they are', () => {
    const rows = (count: number): string => `a,b${'\n1,2'.repeat(count)}`;
    expect(read(rows(3))).toHaveLength(3);
    expect(() => read(rows(4))).toThrow('line[5]: more than 3 lines of a pair each: split the file');
  });

  it('counts the cells of a line without cutting it up', () => {
    expect(() => read(`a,b\n${'1,'.repeat(1_000_000)}`)).toThrow('expected 2 cells, got 1000001');
  });

  it('holds the length of names', () => {
    const row = read(`a,b\n${'x'.repeat(1024)},${'x'.repeat(1025)}`)[0]!;
    expect(shortText(row, 'a')).toHaveLength(1024);
    expect(() => shortText(row, 'b')).toThrow('line[2].b: 1025 characters, at most 1024');
    expect(() => uniqueName(row, 'b', new Set())).toThrow('1025 characters, at most 1024');
  });
});

describe('integer and optionalInteger', () => {
  const row = (cell: string): CsvRow => read(`a,b\n${cell},x`)[0]!;

  it.each<[string, number]>([
    ['0', 0],
    ['10', 10],
    ['-3', -3],
    ['007', 7],
    ['+7', 7],
    ['7.0', 7],
    ['7.', 7],
    ['1e1', 10],
    ['7e+00', 7],
  ])('read %s', (cell, value) => {
    expect(row(cell).integer('a', -3, 10)).toBe(value);
    expect(row(cell).optionalInteger('a', -3, 10)).toBe(value);
  });

  it.each([
    '11',
    '-4',
    '',
    ' 7',
    '7 ',
    '1e3',
    '0x7',
    '7.5',
    '+-7',
    '1e',
    '1_0',
    '٣',
    'NaN',
    'Infinity',
    '--3',
    '-',
    '99999999999999999999',
  ])('refuse "%s"', (cell) => {
    expect(() => row(cell).integer('a', -3, 10)).toThrow(
      expect.objectContaining({ code: 'invalid-format', path: ['line', 2, 'a'] }),
    );
  });

  it('read minus zero as zero', () => {
    for (const zero of ['-0', '-0.0', '-0e0']) expect(row(zero).integer('a', 0, 1)).toBe(0);
  });

  it('read nothing where table libraries write that there is nothing, if it may be left out', () => {
    for (const cell of ['NaN', 'nan', 'None', 'null', 'NULL', 'NA', '<NA>', 'N/A']) {
      expect(row(cell).optionalInteger('a', 0, 1)).toBeUndefined();
      expect(row(cell).optionalDecimal('a', 0, 1)).toBeUndefined();
      expect(() => row(cell).integer('a', 0, 1)).toThrow(expect.objectContaining({ code: 'invalid-format' }));
    }
    expect(row('0.5').optionalDecimal('a', 0, 1)).toBe(0.5);
    expect(row('').optionalDecimal('a', 0, 1)).toBeUndefined();
  });

  it('tell a blank cell, and a column that is not there, from 0', () => {
    expect(row('').optionalInteger('a', 0, 1)).toBeUndefined();
    expect(row('1').optionalInteger('c', 0, 1)).toBeUndefined();
    expect(() => row('x').optionalInteger('a', 0, 1)).toThrow(
      expect.objectContaining({ code: 'invalid-format' }),
    );
  });

  it('say what was expected and what is there', () => {
    expect(() => row('1e3').integer('a', 0, 9)).toThrow('expected an integer from 0 to 9, got "1e3"');
  });
});

describe('decimal', () => {
  const row = (cell: string): CsvRow => read(`a,b\n${cell},x`)[0]!;

  it.each<[string, number]>([
    ['0', 0],
    ['-0.0', 0],
    ['120.0', 120],
    ['-2.5', -2.5],
    ['0.123456789', 0.123456789],
    ['007.50', 7.5],
    ['4.125000e+01', 41.25],
    ['0.1234567890123', 0.1234567890123],
    ['6e+01', 60],
    ['.5', 0.5],
    ['5.', 5],
    ['+3', 3],
  ])('reads %s', (cell, value) => {
    expect(row(cell).decimal('a', -3, 120)).toBe(value);
  });

  it.each(['120.1', '-3.000000001', '', ' 7', '.', 'e1', '1e3', 'NaN', 'Infinity', '1,5', '1.2.3'])(
    'refuses "%s"',
    (cell) => {
      // A comma parts cells: the row is then one cell too long.
      const path = cell.includes(',') ? ['line', 2] : ['line', 2, 'a'];
      expect(() => row(cell).decimal('a', -3, 120)).toThrow(
        expect.objectContaining({ code: 'invalid-format', path }),
      );
    },
  );
});
