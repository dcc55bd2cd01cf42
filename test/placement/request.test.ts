import { describe, expect, it } from 'vitest';
import { checkRequest, type PlacementRequest } from '../../src/placement/request.js';

describe('checkRequest', () => {
  it.each<[string, PlacementRequest]>([
    ['nothing asked for', {}],
    ['fields that are undefined', { gpus: undefined, gpuMilli: undefined, gpuModels: undefined }],
    ['gpuMilli beside gpus: undefined', { gpus: undefined, gpuMilli: 1 }],
    ['the least of each', { gpus: 0, cpuMilli: 0, memoryMiB: 0, gpuModels: [] }],
    ['the most of each', { gpus: 16, cpuMilli: 2 ** 31 - 1, memoryMiB: 2 ** 31 - 1 }],
    ['the largest share', { gpuMilli: 1000 }],
    ['1024 models', { gpuModels: Array.from({ length: 1024 }, (_, i) => `m${i}`) }],
    ['models named like members of a prototype', { gpuModels: ['constructor', '__proto__'] }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { gpus: 1 })],
  ])('takes %s', (_, request) => {
    expect(() => checkRequest(request)).not.toThrow();
  });

  it.each<[string, unknown, (string | number)[]]>([
    ['a text', 'gpus: 1', []],
    ['undefined', undefined, []],
    ['a function', () => 1, []],
    ['one GPU more than a server can have', { gpus: 17 }, ['gpus']],
    ['one milli-core too many', { cpuMilli: 2 ** 31 }, ['cpuMilli']],
    ['one MiB too many', { memoryMiB: 2 ** 31 }, ['memoryMiB']],
    ['a share of nothing', { gpuMilli: 0 }, ['gpuMilli']],
    ['a share beyond one GPU', { gpuMilli: 1001 }, ['gpuMilli']],
    ['half a thousandth', { gpuMilli: 0.5 }, ['gpuMilli']],
    ['null for a number', { gpus: null }, ['gpus']],
    ['a bigint', { gpus: 1n }, ['gpus']],
    ['no GPU and a share', { gpus: 0, gpuMilli: 1 }, ['gpuMilli']],
    ['null for a list', { gpuModels: null }, ['gpuModels']],
    ['1025 models', { gpuModels: new Array(1025).fill('A') }, ['gpuModels']],
    ['a blank model', { gpuModels: ['A', ''] }, ['gpuModels', 1]],
    ['a field of the prototype', Object.create({ gpu: 1 }), ['gpu']],
    ['a field named __proto__', JSON.parse('{"__proto__": 1}'), ['__proto__']],
    ['a field named constructor', { constructor: 1 }, ['constructor']],
  ])('refuses %s', (_, request, path) => {
    expect(() => checkRequest(request as PlacementRequest)).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-request', path }),
    );
  });

  it('says what to do', () => {
    expect(() => checkRequest({ gpu: 1 } as PlacementRequest)).toThrow(
      'gpu: unknown field: a request has gpus, gpuMilli, cpuMilli, memoryMiB, gpuModels',
    );
    expect(() => checkRequest({ gpus: 1.5 })).toThrow('gpus: expected an integer from 0 to 16, got 1.5');
    expect(() => checkRequest({ gpus: 1, gpuMilli: 5 })).toThrow('not both');
  });
});
