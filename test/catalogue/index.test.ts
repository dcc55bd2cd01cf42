import { describe, expect, it } from 'vitest';
import * as catalogue from '../../src/catalogue/index.js';

describe('the topologies entry', () => {
  it('exports the lookup and the builders', () => {
    expect(Object.keys(catalogue).sort()).toEqual([
      'dragonfly',
      'fatTree',
      'nvl72',
      'railOptimized',
      'superPod',
      'synthetic',
      'topology',
      'topologyNames',
    ]);
  });
});
