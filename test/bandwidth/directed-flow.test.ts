import { describe, expect, it } from 'vitest';
import { directedFlow } from '../../src/bandwidth/directed-flow.js';
import { directedNetworkOf } from '../../src/topology/directed-network.js';
import { networkOf } from '../../src/topology/network.js';
import { chain, mesh } from './multi-socket-server.js';
import { type ShortLink, smallServer } from './small-server.js';

/** Sockets with a GPU by PCIe of 48 each, and NICs by PCIe of 30 on the given sockets; socket links of 22. */
function flow(
  pairs: readonly [number, number][],
  nics: readonly number[],
  gpus: readonly number[],
  portGBps = Number.POSITIVE_INFINITY,
  relays: readonly number[] = [],
): number {
  const sockets = [...new Set(pairs.flat())];
  const links: ShortLink[] = [
    ...pairs.map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
    ...sockets.map((i): ShortLink => [`gpu${i}`, `socket${i}`, 'pcie', 48]),
    ...nics.map((socket, i): ShortLink => [`nic${i}`, `socket${socket}`, 'pcie', 30]),
  ];
  const ids = sockets.flatMap((i) => [`socket${i}`, `gpu${i}`]);
  const network = networkOf(smallServer([...ids, ...nics.map((_, i) => `nic${i}`)], links));
  const vertex = (id: string): number => network.vertexOf.get(id)!;
  return directedFlow(directedNetworkOf(network, true)!, {
    sources: gpus.map((gpu) => vertex(`gpu${gpu}`)),
    outlets: nics.map((_, i) => ({ vertex: vertex(`nic${i}`), GBps: portGBps })),
    relays: relays.map((gpu) => vertex(`gpu${gpu}`)),
  });
}

describe('directedFlow', () => {
  it('takes no detour through a third socket', () => {
    expect(flow(mesh(3), [1], [0])).toBeCloseTo(22, 9);
    expect(flow(mesh(3), [1, 2], [0])).toBeCloseTo(44, 9);
    expect(flow(mesh(3), [1], [0, 2])).toBeCloseTo(30, 9);
  });

  it('is held by the ports, each counted once', () => {
    expect(flow(mesh(3), [0], [0])).toBeCloseTo(30, 9);
    expect(flow(mesh(3), [0], [0, 1, 2], 25)).toBeCloseTo(25, 9);
    expect(flow(mesh(3), [0, 0], [0], 20)).toBeCloseTo(40, 9);
  });

  it('goes on from a GPU that forwards, and from no other', () => {
    // A GPU on the third socket begins anew there, so that 22 more arrive.
    expect(flow(mesh(3), [1], [0], undefined, [2])).toBeCloseTo(30, 9);
  });

  it('shares the links of routes that lead through a third socket', () => {
    // Ring of 4: the routes 0–1–2 and 0–1 share a link.
    const ring: [number, number][] = [...chain(4), [0, 3]];
    expect(flow(ring, [2, 1], [0])).toBeCloseTo(22, 9);
    expect(flow(ring, [2, 3], [0])).toBeCloseTo(44, 9);
  });

  it('is 0 without an outlet', () => {
    expect(flow(mesh(3), [], [0])).toBe(0);
  });
});
