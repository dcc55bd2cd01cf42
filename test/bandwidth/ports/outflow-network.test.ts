import { describe, expect, it } from 'vitest';
import { outflowNetwork } from '../../../src/bandwidth/ports/outflow-network.js';
import { topology } from '../../../src/catalogue/index.js';

describe('outflowNetwork', () => {
  it('joins the ports of one place that the same GPUs use', () => {
    // A p5 has four ports of 12.5 GB/s on the switch of each GPU.
    const { outlets } = outflowNetwork(topology('aws-p5.48xlarge'));
    expect(outlets.map(({ GBps }) => GBps)).toEqual(Array(8).fill(50));
    expect(outlets.map(({ nearestTo }) => nearestTo)).toEqual([1, 2, 4, 8, 16, 32, 64, 128]);
  });

  it('takes the least of port and link', () => {
    // Gaudi 3: ports of 75 GB/s behind links of 63.75; DGX H100: ports of 50 behind links of 55.4.
    expect(outflowNetwork(topology('gaudi3-hls3')).outlets[0]!.GBps).toBe(63.75);
    expect(outflowNetwork(topology('dgx-h100')).outlets[0]!.GBps).toBe(50);
  });

  it('has a side for each GPU that NICs hang on, and what others may send through it', () => {
    const { owners, lent, fromGpu, vertexCount } = outflowNetwork(topology('mi250x-frontier'));
    const sideOf1 = owners.indexOf(1);
    expect([...owners].filter((owner) => owner >= 0)).toEqual([1, 3, 5, 7]);
    // GCD 0 shares the package with 1; 2, 4 and 6 have no link to it; 3 and 5 have NICs of their own.
    expect([0, 1, 2, 3, 4, 5, 6, 7].map((gpu) => lent[gpu * vertexCount + sideOf1])).toEqual([
      144, 0, 0, 0, 0, 0, 0, 0,
    ]);
    expect(fromGpu[1 * vertexCount + sideOf1]).toBe(25);
  });

  it('is built once', () => {
    expect(outflowNetwork(topology('dgx-h100'))).toBe(outflowNetwork(topology('dgx-h100')));
  });
});
