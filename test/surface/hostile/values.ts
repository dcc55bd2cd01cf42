import { createContext, runInContext } from 'node:vm';
import { CorralError } from '../../../src/index.js';

/** One value that a careless or hostile caller may hand in. */
export interface HostileValue {
  readonly name: string;
  /** What it stands for: the sample of the gate takes one of each at every position. */
  readonly kind: string;
  /** Makes it anew, since some change when they are read; `original` is what belongs at the place, or undefined. */
  readonly make: (original: unknown) => unknown;
}

type Fields = Record<PropertyKey, unknown>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;
/** The original where it is an object, else an empty one. */
const objectOf = (original: unknown): object => (isObject(original) ? original : {});
const fieldsOf = (original: unknown): Fields => ({ ...objectOf(original) });
const listOf = (original: unknown): unknown[] => (Array.isArray(original) ? [...original] : [original]);
/** A copy of the same shape: a list stays a list. */
const copyOf = (original: unknown): object => (Array.isArray(original) ? [...original] : fieldsOf(original));
const LARGE = 1_000_000;
const EMPTY = {};

const realm = createContext({});
const otherRealm = (code: string): unknown => runInContext(`(${code})`, realm);

class Own {
  gpus = 1;
}
class OwnList extends Array<unknown> {}

/** What a getter or trap of the caller throws. */
class Mine extends Error {}
const mine = (): never => {
  throw new Mine('thrown by the caller');
};

/** A copy of the original in which one field after the other is a getter made by `getter`. */
function withGetters(original: unknown, getter: (value: unknown) => () => unknown): object {
  const copy = copyOf(original);
  const names = Object.keys(copy);
  for (const name of names.length > 0 ? names : ['gpus']) {
    const get = getter((copy as Fields)[name]);
    Object.defineProperty(copy, name, { get, enumerable: true, configurable: true });
  }
  return copy;
}

/** Answers the first values of a list, then the last one for ever. */
function inTurn(...answers: readonly unknown[]): () => unknown {
  let i = 0;
  return () => answers[Math.min(i++, answers.length - 1)];
}

function revoked(target: object): object {
  const { proxy, revoke } = Proxy.revocable(target, {});
  revoke();
  return proxy;
}

/** Whatever is read of it is another one like it. */
function endless(): object {
  return new Proxy(() => {}, {
    get: (_, name) => (name === Symbol.toPrimitive ? undefined : endless()),
    getPrototypeOf: () => Object.prototype,
    apply: () => endless(),
  });
}

/** A list-like proxy whose fields, at any depth, are again proxies, without end. */
function endlessObject(): object {
  return new Proxy(
    {},
    {
      get: (_, name) => (typeof name === 'symbol' ? undefined : endlessObject()),
      has: () => true,
      ownKeys: () => ['a', 'gpus', 'servers'],
      getOwnPropertyDescriptor: () => ({ value: endlessObject(), enumerable: true, configurable: true }),
    },
  );
}

/** As above, with so many fields at each level that a walk over all does not end. */
function endlessWide(): object {
  return new Proxy(
    {},
    {
      get: (_, name) => (typeof name === 'symbol' ? undefined : endlessWide()),
      ownKeys: () => WIDE,
      getOwnPropertyDescriptor: () => ({ value: endlessWide(), enumerable: true, configurable: true }),
    },
  );
}
const WIDE = Array.from({ length: 40 }, (_, i) => `n${i}`);

function endlessList(): object {
  return new Proxy([], { get: (target, name) => (name === '0' ? endlessList() : Reflect.get(target, name)) });
}

/** Proxies all the way down that behave: nothing but a look tells them from the original. */
function transparent(value: unknown): unknown {
  if (!isObject(value)) return value;
  return new Proxy(value, { get: (target, name) => Reflect.get(target, name) });
}

function lyingLength(original: unknown, length: () => unknown): object {
  return new Proxy(listOf(original), {
    get: (target, name, receiver) => (name === 'length' ? length() : Reflect.get(target, name, receiver)),
  });
}

function nested(depth: number, wrap: (inner: unknown) => unknown, core: unknown): unknown {
  let value = core;
  for (let i = 0; i < depth; i++) value = wrap(value);
  return value;
}

const lists = new Map<unknown, readonly unknown[]>();
/** A long list of one value; kept, since making it costs more than most calls. */
function long(of: unknown): readonly unknown[] {
  const known = lists.get(of);
  if (known !== undefined) return known;
  if (lists.size > 3) lists.clear();
  const list = new Array<unknown>(LARGE).fill(of);
  lists.set(of, list);
  return list;
}
let manyNames: object | undefined;

