import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth, sharedBandwidth } from '../../../src/bandwidth/index.js';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import { CorralError } from '../../../src/errors.js';
import { fromNvidiaSmiTopo } from '../../../src/formats/nvidia-smi/nvidia-smi-topo.js';
import type { NvidiaSmiTopoOptions } from '../../../src/formats/nvidia-smi/options.js';
import { toNvidiaSmiTopo } from '../../../src/formats/nvidia-smi/print.js';
import { unknownPortNotes } from '../../../src/formats/server/notes.js';
import { relation, relationMatrix } from '../../../src/topology/relation.js';
import type { Device, ServerDocument } from '../../../src/topology/server-document.js';
import { serverTopology } from '../../../src/topology/server-topology.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { caught } from '../../catalogue/caught.js';
import { describeWithShared } from '../../shared-data.js';

/** Two sockets, a switch with two GPUs and a NIC on each, a bridge of NVLinks between two of the GPUs. */
const SMALL = table(`
      GPU0 GPU1 GPU2 GPU3 NIC0 NIC1 CPU_Affinity NUMA_Affinity GPU_NUMA_ID
GPU0  X    PIX  NV4  SYS  PXB  SYS  0-15,32-47   0             N/A
GPU1  PIX  X    SYS  SYS  PXB  SYS  0-15,32-47   0             N/A
GPU2  NV4  SYS  X    PIX  SYS  PHB  16-31,48-63  1             N/A
GPU3  SYS  SYS  PIX  X    SYS  PHB  16-31,48-63  1             N/A
NIC0  PXB  PXB  SYS  SYS  X    SYS
NIC1  SYS  SYS  PHB  PHB  SYS  X

Legend:

  X    = Self
  SYS  = Connection traversing PCIe as well as the SMP interconnect between NUMA nodes

NIC Legend:

  NIC0: mlx5_2
  NIC1: mlx5_bond_0
`);

/** Four GPUs behind NVSwitch, as many as a virtual machine may get of a larger machine. */
const SWITCHED = table(`
      GPU0 GPU1 GPU2 GPU3 mlx5_3 mlx5_0 CPU_Affinity NUMA_Affinity
GPU0  X    NV12 NV12 NV12 PXB    SYS    0-7          0-1
GPU1  NV12 X    NV12 NV12 PXB    SYS    0-7          0-1
GPU2  NV12 NV12 X    NV12 SYS    NODE   8-15         2-3
GPU3  NV12 NV12 NV12 X    SYS    NODE   8-15         2-3
mlx5_3 PXB PXB  SYS  SYS  X      SYS
mlx5_0 SYS SYS  NODE NODE SYS    X
`);

/** What `nvidia-smi topo -p2p r` prints. */
const P2P = `
 \tGPU0\tGPU1
 GPU0\tX\tOK
 GPU1\tOK\tX

Legend:

  X    = Self
  OK   = Status Ok
  CNS  = Chipset not supported
  NS   = Not supported
  U    = Unknown
`;

