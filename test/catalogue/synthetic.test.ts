import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nicBandwidth } from '../../src/bandwidth/index.js';
import { type SyntheticOptions, synthetic } from '../../src/catalogue/synthetic.js';
import { relation } from '../../src/topology/relation.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import { caught } from './caught.js';

function ids(description: string, kind: string): string[] {
  return synthetic(description)
    .devices.filter((device) => device.kind === kind)
    .map((device) => device.id);
}

describe('synthetic', () => {
  it('makes servers without GPUs, and names no model for them', () => {
    for (const description of ['cpu:2', 'cpu:1 numa:2', 'cpu:1 nic:1']) {
      const document = synthetic(description);
      expect(document.gpuModel).toBe('none');
      expect(serverTopology(document).gpus).toEqual([]);
    }
    expect(() => synthetic('cpu:1 nvswitch:1')).toThrow('switches without GPUs');
  });

  it('counts each level per member of the level above', () => {
    const server = serverTopology(synthetic('cpu:2 switch:2 gpu:2'));
    expect(server.gpus).toHaveLength(8);
    expect(ids('cpu:2 switch:2 gpu:2', 'pcie-switch')).toEqual(['switch0', 'switch1', 'switch2', 'switch3']);
    expect(ids('cpu:2 switch:2 gpu:2', 'numa')).toEqual(['numa0', 'numa1']);
    expect(server.graph.neighbors('gpu5')).toEqual(['switch2']);
    expect(server.graph.getNodeAttributes('gpu5')).toMatchObject({ numa: 1, socket: 1 });
  });

  it('gives the relations that such a machine prints', () => {
    const server = serverTopology(synthetic('cpu:2 switch:2 gpu:2 nic:1'));
    expect(relation(server, 'gpu0', 'gpu1')).toBe('PIX');
    expect(relation(server, 'gpu0', 'nic0')).toBe('PIX');
    expect(relation(server, 'gpu0', 'gpu2')).toBe('NODE');
    expect(relation(server, 'gpu0', 'gpu4')).toBe('SYS');
    const cascade = serverTopology(synthetic('cpu:1 switch:1 switch:2 gpu:2'));
    expect(relation(cascade, 'gpu0', 'gpu2')).toBe('PXB');
  });

  it('hangs a leaf on the nearest level before it that can hold it', () => {
    const { graph } = serverTopology(synthetic('cpu:2 nic:1 switch:2 nic:1 gpu:2'));
    expect(graph.neighbors('nic0')).toEqual(['numa0']);
    expect(graph.neighbors('nic1')).toEqual(['switch0']);
    expect(graph.neighbors('gpu1')).toEqual(['switch0']);
    const direct = serverTopology(synthetic('cpu:2 numa:2 gpu:1 nic:1')).graph;
    expect(direct.neighbors('gpu3')).toEqual(['numa3']);
    expect(direct.getNodeAttribute('gpu3', 'socket')).toBe(1);
  });

  it('names a host bridge for each device on a NUMA node, and none below a switch', () => {
    const { devices } = synthetic('cpu:1 nic:1 switch:2 gpu:1');
    const bridges = devices.filter((device) => device.kind !== 'socket' && device.kind !== 'numa');
    expect(bridges.map((device) => [device.id, device.hostBridge])).toEqual([
      ['nic0', 'bridge-nic0'],
      ['switch0', 'bridge-switch0'],
      ['gpu0', undefined],
      ['switch1', 'bridge-switch1'],
      ['gpu1', undefined],
    ]);
  });

  it('has the bandwidths of the catalogue', () => {
    const { graph } = serverTopology(synthetic('cpu:2 gpu:1'));
    expect(graph.getEdgeAttributes('numa0', 'gpu0')).toMatchObject({
      medium: 'pcie',
      bandwidthGBps: 55.4,
      rawGBps: 63.02,
      ncclGBps: 48,
    });
    expect(graph.getEdgeAttributes('socket0', 'socket1')).toMatchObject({
      medium: 'socket',
      bandwidthGBps: 50,
    });
    expect(graph.getEdgeAttributes('numa0', 'socket0').medium).toBe('on-package');
  });

  it('joins all sockets to each other', () => {
    const links = synthetic('cpu:4 gpu:1').links.filter((link) => link.medium === 'socket');
    expect(links).toHaveLength(6);
  });

  it('spreads the 18 NVLinks of each GPU over the NVSwitches', () => {
    const { links } = synthetic('cpu:2 gpu:4 nvswitch:4');
    const of = (gpu: string) => links.filter((link) => link.medium === 'nvlink' && link.between[0] === gpu);
    for (let gpu = 0; gpu < 8; gpu++) {
      expect(of(`gpu${gpu}`).map((link) => link.links)).toEqual([5, 5, 4, 4]);
    }
    const sum = (field: 'bandwidthGBps' | 'rawGBps' | 'ncclGBps') =>
      of('gpu0').reduce((total, link) => total + link[field]!, 0);
    expect(sum('bandwidthGBps')).toBeCloseTo(385.2, 6);
    expect(sum('rawGBps')).toBeCloseTo(450, 6);
    expect(sum('ncclGBps')).toBeCloseTo(370.8, 6);
    expect(ids('cpu:2 gpu:4 nvswitch:4', 'nvswitch')).toHaveLength(4);
  });

  it('is named as its description, or as told', () => {
    expect(synthetic('  cpu:2\tgpu:1 ')).toMatchObject({ name: 'cpu:2 gpu:1', gpuModel: 'synthetic' });
    const own = synthetic('cpu:1 gpu:1', { name: 'own', gpuModel: 'H100' });
    expect(own).toMatchObject({ name: 'own', gpuModel: 'H100' });
    expect(own.devices.at(-1)!.model).toBe('H100');
  });

  it.each([
    ['', []],
    ['   ', []],
    ['cpu', [0]],
    ['cpu:', [0]],
    ['cpu:x gpu:1', [0]],
    ['cpu:0 gpu:1', [0]],
    ['cpu:9 gpu:1', [0]],
    ['cpu:-1 gpu:1', [0]],
    ['cpu:1.5 gpu:1', [0]],
    ['cpu:2,gpu:2', [0]],
    ['gpu:2', [0]],
    ['cpu:2 gup:2', [1]],
    ['cpu:2 __proto__:2', [1]],
    ['cpu:2 cpu:2 gpu:1', [1]],
    ['cpu:2 switch:1 numa:2 gpu:1', [2]],
    ['cpu:2 gpu:1 gpu:1', [2]],
    ['cpu:2 gpu:1 switch:1', [2]],
    ['cpu:2 nvswitch:2 gpu:1', [2]],
    ['cpu:2 gpu:1 nvswitch:19', [2]],
    ['cpu:2 switch:2', [2]],
  ])('refuses %j at level %j', (description, path) => {
    const error = caught(() => synthetic(description));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual(path);
  });

  it('says what to do', () => {
    expect(caught(() => synthetic('cpu:2 swich:2 gpu:2')).message).toContain('did you mean switch');
    expect(caught(() => synthetic('cpu:2 blade:2 gpu:2')).message).toContain('levels are cpu, numa, switch');
    expect(caught(() => synthetic('cpu:2 switch:99 gpu:2')).message).toContain('switch:1 to switch:16');
  });

  it('states what the ports of NICs carry only if it is told', () => {
    const ports = (options?: SyntheticOptions) =>
      synthetic('cpu:2 gpu:2 nic:1', options)
        .devices.filter(({ kind }) => kind === 'nic')
        .map(({ portGBps, portBasis }) => [portGBps, portBasis]);
    expect(ports()).toEqual([
      [undefined, undefined],
      [undefined, undefined],
    ]);
    expect(ports({ portGbps: 100 })).toEqual([
      [12.5, 'nccl'],
      [12.5, 'nccl'],
    ]);
    const server = serverTopology(synthetic('cpu:2 gpu:2 nic:1', { portGbps: 100 }));
    expect(nicBandwidth(server, [0, 1])).toBe(12.5);
    expect(nicBandwidth(server, [0, 1, 2, 3])).toBe(25);
  });

  it('refuses what is no text, and wrong options', () => {
    expect(caught(() => synthetic('cpu:1 gpu:1', { portGbps: 0 })).path).toEqual(['portGbps']);
    expect(caught(() => synthetic(undefined as never)).code).toBe('invalid-option');
    expect(caught(() => synthetic('cpu:1 gpu:1', { name: '' })).path).toEqual(['name']);
    expect(caught(() => synthetic('cpu:1 gpu:1', { gpuModel: 7 as never })).path).toEqual(['gpuModel']);
    expect(caught(() => synthetic('cpu:1 gpu:1', { model: 'x' } as never)).path).toEqual(['model']);
  });

  it('refuses more than 16 GPUs, 512 devices or 256 characters before it builds them', () => {
    const tooMany = caught(() => synthetic('cpu:2 switch:3 gpu:3'));
    expect(tooMany.code).toBe('limit-exceeded');
    expect(tooMany.message).toContain('18 GPUs');
    const nics = `cpu:8 numa:8 switch:16 switch:16 ${'nic:32 '.repeat(20)}gpu:1`;
    expect(caught(() => synthetic(nics)).code).toBe('limit-exceeded');
    expect(caught(() => synthetic(`cpu:1 ${' '.repeat(300)}gpu:1`)).code).toBe('limit-exceeded');
  });

  it('always is a valid, connected server with the GPUs that the counts multiply to', () => {
    const counts = fc.record({
      cpu: fc.integer({ min: 1, max: 2 }),
      numa: fc.integer({ min: 1, max: 2 }),
      switch: fc.integer({ min: 1, max: 2 }),
      gpu: fc.integer({ min: 1, max: 2 }),
      nic: fc.integer({ min: 1, max: 3 }),
      nvswitch: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(counts, (n) => {
        const nvswitch = n.nvswitch > 0 ? ` nvswitch:${n.nvswitch}` : '';
        const text = `cpu:${n.cpu} numa:${n.numa} nic:${n.nic} switch:${n.switch} gpu:${n.gpu}${nvswitch}`;
        const { graph, gpus, nics } = serverTopology(synthetic(text));
        expect(gpus).toHaveLength(n.cpu * n.numa * n.switch * n.gpu);
        expect(nics).toHaveLength(n.cpu * n.numa * n.nic);
        const open = ['socket0'];
        const seen = new Set<string>();
        for (const id of open) {
          if (seen.has(id)) continue;
          seen.add(id);
          open.push(...graph.neighbors(id));
        }
        expect(seen.size).toBe(graph.order);
      }),
    );
  });
});