const fixed = (kind: string, named: Readonly<Record<string, unknown>>): HostileValue[] =>
  Object.entries(named).map(([name, value]) => ({ name, kind, make: () => value }));
const made = (
  kind: string,
  named: Readonly<Record<string, (original: unknown) => unknown>>,
): HostileValue[] => Object.entries(named).map(([name, make]) => ({ name, kind, make }));

const trap = (handler: ProxyHandler<object>) => (original: unknown) => new Proxy(copyOf(original), handler);
const throwing = (name: keyof ProxyHandler<object>) => trap({ [name]: mine });

/** Everything that is handed in, at every place. */
export const HOSTILE_VALUES: readonly HostileValue[] = [
  ...fixed('nothing', { undefined: undefined, null: null, true: true, false: false }),
  ...fixed('number', {
    0: 0,
    '-0': -0,
    1: 1,
    2: 2,
    '-1': -1,
    0.5: 0.5,
    17: 17,
    1000: 1000,
    1e6: 1e6,
    1e9: 1e9,
    1e15: 1e15,
    '5e-324': 5e-324,
    '1e-310': 1e-310,
    '1e-9': 1e-9,
    1e308: 1e308,
    '2^31': 2 ** 31,
    '-2^31': -(2 ** 31),
    '2^32': 2 ** 32,
    '2^53': 2 ** 53,
    NaN: Number.NaN,
    Infinity: Number.POSITIVE_INFINITY,
    '-Infinity': Number.NEGATIVE_INFINITY,
  }),
  ...fixed('primitive', {
    '1n': 1n,
    '-1n': -1n,
    '10^100000n': 10n ** 100_000n,
    symbol: Symbol('mine'),
    'Symbol.iterator': Symbol.iterator,
  }),
  ...fixed('boxed', {
    'new Number(1)': Object(1),
    'new String(x)': Object('x'),
    'new Boolean(false)': Object(false),
    'Object(1n)': Object(1n),
    'Object(symbol)': Object(Symbol('mine')),
  }),
  ...fixed('text', {
    "''": '',
    ' ': ' ',
    x: 'x',
    "'1'": '1',
    'dgx-h100': 'dgx-h100',
    server: 'server',
    cluster: 'cluster',
    rack: 'rack',
    'lone surrogate': '\ud800',
    'escape sequences': 'a\n\u001b[31mb\r\u2028\u0000',
    'right to left': '\u202e\u200b',
    'long text': 'a'.repeat(LARGE),
    'long text of lines': '1\n'.repeat(LARGE / 2),
    'long number': '9'.repeat(LARGE),
    markup: '<topology version="2.0"><object type="Machine"/></topology>',
  }),
  ...fixed(
    'name',
    Object.fromEntries(
      [
        '__proto__',
        'constructor',
        'prototype',
        'toString',
        'hasOwnProperty',
        'valueOf',
        'length',
        'then',
      ].map((name) => [`'${name}'`, name]),
    ),
  ),
  ...made('function', {
    'function of nothing': () => () => undefined,
    'function of 1': () => () => 1,
    'function of NaN': () => () => Number.NaN,
    'function of a bigint': () => () => 1n,
    'function of a symbol': () => () => Symbol('mine'),
    'function of itself': () =>
      function own(): unknown {
        return own;
      },
    'function that throws': () => mine,
    'function that throws nothing': () => () => {
      throw undefined;
    },
    'function that throws a revoked proxy': () => () => {
      throw revoked({});
    },
    'async function': () => async () => 1,
    'generator function': () =>
      function* () {
        yield 1;
      },
    class: () => Own,
    'endless function': endless,
    'revoked function': () => revoked(() => {}),
    'function of a revoked proxy': () => () => revoked({}),
    'function of an endless proxy': () => () => endlessObject(),
    'function with the fields of the original': (original) =>
      Object.defineProperties(() => 1, Object.getOwnPropertyDescriptors(fieldsOf(original))),
  }),
  ...made('object', {
    '{}': () => ({}),
    'unknown field': (original) => ({ ...fieldsOf(original), noSuchField: 1 }),
    'symbol key': (original) => ({ ...fieldsOf(original), [Symbol('mine')]: 1 }),
    'hidden fields': (original) => {
      const copy = fieldsOf(original);
      for (const name of Object.keys(copy)) Object.defineProperty(copy, name, { enumerable: false });
      return copy;
    },
    'hidden unknown field': (original) =>
      Object.defineProperty(fieldsOf(original), 'noSuchField', { value: 1, enumerable: false }),
    'every field null': (original) =>
      Object.fromEntries(Object.keys(fieldsOf(original)).map((name) => [name, null])),
    'every field a symbol': (original) =>
      Object.fromEntries(Object.keys(fieldsOf(original)).map((name) => [name, Symbol('mine')])),
    'conversions that throw': () => ({
      valueOf: mine,
      toString: mine,
      toJSON: mine,
      [Symbol.toPrimitive]: mine,
    }),
    // biome-ignore lint/suspicious/noThenProperty: what an await would call, if there were one.
    'then that throws': (original) => ({ ...fieldsOf(original), then: mine }),
    'tag that throws': (original) =>
      Object.defineProperty(fieldsOf(original), Symbol.toStringTag, { get: mine, enumerable: false }),
    'toJSON of its own': (original) => ({ ...fieldsOf(original), toJSON: () => ({ gpus: -500 }) }),
  }),
  ...made('list', {
    '[]': () => [],
    '[undefined]': () => [undefined],
    '[null]': () => [null],
    '[,]': () => new Array(1),
    '[, 1]': () => Object.assign(new Array(2), { 1: 1 }),
    'a hole in the original': (original) => {
      const list = listOf(original);
      delete list[0];
      return list;
    },
    'a hole behind the original': (original) =>
      Object.assign(listOf(original), { length: listOf(original).length + 1 }),
    'the original twice': (original) => [...listOf(original), ...listOf(original)],
    'list in a list': (original) => [original],
    'list in a list in a list': (original) => [[original]],
    'list of NaN': () => [Number.NaN, -1, 0.5],
    'fields on a list': (original) => Object.assign(listOf(original), { noSuchField: 1 }),
    'own map on a list': (original) =>
      Object.assign(listOf(original), { map: mine, forEach: mine, length: 1 }),
    'own iterator on a list': (original) => Object.assign(listOf(original), { [Symbol.iterator]: mine }),
    'endless iterator on a list': (original) =>
      Object.assign(listOf(original), {
        *[Symbol.iterator]() {
          for (;;) yield 0;
        },
      }),
    'own constructor on a list': (original) =>
      Object.assign(listOf(original), { constructor: { [Symbol.species]: mine } }),
    'list of a subclass': (original) => OwnList.from(listOf(original)),
  }),
  ...made('large', {
    '10^6 zeros': () => long(0),
    '10^6 times the first': (original) => (Array.isArray(original) ? long(original[0]) : long(original)),
    '10^6 times 1': () => long(1),
    '10^6 empty objects': () => long(EMPTY),
    'proxy: 10^7 zeros': () =>
      new Proxy([], { get: (_, name) => (name === 'length' ? 10_000_000 : 0), has: () => true }),
    '2^32 - 1 holes': () => new Array(2 ** 32 - 1),
    '10^7 holes': () => new Array(10_000_000),
    '10^5 names': () => {
      manyNames ??= Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`n${i}`, 1]));
      return manyNames;
    },
    '10^5 lists deep': () => nested(100_000, (inner) => [inner], 1),
    '10^5 objects deep': () => nested(100_000, (inner) => ({ gpus: inner }), 1),
  }),
  ...made('array-like', {
    'array-like': (original) => ({ ...listOf(original), length: listOf(original).length }),
    'array-like of 10^9': () => ({ length: 1e9 }),
    'array-like of -1': () => ({ length: -1 }),
    'array-like of a symbol': () => ({ length: Symbol('mine') }),
    arguments: (original) =>
      (function (..._: unknown[]) {
        // biome-ignore lint/complexity/noArguments: the object itself is what is handed in.
        return arguments;
      })(original),
    iterable: (original) => ({
      *[Symbol.iterator]() {
        yield* listOf(original);
      },
    }),
    'endless iterable': () => ({
      *[Symbol.iterator]() {
        for (;;) yield 1;
      },
    }),
    generator: () =>
      (function* () {
        yield 1;
      })(),
    Uint8Array: () => Uint8Array.of(0, 1),
    'Float64Array of 10^6': () => new Float64Array(LARGE),
    BigInt64Array: () => BigInt64Array.of(0n, 1n),
    ArrayBuffer: () => new ArrayBuffer(8),
    DataView: () => new DataView(new ArrayBuffer(8)),
    Buffer: () => Buffer.from('abc'),
  }),
  ...made('foreign', {
    Map: (original) => new Map(Object.entries(objectOf(original))),
    Set: (original) => new Set(listOf(original)),
    WeakMap: () => new WeakMap(),
    Date: () => new Date(0),
    'Date of nothing': () => new Date(Number.NaN),
    RegExp: () => /(a+)+$/,
    Promise: () => Promise.resolve(1),
    Error: () => new Error('x'),
    CorralError: () => new CorralError('invalid-option', ['x'], 'y'),
    URL: () => new URL('https://example.invalid/'),
    globalThis: () => globalThis,
    Math: () => Math,
    Reflect: () => Reflect,
    'class instance': () => new Own(),
    'class instance with the fields of the original': (original) =>
      Object.assign(new Own(), fieldsOf(original)),
    'object of a prototype with methods': (original) =>
      Object.assign(Object.create({ find: mine }), fieldsOf(original)),
  }),
  ...made('realm', {
    '{} of another realm': () => otherRealm('{}'),
    'list of another realm': () => otherRealm('[0, 1]'),
    'map of another realm': () => otherRealm('new Map([[1, 2]])'),
    'error of another realm': () => otherRealm('new TypeError("x")'),
    'the original in another realm': (original) => {
      const json = safeJson(original);
      return json === undefined
        ? otherRealm('undefined')
        : runInContext(`JSON.parse(${JSON.stringify(json)})`, realm);
    },
  }),
  ...made('copy', {
    'JSON copy': (original) => {
      const json = safeJson(original);
      return json === undefined ? undefined : JSON.parse(json);
    },
    structuredClone: (original) => {
      try {
        return structuredClone(original);
      } catch {
        return fieldsOf(original);
      }
    },
    'spread copy': copyOf,
    'copy without prototype': (original) => Object.assign(Object.create(null), objectOf(original)),
    'object that inherits the original': (original) => Object.create(objectOf(original)),
    'frozen copy': (original) => Object.freeze(copyOf(original)),
    'sealed copy': (original) => Object.seal(copyOf(original)),
    'copy with another prototype': (original) => Object.setPrototypeOf(copyOf(original), { noSuchField: 1 }),
    'empty prototype of a list': (original) => Object.setPrototypeOf(listOf(original), null),
  }),
  ...made('getter', {
    'getters that behave': (original) => withGetters(original, (value) => () => value),
    'getters that throw': (original) => withGetters(original, () => mine),
    'getters that throw nothing': (original) =>
      withGetters(original, () => () => {
        throw undefined;
      }),
    'getters that throw a revoked proxy': (original) =>
      withGetters(original, () => () => {
        throw revoked({});
      }),
    'getters: right, then -500': (original) => withGetters(original, (value) => inTurn(value, -500)),
    'getters: right twice, then null': (original) =>
      withGetters(original, (value) => inTurn(value, value, null)),
    'getters: right thrice, then a symbol': (original) =>
      withGetters(original, (value) => inTurn(value, value, value, Symbol('mine'))),
    'getters: right, then nothing': (original) => withGetters(original, (value) => inTurn(value, undefined)),
    'getters: nothing, then a list': (original) => withGetters(original, () => inTurn(undefined, [])),
    'getters: 1, then 10^9': (original) => withGetters(original, () => inTurn(1, 1e9)),
    'getters that clear the object': (original) => {
      const copy = withGetters(original, (value) => () => {
        for (const name of Object.keys(copy)) delete (copy as Fields)[name];
        return value;
      });
      return copy;
    },
  }),
  ...made('proxy', {
    'proxy that behaves': (original) => (isObject(original) ? transparent(original) : new Proxy({}, {})),
    'proxy of proxies that behave': (original) =>
      trap({ get: (target, name) => transparent(Reflect.get(target, name)) })(original),
    'revoked proxy of an object': () => revoked({}),
    'revoked proxy of a list': () => revoked([]),
    'proxy: get throws': throwing('get'),
    'proxy: has throws': throwing('has'),
    'proxy: ownKeys throws': throwing('ownKeys'),
    'proxy: getOwnPropertyDescriptor throws': throwing('getOwnPropertyDescriptor'),
    'proxy: getPrototypeOf throws': throwing('getPrototypeOf'),
    'proxy: everything throws': (original) => new Proxy(copyOf(original), new Proxy({}, { get: () => mine })),
    'proxy: nothing can be written': trap({
      set: () => false,
      defineProperty: () => false,
      deleteProperty: () => false,
    }),
    'proxy: everything written throws': trap({ set: mine, defineProperty: mine, deleteProperty: mine }),
    'proxy: fields at random': () => {
      let i = 0;
      return new Proxy(
        {},
        { get: () => [1, 'x', null, [], -5, undefined][i++ % 6], has: () => i++ % 2 === 0 },
      );
    },
    'proxy: every field 1': trap({ get: (_, name) => (typeof name === 'symbol' ? undefined : 1) }),
    'proxy: every field null': trap({ get: () => null }),
    'proxy: every name is there': trap({ has: () => true }),
    'proxy: no names': (original) => new Proxy(fieldsOf(original), { ownKeys: () => [] }),
    'proxy: 10^5 names': () =>
      new Proxy(
        {},
        {
          ownKeys: () => Array.from({ length: 100_000 }, (_, i) => `n${i}`),
          getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }),
        },
      ),
    'proxy: other names each time': () => {
      let i = 0;
      return new Proxy(
        {},
        {
          ownKeys: () => [`n${i++}`],
          getOwnPropertyDescriptor: () => ({ value: 1, enumerable: true, configurable: true }),
          get: () => 1,
        },
      );
    },
    'proxy: length 10^9': (original) => lyingLength(original, () => 1e9),
    'proxy: length 2^53': (original) => lyingLength(original, () => 2 ** 53),
    'proxy: length Infinity': (original) => lyingLength(original, () => Number.POSITIVE_INFINITY),
    'proxy: length -1': (original) => lyingLength(original, () => -1),
    'proxy: length NaN': (original) => lyingLength(original, () => Number.NaN),
    'proxy: length a text': (original) => lyingLength(original, () => '3'),
    'proxy: length a symbol': (original) => lyingLength(original, () => Symbol('mine')),
    'proxy: length a bigint': (original) => lyingLength(original, () => 3n),
    'proxy: length grows': (original) => {
      let length = 0;
      return lyingLength(original, () => ++length);
    },
    'proxy: length right, then 10^9': (original) =>
      lyingLength(original, inTurn(listOf(original).length, 1e9) as () => unknown),
    'proxy: endless objects': endlessObject,
    'proxy: endless objects of 40 fields': endlessWide,
    'proxy: endless lists': endlessList,
    'proxy: prototype of itself': () => {
      const self: object = new Proxy({}, { getPrototypeOf: () => self });
      return self;
    },
    'proxy: new prototypes without end': () => {
      const handler: ProxyHandler<object> = { getPrototypeOf: () => new Proxy({}, handler) };
      return new Proxy({}, handler);
    },
    'proxy: another prototype each time': () => {
      let i = 0;
      return new Proxy({}, { getPrototypeOf: () => (i++ % 2 === 0 ? Object.prototype : Map.prototype) });
    },
  }),
  ...made('cycle', {
    'object in itself': (original) => {
      const copy = fieldsOf(original);
      for (const name of [...Object.keys(copy), 'gpus']) copy[name] = copy;
      return copy;
    },
    'list in itself': () => {
      const list: unknown[] = [];
      list.push(list, list);
      return list;
    },
    'list in its own elements': (original) => {
      const list = listOf(original);
      list.push(list);
      return list;
    },
    'map in itself': () => {
      const map = new Map<unknown, unknown>();
      return map.set(map, map);
    },
  }),
  ...made('prototype', {
    'own __proto__': () => JSON.parse('{"__proto__": {"polluted": 1, "gpus": 8}}'),
    'own __proto__ beside the fields': (original) =>
      Object.defineProperty(copyOf(original), '__proto__', {
        value: { polluted: 1 },
        enumerable: true,
        configurable: true,
        writable: true,
      }),
    'constructor.prototype': () => JSON.parse('{"constructor": {"prototype": {"polluted": 1}}}'),
    'names of Object.prototype': () => ({ toString: 1, hasOwnProperty: 1, valueOf: 1, isPrototypeOf: 1 }),
    '__proto__ in a list': () => JSON.parse('["__proto__", {"__proto__": []}]'),
    'a prototype with accessors': () =>
      Object.create({
        get polluted(): unknown {
          return mine();
        },
      }),
    'Object.prototype': () => Object.prototype,
    'Array.prototype': () => Array.prototype,
  }),
];

function safeJson(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}
