import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/topology.js';
import type { Link, Medium } from '../../src/topology/server-document.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import { describeWithShared } from '../shared-data.js';
import { caught } from './caught.js';

const FOLDER = join(import.meta.dirname, '..', '..', 'topologies');
const FABRIC: readonly Medium[] = ['nvlink', 'xgmi', 'scale-up-ethernet'];
/** Derived from a preset, so not among the outside data. */
const OURS: readonly TopologyName[] = ['cert-2s-4gpu-switch', 'cert-2s-8gpu-switch'];

function files(): string[] {
  return readdirSync(FOLDER).filter((file) => file.endsWith('.json') && !file.endsWith('.schema.json'));
}

function linksOf(name: TopologyName): readonly Link[] {
  return topology(name).document.links;
}

function fabricLinksPerGpu(name: TopologyName): number[] {
  const server = topology(name);
  return server.gpus.map((gpu) => {
    let count = 0;
    server.graph.forEachEdge(gpu, (_edge, link) => {
      if (FABRIC.includes(link.medium)) count += link.links ?? 0;
    });
    return count;
  });
}

function socketLink(name: TopologyName): Link {
  return linksOf(name).find((link) => link.medium === 'socket')!;
}

describe('topologyNames', () => {
  it('lists every file of the folder and nothing else', () => {
    expect([...topologyNames].sort()).toEqual(
      files()
        .map((file) => file.slice(0, -'.json'.length))
        .sort(),
    );
  });

  it('lists no name twice', () => {
    expect(new Set(topologyNames).size).toBe(topologyNames.length);
  });
});

describe('topology', () => {
  it('returns the same object each time', () => {
    expect(topology('dgx-h100')).toBe(topology('dgx-h100'));
  });

  it('refuses an unknown name and lists all names', () => {
    const error = caught(() => topology('cray-1' as TopologyName));
    expect(error.code).toBe('unknown-topology');
    for (const name of topologyNames) expect(error.message).toContain(name);
  });

  it('suggests the nearest names for a misspelt one', () => {
    const error = caught(() => topology('dgx-h10' as TopologyName));
    expect(error.message).toContain('did you mean dgx-h100');
    expect(error.message).not.toContain('gaudi3-hls3');
  });

  it('does not take names of Object.prototype for topologies', () => {
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(caught(() => topology(name as TopologyName)).code).toBe('unknown-topology');
    }
  });

  it('refuses what is no text at all', () => {
    for (const name of [undefined, null, 7, {}]) {
      expect(caught(() => topology(name as unknown as TopologyName)).code).toBe('unknown-topology');
    }
  });
});