describe('fromNvidiaSmiTopo', () => {
  describeWithShared('servers/topo-matrices', 'for each collected matrix', (folder) => {
    const texts = readdirSync(folder)
      .filter((file) => file.endsWith('.txt'))
      .map((file) => ({ file, text: readFileSync(join(folder, file), 'utf8') }));
    const matrices = texts.filter(({ file }) => !file.startsWith('rocm') && !file.startsWith('quirk-nv'));

    it('finds them', () => expect(matrices.length).toBeGreaterThan(20));

    it.each(matrices)('equals the cells of $file', ({ text }) => {
      expect(matrixOf(fromNvidiaSmiTopo(text))).toEqual(cellsOf(text));
    });

    it.each(matrices)('keeps the matrix of $file when it is printed and read again', ({ text }) => {
      const server = serverTopology(fromNvidiaSmiTopo(text));
      expect(matrixOf(fromNvidiaSmiTopo(toNvidiaSmiTopo(server)))).toEqual(relationMatrix(server));
    });

    it('takes no NIC for an NVLink peer where the driver printed NV# for it', () => {
      const text = texts.find(({ file }) => file === 'quirk-nv-in-nic-cells.txt')!.text;
      const document = fromNvidiaSmiTopo(text);
      const { devices, cells } = matrixOf(document);
      const printed = cellsOf(text);
      const isNic = devices.map((id) => id.startsWith('NIC'));
      cells.forEach((row, i) => {
        row.forEach((word, j) => {
          expect(word).toBe(isNic[i] === isNic[j] ? printed.cells[i]![j] : 'SYS');
        });
      });
      expect(nvlinksOf(document).flatMap(({ between }) => between)).not.toContain('NIC0');
      expect(document.notes?.join('\n')).toContain('The driver printed NV# for NIC0, NIC1');
    });

    it.each(texts.filter(({ file }) => file.startsWith('rocm')))(
      'refuses $file, which is of another tool',
      ({ text }) => {
        expect(caught(() => fromNvidiaSmiTopo(text))).toMatchObject({
          code: 'invalid-format',
          message: expect.stringContaining('rocm-smi'),
        });
      },
    );

    it('reads the CPU and NUMA affinity that ran together', () => {
      const { text } = texts.find(({ file }) => file === 'h200-10nic-merged-affinity.txt')!;
      const document = fromNvidiaSmiTopo(text);
      expect(device(document, 'GPU0').numa).toBe(0);
      expect(device(document, 'GPU4').numa).toBe(1);
      expect(document.notes).toContain('CPU affinity of GPU0, GPU1, GPU2, GPU3: 0-45,92-137');
    });
  });

  it('gives GPUs, then NICs, the headings of the matrix as ids', () => {
    const server = serverTopology(fromNvidiaSmiTopo(SWITCHED));
    expect(server.gpus).toEqual(['GPU0', 'GPU1', 'GPU2', 'GPU3']);
    expect(server.nics).toEqual(['mlx5_3', 'mlx5_0']);
  });

  it('equals the cells of the small examples', () => {
    for (const text of [SMALL, SWITCHED]) {
      expect(matrixOf(fromNvidiaSmiTopo(text))).toEqual(cellsOf(text));
    }
  });

  describe('infers the graph', () => {
    const document = fromNvidiaSmiTopo(SMALL);

    it('has a switch for GPUs that are PIX and another above it for the NIC that is PXB', () => {
      const above = (id: string) => document.links.filter(({ between }) => between[1] === id);
      const lower = above('GPU0').find(({ medium }) => medium === 'pcie')!.between[0];
      const upper = above('NIC0')[0]!.between[0];
      expect(above('GPU1')[0]!.between[0]).toBe(lower);
      expect(above(lower)[0]!.between[0]).toBe(upper);
      expect(above(upper)[0]!.between[0]).toBe('numa0');
      expect(device(document, upper).levels).toBeUndefined();
    });

    it('lets one switch report as two levels where several devices are PXB of each other', () => {
      const switches = fromNvidiaSmiTopo(SWITCHED).devices.filter(({ kind }) => kind === 'pcie-switch');
      expect(switches).toHaveLength(1);
      expect(switches[0]!.levels).toBe(2);
    });

    it('names NUMA nodes, the models of NICs, and the model of GPUs that the caller knows', () => {
      expect(device(document, 'GPU2')).toMatchObject({ numa: 1, model: 'unknown' });
      expect(device(document, 'NIC1')).toMatchObject({ numa: 1, model: 'mlx5_bond_0' });
      const known = fromNvidiaSmiTopo(SMALL, { name: 'rack-7', title: 'A box', gpuModel: 'L4' });
      expect(known).toMatchObject({ name: 'rack-7', title: 'A box', gpuModel: 'L4' });
      expect(device(known, 'GPU2').model).toBe('L4');
    });

    it('joins sockets pairwise, one for each NUMA node', () => {
      expect(document.links.filter(({ medium }) => medium === 'socket')).toHaveLength(1);
      expect(document.devices.filter(({ kind }) => kind === 'socket')).toHaveLength(2);
    });

    it('puts NUMA nodes on common sockets where the caller knows how many a socket has', () => {
      const text = table(`
              GPU0 GPU1 GPU2 NUMA_Affinity
        GPU0  X    SYS  SYS  3
        GPU1  SYS  X    SYS  1
        GPU2  SYS  SYS  X    4
      `);
      const server = fromNvidiaSmiTopo(text, { numaNodesPerSocket: 4 });
      expect(['GPU0', 'GPU1', 'GPU2'].map((id) => device(server, id).socket)).toEqual([0, 0, 1]);
      expect(server.devices.filter(({ kind }) => kind === 'numa')).toHaveLength(3);
      expect(server.links.filter(({ medium }) => medium === 'socket')).toHaveLength(1);
    });

    it('parts a NUMA node that SYS parts, and leaves it on one socket', () => {
      const text = table(`
              GPU0 GPU1 GPU2 GPU3 NUMA Affinity
        GPU0  X    SYS  SYS  SYS  0
        GPU1  SYS  X    SYS  SYS  0
        GPU2  SYS  SYS  X    SYS  1
        GPU3  SYS  SYS  SYS  X    1
      `);
      const document = fromNvidiaSmiTopo(text);
      const server = serverTopology(document);
      const kinds = document.devices.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'socket')).toHaveLength(2);
      expect(
        document.devices.filter(({ kind }) => kind === 'numa').map(({ id, socket }) => [id, socket]),
      ).toEqual([
        ['numa0', 0],
        ['numa0.2', 0],
        ['numa1', 1],
        ['numa1.2', 1],
      ]);
      expect(matrixOf(document)).toEqual(cellsOf(text));
      expect(collectiveBandwidth(server, [0, 2])).toBe(22);
      expect(collectiveBandwidth(server, [0, 1])).toBe(48);
      expect(
        sharedBandwidth(server, [
          [0, 2],
          [1, 3],
        ]),
      ).toEqual([11, 11]);
      expect(document.notes!.join()).toContain('several NUMA devices of one socket');
    });

    it('does so where CPUs tell the NUMA node, and where one node holds all', () => {
      const byCpus = fromNvidiaSmiTopo('\tGPU0\tGPU1\tCPU Affinity\nGPU0\tX\tSYS\t0-7\nGPU1\tSYS\tX\t0-7');
      const apart = fromNvidiaSmiTopo('\tGPU0\tGPU1\tCPU Affinity\nGPU0\tX\tSYS\t0-7\nGPU1\tSYS\tX\t8-9');
      const unknown = fromNvidiaSmiTopo('\tGPU0\tGPU1\nGPU0\tX\tSYS\nGPU1\tSYS\tX');
      const sockets = (document: ServerDocument): number =>
        document.devices.filter(({ kind }) => kind === 'socket').length;
      expect([byCpus, apart, unknown].map(sockets)).toEqual([1, 2, 2]);
    });

    it('does not let an inferred device take the id of a heading', () => {
      const text = table(`
              GPU0 numa0 socket0 NUMA_Affinity
        GPU0    X   PHB NODE 0
        numa0   PHB X   NODE
        socket0 NODE NODE X
      `);
      expect(matrixOf(fromNvidiaSmiTopo(text))).toEqual(cellsOf(text));
    });
  });

  describe('places GPUs that show NV# only', () => {
    const pairs = (text: string, ...pair: [string, string]) => {
      const document = fromNvidiaSmiTopo(text);
      // Without its NVLinks the server shows what they hide.
      const bare = { ...document, links: document.links.filter(({ medium }) => medium !== 'nvlink') };
      return relation(serverTopology(bare), ...pair);
    };

    it('by the NICs that are near both', () => expect(pairs(SWITCHED, 'GPU0', 'GPU1')).toBe('PXB'));

    it('by NICs that are near one and far from the other', () => {
      expect(pairs(SMALL, 'GPU0', 'GPU2')).toBe('SYS');
    });

    const bridged = (columns: string, first: string, second: string): string =>
      table(`
              GPU0 GPU1 ${columns}
        GPU0  X    NV4  ${first}
        GPU1  NV4  X    ${second}
      `);

    it.each([
      ['NUMA_Affinity', '0', '0', 'NODE', 'one NUMA node'],
      ['NUMA_Affinity', '0', '1', 'SYS', 'two NUMA nodes'],
      ['NUMA', '0', '1', 'SYS', 'the short title of old drivers'],
      ['CPU_Affinity NUMA_Affinity', '0-7 N/A', '0-7 N/A', 'NODE', 'CPUs, where no NUMA node is known'],
      ['CPU_Affinity NUMA_Affinity', '0-7 N/A', '8-15 N/A', 'SYS', 'other CPUs'],
      ['CPU_Affinity NUMA_Affinity', '0-7 0', '0-7 1', 'SYS', 'NUMA nodes before CPUs'],
      ['CPU_Affinity NUMA_Affinity', '0-7 6-7', '0-7 6-7', 'NODE', 'a range of NUMA nodes'],
      ['', '', '', 'NODE', 'nothing, so that one NUMA node is enough'],
    ])('by the columns %j: %s and %s are %s (%s)', (columns, first, second, word) => {
      expect(pairs(bridged(columns, first, second), 'GPU0', 'GPU1')).toBe(word);
    });

    it('never against a cell', () => {
      const text = table(`
              GPU0 GPU1 GPU2 NUMA_Affinity
        GPU0  X    NV4  SYS  0
        GPU1  NV4  X    PHB  0
        GPU2  SYS  PHB  X    0
      `);
      expect(pairs(text, 'GPU0', 'GPU1')).toBe('SYS');
    });
  });

  describe('reads NV# cells', () => {
    it('as NVSwitch where a GPU would need more links than it has to reach all others', () => {
      const document = fromNvidiaSmiTopo(SWITCHED);
      expect(document.devices.filter(({ kind }) => kind === 'nvswitch')).toHaveLength(1);
      expect(nvlinksOf(document).map(({ links }) => links)).toEqual([12, 12, 12, 12]);
    });

    it('as NVSwitch too where one GPU has lost links', () => {
      const text = matrixText(5, (a, b) => (a === 2 || b === 2 ? 'NV9' : 'NV12'));
      const document = fromNvidiaSmiTopo(text);
      expect(nvlinksOf(document).map(({ links }) => links)).toEqual([12, 12, 9, 12, 12]);
      expect(matrixOf(document)).toEqual(cellsOf(text));
    });

    it('as links between two GPUs where those are few, or uneven', () => {
      const mesh = fromNvidiaSmiTopo(matrixText(4, () => 'NV4'));
      expect(mesh.devices.some(({ kind }) => kind === 'nvswitch')).toBe(false);
      expect(nvlinksOf(mesh).map(({ links }) => links)).toEqual([4, 4, 4, 4, 4, 4]);
      const uneven = matrixText(4, (a, b) => `NV${9 + a + b}`);
      expect(nvlinksOf(fromNvidiaSmiTopo(uneven))).toHaveLength(6);
      expect(matrixOf(fromNvidiaSmiTopo(uneven))).toEqual(cellsOf(uneven));
    });

    it('for groups of GPUs apart', () => {
      const text = matrixText(8, (a, b) => (a < 4 === b < 4 ? 'NV18' : 'SYS'));
      const document = fromNvidiaSmiTopo(text);
      expect(document.devices.filter(({ kind }) => kind === 'nvswitch')).toHaveLength(2);
      expect(matrixOf(document)).toEqual(cellsOf(text));
    });

    it('of NICs as an error of the driver, and takes the word of the mirrored cell', () => {
      const document = fromNvidiaSmiTopo(
        table(`
                GPU0 GPU1 NIC0 NUMA_Affinity
          GPU0  X    NV18 NV18 0
          GPU1  NV18 X    NV18 0
          NIC0  PIX  NODE X
        `),
      );
      expect(relation(serverTopology(document), 'GPU0', 'NIC0')).toBe('PIX');
      expect(relation(serverTopology(document), 'NIC0', 'GPU1')).toBe('NODE');
    });

    it('of NICs with nothing in the mirrored cell as SYS, or as NODE in a server of one NUMA node', () => {
      const text = (numa: string) =>
        table(`
                GPU0 GPU1 NIC0 NUMA_Affinity
          GPU0  X    NV18 NV18 0
          GPU1  NV18 X    NV18 ${numa}
          NIC0  NV18 NV18 X
        `);
      const wordOf = (numa: string) =>
        relation(serverTopology(fromNvidiaSmiTopo(text(numa))), 'GPU0', 'NIC0');
      expect([wordOf('1'), wordOf('0')]).toEqual(['SYS', 'NODE']);
    });
  });

  describe('reads the text however it was copied', () => {
    const expected = cellsOf(SMALL);
    const header = SMALL.split('\n')[0]!;
    const body = SMALL.slice(header.length);

    it.each<[string, string]>([
      ['with terminal escapes', `\t\u001b[4m${header.trim()}\u001b[0m\u001b(B${body}`],
      ['with escapes that lost their first character', `\t[4m${header.trim()}[0m${body}`],
      ['with escapes spelled out', `\t^[[4m${header.trim()}^[[0m${body}`],
      ['with spaces', SMALL.replace(/\t/g, '   ')],
      ['with Windows line ends', `\uFEFF${SMALL.replace(/\n/g, '\r\n')}`],
      ['with headings run together', SMALL.replace('\tNIC0\tNIC1', '\tNIC0NIC1')],
      ['with all headings run together', SMALL.replace(header, header.replace(/\t/g, ''))],
      ['with a shell prompt around', `$ nvidia-smi topo -m\n${SMALL}\n$ exit`],
      ['with indented rows', SMALL.replace(/^(?=GPU|NIC)/gm, '    ')],
      ['without affinity columns', SMALL.replace(/\t(?:CPU Affinity|\d+-\d+).*/g, '')],
      ['without the GPU NUMA ID', SMALL.replace(/\t+(?:GPU NUMA ID|N\/A)/g, '')],
      ['without legend', SMALL.slice(0, SMALL.indexOf('Legend'))],
      ['with rows in another order', swapLines(SMALL, 2, 6)],
      ['with the SOC of old drivers', SMALL.replace(/\tSYS/g, '\tSOC')],
      ['as a table of Markdown', markdown(SMALL)],
      ['as a table of Markdown with words in bold', markdown(SMALL).replace(/\b(NV\d+|GPU\d)\b/g, '**$1**')],
      ['as a table of Markdown with code', markdown(SMALL).replace(/\b(NV\d+|SYS)\b/g, '`$1`')],
      ['in a frame of lines', markdown(SMALL).replaceAll('|', '│')],
      ['from grep -n', SMALL.replace(/^/gm, '17:')],
      ['inside a fence', `\`\`\`text\n${SMALL}\n\`\`\`\nplease help`],
      ['with cells in bold', SMALL.replace(/\t(NV\d+)/g, '\t**$1**')],
      ['with escaped underscores', SMALL.replaceAll('_', '\\_')],
      ['as a quotation', SMALL.replace(/^/gm, '> ')],
      ['as a quotation of a quotation', SMALL.replace(/^/gm, '>> ')],
      ['as a quotation without blanks', SMALL.replace(/^/gm, '>')],
      ['as lines added in a diff', SMALL.replace(/^/gm, '+')],
      ['as lines removed in a diff, with a blank', SMALL.replace(/^/gm, '- ')],
      ['with time stamps', SMALL.replace(/^/gm, '2024-05-01T12:00:00.123456789Z ')],
      ['with time stamps in brackets', SMALL.replace(/^/gm, '[2024-05-01 12:00:00,123] ')],
      ['from journald', SMALL.replace(/^/gm, 'May 01 12:00:00 node-17 topo[4711]: ')],
      ['from kubectl logs --prefix', SMALL.replace(/^/gm, '[pod/gpu-x7k2p/main] ')],
      ['from klog', SMALL.replace(/^/gm, 'I0501 12:00:00.123456       1 topo.go:42] ')],
      ['from docker compose', SMALL.replace(/^/gm, 'topo-1  | ')],
      ['from srun -l', SMALL.replace(/^/gm, '0: ')],
      ['from mpirun', SMALL.replace(/^/gm, '[1,0]<stdout>:')],
      [
        'with line numbers',
        SMALL.split('\n')
          .map((line, i) => `${String(i + 1).padStart(6)}\t${line}`)
          .join('\n'),
      ],
      ['with remarks behind the last column', SMALL.replace(/^((?:GPU|NIC)\d\t.*)$/gm, '$1   <- look here')],
      ['with remarks after a sign', SMALL.replace(/^(GPU[13]\t.*)$/gm, '$1 # (slow, 2 of 4)')],
      ['with a remark behind the headings', SMALL.replace(/^(\tGPU0.*)$/m, '$1   <-- headings')],
      ['with prose around', `GPU0 and GPU1 are slow, GPU0 GPU1 too:\n${SMALL}\nGPU0 is SYS from GPU2, X`],
      ['with the matrix of -p2p after it', `${SMALL}\n${P2P}`],
      ['with the matrix of -p2p before it', `${P2P}\n${SMALL}`],
      ['with two matrices of -p2p around it', `${P2P}\n${SMALL}\n${P2P}`],
      ['with the same matrix once more', `${SMALL}\n${SMALL}`],
      ['with that of -mp after it', `${SMALL}\n${SMALL.replace(/\bNV\d+/g, 'SYS')}`],
      ['with that of -mp before it', `${SMALL.replace(/\bNV\d+/g, 'SYS')}\n${SMALL}`],
      ['with the first two cells run together', SMALL.replace(/^(GPU\d\t\s*\w+)\s+/gm, '$1')],
      ['with all cells run together', runTogether(SMALL)],
      ['with CPUs run into the last cell', SMALL.replace(/\t(?=\d+-\d+,)/g, '')],
      ['with the first cell run into the heading', SMALL.replace(/^((?:GPU|NIC)\d+)\s+/gm, '$1')],
    ])('%s', (_, text) => {
      expect(text).not.toBe(SMALL);
      expect(matrixOf(fromNvidiaSmiTopo(text))).toEqual(expected);
    });

    it('parts cells that ran together by what the mirrored cells say', () => {
      const text = '\tGPU0\tGPU1\tCPU Affinity\nGPU0\tX\tNV1216-31\nGPU1\tNV12\tX\t0-15';
      const document = fromNvidiaSmiTopo(text);
      expect(matrixOf(document).cells).toEqual([
        ['X', 'NV12'],
        ['NV12', 'X'],
      ]);
      expect(document.notes!.join()).toContain('CPU affinity of GPU0: 16-31');
    });

    it('refuses cells that ran together and have two readings', () => {
      const text =
        '\tGPU0\tGPU1\tNIC0\tNIC1\tCPU Affinity\nGPU0\tX\tSYS\tSYS\tNV121-31\nGPU1\tSYS\tX\tSYS\tSYS\nNIC0\tSYS\tSYS\tX\tSYS\nNIC1\tNV121-31\tSYS\tSYS\tX';
      expect(caught(() => fromNvidiaSmiTopo(text))).toMatchObject({ code: 'invalid-format' });
      const two = '\tGPU0\tGPU1\tCPU Affinity\nGPU0\tX\tNV121-31\nGPU1\tNV2 X\t0-15';
      expect(caught(() => fromNvidiaSmiTopo(two)).message).toMatch(/NV12 or NV1: put a blank between them/);
    });

    it('refuses matrices of two servers, and says where they stand', () => {
      const other = SMALL.replace(/\bNV\d+/g, 'NV18');
      const error = caught(() => fromNvidiaSmiTopo(`${SMALL}\n${other}`));
      expect(error).toMatchObject({ code: 'invalid-format', path: ['line', SMALL.split('\n').length + 1] });
      expect(error.message).toMatch(/not that of line 1/);
    });

    it('parts headings by the longest row: NIC1NIC11', () => {
      const labels = ['GPU0', ...Array.from({ length: 12 }, (_, i) => `NIC${i}`)];
      const text = [
        `\t${labels.join('')}`,
        ...labels.map((a) => [a, ...labels.map((b) => (a === b ? 'X' : 'SYS'))].join(' ')),
      ];
      expect(matrixOf(fromNvidiaSmiTopo(text.join('\n'))).devices).toEqual(labels);
    });

    it('takes any heading for a name: __proto__, constructor', () => {
      const text = table(`
                     GPU0 __proto__ constructor
        GPU0         X    PIX       SYS
        __proto__    PIX  X         SYS
        constructor  SYS  SYS       X
      `);
      const document = fromNvidiaSmiTopo(`${text}\nNIC Legend:\n\n  __proto__: mlx5_0\n`);
      // The graph library cannot hold these two names, so their ids are longer than their headings.
      expect(serverTopology(document).nics).toEqual(['__proto__.nic', 'constructor.nic']);
      expect(matrixOf(document).cells).toEqual(cellsOf(text).cells);
      expect(device(document, '__proto__.nic').model).toBe('mlx5_0');
    });

    it('reads a server of one GPU', () => {
      expect(matrixOf(fromNvidiaSmiTopo('\tGPU0\tCPU Affinity\nGPU0\t X \t0-7\n')).cells).toEqual([['X']]);
    });
  });

  describe('reads affinities', () => {
    const affinity = (title: string, ...rows: string[]) => {
      const labels = rows.map((_, i) => `GPU${i}`);
      const text = [
        `\t${labels.join('\t')}\t${title}`,
        ...rows.map((row, i) =>
          [labels[i], ...labels.map((_, j) => (i === j ? ' X ' : 'SYS')), row].join('\t'),
        ),
      ];
      const document = fromNvidiaSmiTopo(text.join('\n'));
      return {
        numa: labels.map((id) => device(document, id).numa),
        cpus: (document.notes ?? []).flatMap((note) => /^CPU affinity of (.*)/.exec(note)?.[1] ?? []),
      };
    };
    const BOTH = 'CPU Affinity\tNUMA Affinity';
    const ALL = `${BOTH}\tGPU NUMA ID`;

    it.each<[string, string, string[], (number | string | undefined)[], string[]]>([
      ['a number', ALL, ['0-3\t5\t\tN/A'], [5], ['GPU0: 0-3']],
      ['a range', ALL, ['0-3\t0-1\t\tN/A'], ['0-1'], ['GPU0: 0-3']],
      ['the first of a Grace list', ALL, ['0-71\t0,2-17\t\t4'], [0], ['GPU0: 0-71']],
      ['nothing known', ALL, ['0-3\tN/A\t\tN/A'], [undefined], ['GPU0: 0-3']],
      ['a blank CPU list', ALL, ['\t2\t\tN/A'], [2], []],
      [
        'a blank NUMA cell beside a full one',
        ALL,
        ['0-31\t\t\tN/A', '32-63\t1\t\tN/A'],
        [undefined, 1],
        ['GPU0: 0-31', 'GPU1: 32-63'],
      ],
      ['single CPUs', BOTH, ['0,2,4,6\t0'], [0], ['GPU0: 0,2,4,6']],
      ['a list with spaces', BOTH, ['0-3, 8-11\t1'], [1], ['GPU0: 0-3,8-11']],
      ['only NUMA', 'NUMA', ['1', '0'], [1, 0], []],
      ['only CPUs', 'CPU Affinity', ['0-9'], [undefined], ['GPU0: 0-9']],
      ['titles run together', 'CPU AffinityNUMA Affinity', ['0-9\t3'], [3], ['GPU0: 0-9']],
      ['threads of the same cores run into NUMA', ALL, ['0-45,92-1370\t\tN/A'], [0], ['GPU0: 0-45,92-137']],
      ['and into a NUMA node of two digits', ALL, ['0-45,92-13711\t\tN/A'], [11], ['GPU0: 0-45,92-137']],
      ['and between spaces', BOTH.replace('\t', '  '), ['0-45,92-1371'], [1], ['GPU0: 0-45,92-137']],
      ['every other CPU, run into NUMA', BOTH, ['1,3,5,71'], [1], ['GPU0: 1,3,5,7']],
      ['a list run into a range', BOTH, ['0-630-1'], ['0-1'], ['GPU0: 0-63']],
      ['a list run into a Grace list', ALL, ['0-710,2-17\t\t2'], [0], ['GPU0: 0-71']],
      [
        'one range run into NUMA, as another row shows',
        ALL,
        ['0-470\t\tN/A', '48-95\t1\t\tN/A'],
        [0, 1],
        ['GPU0: 0-47', 'GPU1: 48-95'],
      ],
      ['a range that may be whole', BOTH, ['0-470'], [undefined], ['GPU0: 0-470']],
    ])('%s', (_, title, rows, numa, cpus) => {
      expect(affinity(title, ...rows)).toEqual({ numa, cpus });
    });
  });

  describe('states figures', () => {
    const figureOf = (medium: string, options?: NvidiaSmiTopoOptions) =>
      fromNvidiaSmiTopo(SMALL, options).links.find((link) => link.medium === medium)!;

    it('assumes NCCL constants of a Hopper server, and says of every link that it does', () => {
      expect(figureOf('pcie')).toMatchObject({ bandwidthGBps: 48, basis: 'nccl', rawGBps: 63.02 });
      expect(figureOf('nvlink')).toMatchObject({ bandwidthGBps: 82.4, basis: 'nccl', links: 4 });
      expect(figureOf('socket')).toMatchObject({ bandwidthGBps: 22, basis: 'nccl' });
      for (const link of fromNvidiaSmiTopo(SMALL).links) {
        expect(link.verified).toBe(false);
        expect(link.source).toContain('assumed, not in nvidia-smi topo -m');
      }
    });

    it('takes the figures of the caller', () => {
      const options = { pcieGeneration: 4, nvlinkGBpsPerLink: 14, socketGBps: 16 } as const;
      expect(figureOf('pcie', options).bandwidthGBps).toBe(24);
      expect(figureOf('nvlink', options)).toMatchObject({
        bandwidthGBps: 56,
        source: expect.stringContaining('caller'),
      });
      expect(figureOf('socket', options)).toMatchObject({
        bandwidthGBps: 16,
        source: expect.stringContaining('caller'),
      });
    });

    it('says nothing of ports, with a note, unless the caller does', () => {
      const text = ['GPU0 NIC0', 'GPU0 X PIX', 'NIC0 PIX X'].join('\n');
      const nicOf = (options?: NvidiaSmiTopoOptions): Device | undefined =>
        fromNvidiaSmiTopo(text, options).devices.find(({ kind }) => kind === 'nic');
      expect(nicOf()!.portGBps).toBeUndefined();
      expect(fromNvidiaSmiTopo(text).notes).toContain(unknownPortNotes(1)[0]);
      expect(nicOf({ portGbps: 400 })).toMatchObject({
        portGBps: 50,
        portBasis: 'nccl',
        portVerified: false,
      });
      expect(fromNvidiaSmiTopo(text, { portGbps: 400 }).notes!.join()).not.toContain('port');
      expect(fromNvidiaSmiTopo(['GPU0', 'GPU0 X'].join('\n')).notes!.join()).not.toContain('port');
    });

    it('takes 0.85 of the line rate where the caller wants that', () => {
      expect(figureOf('pcie', { basis: 'raw' })).toMatchObject({ bandwidthGBps: 53.567, basis: 'raw' });
      expect(figureOf('nvlink', { basis: 'raw' })).toMatchObject({ bandwidthGBps: 85, basis: 'raw' });
    });

    it('gives NCCL’s 370.8 GB/s for eight H100 behind NVSwitch', () => {
      const server = serverTopology(fromNvidiaSmiTopo(matrixText(8, () => 'NV18')));
      expect(collectiveBandwidth(server, [0, 1, 2, 3, 4, 5, 6, 7])).toBeCloseTo(370.8, 6);
    });

    it.each<[string, unknown]>([
      ['name', ''],
      ['gpuModel', 7],
      ['pcieGeneration', 7],
      ['nvlinkGBpsPerLink', 0],
      ['socketGBps', Number.NaN],
      ['portGbps', 0],
      ['portGbps', 10_001],
      ['numaNodesPerSocket', 1.5],
      ['basis', 'measured'],
      ['bandwidth', 1],
    ])('refuses the option %s: %j', (name, value) => {
      expect(caught(() => fromNvidiaSmiTopo(SMALL, { [name]: value }))).toMatchObject({
        code: 'invalid-option',
        path: [name],
      });
    });
  });

  describe('refuses', () => {
    it.each<[string, string, (string | number)[], RegExp]>([
      ['nothing', '', [], /no line with the headings/],
      ['another command of nvidia-smi', 'GPU 0: NVIDIA L4 (UUID: GPU-1)', [], /no line with the headings/],
      ['-p2p', '\tGPU0\tGPU1\nGPU0\tX\tCNS\nGPU1\tCNS\tX', ['line', 2, 'GPU1'], /topo -p2p/],
      ['-p2p, all well', '\tGPU0\tGPU1\nGPU0\tX\tOK\nGPU1\tOK\tX', ['line', 2, 'GPU1'], /topo -p2p/],
      ['rocm-smi', '= ROCm System Management Interface =', [], /rocm-smi/],
      ['an unknown word', '\tGPU0\tGPU1\nGPU0\tX\tPIY\nGPU1\tPIX\tX', ['line', 2, 'GPU1'], /"PIY"/],
      ['NV0', '\tGPU0\tGPU1\nGPU0\tX\tNV0\nGPU1\tNV0\tX', ['line', 2, 'GPU1'], /"NV0"/],
      ['NV999', '\tGPU0\tGPU1\nGPU0\tX\tNV999\nGPU1\tNV999\tX', ['line', 2, 'GPU1'], /"NV999"/],
      ['X off the diagonal', '\tGPU0\tGPU1\nGPU0\tX\tX\nGPU1\tX\tX', ['line', 2, 'GPU1'], /itself/],
      ['no X on the diagonal', '\tGPU0\nGPU0\tPIX', ['line', 2, 'GPU0'], /expected X/],
      ['a missing row', '\tGPU0\tGPU1\nGPU0\tX\tPIX', ['line', 1], /no row for column "GPU1"/],
      ['a row cut off', '\tGPU0\tGPU1\nGPU0\tX\tPIX\nGPU1\tPIX', ['line', 3, 'GPU1'], /cut off/],
      ['a row without column', '\tGPU0\nGPU0\tX\nGPU1\tPIX', ['line', 3], /no column for row "GPU1"/],
      ['a row given twice', '\tGPU0\nGPU0\tX\nGPU0\tX', ['line', 3], /stands twice/],
      ['a column given twice', '\tGPU0\tGPU0\nGPU0\tX\tX', ['line', 1, 'GPU0'], /stands twice/],
      ['cells without column', '\tGPU0\nGPU0\tX\tSYS\t0', ['line', 2], /more cells than columns/],
      [
        'one-sided cells',
        '\tGPU0\tGPU1\nGPU0\tX\tPIX\nGPU1\tSYS\tX',
        ['line', 2, 'GPU1'],
        /GPU0 to GPU1 is PIX, but GPU1 to GPU0 is SYS/,
      ],
      ['one-sided NVLinks', '\tGPU0\tGPU1\nGPU0\tX\tNV4\nGPU1\tNV2\tX', ['line', 2, 'GPU1'], /symmetric/],
    ])('%s', (_, text, path, message) => {
      const error = caught(() => fromNvidiaSmiTopo(text));
      expect(error).toMatchObject({ code: 'invalid-format', path });
      expect(error.message).toMatch(message);
    });

    it('cells that contradict each other, and names them', () => {
      const error = caught(() =>
        fromNvidiaSmiTopo(
          table(`
                  GPU0 GPU1 GPU2
            GPU0  X    PIX  SYS
            GPU1  PIX  X    PXB
            GPU2  SYS  PXB  X
          `),
        ),
      );
      expect(error).toMatchObject({ code: 'invalid-format', path: ['line', 2, 'GPU2'] });
      expect(error.message).toContain('GPU0–GPU2 is SYS, yet GPU0–GPU1 is PIX and GPU1–GPU2 is PXB');
    });

    it('what is no text', () => {
      for (const value of [undefined, null, 7, {}, ['GPU0'], new Uint8Array(2)]) {
        expect(caught(() => fromNvidiaSmiTopo(value as string)).code).toBe('invalid-format');
      }
    });

    const many = (count: number, label: (i: number) => string) => {
      const labels = Array.from({ length: count }, (_, i) => label(i));
      return [
        `\t${labels.join('\t')}`,
        ...labels.map((a) => [a, ...labels.map((b) => (a === b ? 'X' : 'PIX'))].join('\t')),
      ].join('\n');
    };

    it.each<[string, () => string]>([
      ['characters', () => `\tGPU0\n${' '.repeat(2 ** 20)}`],
      ['GPUs', () => many(17, (i) => `GPU${i}`)],
      ['columns', () => many(129, (i) => (i === 0 ? 'GPU0' : `NIC${i}`))],
      ['columns run together', () => `\tGPU0${'GPU0'.repeat(200)}\nGPU0\tX`],
      ['rows', () => `\tGPU0\n${Array.from({ length: 129 }, (_, i) => `NIC${i}\tX`).join('\n')}`],
      ['NUMA nodes', () => many(66, (i) => (i === 0 ? 'GPU0' : `NIC${i}`)).replace(/PIX/g, 'SYS')],
    ])('too many %s', (_, text) => {
      expect(caught(() => fromNvidiaSmiTopo(text())).code).toBe('limit-exceeded');
    });

    it('cells and names longer than any the tool prints', () => {
      const long = 'x'.repeat(1025);
      for (const text of [
        `\tGPU0\t${long}\nGPU0\tX\tSYS\n${long}\tSYS\tX`,
        `\tGPU0\tNUMA Affinity\nGPU0\tX\t${'1'.repeat(1025)}`,
        `\tGPU0\tNIC0\nGPU0\tX\tSYS\nNIC0\tSYS\tX\nNIC Legend:\n  NIC0: ${long}`,
      ]) {
        expect(caught(() => fromNvidiaSmiTopo(text)).code).toBe('invalid-format');
      }
    });

    it('nothing that is as large as the limits allow', () => {
      const text = many(128, (i) => (i < 16 ? `GPU${i}` : `NIC${i}`));
      expect(matrixOf(fromNvidiaSmiTopo(text))).toEqual(cellsOf(text));
    });

    it('hostile texts of a million characters, within seconds', () => {
      const size = 2 ** 20 - 64;
      for (const text of [
        '\u001b['.repeat(size / 2),
        '\u001b[1;'.repeat(size / 4),
        'GPU0'.repeat(size / 4),
        `\tGPU0${' '.repeat(size)}`,
        `\tGPU0\t${'CPU '.repeat(size / 4)}`,
        `\tGPU0\tCPU Affinity\nGPU0\tX\t${'0,'.repeat(size / 2)}`,
        `\tGPU0\tCPU Affinity\nGPU0\tX\t${' ,'.repeat(size / 2)}`,
        `\tGPU0\nGPU0\tX\nNIC Legend:\n${':'.repeat(size / 2)}`,
        'GPU0 X\n'.repeat(size / 8),
        '\n'.repeat(size),
        '[1'.repeat(size / 2),
      ]) {
        const start = performance.now();
        try {
          fromNvidiaSmiTopo(text);
        } catch (error) {
          expect(error).toBeInstanceOf(CorralError);
        }
        expect(performance.now() - start).toBeLessThan(2000);
      }
    });
  });

  describe('as a law', () => {
    it('holds for every machine: random trees of devices with random NVLinks', () => {
      fc.assert(
        fc.property(machines, ({ text, words, labels }) => {
          const document = fromNvidiaSmiTopo(text);
          expect(matrixOf(document)).toEqual({ devices: labels, cells: words });
        }),
        { numRuns: 500, seed: 71 },
      );
    });

    it('refuses a matrix without NVLinks exactly if some device is nearer to two others than they are to each other', () => {
      const word = fc.constantFrom('PIX', 'PIX', 'PXB', 'PHB', 'NODE', 'SYS');
      fc.assert(
        fc.property(fc.array(word, { minLength: 6, maxLength: 6 }), (six) => {
          const text = matrixText(4, (a, b) => six[a === 0 ? b - 1 : a + b]!);
          const { cells } = cellsOf(text);
          const rank = (a: number, b: number) =>
            ['X', 'PIX', 'PXB', 'PHB', 'NODE', 'SYS'].indexOf(cells[a]![b]!);
          const four = [0, 1, 2, 3];
          const fits = four.every((a) =>
            four.every((b) => four.every((c) => rank(a, c) <= Math.max(rank(a, b), rank(b, c)))),
          );
          if (fits) expect(matrixOf(fromNvidiaSmiTopo(text)).cells).toEqual(cells);
          else expect(caught(() => fromNvidiaSmiTopo(text)).code).toBe('invalid-format');
        }),
        { numRuns: 1000, seed: 72 },
      );
    });

    it('reads a text cut off anywhere as the whole, or refuses it', () => {
      for (const text of [SMALL, SWITCHED]) {
        const whole = cellsOf(text);
        for (let end = 0; end < text.length; end++) {
          try {
            expect(matrixOf(fromNvidiaSmiTopo(text.slice(0, end)))).toEqual(whole);
          } catch (error) {
            if (!(error instanceof CorralError)) throw error;
            expect(error.code).toBe('invalid-format');
          }
        }
      }
    });

    it('throws nothing but CorralError, and returns nothing but servers, for 5,000 spoiled texts', () => {
      fc.assert(
        fc.property(
          fc.constantFrom(SMALL, SWITCHED),
          fc.array(spoilings, { minLength: 1, maxLength: 4 }),
          (text, steps) => {
            const spoiled = steps.reduce((sofar, step) => step(sofar), text);
            try {
              serverTopology(fromNvidiaSmiTopo(spoiled));
            } catch (error) {
              if (!(error instanceof CorralError)) throw error;
              expect(['invalid-format', 'limit-exceeded']).toContain(error.code);
            }
          },
        ),
        { numRuns: 5000, seed: 73 },
      );
    });
  });
});

