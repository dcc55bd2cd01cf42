import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../../src/bandwidth/collective-bandwidth.js';
import { optimalBandwidth } from '../../../src/bandwidth/optimal.js';
import { topology } from '../../../src/catalogue/index.js';
import { referenceBandwidth } from '../../../src/check/index.js';
import { networkOf } from '../../../src/topology/network.js';
import { route } from '../../../src/topology/route.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { members } from '../figures.js';
import { FlowProgramme } from '../flow-programme.js';
import {
  arbitraryMultiSocketServer,
  chain,
  gpusOn,
  mesh,
  multiSocketServer,
} from '../multi-socket-server.js';
import { SEED } from '../small-server.js';

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

  it('agrees with HiGHS on random servers and where routes load links jointly', async () => {
    const programme = await FlowProgramme.load();
    const compare = (server: ServerTopology): void => {
      for (let mask = 0; mask < 2 ** server.gpus.length; mask++) {
        const gpus = members(mask);
        const ours = collectiveBandwidth(server, gpus);
        const theirs = programme.optimal(server, gpus);
        if (ours !== theirs) {
          expect(Math.abs(ours - theirs), `${gpus}: ${ours}, ${theirs}`).toBeLessThan(1e-6 * theirs + 1e-9);
        }
      }
    };
    compare(multiSocketServer([2, 2, 2], mesh(3)));
    compare(multiSocketServer([2, 2, 2], chain(3)));
    compare(multiSocketServer([2, 1, 1, 2], [...chain(4), [0, 3]]));
    compare(multiSocketServer([1, 1, 1, 1, 1], [...chain(5), [0, 4]]));
    for (const server of fc.sample(arbitraryMultiSocketServer({ isPlain: true }), {
      seed: SEED,
      numRuns: 60,
    })) {
      compare(server);
    }
  }, 120_000);

  it('takes all sets of 16 GPUs in seconds, and is quicker where sockets are alike', () => {
    for (const [server, budgetMs] of [
      [multiSocketServer(new Array(4).fill(4), mesh(4)), 2000],
      [multiSocketServer(new Array(4).fill(4), [...chain(4), [0, 3]]), 2000],
      [multiSocketServer(new Array(16).fill(1), mesh(16)), 3000],
    ] as const) {
      const begin = performance.now();
      let largest = 0;
      for (let mask = 3; mask < 2 ** 16; mask++) {
        const gbps = optimalBandwidth(networkOf(server), mask);
        if (gbps < Number.POSITIVE_INFINITY) largest = Math.max(largest, gbps);
      }
      expect(largest).toBeCloseTo(48, 9);
      expect(performance.now() - begin).toBeLessThan(budgetMs);
    }
  }, 60_000);

  it('leaves an MI300A node, whose fabric joins all sets, as it was', () => {
    const server = topology('mi300a-4');
    expect(collectiveBandwidth(server, [0, 1])).toBeCloseTo(108.8, 9);
    expect(collectiveBandwidth(server, [0, 1, 2, 3])).toBeCloseTo(3 * 108.8, 9);
  });
});
