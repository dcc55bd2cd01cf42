import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clusterDocument } from '../../../src/arbitraries/index.js';
import { nvl72, superPod, topology, topologyNames } from '../../../src/catalogue/index.js';
import { type ClusterTopology, clusterTopology, compile, type Placement } from '../../../src/index.js';
import { type ClusterSvgOptions, clusterToSvg } from '../../../src/render/index.js';
import { GROUP_COLOURS } from '../../../src/render/svg/styles.js';
import { type Drawing, faults, readDrawing, within } from '../drawing.js';

const draw = (cluster: ClusterTopology, options?: ClusterSvgOptions): Drawing =>
  readDrawing(clusterToSvg(cluster, options));
/** Servers of DGX H100 in racks. */
const racks = (sizes: readonly number[]): ClusterTopology =>
  clusterTopology({
    tiers: ['rack'],
    types: { h100: 'dgx-h100' },
    servers: sizes.flatMap((size, rack) =>
      Array.from({ length: size }, (_, i) => ({
        id: `s${rack}-${i}`,
        type: 'h100',
        domains: { rack: `rack ${rack}` },
      })),
    ),
  });
/** GPUs of a colour: each is a square of side `cell`, its neighbours of the same colour in the same rectangle. */
const gpusOf = (drawing: Drawing, fill: string, cell: number): number =>
  drawing.patches
    .filter((patch) => patch.fill === fill && Math.abs(patch.bottom - patch.top - cell) < 0.1)
    .reduce((sum, { left, right }) => sum + (right - left) / cell, 0);
/** All texts of a drawing, lines that were broken joined again. */
const textOf = (cluster: ClusterTopology): string =>
  [...clusterToSvg(cluster).matchAll(/<text[^>]*>([^<]*)/g)].map(([, text]) => text).join(' ');
const FREE = '#DCE9CF';
const TAKEN = '#8D949C';
const SHARED = '#B9C0C8';
const placement = (
  solver: ReturnType<typeof compile>,
  request: Parameters<typeof solver.place>[0],
): Placement => {
  const result = solver.place(request);
  if (!result.ok) throw new Error(result.message);
  return result.placement;
};

