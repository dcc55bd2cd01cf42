import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../../src/bandwidth/index.js';
import { CorralError } from '../../../src/errors.js';
import { fromHwlocXml, fromNvidiaSmiTopo, type HwlocXmlOptions } from '../../../src/formats/index.js';
import { unknownPortNotes } from '../../../src/formats/server/notes.js';
import { relation, relationMatrix } from '../../../src/topology/relation.js';
import type { Device, Link, ServerDocument } from '../../../src/topology/server-document.js';
import { serverTopology } from '../../../src/topology/server-topology.js';
import { caught } from '../../catalogue/caught.js';
import { describeWithShared } from '../../shared-data.js';
import { mutatedText, truncatedText } from '../mutated-text.js';

// Files written for these tests, piece by piece.
type Attributes = Record<string, string | number>;
const attributesOf = (attributes: Attributes): string =>
  Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${value}"`)
    .join('');
const object = (type: string, attributes: Attributes, ...inside: string[]): string =>
  `<object type="${type}"${attributesOf(attributes)}>${inside.join('')}</object>\n`;
const info = (infos: Attributes): string =>
  Object.entries(infos)
    .map(([name, value]) => `<info name="${name}" value="${value}"/>`)
    .join('');
const file = (version: string, machine: readonly string[], ...after: string[]): string =>
  `<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n<topology version="${version}">\n${object('Machine', { os_index: 0, gp_index: 1 }, ...machine)}${after.join('')}</topology>\n`;
const numa = (index: number, attributes: Attributes = {}, ...inside: string[]): string =>
  object('NUMANode', { os_index: index, ...attributes }, ...inside);
const socket = (index: number, ...inside: string[]): string =>
  object('Package', { os_index: index, gp_index: 100 + index }, ...inside);
const hostBridge = (...inside: string[]): string =>
  object('Bridge', { bridge_type: '0-1', bridge_pci: '0000:[00-ff]' }, ...inside);
const bridge = (bus: number, speed: string, ...inside: string[]): string =>
  object(
    'Bridge',
    {
      bridge_type: '1-1',
      pci_busid: `0000:${bus.toString(16).padStart(2, '0')}:01.0`,
      pci_type: '0604 [8086:347a] [0000:0000] 04 00',
      pci_link_speed: speed,
    },
    ...inside,
  );
const pci = (bus: number, type: string, speed: string, ...inside: string[]): string =>
  object(
    'PCIDev',
    {
      gp_index: 1000 + bus,
      pci_busid: `0000:${Math.floor(bus).toString(16).padStart(2, '0')}:00.${Math.round((bus % 1) * 10)}`,
      pci_type: `${type} [0000:0000] a1 00`,
      pci_link_speed: speed,
    },
    ...inside,
  );
const GEN4 = '31.507692';
const GEN5 = '63.015385';
const A100 = '0302 [10de:20b2]';
const MLX = '0207 [15b3:101b]';
const gpu = (
  bus: number,
  number: number,
  infos: Attributes = { GPUModel: 'NVIDIA A100-SXM4-40GB' },
): string =>
  pci(
    bus,
    A100,
    GEN4,
    object('OSDev', { name: `cuda${number}`, subtype: 'CUDA', osdev_type: 12 }, info(infos)),
    object('OSDev', { gp_index: 2000 + number, name: `nvml${number}`, subtype: 'NVML', osdev_type: 12 }),
  );
const nic = (bus: number, number: number): string =>
  pci(
    bus,
    MLX,
    GEN4,
    object('OSDev', { name: `ib${number}`, osdev_type: 16 }),
    object('OSDev', { name: `mlx5_${number}`, osdev_type: 48 }),
  );
const matrix = (name: string, keys: readonly string[], values: readonly (readonly number[])[]): string =>
  `<distances2hetero nbobjs="${keys.length}" kind="25" name="${name}"><indexes length="9">${keys.slice(0, 1).join(' ')} </indexes><indexes length="9">${keys.slice(1).join(' ')} </indexes>${values
    .map((row) => `<u64values length="9">${row.join(' ')} </u64values>`)
    .join('')}</distances2hetero>`;
const intel = (model: number): string =>
  info({
    CPUVendor: 'GenuineIntel',
    CPUFamilyNumber: 6,
    CPUModelNumber: model,
    CPUModel: 'Intel(R) Xeon(R)',
  });

/** Two sockets; on the first a switch with two GPUs and a card of two ports, on the second one GPU and a NIC. */
const TWO_SOCKETS = file('3.0', [
  info({ DMIProductName: 'Box' }),
  socket(
    0,
    intel(106),
    numa(0),
    hostBridge(
      bridge(
        0x10,
        GEN4,
        bridge(
          0x11,
          GEN4,
          bridge(0x12, GEN4, gpu(0x13, 0)),
          bridge(0x14, GEN4, gpu(0x15, 1)),
          bridge(0x16, GEN4, nic(0x17, 0), nic(0x17 + 0.1, 1)),
        ),
      ),
    ),
    hostBridge(
      bridge(
        0x20,
        '0.500000',
        pci(0x21, '0200 [8086:1521]', '2.000000', object('OSDev', { name: 'eth0', osdev_type: 16 })),
      ),
    ),
  ),
  socket(
    1,
    intel(106),
    numa(1),
    hostBridge(bridge(0x80, GEN4, gpu(0x81, 2))),
    hostBridge(bridge(0x90, GEN4, nic(0x91, 2))),
  ),
]);

const topologyOf = (text: string, options?: HwlocXmlOptions) => serverTopology(fromHwlocXml(text, options));
const wordsOf = (text: string): string[] =>
  relationMatrix(topologyOf(text)).cells.map((row) => row.join(' '));
const device = (document: ServerDocument, id: string): Device => document.devices.find((d) => d.id === id)!;
const idsOf = (document: ServerDocument, kind: Device['kind']): string[] =>
  document.devices.filter((d) => d.kind === kind).map(({ id }) => id);
const linkOf = (document: ServerDocument, id: string, medium = 'pcie'): Link =>
  document.links.find((link) => link.between.includes(id) && link.medium === medium)!;
/** One socket with what is given. */
const oneSocket = (...inside: string[]): string => file('3.0', [socket(0, numa(0), ...inside)]);

