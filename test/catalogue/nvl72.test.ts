import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nvl72 } from '../../src/catalogue/nvl72.js';
import { topology } from '../../src/catalogue/topology.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';
import { describeWithShared } from '../shared-data.js';
import { caught } from './caught.js';

describe('nvl72', () => {
  it('is one rack of 18 trays by default, an accelerator domain of 72 GPUs', () => {
    const cluster = nvl72();
    expect(cluster.tiers).toEqual(['unit', 'rack']);
    expect(cluster.servers).toHaveLength(18);
    expect(cluster.servers[17]).toEqual({
      id: 'unit0-rack0-tray17',
      type: 'gb200-nvl72-tray',
      domains: { unit: 'unit0', rack: 'unit0-rack0' },
    });
    expect(cluster.accelerator).toEqual({ tier: 'rack', GBpsPerGpu: 745.2 });
  });

  it('joins racks by the four compute NICs of each tray', () => {
    expect(nvl72().uplinks).toEqual({ rack: { GBps: 3600 }, unit: { GBps: 28_800 } });
    expect(nvl72({ server: 'gb300-nvl72-tray' }).uplinks).toEqual({
      rack: { GBps: 7200 },
      unit: { GBps: 57_600 },
    });
    expect(nvl72({ oversubscription: 2 }).uplinks).toEqual({ rack: { GBps: 3600 }, unit: { GBps: 14_400 } });
  });

  it('takes another rate of the compute NICs', () => {
    const { uplinks, types } = nvl72({ railGbps: 200 });
    expect(uplinks).toEqual({ rack: { GBps: 1800 }, unit: { GBps: 14_400 } });
    expect(Object.keys(types)).toEqual(['gb200-nvl72-tray with 4 ports of 200 Gb/s']);
    expect(nvl72().types).toEqual({ 'gb200-nvl72-tray': 'gb200-nvl72-tray' });
  });

  it('groups racks in units of eight, the last one as large as what is left', () => {
    const { servers } = nvl72({ racks: 9, traysPerRack: 2 });
    expect(servers).toHaveLength(18);
    expect(servers[15]!.domains).toEqual({ unit: 'unit0', rack: 'unit0-rack7' });
    expect(servers[16]!.domains).toEqual({ unit: 'unit1', rack: 'unit1-rack0' });
    const read = buildClusterTopology(nvl72({ racks: 9 }), (name) => topology(name as 'gb200-nvl72-tray'));
    expect(read.tiers.map((tier) => tier.domains.length)).toEqual([2, 9]);
    expect(read.tiers[1]!.acceleratorGBpsPerGpu).toBe(745.2);
  });

  it('takes another bandwidth per GPU', () => {
    expect(nvl72({ GBpsPerGpu: 900 }).accelerator).toEqual({ tier: 'rack', GBpsPerGpu: 900 });
  });

  it.each([
    ['racks', 0],
    ['traysPerRack', 19],
    ['racksPerUnit', 0.5],
    ['railGbps', 0],
    ['oversubscription', -1],
    ['GBpsPerGpu', 0],
    ['server', 'dgx-h100'],
    ['trays', 18],
  ])('refuses %s: %s', (option, value) => {
    const error = caught(() => nvl72({ [option]: value } as object));
    expect(error.code).toBe('invalid-option');
    expect(error.path).toEqual([option]);
  });

  it('refuses more than 65,536 trays', () => {
    expect(caught(() => nvl72({ racks: 3641 })).code).toBe('limit-exceeded');
  });
});

describeWithShared(
  'servers/preset-gb200-nvl72-rack.json',
  'nvl72 against the graph of a whole rack',
  (path) => {
    const rack = JSON.parse(readFileSync(path, 'utf8')) as {
      nodes: { id: string; type: string; role?: string }[];
      edges: { a: string; medium: string; effGBs?: number }[];
    };

    it('has as many GPUs and compute NICs', () => {
      const tray = topology('gb200-nvl72-tray');
      const count = (type: string) =>
        rack.nodes.filter((node) => node.type === type && node.role !== 'frontend').length;
      const trays = nvl72().servers.length;
      expect(trays * tray.gpus.length).toBe(count('gpu'));
      expect(nvl72().uplinks?.rack?.GBps).toBe((count('nic') * 400) / 8);
    });

    it('gives each GPU the sum of its NVLinks', () => {
      const sum = rack.edges
        .filter((edge) => edge.a === 'gpu0' && edge.medium === 'nvlink5')
        .reduce((total, edge) => total + edge.effGBs!, 0);
      expect(nvl72().accelerator!.GBpsPerGpu).toBeCloseTo(sum, 6);
    });
  },
);
