import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clusterDocument,
  operations,
  placementRequest,
  serverDocument,
} from '../../src/arbitraries/index.js';
import { clusterTopology, compile, type ServerDocument, serverTopology } from '../../src/index.js';
import { everythingSeen, SEED } from './seen.js';

/** Throws if the document is not valid, or not connected. */
function expectValid(document: ServerDocument): void {
  const { graph } = serverTopology(document);
  const reached = new Set([graph.nodes()[0]!]);
  for (const at of reached) for (const next of graph.neighbors(at)) reached.add(next);
  expect(reached.size).toBe(graph.order);
}

describe('every arbitrary', () => {
  const all: [string, fc.Arbitrary<unknown>][] = [
    ['serverDocument', serverDocument()],
    ['clusterDocument', clusterDocument()],
    ['placementRequest', placementRequest()],
    ['operations', operations()],
  ];
  it.each(all)('%s gives the same values for the same seed', (_, arbitrary) => {
    const sample = () => fc.sample(arbitrary, { seed: SEED, numRuns: 50 });
    expect(sample()).toEqual(sample());
    expect(sample()).not.toEqual(fc.sample(arbitrary, { seed: SEED + 1, numRuns: 50 }));
  });
  it.each(all)('%s gives plain data', (_, arbitrary) => {
    for (const value of fc.sample(arbitrary, { seed: SEED, numRuns: 100 })) {
      expect(JSON.parse(JSON.stringify(value))).toEqual(value);
    }
  });
});

describe('serverDocument', () => {
  it('is valid and connected', () => {
    fc.assert(fc.property(serverDocument(), expectValid), { seed: SEED, numRuns: 500 });
  });

  it('stays valid and connected while it shrinks, and shrinking ends', () => {
    const failures: ((document: ServerDocument) => boolean)[] = [
      () => true,
      ({ links }) => links.some(({ medium }) => medium === 'nvlink' || medium === 'xgmi'),
      ({ links }) => links.some(({ flowCapGBps }) => flowCapGBps !== undefined),
      ({ devices }) => devices.filter(({ kind }) => kind === 'pcie-switch').length > 2,
      ({ devices }) => devices.filter(({ kind }) => kind === 'gpu').length > 3,
    ];
    for (const fails of failures) {
      const seen = everythingSeen(serverDocument(), fails);
      for (const document of seen) expectValid(document);
      expect(fails(seen.at(-1)!)).toBe(true);
    }
  });

  it('shrinks to one socket, one NUMA node and one GPU', () => {
    const { devices } = everythingSeen(serverDocument(), () => true).at(-1)!;
    expect(devices.map(({ id }) => id)).toEqual(['socket0', 'numa0', 'gpu0']);
  });

  it('reaches what it promises', () => {
    const sample = fc.sample(serverDocument(), { seed: SEED, numRuns: 300 });
    const devices = sample.flatMap((document) => document.devices);
    const links = sample.flatMap((document) => document.links);
    expect(new Set(devices.map(({ kind }) => kind)).size).toBe(6);
    expect(new Set(devices.map(({ levels }) => levels))).toEqual(new Set([undefined, 1, 2]));
    expect(new Set(devices.map(({ role }) => role)).size).toBe(4);
    expect(new Set(links.map(({ medium }) => medium))).toEqual(
      new Set(['socket', 'on-chip', 'pcie', 'nvlink', 'xgmi', 'scale-up-ethernet']),
    );
    expect(links.some(({ flowCapGBps }) => flowCapGBps !== undefined)).toBe(true);
    const nics = devices.filter(({ kind }) => kind === 'nic');
    expect(new Set(nics.map(({ portGBps }) => portGBps === undefined)).size).toBe(2);
    // NICs on one place, on two, and on GPUs.
    const linksOfNics = sample.flatMap((document) => {
      const { graph, nics: ids } = serverTopology(document);
      return ids.map((id) => graph.mapNeighbors(id, (_, { kind }) => kind));
    });
    expect(linksOfNics.some((kinds) => kinds.length === 2 && !kinds.includes('gpu'))).toBe(true);
    expect(linksOfNics.some((kinds) => kinds.length === 1 && kinds.includes('gpu'))).toBe(true);
    expect(linksOfNics.some((kinds) => kinds.length === 2 && kinds.includes('gpu'))).toBe(true);
    const counts = sample.map((document) => serverTopology(document).gpus.length);
    expect([Math.min(...counts), Math.max(...counts)]).toEqual([1, 6]);
  });

  it('keeps to its constraints', () => {
    const constraints = {
      gpusMin: 7,
      nicsMax: 0,
      socketsMax: 1,
      numaPerSocketMax: 1,
      switchesPerNumaMax: 0,
      fabric: false,
      flowCaps: false,
      gpuModels: ['H100'],
    };
    for (const document of fc.sample(serverDocument(constraints), { seed: SEED, numRuns: 100 })) {
      expect(document.devices.map(({ kind }) => kind)).toEqual(['socket', 'numa', ...Array(7).fill('gpu')]);
      expect(document.links.every((link) => link.flowCapGBps === undefined)).toBe(true);
      expect(document.gpuModel).toBe('H100');
    }
    for (const document of fc.sample(serverDocument({ nicsOnGpus: false }), { seed: SEED, numRuns: 100 })) {
      const { graph, nics } = serverTopology(document);
      for (const nic of nics) {
        expect(graph.degree(nic)).toBe(1);
        expect(graph.someNeighbor(nic, (_, { kind }) => kind === 'gpu')).toBe(false);
      }
    }
    expect(serverTopology(fc.sample(serverDocument({ gpusMax: 0 }), 1)[0]).gpus).toEqual([]);
    expect(fc.sample(serverDocument({ gpusMin: 16, gpusMax: 16 }), 1)[0]!.devices.length).toBeGreaterThan(17);
  });
});

