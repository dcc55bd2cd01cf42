import { describe, expect, it } from 'vitest';
import { hopGraph } from '../../../src/bandwidth/directed/hop-graph.js';
import { twinClasses } from '../../../src/bandwidth/directed/twin-classes.js';
import { directedNetworkOf } from '../../../src/topology/directed-network.js';
import { networkOf } from '../../../src/topology/network.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { chain, mesh, multiSocketServer } from '../multi-socket-server.js';
import { smallServer } from '../small-server.js';

const graphOf = (server: ServerTopology, peerToPeer = true) =>
  hopGraph(directedNetworkOf(networkOf(server), peerToPeer)!);

describe('hopGraph', () => {
  it('puts the GPUs of a socket in one class, and leaves two halves per socket where all are joined directly', () => {
    const graph = graphOf(multiSocketServer([2, 2, 2], mesh(3)));
    expect([...graph.classes]).toEqual([0b11, 0b1100, 0b110000]);
    expect(graph.isJoint).toBe(false);
    expect(graph.vertexCount).toBe(3 + 2 * 3);
  });

  it('leaves out sockets without GPUs, and the routes to them', () => {
    const graph = graphOf(multiSocketServer([1, 1, 0, 0], mesh(4)));
    expect(graph.vertexCount).toBe(2 + 2 * 2);
  });

  it('keeps only GPUs where routes share links', () => {
    const graph = graphOf(multiSocketServer([1, 1, 1, 1], [...chain(4), [0, 3]]));
    expect(graph.isJoint).toBe(true);
    expect(graph.vertexCount).toBe(4);
    expect(graph.arcs).toHaveLength(4 * 4);
  });

  it('keeps GPUs apart that have links to GPUs', () => {
    const server = smallServer(
      ['numa0', 'gpu0', 'gpu1', 'gpu2'],
      [
        ['numa0', 'gpu0', 'pcie', 10],
        ['numa0', 'gpu1', 'pcie', 10],
        ['numa0', 'gpu2', 'pcie', 10],
        ['gpu0', 'gpu1', 'nvlink', 20],
      ],
    );
    expect([...graphOf(server, false).classes]).toEqual([1, 2, 4]);
  });
});

describe('twinClasses', () => {
  it('finds sockets alike that are all joined alike, and those of a ring or with other figures not', () => {
    expect([...twinClasses(graphOf(multiSocketServer([1, 2, 3, 4], mesh(4))))]).toEqual([0, 0, 0, 0]);
    const ring = twinClasses(graphOf(multiSocketServer([1, 1, 1, 1, 1], [...chain(5), [0, 4]])));
    expect([...ring]).toEqual([0, 1, 2, 3, 4]);
    const slower = smallServer(
      ['numa0', 'numa1', 'numa2', 'gpu0', 'gpu1', 'gpu2'],
      [
        ['numa0', 'numa1', 'socket', 22],
        ['numa0', 'numa2', 'socket', 22],
        ['numa1', 'numa2', 'socket', 22],
        ['numa0', 'gpu0', 'pcie', 48],
        ['numa1', 'gpu1', 'pcie', 24],
        ['numa2', 'gpu2', 'pcie', 48],
      ],
    );
    expect([...twinClasses(graphOf(slower))]).toEqual([0, 1, 0]);
  });
});
