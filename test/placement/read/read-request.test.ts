import { describe, expect, it } from 'vitest';
import { readRequest } from '../../../src/placement/read/read-request.js';
import type { PlacementRequest } from '../../../src/placement/request/request.js';

describe('readRequest', () => {
  it.each<[string, PlacementRequest]>([
    ['nothing asked for', {}],
    ['fields that are undefined', { gpus: undefined, gpuMilli: undefined, gpuModels: undefined }],
    ['gpuMilli beside gpus: undefined', { gpus: undefined, gpuMilli: 1 }],
    ['the least of each', { gpus: 0, cpuMilli: 0, memoryMiB: 0, gpuModels: [] }],
    ['the most of each', { gpus: 16, cpuMilli: 2 ** 31 - 1, memoryMiB: 2 ** 31 - 1 }],
    ['the largest share', { gpuMilli: 1000 }],
    ['1024 models', { gpuModels: Array.from({ length: 1024 }, (_, i) => `m${i}`) }],
    ['models named like members of a prototype', { gpuModels: ['constructor', '__proto__'] }],
    ['the largest gang', { pods: 2 ** 20, podsMin: 2 ** 20 }],
    ['podsMin beside no pods', { podsMin: 1 }],
    ['fields of gangs that are undefined', { pods: undefined, podsMin: undefined, slice: undefined }],
    ['rules', { require: 'rack', prefer: 'server', slice: { pods: 2 ** 20, tier: 'rack' } }],
    ['a place for every pod', { pods: 3, requirePerPod: 'numa', require: 'rack' }],
    ['a place for the one pod', { pods: 1, require: 'socket', prefer: 'numa', requirePerPod: 'socket' }],
    ['no labels', { labels: {} }],
    ['labels of any name', { labels: JSON.parse('{"__proto__": "a", "constructor": ""}') }],
    ['1024 labels', { labels: Object.fromEntries(Array.from({ length: 1024 }, (_, i) => [`l${i}`, ''])) }],
    ['an object without a prototype', Object.assign(Object.create(null) as object, { gpus: 1 })],
  ])('takes %s', (_, request) => {
    expect(() => readRequest(request)).not.toThrow();
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
    ['no pods', { pods: 0 }, ['pods']],
    ['one pod too many', { pods: 2 ** 20 + 1 }, ['pods']],
    ['half a pod', { pods: 1.5 }, ['pods']],
    ['more pods at least than at most', { pods: 2, podsMin: 3 }, ['podsMin']],
    ['two pods at least of one', { podsMin: 2 }, ['podsMin']],
    ['no pods at least', { pods: 2, podsMin: 0 }, ['podsMin']],
    ['labels that are a list', { labels: ['a'] }, ['labels']],
    ['labels that are a text', { labels: 'a' }, ['labels']],
    ['null for labels', { labels: null }, ['labels']],
    ['a label that is a number', { labels: { a: '1', b: 2 } }, ['labels', 'b']],
    ['a label that is undefined', { labels: { a: undefined } }, ['labels', 'a']],
    [
      '1025 labels',
      { labels: Object.fromEntries(Array.from({ length: 1025 }, (_, i) => [`l${i}`, ''])) },
      ['labels'],
    ],
    ['a place for every pod that is a tier', { requirePerPod: 'rack' }, ['requirePerPod']],
    ['null for a place', { requirePerPod: null }, ['requirePerPod']],
    ['one socket for two pods', { pods: 2, require: 'socket' }, ['require']],
    ['one NUMA node rather, for up to two pods', { pods: 2, podsMin: 1, prefer: 'numa' }, ['prefer']],
    ['a required tier without a name', { require: '' }, ['require']],
    ['a required tier that is a number', { require: 1 }, ['require']],
    ['a preferred tier that is null', { prefer: null }, ['prefer']],
    ['slices that are a number', { slice: 2 }, ['slice']],
    ['slices that are a list', { slice: [2, 'rack'] }, ['slice']],
    ['null for slices', { slice: null }, ['slice']],
    ['slices of nothing', { slice: { pods: 0, tier: 'rack' } }, ['slice', 'pods']],
    ['slices of half a pod', { slice: { pods: 0.5, tier: 'rack' } }, ['slice', 'pods']],
    ['slices of too many pods', { slice: { pods: 2 ** 20 + 1, tier: 'rack' } }, ['slice', 'pods']],
    ['slices without pods', { slice: { tier: 'rack' } }, ['slice', 'pods']],
    ['slices without a tier', { slice: { pods: 2 } }, ['slice', 'tier']],
    ['slices of a tier without a name', { slice: { pods: 2, tier: '' } }, ['slice', 'tier']],
    ['an unknown field of slices', { slice: { pods: 2, tier: 'rack', size: 1 } }, ['slice', 'size']],
    ['a field of the prototype', Object.create({ gpu: 1 }), ['gpu']],
    ['a field named __proto__', JSON.parse('{"__proto__": 1}'), ['__proto__']],
    ['a field named constructor', { constructor: 1 }, ['constructor']],
  ])('refuses %s', (_, request, path) => {
    expect(() => readRequest(request as PlacementRequest)).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'invalid-request', path }),
    );
  });

  it('says what to do', () => {
    expect(() => readRequest({ gpu: 1 } as PlacementRequest)).toThrow(
      'gpu: unknown field: did you mean gpus, gpuMilli, gpuModels? There are pods, podsMin, gpus, gpuMilli, cpuMilli, memoryMiB, gpuModels, labels, require, prefer, requirePerPod, slice',
    );
    expect(() => readRequest({ gpus: 1.5 })).toThrow('gpus: expected an integer from 0 to 16, got 1.5');
    expect(() => readRequest({ gpus: 1, gpuMilli: 5 })).toThrow('not both');
  });
});