describe('toNvidiaSmiTopo', () => {
  const FABRICS = new Set(['XGMI', 'SCALEUP']);
  const isForeign = (server: ServerTopology) =>
    relationMatrix(server).cells.some((row) => row.some((word) => FABRICS.has(word)));
  const names = [...topologyNames];

  it.each(names.filter((name) => !isForeign(topology(name))))('keeps the matrix of %s', (name) => {
    const text = toNvidiaSmiTopo(topology(name));
    expect(matrixOf(fromNvidiaSmiTopo(text)).cells).toEqual(relationMatrix(topology(name)).cells);
  });

  it.each(names.filter((name) => isForeign(topology(name))))('has no words for %s', (name) => {
    expect(caught(() => toNvidiaSmiTopo(topology(name)))).toMatchObject({
      code: 'invalid-option',
      path: ['topology'],
      message: expect.stringMatching(/XGMI|SCALEUP/),
    });
  });

  it('prints as the tool does', () => {
    const lines = toNvidiaSmiTopo(serverTopology(fromNvidiaSmiTopo(SMALL))).split('\n');
    expect(lines.slice(0, 8)).toEqual([
      '\tGPU0\tGPU1\tGPU2\tGPU3\tNIC0\tNIC1\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID',
      'GPU0\t X \tPIX\tNV4\tSYS\tPXB\tSYS\tN/A\t0\t\tN/A',
      'GPU1\tPIX\t X \tSYS\tSYS\tPXB\tSYS\tN/A\t0\t\tN/A',
      'GPU2\tNV4\tSYS\t X \tPIX\tSYS\tPHB\tN/A\t1\t\tN/A',
      'GPU3\tSYS\tSYS\tPIX\t X \tSYS\tPHB\tN/A\t1\t\tN/A',
      'NIC0\tPXB\tPXB\tSYS\tSYS\t X \tSYS\t\t\t\t',
      'NIC1\tSYS\tSYS\tPHB\tPHB\tSYS\t X \t\t\t\t',
      '',
    ]);
    expect(lines).toContain('  NV#  = Connection traversing a bonded set of # NVLinks');
    expect(lines.slice(-4)).toEqual(['', '  NIC0: mlx5_2', '  NIC1: mlx5_bond_0', '']);
  });

  it('keeps headings that the tool could have printed, and replaces others', () => {
    const own = serverTopology(fromNvidiaSmiTopo(SWITCHED));
    expect(toNvidiaSmiTopo(own)).toMatch(/^\tGPU0\tGPU1\tGPU2\tGPU3\tmlx5_3\tmlx5_0\tCPU/);
    const named = (nics: string[]) =>
      toNvidiaSmiTopo(
        serverTopology({
          name: 'small',
          title: 'written in a test',
          gpuModel: 'none',
          devices: [
            { id: 'GPU0', kind: 'gpu', numa: 'left half' },
            ...nics.map((id) => ({ id, kind: 'nic' })),
          ],
          links: [],
        }),
      );
    expect(named(['a b', 'PIX'])).toMatch(/^\tGPU0\tNIC0\tNIC1\tCPU[\s\S]*NIC0: a b\n {2}NIC1: PIX\n$/);
    expect(named(['SYS'])).toMatch(/^\tGPU0\tNIC0\tCPU/);
    expect(named(['NUMA'])).toMatch(/^\tGPU0\tNIC0\tCPU/);
    expect(named(['eth0'])).toMatch(/^\tGPU0\teth0\tCPU[\s\S]*\nGPU0\t X \tSYS\tN\/A\tN\/A\t\tN\/A\n/);
  });

  it('refuses a server without GPUs', () => {
    const server = serverTopology({
      name: 'host',
      title: 'no GPU',
      gpuModel: 'none',
      devices: [{ id: 'cpu', kind: 'socket' }],
      links: [],
    });
    expect(caught(() => toNvidiaSmiTopo(server)).code).toBe('invalid-option');
  });
});

