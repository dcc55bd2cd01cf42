import { describe, expect, it } from 'vitest';
import { nearestNics } from '../../../src/bandwidth/ports/nearest-nics.js';
import { topology } from '../../../src/catalogue/index.js';
import { smallServer } from '../small-server.js';

describe('nearestNics', () => {
  it('is the NIC below the same switch, for each GPU of a DGX H100', () => {
    const { nics, nearestTo, hangsOnGpus, farGpus } = nearestNics(topology('dgx-h100'));
    expect(nics).toEqual(['nic0', 'nic1', 'nic2', 'nic3', 'nic4', 'nic5', 'nic6', 'nic7']);
    expect([...nearestTo]).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
    expect(hangsOnGpus.includes(true)).toBe(false);
    expect(farGpus).toBe(0);
  });

  it('takes all that tie: two NICs of the NUMA node of a GB200 tray', () => {
    expect([...nearestNics(topology('gb200-nvl72-tray')).nearestTo]).toEqual([0b11, 0b11, 0b1100, 0b1100]);
  });

  it('takes a NIC on the other socket where there is no nearer one', () => {
    const { nearestTo, farGpus } = nearestNics(topology('azure-ndv2'));
    expect([...nearestTo]).toEqual([0xff]);
    expect(farGpus).toBe(0xf0);
  });

  it('takes a NIC that hangs on a GPU for SYS to all others, even on its NUMA node', () => {
    const { nearestTo, hangsOnGpus, farGpus } = nearestNics(topology('mi250x-frontier'));
    // GCDs 0, 2, 4, 6 have none, so all four tie; 1, 3, 5, 7 have their own.
    expect([...nearestTo]).toEqual([0b0101_0111, 0b0101_1101, 0b0111_0101, 0b1101_0101]);
    expect(hangsOnGpus).toEqual([true, true, true, true]);
    expect(farGpus).toBe(0b0101_0101);
  });

  it('has nothing to say of a server without NICs', () => {
    const { nics, nearestTo } = nearestNics(topology('ws-4x5090'));
    expect([...nics, ...nearestTo]).toEqual([]);
  });

  it('takes a NIC on the fabric for as near as one below the same switch', () => {
    const server = smallServer(
      ['sw0', 'gpu0', 'gpu1', 'nic0', 'nic1'],
      [
        ['sw0', 'gpu0', 'pcie', 1],
        ['sw0', 'gpu1', 'pcie', 1],
        ['sw0', 'nic0', 'pcie', 1],
        ['gpu0', 'nic1', 'nvlink', 1],
      ],
    );
    expect([...nearestNics(server).nearestTo]).toEqual([0b11, 0b01]);
  });
});
