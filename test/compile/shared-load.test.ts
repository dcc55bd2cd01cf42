import { describe, expect, it } from 'vitest';
import { type TopologyName, topology } from '../../src/catalogue/index.js';
import { gpuSetTables } from '../../src/compile/gpu-set-tables.js';
import type { ServerTopology } from '../../src/index.js';
import { smallServer } from '../bandwidth/small-server.js';

function load(server: ServerTopology | TopologyName, ...gpus: number[]): number {
  const tables = gpuSetTables(typeof server === 'string' ? topology(server) : server);
  return tables.sharedLoadGBps[gpus.reduce((mask, gpu) => mask | (1 << gpu), 0)]!;
}

describe('sharedLoads', () => {
  it('counts the links between two switches, both ways, and not those of the GPUs', () => {
    // 26.3 GB/s on switch – NUMA – socket – socket – NUMA – switch, each way.
    expect(load('l40s-8-dual-root', 0, 4)).toBeCloseTo(2 * 5 * 26.3, 9);
    expect(load('l40s-8-dual-root', 0, 1)).toBe(0);
    expect(load('l40s-8-dual-root', 0)).toBe(0);
  });

  it('is 0 for all GPUs together: there are no others', () => {
    for (const name of ['l40s-8-dual-root', 'dgx1-v100', 'dgx2', 'dgx-h100'] as const) {
      expect(load(name, ...topology(name).gpus.keys())).toBe(0);
    }
  });

  it('is 0 where NVLink carries a ring, also through GPUs that NVLink does not join directly', () => {
    // No NVLink joins 0 and 6, nor 2 and 4, but 0–2–6–4 is a ring of NVLinks.
    expect(load('dgx1-v100', 0, 2, 4, 6)).toBe(0);
    expect(load('dgx1-v100', 0, 1, 2, 3, 4, 5, 6)).toBe(0);
    // 4 is joined to 0 alone: a ring must go through the host.
    expect(load('dgx1-v100', 0, 2, 3, 4)).toBeGreaterThan(0);
    expect(load('dgx1-v100', 0, 5)).toBeGreaterThan(0);
  });

  it('does not count NVLinks between NVSwitches of two boards: they are one fabric and do not limit', () => {
    expect(load('dgx2', 0, 1)).toBe(0);
    expect(load('dgx2', 0, 8)).toBe(0);
  });

  it('leaves out a switch that only GPUs of the set reach, unless a NIC hangs there', () => {
    // Two switches below a third: gpu0, gpu1 on one, gpu2, gpu3 on the other.
    const tree = (more: readonly string[]): ServerTopology =>
      smallServer(
        ['numa0', 'sw0', 'sw1', 'sw2', 'gpu0', 'gpu1', 'gpu2', 'gpu3', ...more],
        [
          ['numa0', 'sw0', 'pcie', 10],
          ['sw0', 'sw1', 'pcie', 10],
          ['sw0', 'sw2', 'pcie', 10],
          ['sw1', 'gpu0', 'pcie', 10],
          ['sw1', 'gpu1', 'pcie', 10],
          ['sw2', 'gpu2', 'pcie', 10],
          ['sw2', 'gpu3', 'pcie', 10],
          ...more.map((nic) => ['sw1', nic, 'pcie', 10] as const),
        ],
      );
    // Of {0, 1, 2} the pairs 0–2 and 1–2 cross sw1–sw0, which gpu3 has no use for, and sw0–sw2, which it has;
    // three GPUs at 10 send 5 to each other one.
    expect(load(tree([]), 0, 1, 2)).toBeCloseTo(2 * 2 * 5, 9);
    expect(load(tree(['nic0']), 0, 1, 2)).toBeCloseTo(2 * 2 * 5 * 2, 9);
  });

  it('is 0 where nothing joins the GPUs', () => {
    expect(load(smallServer(['gpu0', 'gpu1', 'gpu2'], []), 0, 1)).toBe(0);
  });
});
