import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../../src/arbitraries/index.js';
import { sharedBandwidth } from '../../../src/bandwidth/index.js';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import { CorralError } from '../../../src/errors.js';
import { fromNcclXml, toNcclXml } from '../../../src/formats/index.js';
import {
  type Device,
  type Link,
  type ServerDocument,
  type ServerTopology,
  serverTopology,
} from '../../../src/topology/index.js';
import { changedWords, unlikeSets, withNcclFigures } from './nccl-compared.js';
import { bridge, cpu, gpu, nic, nvlink, system } from './nccl-text.js';

const again = (server: ServerTopology): ServerTopology => serverTopology(fromNcclXml(toNcclXml(server)));

function refusal(server: ServerTopology): string {
  try {
    toNcclXml(server);
  } catch (error) {
    if (error instanceof CorralError) return `${error.code} ${error.message}`;
    throw error;
  }
  throw new Error('was written');
}

/** The law of {@link toNcclXml}. */
function survives(server: ServerTopology): void {
  const read = again(server);
  expect(changedWords(server, read)).toEqual({});
  expect(unlikeSets(withNcclFigures(server), withNcclFigures(read))).toEqual([]);
}

/** Servers of the catalogue that the format cannot express. */
const NOT_EXPRESSED: Record<string, string> = {
  dgx2: 'are NVSwitches joined by NVLink: to NCCL all NVSwitches are one',
  'mi250x-frontier': 'nic0 hangs on no NUMA node by PCIe',
  'mi300a-4': "has xgmi links of 54.4 GB/s each, which is no figure of NCCL's",
  'gaudi3-hls3': 'are joined by scale-up Ethernet, which NCCL does not know',
};

/** A box of two sockets, to be changed a little. */
const BOX: ServerDocument = {
  name: 'box',
  title: 'box',
  gpuModel: 'H100',
  devices: [
    { id: 'socket a', kind: 'socket' },
    { id: 'socket b', kind: 'socket' },
    { id: 'numa a', kind: 'numa' },
    { id: 'numa b', kind: 'numa', numa: 'x' },
    { id: 'switch', kind: 'pcie-switch', hostBridge: '"<&>' },
    { id: 'other switch', kind: 'pcie-switch', hostBridge: 'x' },
    { id: 'g"0', kind: 'gpu', model: 'a & "b"' },
    { id: 'g1', kind: 'gpu' },
    { id: 'n0', kind: 'nic', role: 'storage' },
    { id: 'n1', kind: 'nic', model: 'mlx5_9, 200 Gb/s' },
  ],
  links: [
    link('socket a', 'socket b', 'socket', 16),
    link('numa a', 'socket a', 'on-package', 5000),
    link('numa b', 'socket b', 'on-package', 5000),
    link('numa a', 'switch', 'pcie', 24),
    link('numa b', 'other switch', 'pcie', 24),
    link('switch', 'g"0', 'pcie', 24),
    link('other switch', 'g1', 'pcie', 12),
    link('switch', 'n0', 'pcie', 48),
    link('numa b', 'n1', 'pcie', 6),
  ],
};

function link(a: string, b: string, medium: string, GBps: number, links?: number): Link {
  const figures = { bandwidthGBps: GBps, basis: 'nccl', source: 'test', verified: false };
  return {
    between: [a, b],
    medium,
    ...figures,
    ...(links !== undefined && { links }),
  } as Link;
}

const box = (links: ServerDocument['links'], without: readonly string[] = []): ServerTopology =>
  serverTopology({
    ...BOX,
    links: [...BOX.links.filter(({ between }) => !without.includes(between.join('-'))), ...links],
  });

/** A link of a random server with a figure that NCCL has for its medium, which depends on the random one. */
function withTableFigure(random: Link): Link {
  const { flowCapGBps: _, ncclGBps: __, links = 1, ...rest } = random;
  if (rest.medium === 'nvlink') return { ...rest, bandwidthGBps: 20 * links, links };
  if (rest.medium === 'xgmi') return { ...rest, bandwidthGBps: 48 * links, links };
  const pcie = [3, 6, 12, 24, 48, 96][Math.floor(rest.bandwidthGBps) % 6]!;
  const GBps =
    { socket: 16, 'on-package': 5000, 'on-chip': 5000, pcie }[rest.medium as string] ?? rest.bandwidthGBps;
  return { ...rest, bandwidthGBps: GBps };
}

