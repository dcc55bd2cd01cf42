import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../src/arbitraries/index.js';
import { nicBandwidthOfMask } from '../../src/bandwidth/ports/nic-bandwidth.js';
import { topology, topologyNames } from '../../src/catalogue/index.js';
import { nicBandwidths } from '../../src/compile/nic-bandwidths.js';
import { type ServerTopology, serverTopology } from '../../src/index.js';
import { type ShortLink, smallServer } from '../bandwidth/small-server.js';

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
      fc.property(serverDocument({ socketsMax: 4 }), (document) => {
        const server = serverTopology(document);
        expectSame(server, Array(2 ** server.gpus.length).keys());
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('tells GPUs apart that a cut would not, but the routes between sockets do', () => {
    // Socket 1 hangs on socket 0 by a link as narrow as the one of GPU 0. From 0 to 2 the route leads over 3, from 1 it does
    // not: with the first link of 5 GB/s that of 5 from 0 to 2 is as wide, and shorter.
    const server = smallServer(
      ['socket0', 'socket1', 'socket2', 'socket3', 'gpu0', 'gpu1', 'gpu2', 'nic0'],
      [
        ['socket0', 'socket1', 'socket', 5],
        ['socket0', 'socket2', 'socket', 5],
        ['socket0', 'socket3', 'socket', 22],
        ['socket2', 'socket3', 'socket', 22],
        ['gpu0', 'socket0', 'pcie', 5],
        ['gpu1', 'socket1', 'pcie', 48],
        ['gpu2', 'socket3', 'pcie', 48],
        ['nic0', 'socket2', 'pcie', 100],
      ],
    );
    const figures = nicBandwidths(server);
    expectSame(server, Array(8).keys());
    // GPU 0 and GPU 2 share the link from 3 to 2; GPU 1 has the one from 0 for itself.
    expect(figures[0b101]).toBeCloseTo(22, 9);
    expect(figures[0b110]).toBeCloseTo(27, 9);
  });

  it('of 16 GPUs with NICs of their own on a ring of four sockets takes no linear programme per set', () => {
    const places = Array.from({ length: 16 }, (_, gpu) => gpu >> 2);
    const ids = places.flatMap((_, i) => [`sw${i}`, `gpu${i}`, `nic${i}`]);
    const server = smallServer(
      ['socket0', 'socket1', 'socket2', 'socket3', ...ids],
      [
        ['socket0', 'socket1', 'socket', 22],
        ['socket1', 'socket2', 'socket', 22],
        ['socket2', 'socket3', 'socket', 22],
        ['socket0', 'socket3', 'socket', 22],
        ...places.flatMap((socket, i): ShortLink[] => [
          [`sw${i}`, `socket${socket}`, 'pcie', 48],
          [`gpu${i}`, `sw${i}`, 'pcie', 48],
          [`nic${i}`, `sw${i}`, 'pcie', 48],
        ]),
      ],
    );
    const figures = nicBandwidths(server);
    expect(figures[2 ** 16 - 1]).toBeCloseTo(16 * 48, 6);
    expect(figures[0b1000_0000_0000_0001]).toBeCloseTo(2 * 48, 6);
  }, 20_000);
});
