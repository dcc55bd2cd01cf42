import { inspect } from 'node:util';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topology } from '../src/catalogue/index.js';
import { quote } from '../src/errors.js';
import { fromOpenbNodes } from '../src/formats/index.js';
import {
  CorralError,
  type CorralErrorCode,
  compile,
  type Placement,
  type Snapshot,
  serverTopology,
} from '../src/index.js';
import { gpuBox } from './placement/random-cluster.js';

const caught = (call: () => unknown): unknown => {
  try {
    return call();
  } catch (error) {
    return error;
  }
};

/** One way to each code; the type holds that none is forgotten and none invented. */
const WAYS: Record<CorralErrorCode, () => unknown> = {
  'invalid-document': () => serverTopology({}),
  'duplicate-id': () =>
    serverTopology({ ...gpuBox(1), devices: [...gpuBox(1).devices, ...gpuBox(1).devices] }),
  'unknown-reference': () =>
    serverTopology({
      ...gpuBox(1),
      links: [
        {
          between: ['g0', 'gone'],
          medium: 'pcie',
          bandwidthGBps: 1,
          basis: 'raw',
          source: 's',
          verified: false,
        },
      ],
    }),
  'invalid-format': () => fromOpenbNodes(''),
  'invalid-option': () => compile(serverTopology(gpuBox(1)), { seed: 0.5 }),
  'invalid-request': () => compile(serverTopology(gpuBox(1))).place({ gpus: -1 }),
  'unknown-placement': () => compile(serverTopology(gpuBox(1))).release({} as Placement),
  'unknown-snapshot': () => compile(serverTopology(gpuBox(1))).restore({} as Snapshot),
  'unknown-topology': () => topology('no such machine' as never),
  'limit-exceeded': () => serverTopology(gpuBox(17)),
};

describe('CorralError', () => {
  it.each(Object.entries(WAYS))('is thrown with every code of the list: %s', (code, call) => {
    const error = caught(call);
    expect(error).toBeInstanceOf(CorralError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'CorralError', code });
  });

  it('puts the path before the problem, as one would write it in JavaScript', () => {
    const message = (path: (string | number)[]): string =>
      new CorralError('invalid-document', path, 'expected more').message;
    expect(message([])).toBe('expected more');
    expect(message(['tiers'])).toBe('tiers: expected more');
    expect(message(['links', 3, 'between', 0])).toBe('links[3].between[0]: expected more');
    expect(message([2, 'id'])).toBe('[2].id: expected more');
  });

  it('does not fail itself, whatever it is made of', () => {
    const made = (path: unknown, problem: unknown = 'x', options?: unknown): CorralError =>
      new CorralError('invalid-option', path as never, problem as never, options as never);
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    expect(made(null).message).toBe('x');
    expect(made(proxy, proxy, proxy).path).toEqual([]);
    expect(made([Symbol('s'), 2, [1]]).path).toEqual(['a value of type symbol', 2, 'a list of 1']);
    expect(made(new Array(1e9)).path.length).toBeLessThan(100);
    expect(made([], 1n).message).toBe('1n');
    expect(made(['a']).inside(null as never).path).toEqual(['a']);
    const cause = new Error('y');
    expect(made([], 'x', { cause }).cause).toBe(cause);
    expect('cause' in made([])).toBe(false);
  });

  it('hands out code and path as given', () => {
    const error = new CorralError('limit-exceeded', ['a', 1], 'x');
    expect([error.code, error.path]).toEqual(['limit-exceeded', ['a', 1]]);
  });

  it('says what it is wherever it is printed: in the stack, by inspect, as text, in JSON', () => {
    const error = caught(() => topology('no such machine' as never)) as CorralError;
    expect(error.stack).toMatch(/^CorralError: no topology "no such machine"/);
    expect(String(error)).toMatch(/^CorralError: no topology/);
    expect(inspect(error)).toMatch(/^CorralError: no topology[\s\S]*code: 'unknown-topology',\s+path: \[\]/);
    expect(inspect(error)).not.toMatch(/name:|\bError:/);
    expect(JSON.parse(JSON.stringify(error))).toEqual({
      name: 'CorralError',
      code: 'unknown-topology',
      path: [],
      message: error.message,
    });
    expect(error.inside(['a', 0]).stack).toMatch(/^CorralError: a\[0\]: no topology/);
  });

  it('keeps its message to one line, however long or odd the names in the path are', () => {
    const hostile = `a\nb\u001b[31m${'x'.repeat(10_000)}`;
    const error = caught(() => serverTopology({ ...gpuBox(1), [hostile]: 1 })) as CorralError;
    expect(error.path).toEqual([hostile]);
    expect(hasControls(error.message)).toBe(false);
    expect(error.message.length).toBeLessThan(500);
    // Cut, not left out.
    expect(error.message).toMatch(/a.*b.*xxx.*: unknown field/);
  });
});

/** Characters that end a line or steer a terminal. */
function hasControls(text: string): boolean {
  return [...text].some((character) => {
    const code = character.codePointAt(0)!;
    return code < 32 || (code >= 127 && code < 160) || code === 0x2028 || code === 0x2029;
  });
}

describe('quote', () => {
  // Not it.each: its titles spell the values as JSON, which has no bigint.
  const shown: [unknown, string][] = [
    ['a "b"\n', '"a \\"b\\"\\n"'],
    [1.5, '1.5'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
    [new (class Request {})(), 'an instance of Request'],
    [new Map(), 'a Map'],
    [10n, '10n'],
    [null, 'null'],
    [undefined, 'undefined'],
    [true, 'true'],
    [[1, 2], 'a list of 2'],
    [{ a: 1 }, 'a value of type object'],
    [Symbol('s'), 'a value of type symbol'],
    [() => 1, 'a value of type function'],
  ];
  it('shows plain values as JavaScript spells them, others by their kind', () => {
    expect(shown.map(([value]) => quote(value))).toEqual(shown.map(([, text]) => text));
  });

  it('cuts what is long, and says so', () => {
    expect(quote('x'.repeat(1000))).toBe(`"${'x'.repeat(79)}…`);
    expect(quote('x'.repeat(78))).toBe(`"${'x'.repeat(78)}"`);
    expect(quote(10n ** 500n)).toBe('a huge bigint');
  });

  it('takes anything, hostile values too', () => {
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    const hostile = {
      toString: () => {
        throw new Error('no');
      },
      toJSON: () => {
        throw new Error('no');
      },
    };
    expect([cyclic, hostile, Object.create(null)].map(quote)).toEqual([
      'a list of 1',
      'a value of type object',
      'a value of type object',
    ]);
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withNullPrototype: true }), (value) => {
        expect(quote(value).length).toBeLessThanOrEqual(81);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });

  it('stays on one line', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(hasControls(quote(text))).toBe(false);
      }),
      { seed: 1, numRuns: 5000 },
    );
    expect(hasControls(quote('\u2028\u0085\u009b'))).toBe(false);
  });
});