describe('clusterDocument', () => {
  it('is valid, and stays valid while it shrinks', () => {
    for (const fails of [
      () => true,
      ({ tiers }: { readonly tiers: readonly string[] }) => tiers.length === 3,
      ({ servers }: { readonly servers: readonly unknown[] }) => servers.length > 4,
    ]) {
      for (const document of everythingSeen(clusterDocument(), fails)) {
        const { servers } = clusterTopology(document);
        expect(servers.length).toBe(document.servers.length);
      }
    }
  });

  it('shrinks to one server without tiers', () => {
    const document = everythingSeen(clusterDocument(), () => true).at(-1)!;
    expect(document.tiers).toEqual([]);
    expect(document.servers).toEqual([{ id: 's0', type: 'type0' }]);
  });

  it('reaches what it promises', () => {
    const sample = fc.sample(clusterDocument(), { seed: SEED, numRuns: 200 });
    const servers = sample.flatMap((document) => document.servers);
    expect(new Set(sample.map(({ tiers }) => tiers.length))).toEqual(new Set([0, 1, 2, 3]));
    expect(sample.some(({ servers }) => new Set(servers.map(({ type }) => type)).size > 1)).toBe(true);
    for (const field of ['cpuMilli', 'memoryMiB', 'gpuModel', 'labels', 'domains'] as const) {
      expect(new Set(servers.map((server) => server[field] !== undefined)).size).toBe(2);
    }
    expect(sample.some(({ uplinks }) => uplinks !== undefined)).toBe(true);
    expect(sample.some(({ accelerator }) => accelerator !== undefined)).toBe(true);
    // Figures of single domains, beside one of the tier and without, null among them.
    const entries = sample.flatMap(({ uplinks = {} }) => Object.values(uplinks));
    expect(entries.some(({ GBps, domains }) => GBps !== undefined && domains !== undefined)).toBe(true);
    expect(entries.some(({ GBps, domains }) => GBps === undefined && domains !== undefined)).toBe(true);
    const own = sample.map(({ accelerator }) => Object.values(accelerator?.domains ?? {}));
    expect(own.some((figures) => figures.includes(null))).toBe(true);
    expect(own.some((figures) => figures.some((figure) => figure !== null))).toBe(true);
    expect(Math.max(...sample.map((document) => document.servers.length))).toBe(8);
  });

  it('keeps to its constraints', () => {
    const arbitrary = clusterDocument({
      serversMin: 9,
      tiersMax: 0,
      typesMax: 1,
      catalogueTypes: ['dgx-h100'],
      gpuModels: ['X'],
      limits: false,
      labels: false,
      fabrics: false,
    });
    const sample = fc.sample(arbitrary, { seed: SEED, numRuns: 50 });
    for (const document of sample) {
      expect(document.servers.length).toBe(9);
      for (const server of document.servers) {
        expect(Object.keys(server).filter((key) => !['id', 'type', 'gpuModel'].includes(key))).toEqual([]);
      }
      clusterTopology(document);
    }
    expect(sample.some(({ servers }) => servers.some(({ type }) => type === 'catalogue0'))).toBe(true);
  });
});

