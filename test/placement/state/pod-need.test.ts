import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topology } from '../../../src/catalogue/index.js';
import { type PlacementRequest, serverTopology } from '../../../src/index.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';
import { gpuBox, request } from '../random-cluster.js';

/** A cluster of three shapes, one per model, that bear no labels. */
const MODELS = shapes(['A', 'B', 'C']);

function shapes(
  gpuModels: readonly string[],
  shapeLabels: readonly Record<string, string>[] = gpuModels.map(() => ({})),
) {
  return { gpuModels, shapeModel: Int32Array.from(gpuModels.keys()), shapeLabels, shapeType: [] };
}

describe('podNeed', () => {
  it('counts whole GPUs by their number and shares as one kind', () => {
    expect(podNeed({ gpus: 4, cpuMilli: 5, memoryMiB: 6 }, MODELS)).toMatchObject({
      cpuMilli: 5,
      memoryMiB: 6,
      gpus: 4,
      gpuMilli: 1000,
      totalGpuMilli: 4000,
      residentColumn: 4,
      allowedShapes: undefined,
    });
    expect(podNeed({ gpuMilli: 300 }, MODELS)).toMatchObject({
      cpuMilli: 0,
      memoryMiB: 0,
      gpus: 1,
      gpuMilli: 300,
      totalGpuMilli: 300,
      residentColumn: 0,
    });
    expect(podNeed({}, MODELS)).toMatchObject({ gpus: 0, gpuMilli: 0, totalGpuMilli: 0, residentColumn: 0 });
  });

  it('knows where the GPUs of one pod are together, by shape, and leaves out types that do not say', () => {
    const tables = {
      ...shapes(['A', 'A', 'B']),
      shapeType: [topology('dgx-a100'), serverTopology(gpuBox(8)), topology('aws-p5.48xlarge')],
    };
    const sockets = [0b1111, 0b11110000];
    const need = podNeed({ gpus: 2, requirePerPod: 'socket' }, tables);
    expect(need).toMatchObject({ podGpus: 2, placeKinds: ['socket'], places: [sockets, [], sockets] });
    expect([...need.allowedShapes!]).toEqual([1, 0, 1]);
    expect(need.anywhere).toEqual(podNeed({ gpus: 2 }, tables));
    // One pod may say it as a level, and both kinds at once.
    expect(podNeed({ gpus: 2, require: 'socket' }, tables)).toEqual(need);
    const both = podNeed({ gpus: 2, require: 'socket', requirePerPod: 'numa', gpuModels: ['A'] }, tables);
    expect(both.places![0]).toEqual([0b11, 0b1100, 0b110000, 0b11000000]);
    expect([...both.allowedShapes!]).toEqual([1, 0, 0]);
    // What is preferred is a need beside the one that must be met.
    const rather = podNeed({ gpus: 2, prefer: 'socket' }, tables);
    expect([rather.places, rather.preferred]).toEqual([undefined, need]);
    expect(new Set([need.key, both.key, rather.key, rather.preferred!.key, need.anywhere!.key]).size).toBe(4);
  });

  it('asks nothing of places for one GPU, a share, or none', () => {
    const tables = { ...MODELS, shapeType: MODELS.gpuModels.map(() => serverTopology(gpuBox(1))) };
    for (const one of [{ gpus: 1 }, { gpuMilli: 300 }, { gpuMilli: 1000 }, { cpuMilli: 1 }]) {
      for (const place of [{ requirePerPod: 'numa' }, { require: 'socket' }, { prefer: 'numa' }] as const) {
        expect(podNeed({ ...one, ...place }, tables)).toEqual(podNeed(one, tables));
      }
    }
  });

  it('is the same for what asks for the same', () => {
    expect(podNeed({ gpuMilli: 1000 }, MODELS)).toEqual(podNeed({ gpus: 1 }, MODELS));
    expect(podNeed({ gpus: 0, cpuMilli: 0, memoryMiB: 0, gpuModels: [] }, MODELS)).toEqual(
      podNeed({}, MODELS),
    );
    expect(podNeed({ gpuModels: ['B', 'A', 'B'] }, MODELS)).toEqual(
      podNeed({ gpuModels: ['A', 'B'] }, MODELS),
    );
  });

  it('marks the shapes of the cluster whose model will do; a model nobody has is none of them', () => {
    expect(podNeed({ gpuModels: ['C', 'A', 'Z'] }, MODELS).allowedShapes).toEqual(new Uint8Array([1, 0, 1]));
    expect(podNeed({ gpuModels: ['Z'] }, MODELS).allowedShapes).toEqual(new Uint8Array(3));
    expect(podNeed({ gpuModels: ['A'] }, shapes([])).allowedShapes).toEqual(new Uint8Array(0));
    // Letter by letter: no prefix, no other case.
    expect(podNeed({ gpuModels: ['a', 'AB', ''] }, MODELS).allowedShapes).toEqual(new Uint8Array(3));
  });

  it('marks the shapes that bear every label with just this value, and the model too', () => {
    const tables = {
      gpuModels: ['A', 'B'],
      shapeModel: Int32Array.of(0, 0, 1, 1),
      shapeLabels: [{ pool: 'x', zone: '1' }, { pool: 'x' }, { pool: 'x', zone: '1' }, {}],
      shapeType: [],
    };
    const allowed = (request: PlacementRequest): number[] => [
      ...(podNeed(request, tables).allowedShapes ?? []),
    ];
    expect(allowed({ labels: { pool: 'x' } })).toEqual([1, 1, 1, 0]);
    expect(allowed({ labels: { pool: 'x', zone: '1' } })).toEqual([1, 0, 1, 0]);
    expect(allowed({ labels: { pool: 'x', zone: '1' }, gpuModels: ['B'] })).toEqual([0, 0, 1, 0]);
    expect(allowed({ labels: { pool: 'X' } })).toEqual([0, 0, 0, 0]);
    expect(allowed({ labels: {} })).toEqual([]);
    // What every object has is no label.
    expect(allowed({ labels: { toString: 'x' } })).toEqual([0, 0, 0, 0]);
  });

  it('says whether models alone decide, so that all servers of a kind are in or out', () => {
    const byKind = (request: PlacementRequest): boolean => podNeed(request, MODELS).byKind;
    expect([{}, { gpuModels: ['A'] }, { labels: {} }].map(byKind)).toEqual([true, true, true]);
    expect(byKind({ gpuModels: ['A'], labels: { pool: 'x' } })).toBe(false);
  });

  it('has equal keys exactly for equal needs', () => {
    fc.assert(
      fc.property(request, request, (one, other) => {
        const { key: a, ...needA } = podNeed(one, MODELS);
        const { key: b, ...needB } = podNeed(other, MODELS);
        expect(a === b).toBe(JSON.stringify(needA) === JSON.stringify(needB));
      }),
      { seed: 1, numRuns: 3000 },
    );
    fc.assert(
      fc.property(request, (wanted) => {
        const again = {
          ...wanted,
          ...(wanted.gpuModels !== undefined && { gpuModels: [...wanted.gpuModels].reverse() }),
        };
        expect(podNeed(again, MODELS).key).toBe(podNeed(wanted, MODELS).key);
      }),
      { seed: 1, numRuns: 300 },
    );
    const one = podNeed({ gpus: 1, cpuMilli: 11, memoryMiB: 1 }, MODELS);
    expect(podNeed({ gpus: 1, cpuMilli: 1, memoryMiB: 11 }, MODELS).key).not.toBe(one.key);
  });
});
