import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import { type ClusterTables, compileClusterTables } from '../../src/compile/cluster-tables.js';
import { type ClusterDocument, clusterTopology } from '../../src/index.js';
import { cluster, gpuBox } from '../placement/random-cluster.js';

const tablesOf = (document: ClusterDocument): ClusterTables =>
  compileClusterTables(clusterTopology(document));

describe('compileClusterTables', () => {
  it('gives equal servers one shape and numbers models and shapes as they are first used', () => {
    const tables = tablesOf({
      tiers: [],
      types: { four: gpuBox(4), none: gpuBox(0) },
      servers: [
        { id: 'a', type: 'four', gpuModel: 'B', cpuMilli: 1000 },
        { id: 'b', type: 'none', gpuModel: 'A' },
        { id: 'c', type: 'four', gpuModel: 'B', cpuMilli: 1000 },
        { id: 'd', type: 'four', gpuModel: 'B', cpuMilli: 1000, memoryMiB: 5 },
        { id: 'e', type: 'four', gpuModel: 'A', cpuMilli: 1000 },
      ],
    });
    expect(tables).toMatchObject({ serverCount: 5, gpuCount: 16, gpuModels: ['B', 'A'] });
    expect([...tables.shapeOf]).toEqual([0, 1, 0, 2, 3]);
    expect([...tables.gpuStart]).toEqual([0, 4, 4, 8, 12, 16]);
    expect([...tables.shapeGpus]).toEqual([4, 0, 4, 4]);
    expect([...tables.shapeModel]).toEqual([0, 1, 0, 1]);
    expect([...tables.shapeCpuMilli]).toEqual([1000, Number.POSITIVE_INFINITY, 1000, 1000]);
    const open = Number.POSITIVE_INFINITY;
    expect([...tables.shapeMemoryMiB]).toEqual([open, open, 5, open]);
    expect(tables.shapeType.map((type) => type.name)).toEqual(['box 4', 'box 0', 'box 4', 'box 4']);
  });

  it('numbers kinds by server type and model, as they are first used', () => {
    const tables = tablesOf({
      tiers: [],
      types: { four: gpuBox(4), two: gpuBox(2) },
      servers: [
        { id: 'a', type: 'four', gpuModel: 'B' },
        { id: 'b', type: 'two', gpuModel: 'A' },
        { id: 'c', type: 'four', gpuModel: 'A' },
        { id: 'd', type: 'two', gpuModel: 'A', cpuMilli: 1000 },
        { id: 'e', type: 'four', gpuModel: 'B', memoryMiB: 5 },
      ],
    });
    expect(tables.kindType.map(({ name }) => name)).toEqual(['box 4', 'box 2', 'box 4']);
    expect([...tables.kindModel]).toEqual([0, 1, 1]);
    expect([...tables.shapeKind]).toEqual([0, 1, 2, 1, 0]);
  });

  it('gives servers of equal labels one shape, in whatever order they are written', () => {
    const labels = { zone: 'z', pool: 'x', rack: 'r' };
    const tables = tablesOf({
      tiers: [],
      types: { one: gpuBox(1) },
      servers: [
        { id: 'a', type: 'one', labels },
        { id: 'b', type: 'one', labels: { rack: 'r', pool: 'x', zone: 'z' } },
        { id: 'c', type: 'one', labels: { pool: 'x', zone: 'z', rack: 'r' } },
        { id: 'd', type: 'one', labels: { ...labels, pool: 'y' } },
        { id: 'e', type: 'one', labels: { zone: 'z', pool: 'x' } },
        { id: 'f', type: 'one' },
        { id: 'g', type: 'one', labels: { zone: 'x', pool: 'z', rack: 'r' } },
        { id: 'h', type: 'one', labels },
      ],
    });
    expect([...tables.shapeOf]).toEqual([0, 0, 0, 1, 2, 3, 4, 0]);
    expect(tables.shapeLabels.map(({ pool }) => pool)).toEqual(['x', 'y', 'x', undefined, 'z']);
  });

  it('tells a limit of 0 from none', () => {
    const tables = tablesOf({
      tiers: [],
      types: { one: gpuBox(1) },
      servers: [
        { id: 'a', type: 'one', cpuMilli: 0, memoryMiB: 0 },
        { id: 'b', type: 'one' },
      ],
    });
    expect([...tables.shapeCpuMilli]).toEqual([0, Number.POSITIVE_INFINITY]);
    expect([...tables.shapeMemoryMiB]).toEqual([0, Number.POSITIVE_INFINITY]);
  });

  it('takes two names of one machine for one, and two machines for two', () => {
    const box = topology('cert-2s-4gpu-switch').document;
    const shapesOf = (other: typeof box): number[] => [
      ...tablesOf({
        tiers: [],
        types: { x: box, y: other },
        servers: [
          { id: 'a', type: 'x' },
          { id: 'b', type: 'y' },
        ],
      }).shapeOf,
    ];
    const relinked = (change: object): typeof box => ({
      ...box,
      links: box.links.map((link, i) => (i === 0 ? { ...link, ...change } : link)),
    });
    expect(shapesOf(structuredClone(box))).toEqual([0, 0]);
    expect(
      shapesOf({ ...relinked({ source: 'elsewhere' }), name: 'y', title: 'Y', peerToPeer: true }),
    ).toEqual([0, 0]);
    expect(shapesOf(relinked({ bandwidthGBps: 7 }))).toEqual([0, 1]);
    expect(shapesOf(relinked({ medium: 'nvlink' }))).toEqual([0, 1]);
    expect(shapesOf({ ...box, peerToPeer: false })).toEqual([0, 1]);
  });

  it('says of every server what its document says', () => {
    fc.assert(
      fc.property(cluster, (document) => {
        const tables = tablesOf(document);
        let gpus = 0;
        const told = document.servers.map((entry, s) => {
          const shape = tables.shapeOf[s]!;
          expect(tables.gpuStart[s]).toBe(gpus);
          gpus += tables.shapeGpus[shape]!;
          const limit = (value: number): object => (value === Number.POSITIVE_INFINITY ? {} : { value });
          const cpu = limit(tables.shapeCpuMilli[shape]!) as { value?: number };
          const memory = limit(tables.shapeMemoryMiB[shape]!) as { value?: number };
          return {
            id: entry.id,
            type: String(tables.shapeGpus[shape]),
            gpuModel: tables.gpuModels[tables.shapeModel[shape]!],
            ...(cpu.value !== undefined && { cpuMilli: cpu.value }),
            ...(memory.value !== undefined && { memoryMiB: memory.value }),
          };
        });
        expect(told).toEqual(document.servers);
        expect(tables.gpuStart[tables.serverCount]).toBe(gpus);
        expect(tables.gpuCount).toBe(gpus);
        // No two shapes are alike.
        const shapes = Array.from(tables.shapeGpus, (count, shape) =>
          [count, tables.shapeModel[shape], tables.shapeCpuMilli[shape], tables.shapeMemoryMiB[shape]].join(),
        );
        expect(new Set(shapes).size).toBe(shapes.length);
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
