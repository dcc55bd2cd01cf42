import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import { setBandwidthGBps } from '../../src/compile/set-bandwidth.js';
import { collectiveBandwidth, serverTopology } from '../../src/index.js';
import { gpuBox } from '../placement/random-cluster.js';

const ordinals = (mask: number): number[] =>
  [0, 1, 2, 3, 4, 5, 6, 7].filter((gpu) => (mask & (1 << gpu)) !== 0);

describe('setBandwidthGBps', () => {
  it('is the optimal collective bandwidth of the set, for every mask, asked once or twice', () => {
    for (const name of ['dgx1-v100', 'l40s-8-dual-root'] as const) {
      const server = topology(name);
      for (let mask = 1; mask < 256; mask++) {
        const expected = collectiveBandwidth(server, ordinals(mask));
        expect(setBandwidthGBps(server, mask)).toBe(expected);
        expect(setBandwidthGBps(server, mask)).toBe(expected);
      }
    }
  });

  it('is Infinity below two GPUs and 0 for GPUs that nothing joins', () => {
    const server = serverTopology(gpuBox(4));
    expect([0, 1, 8].map((mask) => setBandwidthGBps(server, mask))).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(setBandwidthGBps(server, 0b1010)).toBe(0);
  });

  it('takes a server without GPUs', () => {
    expect(setBandwidthGBps(serverTopology(gpuBox(0)), 0)).toBe(Number.POSITIVE_INFINITY);
  });
});
