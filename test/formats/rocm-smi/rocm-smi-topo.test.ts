import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../../src/bandwidth/index.js';
import { type TopologyName, topology, topologyNames } from '../../../src/catalogue/index.js';
import { CorralError } from '../../../src/errors.js';
import { fromRocmSmiTopo, type RocmSmiTopoOptions, toRocmSmiTopo } from '../../../src/formats/index.js';
import { relation, relationMatrix } from '../../../src/topology/relation.js';
import type { ServerDocument } from '../../../src/topology/server-document.js';
import { serverTopology } from '../../../src/topology/server-topology.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { caught } from '../../catalogue/caught.js';
import { describeWithShared } from '../../shared-data.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

const TITLES = {
  weight: 'Weight between two GPUs',
  hops: 'Hops between two GPUs',
  type: 'Link Type between two GPUs',
  bandwidth: 'Bandwidth',
};

/** One matrix as the tool prints it, written for these tests. */
function matrix(section: keyof typeof TITLES, rows: readonly string[], labels?: readonly string[]): string {
  const names = labels ?? rows.map((_, i) => `GPU${i}`);
  const line = (head: string, cells: readonly string[]): string =>
    `${head.padEnd(6)} ${cells.map((cell) => `${cell.padEnd(12)} `).join('')}`;
  return [
    `==================== ${TITLES[section]} ====================`,
    line('', names),
    ...rows.map((row, i) => line(names[i]!, row.trim().split(/\s+/))),
    '',
  ].join('\n');
}

const numa = (...nodes: (number | string)[]): string =>
  [
    '============ Numa Nodes ============',
    ...nodes.flatMap((node, i) => [
      `GPU[${i}]\t\t: (Topology) Numa Node: ${node}`,
      `GPU[${i}]\t\t: (Topology) Numa Affinity: ${node}`,
    ]),
    '======= End of ROCm SMI Log =======',
  ].join('\n');

/** Two pairs of xGMI neighbours, one pair in each NUMA node, PCIe between the nodes. */
const WEIGHT = matrix('weight', ['0 15 72 72', '15 0 72 72', '72 72 0 15', '72 72 15 0']);
const HOPS = matrix('hops', ['0 1 3 3', '1 0 3 3', '3 3 0 1', '3 3 1 0']);
const TYPE = matrix('type', ['0 XGMI PCIE PCIE', 'XGMI 0 PCIE PCIE', 'PCIE PCIE 0 XGMI', 'PCIE PCIE XGMI 0']);
const NUMA = numa(0, 0, 1, 1);
const PAIRS = [WEIGHT, HOPS, TYPE, NUMA].join('\n');
/** Another machine, as amd-smi prints it. */
const AMD = 'LINK TYPE TABLE:\n 0000:c1:00.0\n0000:c1:00.0 SELF\n\nLegend:\n  SELF = Current GPU\n';
const PAIR_WORDS = [
  ['X', 'XGMI', 'SYS', 'SYS'],
  ['XGMI', 'X', 'SYS', 'SYS'],
  ['SYS', 'SYS', 'X', 'XGMI'],
  ['SYS', 'SYS', 'XGMI', 'X'],
];
/** Three GPUs in a row: the outer ones reach each other over the middle one. */
const CHAIN_WEIGHT = matrix('weight', ['0 15 30', '15 0 15', '30 15 0']);
const CHAIN_TYPE = matrix('type', ['0 XGMI XGMI', 'XGMI 0 XGMI', 'XGMI XGMI 0']);
const CHAIN_BANDWIDTH = matrix('bandwidth', [
  'N/A 50000-200000 0-0',
  '50000-200000 N/A 50000-50000',
  '0-0 50000-50000 N/A',
]);

const wordsOf = (text: string, options?: RocmSmiTopoOptions): readonly (readonly string[])[] =>
  relationMatrix(serverTopology(fromRocmSmiTopo(text, options))).cells;
const xgmiOf = (document: ServerDocument): ServerDocument['links'] =>
  document.links.filter(({ medium }) => medium === 'xgmi');
const linkOf = (
  text: string,
  medium: string,
  options?: RocmSmiTopoOptions,
): ServerDocument['links'][number] =>
  fromRocmSmiTopo(text, options).links.find((link) => link.medium === medium)!;
/** Words of the GPUs of a server, without its NICs. */
const gpuWords = (server: ServerTopology): string[][] =>
  server.gpus.map((a) => server.gpus.map((b) => relation(server, a, b)));