/** A table written with spaces, as the tool prints it: tabs, ` X `, two tabs before the GPU NUMA ID, titles of words. */
function table(drawn: string): string {
  const lines = drawn.split('\n').map((line) => {
    if (!/^\s*(?:GPU|NIC|mlx|numa|socket|__|constr)[^\s:]*\s[^:]*$/.test(line)) return line;
    const isHeader = /^\s*GPU\d+\s+(?:GPU|NIC|numa|_|NUMA)/.test(line) || /^\s*GPU\d+\s*$/.test(line);
    if (isHeader)
      return `\t${line
        .trim()
        .replace(/\s+/g, '\t')
        .replace(/_(?=Aff|NUMA|ID)/g, ' ')}`;
    const cells = line
      .trim()
      .split(/\s+/)
      .map((cell) => (cell === 'X' ? ' X ' : cell));
    return cells.join('\t').replace(/\tN\/A$/, '\t\tN/A');
  });
  return lines.join('\n').replace(/^\n/, '');
}

/** A matrix of GPUs whose word is a function of the pair, lower position first. */
function matrixText(count: number, word: (a: number, b: number) => string): string {
  const all = Array.from({ length: count }, (_, i) => i);
  const rows = all.map((a) =>
    [`GPU${a}`, ...all.map((b) => (a === b ? ' X ' : word(Math.min(a, b), Math.max(a, b))))].join('\t'),
  );
  return [`\t${all.map((a) => `GPU${a}`).join('\t')}`, ...rows].join('\n');
}

