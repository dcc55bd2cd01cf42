import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type TopologyName, topology } from '../../src/catalogue/index.js';
import { relation, relationMatrix } from '../../src/topology/relation.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import type { ServerTopology } from '../../src/topology/types.js';
import { describeWithShared } from '../shared-data.js';

describe('relationMatrix', () => {
  describeWithShared('servers/presets.json', 'for each collected server', (path) => {
    const { presets } = JSON.parse(readFileSync(path, 'utf8')) as {
      presets: { id: TopologyName; relations: { order: string[]; matrix: string[][] } }[];
    };
    it('knows all 34', () => expect(presets).toHaveLength(34));
    it.each(presets)('equals the collected matrix of $id', ({ id, relations }) => {
      const { devices, cells } = relationMatrix(topology(id));
      expect(devices).toEqual(relations.order);
      expect(cells).toEqual(relations.matrix);
    });
  });

  it('lists GPUs, then NICs of every role, in document order', () => {
    const server = topology('dgx-a100');
    expect(relationMatrix(server).devices).toEqual([...server.gpus, ...server.nics]);
  });

  it('gives the words of a DGX A100: NV12, two levels of one switch chip, NUMA nodes of one socket', () => {
    const { devices, cells } = relationMatrix(topology('dgx-a100'));
    const row = cells[0]!;
    expect(row.slice(0, 8)).toEqual(['X', 'NV12', 'NV12', 'NV12', 'NV12', 'NV12', 'NV12', 'NV12']);
    expect(row.slice(8, 12)).toEqual(['PXB', 'PXB', 'SYS', 'SYS']);
    expect(devices).toHaveLength(20);
  });
});

describe('relation', () => {
  const server = build(
    [
      { id: 'numa0', kind: 'numa' },
      { id: 'numa1', kind: 'numa' },
      { id: 'top', kind: 'pcie-switch', hostBridge: 'left' },
      { id: 'low', kind: 'pcie-switch' },
      { id: 'wide', kind: 'pcie-switch', hostBridge: 'right', levels: 2 },
      { id: 'a', kind: 'gpu' },
      { id: 'b', kind: 'gpu' },
      { id: 'c', kind: 'gpu' },
      { id: 'd', kind: 'gpu', hostBridge: 'left' },
      { id: 'e', kind: 'gpu' },
      { id: 'f', kind: 'gpu' },
      { id: 'nic', kind: 'nic' },
      { id: 'far', kind: 'gpu' },
    ],
    [
      ['numa0', 'top', 'pcie'],
      ['top', 'low', 'pcie'],
      ['low', 'a', 'pcie'],
      ['low', 'b', 'pcie'],
      ['top', 'c', 'pcie'],
      ['numa0', 'd', 'pcie'],
      ['numa0', 'wide', 'pcie'],
      ['wide', 'e', 'pcie'],
      ['wide', 'f', 'pcie'],
      ['f', 'nic', 'on-chip'],
      ['numa0', 'numa1', 'socket'],
      ['numa1', 'far', 'pcie'],
    ],
  );

  it.each([
    ['a', 'a', 'X', 'the device itself'],
    ['a', 'b', 'PIX', 'one switch'],
    ['a', 'c', 'PXB', 'two switches, one above the other'],
    ['e', 'f', 'PXB', 'one switch that reports as two levels'],
    ['f', 'nic', 'PIX', 'a NIC on the GPU itself'],
    ['a', 'd', 'PHB', 'one host bridge, named by the switch above the one and by the other itself'],
    ['a', 'e', 'NODE', 'two host bridges of one NUMA node'],
    ['nic', 'a', 'NODE', 'a NIC that hangs on a GPU stands on the NUMA node of the GPU'],
    ['a', 'far', 'SYS', 'two NUMA nodes'],
    ['nic', 'far', 'SYS', 'two NUMA nodes, seen from a NIC on a GPU'],
    ['d', 'numa0', 'PHB', 'a device and the NUMA node above it'],
    ['d', 'numa1', 'SYS', 'a device and another NUMA node'],
  ])('of %s and %s is %s: %s', (from, to, word) => {
    expect(relation(server, from, to)).toBe(word);
    expect(relation(server, to, from)).toBe(word);
  });

  it('takes host bridges that are not named for one per NUMA node', () => {
    const plain = build(
      ['numa', 'gpu', 'gpu'].map((kind, i) => ({ id: `${kind}${i}`, kind })),
      [
        ['numa0', 'gpu1', 'pcie'],
        ['numa0', 'gpu2', 'pcie'],
      ],
    );
    expect(relation(plain, 'gpu1', 'gpu2')).toBe('PHB');
  });

  it('counts NVLinks: direct ones, through switches the fewer of both, across joined switches, never through a GPU', () => {
    const fabric = build(
      [
        ...['g0', 'g1', 'g2', 'g3'].map((id) => ({ id, kind: 'gpu' })),
        ...['s0', 's1', 's2'].map((id) => ({ id, kind: 'nvswitch' })),
      ],
      [
        ['g0', 's0', 'nvlink', 6],
        ['g0', 's1', 'nvlink', 6],
        ['g1', 's0', 'nvlink', 6],
        ['g1', 's1', 'nvlink', 2],
        ['s0', 's2', 'nvlink', 8],
        ['s1', 's2', 'nvlink', 8],
        ['g2', 's2', 'nvlink', 4],
        ['g2', 'g3', 'nvlink', 3],
      ],
    );
    expect(relation(fabric, 'g0', 'g1')).toBe('NV8');
    expect(relation(fabric, 'g0', 'g2')).toBe('NV4');
    expect(relation(fabric, 'g2', 'g3')).toBe('NV3');
    expect(relation(fabric, 'g0', 'g3')).toBe('SYS');
  });

  it('keeps switches of separate planes apart', () => {
    const planes = build(
      [
        ...['g0', 'g1'].map((id) => ({ id, kind: 'gpu' })),
        ...['s0', 's1'].map((id) => ({ id, kind: 'nvswitch' })),
      ],
      [
        ['g0', 's0', 'nvlink', 9],
        ['g1', 's1', 'nvlink', 9],
      ],
    );
    expect(relation(planes, 'g0', 'g1')).toBe('SYS');
  });

  it('does not depend on how ids are spelled', () => {
    const { document } = topology('mi250x-frontier');
    // Ids that look like integers come back from a plain object in numeric order.
    const renamed = new Map(document.devices.map((device, i) => [device.id, String(100 - i)]));
    const other = serverTopology({
      ...document,
      devices: document.devices.map((device) => ({ ...device, id: renamed.get(device.id) })),
      links: document.links.map((link) => ({ ...link, between: link.between.map((id) => renamed.get(id)) })),
    });
    expect(relationMatrix(other).cells).toEqual(relationMatrix(topology('mi250x-frontier')).cells);
  });

  it('refuses a device that the server does not have', () => {
    expect(() => relation(server, 'a', 'nobody')).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path: ['to'] }),
    );
  });
});

function build(
  devices: readonly { id: string; kind: string; hostBridge?: string; levels?: number }[],
  links: readonly (readonly [string, string, string, number?])[],
): ServerTopology {
  return serverTopology({
    name: 'small',
    title: 'written in a test',
    gpuModel: 'none',
    devices,
    links: links.map(([a, b, medium, count]) => ({
      between: [a, b],
      medium,
      bandwidthGBps: 10,
      basis: 'raw',
      source: 'written in a test',
      verified: false,
      ...(count === undefined ? {} : { links: count }),
    })),
  });
}
