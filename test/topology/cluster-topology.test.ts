import { describe, expect, it } from 'vitest';
import {
  type ClusterDocument,
  type ClusterTopology,
  type CorralError,
  clusterTopology,
} from '../../src/index.js';
import { acceleratorGBpsPerGpuOf, uplinkGBpsOf } from '../../src/topology/index.js';

const GOOD: ClusterDocument = {
  tiers: ['block', 'rack'],
  types: { h100: 'dgx-h100' },
  servers: [
    { id: 'a', type: 'h100', domains: { block: 'left', rack: 'r2' }, cpuMilli: 1000, memoryMiB: 5 },
    {
      id: 'b',
      type: 'h100',
      domains: { block: 'left', rack: 'r1' },
      gpuModel: 'H100-80G',
      labels: { zone: 'x' },
    },
    { id: 'c', type: 'h100', domains: { block: 'right', rack: 'r9' } },
  ],
  uplinks: { rack: { GBps: 400 } },
  accelerator: { tier: 'rack', GBpsPerGpu: 900 },
};

describe('clusterTopology', () => {
  it('is frozen down to the last list', () => {
    const { tiers, servers } = clusterTopology({
      ...GOOD,
      uplinks: { rack: { GBps: 400, domains: { r1: 100 } } },
    });
    const parts = [tiers, servers, ...tiers, ...servers];
    const lists = tiers.flatMap((tier) => [tier.domains, tier.parents, tier.domainUplinksGBps]);
    const ofServers = servers.flatMap(({ domains, labels }) => [domains, labels]);
    for (const part of [...parts, ...lists, ...ofServers]) expect(part).toSatisfy(Object.isFrozen);
  });

  it('does not follow what happens to the document later', () => {
    const document = structuredClone(GOOD);
    const cluster = clusterTopology(document);
    (document.servers as unknown[]).length = 0;
    (document.tiers as string[])[0] = 'other';
    expect(cluster).toEqual(clusterTopology(GOOD));
  });

  it('keeps servers in order, resolves types, and numbers domains as they are first named', () => {
    const cluster = clusterTopology(GOOD);
    expect(cluster.tiers).toEqual([
      { name: 'block', domains: ['left', 'right'], parents: [] },
      {
        name: 'rack',
        domains: ['r2', 'r1', 'r9'],
        parents: [0, 0, 1],
        uplinkGBps: 400,
        acceleratorGBpsPerGpu: 900,
      },
    ]);
    expect(cluster.servers.map(({ id, domains, gpuModel }) => [id, domains, gpuModel])).toEqual([
      ['a', [0, 0], 'H100-SXM5'],
      ['b', [0, 1], 'H100-80G'],
      ['c', [1, 2], 'H100-SXM5'],
    ]);
    expect(cluster.servers[0]!.type).toBe(cluster.servers[2]!.type);
    expect(cluster.servers[0]).toMatchObject({ cpuMilli: 1000, memoryMiB: 5 });
    expect(cluster.servers[2]).not.toHaveProperty('cpuMilli');
    expect(cluster.servers[1]!.labels).toEqual({ zone: 'x' });
  });

  it('keeps figures of single domains where they differ, and one figure where they do not', () => {
    const tiersOf = (more: Partial<ClusterDocument>) => clusterTopology({ ...GOOD, ...more }).tiers;
    const [block, rack] = tiersOf({
      uplinks: {
        rack: { GBps: 400, domains: { r1: 100, r9: null } },
        block: { domains: { left: 50, right: 50 } },
      },
      accelerator: { tier: 'rack', domains: { r2: 900 } },
    });
    expect(block!.uplinkGBps).toBe(50);
    expect(rack!.domainUplinksGBps).toEqual([400, 100, null]);
    expect(rack!.domainAcceleratorsGBpsPerGpu).toEqual([900, null, null]);
    expect(rack).not.toHaveProperty('uplinkGBps');
    expect(rack).not.toHaveProperty('acceleratorGBpsPerGpu');
    expect([0, 1, 2].map((domain) => uplinkGBpsOf(rack!, domain))).toEqual([400, 100, Infinity]);
    expect([0, 1, 2].map((domain) => acceleratorGBpsPerGpuOf(rack!, domain))).toEqual([
      900,
      undefined,
      undefined,
    ]);
    expect([0, 1].map((domain) => uplinkGBpsOf(block!, domain))).toEqual([50, 50]);
    expect(acceleratorGBpsPerGpuOf(block!, 0)).toBeUndefined();
    const without = tiersOf({
      accelerator: { tier: 'rack', GBpsPerGpu: 9, domains: { r1: null, r2: null, r9: null } },
    });
    expect(without[1]).not.toHaveProperty('acceleratorGBpsPerGpu');
    expect(without[1]).not.toHaveProperty('domainAcceleratorsGBpsPerGpu');
    expect(tiersOf({ accelerator: { tier: 'rack' } })[1]).not.toHaveProperty('acceleratorGBpsPerGpu');
  });

  const server = (more: object): object => ({
    ...GOOD,
    servers: [GOOD.servers[0], { ...GOOD.servers[1], ...more }],
  });
  it.each<[string, unknown, string, (string | number)[]]>([
    ['nothing', null, 'invalid-document', []],
    ['no servers', { ...GOOD, servers: [] }, 'invalid-document', ['servers']],
    ['an unknown field', { ...GOOD, server: [] }, 'invalid-document', ['server']],
    ['a tier twice', { ...GOOD, tiers: ['rack', 'rack'] }, 'duplicate-id', ['tiers', 1]],
    ['a server twice', server({ id: 'a' }), 'duplicate-id', ['servers', 1, 'id']],
    ['a type that is not listed', server({ type: 'b200' }), 'unknown-reference', ['servers', 1, 'type']],
    [
      'a type named like a method',
      server({ type: 'constructor' }),
      'unknown-reference',
      ['servers', 1, 'type'],
    ],
    [
      'a type that the catalogue lacks',
      { ...GOOD, types: { h100: 'dgx-h1000' } },
      'unknown-topology',
      ['types', 'h100'],
    ],
    [
      'a type document that is wrong',
      { ...GOOD, types: { h100: { name: 'x' } } },
      'invalid-document',
      ['types', 'h100', 'title'],
    ],
    ['a list', [GOOD], 'invalid-document', ['tiers']],
    ['no types', { ...GOOD, types: undefined }, 'invalid-document', ['types']],
    ['a type that is a number', { ...GOOD, types: { h100: 7 } }, 'invalid-document', ['types', 'h100']],
    ['a blank tier', { ...GOOD, tiers: ['rack', ''] }, 'invalid-document', ['tiers', 1]],
    [
      'seventeen tiers',
      { ...GOOD, tiers: Array.from({ length: 17 }, (_, i) => `t${i}`) },
      'invalid-document',
      ['tiers'],
    ],
    ['a server without an id', server({ id: undefined }), 'invalid-document', ['servers', 1, 'id']],
    ['a blank id', server({ id: '' }), 'invalid-document', ['servers', 1, 'id']],
    [
      'an id of more than a thousand characters',
      server({ id: 'x'.repeat(1025) }),
      'invalid-document',
      ['servers', 1, 'id'],
    ],
    ['a field that no server has', server({ gpus: 8 }), 'invalid-document', ['servers', 1, 'gpus']],
    [
      'CPU that is no number',
      server({ cpuMilli: Number.NaN }),
      'invalid-document',
      ['servers', 1, 'cpuMilli'],
    ],
    [
      'infinite memory',
      server({ memoryMiB: Number.POSITIVE_INFINITY }),
      'invalid-document',
      ['servers', 1, 'memoryMiB'],
    ],
    [
      'a label that is no text',
      server({ labels: { zone: 1 } }),
      'invalid-document',
      ['servers', 1, 'labels', 'zone'],
    ],
    [
      'a domain that is no text',
      server({ domains: { block: 'left', rack: 1 } }),
      'invalid-document',
      ['servers', 1, 'domains', 'rack'],
    ],
    [
      'an uplink that is no number',
      { ...GOOD, uplinks: { rack: { GBps: Number.NaN } } },
      'invalid-document',
      ['uplinks', 'rack', 'GBps'],
    ],
    [
      'an uplink without a figure',
      { ...GOOD, uplinks: { rack: {} } },
      'invalid-document',
      ['uplinks', 'rack'],
    ],
    [
      'an uplink of a domain that no server lies in',
      { ...GOOD, uplinks: { rack: { domains: { r3: 5 } } } },
      'unknown-reference',
      ['uplinks', 'rack', 'domains', 'r3'],
    ],
    [
      'an uplink of a domain of another tier',
      { ...GOOD, uplinks: { rack: { domains: { left: 5 } } } },
      'unknown-reference',
      ['uplinks', 'rack', 'domains', 'left'],
    ],
    [
      'an uplink of nothing for one domain',
      { ...GOOD, uplinks: { rack: { domains: { r1: 0 } } } },
      'invalid-document',
      ['uplinks', 'rack', 'domains', 'r1'],
    ],
    [
      'an uplink of a domain whose name is lost',
      JSON.parse(JSON.stringify(GOOD).replace('"GBps":400', '"domains":{"__proto__":5}')),
      'invalid-document',
      ['uplinks', 'rack', 'domains', '__proto__'],
    ],
    [
      'an accelerator of a domain that no server lies in',
      { ...GOOD, accelerator: { tier: 'rack', domains: { r3: null } } },
      'unknown-reference',
      ['accelerator', 'domains', 'r3'],
    ],
    [
      'an accelerator of a domain whose name is lost',
      { ...GOOD, accelerator: { tier: 'rack', domains: { constructor: 5 } } },
      'invalid-document',
      ['accelerator', 'domains', 'constructor'],
    ],
    [
      'an infinite accelerator',
      { ...GOOD, accelerator: { tier: 'rack', GBpsPerGpu: Number.POSITIVE_INFINITY } },
      'invalid-document',
      ['accelerator', 'GBpsPerGpu'],
    ],
    ['a negative amount of CPU', server({ cpuMilli: -1 }), 'invalid-document', ['servers', 1, 'cpuMilli']],
    ['a fraction of a MiB', server({ memoryMiB: 0.5 }), 'invalid-document', ['servers', 1, 'memoryMiB']],
    [
      'more memory than an integer holds',
      server({ memoryMiB: 2 ** 31 }),
      'invalid-document',
      ['servers', 1, 'memoryMiB'],
    ],
    [
      'a server outside a tier',
      server({ domains: { block: 'left' } }),
      'invalid-document',
      ['servers', 1, 'domains', 'rack'],
    ],
    [
      'a domain of no tier',
      server({ domains: { block: 'left', rack: 'r1', row: 'x' } }),
      'unknown-reference',
      ['servers', 1, 'domains', 'row'],
    ],
    [
      'a domain in two places',
      server({ domains: { block: 'right', rack: 'r2' } }),
      'invalid-document',
      ['servers', 1, 'domains', 'rack'],
    ],
    [
      'an uplink of no tier',
      { ...GOOD, uplinks: { row: { GBps: 1 } } },
      'unknown-reference',
      ['uplinks', 'row'],
    ],
    [
      'an uplink of nothing',
      { ...GOOD, uplinks: { rack: { GBps: 0 } } },
      'invalid-document',
      ['uplinks', 'rack', 'GBps'],
    ],
    [
      'an accelerator of no tier',
      { ...GOOD, accelerator: { tier: 'row', GBpsPerGpu: 1 } },
      'unknown-reference',
      ['accelerator', 'tier'],
    ],
  ])('refuses %s', (_, document, code, path) => {
    expect(() => clusterTopology(document)).toThrow(
      expect.objectContaining({ name: 'CorralError', code, path }),
    );
  });

  it('takes names of prototype members for names', () => {
    const cluster = clusterTopology({
      ...GOOD,
      tiers: ['toString', 'rack'],
      servers: [
        { id: 'constructor', type: 'h100', domains: { toString: 'hasOwnProperty', rack: 'valueOf' } },
      ],
    });
    expect(cluster.tiers.map((tier) => tier.domains)).toEqual([['hasOwnProperty'], ['valueOf']]);
    expect(() =>
      clusterTopology({ ...GOOD, tiers: ['toString'], servers: [{ id: 'a', type: 'h100', domains: {} }] }),
    ).toThrow(expect.objectContaining({ code: 'unknown-reference' }));
  });

  it.each(['constructor', 'prototype', '__proto__'])(
    'loses no type, tier, label or domain named %s: it takes the name or refuses it',
    (name) => {
      // A computed key: in a literal __proto__ would set the prototype.
      const keyed = (value: unknown): object => ({ [name]: value });
      const attempts: [unknown, (cluster: ClusterTopology) => void][] = [
        [
          { ...GOOD, types: keyed('dgx-h100'), servers: [{ ...GOOD.servers[0], type: name }] },
          (cluster) => expect(cluster.servers[0]!.type.name).toBe('dgx-h100'),
        ],
        [
          {
            tiers: [name],
            types: GOOD.types,
            servers: [{ id: 'a', type: 'h100', domains: keyed('d') }],
            uplinks: keyed({ GBps: 5 }),
          },
          (cluster) => expect(cluster.tiers).toEqual([{ name, domains: ['d'], parents: [], uplinkGBps: 5 }]),
        ],
        [
          { tiers: [], types: GOOD.types, servers: [{ id: 'a', type: 'h100', labels: keyed('x') }] },
          (cluster) => expect(Object.entries(cluster.servers[0]!.labels!)).toEqual([[name, 'x']]),
        ],
        [
          server({ id: name, domains: { block: name, rack: name } }),
          (cluster) => expect([cluster.servers[1]!.id, cluster.tiers[1]!.domains[1]]).toEqual([name, name]),
        ],
      ];
      for (const [document, check] of attempts) {
        let cluster: ClusterTopology;
        try {
          cluster = clusterTopology(document);
        } catch (error) {
          // Refused at the name itself, not far away for being absent.
          expect(error).toMatchObject({ code: 'invalid-document' });
          expect((error as CorralError).message).not.toContain('name the domain');
          continue;
        }
        check(cluster);
      }
      expect(({} as { GBps?: number }).GBps).toBeUndefined();
    },
  );

  it('shares nothing that can change with the document', () => {
    const document = structuredClone(GOOD) as unknown as {
      servers: { labels?: { zone: string } }[];
      tiers: string[];
    };
    const cluster = clusterTopology(document);
    document.servers[1]!.labels!.zone = 'y';
    document.tiers[0] = 'gone';
    expect(cluster.servers[1]!.labels).toEqual({ zone: 'x' });
    expect(cluster.tiers[0]!.name).toBe('block');
  });

  it.each(['numa', 'socket', 'server', 'cluster'])(
    'refuses a tier named %s, which requests have a use for',
    (name) => {
      const document = {
        tiers: ['block', name],
        types: GOOD.types,
        servers: [{ id: 'a', type: 'h100', domains: { block: 'b', [name]: 'n' } }],
      };
      expect(() => clusterTopology(document)).toThrow(
        expect.objectContaining({ code: 'invalid-document', path: ['tiers', 1] }),
      );
      expect(() => clusterTopology(document)).toThrow(/rename it$/);
    },
  );

  it('says where, what and what to do', () => {
    expect(() => clusterTopology(server({ type: 'b200' }))).toThrow(
      'servers[1].type: no server type "b200": add it to types',
    );
    expect(() => clusterTopology({ ...GOOD, uplinks: { row: { GBps: 1 } } })).toThrow(
      'uplinks.row: no tier "row": tiers are "block", "rack"',
    );
    expect(() => clusterTopology(server({ domains: { block: 'left' } }))).toThrow(
      'servers[1].domains.rack: name the domain of server "b" in tier "rack"',
    );
  });
});