/** The matrix of a text, read without corral: every row that begins with a heading and a word. */
function cellsOf(text: string): { devices: string[]; cells: string[][] } {
  const rows = text
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, second]) => second !== undefined && /^(?:X|NV\d+|PIX|PXB|PHB|NODE|SYS|SOC)$/.test(second));
  return {
    devices: rows.map(([label]) => label!),
    cells: rows.map((row) => row.slice(1, rows.length + 1).map((word) => (word === 'SOC' ? 'SYS' : word))),
  };
}

function matrixOf(document: ServerDocument): ReturnType<typeof relationMatrix> {
  return relationMatrix(serverTopology(document));
}

/** The lines of a matrix as a table of Markdown, other lines as they are. */
function markdown(text: string): string {
  const lines = text
    .split('\n')
    .map((line) => (line.includes('\t') ? `| ${line.split('\t').join(' | ')} |` : line));
  const width = lines[0]!.split('|').length - 2;
  return [lines[0], `|${' --- |'.repeat(width)}`, ...lines.slice(1)].join('\n');
}

/** A matrix whose cells have no blanks between them. */
function runTogether(text: string): string {
  return text.replace(/^((?:GPU|NIC)\d+)\t((?: *[A-Z]+\d* *(?:\t|$))+)/gm, (_, label, cells: string) => {
    return `${label}\t${cells.replace(/\s/g, '')}\t`;
  });
}

