import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  fromAlibabaInstances2025,
  fromHwlocXml,
  fromNcclXml,
  fromNvidiaSmiTopo,
  fromOpenbNodes,
  fromRocmSmiTopo,
  fromSwf,
} from '../../../src/formats/index.js';
import { readText } from '../../../src/formats/text/read-text.js';

const EXPECTED = { what: 'the text of a log', lengthMax: 8192, remedy: 'split it' };

describe('readText', () => {
  it('returns a text, without a byte order mark', () => {
    expect(readText('a,b\n1,2', EXPECTED)).toBe('a,b\n1,2');
    expect(readText('\uFEFFa', EXPECTED)).toBe('a');
    expect(readText('', EXPECTED)).toBe('');
  });

  it('refuses a text that is too long', () => {
    expect(() => readText('x'.repeat(8193), EXPECTED)).toThrow('8193 characters, at most 8192: split it');
  });

  const gz = gzipSync('1 2 3');
  const readers: [string, (text: string) => unknown][] = [
    ['fromSwf', fromSwf],
    ['fromOpenbNodes', fromOpenbNodes],
    ['fromAlibabaInstances2025', fromAlibabaInstances2025],
    ['fromHwlocXml', fromHwlocXml],
    ['fromNcclXml', fromNcclXml],
    ['fromNvidiaSmiTopo', fromNvidiaSmiTopo],
    ['fromRocmSmiTopo', fromRocmSmiTopo],
  ];

  describe.each(readers)('stands before %s, which', (_, read) => {
    it.each<[string, unknown, RegExp]>([
      ['bytes of gzip', gz, /packed with gzip/],
      ['gzip read as UTF-8', gz.toString('utf8'), /packed with gzip/],
      ['gzip read as Latin-1', gz.toString('latin1'), /packed with gzip/],
      ['bytes of a text', new TextEncoder().encode('1 2 3'), /5 bytes: decode them first/],
      ['UTF-16', '\uFFFD\uFFFDG\0P\0U\0', /UTF-16/],
      ['UTF-16 without a mark', 'G\0P\0U\0', /UTF-16/],
      ['a zip archive', 'PK\u0003\u0004', /zip archive/],
      ['a file name', 'logs/HPC2N-2002.swf.gz', /name of a file/],
      ['nothing', undefined, /got undefined/],
    ])('names %s', (__, input, message) => {
      const expected = { name: 'CorralError', code: 'invalid-format', path: [] };
      expect(() => read(input as string)).toThrow(expect.objectContaining(expected));
      expect(() => read(input as string)).toThrow(message);
    });
  });
});

describe('what is no text', () => {
  const revoked = Proxy.revocable(new Uint8Array(3), {});
  revoked.revoke();
  const withGetter = Object.defineProperty(new Uint8Array(3), 'byteLength', {
    get: () => {
      throw new RangeError('no');
    },
  });
  it.each<[string, unknown]>([
    ['a proxied array of bytes', new Proxy(new Uint8Array([0x1f, 0x8b]), {})],
    ['a revoked proxy', revoked.proxy],
    ['bytes whose length throws', withGetter],
    ['bytes of a buffer that was moved', moved()],
    ['shared bytes', new Uint8Array(new SharedArrayBuffer(4))],
    ['a shared buffer', new SharedArrayBuffer(4)],
    ['a buffer', new ArrayBuffer(4)],
    ['a view', new DataView(new ArrayBuffer(4))],
    ['floats', new Float64Array(4)],
    ['a text as an object', new String('1 2 3')],
    ['an object that becomes a text', { toString: () => '1 2 3' }],
    ['a symbol', Symbol('x')],
    ['a big integer', 10n ** 20n],
    ['a function', () => '1 2 3'],
  ])('is refused and named: %s', (_, input) => {
    expect(() => readText(input, EXPECTED)).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-format', path: [] }),
    );
  });
});

function moved(): Uint8Array {
  const bytes = new Uint8Array(4);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
}
