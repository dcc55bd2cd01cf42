import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { podNeed } from '../../src/placement/pod-need.js';
import { request } from './random-cluster.js';

const MODELS = ['A', 'B', 'C'];

describe('podNeed', () => {
  it('counts whole GPUs by their number and shares as one kind', () => {
    expect(podNeed({ gpus: 4, cpuMilli: 5, memoryMiB: 6 }, MODELS)).toMatchObject({
      cpuMilli: 5,
      memoryMiB: 6,
      gpus: 4,
      gpuMilli: 1000,
      totalGpuMilli: 4000,
      residentColumn: 4,
      allowedModels: undefined,
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

  it('is the same for what asks for the same', () => {
    expect(podNeed({ gpuMilli: 1000 }, MODELS)).toEqual(podNeed({ gpus: 1 }, MODELS));
    expect(podNeed({ gpus: 0, cpuMilli: 0, memoryMiB: 0, gpuModels: [] }, MODELS)).toEqual(
      podNeed({}, MODELS),
    );
    expect(podNeed({ gpuModels: ['B', 'A', 'B'] }, MODELS)).toEqual(
      podNeed({ gpuModels: ['A', 'B'] }, MODELS),
    );
  });

  it('marks the models of the cluster that will do; a model nobody has is none of them', () => {
    expect(podNeed({ gpuModels: ['C', 'A', 'Z'] }, MODELS).allowedModels).toEqual(new Uint8Array([1, 0, 1]));
    expect(podNeed({ gpuModels: ['Z'] }, MODELS).allowedModels).toEqual(new Uint8Array(3));
    expect(podNeed({ gpuModels: ['A'] }, []).allowedModels).toEqual(new Uint8Array(0));
    // Letter by letter: no prefix, no other case.
    expect(podNeed({ gpuModels: ['a', 'AB', ''] }, MODELS).allowedModels).toEqual(new Uint8Array(3));
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