describe('toNcclXml', () => {
  it.each(topologyNames.filter((name) => NOT_EXPRESSED[name] === undefined))(
    'writes %s so that relations and bandwidths survive',
    (name) => {
      survives(topology(name));
      const { document } = again(topology(name));
      expect([document.name, document.gpuModel]).toEqual([name, topology(name).document.gpuModel]);
    },
  );

  it.each(Object.entries(NOT_EXPRESSED))('refuses %s: %s', (name, reason) => {
    expect(refusal(topology(name as 'dgx2'))).toMatch(/^invalid-option topology: /);
    expect(refusal(topology(name as 'dgx2'))).toContain(reason);
  });

  it('writes elements that NCCL reads', () => {
    expect(toNcclXml(topology('ws-2x3090-nvlink'))).toBe(`<system version="1" name="ws-2x3090-nvlink">
  <cpu numaid="0">
    <pci busid="0000:03:00.0" class="0x030200" link_speed="16.0 GT/s PCIe" link_width="16" corral_host_bridge="hb0">
      <gpu dev="0" sm="86" rank="0" gdr="1" corral_model="RTX 3090">
        <nvlink target="0000:04:00.0" count="4" tclass="0x030200"/>
      </gpu>
    </pci>
    <pci busid="0000:04:00.0" class="0x030200" link_speed="16.0 GT/s PCIe" link_width="16" corral_host_bridge="hb0">
      <gpu dev="1" sm="86" rank="1" gdr="1" corral_model="RTX 3090">
        <nvlink target="0000:03:00.0" count="4" tclass="0x030200"/>
      </gpu>
    </pci>
  </cpu>
</system>
`);
  });

  it('keeps to the limits of the reader of NCCL', () => {
    for (const name of topologyNames) {
      if (NOT_EXPRESSED[name] !== undefined) continue;
      const text = toNcclXml(topology(name));
      expect(text).toMatch(/^<system/);
      for (const line of text.trimEnd().split('\n')) {
        const attributes = [...line.matchAll(/ (\w+)="([^"]*)"/g)];
        expect(attributes.length).toBeLessThanOrEqual(16);
        for (const [, , value] of attributes) expect(value!.length).toBeLessThan(255);
        // One blank between attributes, none around the equals sign.
        expect(line).toMatch(/^ *<(?:\/\w+|\w+(?: \w+="[^"<>&]*")*\/?)>$/);
      }
    }
  });

  it('writes version 2 with xgmi where there is xGMI, and the CPU that has the figure between sockets', () => {
    const text = toNcclXml(topology('mi300x-8'));
    expect(text).toContain('<system version="2"');
    expect(text).toContain('gcn="gfx942"');
    expect(text.match(/<xgmi /g)).toHaveLength(56);
    expect(text).toContain('vendor="GenuineIntel" familyid="6" modelid="143"');
    expect(toNcclXml(topology('gb200-nvl72-tray'))).toContain('<c2c bw="44712" count="5"/>');
    expect(toNcclXml(topology('gb200-nvl72-tray'))).toContain('arch="arm64"');
  });

  it('writes ids, models and host bridges that hold anything, and roles and speeds of NICs', () => {
    survives(box([]));
    const server = again(box([]));
    expect(server.gpus).toEqual(['gpu0', 'gpu1']);
    expect(server.document.devices.filter(({ kind }) => kind === 'nic')).toMatchObject([
      { model: 'n0, 384 Gb/s', role: 'storage' },
      { model: 'mlx5_9, 200 Gb/s' },
    ]);
    expect(server.document.devices.filter(({ kind }) => kind === 'gpu').map(({ model }) => model)).toEqual([
      'unknown',
      'H100',
    ]);
  });

  it('writes what ports carry as their speed, and whether it is known and verified', () => {
    const ported = (port: Partial<Device>): { text: string; read: Device } => {
      const devices = BOX.devices.map((device) => (device.id === 'n1' ? { ...device, ...port } : device));
      const server = serverTopology({ ...BOX, devices });
      survives(server);
      return { text: toNcclXml(server), read: again(server).document.devices.at(-1)! };
    };
    const known = ported({ portGBps: 12.5, portVerified: true });
    expect(known.text).toContain('speed="100000" port="1"');
    expect(known.read).toMatchObject({ portGBps: 12.5, portVerified: true });
    expect(ported({ portGBps: 6.25 }).read).toMatchObject({ portGBps: 6.25, portVerified: false });
    expect(ported({ portGBps: 100, portVerified: false }).read).toMatchObject({
      portGBps: 100,
      portVerified: false,
    });
    // Where the document does not say, the speed is that of the model, and reads as not known.
    const unknown = ported({});
    expect(unknown.text).toContain('speed="200000" port="1"');
    expect(unknown.read.portGBps).toBeUndefined();
    expect(() => ported({ portGBps: 1251 })).toThrow('the ports of n1 carry 1251 GB/s, more than any');
  });

  it('keeps a port that limits nothing below a CPU within what reads as Mb/s', () => {
    const virtual = box([link('numa a', 'n1', 'pcie', 5000)], ['numa b-n1']);
    expect(toNcclXml(virtual)).toContain('speed="200000"');
    const devices = BOX.devices.map(({ model: _, ...device }) => device);
    const unnamed = serverTopology({ ...virtual.document, devices });
    expect(toNcclXml(unnamed)).toContain('speed="10000000"');
  });

  it('keeps the ports of every server of the catalogue that it can write', () => {
    const portsOf = (server: ServerTopology): unknown[] =>
      server.nics.map((id) => {
        const { portGBps, portVerified } = server.graph.getNodeAttributes(id);
        return [portGBps, portGBps === undefined ? undefined : portVerified === true];
      });
    for (const name of topologyNames.filter((name) => NOT_EXPRESSED[name] === undefined)) {
      const server = topology(name);
      const { devices } = server.document;
      const told = serverTopology({
        ...server.document,
        devices: devices.map((device, i) =>
          device.kind === 'nic'
            ? { ...device, portGBps: 12.5 * ((i % 4) + 1), portVerified: i % 3 > 0 }
            : device,
        ),
      });
      expect(portsOf(again(told))).toEqual(portsOf(told));
      expect(portsOf(again(server))).toEqual(portsOf(server));
    }
  });

  it('joins several NUMA nodes to a socket, and takes a socket without any for one', () => {
    const server = box([link('numa b', 'socket a', 'on-package', 5000)], ['numa b-socket b']);
    // Socket b has no NUMA node now, and is one itself.
    survives(server);
    expect(toNcclXml(server)).toContain('corral_socket="0"');
  });

  it('keeps peer ports of switches and both levels of a Broadcom switch', () => {
    survives(box([link('switch', 'other switch', 'on-chip', 5000)]));
    survives(box([link('switch', 'other switch', 'on-chip', 5000)], ['numa b-other switch']));
  });

  it('keeps what two levels of a Broadcom switch carry, and refuses more levels', () => {
    const ids = 'vendor="0x1000" device="0xc010" subsystem_vendor="0x1000" subsystem_device="0xa096"';
    const gen4 = `${ids} link_speed="16.0 GT/s PCIe" link_width="16"`;
    const lower = (a: number): string => bridge(`0${2 + a}`, gpu(`1${a}`, a) + gpu(`2${a}`, a + 1), gen4);
    const two = serverTopology(fromNcclXml(system(cpu(bridge('01', lower(0) + lower(2), gen4)))));
    survives(two);
    // Inside the chip four GPUs have a link each: with the lanes of a bridge between them they would share two.
    const halves = [
      [0, 2],
      [1, 3],
    ];
    expect(sharedBandwidth(again(two), halves)).toEqual(sharedBandwidth(two, halves));
    const chips = [
      { id: 'third', kind: 'pcie-switch' },
      { id: 'fourth', kind: 'pcie-switch' },
    ];
    const deep = (medium: string): ServerTopology => {
      const links = [
        ...BOX.links.filter(({ between }) => between[1] !== 'g1'),
        link('switch', 'third', medium, medium === 'pcie' ? 24 : 5000),
        link('third', 'fourth', 'on-chip', 5000),
        link('fourth', 'g1', 'pcie', 24),
      ];
      return serverTopology({ ...BOX, devices: [...BOX.devices, ...chips], links });
    };
    expect(refusal(deep('on-chip'))).toContain('third is one of more than two levels of a chip');
    survives(deep('pcie'));
    const beside = serverTopology({
      ...deep('pcie').document,
      devices: [...deep('pcie').document.devices, { id: 'fifth', kind: 'pcie-switch' }],
      links: [...deep('pcie').document.links, link('switch', 'fifth', 'on-chip', 5000)],
    });
    expect(refusal(beside)).toContain('switch is one of more than two levels of a chip');
  });

  it('keeps what it read from a file', () => {
    const text = system(
      cpu(
        bridge(
          '01',
          gpu('02', 0, nvlink('03', 2)) + gpu('03', 1, nvlink('02', 2)) + nic('04', 'dev="3" speed="100000"'),
        ),
      ) +
        cpu(
          `${gpu('05', 2)}<nic><net name="eth0" dev="9" speed="40000"/></nic>`,
          'numaid="1" arch="x86_64" vendor="AuthenticAMD"',
        ),
    );
    const server = serverTopology(fromNcclXml(text));
    survives(server);
    const nics = (s: ServerTopology): unknown[] =>
      s.document.links
        .filter(({ between }) => between[1].startsWith('nic'))
        .map((l) => [l.bandwidthGBps, l.ncclGBps]);
    expect(nics(again(server))).toEqual(nics(server));
  });

  it.each([
    [[], ['numa b-n1'], 'n1 hangs on no NUMA node'],
    [[link('g1', 'n1', 'pcie', 24)], ['numa b-n1'], 'n1 hangs on no NUMA node'],
    [[link('numa a', 'g1', 'pcie', 24)], [], 'does not fit into a tree'],
    [[link('switch', 'other switch', 'pcie', 24)], [], 'does not fit into a tree'],
    [[link('numa a', 'g1', 'pcie', 20)], ['other switch-g1'], '20 GB/s, which no PCIe link'],
    [[link('switch', 'other switch', 'on-chip', 100)], ['numa b-other switch'], 'inside a chip'],
    [[link('numa b', 'g1', 'on-chip', 5000)], ['other switch-g1'], 'inside a chip'],
    [[link('numa b', 'switch', 'on-chip', 5000)], ['numa a-switch'], 'more than two levels'],
    [[], ['socket a-socket b'], '0 links between 2 sockets'],
    [[link('socket a', 'socket b', 'socket', 17)], ['socket a-socket b'], 'no CPU of NCCL'],
    [[link('socket a', 'g1', 'socket', 16)], [], 'a link between sockets'],
    [
      [link('numa a', 'socket b', 'on-package', 5000)],
      [],
      'no figure for the link between numa a and socket b',
    ],
    [[link('numa a', 'socket a', 'on-package', 50)], ['numa a-socket a'], 'no figure for the link'],
    [[link('g"0', 'g1', 'nvlink', 15, 1)], [], 'nvlink links of 15 GB/s each'],
    [[link('g"0', 'g1', 'nvlink', 20)], [], 'without their number'],
    [[link('g"0', 'numa a', 'nvlink', 20, 1)], [], 'leads to GPUs and NVSwitches only'],
    [[link('g"0', 'g1', 'xgmi', 20, 1)], [], 'xgmi links of 20 GB/s each'],
    [[link('numa a', 'switch', 'c2c', 20)], ['numa a-switch'], 'joined by C2C'],
    [[link('g"0', 'g1', 'scale-up-ethernet', 20)], [], 'scale-up Ethernet'],
  ] as const)('refuses what the format cannot hold: %#', (links, without, reason) => {
    expect(refusal(box([...links], without))).toContain(reason);
  });

  it('refuses sockets that are joined in a row, or by unlike links', () => {
    const three = (...links: Link[]): ServerTopology =>
      serverTopology({
        ...BOX,
        devices: [...BOX.devices, { id: 'socket c', kind: 'socket' }],
        links: [...BOX.links, ...links],
      });
    const second = link('socket b', 'socket c', 'socket', 16);
    expect(refusal(three(second))).toContain('2 links between 3 sockets: NCCL joins every two');
    expect(refusal(three(second, link('socket a', 'socket c', 'socket', 10)))).toContain('sockets differ');
    survives(three(second, link('socket a', 'socket c', 'socket', 16)));
  });

  it('refuses two fabrics of NVSwitches, which NCCL takes for one', () => {
    const withSwitches = (...ends: [string, string][]): ServerTopology =>
      serverTopology({
        ...BOX,
        devices: [
          ...BOX.devices,
          ...['first', 'second', 'unused'].map((id) => ({ id, kind: 'nvswitch' as const })),
        ],
        links: [...BOX.links, ...ends.map(([a, b]) => link(a, b, 'nvlink', 20, 1))],
      });
    expect(refusal(withSwitches(['g"0', 'first'], ['g1', 'second']))).toContain(
      'no GPU joins the NVSwitches first, second',
    );
    survives(withSwitches(['g"0', 'first'], ['g1', 'second'], ['g1', 'first']));
  });

  it('refuses a server without GPUs', () => {
    const devices = [{ id: 'socket', kind: 'socket' }];
    expect(refusal(serverTopology({ ...BOX, devices, links: [] }))).toContain('has no GPU');
  });

  it('keeps the law for random servers that have figures of NCCL', () => {
    let written = 0;
    // The format has no NICs on GPUs.
    const property = fc.property(serverDocument({ nicsOnGpus: false }), (document) => {
      const server = serverTopology({ ...document, links: document.links.map(withTableFigure) });
      try {
        toNcclXml(server);
      } catch (error) {
        if (error instanceof CorralError) return;
        throw error;
      }
      written++;
      survives(server);
    });
    fc.assert(property, { numRuns: 400, seed: 1 });
    expect(written).toBeGreaterThan(200);
  });

  it('writes what was read from a file of ours as it stands', () => {
    const file = join(import.meta.dirname, 'files', 'gb200-nvl72-tray.xml');
    survives(serverTopology(fromNcclXml(readFileSync(file, 'utf8'))));
  });
});
