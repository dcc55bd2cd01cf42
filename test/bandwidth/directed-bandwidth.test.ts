import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { topology } from '../../src/catalogue/index.js';
import { referenceBandwidth } from '../../src/check/index.js';
import { route } from '../../src/topology/route.js';
import { members } from './figures.js';
import { arbitraryMultiSocketServer, chain, gpusOn, mesh, multiSocketServer } from './multi-socket-server.js';
import { SEED } from './small-server.js';

describe('optimal over several sockets', () => {
  it.each([
    ['mesh of 3', [2, 2, 2], mesh(3), { '01': 22, '012': 44, '001': 22, '0011': 33, '001122': 48 }],
    ['mesh of 4', [2, 2, 2, 2], mesh(4), { '01': 22, '012': 44, '0123': 48, '0011': 33, '00112233': 48 }],
    ['mesh of 8', [1, 1, 1, 1, 1, 1, 1, 1], mesh(8), { '01': 22, '37': 22, '246': 44, '1357': 48 }],
    ['chain of 3', [2, 2, 2], chain(3), { '02': 22, '012': 22, '001122': 27.5 }],
    ['chain of 4', [2, 2, 2, 2], chain(4), { '0123': 22, '00112233': 77 / 3 }],
    [
      'ring of 4',
      [2, 2, 2, 2],
      [...chain(4), [0, 3]],
      { '01': 22, '02': 22, '03': 22, '12': 22, '13': 22, '23': 22, '012': 22, '0123': 44, '0011': 33 },
    ],
  ] as [string, number[], [number, number][], Record<string, number>][])(
    'takes no detour through a third socket: %s',
    (_, gpusPerSocket, pairs, expected) => {
      const server = multiSocketServer(gpusPerSocket, pairs);
      for (const [sockets, gbps] of Object.entries(expected)) {
        const gpus = gpusOn(gpusPerSocket, sockets);
        expect(collectiveBandwidth(server, gpus), sockets).toBeCloseTo(gbps, 9);
        expect(referenceBandwidth(server, gpus), sockets).toBeCloseTo(gbps, 6);
        const ring = collectiveBandwidth(server, gpus, { algorithm: 'ring' });
        expect(ring).toBeLessThanOrEqual(gbps * (1 + 1e-12));
      }
    },
  );

  it('goes through a third socket where the route between two does, and never beside it', () => {
    const server = multiSocketServer([1, 1, 1], chain(3));
    expect(route(server, 'gpu0', 'gpu2').devices).toEqual([
      'gpu0',
      'numa0',
      'socket0',
      'socket1',
      'socket2',
      'numa2',
      'gpu2',
    ]);
  });

  it('agrees with the programme over every permitted path on random servers, and is never below ring', () => {
    fc.assert(
      fc.property(arbitraryMultiSocketServer(), (server) => {
        for (let mask = 0; mask < 2 ** server.gpus.length; mask++) {
          const gpus = members(mask);
          const fast = collectiveBandwidth(server, gpus);
          const slow = referenceBandwidth(server, gpus);
          if (fast !== slow)
            expect(Math.abs(fast - slow), `${gpus}: ${fast}, ${slow}`).toBeLessThan(1e-7 * slow);
          const ring = collectiveBandwidth(server, gpus, { algorithm: 'ring' });
          expect(ring, `${gpus}`).toBeLessThanOrEqual(fast * (1 + 1e-9));
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  }, 120_000);

  it('leaves an MI300A node, whose fabric joins all sets, as it was', () => {
    const server = topology('mi300a-4');
    expect(collectiveBandwidth(server, [0, 1])).toBeCloseTo(108.8, 9);
    expect(collectiveBandwidth(server, [0, 1, 2, 3])).toBeCloseTo(3 * 108.8, 9);
  });
});
