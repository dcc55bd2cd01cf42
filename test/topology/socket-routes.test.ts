import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topology, topologyNames } from '../../src/catalogue/index.js';
import { permittedPaths } from '../../src/check/bandwidth/permitted-paths.js';
import { directedNetworkOf } from '../../src/topology/directed-network.js';
import { networkOf } from '../../src/topology/network.js';
import { route } from '../../src/topology/route.js';
import { hasSocketDetours, socketRoutes } from '../../src/topology/socket-routes.js';
import {
  arbitraryMultiSocketServer,
  chain,
  mesh,
  multiSocketServer,
} from '../bandwidth/multi-socket-server.js';
import { SEED, type ShortLink, smallServer } from '../bandwidth/small-server.js';

describe('hasSocketDetours', () => {
  it('is false on two sockets, and on sockets whose links form a tree', () => {
    for (const pairs of [mesh(2), chain(4)]) {
      const server = multiSocketServer(new Array(pairs.length + 1).fill(1), pairs);
      expect(hasSocketDetours(networkOf(server))).toBe(false);
      expect(directedNetworkOf(networkOf(server), true)).toBeUndefined();
    }
    expect(hasSocketDetours(networkOf(multiSocketServer([1, 1, 1], mesh(3))))).toBe(true);
  });

  it('is true for one server of the catalogue, whose fabric joins all GPUs', () => {
    const names = topologyNames.filter((name) => hasSocketDetours(networkOf(topology(name))));
    expect(names).toEqual(['mi300a-4']);
  });
});

describe('socketRoutes', () => {
  const routesOf = (links: readonly ShortLink[], ids: readonly string[]): string[] => {
    const network = networkOf(smallServer(ids, links));
    return socketRoutes(network).map(({ from, arcs }) =>
      [from, ...Array.from(arcs, (arc) => network.ends[arc ^ 1]!)].map((v) => network.devices[v]).join(' '),
    );
  };

  it('is the direct link, unless a wider way leads through a third socket', () => {
    const ids = ['socket0', 'socket1', 'socket2'];
    expect(
      routesOf(
        [
          ['socket0', 'socket1', 'socket', 10],
          ['socket0', 'socket2', 'socket', 20],
          ['socket1', 'socket2', 'socket', 20],
        ],
        ids,
      ),
    ).toEqual([
      'socket0 socket2 socket1',
      'socket1 socket2 socket0',
      'socket0 socket2',
      'socket2 socket0',
      'socket1 socket2',
      'socket2 socket1',
    ]);
  });

  it('takes a NUMA node at the end of a socket link for a socket, and a switch where nothing else joins two', () => {
    expect(
      routesOf(
        [
          ['numa0', 'numa1', 'socket', 10],
          ['numa2', 'numa3', 'socket', 10],
          ['numa1', 'sw0', 'pcie', 5],
          ['numa2', 'sw0', 'pcie', 5],
        ],
        ['numa0', 'numa1', 'numa2', 'numa3', 'sw0'],
      ),
    ).toContain('numa0 numa1 sw0 numa2 numa3');
  });
});

describe('route over several sockets', () => {
  it('follows the route between the sockets, even where a narrower link would do', () => {
    const server = smallServer(
      ['socket0', 'socket1', 'socket2', 'gpu0', 'gpu1'],
      [
        ['socket0', 'socket1', 'socket', 10],
        ['socket0', 'socket2', 'socket', 20],
        ['socket1', 'socket2', 'socket', 20],
        ['gpu0', 'socket0', 'pcie', 5],
        ['gpu1', 'socket1', 'pcie', 5],
      ],
    );
    const devices = ['gpu0', 'socket0', 'socket2', 'socket1', 'gpu1'];
    expect(route(server, 'gpu0', 'gpu1')).toMatchObject({ devices, bandwidthGBps: 5 });
    expect(route(server, 'gpu1', 'gpu0').devices).toEqual(devices.reverse());
    expect(route(server, 'gpu0', 'socket1').devices).toEqual(['gpu0', 'socket0', 'socket2', 'socket1']);
  });

  it('is the widest, then the shortest, of all permitted paths, the same in both directions', () => {
    fc.assert(
      fc.property(arbitraryMultiSocketServer(), (server) => {
        for (const from of server.gpus) {
          for (const to of server.gpus) {
            if (from === to) continue;
            const { paths, capacities } = permittedPaths(server, [from, to]);
            const ways = paths
              .filter((path) => path.from === from)
              .map(({ links, inFabric }) => ({
                inFabric,
                width: Math.min(...links.map((link) => capacities.get(link)!)),
                hops: links.length,
              }));
            const counted = ways.some(({ inFabric }) => inFabric)
              ? ways.filter(({ inFabric }) => inFabric)
              : ways;
            const [best] = counted.sort((a, b) => b.width - a.width || a.hops - b.hops);
            if (best === undefined) {
              expect(() => route(server, from, to)).toThrow(
                expect.objectContaining({ code: 'invalid-option' }),
              );
              continue;
            }
            const { devices, bandwidthGBps } = route(server, from, to);
            expect({ width: bandwidthGBps, hops: devices.length - 1 }).toEqual({
              width: best.width,
              hops: best.hops,
            });
            expect([...route(server, to, from).devices].reverse()).toEqual(devices);
          }
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  }, 60_000);
});
