import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { referenceNicBandwidth } from '../../src/check/bandwidth/reference-nic-bandwidth.js';
import { referenceBandwidth, referenceRoute } from '../../src/check/index.js';
import {
  type CorralError,
  collectiveBandwidth,
  nicBandwidth,
  route,
  type ServerTopology,
  serverTopology,
  sharedBandwidth,
} from '../../src/index.js';
import { arbitraryMultiSocketServer } from './multi-socket-server.js';
import { arbitraryServer, SEED, smallServer } from './small-server.js';

/** Bandwidths between the least and the greatest of a document, GB/s; the ends often. */
const figure = fc.oneof(
  fc.constantFrom(1e-6, 2e-6, 1, 5e8, 1e9),
  fc
    .double({ min: Math.log(1e-6), max: Math.log(1e9), noNaN: true })
    .map((x) => Math.min(1e9, Math.max(1e-6, Math.exp(x)))),
);

/** Servers of the one kind with figures of the other. */
function withFigures(servers: fc.Arbitrary<ServerTopology>): fc.Arbitrary<ServerTopology> {
  return fc.tuple(servers, fc.array(figure, { minLength: 64, maxLength: 64 })).map(([server, figures]) => {
    let used = 0;
    const next = (): number => figures[used++ % figures.length]!;
    return serverTopology({
      ...server.document,
      devices: server.document.devices.map((device) =>
        device.portGBps === undefined ? device : { ...device, portGBps: next() },
      ),
      links: server.document.links.map((link) => ({
        ...link,
        bandwidthGBps: next(),
        ...(link.flowCapGBps !== undefined && { flowCapGBps: next() }),
      })),
    });
  });
}

/** The same server with links of 1 GB/s. */
function withOne(server: ServerTopology): ServerTopology {
  const links = server.document.links.map((link) => ({ ...link, bandwidthGBps: 1, flowCapGBps: 1 }));
  return serverTopology({ ...server.document, links });
}

/** Sets of GPUs for which two ways to find a figure differ by more than a billionth. */
function unlike(
  server: ServerTopology,
  one: (gpus: readonly number[]) => number,
  other: (gpus: readonly number[]) => number,
): string[] {
  const found: string[] = [];
  for (let mask = 1; mask < 2 ** server.gpus.length; mask++) {
    const gpus = [...server.gpus.keys()].filter((gpu) => ((mask >>> gpu) & 1) === 1);
    const [a, b] = [one(gpus), other(gpus)];
    if (a !== b && !(Math.abs(a - b) <= 1e-9 * b)) found.push(`${gpus}: ${a}, not ${b}`);
  }
  return found;
}

function widthOf(server: ServerTopology, from: string, to: string): number | undefined {
  try {
    return route(server, from, to).bandwidthGBps;
  } catch (error) {
    expect((error as CorralError).code).toBe('invalid-option');
    return undefined;
  }
}

const KINDS: readonly (readonly [string, fc.Arbitrary<ServerTopology>, number])[] = [
  ['with any links among switches, GPUs and NICs', arbitraryServer({ caps: true }), 150],
  ['of several sockets', arbitraryMultiSocketServer({ isPlain: true }), 100],
];

describe.each(KINDS)('figures from 1e-6 to 1e9 GB/s in one server, %s', (_, servers, numRuns) => {
  const check = (property: (server: ServerTopology) => void): void => {
    fc.assert(fc.property(withFigures(servers), property), { seed: SEED, numRuns });
  };

  it('give the bandwidth of the smallest cut', () => {
    check((server) => {
      expect(
        unlike(
          server,
          (gpus) => collectiveBandwidth(server, gpus),
          (gpus) => referenceBandwidth(server, gpus),
        ),
      ).toEqual([]);
    });
  }, 60_000);

  it('give what leaves the server', () => {
    check((server) => {
      expect(
        unlike(
          server,
          (gpus) => nicBandwidth(server, gpus),
          (gpus) => referenceNicBandwidth(server, gpus),
        ),
      ).toEqual([]);
    });
  }, 60_000);

  it('give rings that do not exceed it, and are shared as they are alone', () => {
    check((server) => {
      const gpus = [...server.gpus.keys()];
      const optimal = collectiveBandwidth(server, gpus);
      const ring = collectiveBandwidth(server, gpus, { algorithm: 'ring' });
      expect(ring).toBeLessThanOrEqual(optimal * (1 + 1e-9));
      // Whether there is a ring at all does not depend on figures.
      const plain = collectiveBandwidth(withOne(server), gpus, { algorithm: 'ring' });
      expect(ring > 0).toBe(plain > 0);
      const [alone] = sharedBandwidth(server, [gpus]);
      const [half, other] = sharedBandwidth(server, [gpus, gpus]);
      expect(other).toBe(half);
      if (ring === 0 || ring === Number.POSITIVE_INFINITY) expect([alone, half]).toEqual([ring, ring]);
      else {
        expect(alone! / ring).toBeCloseTo(1, 9);
        expect(half! / ring).toBeGreaterThan(0.5 - 1e-9);
        expect(half! / ring).toBeLessThan(1 + 1e-9);
      }
    });
  }, 60_000);
});

describe('figures from 1e-6 to 1e9 GB/s in one server', () => {
  it('give the widest routes', () => {
    fc.assert(
      fc.property(withFigures(arbitraryServer({ caps: true })), (server) => {
        for (const from of server.gpus) {
          for (const to of server.gpus) {
            expect(widthOf(server, from, to)).toBe(referenceRoute(server, from, to)?.bandwidthGBps);
          }
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  });

  it('let rings fill the slowest link, though the fastest has room for more of them than an integer holds', () => {
    const star = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'sw'],
      [
        ['gpu0', 'sw', 'pcie', 1e9],
        ['gpu1', 'sw', 'pcie', 1e9],
        ['gpu2', 'sw', 'pcie', 1e-6],
      ],
    );
    expect(collectiveBandwidth(star, [0, 1, 2], { algorithm: 'ring' })).toBe(1e-6);
    expect(
      sharedBandwidth(star, [
        [0, 1, 2],
        [1, 2],
      ]),
    ).toEqual([5e-7, 5e-7]);
    const square = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'gpu3'],
      [
        ['gpu0', 'gpu1', 'nvlink', 1e9],
        ['gpu1', 'gpu3', 'nvlink', 1e9],
        ['gpu3', 'gpu2', 'nvlink', 1e9],
        ['gpu2', 'gpu0', 'nvlink', 1],
        ['gpu1', 'gpu2', 'nvlink', 1e-6],
      ],
    );
    // One ring each way round the four sides.
    expect(collectiveBandwidth(square, [0, 1, 2, 3], { algorithm: 'ring' })).toBe(2);
  });
});
