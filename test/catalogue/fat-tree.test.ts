import { describe, expect, it } from 'vitest';
import { fatTree } from '../../src/catalogue/fat-tree.js';
import { synthetic } from '../../src/catalogue/synthetic.js';
import { topology } from '../../src/catalogue/topology.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import type { ServerDocument } from '../../src/topology/server-document.js';
import { caught } from './caught.js';

const lookup = (name: string) => topology(name as 'dgx-h100');

describe('fatTree', () => {
  it('has leaves only while there is one pod', () => {
    const cluster = fatTree({ serversPerLeaf: 2, leavesPerPod: 3 });
    expect(cluster.tiers).toEqual(['leaf']);
    expect(cluster.servers.map((server) => server.id)).toEqual([
      'leaf0-server0',
      'leaf0-server1',
      'leaf1-server0',
      'leaf1-server1',
      'leaf2-server0',
      'leaf2-server1',
    ]);
    expect(cluster.servers[5]!.domains).toEqual({ leaf: 'leaf2' });
  });

  it('nests leaves in pods', () => {
    const cluster = fatTree({ serversPerLeaf: 2, leavesPerPod: 2, pods: 2 });
    expect(cluster.tiers).toEqual(['pod', 'leaf']);
    expect(cluster.servers).toHaveLength(8);
    expect(cluster.servers[5]).toEqual({
      id: 'pod1-leaf0-server1',
      type: 'dgx-h100',
      domains: { pod: 'pod1', leaf: 'pod1-leaf0' },
    });
  });

  it('is non-blocking by default: a domain sends out what its servers send', () => {
    const { uplinks } = fatTree({ serversPerLeaf: 4, leavesPerPod: 2, pods: 2 });
    // 8 compute NICs of 400 Gb/s: 400 GB/s per server.
    expect(uplinks).toEqual({ pod: { GBps: 3200 }, leaf: { GBps: 1600 } });
  });

  it('multiplies the oversubscription of leaf and pod', () => {
    const { uplinks } = fatTree({
      serversPerLeaf: 4,
      leavesPerPod: 2,
      pods: 2,
      leafOversubscription: 2,
      podOversubscription: 4,
    });
    expect(uplinks).toEqual({ leaf: { GBps: 800 }, pod: { GBps: 400 } });
  });

  it('allows more links up than down', () => {
    const { uplinks } = fatTree({ serversPerLeaf: 2, leafOversubscription: 0.5 });
    expect(uplinks).toEqual({ leaf: { GBps: 1600 } });
  });

  it('counts only compute NICs, and takes other port counts and rates', () => {
    expect(topology('dgx-h100').nics.length).toBe(12);
    expect(fatTree({ serversPerLeaf: 1 }).uplinks).toEqual({ leaf: { GBps: 400 } });
    expect(fatTree({ serversPerLeaf: 1, portsPerServer: 2, portGbps: 100 }).uplinks).toEqual({
      leaf: { GBps: 25 },
    });
  });

  it('names a type of the catalogue, and carries a document of the caller', () => {
    expect(fatTree({ server: 'dgx-a100' }).types).toEqual({ 'dgx-a100': 'dgx-a100' });
    const own = synthetic('cpu:1 gpu:2 nic:1', { name: 'own', portGbps: 400 });
    const cluster = fatTree({ server: own });
    expect(cluster.types).toEqual({ own });
    expect(cluster.servers[0]!.type).toBe('own');
  });

  it('writes a server type of its own where other ports are asked for', () => {
    const { types, servers } = fatTree({ portsPerServer: 2, portGbps: 100, serversPerLeaf: 1 });
    const [name] = Object.keys(types);
    expect(name).toBe('dgx-h100 with 2 ports of 100 Gb/s');
    expect(new Set(servers.map(({ type }) => type))).toEqual(new Set([name]));
    const { devices } = types[name!] as ServerDocument;
    const ports = devices.filter(({ kind, role }) => kind === 'nic' && role === 'compute');
    expect(ports.map(({ portGBps }) => portGBps)).toEqual([12.5, 12.5]);
  });

  it('takes the rate of the ports from the server where it states one', () => {
    expect(fatTree({ server: 'dgx-a100', serversPerLeaf: 1 }).uplinks).toEqual({ leaf: { GBps: 200 } });
  });

  it('gives every server the CPU and memory asked for', () => {
    const cluster = fatTree({ serversPerLeaf: 1, leavesPerPod: 1, cpuMilli: 96_000, memoryMiB: 1_048_576 });
    expect(cluster.servers[0]).toMatchObject({ cpuMilli: 96_000, memoryMiB: 1_048_576 });
  });

  it('is a cluster document that survives JSON', () => {
    const cluster = fatTree({ serversPerLeaf: 4, leavesPerPod: 2, pods: 2 });
    const read = buildClusterTopology(JSON.parse(JSON.stringify(cluster)), lookup);
    expect(read.servers).toHaveLength(16);
    expect(read.tiers.map((tier) => tier.domains.length)).toEqual([2, 4]);
  });

  it.each([
    ['serversPerLeaf', 0],
    ['serversPerLeaf', 1.5],
    ['serversPerLeaf', '4'],
    ['leavesPerPod', -1],
    ['pods', Number.NaN],
    ['portsPerServer', 0],
    ['portGbps', 0],
    ['portGbps', Number.POSITIVE_INFINITY],
    ['leafOversubscription', 0],
    ['podOversubscription', Number.NaN],
    ['cpuMilli', 0.5],
    ['memoryMiB', 2 ** 31],
    ['spines', 4],
  ])('refuses %s: %s', (option, value) => {
    const error = caught(() => fatTree({ [option]: value } as object));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual([option]);
  });

  it('refuses options that are no object', () => {
    expect(caught(() => fatTree(null as never)).code).toBe('invalid-option');
    expect(caught(() => fatTree(4 as never)).code).toBe('invalid-option');
  });

  it('refuses a server type that does not exist, or is no document', () => {
    expect(caught(() => fatTree({ server: 'dgx-z' as never })).code).toBe('unknown-topology');
    const error = caught(() => fatTree({ server: {} as never }));
    expect(error.code).toBe('invalid-document');
    expect(error.path[0]).toBe('server');
  });

  it('asks for the ports of a server without compute NICs', () => {
    const error = caught(() => fatTree({ server: 'ws-4xa4000' }));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual(['portsPerServer']);
    for (const server of ['ws-4xa4000', synthetic('cpu:1 gpu:4 nic:1')] as const) {
      const { servers, uplinks } = fatTree({ server, portsPerServer: 1, portGbps: 10 });
      expect(servers.length).toBe(128);
      expect(uplinks?.leaf?.GBps).toBe(16 * 1.25);
    }
  });

  it('refuses more than 65,536 servers before it builds them', () => {
    const error = caught(() => fatTree({ serversPerLeaf: 65_536, leavesPerPod: 65_536, pods: 65_536 }));
    expect(error.code).toBe('limit-exceeded');
    expect(fatTree({ serversPerLeaf: 256, leavesPerPod: 256 }).servers).toHaveLength(65_536);
  });
});
