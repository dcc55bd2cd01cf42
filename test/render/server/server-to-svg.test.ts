import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../../src/arbitraries/index.js';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import { fromNvidiaSmiTopo } from '../../../src/formats/index.js';
import { type ServerTopology, serverTopology } from '../../../src/index.js';
import { serverToSvg } from '../../../src/render/index.js';
import { GROUP_COLOURS } from '../../../src/render/svg/styles.js';
import { describeWithShared } from '../../shared-data.js';
import { type Drawing, faults, overlap, readDrawing } from '../drawing.js';
import { link, smallServer } from '../small-server.js';

const draw = (server: ServerTopology, options?: Parameters<typeof serverToSvg>[1]): Drawing =>
  readDrawing(serverToSvg(server, options));
/** Boxes by the id that their tooltips begin with. */
const boxOf = (drawing: Drawing, id: string) =>
  drawing.boxes.find(({ tooltip }) => tooltip.startsWith(`${id}:`))!;

const server = (devices: readonly object[], links: readonly object[]): ServerTopology =>
  serverTopology({ name: 's', title: 'A server', gpuModel: 'G', devices, links });

describe('serverToSvg', () => {
  it.each(topologyNames)('draws %s without overlaps, every link and every device accounted for', (name) => {
    const type = topology(name);
    const drawing = draw(type);
    expect(faults(drawing)).toEqual([]);
    expect(drawing.links).toBe(type.document.links.length);
    for (const { id, kind } of type.document.devices) {
      if (kind !== 'nvswitch') expect(boxOf(drawing, id), id).toBeDefined();
      else
        expect(
          drawing.tooltips.some((text) => text.includes(id)),
          id,
        ).toBe(true);
    }
  });

  describeWithShared('servers/topo-matrices', 'servers read from nvidia-smi', (folder) => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.txt') && !file.startsWith('rocm'));
    it.each(files)('are drawn as those of the catalogue: %s', (file) => {
      const document = fromNvidiaSmiTopo(readFileSync(join(folder, file), 'utf8'));
      const drawing = draw(serverTopology(document));
      expect(faults(drawing)).toEqual([]);
      expect(drawing.links).toBe(document.links.length);
    });
  });

  it('draws any server without overlaps, every link accounted for', () => {
    fc.assert(
      fc.property(serverDocument({ gpusMin: 0, gpusMax: 8, nicsMax: 8 }), (document) => {
        const drawing = draw(serverTopology(document));
        expect(faults(drawing)).toEqual([]);
        expect(drawing.links).toBe(document.links.length);
      }),
      { numRuns: 400 },
    );
  });

  it('draws 16 GPUs with a different link between every two', () => {
    const gpus = Array.from({ length: 16 }, (_, i) => ({ id: `gpu${i}`, kind: 'gpu' }));
    const links = gpus.flatMap((a, i) =>
      gpus.slice(i + 1).map((b, j) => link(a.id, b.id, 'xgmi', 1 + i * 16 + j)),
    );
    const drawing = draw(server(gpus, links));
    expect(drawing.links).toBe(120);
    expect(faults(drawing)).toEqual([]);
  });

  it('nests as the links do: NUMA node in socket, switch in NUMA node, GPU in switch', () => {
    const drawing = draw(topology('l40s-8-cascade'));
    const chain = ['socket0', 'numa0', 'swTop', 'sw0', 'gpu0'].map((id) => boxOf(drawing, id));
    chain.slice(1).forEach((inner, i) => {
      expect(inner.left).toBeGreaterThan(chain[i]!.left);
      expect(inner.bottom).toBeLessThan(chain[i]!.bottom);
    });
    expect(overlap(boxOf(drawing, 'gpu4'), boxOf(drawing, 'sw0'))).toBe(false);
  });

  it('draws NVSwitches that reach the same GPUs as one, their links summed', () => {
    const labels = (name: Parameters<typeof topology>[0]) =>
      draw(topology(name)).texts.map(({ text }) => text);
    expect(labels('dgx-h100')).toContain('4 × NVSwitch, 385.2 per GPU');
    // Two planes of six, eight GPUs on each, and 6 × 170 GB/s between them.
    expect(labels('dgx2').filter((text) => text === '6 × NVSwitch, 120 per GPU')).toHaveLength(2);
    expect(labels('dgx2')).toContain('1020');
  });

  it('gives figures at the GPUs where they differ', () => {
    const { devices, links } = topology('dgx-h100').document;
    const slow = links.map((l) =>
      l.between.includes('gpu3') && l.medium === 'nvlink' ? { ...l, bandwidthGBps: 20 } : l,
    );
    const drawing = draw(server(devices, slow));
    expect(faults(drawing)).toEqual([]);
    expect(drawing.links).toBe(links.length);
    const texts = drawing.texts.map(({ text }) => text);
    expect(texts).toContain('4 × NVSwitch');
    expect(texts.filter((text) => text === '385.2')).toHaveLength(7);
    expect(texts).toContain('80');
  });

  it('draws a switch that lacks a link apart from the others', () => {
    const { devices, links } = topology('dgx-h100').document;
    const lost = links.findIndex(({ between }) => between.includes('gpu3') && between.includes('nvsw0'));
    const drawing = draw(server(devices, links.toSpliced(lost, 1)));
    expect(faults(drawing)).toEqual([]);
    expect(drawing.links).toBe(links.length - 1);
    const bars = drawing.boxes.filter(({ tooltip }) => /to [78] GPUs/.test(tooltip));
    expect(bars.map(({ labels }) => labels[0]!.text.split(',')[0])).toEqual(['NVSwitch', '3 × NVSwitch']);
  });

  it('draws a full mesh as one bar, and an incomplete one as the largest full mesh and arcs', () => {
    const labels = (drawing: Drawing): string[] => drawing.texts.map(({ text }) => text);
    const mesh = topology('mi300x-8');
    expect(labels(draw(mesh))).toContain('xGMI, every pair 48 (28 links)');
    const { devices, links } = mesh.document;
    const first = links.findIndex(({ medium }) => medium === 'xgmi');
    const drawing = draw(server(devices, links.toSpliced(first, 1)));
    expect(labels(drawing)).toContain('xGMI, every pair 48 (21 links)');
    expect(labels(drawing).filter((text) => text === '48')).toHaveLength(6);
    expect(drawing.links).toBe(links.length - 1);
  });

  it('draws every link of a hybrid cube mesh', () => {
    const { links } = topology('dgx1-v100').document;
    const texts = draw(topology('dgx1-v100')).texts.map(({ text }) => text);
    for (const GBps of [20, 40]) {
      const expected = links.filter((l) => l.medium === 'nvlink' && l.bandwidthGBps === GBps).length;
      expect(expected).toBe(8);
      expect(texts.filter((text) => text === String(GBps))).toHaveLength(expected);
    }
  });

  it('says what one flow reaches on the link between sockets', () => {
    const texts = draw(topology('l40s-8-dual-root')).texts.map(({ text }) => text);
    expect(texts).toContain('50');
    expect(texts).toContain('39 per flow');
  });

  it('highlights a placement, groups in colours of their own, and GPUs of several groups in all of them', () => {
    const type = topology('dgx-h100');
    const fills = (drawing: Drawing): string[] => type.gpus.map((gpu) => boxOf(drawing, gpu).fill);
    const plain = fills(draw(type))[0]!;
    const [one, two] = GROUP_COLOURS;
    expect(GROUP_COLOURS).not.toContain(plain);
    const placed = [one, plain, plain, one, plain, plain, plain, plain];
    expect(fills(draw(type, { placement: [0, 3] }))).toEqual(placed);
    expect(fills(draw(type, { placement: { pods: [{ gpus: [0] }, { gpus: [3] }] } }))).toEqual(placed);
    const svg = serverToSvg(type, {
      groups: [{ name: 'job <A>', gpus: [0, 1] }, { gpus: [1, 2] }],
    });
    const drawing = readDrawing(svg);
    expect(fills(drawing).slice(0, 4)).toEqual([one, one, two, plain]);
    expect(drawing.texts.map(({ text }) => text)).toEqual(
      expect.arrayContaining(['job <A> (2 GPUs)', 'group 2 (2 GPUs)']),
    );
    // gpu1 shows both: its own rectangles over the box.
    const shared = svg.slice(svg.indexOf('<title>gpu1:'), svg.indexOf('<title>gpu2:'));
    expect(shared).toContain(`fill="${two}"`);
  });

  it('stripes the thirteenth group', () => {
    const type = topology('dgx2');
    const groups = type.gpus.map((_, i) => ({ gpus: [i] }));
    const drawing = draw(type, { groups });
    expect(drawing.patterns).toBe(4);
    expect(new Set(type.gpus.map((gpu) => boxOf(drawing, gpu).fill)).size).toBe(16);
    expect(draw(type, { groups: groups.slice(0, 12) }).patterns).toBe(0);
  });

  it('shows ordinals where names do not', () => {
    const names = ['0000:1b:00.0', '0000:3d:00.0'];
    const devices = names.map((id) => ({ id, kind: 'gpu' }));
    const texts = draw(server(devices, [])).texts.map(({ text }) => text);
    expect(texts).toEqual(expect.arrayContaining([...names, 'GPU 0', 'GPU 1']));
    expect(draw(topology('dgx-h100')).texts.map(({ text }) => text)).not.toContain('GPU 0');
    expect(draw(smallServer({ gpu: ['GPU0', 'GPU1'] }, [])).texts.map(({ text }) => text)).not.toContain(
      'GPU 0',
    );
  });

  it('draws devices without any link, and no devices but one', () => {
    const kinds = ['gpu', 'nic', 'numa', 'socket', 'pcie-switch', 'nvswitch'];
    const all = draw(
      server(
        kinds.map((kind) => ({ id: kind, kind })),
        [],
      ),
    );
    expect(all.boxes).toHaveLength(kinds.length);
    expect(faults(all)).toEqual([]);
    for (const kind of kinds) expect(draw(server([{ id: 'x', kind }], [])).boxes).toHaveLength(1);
  });

  it('writes out links that nesting and lines do not show', () => {
    const devices = [
      { id: 'socket0', kind: 'socket' },
      { id: 'sw0', kind: 'pcie-switch' },
      { id: 'sw1', kind: 'pcie-switch' },
      { id: 'gpu0', kind: 'gpu' },
      { id: 'nic0', kind: 'nic' },
      { id: 'nvsw0', kind: 'nvswitch' },
    ];
    const links = [
      link('socket0', 'sw0'),
      link('socket0', 'sw1'),
      link('sw0', 'sw1', 'pcie', 12),
      link('sw0', 'gpu0'),
      link('sw1', 'gpu0'),
      link('sw0', 'nic0'),
      link('nvsw0', 'gpu0', 'nvlink', 20),
      link('nvsw0', 'sw1', 'pcie', 1),
    ];
    const drawing = draw(server(devices, links));
    expect(faults(drawing)).toEqual([]);
    expect(drawing.links).toBe(links.length);
    const texts = drawing.texts.map(({ text }) => text);
    expect(texts).toContain('sw0 – sw1: PCIe, 12 GB/s');
    expect(texts).toContain('sw1 – gpu0: PCIe, 10 GB/s');
    expect(texts).toContain('nvsw0 – sw1: PCIe, 1 GB/s');
  });

  it('counts links among switches that are drawn as one', () => {
    const links = ['v', 'w'].flatMap((v) => ['g', 'h'].map((g) => link(v, g, 'nvlink')));
    const drawing = draw(
      smallServer({ gpu: ['g', 'h'], nvswitch: ['v', 'w'] }, [...links, link('v', 'w', 'nvlink')]),
    );
    expect(drawing.links).toBe(5);
    expect(drawing.boxes.some(({ tooltip }) => tooltip.endsWith('1 link among the switches'))).toBe(true);
    expect(faults(drawing)).toEqual([]);
  });

  it('draws a trunk between neighbouring switches only, and writes the others out', () => {
    const pairs = [
      ['g0', 'g1', 'v'],
      ['g2', 'g3', 'w'],
      ['g4', 'g5', 'x'],
    ] as const;
    const gpus = pairs.flatMap((pair) => pair.slice(0, 2));
    const withTrunk = (a: string, b: string): Drawing => {
      const spokes = pairs.flatMap(([g, h, v]) => [link(v, g, 'nvlink'), link(v, h, 'nvlink')]);
      const devices = { gpu: gpus, nvswitch: ['v', 'w', 'x'] };
      return draw(smallServer(devices, [...spokes, link(a, b, 'nvlink', 77)]));
    };
    const written = (drawing: Drawing): string[] =>
      drawing.texts.map(({ text }) => text).filter((text) => text.startsWith('NVSwitch ('));
    // Another switch lies between v and x.
    const far = withTrunk('v', 'x');
    expect(written(far)).toEqual(['NVSwitch (v) – NVSwitch (x): NVLink, 77 GB/s, 1 link']);
    // Bars of neighbouring GPUs are too close for a line with a figure.
    const near = withTrunk('v', 'w');
    expect(written(near)).toHaveLength(1);
    for (const drawing of [far, near]) {
      expect(drawing.links).toBe(7);
      expect(faults(drawing)).toEqual([]);
    }
    expect(written(draw(topology('dgx2')))).toEqual([]);
  });

  it('draws eight sockets with a different link between every two that are not neighbours', () => {
    const sockets = Array.from({ length: 8 }, (_, i) => `s${i}`);
    const links = sockets.flatMap((a, i) =>
      sockets.slice(i + 2).map((b, j) => link(a, b, 'socket', 100.1 + 10 * i + j)),
    );
    const svg = serverToSvg(smallServer({ socket: sockets }, links));
    const drawing = readDrawing(svg);
    expect(drawing.links).toBe(21);
    expect(faults(drawing)).toEqual([]);
    // Every line ends on a socket, on the right one: those at the sides have one neighbour, the others two.
    const arcs = [...svg.matchAll(/d="M([\d.]+) [\d.]+V[\d.]+Q[\d. ]+H[\d.]+Q[\d.]+ [\d.]+ ([\d.]+) /g)];
    expect(arcs).toHaveLength(21);
    const ends = arcs.flatMap(([, from, to]) => [Number(from), Number(to)]);
    const socketAt = (x: number): number =>
      sockets.findIndex((id) => boxOf(drawing, id).left < x && x < boxOf(drawing, id).right);
    expect(sockets.map((_, i) => ends.filter((x) => socketAt(x) === i).length)).toEqual([
      6, 5, 5, 5, 5, 5, 5, 6,
    ]);
  });

  it('draws links between sockets that are not neighbours above them', () => {
    const sockets = [0, 1, 2, 3].map((i) => ({ id: `socket${i}`, kind: 'socket' }));
    const ring = [0, 1, 2, 3].map((i) => link(`socket${i}`, `socket${(i + 1) % 4}`, 'socket', 20 + i));
    const drawing = draw(server(sockets, ring));
    expect(faults(drawing)).toEqual([]);
    expect(drawing.links).toBe(4);
    const at = (text: string) => drawing.texts.find((t) => t.text === text)!;
    expect(at('23').bottom).toBeLessThan(boxOf(drawing, 'socket0').top);
    expect(draw(topology('mi300a-4')).texts.map(({ text }) => text)).toContain(
      'between sockets, every pair 16 (6 links)',
    );
  });

  it('is unharmed by names that look like markup, are very long, or cannot be printed', () => {
    const hostile = [
      '<script>alert(1)</script>',
      '"/><image href="https://example.org/x.png"/>',
      '&xxe;',
      ']]>',
      '__proto',
      'x'.repeat(1024),
      '\u0000\u001b[31m\ud800\u202egnp',
      '𝕲𝖕𝖚 名前 👩‍🚀',
    ];
    const devices = hostile.map((id) => ({ id, kind: 'gpu', model: id }));
    const links = [link(hostile[0]!, hostile[1]!, 'nvlink'), link(hostile[2]!, hostile[5]!, 'pcie')];
    const svg = serverToSvg(
      serverTopology({
        name: 's',
        title: hostile.join(' ').slice(0, 1000),
        gpuModel: hostile[0],
        devices,
        links,
      }),
      { groups: hostile.map((name, i) => ({ name, gpus: [i] })) },
    );
    const drawing = readDrawing(svg);
    expect(faults(drawing)).toEqual([]);
    expect(drawing.boxes).toHaveLength(hostile.length);
    const known = readDrawing(serverToSvg(topology('dgx2'), { groups: [{ gpus: [0] }] }));
    for (const name of drawing.elements) expect(known.elements).toContain(name);
    for (const name of drawing.attributes) expect(known.attributes).toContain(name);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
    expect(svg).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u202e]|\p{Cs}/u);
    expect(drawing.tooltips.some((text) => text.includes('<script>'))).toBe(true);
  });

  it('writes out links between many outermost devices: nothing takes long, however many there are', () => {
    const nics = Array.from({ length: 200 }, (_, i) => `nic${i}`);
    const links = nics.flatMap((a, i) => nics.slice(i + 1, i + 40).map((b) => link(a, b)));
    const svg = serverToSvg(smallServer({ nic: nics }, links));
    expect(svg.match(/data-links="1"/g)).toHaveLength(links.length);
    // Neighbours have lines between them, the others a row each.
    expect(svg.match(/>nic\d+ – nic\d+: PCIe, 10 GB\/s<\/text>/g)).toHaveLength(links.length - 199);
  });

  it('draws a chain of a thousand switches', () => {
    const devices = [
      { id: 'socket', kind: 'socket' },
      ...Array.from({ length: 1000 }, (_, i) => ({ id: `sw${i}`, kind: 'pcie-switch' })),
    ];
    const links = devices.slice(1).map(({ id }, i) => link(devices[i]!.id, id));
    expect(draw(server(devices, links)).links).toBe(1000);
  });

  it('gives equal text for equal servers, whatever else was drawn before', () => {
    const document = structuredClone(topology('mi250x-frontier').document);
    const first = serverToSvg(serverTopology(document));
    serverToSvg(topology('dgx2'));
    expect(serverToSvg(serverTopology(document))).toBe(first);
  });

  it('refuses GPUs that do not exist and options that it does not have', () => {
    const type = topology('dgx-h100');
    const refused = (options: unknown, code: string, path: readonly (string | number)[]): void => {
      expect(() => serverToSvg(type, options as never)).toThrow(expect.objectContaining({ code, path }));
    };
    refused({ placement: [0, 8] }, 'invalid-option', ['placement', 1]);
    refused({ placement: ['__proto__'] }, 'invalid-option', ['placement', 0]);
    refused({ placement: null }, 'invalid-option', ['placement']);
    refused({ placement: { pods: [{ gpus: [9] }] } }, 'invalid-option', ['placement', 0]);
    refused({ groups: [{ gpus: [0] }, { gpus: [-1] }] }, 'invalid-option', ['groups', 1, 'gpus', 0]);
    refused({ groups: [{ gpus: 3 }] }, 'invalid-option', ['groups', 0, 'gpus']);
    refused({ groups: [null] }, 'invalid-option', ['groups', 0]);
    refused({ groups: [{ gpus: [], color: 'red' }] }, 'invalid-option', ['groups', 0, 'color']);
    refused({ groups: [{ gpus: [], name: 7 }] }, 'invalid-option', ['groups', 0, 'name']);
    refused({ groups: {} }, 'invalid-option', ['groups']);
    refused({ groups: [], placement: [] }, 'invalid-option', ['groups']);
    refused({ title: 7 }, 'invalid-option', ['title']);
    refused({ colour: 'red' }, 'invalid-option', ['colour']);
    refused(null, 'invalid-option', ['options']);
    refused({ groups: Array.from({ length: 257 }, () => ({ gpus: [] })) }, 'limit-exceeded', ['groups']);
  });
});
