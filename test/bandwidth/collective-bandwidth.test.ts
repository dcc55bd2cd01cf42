import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type CollectiveAlgorithm, collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { topology } from '../../src/catalogue/index.js';
import { withFigures } from './figures.js';
import { SEED } from './small-server.js';

const ALGORITHMS: readonly CollectiveAlgorithm[] = ['optimal', 'ring', 'ring-search'];

describe('collectiveBandwidth', () => {
  it.each(ALGORITHMS)('of fewer than two GPUs is unlimited with %s', (algorithm) => {
    expect(collectiveBandwidth(topology('dgx-a100'), [], { algorithm })).toBe(Number.POSITIVE_INFINITY);
    expect(collectiveBandwidth(topology('dgx-a100'), [5], { algorithm })).toBe(Number.POSITIVE_INFINITY);
  });

  it('is optimal unless told otherwise', () => {
    const server = withFigures('l40s-8-dual-root', 'nccl');
    const gpus = [0, 1, 2, 3, 4, 5, 6, 7];
    expect(collectiveBandwidth(server, gpus)).toBe(
      collectiveBandwidth(server, gpus, { algorithm: 'optimal' }),
    );
    expect(collectiveBandwidth(server, gpus)).toBeGreaterThan(
      collectiveBandwidth(server, gpus, { algorithm: 'ring' }),
    );
  });

  it('knows ring by a second name', () => {
    const server = topology('dgx1-v100');
    for (const gpus of [
      [0, 3],
      [0, 1, 2, 5],
      [0, 1, 2, 3, 4, 5, 6, 7],
    ]) {
      expect(collectiveBandwidth(server, gpus, { algorithm: 'ring-search' })).toBe(
        collectiveBandwidth(server, gpus, { algorithm: 'ring' }),
      );
    }
  });

  it.each(ALGORITHMS)('does not depend on the order of the GPUs with %s', (algorithm) => {
    const server = topology('dgx1-v100');
    fc.assert(
      fc.property(fc.shuffledSubarray([0, 1, 2, 3, 4, 5, 6, 7]), (gpus) => {
        const sorted = [...gpus].sort((a, b) => a - b);
        expect(collectiveBandwidth(server, gpus, { algorithm })).toBe(
          collectiveBandwidth(server, sorted, { algorithm }),
        );
      }),
      { seed: SEED, numRuns: 100 },
    );
  });

  it.each([
    [
      [0, 8],
      ['gpus', 1],
    ],
    [[-1], ['gpus', 0]],
    [
      [0, 1.5],
      ['gpus', 1],
    ],
    [[Number.NaN], ['gpus', 0]],
    [
      [2, 3, 2],
      ['gpus', 2],
    ],
    [Object.assign(new Array(2), { 1: 1 }), ['gpus', 0]],
    [
      [0, 1n],
      ['gpus', 1],
    ],
    ['01', ['gpus']],
    [new Set([0, 1]), ['gpus']],
    [null, ['gpus']],
    [new Array(17).fill(0), ['gpus']],
    [new Array(1e6).fill(0), ['gpus']],
  ] as [never, (string | number)[]][])(
    'refuses what is no set of its GPUs, case %#, and says where',
    (gpus, path) => {
      expect(() => collectiveBandwidth(topology('dgx-a100'), gpus)).toThrow(
        expect.objectContaining({ code: 'invalid-option', path }),
      );
    },
  );

  it('says which GPUs there are, and which one comes twice', () => {
    const server = topology('dgx-a100');
    expect(() => collectiveBandwidth(server, [0, 8])).toThrow(
      'gpus[1]: no GPU 8: server "dgx-a100" has ordinals 0 to 7',
    );
    expect(() => collectiveBandwidth(server, [2, 3, 2])).toThrow('gpus[2]: GPU 2 is listed twice');
  });

  it('refuses an algorithm it does not know', () => {
    const algorithm = 'tree' as CollectiveAlgorithm;
    expect(() => collectiveBandwidth(topology('dgx-a100'), [0, 1], { algorithm })).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['options', 'algorithm'] }),
    );
  });
});