describe('clusterToSvg', () => {
  it.each([
    ['16 servers', 16, 16],
    ['64 servers', 64, 16],
    ['65 servers', 65, 12],
    ['192 servers', 192, 12],
    ['1,024 servers', 1024, 8],
    ['4,096 servers', 4096, 5],
  ])('draws %s as cells of a size that suits the number', (_, servers, cell) => {
    const sizes = Array.from({ length: Math.ceil(servers / 16) }, (__, i) => Math.min(16, servers - 16 * i));
    const cluster = racks(sizes);
    const solver = compile(cluster);
    const gang = placement(solver, { pods: servers / 2 - 0.5 * (servers % 2), gpus: 8 });
    const drawing = draw(cluster, { free: solver.free(), groups: [{ placement: gang }] });
    expect(faults(drawing)).toEqual([]);
    expect(gpusOf(drawing, GROUP_COLOURS[0]!, cell)).toBeCloseTo(gang.pods.length * 8);
    expect(gpusOf(drawing, FREE, cell)).toBeCloseTo((servers - gang.pods.length) * 8);
    expect(drawing.boxes).toHaveLength(sizes.length);
    // Readable on a page: neither a ribbon nor a tower.
    const [width, height] = [drawing.right, drawing.bottom];
    expect(width / height).toBeGreaterThan(0.7);
    expect(width / height).toBeLessThan(3);
    expect(width).toBeLessThan(2000);
  });

  it('refuses more servers than a reader could tell apart', () => {
    const cluster = racks(new Array<number>(257).fill(16));
    expect(() => clusterToSvg(cluster)).toThrow(
      expect.objectContaining({ code: 'limit-exceeded', path: ['cluster', 'servers'] }),
    );
  });

  it('nests domains: racks in units, servers in racks', () => {
    const cluster = clusterTopology(superPod({ generation: 'gb200', units: 2 }));
    const drawing = draw(cluster);
    expect(faults(drawing)).toEqual([]);
    const box = (name: string) => drawing.boxes.find(({ tooltip }) => tooltip.startsWith(`${name}:`))!;
    expect(drawing.boxes).toHaveLength(2 + 16);
    for (const [i, rack] of cluster.tiers[1]!.domains.entries()) {
      const unit = cluster.tiers[0]!.domains[cluster.tiers[1]!.parents[i]!];
      expect(within(box(`rack ${rack}`), box(`unit ${unit}`))).toBe(true);
    }
    expect(drawing.tooltips.filter((text) => /: 4 free$/.test(text))).toHaveLength(16 * 18);
    const solver = compile(cluster);
    solver.place({ pods: 2, gpus: 4 });
    const { boxes } = draw(cluster, { free: solver.free() });
    const counts = boxes.map(({ tooltip }) => tooltip.split(': ')[1]);
    expect(counts.filter((count) => count === '568 of 576 GPUs free')).toHaveLength(1);
    expect(counts.filter((count) => count === '576 of 576 GPUs free')).toHaveLength(1);
    expect(counts.filter((count) => count === '64 of 72 GPUs free')).toHaveLength(1);
    expect(counts.filter((count) => count === '72 of 72 GPUs free')).toHaveLength(15);
  });

  it('keeps an NVL72 rack one column of 18 trays', () => {
    const cluster = clusterTopology(nvl72());
    const drawing = draw(cluster);
    const rows = drawing.patches.filter(({ fill, bottom, top }) => fill === FREE && bottom - top === 16);
    expect(rows).toHaveLength(18);
    expect(new Set(rows.map(({ left }) => left)).size).toBe(1);
    expect(drawing.texts.map(({ text }) => text)).toContain(cluster.servers[17]!.id);
  });

  it('draws any cluster and whatever is placed there', () => {
    fc.assert(
      fc.property(
        clusterDocument({ serversMax: 60, gpusMax: 8 }),
        fc.array(fc.record({ pods: fc.integer({ min: 1, max: 5 }), gpus: fc.integer({ min: 1, max: 4 }) })),
        fc.nat(),
        (document, requests, cordoned) => {
          const cluster = clusterTopology({ ...document, types: { ...document.types } });
          const solver = compile(cluster);
          const groups = requests.flatMap((request) => {
            const result = solver.place(request);
            return result.ok ? [{ placement: result.placement }] : [];
          });
          const server = cluster.servers[cordoned % cluster.servers.length]!.id;
          const drawing = draw(cluster, { free: solver.free(), groups, cordoned: [server] });
          expect(faults(drawing)).toEqual([]);
          const named = drawing.tooltips.filter((text) => text.includes(', cordoned'));
          expect(named).toHaveLength(1);
          const cell = 16;
          const free = solver.free().servers.filter((s) => s.server !== server);
          expect(gpusOf(drawing, FREE, cell)).toBeCloseTo(
            free.reduce((sum, { gpus }) => sum + gpus.length, 0),
          );
          groups.slice(0, GROUP_COLOURS.length).forEach(({ placement: { pods } }, i) => {
            const held = pods.reduce((sum, { gpus }) => sum + gpus.length, 0);
            expect(gpusOf(drawing, GROUP_COLOURS[i]!, cell)).toBeCloseTo(held);
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  it('tells free, taken, shared and cordoned GPUs apart', () => {
    const cluster = racks([3]);
    const solver = compile(cluster);
    solver.place({ gpus: 2 });
    solver.place({ gpuMilli: 300 });
    solver.cordon('s0-2');
    const svg = clusterToSvg(cluster, { free: solver.free(), cordoned: ['s0-2'] });
    const drawing = readDrawing(svg);
    // The server has a border, and so has the patch in the legend.
    expect(svg.match(/ stroke="#B23A3A"/g)).toHaveLength(2);
    expect(gpusOf(drawing, TAKEN, 16)).toBe(2);
    expect(gpusOf(drawing, SHARED, 16)).toBe(1);
    expect(gpusOf(drawing, FREE, 16)).toBe(13);
    expect(gpusOf(drawing, 'url(#corral-cordoned)', 16)).toBe(8);
    const texts = drawing.texts.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining(['free', 'taken', 'shared, with room', 'free, cordoned']));
    expect(texts).toContain('13 of 24 GPUs free; rack: 1 domain');
    expect(drawing.tooltips).toContain('s0-2: 8 cordoned, cordoned');
    const plain = draw(cluster).texts.map(({ text }) => text);
    for (const word of ['taken', 'shared, with room', 'free, cordoned']) expect(plain).not.toContain(word);
  });

  it('shows all groups that share a GPU', () => {
    const cluster = racks([1]);
    const solver = compile(cluster);
    const groups = [{ gpuMilli: 300 }, { gpuMilli: 300 }].map((request, i) => ({
      name: `service ${i}`,
      placement: placement(solver, request),
    }));
    const drawing = draw(cluster, { free: solver.free(), groups });
    for (const fill of GROUP_COLOURS.slice(0, 2)) expect(gpusOf(drawing, fill, 16)).toBe(0.5);
    expect(drawing.tooltips).toContain('s0-0: 1 service 0, 1 service 1, 7 free');
    expect(drawing.texts.map(({ text }) => text)).toContain('service 1 (1 GPU)');
  });

  it('shows where a gang would go that is only found', () => {
    const cluster = racks([4]);
    const solver = compile(cluster);
    const found = solver.find({ pods: 2, gpus: 8 });
    const groups = found.ok ? [{ placement: found.placement }] : [];
    const drawing = draw(cluster, { free: solver.free(), groups });
    expect(gpusOf(drawing, GROUP_COLOURS[0]!, 16)).toBe(16);
    expect(gpusOf(drawing, FREE, 16)).toBe(16);
  });

  it('draws a lone server type, and every server type of the catalogue in one cluster', () => {
    expect(readDrawing(clusterToSvg(topology('dgx-h100'))).tooltips).toContain('dgx-h100: 8 free');
    const cluster = clusterTopology({
      tiers: [],
      types: Object.fromEntries(topologyNames.map((name) => [name, name])),
      servers: topologyNames.map((name) => ({ id: `a ${name}`, type: name })),
    });
    const drawing = draw(cluster);
    expect(faults(drawing)).toEqual([]);
    const gpus = cluster.servers.reduce((sum, { type }) => sum + type.gpus.length, 0);
    expect(gpusOf(drawing, FREE, 16)).toBe(gpus);
  });

  it('is unharmed by names that look like markup or are very long', () => {
    const names = [
      '<script>',
      '"/><a href="x">',
      '&lt;',
      '__proto__ ',
      'constructor',
      'x'.repeat(1024),
      '\u0007',
    ];
    const cluster = clusterTopology({
      tiers: ['<tier>'],
      types: { '<type>': 'ws-4x5090' },
      servers: names.map((id) => ({ id, type: '<type>', domains: { '<tier>': id } })),
    });
    const drawing = draw(cluster, {
      title: '<title>',
      groups: names.map((name) => ({ name, placement: { pods: [{ server: name, gpus: [0] }] } })),
      cordoned: names,
    });
    expect(faults(drawing)).toEqual([]);
    expect(drawing.boxes).toHaveLength(names.length);
    const elements = ['svg', 'rect', 'defs', 'pattern', 'text', 'g', 'title', 'path', '#text'];
    for (const name of drawing.elements) expect(elements).toContain(name);
    expect(drawing.texts.map(({ text }) => text)).toEqual(expect.arrayContaining(['<title>', '<script>']));
  });

  it('gives equal text for equal clusters', () => {
    const cluster = racks([5, 3]);
    const again = racks([5, 3]);
    expect(clusterToSvg(cluster)).toBe(clusterToSvg(again));
  });

  it('refuses what is not of this cluster, and options that it does not have', () => {
    const cluster = racks([2]);
    const refused = (options: unknown, code: string, path: readonly (string | number)[]): void => {
      expect(() => clusterToSvg(cluster, options as never)).toThrow(expect.objectContaining({ code, path }));
    };
    const pods = ['groups', 0, 'placement', 'pods'];
    const gang = (pod: unknown) => ({ groups: [{ placement: { pods: [pod] } }] });
    refused(gang({ server: 'x', gpus: [] }), 'unknown-reference', [...pods, 0, 'server']);
    refused(gang({ server: 's0-0', gpus: [8] }), 'invalid-option', [...pods, 0, 'gpus', 0]);
    refused(gang({ server: 's0-0', gpus: ['length'] }), 'invalid-option', [...pods, 0, 'gpus', 0]);
    refused(gang({ server: 's0-0' }), 'invalid-option', [...pods, 0, 'gpus']);
    refused(gang(null), 'invalid-option', [...pods, 0]);
    refused({ groups: [{}] }, 'invalid-option', pods.slice(0, -1));
    refused({ groups: [{ name: 1, placement: { pods: [] } }] }, 'invalid-option', ['groups', 0, 'name']);
    expect(() => draw(cluster, { gangs: [] } as never)).toThrow(
      'gangs: unknown field: it is called groups now',
    );
    refused({ groups: 1 }, 'invalid-option', ['groups']);
    refused({ cordoned: ['x'] }, 'unknown-reference', ['cordoned', 0]);
    refused({ free: compile(racks([1])).free() }, 'invalid-option', ['free', 'servers']);
    refused({ free: compile(racks([3])).free() }, 'unknown-reference', ['free', 'servers', 2, 'server']);
    refused({ free: {} }, 'invalid-option', ['free', 'servers']);
    refused({ title: 1 }, 'invalid-option', ['title']);
    refused({ title: 'x'.repeat(1025) }, 'invalid-option', ['title']);
    refused({ cordoned: new Array(1) }, 'invalid-option', ['cordoned', 0]);
    refused({ cordoned: new Array(1e6).fill('s0-0') }, 'invalid-option', ['cordoned']);
    refused({ groups: new Array(1) }, 'invalid-option', ['groups', 0]);
    refused({ groups: [{ placement: { pods: new Array(1) } }] }, 'invalid-option', [...pods, 0]);
    refused(gang({ server: 's0-0', gpus: new Array(1e6).fill(0) }), 'invalid-option', [...pods, 0, 'gpus']);
    const many = { placement: { pods: new Array(1e5).fill({ server: 's0-0', gpus: [] }) } };
    refused({ groups: [many, many] }, 'invalid-option', ['groups', 1, 'placement', 'pods']);
    const throwing = Object.defineProperty({}, 'pods', {
      get: () => {
        throw new TypeError('no');
      },
    });
    refused({ groups: [{ placement: throwing }] }, 'invalid-option', pods);
    refused({ colour: 1 }, 'invalid-option', ['colour']);
    refused(null, 'invalid-option', ['options']);
    const groups = Array.from({ length: 4097 }, () => ({ placement: { pods: [] } }));
    refused({ groups }, 'limit-exceeded', ['groups']);
    expect(() => clusterToSvg({ tiers: [], servers: [] } as never)).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['cluster'] }),
    );
  });

  it('says the figures of tiers, from the lowest to the highest where domains differ', () => {
    const names = ['a', 'b', 'c'];
    const cluster = (more: object): ClusterTopology =>
      clusterTopology({
        tiers: ['rack'],
        types: { h100: 'dgx-h100' },
        servers: names.map((id) => ({ id, type: 'h100', domains: { rack: `rack ${id}` } })),
        ...more,
      });
    const equal = cluster({
      uplinks: { rack: { GBps: 400 } },
      accelerator: { tier: 'rack', GBpsPerGpu: 900 },
    });
    expect(textOf(equal)).toContain('rack: 3 domains, inside 900 GB/s per GPU, uplink 400 GB/s');
    const unequal = cluster({
      uplinks: { rack: { GBps: 400, domains: { 'rack a': 100 } } },
      accelerator: { tier: 'rack', GBpsPerGpu: 900, domains: { 'rack b': 700, 'rack c': null } },
    });
    expect(textOf(unequal)).toContain(
      'rack: 3 domains, inside 700 to 900 GB/s per GPU (1 without), uplink 100 to 400 GB/s',
    );
    const open = cluster({ uplinks: { rack: { GBps: 400, domains: { 'rack a': null } } } });
    expect(textOf(open)).toContain('rack: 3 domains, uplink 400 GB/s (or not limiting)');
  });
});