describe('placementRequest', () => {
  const solver = compile(serverTopology(fc.sample(serverDocument(), { seed: SEED, numRuns: 1 })[0]));

  it('is valid, and stays valid while it shrinks', () => {
    for (const fails of [() => true, (request: { gpuMilli?: number }) => (request.gpuMilli ?? 0) > 600]) {
      for (const request of everythingSeen(placementRequest(), fails)) {
        expect(() => solver.find(request)).not.toThrow();
      }
    }
    expect(everythingSeen(placementRequest(), () => true).at(-1)).toEqual({});
  });

  it('keeps to its constraints', () => {
    const arbitrary = placementRequest({
      gpusMax: 2,
      shares: false,
      cpuMilliMax: 0,
      memoryMiBMax: 0,
      gpuModels: [],
    });
    const asked = fc.sample(arbitrary, { seed: SEED, numRuns: 100 });
    expect(new Set(asked.map((request) => JSON.stringify(request)))).toEqual(
      new Set(['{}', '{"gpus":0}', '{"gpus":1}', '{"gpus":2}']),
    );
  });
});

describe('placementRequest of places', () => {
  const placed = placementRequest({ podsMax: 3, places: ['socket', 'numa'] });

  it('asks for a place for every pod, and of single pods also as a level', () => {
    const sample = fc.sample(placed, { seed: SEED, numRuns: 400 });
    const said = sample.map(({ requirePerPod, require, prefer }) => ({ requirePerPod, require, prefer }));
    for (const field of ['requirePerPod', 'require', 'prefer'] as const) {
      const values = said.map((one) => one[field]).filter((value) => value !== undefined);
      expect(new Set(values)).toEqual(new Set(['socket', 'numa']));
    }
    for (const { pods = 1, require, prefer } of sample) {
      if (pods > 1) expect([require, prefer]).toEqual([undefined, undefined]);
    }
  });

  it('takes no other places', () => {
    expect(() => placementRequest({ places: ['rack' as 'numa'] })).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['places'] }),
    );
  });
});

describe('placementRequest of gangs', () => {
  const gangs = placementRequest({ podsMax: 4, tiers: ['rack', 'cluster'], labels: true });

  it('shrinks to nothing asked for, and keeps the least below the most', () => {
    const seen = everythingSeen(gangs, () => true);
    expect(seen.at(-1)).toEqual({});
    for (const { pods = 1, podsMin = pods, slice } of seen) {
      expect(1 <= podsMin && podsMin <= pods && pods <= 4).toBe(true);
      if (slice !== undefined) expect(slice.pods >= 1 && slice.pods <= 4).toBe(true);
    }
  });

  it('reaches what it promises, and mostly asks for little of it', () => {
    const sample = fc.sample(gangs, { seed: SEED, numRuns: 400 });
    for (const field of ['pods', 'podsMin', 'labels', 'require', 'prefer', 'slice'] as const) {
      const share = sample.filter((request) => request[field] !== undefined).length / sample.length;
      expect(share).toBeGreaterThan(0.15);
      if (field !== 'pods') expect(share).toBeLessThan(0.4);
    }
    const named = sample.flatMap(({ require, prefer, slice }) => [require, prefer, slice?.tier]);
    expect(new Set(named)).toEqual(new Set([undefined, 'rack', 'cluster']));
    expect(new Set(sample.map(({ pods }) => pods))).toEqual(new Set([undefined, 1, 2, 3, 4]));
    expect(sample.some(({ pods = 1, podsMin = pods }) => podsMin < pods)).toBe(true);
  });

  it('has nothing of it unless asked', () => {
    for (const request of fc.sample(placementRequest(), { seed: SEED, numRuns: 200 })) {
      const fields = Object.keys(request);
      expect(fields.filter((field) => /^(pods|podsMin|labels|require|prefer|slice)$/.test(field))).toEqual(
        [],
      );
    }
    for (const request of fc.sample(placementRequest({ podsMax: 2 }), { seed: SEED, numRuns: 200 })) {
      expect([request.labels, request.require, request.prefer, request.slice]).toEqual(
        Array(4).fill(undefined),
      );
    }
  });
});