describe('the files of the catalogue', () => {
  it.each(topologyNames)('%s is valid, and named as its file', (name) => {
    const document: unknown = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
    const server = serverTopology(document);
    expect(server.name).toBe(name);
    expect(server.document).toEqual(document);
    expect(server.gpus.length).toBeGreaterThan(0);
  });

  it.each(topologyNames)('%s is connected', (name) => {
    const { graph } = topology(name);
    const seen = new Set<string>();
    const open = [graph.nodes()[0]!];
    while (open.length > 0) {
      const id = open.pop()!;
      if (seen.has(id)) continue;
      seen.add(id);
      open.push(...graph.neighbors(id));
    }
    expect(seen.size).toBe(graph.order);
  });

  it.each(topologyNames)('%s states what every NIC carries: the line rate of its model, in bytes', (name) => {
    for (const device of topology(name).document.devices.filter(({ kind }) => kind === 'nic')) {
      const [, gbps] = /(\d+) Gb\/s$/.exec(device.model!)!;
      expect(device.portGBps).toBe(Number(gbps) / 8);
      expect(device.portBasis).toBe('nccl');
      expect(device.portSource!.length).toBeGreaterThan(0);
      expect(typeof device.portVerified).toBe('boolean');
    }
  });

  it.each(topologyNames)('%s has one device and one link per line', (name) => {
    const lines = readFileSync(join(FOLDER, `${name}.json`), 'utf8').split('\n');
    const { devices, links } = topology(name).document;
    expect(lines.filter((line) => line.startsWith('    { "id"'))).toHaveLength(devices.length);
    expect(lines.filter((line) => line.startsWith('    { "between"'))).toHaveLength(links.length);
  });

  it.each(topologyNames)('%s says where it comes from', (name) => {
    const { sources, confidence, title, vendor, gpuModel } = topology(name).document;
    expect(sources?.length).toBeGreaterThan(0);
    expect(confidence).toBeDefined();
    for (const text of [title, vendor, gpuModel]) expect(text).toBeTruthy();
    for (const link of linksOf(name)) expect(link.source.length).toBeGreaterThan(10);
  });

  it.each(topologyNames)('%s states no bandwidth above the line rate', (name) => {
    for (const link of linksOf(name)) {
      if (link.rawGBps !== undefined) expect(link.bandwidthGBps).toBeLessThanOrEqual(link.rawGBps);
      if (link.flowCapGBps !== undefined) expect(link.flowCapGBps).toBeLessThanOrEqual(link.bandwidthGBps);
      if (link.basis === 'raw') expect(link.bandwidthGBps).toBeCloseTo(0.85 * link.rawGBps!, 3);
      if (link.basis === 'nccl') expect(link.bandwidthGBps).toBe(link.ncclGBps);
    }
  });

  it.each(topologyNames)('%s has both constants on PCIe, C2C and NVLink to a GPU', (name) => {
    const kinds = new Map(topology(name).document.devices.map((device) => [device.id, device.kind]));
    for (const link of linksOf(name)) {
      const isBetweenSwitches = link.between.every((id) => kinds.get(id) === 'nvswitch');
      // The NICs of Frontier and its CPU links are no links that NCCL has a constant for.
      if (name === 'mi250x-frontier' && link.medium !== 'xgmi') continue;
      if (link.medium === 'socket') expect(link.ncclGBps).toBeDefined();
      if (
        link.medium === 'pcie' ||
        link.medium === 'c2c' ||
        (link.medium === 'nvlink' && !isBetweenSwitches)
      ) {
        expect(link.rawGBps).toBeDefined();
        expect(link.ncclGBps).toBeDefined();
      }
      if (link.medium !== 'socket') expect(link.rawGBps).toBeDefined();
      if (FABRIC.includes(link.medium)) expect(link.links).toBeGreaterThan(0);
    }
  });

  it.each(topologyNames)('%s gives each device that hangs on a NUMA node by PCIe a host bridge', (name) => {
    const { devices, links } = topology(name).document;
    const byId = new Map(devices.map((device) => [device.id, device]));
    for (const { between, medium } of links) {
      if (medium !== 'pcie') continue;
      const [a, b] = between.map((id) => byId.get(id)!);
      const isRoot = a!.kind === 'numa' || b!.kind === 'numa';
      if (isRoot) expect((a!.kind === 'numa' ? b! : a!).hostBridge).toBeTruthy();
    }
  });

  it.each<[TopologyName, number]>([
    ['dgx1-p100', 4],
    ['dgx1-v100', 6],
    ['dgx2', 6],
    ['dgx-a100', 12],
    ['hgx-a100-4gpu', 12],
    ['dgx-h100', 18],
    ['dgx-h200', 18],
    ['hgx-h100-4switch', 18],
    ['dgx-b200', 18],
    ['gb200-nvl72-tray', 18],
    ['gb300-nvl72-tray', 18],
    ['aws-p4d.24xlarge', 12],
    ['aws-p5.48xlarge', 18],
    ['aws-p5en.48xlarge', 18],
    ['azure-ndv4', 12],
    ['azure-ndv5', 18],
    ['azure-ndv2', 6],
    ['azure-ncads-a100-v4', 12],
    ['gcp-a3-highgpu-8g', 18],
    ['gcp-a3-megagpu-8g', 18],
    ['mi300x-8', 7],
    ['mi300a-4', 6],
    ['gaudi3-hls3', 21],
    ['ws-2x3090-nvlink', 4],
    ['cert-2s-8gpu-switch', 0],
  ])('%s has %i accelerator links at each GPU', (name, links) => {
    expect(fabricLinksPerGpu(name)).toEqual(topology(name).gpus.map(() => links));
  });

  it('gives sockets of the Gen5 generation a shared capacity of 50, and one flow on Genoa 39', () => {
    expect(socketLink('cert-2s-2gpu-switch')).toMatchObject({
      bandwidthGBps: 50,
      flowCapGBps: 39,
      ncclGBps: 16,
    });
    expect(socketLink('dgx-h100')).toMatchObject({ bandwidthGBps: 50, ncclGBps: 22 });
    expect(socketLink('dgx-b200')).toMatchObject({ bandwidthGBps: 50, ncclGBps: 40 });
  });

  it('gives older sockets the constant of NCCL', () => {
    expect(socketLink('dgx1-v100')).toMatchObject({ bandwidthGBps: 6, basis: 'nccl', rawGBps: 19.2 });
    expect(socketLink('dgx2')).toMatchObject({ bandwidthGBps: 10, basis: 'nccl' });
    expect(socketLink('dgx-a100')).toMatchObject({ bandwidthGBps: 16, basis: 'nccl' });
  });

  it('derives the larger certified servers from the one with two GPUs', () => {
    for (const [name, gpus] of [
      ['cert-2s-4gpu-switch', 4],
      ['cert-2s-8gpu-switch', 8],
    ] as const) {
      const small = topology('cert-2s-2gpu-switch');
      const server = topology(name);
      expect(server.gpus).toHaveLength(gpus);
      expect(server.nics).toHaveLength(3);
      expect(socketLink(name)).toEqual(socketLink('cert-2s-2gpu-switch'));
      for (const [ordinal, gpu] of server.gpus.entries()) {
        const socket = ordinal < gpus / 2 ? 0 : 1;
        expect(server.graph.neighbors(gpu)).toEqual([`sw${socket}`]);
        expect(server.graph.getNodeAttribute(gpu, 'socket')).toBe(socket);
      }
      expect(server.graph.neighbors('nic0')).toEqual(['sw0']);
      expect(server.graph.neighbors('nic1')).toEqual(['sw1']);
      expect(server.graph.order - gpus).toBe(small.graph.order - 2);
      expect(server.graph.size - gpus).toBe(small.graph.size - 2);
    }
  });
});

