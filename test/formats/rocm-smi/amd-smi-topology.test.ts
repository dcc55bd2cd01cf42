import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../../src/bandwidth/index.js';
import { topology } from '../../../src/catalogue/index.js';
import { CorralError } from '../../../src/errors.js';
import { fromAmdSmiTopology, fromRocmSmiTopo, toRocmSmiTopo } from '../../../src/formats/index.js';
import { relationMatrix } from '../../../src/topology/relation.js';
import type { ServerDocument } from '../../../src/topology/server-document.js';
import { serverTopology } from '../../../src/topology/server-topology.js';
import { caught } from '../../catalogue/caught.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

const TITLES = {
  access: 'ACCESS TABLE',
  weight: 'WEIGHT TABLE',
  hops: 'HOPS TABLE',
  type: 'LINK TYPE TABLE',
  bandwidth: 'NUMA BW TABLE',
  coherent: 'CACHE COHERANCY TABLE',
  atomics: 'ATOMICS TABLE',
  direction: 'BI-DIRECTIONAL TABLE',
};
type Section = keyof typeof TITLES;

/** One table as amd-smi prints it, written for these tests. */
function table(section: Section, count: number, cell: (a: number, b: number) => string | number): string {
  const address = (i: number): string => `0000:${(0x0c + 22 * i).toString(16).padStart(2, '0')}:00.0`;
  const all = Array.from({ length: count }, (_, i) => i);
  const line = (head: string, cells: readonly (string | number)[]): string =>
    `${head.padEnd(13)}${cells.map((text) => String(text).padEnd(13)).join('')}`.trimEnd();
  return [
    `${TITLES[section]}:`,
    line('', all.map(address)),
    ...all.map((a) =>
      line(
        address(a),
        all.map((b) => cell(a, b)),
      ),
    ),
    '',
  ].join('\n');
}

const LEGEND = `
Legend:
  SELF = Current GPU
  ENABLED / DISABLED = Link is enabled or disabled
  N/A = Not supported
  T/F = True / False
  64,32 = 64 bit and 32 bit atomic support
  <BW from>-<BW to>
`;

/** All tables of a full mesh of eight. */
function mesh(bandwidth: string, weight = 15): string {
  const off = (diagonal: string | number, other: string | number) => (a: number, b: number) =>
    a === b ? diagonal : other;
  return [
    table('access', 8, () => 'ENABLED'),
    table('weight', 8, off(0, weight)),
    table('hops', 8, off(0, 1)),
    table('type', 8, off('SELF', 'XGMI')),
    table('bandwidth', 8, off('N/A', bandwidth)),
    table('coherent', 8, off('SELF', 'C')),
    table('atomics', 8, off('SELF', '64,32')),
    table('direction', 8, off('SELF', 'T')),
    LEGEND,
  ].join('\n');
}

const bandwidthOf = (document: ServerDocument, gpus: readonly number[]): number =>
  collectiveBandwidth(serverTopology(document), gpus);
const ALL = [0, 1, 2, 3, 4, 5, 6, 7];