describe('operations', () => {
  it('are of five kinds, valid, and shrink to none', () => {
    const solver = compile(serverTopology(fc.sample(serverDocument(), { seed: SEED, numRuns: 1 })[0]));
    const seen = everythingSeen(operations(), (history) => history.length > 20);
    const steps = seen.flat();
    for (const step of steps) {
      if (step.kind === 'find' || step.kind === 'place')
        expect(() => solver.find(step.request)).not.toThrow();
      if (step.kind === 'release') expect(Number.isInteger(step.pick) && step.pick >= 0).toBe(true);
    }
    expect(new Set(steps.map(({ kind }) => kind)).size).toBe(5);
    expect(seen.at(-1)!.length).toBe(21);
    expect(everythingSeen(operations(), () => true).at(-1)).toEqual([]);
  });

  it('cordon and uncordon servers where that is asked for', () => {
    const kinds = fc
      .sample(operations({ cordons: true }), { seed: SEED, numRuns: 50 })
      .flatMap((history) => history.map(({ kind }) => kind));
    expect(new Set(kinds).size).toBe(7);
    expect(kinds.filter((kind) => kind.endsWith('cordon')).length / kinds.length).toBeLessThan(0.2);
  });

  it('keep to their constraints', () => {
    for (const history of fc.sample(operations({ lengthMax: 3, gpusMax: 1 }), { seed: SEED, numRuns: 100 })) {
      expect(history.length).toBeLessThanOrEqual(3);
    }
  });
});

describe('bad constraints', () => {
  it.each<[string, () => unknown]>([
    ['unknown', () => serverDocument({ gpus: 3 } as never)],
    ['no object', () => serverDocument(3 as never)],
    ['null', () => operations(null as never)],
    ['a fraction', () => serverDocument({ gpusMax: 1.5 })],
    ['too many GPUs', () => serverDocument({ gpusMax: 17 })],
    ['too many at least', () => serverDocument({ gpusMin: 17 })],
    ['not a number', () => serverDocument({ gpusMin: Number.NaN })],
    ['crossed bounds', () => serverDocument({ gpusMin: 4, gpusMax: 3 })],
    ['no boolean', () => serverDocument({ fabric: 1 as never })],
    ['no models', () => serverDocument({ gpuModels: [] })],
    ['an empty model', () => clusterDocument({ gpuModels: [''] })],
    ['no server', () => clusterDocument({ serversMax: 0 })],
    ['crossed servers', () => clusterDocument({ serversMin: 4, serversMax: 3 })],
    ['too many tiers', () => clusterDocument({ tiersMax: 4 })],
    ['a misspelt cluster', () => clusterDocument({ server: 4 } as never)],
    ['negative CPU', () => placementRequest({ cpuMilliMax: -1 })],
    ['a misspelt request', () => placementRequest({ share: true } as never)],
    ['no pods', () => placementRequest({ podsMax: 0 })],
    ['an empty tier', () => placementRequest({ tiers: [''] })],
    ['labels that are no boolean', () => placementRequest({ labels: ['x'] as never })],
    ['cordons that are no boolean', () => operations({ cordons: 1 as never })],
    ['a negative length', () => operations({ lengthMax: -1 })],
    ['a bad request in a history', () => operations({ gpusMax: 99 })],
  ])('are refused: %s', (_, call) => {
    expect(call).toThrow(expect.objectContaining({ name: 'CorralError', code: 'invalid-option' }));
  });
});