function device(document: ServerDocument, id: string): Device {
  return document.devices.find((candidate) => candidate.id === id)!;
}

function nvlinksOf(document: ServerDocument): ServerDocument['links'] {
  return document.links.filter(({ medium }) => medium === 'nvlink');
}

function swapLines(text: string, a: number, b: number): string {
  const lines = text.split('\n');
  [lines[a], lines[b]] = [lines[b]!, lines[a]!];
  return lines.join('\n');
}

/** Random machines: each device at an address of five levels, GPUs with random NVLinks, in random columns. */
const machines = fc
  .record({
    gpus: fc.array(fc.tuple(...[3, 2, 2, 2].map((max) => fc.nat({ max: max - 1 }))), {
      minLength: 1,
      maxLength: 8,
    }),
    nics: fc.array(fc.tuple(...[3, 2, 2, 2].map((max) => fc.nat({ max: max - 1 }))), { maxLength: 6 }),
    nvlinks: fc.array(fc.tuple(fc.nat({ max: 7 }), fc.nat({ max: 7 }), fc.integer({ min: 1, max: 18 })), {
      maxLength: 28,
    }),
    isSwitched: fc.boolean(),
    numa: fc.constantFrom('as wired', 'all the same', 'unknown', 'no column'),
  })
  .map(({ gpus, nics, nvlinks, isSwitched, numa }) => {
    const places = [...gpus, ...nics];
    const labels = [...gpus.map((_, i) => `GPU${i}`), ...nics.map((_, i) => `mlx5_${nics.length - i}`)];
    const words = places.map((a, i) =>
      places.map((b, j) => {
        if (i === j) return 'X';
        if (isSwitched && i < gpus.length && j < gpus.length) return 'NV18';
        const shared = a.findIndex((step, level) => step !== b[level]);
        return shared === -1 ? 'PIX' : ['SYS', 'NODE', 'PHB', 'PXB'][shared]!;
      }),
    );
    for (const [a, b, links] of isSwitched ? [] : nvlinks) {
      if (a === b || a >= gpus.length || b >= gpus.length) continue;
      words[a]![b] = `NV${links}`;
      words[b]![a] = `NV${links}`;
    }
    const affinity = (i: number): string[] => {
      if (numa === 'no column' || i >= gpus.length) return [];
      return [numa === 'as wired' ? String(places[i]![0]) : numa === 'unknown' ? 'N/A' : '0'];
    };
    const text = [
      ['', ...labels, ...(numa === 'no column' ? [] : ['NUMA Affinity'])].join('\t'),
      ...words.map((row, i) => [labels[i], ...row, ...affinity(i)].join('\t')),
    ].join('\n');
    return { text, words, labels };
  });

