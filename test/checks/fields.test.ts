import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { fieldNames, readFields, readRecord, readRow, unknownField } from '../../src/checks/fields.js';
import { CorralError } from '../../src/errors.js';

class Own {
  readonly free = 1;
}

describe('readRow', () => {
  it('copies the fields that are read, and lets a row carry more', () => {
    const row = { server: 'a', gpus: [0], more: 1, none: undefined };
    expect(readRow(row, ['server', 'gpus', 'none'])).toStrictEqual({ server: 'a', gpus: [0] });
  });

  it('refuses what is no object, and a field that throws', () => {
    const throwing = {
      get a(): number {
        throw new TypeError('no');
      },
    };
    expect(readRow(new Own() as { free: number; more?: 1 }, ['free', 'more'])).toStrictEqual({ free: 1 });
    for (const given of [null, undefined, 1, 'a', [], () => 1]) {
      expect(() => readRow(given, ['a'], ['rows', 3])).toThrow(
        expect.objectContaining({ code: 'invalid-option', path: ['rows', 3] }),
      );
    }
    expect(() => readRow(throwing, ['a'], ['rows', 3])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['rows', 3, 'a'] }),
    );
  });
});

describe('readFields', () => {
  it('copies known fields, and leaves out what is undefined', () => {
    const given = { a: undefined, b: 1 };
    const copy = readFields(given, ['a', 'b']);
    expect(copy).toStrictEqual({ b: 1 });
    given.b = 2;
    expect(copy.b).toBe(1);
    expect(readFields({}, [])).toStrictEqual({});
  });

  it('takes null for no absence', () => {
    expect(() => readFields({ quantile: null }, ['quantile'])).toThrow(
      expect.objectContaining({
        path: ['quantile'],
        message: expect.stringContaining('leave the field out'),
      }),
    );
  });

  it('reads every field once, also one that others inherit', () => {
    let reads = 0;
    const given = {
      get a() {
        return ++reads;
      },
    };
    expect(readFields(Object.create(given), ['a'])).toStrictEqual({ a: 1 });
    expect(reads).toBe(1);
  });

  it('refuses an unknown field below the path, with the nearest name and all there are', () => {
    expect(() => readFields({ fre: [0] }, ['free', 'place'], ['options'])).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        path: ['options', 'fre'],
        message: 'options.fre: unknown field: did you mean free? There are free, place',
      }),
    );
  });

  it('refuses the former name of a field with the one it has now', () => {
    expect(() =>
      readFields({ until: 5 }, ['untilSeconds'], [], undefined, { until: 'untilSeconds' }),
    ).toThrow(
      expect.objectContaining({
        code: 'invalid-option',
        path: ['until'],
        message: 'until: unknown field: it is called untilSeconds now',
      }),
    );
  });

  it('refuses an unknown field that is undefined, inherited, or a symbol', () => {
    expect(() => readFields({ fre: undefined }, ['free'])).toThrow('unknown field');
    expect(() => readFields(Object.create({ fre: 1 }), ['free'])).toThrow('unknown field');
    expect(() => readFields({ [Symbol('free')]: 1 }, ['free'])).toThrow('symbol');
    expect(() => readFields(JSON.parse('{"__proto__": 1}'), ['free'])).toThrow('unknown field');
  });

  it.each([
    [null],
    [undefined],
    [3],
    [3n],
    ['free'],
    [[]],
    [new Map()],
    [new Date(0)],
    [() => 1],
    [new Own()],
  ])('refuses what is no plain object: %s', (given) => {
    expect(() => readFields(given as unknown, ['free'])).toThrow(
      expect.objectContaining({ path: ['options'] }),
    );
    expect(() => readFields(given as unknown, [], [], 'invalid-request')).toThrow(
      expect.objectContaining({
        code: 'invalid-request',
        message: expect.stringMatching('expected nothing'),
      }),
    );
  });

  it('takes objects of other realms, without prototype, and behind a proxy that behaves', () => {
    for (const given of [
      runInNewContext('({ a: 1 })'),
      Object.assign(Object.create(null), { a: 1 }),
      new Proxy({ a: 1 }, {}),
    ]) {
      expect(readFields(given, ['a'])).toStrictEqual({ a: 1 });
    }
  });

  it('says where reading threw, and what', () => {
    const cause = new Error('no');
    const given = {
      get a() {
        throw cause;
      },
    };
    expect(() => readFields(given, ['a'], ['law'])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['law', 'a'], cause }),
    );
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(() => readFields(proxy, ['a'])).toThrow(CorralError);
  });
});

describe('readRecord', () => {
  it('gives the entries, whatever their names are', () => {
    expect(readRecord(JSON.parse('{"__proto__": "x", "constructor": "y"}'), ['labels'])).toStrictEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
  });

  it('refuses other objects, symbols and too many names', () => {
    expect(() => readRecord(new Map([['a', 'b']]) as never, ['labels'])).toThrow('got a Map');
    expect(() => readRecord({ [Symbol('a')]: 'b' } as never, ['labels'])).toThrow('symbol');
    expect(() => readRecord({ a: 1, b: 2 }, ['labels'], 'invalid-request', 1)).toThrow('at most 1');
  });
});

describe('unknownField', () => {
  it('says so where there are no fields', () => {
    expect(unknownField('x', [])).toBe('unknown field: There are none');
  });
});

describe('fieldNames', () => {
  it('gives the names in the order written', () => {
    expect(fieldNames<{ b: number; a?: string }>({ b: true, a: true })).toEqual(['b', 'a']);
  });
});
