import { describe, expect, it } from 'vitest';
import { gangOf, isCounted, Levels, SERVER, timesNeed } from '../../../src/placement/gangs/gang.js';
import { podNeed } from '../../../src/placement/state/pod-need.js';

const SHAPES = {
  gpuModels: ['A', 'B'],
  shapeModel: Int32Array.of(0, 1),
  shapeLabels: [{ pool: 'x' }, {}],
  shapeType: [],
};
const levels = new Levels(['zone', 'block', 'rack']);

describe('Levels', () => {
  it('count from the server, -1, over the tiers from the narrowest to the whole cluster', () => {
    const names = ['server', 'rack', 'block', 'zone', 'cluster'];
    expect(names.map((name) => levels.levelOf(name, []))).toEqual([SERVER, 0, 1, 2, 3]);
    expect([SERVER, 0, 1, 2, 3].map((level) => levels.nameOf(level))).toEqual(names);
    expect(levels.last).toBe(3);
    expect(new Levels([]).last).toBe(0);
    expect(new Levels([]).nameOf(0)).toBe('cluster');
  });

  it('name all there are where one is unknown', () => {
    expect(() => levels.levelOf('row', ['require'])).toThrow(
      expect.objectContaining({ name: 'CorralError', code: 'unknown-reference', path: ['require'] }),
    );
    expect(() => levels.levelOf('row', [])).toThrow('"server", "rack", "block", "zone", "cluster"');
    // A name of a prototype is no tier.
    expect(() => levels.levelOf('constructor', [])).toThrow('no tier');
  });
});

describe('gangOf', () => {
  const need = podNeed({ gpus: 2 }, SHAPES);

  it('is one pod anywhere where nothing else is said', () => {
    expect(gangOf({}, need, levels)).toEqual({
      need,
      pods: 1,
      podsMin: 1,
      requireLevel: 3,
      preferLevel: 3,
      slicePods: 1,
      sliceLevel: SERVER,
    });
  });

  it('takes podsMin for pods where it is absent, and levels by their names', () => {
    const slice = { pods: 4, tier: 'rack' };
    expect(gangOf({ pods: 9, require: 'block', prefer: 'server', slice }, need, levels)).toEqual({
      need,
      pods: 9,
      podsMin: 9,
      requireLevel: 1,
      preferLevel: SERVER,
      slicePods: 4,
      sliceLevel: 0,
    });
    expect(gangOf({ pods: 9, podsMin: 2 }, need, levels)).toMatchObject({ pods: 9, podsMin: 2 });
  });

  it.each([
    ['require', { require: 'row' }, ['require']],
    ['prefer', { prefer: 'row' }, ['prefer']],
    ['slice', { slice: { pods: 1, tier: 'row' } }, ['slice', 'tier']],
  ])('refuses an unknown tier in %s, saying where', (_, request, path) => {
    expect(() => gangOf(request, need, levels)).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path }),
    );
  });
});

describe('timesNeed', () => {
  it('asks for everything as often, and for the same servers', () => {
    const need = podNeed({ gpus: 2, cpuMilli: 5, memoryMiB: 7, gpuModels: ['A'] }, SHAPES);
    const times = timesNeed(need, 3);
    expect(times).toMatchObject({
      cpuMilli: 15,
      memoryMiB: 21,
      gpus: 6,
      gpuMilli: 1000,
      totalGpuMilli: 6000,
    });
    expect(times.allowedShapes).toBe(need.allowedShapes);
    expect(new Set([need.key, times.key, timesNeed(need, 2).key]).size).toBe(3);
  });
});

describe('isCounted', () => {
  it.each([
    [true, { gpus: 1 }],
    [true, { gpus: 4, gpuModels: ['A'] }],
    [true, { gpuMilli: 1000 }],
    [false, {}],
    [false, { gpuMilli: 999 }],
    [false, { gpus: 1, cpuMilli: 1 }],
    [false, { gpus: 1, memoryMiB: 1 }],
    [false, { gpus: 1, labels: { pool: 'x' } }],
  ])('is %s for %o', (expected, request) => {
    expect(isCounted(podNeed(request, SHAPES))).toBe(expected);
  });
});