describe('fromHwlocXml', () => {
  describeWithShared('servers/hwloc', 'for each collected file', (folder) => {
    /** Why a file is refused; files that are not named must be read. */
    const reasons: Record<string, RegExp> = {
      '40intel64-2g2n4c+pcilocality.xml': /no GPU among 23 PCI devices/,
      '8intel64-4n2t-memattrs.xml': /no PCI devices at all/,
      'AMD-19h-Zen3-2xEpyc-7763.xml': /no PCI devices at all/,
      'fakeheterodistances.xml': /no PCI devices at all/,
      'fakepcilocalities.xml': /no GPU among 14 PCI devices/,
      'nvidia-dgx-gb10-nomidr.xml': /no PCI devices at all/,
    };
    const texts = readdirSync(folder)
      .filter((name) => name.endsWith('.xml'))
      .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }));
    const textOf = (name: string): string => texts.find((known) => known.name === name)!.text;

    it.each(texts)('reads $name, or says why not', ({ name, text }) => {
      const reason = reasons[name];
      if (reason === undefined) expect(topologyOf(text).gpus.length).toBeGreaterThan(0);
      else
        expect(caught(() => fromHwlocXml(text))).toMatchObject({
          code: 'invalid-format',
          message: expect.stringMatching(reason),
        });
    });

    it('finds NVLink between GPUs and to the processors of a POWER8 machine', () => {
      const document = fromHwlocXml(textOf('power8gpudistances.xml'));
      expect(wordsOf(textOf('power8gpudistances.xml'))).toEqual([
        'X NV2 SYS SYS',
        'NV2 X SYS SYS',
        'SYS SYS X NV2',
        'SYS SYS NV2 X',
      ]);
      expect(
        document.links.filter(({ medium }) => medium === 'nvlink').map(({ bandwidthGBps }) => bandwidthGBps),
      ).toEqual([36, 36]);
      expect(document.links.filter(({ medium }) => medium === 'c2c')).toHaveLength(4);
      expect(linkOf(document, 'GPU0', 'c2c')).toMatchObject({
        between: ['GPU0', 'socket0'],
        rawGBps: 40,
        links: 2,
      });
      expect(device(document, 'GPU3')).toMatchObject({
        numa: 1,
        socket: 1,
        model: 'Tesla P100-SXM2-16GB',
        memoryGiB: 15.9,
      });
    });

    it('leaves the display of the management controller of a machine with three Fermi GPUs out', () => {
      const document = fromHwlocXml(textOf('24em64t-2n6c2t-pci.xml'));
      expect(idsOf(document, 'gpu')).toEqual(['GPU0', 'GPU1', 'GPU2']);
      expect(wordsOf(textOf('24em64t-2n6c2t-pci.xml'))[1]).toBe('SYS X PHB SYS SYS SYS');
      expect(linkOf(document, 'GPU0')).toMatchObject({ rawGBps: 4, bandwidthGBps: 3 });
    });
  });

  describe('reads the PCI tree', () => {
    const document = fromHwlocXml(TWO_SOCKETS);

    it('has the relations that nvidia-smi names', () => {
      expect([...idsOf(document, 'gpu'), ...idsOf(document, 'nic')]).toEqual([
        'GPU0',
        'GPU1',
        'GPU2',
        'mlx5_0',
        'mlx5_1',
        'eth0',
        'mlx5_2',
      ]);
      expect(wordsOf(TWO_SOCKETS)).toEqual([
        'X PIX SYS PIX PIX NODE SYS',
        'PIX X SYS PIX PIX NODE SYS',
        'SYS SYS X SYS SYS SYS NODE',
        'PIX PIX SYS X PIX NODE SYS',
        'PIX PIX SYS PIX X NODE SYS',
        'NODE NODE SYS NODE NODE X SYS',
        'SYS SYS NODE SYS SYS SYS X',
      ]);
    });

    it('places devices by NUMA node, socket and host bridge', () => {
      expect(device(document, 'GPU1')).toEqual({
        id: 'GPU1',
        kind: 'gpu',
        numa: 0,
        socket: 0,
        hostBridge: 'hb0',
        model: 'NVIDIA A100-SXM4-40GB',
      });
      expect(device(document, 'mlx5_2')).toMatchObject({
        numa: 1,
        socket: 1,
        hostBridge: 'hb3',
        role: 'compute',
      });
      expect(device(document, 'socket1')).toMatchObject({
        kind: 'socket',
        socket: 1,
        model: 'Intel(R) Xeon(R)',
      });
      expect(document).toMatchObject({
        name: 'hwloc',
        title: 'Box with 3 GPUs and 4 NICs, read from hwloc',
        confidence: 'file',
      });
    });

    it('gives NICs without RDMA device the role frontend where others have one', () => {
      expect(device(document, 'eth0').role).toBe('frontend');
      expect(document.notes!.join()).toContain('role frontend');
      expect(document.notes!.join()).toContain('lists no NVLink or xGMI');
      const alone = fromHwlocXml(oneSocket(hostBridge(gpu(1, 0), pci(2, '0200 [8086:1521]', GEN4))));
      expect(device(alone, 'nic 0000:02:00.0').role).toBe('compute');
      expect(alone.notes).toEqual(unknownPortNotes(1));
    });

    it('warns of GPUs whose links were at rest', () => {
      const notesAt = (speed: string, options?: HwlocXmlOptions): readonly string[] =>
        fromHwlocXml(oneSocket(hostBridge(bridge(0x10, speed, gpu(0x11, 0)))), options).notes ?? [];
      for (const speed of ['4.000000', '2.000000', '8.000000']) {
        expect(notesAt(speed).join()).toContain('1 PCIe links of GPUs had the speed of Gen1 or Gen2');
      }
      // Gen3 x2 is as slow as 2 GB/s, and no speed at rest; nor is what the caller says.
      expect([notesAt('1.969231'), notesAt('15.753846'), notesAt('4.000000', { pcieGeneration: 1 })]).toEqual(
        [[], [], []],
      );
      const slowNic = hostBridge(gpu(1, 0), pci(2, '0200 [8086:1521]', '2.000000'));
      expect(fromHwlocXml(oneSocket(slowNic)).notes).toEqual(unknownPortNotes(1));
    });

    it('takes the slower of a device and the ports on its way', () => {
      expect(linkOf(document, 'eth0')).toMatchObject({ rawGBps: 0.5, bandwidthGBps: 0.375, verified: true });
      expect(linkOf(document, 'GPU0')).toMatchObject({ rawGBps: 31.507692, basis: 'nccl', verified: true });
      expect(linkOf(document, 'GPU0').bandwidthGBps).toBeCloseTo(24, 5);
      const slowCard = fromHwlocXml(
        oneSocket(
          hostBridge(
            bridge(1, GEN5, bridge(2, GEN5, gpu(3, 0)), bridge(4, '15.753846', nic(5, 0), nic(5.1, 1))),
          ),
        ),
      );
      expect(linkOf(slowCard, 'mlx5_1')).toMatchObject({ rawGBps: 7.876923, bandwidthGBps: 6 });
      expect(linkOf(slowCard, 'mlx5_1').source).toContain('shared by 2 functions');
      expect(linkOf(slowCard, 'GPU0').rawGBps).toBe(31.507692);
    });

    it('makes one switch of a cascade’s levels each: PXB across, PIX inside', () => {
      const cascade = oneSocket(
        hostBridge(
          bridge(
            1,
            GEN4,
            bridge(2, GEN4, gpu(3, 0)),
            bridge(4, GEN4, bridge(5, GEN4, bridge(6, GEN4, gpu(7, 1)), bridge(8, GEN4, gpu(9, 2)))),
          ),
        ),
      );
      expect(wordsOf(cascade)).toEqual(['X PXB PXB', 'PXB X PIX', 'PXB PIX X']);
      expect(idsOf(fromHwlocXml(cascade), 'pcie-switch')).toEqual([
        'pcie-switch 0000:01:01.0',
        'pcie-switch 0000:05:01.0',
      ]);
    });

    describe('keeps a switch with one device below it', () => {
      const amd = (bus: number, ...inside: string[]): string =>
        bridge(bus, GEN5, ...inside).replace('8086:347a', '1002:14a0');
      /** A switch with a NIC, and a GPU behind what is given. */
      const beside = (behind: string): string =>
        oneSocket(
          hostBridge(bridge(1, GEN4, bridge(2, GEN4, bridge(3, GEN4, nic(4, 0)), bridge(5, GEN4, behind)))),
        );

      it('below another switch, so that it shows as PXB', () => {
        const text = beside(bridge(6, GEN4, bridge(7, '15.753846', gpu(8, 0))));
        expect(wordsOf(text)[0]).toBe('X PXB');
        const document = fromHwlocXml(text);
        expect(linkOf(document, 'GPU0')).toMatchObject({ rawGBps: 15.753846 });
        expect(linkOf(document, 'GPU0').between[0]).toBe('pcie-switch 0000:06:01.0');
      });

      it('also where that device has several functions', () => {
        const text = beside(bridge(6, GEN4, bridge(7, GEN4, gpu(8, 0), nic(8.1, 5))));
        expect(wordsOf(text)).toEqual(['X PXB PIX', 'PXB X PXB', 'PIX PXB X']);
        expect(idsOf(fromHwlocXml(text), 'pcie-switch')).toEqual([
          'pcie-switch 0000:02:01.0',
          'pcie-switch 0000:06:01.0',
        ]);
      });

      it('but not where it is part of a GPU of AMD', () => {
        const text = beside(amd(6, amd(7, gpu(8, 0))));
        expect(wordsOf(text)[0]).toBe('X PIX');
        expect(idsOf(fromHwlocXml(text), 'pcie-switch')).toEqual(['pcie-switch 0000:02:01.0']);
      });

      it('nor with no other device near', () => {
        const alone = bridge(
          1,
          GEN5,
          bridge(2, GEN4, bridge(3, GEN5, bridge(4, GEN5, bridge(5, GEN5, gpu(6, 0))))),
        );
        const document = fromHwlocXml(oneSocket(hostBridge(alone, bridge(7, GEN4, gpu(8, 1)))));
        expect(idsOf(document, 'pcie-switch')).toEqual([]);
        expect(linkOf(document, 'GPU0')).toMatchObject({ between: ['numa0', 'GPU0'], rawGBps: 31.507692 });
      });
    });

    it('joins ports of one host bridge as PHB, and files without bridges as PHB too', () => {
      expect(wordsOf(oneSocket(hostBridge(bridge(1, GEN4, gpu(2, 0)), bridge(3, GEN4, gpu(4, 1)))))[0]).toBe(
        'X PHB',
      );
      expect(wordsOf(oneSocket(gpu(2, 0), gpu(4, 1)))[0]).toBe('X PHB');
    });

    it('hangs functions of one card on one port where it is no switch', () => {
      expect(
        wordsOf(oneSocket(hostBridge(bridge(1, GEN4, nic(2, 0), nic(2.1, 1)), bridge(3, GEN4, gpu(4, 0))))),
      ).toEqual(['X PHB PHB', 'PHB X PIX', 'PHB PIX X']);
    });

    it('reads a long chain of switches in no time', () => {
      let chain = gpu(1, 0);
      for (let depth = 0; depth < 55; depth++) {
        chain = bridge(2, GEN4, chain, pci(100 + depth, '0200 [8086:1521]', GEN4));
      }
      const deep = fromHwlocXml(oneSocket(hostBridge(chain)));
      expect(idsOf(deep, 'pcie-switch')).toHaveLength(54);
      expect(relation(serverTopology(deep), 'GPU0', 'nic 0000:9a:00.0')).toBe('PXB');
    });

    it('links a PCIe device whose speed is not known as the caller says, else as Gen5', () => {
      const text = oneSocket(hostBridge(pci(1, A100, '0.000000')));
      expect(linkOf(fromHwlocXml(text), 'GPU0')).toMatchObject({
        bandwidthGBps: 48,
        verified: false,
        source: expect.stringContaining('assumed'),
      });
      expect(linkOf(fromHwlocXml(text, { pcieGeneration: 3, basis: 'raw' }), 'GPU0')).toMatchObject({
        bandwidthGBps: 13.3875,
        basis: 'raw',
      });
      expect(linkOf(fromHwlocXml(TWO_SOCKETS, { pcieGeneration: 4 }), 'GPU0')).toMatchObject({
        bandwidthGBps: 24,
        source: expect.stringContaining('caller'),
      });
    });

    it.each([
      ['4.000000', 3],
      ['0.250000', 0.1875],
      ['7.876923', 6],
      ['3.938462', 3],
      [GEN5, 48],
      ['121.000000', 96],
      ['31.000000', 24],
      ['15.000000', 12],
      ['27.000000', 20.566406],
    ])('turns a line rate of %s GB/s into NCCL’s %d', (speed, expected) => {
      const link = linkOf(fromHwlocXml(oneSocket(hostBridge(pci(1, A100, speed)))), 'GPU0');
      expect(link.bandwidthGBps).toBeCloseTo(expected, 5);
      expect(
        linkOf(fromHwlocXml(oneSocket(hostBridge(pci(1, A100, speed))), { basis: 'raw' }), 'GPU0')
          .bandwidthGBps,
      ).toBeCloseTo(0.85 * Number(speed), 5);
    });
  });

  describe('finds GPUs', () => {
    const gpusOf = (...inside: string[]): string[] => {
      const document = fromHwlocXml(oneSocket(hostBridge(pci(0x70, A100, GEN4), ...inside)));
      return document.devices
        .filter(({ kind }) => kind === 'gpu')
        .map(({ model }) => model!)
        .filter((model) => model !== '10de:20b2');
    };

    it.each<[string, string, string[]]>([
      ['a 3D controller of NVIDIA', '0302 [10de:2330]', ['10de:2330']],
      ['a display of AMD', '0380 [1002:740c]', ['1002:740c']],
      ['a processing accelerator', '1200 [1002:74a1]', ['1002:74a1']],
      ['a card with a display', '0300 [10de:2684]', ['10de:2684']],
      ['a card of Intel', '0380 [8086:0bd5]', ['8086:0bd5']],
      ['no display of a management controller', '0300 [1a03:2000]', []],
      ['no ES1000', '0300 [1002:515e]', []],
      ['no FPGA', '1200 [10ee:5000]', []],
      ['no FPGA of Intel', '1200 [8086:09c4]', []],
      ['no NPU', '1200 [8086:7d1d]', []],
      ['no accelerator of a maker unknown', '1200 [1d0f:7164]', []],
      ['a Gaudi', '1200 [1da3:1020]', ['1da3:1020']],
      ['no disk', '0108 [144d:a80a]', []],
    ])('by class: %s', (_, type, models) => expect(gpusOf(pci(0x20, type, GEN4))).toEqual(models));

    it('by class and name: accelerators by their names, no NPU of a maker of GPUs', () => {
      const accelerator = (type: string, name: string): string =>
        pci(0x20, type, GEN4, info({ PCIDevice: name }));
      expect(gpusOf(accelerator('1200 [abcd:0001]', 'Example Gaudi2 carrier'))).toEqual([
        'Example Gaudi2 carrier',
      ]);
      expect(gpusOf(accelerator('1200 [1002:17f0]', 'Strix Neural Processing Unit'))).toEqual([]);
    });

    it('and lists the accelerators that are left out, and partitions that count as one', () => {
      const text = oneSocket(hostBridge(pci(1, A100, GEN4), pci(2, '1200 [8086:09c4]', GEN4)));
      expect(fromHwlocXml(text).notes!.join()).toContain('left out: [8086:09c4].');
      const rsmi = (i: number): string =>
        object('OSDev', { name: `rsmi${i}`, subtype: 'RSMI', osdev_type: 12 });
      const parted = oneSocket(hostBridge(pci(1, '1200 [1002:74a1]', GEN4, rsmi(0), rsmi(1))));
      expect(idsOf(fromHwlocXml(parted), 'gpu')).toEqual(['GPU0']);
      expect(fromHwlocXml(parted).notes!.join()).toContain('several devices of 1 GPUs');
    });

    it('but not the graphics inside an Intel processor', () => {
      const inside = pci(0, '0300 [8086:a780]', GEN4).replace('0000:00:00.0', '0000:00:02.0');
      expect(gpusOf(inside)).toEqual([]);
    });

    it.each<[string, string, Attributes, Attributes, number]>([
      ['3.0', 'LevelZero', { name: 'ze0', osdev_type: 12 }, {}, 1],
      ['3.0', 'OpenCL', { name: 'opencl0d0', osdev_type: 8 }, { OpenCLDeviceType: 'GPU' }, 1],
      ['3.0', 'OpenCL', { name: 'opencl0d0', osdev_type: 8 }, { OpenCLDeviceType: 'Accelerator' }, 0],
      ['3.0', 'Display', { name: ':0.0', osdev_type: 4 }, {}, 0],
      ['2.0', 'RSMI', { name: 'rsmi0', osdev_type: 1 }, {}, 1],
      ['2.0', 'NVML', { name: 'nvml0', osdev_type: 1 }, {}, 1],
      ['2.0', 'CUDA', { name: 'cuda0', osdev_type: 5 }, {}, 1],
      ['2.0', 'Display', { name: ':0.0', osdev_type: 1 }, {}, 0],
      ['2.0', 'CXLMem', { name: 'mem0', osdev_type: 6 }, {}, 0],
    ])(
      'of format %s by the library %s, whatever the class: %j %j',
      (version, subtype, attributes, infos, count) => {
        const text = file(version, [
          socket(
            0,
            numa(0),
            hostBridge(
              pci(1, A100, GEN4),
              pci(2, '1180 [1234:0001]', GEN4, object('OSDev', { subtype, ...attributes }, info(infos))),
            ),
          ),
        ]);
        expect(idsOf(fromHwlocXml(text), 'gpu')).toHaveLength(1 + count);
      },
    );

    it('and leaves displays out that no library lists, where it lists others', () => {
      const text = oneSocket(hostBridge(gpu(1, 0), pci(2, '0300 [1002:164e]', GEN4)));
      expect(idsOf(fromHwlocXml(text), 'gpu')).toEqual(['GPU0']);
      expect(fromHwlocXml(text).notes!.join()).toContain('1 displays are left out');
    });

    it('in the order of the library’s numbers, else of bus ids', () => {
      const named = fromHwlocXml(
        oneSocket(hostBridge(gpu(1, 11, { GPUModel: 'b' }), gpu(2, 2, { GPUModel: 'a' }))),
      );
      expect([device(named, 'GPU0').model, device(named, 'GPU1').model]).toEqual(['a', 'b']);
      const listed = fromHwlocXml(
        file('3.0', [
          socket(0, numa(0), hostBridge(pci(0x90, '0302 [10de:0002]', GEN4))),
          socket(1, numa(1), hostBridge(pci(0x10, '0302 [10de:0001]', GEN4))),
        ]),
      );
      expect([device(listed, 'GPU0').model, device(listed, 'GPU0').numa]).toEqual(['10de:0001', 1]);
    });

    it('inside the processor, of one library only', () => {
      const text = file('3.0', [
        socket(0, numa(0)),
        object(
          'OSDev',
          { name: 'cuda0', subtype: 'CUDA', osdev_type: 12 },
          info({ GPUModel: 'NVIDIA GB10', CUDAGlobalMemorySize: '125509056' }),
        ),
        object(
          'OSDev',
          { name: 'opencl0d0', subtype: 'OpenCL', osdev_type: 8 },
          info({ OpenCLDeviceType: 'GPU' }),
        ),
        object(
          'OSDev',
          { name: 'opencl1d0', subtype: 'OpenCL', osdev_type: 8 },
          info({ OpenCLDeviceType: 'CPU' }),
        ),
      ]);
      const document = fromHwlocXml(text);
      expect(idsOf(document, 'gpu')).toEqual(['GPU0']);
      expect(device(document, 'GPU0')).toEqual({
        id: 'GPU0',
        kind: 'gpu',
        numa: 0,
        socket: 0,
        model: 'NVIDIA GB10',
        memoryGiB: 119.69,
      });
      expect(linkOf(document, 'GPU0', 'on-package')).toMatchObject({ between: ['numa0', 'GPU0'] });
    });

    it.each<[Attributes, number | undefined]>([
      [{ CUDAGlobalMemorySize: '16671616KiB' }, 15.9],
      [{ RSMIVRAMSize: '201310208KiB' }, 191.98],
      [{ LevelZeroHBMSize: '67108864' }, 64],
      [{ CUDAGlobalMemorySize: '12 GB' }, undefined],
      [{ CUDAGlobalMemorySize: '0' }, undefined],
      [{}, undefined],
    ])('with memory %j: %s GiB', (infos, expected) => {
      expect(device(fromHwlocXml(oneSocket(hostBridge(gpu(1, 0, infos)))), 'GPU0').memoryGiB).toBe(expected);
    });

    it('with the model of the caller', () => {
      const document = fromHwlocXml(TWO_SOCKETS, { gpuModel: 'A100', name: 'n', title: 't' });
      expect(document).toMatchObject({ gpuModel: 'A100', name: 'n', title: 't' });
      expect(device(document, 'GPU2').model).toBe('A100');
    });
  });

  describe('finds NICs', () => {
    const nicsOf = (...inside: string[]): ServerDocument =>
      fromHwlocXml(oneSocket(hostBridge(gpu(1, 0), ...inside)));

    const virtualFunctions = (count: number): string[] =>
      Array.from({ length: count }, (_, i) =>
        pci(8 + i, '0200 [15b3:101e]', GEN4, object('OSDev', { name: `mlx5_${i + 9}`, osdev_type: 48 })),
      );
    const named = pci(0x60, '0200 [15b3:9999]', GEN4, info({ PCIDevice: 'MT9 Family [Virtual Function]' }));

    describe('and what their ports carry', () => {
      const ported = (network: readonly Attributes[], rdma?: Attributes): string =>
        pci(
          2,
          MLX,
          GEN4,
          ...network.map((infos, i) => object('OSDev', { name: `eth${i}`, osdev_type: 16 }, info(infos))),
          ...(rdma === undefined ? [] : [object('OSDev', { name: 'mlx5_0', osdev_type: 48 }, info(rdma))]),
        );
      const portOf = (text: string, options?: HwlocXmlOptions): Device =>
        fromHwlocXml(oneSocket(hostBridge(gpu(1, 0), text)), options).devices.find(
          ({ kind }) => kind === 'nic',
        )!;

      it('is left out, as hwloc does not say, with a note, unless the caller does', () => {
        expect(portOf(nic(2, 0)).portGBps).toBeUndefined();
        expect(nicsOf(nic(2, 0), nic(3, 1)).notes).toEqual(unknownPortNotes(2));
        const told = fromHwlocXml(oneSocket(hostBridge(gpu(1, 0), nic(2, 0))), { portGbps: 200 });
        expect(told.devices.find(({ kind }) => kind === 'nic')).toMatchObject({
          portGBps: 25,
          portBasis: 'nccl',
          portSource: '200 Gb/s stated by the caller',
          portVerified: false,
        });
        expect(told.notes).toBeUndefined();
      });

      it('is read from infos called like the files of Linux: rate, else speed, added up', () => {
        const rate = { rate: '400 Gb/sec (4X NDR)' };
        expect(portOf(ported([{ speed: 100_000 }], rate))).toMatchObject({
          portGBps: 50,
          portSource: 'rate "400 Gb/sec (4X NDR)" of the file',
          portVerified: true,
        });
        expect(portOf(ported([], { rate: '2.5 Gb/sec (1X SDR)' })).portGBps).toBe(0.3125);
        expect(portOf(ported([{ speed: 25_000 }, { speed: 10_000 }]))).toMatchObject({
          portGBps: 4.375,
          portSource: 'speed 25000 + 10000 of the file, Mb/s',
        });
        expect(portOf(ported([{ speed: 25_000 }]), { portGbps: 400 }).portGBps).toBe(3.125);
      });

      it.each([-1, 0, 4_294_967_295, 'fast', ''])('is not read from a speed of %s', (speed) => {
        expect(portOf(ported([{ speed }], { rate: '0 Gb/sec' })).portGBps).toBeUndefined();
        expect(portOf(ported([{ speed }, { speed: 1000 }], { rate: '65535 Gb/sec' })).portGBps).toBe(0.125);
      });
    });

    it('without virtual functions, by number or name', () => {
      const document = nicsOf(nic(2, 0), ...virtualFunctions(30), named);
      expect(idsOf(document, 'nic')).toEqual(['mlx5_0']);
      expect(document.notes).toEqual(['31 virtual functions of NICs are left out.', ...unknownPortNotes(1)]);
    });

    it('that are virtual functions, where no physical one of the maker is seen', () => {
      const other = pci(3, '0200 [8086:1572]', GEN4, object('OSDev', { name: 'eth0', osdev_type: 16 }));
      const document = nicsOf(...virtualFunctions(2), other);
      expect(idsOf(document, 'nic')).toEqual(['mlx5_9', 'mlx5_10', 'eth0']);
      expect(document.notes!.join()).not.toContain('virtual');
    });

    it('by OS device where the class is another', () => {
      expect(
        idsOf(
          nicsOf(pci(2, '0880 [17cb:0001]', GEN4, object('OSDev', { name: 'hsn0', osdev_type: 16 }))),
          'nic',
        ),
      ).toEqual(['hsn0']);
    });

    it('of format 2, where OpenFabrics is 3', () => {
      const text = file('2.1', [
        socket(
          0,
          numa(0),
          hostBridge(
            pci(1, A100, GEN4),
            pci(
              2,
              MLX,
              GEN4,
              object('OSDev', { name: 'ib0', osdev_type: 2 }),
              object('OSDev', { name: 'mlx5_0', osdev_type: 3 }),
            ),
          ),
        ),
      ]);
      expect(idsOf(fromHwlocXml(text), 'nic')).toEqual(['mlx5_0']);
    });

    it('whatever they are called', () => {
      const called = (bus: number, name: string): string =>
        pci(bus, MLX, GEN4, object('OSDev', { name, osdev_type: 48 }));
      const document = nicsOf(
        called(2, '__proto__'),
        called(3, 'constructor'),
        called(4, 'GPU0'),
        called(5, 'socket0'),
        called(6, 'GPU0'),
      );
      expect(idsOf(document, 'nic')).toEqual([
        '__proto__.nic',
        'constructor.nic',
        'GPU0.2',
        'socket0',
        'GPU0.3',
      ]);
      expect(idsOf(document, 'socket')).toEqual(['socket0.2']);
    });
  });

  describe('places devices', () => {
    const wired = (...machine: string[]): ServerDocument => fromHwlocXml(file('3.0', machine));

    it('on the NUMA node of the group or cache that they hang on', () => {
      const document = wired(
        socket(
          0,
          object('Group', {}, numa(2), hostBridge(gpu(1, 0))),
          object('L3Cache', {}, numa(3), object('Core', {}, hostBridge(gpu(2, 1)))),
        ),
      );
      expect([device(document, 'GPU0').numa, device(document, 'GPU1').numa]).toEqual([2, 3]);
      expect(relation(serverTopology(document), 'GPU0', 'GPU1')).toBe('SYS');
    });

    it('on the socket where they hang on a package of several NUMA nodes', () => {
      const document = wired(
        socket(
          0,
          object('Group', {}, numa(0)),
          object('Group', {}, numa(1)),
          hostBridge(gpu(1, 0)),
          hostBridge(gpu(2, 1)),
        ),
        socket(1, numa(2), hostBridge(gpu(3, 2))),
      );
      expect(linkOf(document, 'GPU0').between).toEqual(['socket0', 'GPU0']);
      expect(device(document, 'GPU0')).toMatchObject({ socket: 0, hostBridge: 'hb0' });
      expect(device(document, 'GPU0').numa).toBe(undefined);
      expect(relationMatrix(serverTopology(document)).cells[0]).toEqual(['X', 'NODE', 'SYS']);
    });

    it('on the only NUMA node, wherever it hangs and however many packages there are', () => {
      const document = wired(numa(0), socket(0, hostBridge(gpu(1, 0))), socket(1, hostBridge(gpu(2, 1))));
      expect(relationMatrix(serverTopology(document)).cells[0]).toEqual(['X', 'NODE']);
      expect(document.links.filter(({ medium }) => medium === 'on-package')).toHaveLength(2);
      expect(linkOf(wired(socket(0, numa(5)), hostBridge(gpu(1, 0))), 'GPU0').between[0]).toBe('numa5');
    });

    it('near no socket where the file says so', () => {
      const document = wired(
        socket(0, numa(0)),
        socket(1, numa(1), hostBridge(gpu(3, 2))),
        hostBridge(gpu(1, 0)),
        hostBridge(gpu(2, 1)),
      );
      expect(relationMatrix(serverTopology(document)).cells[0]).toEqual(['X', 'NODE', 'SYS']);
      expect(device(document, 'GPU0')).toEqual({
        id: 'GPU0',
        kind: 'gpu',
        hostBridge: 'hb1',
        model: 'NVIDIA A100-SXM4-40GB',
      });
      expect(
        document.links.filter(({ between }) => between[1] === 'numa-unknown').map(({ medium }) => medium),
      ).toEqual(['socket', 'socket']);
      expect(document.notes!.join()).toContain('near no processor');
    });

    it('on one place for memory of several kinds with the same CPUs, also behind a memory-side cache', () => {
      const document = wired(
        socket(0, object('MemCache', {}, numa(0)), numa(2, { subtype: 'HBM' }), hostBridge(gpu(1, 0))),
      );
      expect(idsOf(document, 'numa')).toEqual(['numa0']);
    });

    it('without packages on a socket that stands for the machine', () => {
      const document = wired(
        object('Group', {}, numa(0), hostBridge(gpu(1, 0))),
        object('Group', {}, numa(1), hostBridge(gpu(2, 1))),
      );
      expect(idsOf(document, 'socket')).toHaveLength(1);
      expect(relation(serverTopology(document), 'GPU0', 'GPU1')).toBe('SYS');
    });

    it('on NUMA nodes and packages whose number the system does not know', () => {
      const unknown = 4294967295;
      const document = wired(socket(unknown, numa(unknown), hostBridge(gpu(1, 0))));
      expect(device(document, 'GPU0').numa).toBe(undefined);
      expect(linkOf(document, 'GPU0').between[0]).toBe('numa-unknown0');
    });

    it('by position where two packages have one number', () => {
      const document = wired(
        socket(7, numa(0)),
        object('Package', { os_index: 7 }, numa(1), hostBridge(gpu(1, 0))),
      );
      expect(device(document, 'GPU0')).toMatchObject({ numa: 1, socket: 1 });
    });

    it('by position where one package has no number', () => {
      const document = wired(object('Package', {}, numa(0)), socket(0, numa(1), hostBridge(gpu(1, 0))));
      expect(device(document, 'GPU0')).toMatchObject({ numa: 1, socket: 1 });
      expect(idsOf(document, 'socket')).toEqual(['socket0', 'socket1']);
    });

    it('on sockets where the file has no NUMA nodes', () => {
      const document = wired(socket(0, hostBridge(gpu(1, 0))), socket(1, hostBridge(gpu(2, 1))));
      expect(linkOf(document, 'GPU1').between[0]).toBe('socket1');
      expect(relation(serverTopology(document), 'GPU0', 'GPU1')).toBe('SYS');
    });
  });

  describe('states figures between sockets', () => {
    it.each<[string, Attributes, number]>([
      ['Broadwell', { CPUVendor: 'GenuineIntel', CPUFamilyNumber: 6, CPUModelNumber: 79 }, 6],
      ['Ice Lake', { CPUVendor: 'GenuineIntel', CPUFamilyNumber: 6, CPUModelNumber: 106 }, 10],
      ['Sapphire Rapids', { CPUVendor: 'GenuineIntel', CPUFamilyNumber: 6, CPUModelNumber: 143 }, 22],
      ['Emerald Rapids', { CPUVendor: 'GenuineIntel', CPUFamilyNumber: 6, CPUModelNumber: 207 }, 40],
      ['an Intel of which no number is known', { CPUModel: 'Intel(R) Xeon(R) CPU E7- 4870' }, 6],
      ['AMD', { CPUVendor: 'AuthenticAMD', CPUFamilyNumber: 25, CPUModelNumber: 1 }, 16],
      ['POWER', { CPUModel: 'POWER9 (raw), altivec supported' }, 32],
      ['Arm', { CPUImplementer: '0x41' }, 6],
      ['nothing', {}, 6],
    ])('for %s: %j', (_, infos, expected) => {
      const text = file('3.0', [socket(0, info(infos), numa(0), hostBridge(gpu(1, 0))), socket(1, numa(1))]);
      const link = linkOf(fromHwlocXml(text), 'socket1', 'socket');
      expect(link).toMatchObject({ bandwidthGBps: expected, basis: 'nccl', verified: false });
    });

    it('by the architecture, in either format', () => {
      const sockets = [socket(0, numa(0), hostBridge(pci(1, A100, GEN4))), socket(1, numa(1))];
      const power = info({ Architecture: 'ppc64le' });
      for (const text of [file('2.0', [power, ...sockets]), file('3.0', sockets, power)]) {
        expect(linkOf(fromHwlocXml(text), 'socket1', 'socket').bandwidthGBps).toBe(32);
      }
    });

    it('as the caller says', () => {
      expect(linkOf(fromHwlocXml(TWO_SOCKETS, { socketGBps: 50 }), 'socket1', 'socket')).toMatchObject({
        bandwidthGBps: 50,
        source: expect.stringContaining('caller'),
      });
    });
  });

  describe('reads NVLink and xGMI', () => {
    const pairOf = (model: string, mbps: number, options?: HwlocXmlOptions): Link =>
      linkOf(
        fromHwlocXml(
          file(
            '3.0',
            [socket(0, numa(0), hostBridge(gpu(1, 0, { GPUModel: model }), gpu(2, 1, { GPUModel: model })))],
            matrix(
              'NVLinkBandwidth',
              ['OSDev:2000', 'OSDev:2001'],
              [
                [1_000_000, mbps],
                [mbps, 0],
              ],
            ),
          ),
          options,
        ),
        'GPU0',
        'nvlink',
      );

    it.each<[string, number, number, number]>([
      ['Tesla P100-SXM2-16GB', 40_000, 2, 36],
      ['Tesla V100-SXM2-32GB', 50_000, 2, 40],
      ['NVIDIA A100-SXM4-40GB', 300_000, 12, 240],
      ['NVIDIA H100 80GB HBM3', 450_000, 18, 370.8],
      ['NVIDIA B200', 900_000, 18, 721.8],
      ['NVIDIA H100 80GB HBM3', 53_125, 2, 41.2],
      ['GPU-7', 40_000, 2, 36],
      ['GPU-7', 75_000, 3, 60],
      ['GPU-7', 50_000, 2, 40],
      ['GPU-7', 100_000, 4, 80],
    ])('between %s of %d MB/s as %d links', (model, mbps, links, bandwidthGBps) => {
      expect(pairOf(model, mbps)).toMatchObject({
        links,
        bandwidthGBps,
        rawGBps: mbps / 1000,
        basis: 'nccl',
      });
    });

    it('at 0.85 of the line rate, or with the figure of the caller', () => {
      expect(pairOf('A100', 50_000, { basis: 'raw' })).toMatchObject({
        bandwidthGBps: 42.5,
        basis: 'raw',
        links: 2,
      });
      expect(pairOf('A100', 50_000, { nvlinkGBpsPerLink: 14 })).toMatchObject({
        bandwidthGBps: 28,
        links: 2,
      });
    });

    it('at 0.85 where no number of links makes the line rate', () => {
      expect(pairOf('GPU-7', 33_000)).toMatchObject({ bandwidthGBps: 28.05, basis: 'raw', rawGBps: 33 });
      expect(pairOf('GPU-7', 33_000).links).toBe(undefined);
    });

    it('through NVSwitches, which are one where hwloc does not join them, with a note', () => {
      const nvswitch = (bus: number): string => pci(bus, '0680 [10de:1ac2]', GEN4);
      const keys = ['OSDev:2000', 'OSDev:2001', 'PCIDev:1005', 'PCIDev:1006'];
      const text = (rows: number[][]): string =>
        file(
          '3.0',
          [socket(0, numa(0), hostBridge(gpu(1, 0), gpu(2, 1), nvswitch(5), nvswitch(6)))],
          matrix('NVLinkBandwidth', keys, rows),
        );
      const joined = text([
        [0, 0, 50_000, 25_000],
        [0, 0, 50_000, 25_000],
        [50_000, 50_000, 0, 0],
        [25_000, 25_000, 0, 0],
      ]);
      expect(wordsOf(joined)[0]).toBe('X NV3');
      expect(idsOf(fromHwlocXml(joined), 'nvswitch')).toEqual(['nvswitch0', 'nvswitch1']);
      expect(collectiveBandwidth(topologyOf(joined), [0, 1])).toBe(60);
      expect(fromHwlocXml(joined).notes).toBe(undefined);
      const apart = text([
        [0, 0, 50_000, 0],
        [0, 0, 0, 50_000],
        [50_000, 0, 0, 0],
        [0, 50_000, 0, 0],
      ]);
      expect(wordsOf(apart)[0]).toBe('X NV2');
      expect(idsOf(fromHwlocXml(apart), 'nvswitch')).toEqual(['nvswitch0']);
      expect(fromHwlocXml(apart).notes!.join()).toContain('fall into 2 groups');
    });

    it('of a DGX-2 as nvidia-smi and NCCL show it: sixteen GPUs with six links each', () => {
      const gpus = Array.from({ length: 16 }, (_, i) => gpu(i + 1, i, { GPUModel: 'Tesla V100-SXM3-32GB' }));
      const switches = Array.from({ length: 12 }, (_, i) => pci(0x20 + i, '0680 [10de:1ac2]', GEN4));
      const keys = [
        ...gpus.map((_, i) => `OSDev:${2000 + i}`),
        ...switches.map((_, i) => `PCIDev:${1032 + i}`),
      ];
      // GPUs 0 to 7 reach NVSwitches 0 to 5, the others 6 to 11.
      const rows = keys.map((_, a) =>
        keys.map((__, b) => {
          const [gpuAt, switchAt] = [Math.min(a, b), Math.max(a, b) - 16];
          return gpuAt < 16 && switchAt >= 0 && Math.floor(gpuAt / 8) === Math.floor(switchAt / 6)
            ? 25_000
            : 0;
        }),
      );
      const document = fromHwlocXml(
        file(
          '3.0',
          [socket(0, numa(0), hostBridge(...gpus, ...switches))],
          matrix('NVLinkBandwidth', keys, rows),
        ),
      );
      const labels = gpus.map((_, i) => `GPU${i}`);
      const smi = serverTopology(
        fromNvidiaSmiTopo(
          [
            labels.join(' '),
            ...labels.map((a) => [a, ...labels.map((b) => (a === b ? 'X' : 'NV6'))].join(' ')),
          ].join('\n'),
          { nvlinkGBpsPerLink: 20 },
        ),
      );
      const all = gpus.map((_, i) => i);
      for (const some of [all, [0, 15], [0, 1], [3, 8, 12]]) {
        expect(collectiveBandwidth(serverTopology(document), some)).toBe(collectiveBandwidth(smi, some));
      }
      expect(relationMatrix(serverTopology(document)).cells[0]![15]).toBe('NV6');
      expect(document.notes!.join()).toContain('fall into 2 groups');
    });

    it('once where two libraries list a GPU, and in one direction where the other is missing', () => {
      const text = (rows: number[][]): Link[] =>
        fromHwlocXml(
          file(
            '3.0',
            [socket(0, numa(0), hostBridge(gpu(1, 0), gpu(2, 1)))],
            matrix('NVLinkBandwidth', ['OSDev:2000', 'PCIDev:1001', 'OSDev:2001'], rows),
          ),
        ).links.filter(({ medium }) => medium === 'nvlink');
      expect(
        text([
          [0, 9, 25_000],
          [9, 0, 50_000],
          [50_000, 0, 0],
        ]).map(({ links }) => links),
      ).toEqual([2]);
      expect(
        text([
          [0, 0, 50_000],
          [0, 0, 0],
          [25_000, 0, 0],
        ]).map(({ links }) => links),
      ).toEqual([1]);
    });

    it('of AMD GPUs of format 2, objects of one type', () => {
      const rsmi = (bus: number, n: number): string =>
        pci(
          bus,
          '0380 [1002:7408]',
          GEN4,
          object(
            'OSDev',
            { gp_index: 50 + n, name: `rsmi${n}`, subtype: 'RSMI', osdev_type: 1 },
            info({ GPUModel: 'AMD Instinct MI250X' }),
          ),
        );
      const text = file(
        '2.0',
        [socket(0, numa(0), hostBridge(rsmi(1, 0)), hostBridge(rsmi(2, 1)))],
        '<distances2 type="OSDev" nbobjs="2" kind="25" name="XGMIBandwidth" indexing="gp"><indexes length="6">50 51 </indexes><u64values length="16">0 200000 200000 0 </u64values></distances2>',
        '<distances2 type="OSDev" nbobjs="2" kind="21" name="XGMIHops" indexing="gp"><indexes length="6">50 51 </indexes><u64values length="8">0 1 1 0 </u64values></distances2>',
      );
      expect(wordsOf(text)).toEqual(['X XGMI', 'XGMI X']);
      expect(linkOf(fromHwlocXml(text), 'GPU0', 'xgmi')).toMatchObject({
        links: 4,
        bandwidthGBps: 144,
        rawGBps: 200,
      });
      expect(linkOf(fromHwlocXml(text, { xgmiGBpsPerLink: 37.5 }), 'GPU0', 'xgmi').bandwidthGBps).toBe(150);
    });

    it('of MI300 at the line rate of MI200, as drivers print it', () => {
      const rsmi = (bus: number, n: number): string =>
        pci(
          bus,
          '1200 [1002:74a1]',
          GEN5,
          object(
            'OSDev',
            { gp_index: 50 + n, name: `rsmi${n}`, subtype: 'RSMI', osdev_type: 12 },
            info({ GPUModel: 'AMD Instinct MI300X' }),
          ),
        );
      const keys = ['OSDev:50', 'OSDev:51'];
      for (const mbps of [50_000, 64_000]) {
        const rows = [
          [0, mbps],
          [mbps, 0],
        ];
        const text = file(
          '3.0',
          [socket(0, numa(0), hostBridge(rsmi(1, 0), rsmi(2, 1)))],
          matrix('XGMIBandwidth', keys, rows),
        );
        expect(linkOf(fromHwlocXml(text), 'GPU0', 'xgmi')).toMatchObject({ links: 1, bandwidthGBps: 48 });
      }
    });

    it.each<[string, number, number, number]>([
      ['NVIDIA A100-SXM4-40GB', 600_000, 12, 240],
      ['NVIDIA A30', 200_000, 4, 80],
      ['NVIDIA H100 NVL', 900_000, 18, 370.8],
      ['NVIDIA H800', 400_000, 8, 164.8],
    ])('of %s halved where %d MB/s is more than all its links', (model, mbps, links, bandwidthGBps) => {
      expect(pairOf(model, mbps)).toMatchObject({ links, bandwidthGBps, rawGBps: mbps / 2000 });
    });

    it('halved where several pairs of a GPU together are more than its links, with a note', () => {
      const gpus = [0, 1, 2, 3];
      const text = (mbps: number): ServerDocument =>
        fromHwlocXml(
          file(
            '2.0',
            [socket(0, numa(0), hostBridge(...gpus.map((i) => gpu(i + 1, i))))],
            matrix(
              'NVLinkBandwidth',
              gpus.map((i) => `OSDev:${2000 + i}`),
              gpus.map((i) => gpus.map((j) => (i === j ? 0 : mbps))),
            ),
          ),
        );
      expect(linkOf(text(200_000), 'GPU0', 'nvlink')).toMatchObject({ links: 4, rawGBps: 100 });
      expect(text(200_000).notes!.join()).toContain('it is halved here');
      // 4 links of 25 GB/s to each of three others are the 12 of an A100.
      expect(linkOf(text(100_000), 'GPU0', 'nvlink')).toMatchObject({ links: 4, rawGBps: 100 });
      expect(text(100_000).notes).toBe(undefined);
    });

    it('not halved where a GPU has its links once per library that lists it', () => {
      const keys = ['OSDev:2000', 'PCIDev:1001', 'OSDev:2001'];
      const rows = [
        [0, 0, 300_000],
        [0, 0, 300_000],
        [300_000, 300_000, 0],
      ];
      const gpus = hostBridge(gpu(1, 0), gpu(2, 1));
      const text = file('3.0', [socket(0, numa(0), gpus)], matrix('NVLinkBandwidth', keys, rows));
      expect(linkOf(fromHwlocXml(text), 'GPU0', 'nvlink')).toMatchObject({ links: 12, rawGBps: 300 });
    });

    describe('of AMD at 100 GB/s for every pair, as hwloc 2 writes it', () => {
      const rsmi = (i: number, model: string): string => {
        const attributes = { gp_index: 50 + i, name: `rsmi${i}`, subtype: 'RSMI', osdev_type: 1 };
        return pci(i + 1, '0380 [1002:7408]', GEN4, object('OSDev', attributes, info({ GPUModel: model })));
      };
      const read = (
        model: string,
        rows: readonly (readonly number[])[],
        options?: HwlocXmlOptions,
      ): ServerDocument =>
        fromHwlocXml(
          file(
            '2.0',
            [socket(0, numa(0), hostBridge(...rows.map((_, i) => rsmi(i, model))))],
            matrix(
              'XGMIBandwidth',
              rows.map((_, i) => `OSDev:${50 + i}`),
              rows,
            ),
          ),
          options,
        );
      const all = [
        [1e6, 1e5, 1e5],
        [1e5, 1e6, 1e5],
        [1e5, 1e5, 1e6],
      ];

      it.each<[string, number, number, number]>([
        ['AMD Instinct MI300X', 1, 48, 64],
        ['AMD Instinct MI300A', 2, 96, 128],
        ['AMD Instinct MI210', 1, 36, 50],
        ['deon Instinct MI50 32GB', 1, 24, 50],
      ])('with the links of %s', (model, links, bandwidthGBps, rawGBps) => {
        const document = read(model, all);
        expect(document.links.filter(({ medium }) => medium === 'xgmi')).toHaveLength(3);
        expect(linkOf(document, 'GPU0', 'xgmi')).toMatchObject({
          links,
          bandwidthGBps,
          rawGBps,
          verified: false,
          source: expect.stringContaining('links and line rate of the model'),
        });
        expect(document.notes!.join()).toContain('XGMIBandwidth is 100 GB/s for all pairs');
      });

      it.each(['AMD Instinct MI250X', 'AMD INSTINCT MI200 (MCM) OAM LC MBA HPE C2', 'Aldebaran'])(
        'and asks for the links of %s, whose pairs differ or are not known',
        (model) => {
          expect(caught(() => read(model, all))).toMatchObject({
            code: 'invalid-option',
            path: ['xgmiLinks'],
          });
        },
      );

      it('with the links that the caller states: 252 GB/s for eight MI250X of one link each', () => {
        const eight = Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => 1e5));
        const document = read('AMD Instinct MI250X', eight, { xgmiLinks: 1 });
        expect(collectiveBandwidth(serverTopology(document), [0, 1, 2, 3, 4, 5, 6, 7])).toBe(252);
        expect(linkOf(document, 'GPU0', 'xgmi')).toMatchObject({
          links: 1,
          bandwidthGBps: 36,
          rawGBps: 50,
          verified: false,
          source: expect.stringContaining('stated by the caller'),
        });
        const xgmiLinks = [
          { between: ['GPU1', 'GPU0'], links: 4 },
          { between: ['GPU0', 'GPU2'], links: 2 },
          { between: ['GPU1', 'GPU2'], links: 1 },
        ] as const;
        const uneven = read('AMD Instinct MI250X', all, { xgmiLinks });
        expect(
          uneven.links.flatMap(({ medium, links: count }) => (medium === 'xgmi' ? [count] : [])),
        ).toEqual([4, 2, 1]);
        expect(
          caught(() => read('AMD Instinct MI250X', all, { xgmiLinks: xgmiLinks.slice(1) })),
        ).toMatchObject({
          code: 'invalid-option',
          path: ['xgmiLinks'],
        });
        expect(
          caught(() => read('MI250X', all, { xgmiLinks: [{ between: ['GPU0', 'GPU9'], links: 1 }] })),
        ).toMatchObject({ code: 'invalid-option', path: ['xgmiLinks', 0, 'between', 1] });
      });

      it('and asks for the figure of one link where links are stated and the model tells none', () => {
        expect(caught(() => read('Aldebaran', all, { xgmiLinks: 1 }))).toMatchObject({
          code: 'invalid-option',
          path: ['xgmiGBpsPerLink'],
        });
        const document = read('Aldebaran', all, { xgmiLinks: 2, xgmiGBpsPerLink: 30 });
        expect(linkOf(document, 'GPU0', 'xgmi')).toMatchObject({
          links: 2,
          bandwidthGBps: 60,
          verified: false,
        });
      });

      it('and leaves figures alone that differ', () => {
        const document = read('AMD Instinct MI250X', [
          [1e6, 1e5, 2e5],
          [1e5, 1e6, 0],
          [2e5, 0, 1e6],
        ]);
        const links = document.links.flatMap(({ medium, links: count }) =>
          medium === 'xgmi' ? [count] : [],
        );
        expect(links).toEqual([2, 4]);
        expect(document.notes).toBe(undefined);
      });
    });

    it('of processors as c2c, not as a fabric of GPUs', () => {
      const text = file(
        '3.0',
        [socket(0, numa(0), hostBridge(gpu(1, 0), gpu(2, 1)))],
        matrix(
          'NVLinkBandwidth',
          ['OSDev:2000', 'OSDev:2001', 'Package:100'],
          [
            [0, 0, 75_000],
            [0, 0, 75_000],
            [75_000, 75_000, 0],
          ],
        ),
      );
      expect(wordsOf(text)[0]).toBe('X PHB');
      expect(linkOf(fromHwlocXml(text), 'GPU1', 'c2c')).toMatchObject({
        between: ['GPU1', 'socket0'],
        links: 3,
        bandwidthGBps: 60,
      });
    });

    it('C2C of Grace, where the memory of a GPU is a NUMA node', () => {
      const memory = (index: number, busId: string): string =>
        numa(index, { subtype: 'GPUMemory' }, info({ PCIBusID: busId }));
      const grace = (...gpus: number[]): ServerDocument =>
        fromHwlocXml(
          file('3.0', [
            socket(
              0,
              ...gpus.map((bus) => memory(bus, `0000:0${bus}:00.0`)),
              numa(0),
              ...gpus.map((bus) => hostBridge(bridge(9, GEN5, gpu(bus, bus - 1)))),
            ),
          ]),
        );
      expect(idsOf(grace(1, 2), 'numa')).toEqual(['numa0']);
      expect(linkOf(grace(1, 2), 'GPU0', 'c2c')).toMatchObject({
        between: ['numa0', 'GPU0'],
        bandwidthGBps: 223.56,
        rawGBps: 225,
      });
      expect(linkOf(grace(1), 'GPU0', 'c2c')).toMatchObject({ bandwidthGBps: 447.12, rawGBps: 450 });
    });

    it('but no C2C of POWER, whose GPUs show their memory too', () => {
      const memory = numa(9, { subtype: 'GPUMemory' }, info({ PCIBusID: '0000:01:00.0' }));
      const power = info({ CPUModel: 'POWER9, altivec supported' });
      const document = fromHwlocXml(file('3.0', [socket(0, power, numa(0), memory, hostBridge(gpu(1, 0)))]));
      expect(idsOf(document, 'numa')).toEqual(['numa0']);
      expect(linkOf(document, 'GPU0').between).toEqual(['numa0', 'GPU0']);
    });

    it('and notes bandwidths of another fabric', () => {
      const text = file(
        '3.0',
        [socket(0, numa(0), hostBridge(gpu(1, 0)))],
        matrix('XeLinkBandwidth', ['OSDev:2000'], [[0]]),
      );
      expect(fromHwlocXml(text).notes).toEqual(['The matrix XeLinkBandwidth is not read.']);
    });
  });

  describe('refuses', () => {
    const withMatrix = (change: (text: string) => string): string =>
      change(
        file(
          '3.0',
          [socket(0, numa(0), hostBridge(gpu(1, 0), gpu(2, 1)))],
          '\n',
          matrix(
            'NVLinkBandwidth',
            ['OSDev:2000', 'OSDev:2001'],
            [
              [0, 1],
              [1, 0],
            ],
          ),
        ),
      );
    const MATRIX_LINE =
      withMatrix((text) => text)
        .split('\n')
        .findIndex((line) => line.includes('distances2')) + 1;

    it.each<[string, string, (string | number)[], RegExp]>([
      ['what is no XML', 'Machine (16GB total)', [], /no XML element/],
      ['another format', '<system version="1"/>', ['line', 1], /expected <topology>, got <system>/],
      [
        'hwloc 1',
        TWO_SOCKETS.replace(' version="3.0"', ''),
        ['line', 3],
        /format of hwloc 1.*lstopo of hwloc 2, as hwloc 3 does not read it/,
      ],
      ['hwloc 1 by number', TWO_SOCKETS.replace('"3.0"', '"1.11"'), ['line', 3], /format of hwloc 1/],
      ['a format to come', TWO_SOCKETS.replace('"3.0"', '"4.0"'), ['line', 3], /format "4.0" is not known/],
      [
        'no machine',
        '<topology version="2.0"/>',
        ['line', 1],
        /expected one object of type Machine, got none/,
      ],
      ['another top', `<topology version="2.0">${socket(0)}</topology>`, ['line', 1], /got "Package"/],
      ['no PCI devices', file('3.0', [socket(0, numa(0))]), [], /lists no PCI devices at all/],
      [
        'NICs alone',
        oneSocket(hostBridge(nic(1, 0))),
        [],
        /no GPU among 1 PCI devices, which are 0207 \[15b3:101b\]: give the file of a machine with GPUs/,
      ],
      ['an object without type', file('3.0', ['<object/>']), ['line', 4], /without type/],
      [
        'a bus id that is none',
        oneSocket(pci(1, A100, GEN4).replace('0000:01', '0:1')),
        ['line', 5],
        /expected a bus id/,
      ],
      [
        'a PCI type that is none',
        oneSocket(pci(1, 'GPU', GEN4)),
        ['line', 5],
        /expected a bus id as .* and a type/,
      ],
      [
        'a PCI device without either',
        oneSocket('<object type="PCIDev"/>'),
        ['line', 5],
        /got undefined and undefined/,
      ],
      [
        'a speed that is none',
        oneSocket(pci(1, A100, 'fast')),
        ['line', 5, 'pci_link_speed'],
        /expected GB\/s, got "fast"/,
      ],
      [
        'a speed in MB/s',
        oneSocket(pci(1, A100, '31507.0')),
        ['line', 5, 'pci_link_speed'],
        /expected GB\/s/,
      ],
      [
        'a number that is none',
        oneSocket(pci(1, A100, GEN4)).replace('os_index="0" gp_index="100"', 'os_index="-1"'),
        ['line', 4, 'os_index'],
        /expected a number, got "-1"/,
      ],
      [
        'a type of OS device that is none',
        oneSocket(pci(1, A100, GEN4, object('OSDev', { osdev_type: 'gpu' }))),
        ['line', 5],
        /type of OS device, got "gpu"/,
      ],
      [
        'two objects of one index',
        oneSocket(gpu(1, 0), gpu(1, 0)),
        ['line', 8],
        /gp_index "1001" stands twice/,
      ],
      [
        'a matrix of objects that are not there',
        withMatrix((text) => text.replace('OSDev:2001 </', 'OSDev:9 </')),
        ['line', MATRIX_LINE],
        /"OSDev:9" is no object/,
      ],
      [
        'a matrix that is too small',
        withMatrix((text) => text.replace('>1 0 <', '>1 <')),
        ['line', MATRIX_LINE],
        /2 objects need 2 indexes and 4 values, got 2 and 3/,
      ],
      [
        'a matrix of words',
        withMatrix((text) => text.replace('>1 0 <', '>1 x <')),
        ['line', MATRIX_LINE],
        /expected MB\/s, got "x"/,
      ],
      [
        'a matrix without size',
        withMatrix((text) => text.replace('nbobjs="2"', '')),
        ['line', MATRIX_LINE, 'nbobjs'],
        /expected 1 to 256 objects/,
      ],
      ['a file cut off', TWO_SOCKETS.slice(0, 900), [], /cut off/],
    ])('%s', (_, text, path, message) => {
      const error = caught(() => fromHwlocXml(text));
      expect(error).toMatchObject({ name: 'CorralError', code: 'invalid-format' });
      if (path.length > 0) expect(error.path).toEqual(path);
      expect(error.message).toMatch(message);
    });

    it.each<[string, string, RegExp]>([
      [
        '17 GPUs',
        oneSocket(hostBridge(...Array.from({ length: 17 }, (_, i) => gpu(i + 1, i)))),
        /17 GPUs, at most 16/,
      ],
      [
        '257 NICs',
        oneSocket(
          hostBridge(
            gpu(1, 0),
            ...Array.from({ length: 257 }, (_, i) =>
              pci((i % 128) + 2, '0200 [15b3:1017]', GEN4).replace(/gp_index="\d+"/, ''),
            ),
          ),
        ),
        /257 NICs, at most 256/,
      ],
      [
        '65 packages',
        file('3.0', [numa(0), hostBridge(gpu(1, 0)), ...Array.from({ length: 65 }, (_, i) => socket(i))]),
        /65 packages, at most 64/,
      ],
      [
        '257 groups of NUMA nodes',
        oneSocket(
          hostBridge(gpu(1, 0)),
          ...Array.from({ length: 256 }, (_, i) => object('Group', {}, numa(i + 1))),
        ),
        /257 groups of NUMA nodes, at most 256/,
      ],
      [
        'a name of 257 characters',
        oneSocket(hostBridge(gpu(1, 0)), object('OSDev', { name: 'x'.repeat(257) })),
        /257 characters, at most 256/,
      ],
    ])('%s', (_, text, message) => {
      const error = caught(() => fromHwlocXml(text));
      expect(error.code).toBe('limit-exceeded');
      expect(error.message).toMatch(message);
    });

    it.each<[string, unknown]>([
      ['name', ''],
      ['gpuModel', 7],
      ['pcieGeneration', 7],
      ['nvlinkGBpsPerLink', 0],
      ['xgmiGBpsPerLink', -1],
      ['socketGBps', Number.NaN],
      ['portGbps', Number.NaN],
      ['basis', 'measured'],
      ['bandwidth', 1],
    ])('the option %s: %j', (name, value) => {
      expect(caught(() => fromHwlocXml(TWO_SOCKETS, { [name]: value }))).toMatchObject({
        code: 'invalid-option',
        path: [name],
      });
    });
  });

  // By hand, 1,000,000 cases of the same kind with seed 30260: nothing but CorralError.
  it('throws nothing but CorralError for a spoiled file, and what it reads is a server', () => {
    const small = [
      file(
        '3.0',
        [
          socket(0, numa(0), hostBridge(bridge(1, GEN4, gpu(2, 0), nic(3, 0)))),
          socket(1, numa(1), hostBridge(gpu(4, 1))),
        ],
        matrix(
          'NVLinkBandwidth',
          ['OSDev:2000', 'OSDev:2001', 'Package:100'],
          [
            [0, 50_000, 9],
            [50_000, 0, 0],
            [9, 0, 0],
          ],
        ),
      ),
      file('2.0', [numa(0), object('OSDev', { name: 'cuda0', subtype: 'CUDA', osdev_type: 5 })]),
    ];
    let read = 0;
    fc.assert(
      fc.property(fc.oneof(mutatedText(small), truncatedText(small)), (text) => {
        try {
          serverTopology(fromHwlocXml(text));
          read++;
        } catch (error) {
          if (!(error instanceof CorralError)) throw error;
        }
      }),
      { numRuns: 20_000, seed: 30_26 },
    );
    expect(read).toBeGreaterThan(1000);
  });
});