/** Ways in which a text is spoiled on its way. */
const spoilings: fc.Arbitrary<(text: string) => string> = fc.oneof(
  fc.nat().map((at) => (text: string) => text.slice(0, at % (text.length + 1))),
  fc.nat().map((at) => (text: string) => text.slice(at % (text.length + 1))),
  fc.tuple(fc.nat(), fc.string({ unit: 'binary', maxLength: 3 })).map(([at, inserted]) => (text: string) => {
    const i = at % (text.length + 1);
    return text.slice(0, i) + inserted + text.slice(i + 1);
  }),
  fc
    .tuple(
      fc.nat(),
      fc.constantFrom(
        'X',
        'PIX',
        'PXB',
        'PHB',
        'NODE',
        'SYS',
        'NV1',
        'NV18',
        'NV999',
        'OK',
        '__proto__',
        'GPU0',
        '0-1',
        '',
        '\t',
        '\n',
        'N/A',
        '\u001b[4m',
        'CPU Affinity',
      ),
    )
    .map(([at, word]) => (text: string) => {
      const words = text.split(/(\s+)/);
      words[at % words.length] = word;
      return words.join('');
    }),
  fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => (text: string) => {
    const count = text.split('\n').length;
    return swapLines(text, a % count, b % count);
  }),
  fc.nat().map((at) => (text: string) => {
    const lines = text.split('\n');
    lines.splice(at % lines.length, 1);
    return lines.join('\n');
  }),
  fc.nat().map((at) => (text: string) => {
    const lines = text.split('\n');
    lines.splice(at % lines.length, 0, lines[at % lines.length]!);
    return lines.join('\n');
  }),
  fc.constant((text: string) => text.replaceAll('\t', ' ')),
);
