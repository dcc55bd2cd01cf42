import { describe, expect, it } from 'vitest';
import { bestFit, dotProduct, gpuClustering } from '../../src/policies/index.js';
import { scales } from '../../src/policies/scales.js';

const context = { gpuModels: ['A'], cpuMilliMax: 1000, gpuMilliMax: 16_000, workload: undefined };

describe('scales', () => {
  it('are those of the openb cluster, or of larger servers', () => {
    expect(scales(context)).toEqual({ cpuMilli: 128_000, gpuMilli: 16_000 });
    expect(scales({ ...context, cpuMilliMax: 256_000, gpuMilliMax: 0 })).toEqual({
      cpuMilli: 256_000,
      gpuMilli: 8000,
    });
  });

  it.each([bestFit(), dotProduct(), gpuClustering()])(
    'refuse capacities that are no numbers: $name',
    (policy) => {
      for (const gpuMilliMax of [null, '8000', Number.NaN, -1, 8000n, Symbol('s')]) {
        expect(() => policy.prepare({ ...context, gpuMilliMax: gpuMilliMax as never })).toThrow(
          expect.objectContaining({ code: 'invalid-option', path: ['context', 'gpuMilliMax'] }),
        );
      }
    },
  );
});
