import { describe, expect, it } from 'vitest';
import { topology } from '../../src/catalogue/index.js';
import { gpuSetTables } from '../../src/compile/gpu-set-tables.js';

const mask = (...gpus: number[]): number => gpus.reduce((m, gpu) => m | (1 << gpu), 0);

describe('leftoverValues', () => {
  it('is 1 for the empty server and 0 where nothing is free', () => {
    for (const name of ['dgx-h100', 'l40s-8-dual-root', 'dgx2'] as const) {
      const { value } = gpuSetTables(topology(name));
      expect(value.at(-1)).toBeCloseTo(1, 12);
      expect(value[0]).toBe(0);
    }
  });

  it('counts disjoint pairs, not the best one', () => {
    // Bridged pairs 0–1 and 2–3 at one bandwidth, all else through the host.
    const { value } = gpuSetTables(topology('azure-ncads-a100-v4'), { 2: 1 });
    expect(value[mask(0, 1)]).toBeCloseTo(0.5, 12);
    expect(value[mask(2, 3)]).toBeCloseTo(0.5, 12);
    expect(value[mask(0, 2)]).toBeLessThan(0.1);
  });

  it('counts a pair across the sockets for less than one on a switch, though it is as fast alone', () => {
    const { value, bandwidthGBps } = gpuSetTables(topology('l40s-8-dual-root'), { 2: 1 });
    expect(bandwidthGBps[mask(0, 4)]).toBe(bandwidthGBps[mask(0, 1)]);
    expect(value[mask(0, 4)]).toBeLessThan(value[mask(0, 1)]! / 2);
  });

  it('never falls when a GPU becomes free', () => {
    for (const name of ['dgx1-v100', 'l40s-8-cascade', 'rtxpro6000-8-pairs', 'mi250x-frontier'] as const) {
      const { value } = gpuSetTables(topology(name), { 1: 1, 2: 1, 3: 1, 5: 1 });
      for (let free = 0; free < 256; free++) {
        for (let gpu = 0; gpu < 8; gpu++) {
          const more = value[free | (1 << gpu)]!;
          if (more < value[free]! - 1e-12) expect(more, `${name} ${free} ${gpu}`).toBe(value[free]);
        }
      }
    }
  });
});
