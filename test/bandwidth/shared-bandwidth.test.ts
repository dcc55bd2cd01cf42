import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { sharedBandwidth } from '../../src/bandwidth/shared-bandwidth.js';
import { topology, topologyNames } from '../../src/catalogue/index.js';
import { members, withFigures } from './figures.js';
import { arbitraryServer, SEED, smallServer } from './small-server.js';

describe('sharedBandwidth', () => {
  describe('of two jobs on a PCIe Gen5 server with two GPUs per socket behind a switch', () => {
    const aligned = [
      [0, 1],
      [2, 3],
    ];
    const straddling = [
      [0, 2],
      [1, 3],
    ];

    it('gives each at least 50 GB/s if each has its own socket, and at most half of that if both straddle', () => {
      const server = topology('cert-2s-4gpu-switch');
      const apart = sharedBandwidth(server, aligned);
      const across = sharedBandwidth(server, straddling);
      for (const gbps of apart) expect(gbps).toBeGreaterThanOrEqual(50);
      for (const gbps of across) {
        expect(gbps).toBeGreaterThan(0);
        expect(gbps).toBeLessThanOrEqual(apart[0]! / 2);
      }
      expect(across[0]).toBe(across[1]);
      // Alone across the sockets a job is held by the socket link too, but does not have to share it.
      expect(sharedBandwidth(server, [[0, 2]])[0]).toBeGreaterThan(across[0]!);
    });

    it("leaves a straddling job a third or less with NCCL's constants", () => {
      const server = withFigures('cert-2s-4gpu-switch', 'nccl');
      const apart = sharedBandwidth(server, aligned);
      const across = sharedBandwidth(server, straddling);
      expect(apart).toEqual([48, 48]);
      expect(across).toEqual([8, 8]);
      expect(across[0]).toBeLessThanOrEqual(apart[0]! / 3);
    });
  });

  it.each(topologyNames)('gives one group alone on %s its ring bandwidth', (name) => {
    const server = topology(name);
    const step = server.gpus.length > 8 ? 997 : 7;
    for (let mask = 1; mask < 2 ** server.gpus.length; mask += step) {
      const ring = collectiveBandwidth(server, members(mask), { algorithm: 'ring' });
      const [alone] = sharedBandwidth(server, [members(mask)]);
      if (alone !== ring) expect(Math.abs(alone! / ring - 1)).toBeLessThan(1e-9);
    }
  });

  it('never gives a group more than it has alone, and exactly that where no link is shared', () => {
    fc.assert(
      fc.property(
        arbitraryServer({ caps: true }),
        fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 6, maxLength: 6 }),
        (server, groupOf) => {
          const groups = [0, 1, 2].map((group) =>
            server.gpus.flatMap((_, i) => (groupOf[i] === group ? [i] : [])),
          );
          const together = sharedBandwidth(server, groups);
          groups.forEach((gpus, i) => {
            const alone = collectiveBandwidth(server, gpus, { algorithm: 'ring' });
            if (alone === together[i]) return;
            expect(together[i]).toBeLessThanOrEqual(alone * (1 + 1e-9));
          });
        },
      ),
      { seed: SEED, numRuns: 200 },
    );
  }, 60_000);

  it('does not let groups behind one NVSwitch disturb each other', () => {
    const server = topology('dgx-h100');
    const alone = collectiveBandwidth(server, [0, 1, 2, 3], { algorithm: 'ring' });
    expect(
      sharedBandwidth(server, [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
      ]),
    ).toEqual([alone, alone]);
  });

  it('gives all links of a full mesh of four to one group', () => {
    const server = topology('hgx-a100-4gpu');
    expect(sharedBandwidth(server, [[0, 1, 2, 3]])[0]).toBeCloseTo(272.4, 9);
    // Two groups over the same links: half each.
    const [a, b] = sharedBandwidth(server, [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ]);
    expect(a).toBeCloseTo(136.2, 9);
    expect(b).toBeCloseTo(136.2, 9);
  });

  it('shares the links of a GPU that is in two groups', () => {
    const server = topology('dgx-h100');
    const [alone] = sharedBandwidth(server, [[0, 1]]);
    const [first, second] = sharedBandwidth(server, [
      [0, 1],
      [0, 2],
    ]);
    expect(first).toBeCloseTo(alone! / 2, 9);
    expect(second).toBeCloseTo(alone! / 2, 9);
  });

  it('uses each direction of a link separately', () => {
    // gpu0 > gpu1 > gpu2 > gpu0 crosses the uplink once up and once down: both at 30.
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'sw0', 'sw1'],
      [
        ['gpu0', 'sw0', 'pcie', 50],
        ['gpu1', 'sw0', 'pcie', 50],
        ['gpu2', 'sw1', 'pcie', 50],
        ['sw0', 'sw1', 'pcie', 30],
      ],
    );
    expect(sharedBandwidth(server, [[0, 1, 2]])).toEqual([30]);
  });

  it('keeps each pair under a per-flow cap while the link carries more in all', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'gpu3', 'numa0', 'numa1'],
      [
        ['gpu0', 'numa0', 'pcie', 55],
        ['gpu1', 'numa0', 'pcie', 55],
        ['gpu2', 'numa1', 'pcie', 55],
        ['gpu3', 'numa1', 'pcie', 55],
        ['numa0', 'numa1', 'socket', 60, 39],
      ],
    );
    expect(sharedBandwidth(server, [[0, 2]])).toEqual([39]);
    expect(
      sharedBandwidth(server, [
        [0, 2],
        [1, 3],
      ]),
    ).toEqual([30, 30]);
  });

  it('gives Infinity to a group of fewer than two GPUs and 0 to one that nothing joins', () => {
    const server = smallServer(['gpu0', 'gpu1'], []);
    expect(sharedBandwidth(server, [[0], [], [0, 1]])).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      0,
    ]);
  });

  it('does not depend on the order of groups or GPUs', () => {
    const server = topology('l40s-8-dual-root');
    const groups = [
      [0, 4],
      [1, 5, 2],
      [3, 6],
    ];
    const [a, b, c] = sharedBandwidth(server, groups);
    expect(
      sharedBandwidth(server, [
        [6, 3],
        [4, 0],
        [2, 1, 5],
      ]),
    ).toEqual([c, a, b]);
  });

  it.each([
    [
      [
        [0, 1],
        [2, 99],
      ],
      ['groups', 1, 1],
    ],
    [[[0, 0]], ['groups', 0, 1]],
    // A hole counts in the length, but no walk over a list comes by it.
    [Object.assign(new Array(2), { 1: [0, 1] }), ['groups', 0]],
    [[new Array(2)], ['groups', 0, 0]],
    [
      [[0, 1], null],
      ['groups', 1],
    ],
    [
      [[0, 1], '01'],
      ['groups', 1],
    ],
    [
      [[0, 1], { length: 1, 0: 0 }],
      ['groups', 1],
    ],
    [[[0, 1n]], ['groups', 0, 1]],
    [
      [0, 1],
      ['groups', 0],
    ],
    ['01', ['groups']],
    [new Array(257).fill([0, 1]), ['groups']],
    [new Array(1e6).fill([0, 1]), ['groups']],
    [[new Array(1e6).fill(0)], ['groups', 0]],
  ] as [never, (string | number)[]][])(
    'refuses what is no list of sets, case %#, and says where',
    (groups, path) => {
      expect(() => sharedBandwidth(topology('dgx-h100'), groups)).toThrow(
        expect.objectContaining({ code: 'invalid-option', path }),
      );
    },
  );
});
