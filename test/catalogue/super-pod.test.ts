import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nvl72 } from '../../src/catalogue/nvl72.js';
import { superPod } from '../../src/catalogue/super-pod.js';
import { topology } from '../../src/catalogue/topology.js';
import { describeWithShared } from '../shared-data.js';
import { caught } from './caught.js';

describe('superPod', () => {
  it('has 127 H100 servers in four units, the last one short of a server', () => {
    const { servers, uplinks, types } = superPod();
    expect(servers).toHaveLength(127);
    expect(servers.filter((server) => server.domains!.unit === 'unit3')).toHaveLength(31);
    expect(uplinks).toEqual({ unit: { GBps: 12_800 } });
    expect(types).toEqual({ 'dgx-h100': 'dgx-h100' });
  });

  it('has 2,048 B200 servers in 64 units', () => {
    expect(superPod({ generation: 'b200' }).types).toEqual({ 'dgx-b200': 'dgx-b200' });
    expect(superPod({ generation: 'b200', units: 64 }).servers).toHaveLength(2048);
  });

  it('builds GB200 units of eight racks', () => {
    expect(superPod({ generation: 'gb200', units: 2 })).toEqual(nvl72({ racks: 16 }));
    const gpus =
      superPod({ generation: 'gb200', units: 16 }).servers.length * topology('gb200-nvl72-tray').gpus.length;
    expect(gpus).toBe(9216);
  });

  it('gives every server the CPU and memory asked for', () => {
    for (const generation of ['h100', 'b200', 'gb200'] as const) {
      const { servers } = superPod({ generation, units: 1, cpuMilli: 5, memoryMiB: 7 });
      for (const server of servers) expect(server).toMatchObject({ cpuMilli: 5, memoryMiB: 7 });
    }
  });

  it.each([
    [{ generation: 'a100' }, 'generation'],
    [{ units: 0 }, 'units'],
    [{ units: 5 }, 'units'],
    [{ generation: 'b200', units: 65 }, 'units'],
    [{ generation: 'gb200', units: 17 }, 'units'],
    [{ servers: 32 }, 'servers'],
  ])('refuses %j', (options, option) => {
    const error = caught(() => superPod(options as object));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual([option]);
  });
});

interface Fabric {
  readonly id: string;
  readonly sizes?: readonly { su: number; nodes: number }[];
}

describeWithShared(
  'servers/fabrics.json',
  'superPod against the collected reference architectures',
  (path) => {
    const { fabrics } = JSON.parse(readFileSync(path, 'utf8')) as { fabrics: Fabric[] };

    it.each([
      ['dgx-superpod-h100', 'h100'],
      ['dgx-superpod-b200', 'b200'],
    ] as const)('has the sizes of %s', (id, generation) => {
      const sizes = fabrics.find((fabric) => fabric.id === id)!.sizes!;
      expect(sizes.length).toBeGreaterThan(0);
      for (const { su, nodes } of sizes) {
        expect(superPod({ generation, units: su }).servers).toHaveLength(nodes);
      }
    });
  },
);
