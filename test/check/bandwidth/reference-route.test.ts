import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../../src/arbitraries/index.js';
import { topology, topologyNames } from '../../../src/catalogue/index.js';
import { type ReferenceRoute, referenceRoute } from '../../../src/check/index.js';
import { CorralError } from '../../../src/errors.js';
import { route, type ServerTopology, serverTopology } from '../../../src/topology/index.js';
import { arbitraryServer, SEED, smallServer } from '../../bandwidth/small-server.js';

/** What `route` says, in the form of its judge. */
function routed(server: ServerTopology, from: string, to: string): ReferenceRoute | undefined {
  try {
    const { devices, bandwidthGBps } = route(server, from, to);
    return { bandwidthGBps, hops: devices.length - 1 };
  } catch (error) {
    if (error instanceof CorralError && error.code === 'invalid-option') return undefined;
    throw error;
  }
}

/** Pairs of devices for which `route` and its judge differ, with both answers. */
function differences(server: ServerTopology, from: readonly string[], to: readonly string[]): string[] {
  return from.flatMap((a) =>
    to.flatMap((b) => {
      const [route, judge] = [routed(server, a, b), referenceRoute(server, a, b)];
      const isSame =
        route?.hops === judge?.hops &&
        (route === undefined ||
          route.bandwidthGBps === judge!.bandwidthGBps ||
          Math.abs(route.bandwidthGBps - judge!.bandwidthGBps) <= 1e-9 * route.bandwidthGBps);
      return isSame ? [] : [`${a} ${b}: ${JSON.stringify(route)}, ${JSON.stringify(judge)}`];
    }),
  );
}

const ids = (server: ServerTopology): string[] => server.document.devices.map(({ id }) => id);

describe('referenceRoute', () => {
  it('takes the widest path, then the fewest hops, in the fabric first, and crosses no GPU', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'gpu3', 'sw0', 'sw1', 'nic0'],
      [
        ['gpu0', 'gpu1', 'pcie', 20],
        ['gpu0', 'sw0', 'pcie', 24],
        ['sw0', 'sw1', 'pcie', 48],
        ['gpu1', 'sw1', 'pcie', 24],
        ['gpu1', 'gpu2', 'nvlink', 5],
        ['gpu2', 'sw1', 'pcie', 24],
        ['gpu2', 'gpu3', 'nvlink', 5],
        ['gpu2', 'nic0', 'pcie', 9],
      ],
    );
    expect(referenceRoute(server, 'gpu0', 'gpu0')).toEqual({
      bandwidthGBps: Number.POSITIVE_INFINITY,
      hops: 0,
    });
    expect(referenceRoute(server, 'gpu0', 'gpu1')).toEqual({ bandwidthGBps: 24, hops: 3 });
    expect(referenceRoute(server, 'gpu1', 'gpu2')).toEqual({ bandwidthGBps: 5, hops: 1 });
    expect(referenceRoute(server, 'gpu1', 'gpu3')).toBeUndefined();
    expect(referenceRoute(server, 'gpu2', 'nic0')).toEqual({ bandwidthGBps: 9, hops: 1 });
    expect(referenceRoute(server, 'gpu1', 'nic0')).toBeUndefined();
  });

  it('holds a flow to its cap, and sums links to equal NVSwitches but not to one of them', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'nvsw0', 'nvsw1'],
      [
        ['gpu0', 'nvsw0', 'nvlink', 30, 20],
        ['gpu0', 'nvsw1', 'nvlink', 30],
        ['gpu1', 'nvsw0', 'nvlink', 40],
        ['gpu1', 'nvsw1', 'nvlink', 40],
      ],
    );
    expect(referenceRoute(server, 'gpu0', 'gpu1')).toEqual({ bandwidthGBps: 50, hops: 2 });
    expect(referenceRoute(server, 'gpu0', 'nvsw0')).toEqual({ bandwidthGBps: 20, hops: 1 });
  });

  it('refuses a device that is not there', () => {
    const server = smallServer(['gpu0', 'gpu1'], [['gpu0', 'gpu1', 'pcie', 1]]);
    expect(() => referenceRoute(server, 'gpu0', 'gpu9')).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path: ['to'] }),
    );
    expect(() => referenceRoute(server, 'gpu9', 'gpu0')).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path: ['from'] }),
    );
  });
});

describe('route', () => {
  it.each(topologyNames)('is as wide and as long as its judge says from every GPU of %s', (name) => {
    const server = topology(name);
    expect(differences(server, server.gpus, ids(server))).toEqual([]);
  });

  it('is so between all devices of random servers of the arbitraries', () => {
    fc.assert(
      fc.property(serverDocument(), (document) => {
        const server = serverTopology(document);
        expect(differences(server, ids(server), ids(server))).toEqual([]);
      }),
      { seed: SEED, numRuns: 60 },
    );
  });

  it('is so in random tangles of links with caps, many not connected', () => {
    fc.assert(
      fc.property(arbitraryServer({ caps: true }), (server) => {
        expect(differences(server, ids(server), ids(server))).toEqual([]);
      }),
      { seed: SEED, numRuns: 150 },
    );
  });
});
