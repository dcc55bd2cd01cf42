import * as fc from 'fast-check';

/** Values that readers of attributes trip over, and some that change what an element is. */
const VALUES = [
  '',
  ' ',
  '0',
  '-0',
  '-1',
  '+1',
  '7',
  '0x10',
  '0x',
  '1.5',
  '1e9',
  '1024',
  '1025',
  '2147483647',
  '2147483648',
  '99999999999',
  'NaN',
  '0000:02:00.0',
  '0:2:0.0',
  'fffffff:ffff:ff',
  '0x030200',
  '0x020000',
  '0x068000',
  '0x068001',
  '0x080100',
  '0x120000',
  'arm64',
  'GenuineIntel',
  'gfx942',
  '910',
  '32 GT/s PCIe/s',
  '__proto__',
  'constructor',
  'toString',
  '\u2028',
  '\uD800',
  '&amp;',
  'x'.repeat(2000),
] as const;

/** Texts made from `texts` by giving other values to some attributes, or leaving some out. */
export function withOddValues(texts: readonly string[]): fc.Arbitrary<string> {
  const change = fc.record({
    at: fc.nat(1000),
    value: fc.option(fc.oneof(fc.constantFrom(...VALUES), fc.string({ maxLength: 5 })), { freq: 10 }),
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(change, { minLength: 1, maxLength: 6 }))
    .map(([text, changes]) => changes.reduce((t, { at, value }) => withValue(t, at, value), text));
}

function withValue(text: string, at: number, value: string | null): string {
  const found = [...text.matchAll(/ ([\w-]+)="([^"]*)"/g)];
  const attribute = found[at % Math.max(1, found.length)];
  if (attribute === undefined) return text;
  const written = value === null ? '' : ` ${attribute[1]}="${value.replace(/["<]/g, '')}"`;
  return text.slice(0, attribute.index) + written + text.slice(attribute.index + attribute[0].length);
}
