import { describe, expect, it } from 'vitest';
import { directedOutflow } from '../../../src/bandwidth/ports/directed-outflow.js';
import { directedNetworkOf } from '../../../src/topology/directed-network.js';
import { networkOf } from '../../../src/topology/network.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { chain, mesh } from '../multi-socket-server.js';
import { type ShortLink, smallServer } from '../small-server.js';

function outflow(server: ServerTopology, gpus: readonly number[], most = Number.POSITIVE_INFINITY): number {
  const mask = gpus.reduce((sum, gpu) => sum | (1 << gpu), 0);
  return directedOutflow(server, directedNetworkOf(networkOf(server), true)!, mask, most);
}

/** Sockets with a GPU by PCIe of 48 each, and NICs by PCIe of 30 on the given sockets; socket links of 22. */
function serverOf(
  pairs: readonly [number, number][],
  nics: readonly number[],
  portGBps?: number,
): ServerTopology {
  const sockets = [...new Set(pairs.flat())].sort();
  const links: ShortLink[] = [
    ...pairs.map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
    ...sockets.map((i): ShortLink => [`gpu${i}`, `socket${i}`, 'pcie', 48]),
    ...nics.map((socket, i): ShortLink => [`nic${i}`, `socket${socket}`, 'pcie', 30]),
  ];
  const ids = [...sockets.flatMap((i) => [`socket${i}`, `gpu${i}`]), ...nics.map((_, i) => `nic${i}`)];
  const ports = portGBps === undefined ? {} : Object.fromEntries(nics.map((_, i) => [`nic${i}`, portGBps]));
  return smallServer(ids, links, ports);
}

describe('directedOutflow', () => {
  it('takes no detour through a third socket', () => {
    expect(outflow(serverOf(mesh(3), [1]), [0])).toBeCloseTo(22, 9);
    expect(outflow(serverOf(mesh(3), [1, 2]), [0])).toBeCloseTo(44, 9);
    expect(outflow(serverOf(mesh(3), [1]), [0, 2])).toBeCloseTo(30, 9);
  });

  it('is held by the ports, each counted once', () => {
    expect(outflow(serverOf(mesh(3), [0]), [0])).toBeCloseTo(30, 9);
    expect(outflow(serverOf(mesh(3), [0], 25), [0, 1, 2])).toBeCloseTo(25, 9);
    expect(outflow(serverOf(mesh(3), [0, 0], 20), [0])).toBeCloseTo(40, 9);
  });

  it('shares the links of routes that lead through a third socket', () => {
    // Ring of 4: the routes 0–1–2 and 0–1 share a link.
    const ring: [number, number][] = [...chain(4), [0, 3]];
    expect(outflow(serverOf(ring, [2, 1]), [0])).toBeCloseTo(22, 9);
    expect(outflow(serverOf(ring, [2, 3]), [0])).toBeCloseTo(44, 9);
  });

  it('goes through a GPU of nobody to its NICs over the fabric, and not over PCIe', () => {
    const server = (medium: 'xgmi' | 'pcie'): ServerTopology =>
      smallServer(
        ['socket0', 'socket1', 'socket2', 'gpu0', 'gpu1', 'gpu2', 'nic0', 'nic1'],
        [
          ...mesh(3).map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
          ['gpu0', 'socket0', 'pcie', 48],
          ['gpu1', 'socket1', 'pcie', 48],
          ['gpu2', 'socket2', 'pcie', 48],
          ['gpu0', 'gpu1', medium, 36],
          ['gpu1', 'nic0', 'pcie', 30],
          ['gpu1', 'nic1', 'pcie', 30],
        ],
        { nic0: 25, nic1: 25 },
      );
    // The xGMI link; what crosses the sockets to GPU 1 stays there.
    expect(outflow(server('xgmi'), [0])).toBeCloseTo(36, 9);
    expect(outflow(server('pcie'), [0])).toBe(0);
    expect(outflow(server('xgmi'), [2])).toBe(0);
    // GPU 1 in the set: its NICs are the set's own.
    expect(outflow(server('pcie'), [1])).toBeCloseTo(50, 9);
    expect(outflow(server('xgmi'), [0, 1, 2])).toBeCloseTo(50, 9);
  });

  it('is 0 without NICs', () => {
    expect(outflow(serverOf(mesh(3), []), [0])).toBe(0);
  });

  it('ends at the rate that it cannot exceed', () => {
    expect(outflow(serverOf(mesh(3), [0]), [0], 30)).toBe(30);
  });
});
