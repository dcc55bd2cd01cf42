import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../src/arbitraries/index.js';
import { nicBandwidthOfMask } from '../../src/bandwidth/nic-bandwidth.js';
import { topology, topologyNames } from '../../src/catalogue/index.js';
import { nicBandwidths } from '../../src/compile/nic-bandwidths.js';
import { type ServerTopology, serverTopology } from '../../src/index.js';

function expectSame(server: ServerTopology, masks: Iterable<number>): void {
  const figures = nicBandwidths(server);
  for (const mask of masks) expect(figures[mask]).toBeCloseTo(nicBandwidthOfMask(server, mask), 9);
}

describe('nicBandwidths', () => {
  it('is the bandwidth of each set by itself, whichever GPUs are interchangeable', () => {
    for (const name of topologyNames.filter((n) => topology(n).gpus.length <= 8)) {
      const server = topology(name);
      expectSame(server, Array(2 ** server.gpus.length).keys());
    }
    // Every 97th mask of 16 GPUs.
    expectSame(
      topology('dgx2'),
      [...Array(676).keys()].map((i) => i * 97),
    );
  });

  it('also on random servers', () => {
    fc.assert(
      fc.property(serverDocument(), (document) => {
        const server = serverTopology(document);
        expectSame(server, Array(2 ** server.gpus.length).keys());
      }),
      { seed: 1, numRuns: 200 },
    );
  });
});