describe('fromAmdSmiTopology', () => {
  it('reads eight MI300X as the catalogue has them, whose line rate the driver prints as that of MI200', () => {
    const document = fromAmdSmiTopology(mesh('50000-50000'));
    const known = topology('mi300x-8');
    expect(bandwidthOf(document, [0, 1])).toBe(48);
    expect(bandwidthOf(document, ALL)).toBe(collectiveBandwidth(known, ALL));
    expect(document.links.every(({ verified }) => !verified)).toBe(true);
    expect(document.name).toBe('amd-smi-topology');
    expect(document.notes!.join()).toContain('PCI addresses: GPU0 0000:0c:00.0, GPU1 0000:22:00.0');
  });

  it('takes bandwidths of 0-0 and weights of 0, as virtual machines have them, for ones not known', () => {
    const document = fromAmdSmiTopology(mesh('0-0', 0));
    expect(document.links.filter(({ medium }) => medium === 'xgmi')).toHaveLength(28);
    expect(bandwidthOf(document, ALL)).toBe(336);
    expect(document.notes!.join()).toContain('does not say how many xGMI links');
  });

  it('reads GPUs on PCIe', () => {
    const text = [
      table('weight', 3, (a, b) => (a === b ? 0 : a + b === 1 ? 40 : 72)),
      table('hops', 3, (a, b) => (a === b ? 0 : a + b === 1 ? 2 : 3)),
      table('type', 3, (a, b) => (a === b ? 'SELF' : 'PCIE')),
      table('bandwidth', 3, () => 'N/A'),
    ].join('\n');
    expect(relationMatrix(serverTopology(fromAmdSmiTopology(text))).cells).toEqual([
      ['X', 'NODE', 'SYS'],
      ['NODE', 'X', 'SYS'],
      ['SYS', 'SYS', 'X'],
    ]);
  });

  it('reads the links of pairs of MI250X from the bandwidths: 1, 2 and 4', () => {
    const links = (a: number, b: number): number => (a + b === 1 ? 4 : a + b === 2 ? 2 : 1);
    const text = [
      table('type', 3, (a, b) => (a === b ? 'SELF' : 'XGMI')),
      table('bandwidth', 3, (a, b) => (a === b ? 'N/A' : `50000-${50_000 * links(a, b)}`)),
    ].join('\n');
    const document = fromAmdSmiTopology(text, { gpuModel: 'MI250X' });
    expect(document.links.filter(({ medium }) => medium === 'xgmi').map(({ links: count }) => count)).toEqual(
      [4, 2, 1],
    );
    expect(bandwidthOf(document, [0, 1])).toBe(144);
  });

  const DRAWN = relationMatrix(serverTopology(fromAmdSmiTopology(mesh('50000-50000')))).cells;

  it.each<[string, (text: string) => string]>([
    ['with Windows line ends', (text) => text.replaceAll('\n', '\r\n')],
    ['with tabs', (text) => text.replace(/ {2,}/g, '\t')],
    ['with a prefix before every line', (text) => text.replace(/^/gm, '2025-11-03T10:00:00Z pod-7 ')],
    ['as a quotation', (text) => text.replace(/^/gm, '> ')],
    [
      'as a table of Markdown',
      (text) =>
        text.replace(/^(0000:\S+) +(.*)$/gm, (_, a, b) => `| **${a}** | ${b.split(/ +/).join(' | ')} |`),
    ],
    ['with remarks', (text) => text.replace(/^(0000:22:00.0 .*)$/gm, '$1  <- slow')],
    ['with colours', (text) => text.replace(/^(.* TABLE:)$/gm, '\u001b[1;32m$1\u001b[0m')],
    [
      'without the tables that it does not need',
      (text) => text.slice(text.indexOf('WEIGHT'), text.indexOf('CACHE')),
    ],
    ['with the output of rocm-smi beside', (text) => `${toRocmSmiTopo(topology('mi300a-4'))}\n${text}`],
    [
      'between other output',
      (text) => `$ amd-smi topology\n${text}\n$ amd-smi list\nGPU: 0\n    BDF: 0000:0c:00.0\n`,
    ],
  ])('reads the text %s', (_, change) => {
    const text = change(mesh('50000-50000'));
    expect(text).not.toBe(mesh('50000-50000'));
    expect(relationMatrix(serverTopology(fromAmdSmiTopology(text))).cells).toEqual(DRAWN);
  });

  it('is what fromRocmSmiTopo makes of the same text, and reads what rocm-smi prints', () => {
    const text = mesh('50000-50000');
    expect(fromRocmSmiTopo(text)).toEqual(fromAmdSmiTopology(text));
    const printed = toRocmSmiTopo(topology('mi300x-8'));
    expect(fromAmdSmiTopology(printed)).toEqual(fromRocmSmiTopo(printed));
  });

  it('names GPUs in options by number', () => {
    const text = table('type', 2, (a, b) => (a === b ? 'SELF' : 'XGMI'));
    const document = fromAmdSmiTopology(text, {
      gpuModel: 'MI250X',
      xgmiLinks: [{ between: ['GPU0', 'GPU1'], links: 4 }],
    });
    expect(bandwidthOf(document, [0, 1])).toBe(144);
  });

  it('says what it expects of a text without a table', () => {
    const error = caught(() => fromAmdSmiTopology('amd-smi: command not found'));
    expect(error).toMatchObject({ code: 'invalid-format', path: [] });
    expect(error.message).toMatch(/"WEIGHT TABLE".*give the output of amd-smi topology/);
    expect(() => fromAmdSmiTopology('')).toThrow(CorralError);
  });

  it('throws nothing but CorralError for a spoiled text, and what it reads is a server', () => {
    const texts = [mesh('50000-50000'), mesh('0-0', 0)];
    fc.assert(
      fc.property(fc.oneof(mutatedText(texts), truncatedText(texts)), (text) => {
        let document: ServerDocument;
        try {
          document = fromAmdSmiTopology(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CorralError);
          return;
        }
        expect(() => serverTopology(document)).not.toThrow();
      }),
      { numRuns: 300 },
    );
  });
});
