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

  it('goes through a GPU that is no source by lent arcs alone', () => {
    const ids = ['socket0', 'socket1', 'socket2', 'gpu0', 'gpu1', 'nic0', 'nic1'];
    const network = networkOf(
      smallServer(ids, [
        ...mesh(3).map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
        ['gpu0', 'socket0', 'pcie', 48],
        ['gpu1', 'socket1', 'pcie', 48],
        ['gpu0', 'gpu1', 'xgmi', 36],
        ['gpu1', 'nic0', 'pcie', 30],
        ['gpu1', 'nic1', 'pcie', 30],
      ]),
    );
    const vertex = (id: string): number => network.vertexOf.get(id)!;
    const between = (from: string, to: string): number =>
      network.ends.findIndex((v, arc) => v === vertex(from) && network.ends[arc ^ 1] === vertex(to));
    const sent = (lent: readonly number[]): number =>
      directedFlow(directedNetworkOf(network, true)!, {
        sources: [vertex('gpu0')],
        outlets: ['nic0', 'nic1'].map((id) => ({ vertex: vertex(id), GBps: 25 })),
        lent: new Set(lent),
      });
    const [into, first, second] = [between('gpu0', 'gpu1'), between('gpu1', 'nic0'), between('gpu1', 'nic1')];
    expect(sent([])).toBe(0);
    expect(sent([into, first])).toBeCloseTo(25, 9);
    // The xGMI link; what crosses the sockets to GPU 1 stays there.
    expect(sent([into, first, second])).toBeCloseTo(36, 9);
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
