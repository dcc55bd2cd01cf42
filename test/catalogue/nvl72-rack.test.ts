import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { clusterTopology } from '../../src/catalogue/cluster-topology.js';
import { nvl72 } from '../../src/catalogue/nvl72.js';
import { describeWithShared } from '../shared-data.js';

const FILE = '../../topologies/clusters/gb200-nvl72-rack.json';

describe('topologies/clusters/gb200-nvl72-rack.json', () => {
  it('is what nvl72() builds; `npx vitest run test/catalogue/nvl72-rack.test.ts -u` writes it anew', async () => {
    await expect(`${JSON.stringify(nvl72(), null, 2)}\n`).toMatchFileSnapshot(FILE);
  });

  it('is a cluster of 72 GPUs in one NVLink domain', () => {
    const rack = clusterTopology(JSON.parse(readFileSync(new URL(FILE, import.meta.url), 'utf8')));
    expect(rack.servers.flatMap((server) => server.type.gpus)).toHaveLength(72);
    const tier = rack.tiers.find((t) => t.name === 'rack')!;
    expect(tier.domains).toHaveLength(1);
    expect(tier.acceleratorGBpsPerGpu).toBeCloseTo(745.2, 6);
  });
});

describeWithShared(
  'servers/preset-gb200-nvl72-rack.json',
  'the rack against the device-level graph',
  (file) => {
    it('has its GPUs, Grace CPUs and NVLinks per GPU', () => {
      const text = JSON.parse(readFileSync(file, 'utf8')) as {
        presets?: {
          nodes: { id: string; type: string }[];
          edges: { a: string; b: string; medium: string; links?: number }[];
        }[];
        nodes?: { id: string; type: string }[];
        edges?: { a: string; b: string; medium: string; links?: number }[];
      };
      const graph = text.presets?.[0] ?? text;
      const count = (type: string): number => graph.nodes!.filter((node) => node.type === type).length;
      const rack = clusterTopology(nvl72());
      const devices = rack.servers.flatMap((server) => server.type.document.devices);
      expect(devices.filter((device) => device.kind === 'gpu')).toHaveLength(count('gpu'));
      expect(devices.filter((device) => device.kind === 'socket')).toHaveLength(count('socket'));
      const gpu = graph.nodes!.find((node) => node.type === 'gpu')!.id;
      const linksOf = graph.edges!.filter(
        (e) => (e.a === gpu || e.b === gpu) && e.medium.startsWith('nvlink') && e.medium !== 'nvlink-c2c',
      );
      const tray = rack.servers[0]!.type;
      const ours = tray.document.links.filter(
        (l) => l.medium === 'nvlink' && l.between.includes(tray.gpus[0]!),
      );
      const total = (links: readonly { links?: number | undefined }[]): number =>
        links.reduce((sum, l) => sum + (l.links ?? 1), 0);
      expect(total(ours)).toBe(total(linksOf));
      expect(total(ours)).toBe(18);
    });
  },
);
