import { describe, expect, it } from 'vitest';
import { type ServerDocument, serverTopology } from '../../src/index.js';

const GOOD: ServerDocument = {
  name: 'pair',
  title: 'Two GPUs on a switch',
  gpuModel: 'X',
  devices: [
    { id: 'sw', kind: 'pcie-switch', numa: 0, socket: 0, levels: 2 },
    { id: '10', kind: 'gpu', numa: 0 },
    { id: '9', kind: 'gpu', numa: 'left', memoryGiB: 80 },
    { id: 'nic', kind: 'nic', role: 'storage' },
  ],
  links: [
    {
      between: ['sw', '10'],
      medium: 'pcie',
      bandwidthGBps: 55.4,
      basis: 'measured',
      rawGBps: 63.02,
      ncclGBps: 48,
      source: 's',
      verified: true,
    },
    { between: ['9', 'sw'], medium: 'pcie', bandwidthGBps: 48, basis: 'nccl', source: 's', verified: false },
    {
      between: ['nic', 'sw'],
      medium: 'pcie',
      bandwidthGBps: 10,
      basis: 'raw',
      flowCapGBps: 5,
      source: 's',
      verified: false,
    },
  ],
};

describe('serverTopology', () => {
  it('is frozen down to the last list, but for the graph, which is a copy', () => {
    const server = serverTopology(GOOD);
    const parts = [
      server,
      server.gpus,
      server.nics,
      server.document,
      server.document.devices,
      server.document.devices[0],
      server.document.links,
      server.document.links[0],
      server.document.links[0]!.between,
    ];
    for (const part of parts) expect(part).toSatisfy(Object.isFrozen);
    expect(() => {
      (server.gpus as string[]).length = 1;
    }).toThrow(TypeError);
    server.graph.setEdgeAttribute('link:0', 'bandwidthGBps', 1);
    server.graph.setNodeAttribute('10', 'kind', 'nic');
    expect(server.document).toEqual(GOOD);
  });

  it('does not follow what happens to the document later', () => {
    const document = structuredClone(GOOD);
    const server = serverTopology(document);
    (document.devices as unknown[]).length = 0;
    (document.links[0] as { bandwidthGBps: number }).bandwidthGBps = 1;
    expect(server.document).toEqual(GOOD);
    expect(Object.isFrozen(document)).toBe(false);
  });

  it('gives a graph with devices on vertices and links on edges, GPUs and NICs in document order', () => {
    const server = serverTopology(GOOD);
    expect(server.name).toBe('pair');
    expect(server.gpus).toEqual(['10', '9']);
    expect(server.nics).toEqual(['nic']);
    expect(server.graph.order).toBe(4);
    expect(server.graph.size).toBe(3);
    expect(server.graph.getNodeAttributes('9')).toEqual(GOOD.devices[2]);
    expect(server.graph.getEdgeAttributes('sw', '10')).toEqual(GOOD.links[0]);
    expect(server.graph.edges()).toEqual(['link:0', 'link:1', 'link:2']);
  });

  it('shares nothing that can change with the document', () => {
    const document = structuredClone(GOOD);
    const server = serverTopology(document);
    (document.links[0] as { bandwidthGBps: number }).bandwidthGBps = 1;
    expect(server.graph.getEdgeAttribute('sw', '10', 'bandwidthGBps')).toBe(55.4);
    expect(server.document).toEqual(GOOD);
  });

  const device = (more: object): object => ({
    ...GOOD,
    devices: [...GOOD.devices, { id: 'x', kind: 'gpu', ...more }],
  });
  const link = (more: object): object => ({ ...GOOD, links: [{ ...GOOD.links[0], ...more }] });
  it.each<[string, unknown, string, (string | number)[]]>([
    ['nothing', undefined, 'invalid-document', []],
    ['a list', [GOOD], 'invalid-document', ['name']],
    ['a text', JSON.stringify(GOOD), 'invalid-document', []],
    ['a missing field', { ...GOOD, title: undefined }, 'invalid-document', ['title']],
    ['an unknown field', { ...GOOD, gpumodel: 'X' }, 'invalid-document', ['gpumodel']],
    ['a required field that is absent', { title: 't', gpuModel: 'X' }, 'invalid-document', ['name']],
    [
      'a name of more than a thousand characters',
      { ...GOOD, name: 'x'.repeat(1025) },
      'invalid-document',
      ['name'],
    ],
    [
      'a field named __proto__',
      JSON.parse(JSON.stringify(GOOD).replace('{', '{"__proto__":1,')),
      'invalid-document',
      ['__proto__'],
    ],
    ['a field named constructor', { ...GOOD, constructor: 1 }, 'invalid-document', ['constructor']],
    ['devices that are no list', { ...GOOD, devices: {} }, 'invalid-document', ['devices']],
    ['a device that is none', { ...GOOD, devices: [null], links: [] }, 'invalid-document', ['devices', 0]],
    [
      'more devices than the limit',
      {
        ...GOOD,
        devices: Array.from({ length: 1025 }, (_, i) => ({ id: `d${i}`, kind: 'numa' })),
        links: [],
      },
      'invalid-document',
      ['devices'],
    ],
    [
      'an unknown field of a device',
      device({ gpuModel: 'X' }),
      'invalid-document',
      ['devices', 4, 'gpuModel'],
    ],
    ['a fraction of a NUMA node', device({ numa: 0.5 }), 'invalid-document', ['devices', 4, 'numa']],
    ['a blank socket', device({ socket: '' }), 'invalid-document', ['devices', 4, 'socket']],
    [
      'memory that is no number',
      device({ memoryGiB: Number.NaN }),
      'invalid-document',
      ['devices', 4, 'memoryGiB'],
    ],
    ['negative memory', device({ memoryGiB: -1 }), 'invalid-document', ['devices', 4, 'memoryGiB']],
    [
      'a role that no NIC has',
      device({ kind: 'nic', role: 'wifi' }),
      'invalid-document',
      ['devices', 4, 'role'],
    ],
    ['no devices', { ...GOOD, devices: [], links: [] }, 'invalid-document', ['devices']],
    ['a blank id', device({ id: '' }), 'invalid-document', ['devices', 4, 'id']],
    ['an id that is a number', device({ id: 7 }), 'invalid-document', ['devices', 4, 'id']],
    ['an id that names a prototype', device({ id: '__proto__' }), 'invalid-document', ['devices', 4, 'id']],
    ['an id that names a method', device({ id: 'constructor' }), 'invalid-document', ['devices', 4, 'id']],
    ['an unknown kind', device({ kind: 'tpu' }), 'invalid-document', ['devices', 4, 'kind']],
    ['a negative NUMA node', device({ numa: -1 }), 'invalid-document', ['devices', 4, 'numa']],
    ['three PCIe levels', device({ levels: 3 }), 'invalid-document', ['devices', 4, 'levels']],
    ['a role of a GPU', device({ role: 'compute' }), 'invalid-document', ['devices', 4, 'role']],
    ['a device twice', device({ id: 'sw' }), 'duplicate-id', ['devices', 4, 'id']],
    ['one end', link({ between: ['sw'] }), 'invalid-document', ['links', 0, 'between', 1]],
    ['an unknown field of a link', link({ bandwidth: 1 }), 'invalid-document', ['links', 0, 'bandwidth']],
    ['an unknown basis', link({ basis: 'guess' }), 'invalid-document', ['links', 0, 'basis']],
    ['verified as text', link({ verified: 'yes' }), 'invalid-document', ['links', 0, 'verified']],
    ['no physical links', link({ links: 0 }), 'invalid-document', ['links', 0, 'links']],
    ['half a physical link', link({ links: 1.5 }), 'invalid-document', ['links', 0, 'links']],
    ['a flow cap of nothing', link({ flowCapGBps: 0 }), 'invalid-document', ['links', 0, 'flowCapGBps']],
    ['bandwidth in bytes', link({ bandwidthGBps: 5e10 }), 'invalid-document', ['links', 0, 'bandwidthGBps']],
    [
      'an end named like a method',
      link({ between: ['sw', 'toString'] }),
      'unknown-reference',
      ['links', 0, 'between', 1],
    ],
    ['negative bandwidth', link({ bandwidthGBps: -1 }), 'invalid-document', ['links', 0, 'bandwidthGBps']],
    ['no bandwidth', link({ bandwidthGBps: 0 }), 'invalid-document', ['links', 0, 'bandwidthGBps']],
    [
      'bandwidth that is no number',
      link({ bandwidthGBps: Number.NaN }),
      'invalid-document',
      ['links', 0, 'bandwidthGBps'],
    ],
    [
      'infinite bandwidth',
      link({ bandwidthGBps: Number.POSITIVE_INFINITY }),
      'invalid-document',
      ['links', 0, 'bandwidthGBps'],
    ],
    ['bandwidth as text', link({ bandwidthGBps: '50GB' }), 'invalid-document', ['links', 0, 'bandwidthGBps']],
    ['an unknown medium', link({ medium: 'wifi' }), 'invalid-document', ['links', 0, 'medium']],
    ['no source', link({ source: '' }), 'invalid-document', ['links', 0, 'source']],
    ['three ends', link({ between: ['sw', '10', '9'] }), 'invalid-document', ['links', 0, 'between', 2]],
    [
      'an end that does not exist',
      link({ between: ['sw', 'gone'] }),
      'unknown-reference',
      ['links', 0, 'between', 1],
    ],
    ['a link to itself', link({ between: ['sw', 'sw'] }), 'invalid-document', ['links', 0, 'between']],
    [
      'two links of one pair',
      { ...GOOD, links: [...GOOD.links, { ...GOOD.links[0], between: ['10', 'sw'] }] },
      'duplicate-id',
      ['links', 3, 'between'],
    ],
    [
      'more GPUs than a server may have',
      {
        ...GOOD,
        devices: [...GOOD.devices, ...Array.from({ length: 15 }, (_, i) => ({ id: `x${i}`, kind: 'gpu' }))],
      },
      'limit-exceeded',
      ['devices'],
    ],
  ])('refuses %s', (_, document, code, path) => {
    expect(() => serverTopology(document)).toThrow(
      expect.objectContaining({ name: 'CorralError', code, path }),
    );
  });

  it('says where, what and what to do', () => {
    expect(() => serverTopology(link({ between: ['sw', 'gone'] }))).toThrow(
      'links[0].between[1]: no device "gone": add it to devices',
    );
    expect(() => serverTopology({ ...GOOD, gpumodel: 'X' })).toThrow(
      'gpumodel: unknown field: did you mean gpuModel? There are name, title, gpuModel, devices,',
    );
  });

  it('is not fooled by keys that name a prototype', () => {
    const hostile = JSON.parse('{"__proto__": {"name": "a", "title": "b"}}') as unknown;
    expect(() => serverTopology(hostile)).toThrow(expect.objectContaining({ code: 'invalid-document' }));
    expect(({} as { title?: string }).title).toBeUndefined();
  });
});