describe('fromRocmSmiTopo', () => {
  describeWithShared('servers/topo-matrices', 'for each collected output', (folder) => {
    const texts = readdirSync(folder)
      .filter((file) => file.startsWith('rocm'))
      .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));

    it('finds them', () => expect(texts.length).toBeGreaterThan(1));

    it.each(texts)('has XGMI for all GPUs of $file, and prints the same text', ({ text }) => {
      const server = serverTopology(fromRocmSmiTopo(text));
      const words = gpuWords(server).map((row, i) => row.filter((_, j) => i !== j));
      expect(new Set(words.flat())).toEqual(new Set(['XGMI']));
      expect(toRocmSmiTopo(server)).toBe(text);
    });

    it('reaches in eight MI300X what the catalogue server does', () => {
      const { text } = texts.find(({ file }) => file === 'rocm-mi300x-8.txt')!;
      const server = serverTopology(fromRocmSmiTopo(text, { gpuModel: 'AMD Instinct MI300X' }));
      for (const gpus of [
        [0, 1],
        [0, 1, 2, 3],
        [0, 1, 2, 3, 4, 5, 6, 7],
      ]) {
        expect(collectiveBandwidth(server, gpus)).toBe(collectiveBandwidth(topology('mi300x-8'), gpus));
      }
    });
  });

  it('gives GPUs the headings as ids, and the NUMA nodes of the text', () => {
    const document = fromRocmSmiTopo(PAIRS);
    expect(wordsOf(PAIRS)).toEqual(PAIR_WORDS);
    expect(document.devices.filter(({ kind }) => kind === 'gpu')).toEqual([
      { id: 'GPU0', kind: 'gpu', numa: 0, socket: 0, hostBridge: 'hb0', model: 'unknown' },
      { id: 'GPU1', kind: 'gpu', numa: 0, socket: 0, hostBridge: 'hb1', model: 'unknown' },
      { id: 'GPU2', kind: 'gpu', numa: 1, socket: 1, hostBridge: 'hb2', model: 'unknown' },
      { id: 'GPU3', kind: 'gpu', numa: 1, socket: 1, hostBridge: 'hb3', model: 'unknown' },
    ]);
    expect(document).toMatchObject({ name: 'rocm-smi-topo', confidence: 'matrix', gpuModel: 'unknown' });
  });

  it('takes name, title, model and the number of NUMA nodes of a socket from the caller', () => {
    const document = fromRocmSmiTopo(PAIRS, {
      name: 'n',
      title: 't',
      gpuModel: 'MI100',
      numaNodesPerSocket: 2,
    });
    expect(document).toMatchObject({ name: 'n', title: 't', gpuModel: 'MI100' });
    expect(document.devices.filter(({ kind }) => kind === 'socket')).toHaveLength(1);
    expect(wordsOf(PAIRS, { numaNodesPerSocket: 2 })).toEqual(PAIR_WORDS);
  });

  describe('reads the text however it was copied', () => {
    it.each<[string, string]>([
      ['with terminal escapes', PAIRS.replace(/={3,}/g, (line) => `\u001b[1m${line}\u001b[0m`)],
      ['with escapes that lost their first character', PAIRS.replace(/^(?=GPU\d)/gm, '[36m')],
      ['with Windows line ends', `\uFEFF${PAIRS.replaceAll('\n', '\r\n')}`],
      ['with tabs', PAIRS.replace(/ {2,}/g, '\t')],
      ['indented', PAIRS.replace(/^/gm, '    ')],
      ['without blanks at the ends of lines', PAIRS.replace(/ +$/gm, '')],
      ['with a prefix before every line', PAIRS.replace(/^/gm, 'pod-7 2025-11-03T10:00:00Z [0] INFO: ')],
      [
        'with log lines around and between',
        `$ rocm-smi --showtopo\nWARNING: AMD GPU device(s) is/are in a low-power state\n${PAIRS.replace(
          /^(?=GPU[12]\b)/gm,
          'ERROR: GPU[1] : Cannot read Weight\nGPU0 is busy\n\n',
        )}\n$ exit`,
      ],
      [
        'as a table of Markdown',
        PAIRS.replace(/^(GPU\d) +(.*)$/gm, (_, a, b) => `| **${a}** | ${b.trim().split(/ +/).join(' | ')} |`),
      ],
      ['with marks of a diff', PAIRS.replace(/^(?=GPU\d)/gm, '+')],
      ['with marks of a quotation', PAIRS.replace(/^/gm, '> ')],
      ['with remarks behind the last column', PAIRS.replace(/^(GPU1 +\d.*)$/gm, '$1  <- the slow one')],
      ['with the tables of amd-smi beside', `${AMD}\n${PAIRS}\n${AMD}`],
      ['with short lines of ====', PAIRS.replace(/={4,}/g, '===')],
      ['with the titles of old versions', PAIRS.replace('Link Type', 'Type').replaceAll(/={4,}/g, '**')],
      ['with GPU 0 for GPU[0]', PAIRS.replace(/GPU\[(\d)\]/g, 'GPU $1')],
      ['with X on the diagonal', PAIRS.replace(/^(GPU0 +)0/gm, '$1X')],
      ['with PCIe for PCIE', PAIRS.replaceAll('PCIE', 'PCIe')],
      ['with sections in another order', [NUMA, TYPE, HOPS, WEIGHT].join('\n')],
      [
        'with a section of --showtopoaccess',
        `${PAIRS}\n=== Link accessibility between two GPUs ===\n GPU0 GPU1\nGPU0 True True\nGPU1 True True`,
      ],
      ['with rows in another order', PAIRS.replace(/^(GPU0 .*)\n(GPU1 .*)$/gm, '$2\n$1')],
      ['without weights', [HOPS, TYPE, NUMA].join('\n')],
      ['without hops', [WEIGHT, TYPE, NUMA].join('\n')],
      ['without types', [WEIGHT, HOPS, NUMA].join('\n')],
      ['with weights alone', WEIGHT],
      ['with hops alone', HOPS],
      ['with types and NUMA nodes alone', [TYPE, NUMA].join('\n')],
      ['without NUMA nodes', [WEIGHT, HOPS, TYPE].join('\n')],
      [
        'with NUMA nodes that are not known',
        [WEIGHT, HOPS, TYPE, numa(-1, 'N/A', 4294967295, 65535)].join('\n'),
      ],
      ['with affinity alone', PAIRS.replace(/^.*Numa Node:.*\n/gm, '')],
      ['with cells not known on one side', PAIRS.replace(/^(GPU1 +)\S+/gm, '$1N/A')],
      ['with cells not known on the other side', PAIRS.replace(/^(GPU0 +\S+ +)\S+/gm, '$1N/A')],
      ['with types not known', PAIRS.replace(/XGMI|PCIE/g, 'XXXX')],
      ['with types that are None', PAIRS.replace(/XGMI|PCIE/g, 'None')],
      ['with types that are Unknown, the first cell of a row too', PAIRS.replace(/XGMI|PCIE/g, 'Unknown')],
      ['with weights not known', PAIRS.replace(/\b(?:15|72)\b/g, 'N/A ')],
    ])('%s', (_, text) => {
      expect(text).not.toBe(PAIRS);
      expect(wordsOf(text)).toEqual(PAIR_WORDS);
    });

    it('with headings out of order and with gaps', () => {
      const labels = ['GPU6', 'GPU2', 'GPU3'];
      const text = matrix('hops', ['0 1 3', '1 0 3', '3 3 0'], labels);
      const document = fromRocmSmiTopo(
        `${text}${text.replace('Hops', 'Weight').replaceAll(' 1 ', ' 15 ').replaceAll(' 3 ', ' 52 ')}GPU[2] : (Topology) Numa Node: 4`,
      );
      expect(serverTopology(document).gpus).toEqual(labels);
      expect(document.devices.find(({ id }) => id === 'GPU6')!.numa).toBe(4);
      expect(document.devices.find(({ id }) => id === 'GPU2')!.numa).toBe(4);
      expect(relationMatrix(serverTopology(document)).cells[0]).toEqual(['X', 'XGMI', 'SYS']);
    });

    it('with one GPU, with or without matrices', () => {
      expect(wordsOf(`${matrix('weight', ['0'])}${numa(0)}`)).toEqual([['X']]);
      expect(wordsOf(numa(3))).toEqual([['X']]);
    });
  });

  describe('places GPUs', () => {
    it.each<[string, string[], (number | string)[], string[][]]>([
      ['by NUMA nodes', ['0 N/A N/A', 'N/A 0 N/A', 'N/A N/A 0'], [0, 1, 0], [['SYS', 'NODE'], ['SYS']]],
      ['by 2 hops', ['0 2 3', '2 0 3', '3 3 0'], [-1, -1, -1], [['NODE', 'SYS'], ['SYS']]],
      [
        'by 2 hops to a GPU whose node is known',
        ['0 2 3', '2 0 3', '3 3 0'],
        [5, -1, -1],
        [['NODE', 'SYS'], ['SYS']],
      ],
      [
        'in one node where nothing is known',
        ['0 N/A N/A', 'N/A 0 N/A', 'N/A N/A 0'],
        [-1, -1, -1],
        [['NODE', 'NODE'], ['NODE']],
      ],
      [
        'in the only node that is known',
        ['0 N/A N/A', 'N/A 0 N/A', 'N/A N/A 0'],
        [2, -1, -1],
        [['NODE', 'NODE'], ['NODE']],
      ],
      [
        'in a node of their own where two are known',
        ['0 N/A N/A', 'N/A 0 N/A', 'N/A N/A 0'],
        [2, 3, -1],
        [['SYS', 'SYS'], ['SYS']],
      ],
      [
        'apart where 3 hops say so',
        ['0 3 N/A', '3 0 N/A', 'N/A N/A 0'],
        [-1, -1, -1],
        [['SYS', 'NODE'], ['SYS']],
      ],
    ])('%s', (_, rows, nodes, words) => {
      const cells = wordsOf(`${matrix('hops', rows)}${numa(...nodes)}`);
      expect([[cells[0]![1], cells[0]![2]], [cells[1]![2]]]).toEqual(words);
    });

    it.each<[string, string, (number | undefined)[]]>([
      ['by NUMA node', PAIRS, [0, 0, 1, 1]],
      ['by NUMA affinity where there is no node', PAIRS.replace(/^.*Numa Node:.*\n/gm, ''), [0, 0, 1, 1]],
      [
        'nowhere for -1, however it is printed',
        [WEIGHT, numa(-1, 'N/A', 4294967295, 65535)].join('\n'),
        [undefined, undefined, undefined, undefined],
      ],
    ])('with the number of the node: %s', (_, text, nodes) => {
      const gpus = fromRocmSmiTopo(text).devices.filter(({ kind }) => kind === 'gpu');
      expect(gpus.map((gpu) => gpu.numa)).toEqual(nodes);
    });

    it('notes a NUMA affinity that is not the NUMA node', () => {
      const document = fromRocmSmiTopo(PAIRS.replace(/(GPU\[3\].*Affinity:) 1/, '$1 0'));
      expect(document.devices.find(({ id }) => id === 'GPU3')!.numa).toBe(1);
      expect(document.notes!.join()).toContain('for GPU3');
    });
  });

  describe('reads xGMI over other GPUs', () => {
    it.each<[string, string]>([
      ['from weights', CHAIN_WEIGHT + CHAIN_TYPE],
      ['from weights without types', CHAIN_WEIGHT],
      ['from the bandwidth matrix', CHAIN_BANDWIDTH + CHAIN_TYPE],
      ['from hops that count', CHAIN_TYPE + matrix('hops', ['0 1 2', '1 0 1', '2 1 0'])],
    ])('%s, and gives the outer GPUs no link of their own', (_, text) => {
      const document = fromRocmSmiTopo(text);
      expect(xgmiOf(document).map(({ between }) => between)).toEqual([
        ['GPU0', 'GPU1'],
        ['GPU1', 'GPU2'],
      ]);
      expect(wordsOf(text)[0]).toEqual(['X', 'XGMI', 'NODE']);
      expect(document.notes!.join()).toContain(
        text.includes('XGMI') ? 'no link of their own: GPU0-GPU2' : '',
      );
    });

    it('as links where neither weights nor bandwidths tell, and notes it', () => {
      const document = fromRocmSmiTopo(CHAIN_TYPE);
      expect(xgmiOf(document)).toHaveLength(3);
      expect(document.notes!.join()).toContain('Without weights all pairs of type XGMI count as neighbours');
    });

    it('in a ring of sixteen, whose note lists some of the 104 pairs and counts the others', () => {
      const rows = (cell: (hops: number) => number | string): string[] =>
        Array.from({ length: 16 }, (_, a) =>
          Array.from({ length: 16 }, (_, b) => cell(Math.min((a - b + 16) % 16, (b - a + 16) % 16))).join(
            ' ',
          ),
        );
      const text =
        matrix(
          'weight',
          rows((hops) => 15 * hops),
        ) +
        matrix(
          'type',
          rows((hops) => (hops === 0 ? 0 : 'XGMI')),
        );
      const document = fromRocmSmiTopo(text);
      expect(xgmiOf(document)).toHaveLength(16);
      expect(document.notes!.join()).toMatch(/GPU0-GPU2, GPU0-GPU3.* and 88 more/);
      expect(() => serverTopology(document)).not.toThrow();
    });

    it('takes the weight inside a package (13) for one hop, and 45 for three', () => {
      const text = matrix('weight', ['0 13 45', '13 0 40', '45 40 0']);
      expect(xgmiOf(fromRocmSmiTopo(text)).map(({ between }) => between)).toEqual([['GPU0', 'GPU1']]);
      expect(wordsOf(text)[0]).toEqual(['X', 'XGMI', 'NODE']);
    });
  });

  describe('states figures', () => {
    it('assumes MI300X, and says of every link that it does', () => {
      expect(linkOf(PAIRS, 'xgmi')).toMatchObject({
        bandwidthGBps: 48,
        basis: 'nccl',
        rawGBps: 64,
        links: 1,
      });
      expect(linkOf(PAIRS, 'pcie')).toMatchObject({ bandwidthGBps: 48, rawGBps: 63.02 });
      expect(linkOf(PAIRS, 'socket')).toMatchObject({ bandwidthGBps: 16, basis: 'nccl' });
      for (const link of fromRocmSmiTopo(PAIRS).links) {
        expect(link.verified).toBe(false);
        expect(link.source).toContain('assumed, not in the text');
      }
    });

    it.each<[RocmSmiTopoOptions, number, number | undefined]>([
      [{ gpuModel: 'MI100' }, 24, 1],
      [{ gpuModel: 'AMD Instinct MI210' }, 36, 1],
      [{ gpuModel: 'MI300A' }, 96, 2],
      [{ gpuModel: 'MI300A', basis: 'raw' }, 108.8, 2],
      [{ gpuModel: 'MI250X', xgmiLinks: 4 }, 144, 4],
      [{ gpuModel: 'MI355X', xgmiGBpsPerLink: 60 }, 60, 1],
      [{ xgmiGBpsPerLink: 40.5, xgmiLinks: 2 }, 81, 2],
      [{ basis: 'raw' }, 54.4, 1],
    ])('of one pair with %j: %d GB/s', (options, bandwidthGBps, links) => {
      expect(linkOf(PAIRS, 'xgmi', options)).toMatchObject({ bandwidthGBps, links });
    });

    it('takes other figures from the caller', () => {
      const options = { pcieGeneration: 4, socketGBps: 22, basis: 'raw' } as const;
      expect(linkOf(PAIRS, 'pcie', options)).toMatchObject({ bandwidthGBps: 26.7835, basis: 'raw' });
      expect(linkOf(PAIRS, 'socket', options)).toMatchObject({
        bandwidthGBps: 22,
        source: expect.stringContaining('stated by the caller'),
      });
    });

    it('takes links pair by pair, in either order of the headings', () => {
      const xgmiLinks = [
        { between: ['GPU1', 'GPU0'], links: 4 },
        { between: ['GPU2', 'GPU3'], links: 2 },
      ] as const;
      expect(
        xgmiOf(fromRocmSmiTopo(PAIRS, { gpuModel: 'MI250X', xgmiLinks })).map(({ links }) => links),
      ).toEqual([4, 2]);
    });

    it.each<[string, RocmSmiTopoOptions, number[]]>([
      ['and knows MI200 by its line rate', {}, [144, 36]],
      ['of the model', { gpuModel: 'MI300X' }, [192, 48]],
      ['of the caller', { xgmiGBpsPerLink: 10 }, [40, 10]],
      ['of the line rate', { basis: 'raw' }, [170, 42.5]],
    ])('counts links in the bandwidth matrix %s', (_, options, expected) => {
      const links = xgmiOf(fromRocmSmiTopo(CHAIN_BANDWIDTH + CHAIN_TYPE, options));
      expect(links.map(({ bandwidthGBps }) => bandwidthGBps)).toEqual(expected);
      expect(links.map(({ links: count }) => count)).toEqual([4, 1]);
      expect(links[0]!.rawGBps).toBe(200);
    });

    it('takes a line rate that is no multiple of one link, or of no known model, at 0.85', () => {
      const cell = (min: number, max: number) =>
        matrix('bandwidth', [`N/A ${min}-${max}`, `${min}-${max} N/A`]);
      expect(linkOf(cell(50_000, 120_000), 'xgmi')).toMatchObject({
        bandwidthGBps: 102,
        basis: 'raw',
        rawGBps: 120,
      });
      expect(linkOf(cell(50_000, 120_000), 'xgmi').links).toBe(undefined);
      expect(linkOf(cell(70_000, 140_000), 'xgmi')).toMatchObject({
        bandwidthGBps: 119,
        basis: 'raw',
        links: 2,
      });
    });

    it.each<[string, RocmSmiTopoOptions, string, RegExp]>([
      ['a model that is not known', { gpuModel: 'MI355X' }, 'xgmiGBpsPerLink', /"MI355X": give the GB\/s/],
      ['a model without line rate', { gpuModel: 'MI100', basis: 'raw' }, 'xgmiGBpsPerLink', /no line rate/],
      [
        'a model whose pairs differ',
        { gpuModel: 'MI250X' },
        'xgmiLinks',
        /1, 2 or 4 xGMI links.*--shownodesbw/,
      ],
      [
        'a list that lacks a pair',
        { xgmiLinks: [{ between: ['GPU0', 'GPU1'], links: 4 }] },
        'xgmiLinks',
        /GPU2 and GPU3 are joined by xGMI and not in the list/,
      ],
    ])('asks for %s', (_, options, path, message) => {
      const error = caught(() => fromRocmSmiTopo(PAIRS, options));
      expect(error).toMatchObject({ code: 'invalid-option', path: [path] });
      expect(error.message).toMatch(message);
    });

    it('asks for nothing where no pair has xGMI', () => {
      const text = matrix('hops', ['0 2', '2 0']);
      expect(wordsOf(text, { gpuModel: 'MI250X' })[0]).toEqual(['X', 'NODE']);
    });

    it.each<[string, unknown, (string | number)[]]>([
      ['name', '', ['name']],
      ['gpuModel', 7, ['gpuModel']],
      ['pcieGeneration', 7, ['pcieGeneration']],
      ['xgmiGBpsPerLink', 0, ['xgmiGBpsPerLink']],
      ['xgmiGBpsPerLink', 48_000, ['xgmiGBpsPerLink']],
      ['xgmiLinks', 17, ['xgmiLinks']],
      ['xgmiLinks', 'many', ['xgmiLinks']],
      ['xgmiLinks', [{ between: ['GPU0', 'GPU1'], links: 0 }], ['xgmiLinks', 0, 'links']],
      ['xgmiLinks', [{ between: ['GPU0', 'GPU9'], links: 1 }], ['xgmiLinks', 0, 'between', 1]],
      ['xgmiLinks', [{ between: ['GPU0', 'GPU0'], links: 1 }], ['xgmiLinks', 0, 'between', 0]],
      ['socketGBps', Number.NaN, ['socketGBps']],
      ['numaNodesPerSocket', 1.5, ['numaNodesPerSocket']],
      ['basis', 'measured', ['basis']],
      ['nvlinkGBpsPerLink', 1, ['nvlinkGBpsPerLink']],
    ])('refuses the option %s: %j', (name, value, path) => {
      expect(caught(() => fromRocmSmiTopo(PAIRS, { [name]: value }))).toMatchObject({
        code: 'invalid-option',
        path,
      });
    });
  });

  describe('refuses', () => {
    const lineOf = (text: string, pattern: RegExp): number =>
      text.split('\n').findIndex((line) => pattern.test(line)) + 1;

    it.each<[string, string, (string | number)[], RegExp]>([
      ['nothing', '', [], /no matrix .*give the output of rocm-smi --showtopo/],
      ['a program that is not there', 'rocm-smi: command not found', [], /no matrix/],
      ['JSON', '{"card0": {"(Topology) Numa": 0}}', [], /without --json/],
      [
        'nvidia-smi',
        '\tGPU0\tGPU1\tCPU Affinity\nGPU0\t X \tNV4\t0-3\nGPU1\tNV4\t X \t0-3',
        [],
        /nvidia-smi topo -m/,
      ],
      ['NUMA nodes of several GPUs without matrix', NUMA, [], /nothing says how the GPUs are linked/],
      ['a title without matrix', '== Weight between two GPUs ==', ['line', 1], /no line with the headings/],
      ['a matrix without rows', '== Weight between two GPUs ==\nGPU0 GPU1', ['line', 1], /no row GPU0/],
      ['a row cut off', WEIGHT.replace(/15 +0 +$/m, '15'), ['line', 6, 'GPU3'], /expected 4 cells, got 3/],
      [
        'a row of which the heading is left',
        WEIGHT.replace(/GPU3 +72.*$/m, 'GPU3'),
        ['line', 6, 'GPU0'],
        /got 0/,
      ],
      ['a missing row', WEIGHT.replace(/^GPU2 .*\n/m, ''), ['line', 1], /no row GPU2/],
      [
        'a missing column',
        PAIRS.replace(/^( +GPU0 .*)GPU3/m, '$1    '),
        ['line', 3],
        /more cells than columns/,
      ],
      ['a row given twice', WEIGHT.replace(/^(GPU2 .*\n)/m, '$1$1'), ['line', 6], /row GPU2 stands twice/],
      ['a heading given twice', WEIGHT.replace(/^( +GPU0 .*)GPU3/m, '$1GPU2'), ['line', 1], /stands twice/],
      ['a matrix given twice', WEIGHT + WEIGHT, ['line', 7], /weight matrix stands twice/],
      [
        'a NUMA node given twice',
        `${PAIRS}\n${NUMA}`,
        ['line', PAIRS.split('\n').length + 2],
        /stands twice/,
      ],
      [
        'matrices of different servers',
        WEIGHT + matrix('hops', ['0 1', '1 0']),
        ['line', 7],
        /hops matrix has no column GPU2/,
      ],
      [
        'matrices of different servers, the larger one later',
        matrix('hops', ['0 1', '1 0']) + WEIGHT,
        ['line', 1],
        /hops matrix has no column GPU2/,
      ],
      [
        'a node of a GPU without column',
        `${PAIRS}\nGPU[4] : (Topology) Numa Node: 1`,
        ['line', PAIRS.split('\n').length + 1],
        /GPU4 has a NUMA node and no column/,
      ],
      ['a node that is no number', numa('zero'), ['line', 2], /"zero"/],
      [
        'a weight that is none',
        WEIGHT.replace(/(GPU1 +)15/, '$1XGMI'),
        ['line', 4, 'GPU0'],
        /expected a weight or N\/A, got "XGMI"/,
      ],
      ['a negative number of hops', HOPS.replace(/(GPU1 +)1/, '$1-1'), ['line', 4, 'GPU0'], /"-1"/],
      ['a type of another tool', TYPE.replaceAll('XGMI', 'NV4'), ['line', 3, 'GPU1'], /XGMI or PCIE/],
      [
        'a GPU linked to itself',
        WEIGHT.replace(/(GPU0 +)0/, '$115'),
        ['line', 3, 'GPU0'],
        /expected 0 for GPU0 and itself/,
      ],
      [
        'one-sided cells',
        HOPS.replace(/(GPU1 +)1/, '$12'),
        ['line', 3, 'GPU1'],
        /GPU0 to GPU1 is 1, but GPU1 to GPU0 is 2/,
      ],
      [
        'PCIE of one hop',
        TYPE.replaceAll('XGMI', 'PCIE') + HOPS,
        ['line', 3, 'GPU1'],
        /PCIE and one hop apart/,
      ],
      [
        '2 hops across NUMA nodes',
        matrix('hops', ['0 2', '2 0']) + numa(0, 1),
        ['line', 3, 'GPU1'],
        /have NUMA nodes 0 and 1/,
      ],
      [
        '3 hops inside a NUMA node',
        matrix('hops', ['0 3', '3 0']) + numa(1, 1),
        ['line', 3, 'GPU1'],
        /are 3 hops apart/,
      ],
      [
        'hops that contradict each other',
        matrix('hops', ['0 2 3', '2 0 2', '3 2 0']),
        ['line', 3, 'GPU2'],
        /3 hops apart, yet 2 hops/,
      ],
    ])('%s', (_, text, path, message) => {
      const error = caught(() => fromRocmSmiTopo(text));
      expect(error).toMatchObject({ code: 'invalid-format', path });
      expect(error.message).toMatch(message);
    });

    it('what is no text', () => {
      expect(caught(() => fromRocmSmiTopo(7 as unknown as string))).toMatchObject({
        code: 'invalid-format',
        path: [],
      });
    });

    it('more than 16 GPUs, and more than 2^20 characters', () => {
      const cells = Array.from({ length: 17 }, (_, i) =>
        Array.from({ length: 17 }, (__, j) => (i === j ? '0' : '1')).join(' '),
      );
      expect(caught(() => fromRocmSmiTopo(matrix('hops', cells))).code).toBe('limit-exceeded');
      expect(caught(() => fromRocmSmiTopo(' '.repeat(2 ** 20 + 1))).code).toBe('limit-exceeded');
      expect(wordsOf(PAIRS + ' '.repeat(2 ** 20 - PAIRS.length))).toEqual(PAIR_WORDS);
    });

    it('a long run of one character in no time', () => {
      for (const character of ['=', ' ', '\t', '0', '[', '\u001b[', 'GPU', 'GPU0 ', '== a ']) {
        const text = character.repeat(2 ** 20 / character.length);
        expect(caught(() => fromRocmSmiTopo(text)).code).toBe('invalid-format');
        const below = `== Hops between two GPUs ==\n GPU0\n${text}`.slice(0, 2 ** 20);
        expect(caught(() => fromRocmSmiTopo(below)).code).toBe('invalid-format');
      }
    });

    it('names the line in a text with a preamble', () => {
      const text = `one\ntwo\n${HOPS.replace(/(GPU1 +)1/, '$12')}`;
      expect(caught(() => fromRocmSmiTopo(text)).path).toEqual(['line', lineOf(text, /^GPU0/), 'GPU1']);
    });
  });

  // By hand, 1,000,000 cases of the same kind with seed 20260: nothing but CorralError.
  it('throws nothing but CorralError for a spoiled text, and what it reads is a server', () => {
    const small = [PAIRS, CHAIN_BANDWIDTH + CHAIN_WEIGHT, numa(0)].map((text) =>
      text.replace(/ {2,}/g, ' ').replace(/={2,}/g, '==='),
    );
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(mutatedText(small), truncatedText(small)), (text) => {
        try {
          serverTopology(fromRocmSmiTopo(text));
          read++;
        } catch (error) {
          if (!(error instanceof CorralError)) throw error;
        }
      }),
      { numRuns: 20_000, seed: 20_26 },
    );
    expect(read).toBeGreaterThan(4000);
  });
});

