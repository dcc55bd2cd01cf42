import { describe, expect, it } from 'vitest';
import { callForeign, plainData, readList } from '../../src/checks/plain-data.js';
import { CorralError } from '../../src/errors.js';

describe('readList', () => {
  it('copies, so that later changes of the list are not seen', () => {
    const given = [1, 2];
    const copy = readList(given, ['ids']);
    given.length = 0;
    expect(copy).toStrictEqual([1, 2]);
    expect(readList([undefined], ['ids'])).toStrictEqual([undefined]);
  });

  it.each([['ab'], [3], [null], [{ length: 1, 0: 1 }], [new Uint8Array(2)]])(
    'refuses what is no list: %s',
    (given) => {
      expect(() => readList(given as never, ['ids'])).toThrow(
        expect.objectContaining({ code: 'invalid-option', path: ['ids'] }),
      );
    },
  );

  it('refuses a hole, with its position', () => {
    const given = [1, 2, 3];
    delete given[1];
    expect(() => readList(given, ['ids'])).toThrow(expect.objectContaining({ path: ['ids', 1] }));
  });

  it('checks the length before it walks', () => {
    const lying = (length: unknown): number[] =>
      new Proxy([1], { get: (target, key) => (key === 'length' ? length : Reflect.get(target, key)) });
    for (const length of [Number.POSITIVE_INFINITY, 2 ** 40, -1, '1', 0.5, Number.NaN, Symbol('1')]) {
      expect(() => readList(lying(length), ['ids'])).toThrow(CorralError);
    }
    expect(() => readList([1, 2, 3], ['ids'], 'invalid-request', 2)).toThrow('at most 2');
  });
});

describe('plainData', () => {
  it('copies what stands in several places once', () => {
    let nested: unknown = [0];
    for (let level = 0; level < 9; level++) nested = new Array(100).fill(nested);
    const copy = plainData(nested, [], 'invalid-option') as unknown[];
    expect(copy[0] === copy[99]).toBe(true);
    expect(copy !== nested).toBe(true);
  });

  const read = (value: unknown): unknown => plainData(value, ['document'], 'invalid-document');

  it('copies all levels', () => {
    const given = { a: [{ b: null }], c: undefined };
    const copy = read(given);
    expect(copy).toStrictEqual(given);
    given.a[0]!.b = 1 as never;
    expect(copy).toStrictEqual({ a: [{ b: null }], c: undefined });
  });

  it('lets values stand several times, but not within themselves', () => {
    const shared = { a: 1 };
    expect(read([shared, shared])).toStrictEqual([{ a: 1 }, { a: 1 }]);
    const cycle: unknown[] = [];
    cycle.push({ cycle });
    expect(() => read(cycle)).toThrow(expect.objectContaining({ path: ['document', 0, 'cycle'] }));
  });

  it('ends where proxies go on for ever', () => {
    const endless = (): object => new Proxy({ a: 1 }, { get: endless });
    expect(() => read(endless())).toThrow('levels');
    const base: object = new Proxy({}, { getPrototypeOf: () => base });
    expect(() => read(base)).toThrow('plain data');
  });

  it.each([
    ['a map', new Map(), ['document', 'x']],
    ['a date', new Date(0), ['document', 'x']],
    ['bytes', new Uint8Array(2), ['document', 'x']],
    ['a function', () => 1, ['document', 'x']],
    ['a symbol as a field', { [Symbol('s')]: 1 }, ['document', 'x']],
    ['a name that reaches the prototype', JSON.parse('{"__proto__": 1}'), ['document', 'x', '__proto__']],
    // biome-ignore lint/suspicious/noSparseArray: a hole is what is tested
    ['a hole', [1, , 2], ['document', 'x', 1]],
  ])('refuses %s', (_, value, path) => {
    expect(() => read({ x: value })).toThrow(expect.objectContaining({ code: 'invalid-document', path }));
  });
});

describe('callForeign', () => {
  it('keeps what was thrown as the cause, whatever it is', () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    for (const thrown of [new Error('no'), 'no', undefined, proxy]) {
      const call = (): never => {
        throw thrown;
      };
      try {
        callForeign(call, ['policy']);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(CorralError);
        expect((error as CorralError).cause).toBe(thrown);
      }
    }
  });

  it('lets a CorralError be as it is', () => {
    const error = new CorralError('invalid-request', ['gpus'], 'no');
    expect(() =>
      callForeign(() => {
        throw error;
      }, ['policy']),
    ).toThrow(error);
  });
});