interface Preset {
  readonly id: string;
  readonly nodes: readonly {
    id: string;
    type: string;
    numa?: number;
    socket?: number;
    role?: string;
    gbps?: number;
  }[];
  readonly edges: readonly {
    a: string;
    b: string;
    medium: string;
    links?: number;
    rawGBs: number | null;
    effGBs?: number;
    ncclGBs?: number;
  }[];
}

describeWithShared('servers/presets.json', 'the catalogue against the collected presets', (path) => {
  const { presets } = JSON.parse(readFileSync(path, 'utf8')) as { presets: Preset[] };

  it('has every preset', () => {
    expect([...topologyNames].sort()).toEqual([...presets.map((preset) => preset.id), ...OURS].sort());
  });

  it.each(presets.map((preset) => [preset.id, preset] as const))(
    '%s has the same devices in the same order',
    (id, preset) => {
      const { devices } = topology(id as TopologyName).document;
      const plain = ({ numa, socket, role }: { numa?: unknown; socket?: unknown; role?: unknown }) => ({
        numa,
        socket,
        role,
      });
      expect(devices.map((device) => ({ id: device.id, ...plain(device) }))).toEqual(
        preset.nodes.map((node) => ({ id: node.id, ...plain(node) })),
      );
      expect(devices.map((device) => device.kind.replace('-', ''))).toEqual(
        preset.nodes.map((node) => node.type.toLowerCase()),
      );
      expect(devices.map(({ portGBps }) => portGBps)).toEqual(
        preset.nodes.map(({ gbps }) => (gbps === undefined ? undefined : gbps / 8)),
      );
    },
  );

  it.each(presets.map((preset) => [preset.id, preset] as const))(
    '%s has the same links and figures',
    (id, preset) => {
      const { graph } = topology(id as TopologyName);
      // GPU and Grace are joined twice, by PCIe and by C2C; a server document has one link for a pair.
      const edges = preset.edges.filter(
        (edge) =>
          !edge.medium.startsWith('pcie') ||
          !preset.edges.some(
            (other) => other.medium === 'nvlink-c2c' && other.a === edge.b && other.b === edge.a,
          ),
      );
      expect(graph.size).toBe(edges.length);
      for (const edge of edges) {
        const link = graph.getEdgeAttributes(edge.a, edge.b);
        expect(link.links).toBe(edge.links);
        expect(link.rawGBps).toBe(edge.rawGBs ?? undefined);
        if (link.medium === 'on-package') continue;
        expect(link.ncclGBps).toBe(edge.ncclGBs);
        if (link.medium === 'socket') continue;
        expect(link.bandwidthGBps).toBeCloseTo(edge.effGBs ?? edge.ncclGBs ?? 0.85 * edge.rawGBs!, 3);
      }
    },
  );
});