describe('toRocmSmiTopo', () => {
  const printed: readonly TopologyName[] = [
    'mi300x-8',
    'mi250x-frontier',
    'mi300a-4',
    'l40s-8-direct',
    'ws-4xa4000',
    'ws-4x5090',
    'cert-2s-2gpu-direct',
    'cert-2s-2gpu-switch',
  ];

  it.each(printed)('keeps the relations of the GPUs of %s', (name) => {
    const server = topology(name);
    expect(gpuWords(serverTopology(fromRocmSmiTopo(toRocmSmiTopo(server))))).toEqual(gpuWords(server));
  });

  it.each<[TopologyName, RocmSmiTopoOptions]>([
    ['mi300x-8', {}],
    ['mi250x-frontier', {}],
    ['mi300a-4', { basis: 'raw' }],
  ])('keeps the xGMI links and the bandwidth of %s', (name, options) => {
    const server = topology(name);
    const back = serverTopology(fromRocmSmiTopo(toRocmSmiTopo(server), options));
    const figures = ({ gpus, document }: ServerTopology) =>
      xgmiOf(document)
        .map(({ between, bandwidthGBps, rawGBps, links }) => ({
          between: between.map((id) => gpus.indexOf(id)).join(),
          bandwidthGBps,
          rawGBps,
          links,
        }))
        .sort((a, b) => (a.between < b.between ? -1 : 1));
    expect(figures(back)).toEqual(figures(server));
    const all = server.gpus.map((_, i) => i);
    expect(collectiveBandwidth(back, all)).toBeCloseTo(collectiveBandwidth(server, all), 9);
  });

  it('prints the bandwidth matrix only where the reader would assume something else', () => {
    expect(toRocmSmiTopo(topology('mi300x-8'))).not.toContain('Bandwidth');
    expect(toRocmSmiTopo(topology('mi250x-frontier'))).toMatch(
      /^GPU0 +N\/A +50000-200000 50000-50000 +0-0 /m,
    );
  });

  it('prints xGMI over other GPUs as one hop and 15 for each link on the way', () => {
    const text = toRocmSmiTopo(serverTopology(fromRocmSmiTopo(CHAIN_WEIGHT + CHAIN_TYPE)));
    expect(text).toMatch(
      /Weight[\s\S]*\nGPU0 {3}0 +15 +30 [\s\S]*Hops[\s\S]*\nGPU0 {3}0 +1 +1 [\s\S]*Type[\s\S]*\nGPU0 {3}0 +XGMI +XGMI /,
    );
  });

  it('keeps headings that the tool could have printed, and numbers others', () => {
    const named = matrix('hops', ['0 3', '3 0'], ['GPU4', 'GPU1']);
    expect(
      toRocmSmiTopo(serverTopology(fromRocmSmiTopo(`${named}GPU[4] : (Topology) Numa Node: 2`))),
    ).toMatch(/ GPU4 +GPU1[\s\S]*GPU\[4\]\t\t: \(Topology\) Numa Node: 2/);
    expect(toRocmSmiTopo(topology('mi300a-4'))).toMatch(/ GPU0 +GPU1 +GPU2 +GPU3/);
  });

  it.each(topologyNames.filter((name) => !printed.includes(name)))(
    'refuses %s: the tool has no word',
    (name) => {
      const error = caught(() => toRocmSmiTopo(topology(name)));
      expect(error).toMatchObject({ code: 'invalid-option', path: ['topology'] });
      expect(error.message).toMatch(
        name === 'gaudi3-hls3' ? /SCALEUP, for which/ : /are (?:NV\d+|PIX), for which rocm-smi has no word/,
      );
    },
  );

  it('refuses PHB, which the tool does not tell from NODE', () => {
    const document = fromRocmSmiTopo(matrix('hops', ['0 2', '2 0']));
    const devices = document.devices.map(({ hostBridge: _, ...device }) => device);
    expect(caught(() => toRocmSmiTopo(serverTopology({ ...document, devices }))).message).toMatch(
      /PHB, for which/,
    );
  });

  it('refuses a relation that would come back as another', () => {
    const document = fromRocmSmiTopo(CHAIN_WEIGHT + CHAIN_TYPE + numa(0, 0, 0));
    const devices = document.devices.map((device) =>
      device.id === 'GPU2' ? { ...device, numa: 1 } : device,
    );
    expect(caught(() => toRocmSmiTopo(serverTopology({ ...document, devices }))).message).toMatch(
      /"GPU0" and "GPU2" are NODE, which rocm-smi would show as SYS/,
    );
  });

  it('refuses a server without GPUs', () => {
    const server = {
      name: 'host',
      title: 'no GPU',
      gpuModel: 'none',
      devices: [{ id: 'cpu', kind: 'socket' }],
      links: [],
    };
    expect(caught(() => toRocmSmiTopo(serverTopology(server))).code).toBe('invalid-option');
  });
});
