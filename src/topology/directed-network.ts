import { remembered } from '../remembered.js';
import { FORWARDS, GPU, type Network } from './network.js';
import { hasSocketDetours, type SocketRoute, socketRoutes } from './socket-routes.js';

/**
 * A server's network as a directed graph whose paths are the permitted ones: up from a device, over at most one
 * socket route, and down.
 *
 * A vertex is split into two halves where the permitted continuation of a path depends on its past. Traffic that may
 * still cross the sockets (or, without peer-to-peer, has still to reach host memory) is on the *outbound* halves. A
 * socket route, or a turn at one vertex, leads to the *inbound* halves, and nothing leads back from them. GPUs and
 * NICs are one vertex each: a GPU that sends on what it received starts a new path.
 */
export interface DirectedNetwork {
  readonly network: Network;
  /** True if two GPUs may exchange data without passing through host memory. */
  readonly peerToPeer: boolean;
  readonly vertexCount: number;
  /** Vertex of the network → its outbound half; → its inbound half; the same half where it is not split. */
  readonly outbound: Int32Array;
  readonly inbound: Int32Array;
  /** Half → vertex of the network. */
  readonly vertexOf: Int32Array;
  /** Arc → the half that it leaves; → the half that it enters. */
  readonly tails: Int32Array;
  readonly heads: Int32Array;
  /** Arc → the arcs of the network that it crosses, in order: none for a turn, several for a socket route. */
  readonly crossed: readonly Int32Array[];
}

/** Index 1: with peer-to-peer, index 0: without. Null where no directed form is needed. */
const cache: readonly WeakMap<Network['ends'], DirectedNetwork | null>[] = [new WeakMap(), new WeakMap()];

/**
 * The directed form of a network, where it is needed.
 *
 * @param network - a server's network
 * @param peerToPeer - true if GPUs may exchange data without passing through host memory
 * @returns `undefined` where every path is permitted: with peer-to-peer, on machines without socket detours
 * @complexity O(sockets × hosts^2 + links) on first use, then kept with the network
 */
export function directedNetworkOf(network: Network, peerToPeer: boolean): DirectedNetwork | undefined {
  const directed = remembered(cache[peerToPeer ? 1 : 0]!, network.ends, () =>
    peerToPeer && !hasSocketDetours(network) ? null : direct(network, peerToPeer),
  );
  return directed ?? undefined;
}

function direct(network: Network, peerToPeer: boolean): DirectedNetwork {
  const { vertexCount, linkCount, ends, roles, hosts, betweenSockets, fabric } = network;
  const routes = hasSocketDetours(network) ? socketRoutes(network) : undefined;
  const { parts, partOf, rank } = readParts(network, routes);
  const outbound = new Int32Array(vertexCount);
  const inbound = new Int32Array(vertexCount);
  const vertexOf: number[] = [];
  for (let v = 0; v < vertexCount; v++) {
    const part = parts[partOf[v]!];
    const isSplit = part !== undefined && (part.hasSockets || !(peerToPeer || part.isFabric));
    outbound[v] = vertexOf.push(v) - 1;
    inbound[v] = isSplit ? vertexOf.push(v) - 1 : outbound[v]!;
  }
  const tails: number[] = [];
  const heads: number[] = [];
  const crossed: Int32Array[] = [];
  const add = (tail: number, head: number, arcs: Int32Array): void => {
    tails.push(tail);
    heads.push(head);
    crossed.push(arcs);
  };
  for (let arc = 0; arc < 2 * linkCount; arc++) {
    const tail = ends[arc]!;
    const head = ends[arc ^ 1]!;
    const isOfRoute = routes !== undefined && betweenSockets[arc >> 1] === 1;
    const skipsHost = roles[tail] === GPU && roles[head] === GPU && fabric[arc >> 1] === 0;
    if (isOfRoute || (skipsHost && !peerToPeer)) continue;
    const crossing = Int32Array.of(arc);
    if (roles[tail] !== FORWARDS || roles[head] !== FORWARDS) {
      add(inbound[tail]!, outbound[head]!, crossing);
    } else if (inbound[tail] === outbound[tail]) {
      add(outbound[tail]!, outbound[head]!, crossing);
    } else {
      // In a tree, a path that goes down before the turn, or up after it, only leads back.
      const { isTree } = parts[partOf[tail]!]!;
      const isUp = rank[head]! < rank[tail]!;
      if (isUp || !isTree) add(outbound[tail]!, outbound[head]!, crossing);
      if (!isUp || !isTree) add(inbound[tail]!, inbound[head]!, crossing);
    }
  }
  const none = new Int32Array(0);
  for (let v = 0; v < vertexCount; v++) {
    if (outbound[v] !== inbound[v] && (peerToPeer || hosts[v] === 1)) add(outbound[v]!, inbound[v]!, none);
  }
  for (const { from, to, arcs } of routes ?? []) add(outbound[from]!, inbound[to]!, arcs);
  return {
    network,
    peerToPeer,
    vertexCount: vertexOf.length,
    outbound,
    inbound,
    vertexOf: Int32Array.from(vertexOf),
    tails: Int32Array.from(tails),
    heads: Int32Array.from(heads),
    crossed,
  };
}

/** Forwarding vertices that are joined without a socket route: usually a socket and the devices below it. */
interface Part {
  readonly hasSockets: boolean;
  /** True if all its links belong to the accelerator fabric: traffic through its NVSwitches needs no host memory. */
  readonly isFabric: boolean;
  /** True if it is a tree whose root is its only socket, if it has one, and in which only hosts are above a host. */
  readonly isTree: boolean;
}

interface Parts {
  readonly parts: readonly Part[];
  /** Vertex → its part; -1 for GPUs and NICs. */
  readonly partOf: Int32Array;
  /** Vertex → its position in a breadth-first walk from the root of its part. */
  readonly rank: Int32Array;
}

function readParts(network: Network, routes: readonly SocketRoute[] | undefined): Parts {
  const { vertexCount, roles, hosts, rows, arcs, ends, betweenSockets, fabric } = network;
  const isSocket = new Uint8Array(vertexCount);
  for (const { from } of routes ?? []) isSocket[from] = 1;
  const parts: Part[] = [];
  const partOf = new Int32Array(vertexCount).fill(-1);
  const rank = new Int32Array(vertexCount).fill(-1);
  // Roots are sockets first, then hosts, then any other vertex.
  const isRoot: readonly ((v: number) => boolean)[] = [
    (v) => isSocket[v] === 1,
    (v) => hosts[v] === 1,
    (v) => roles[v] === FORWARDS,
  ];
  for (const canBeRoot of isRoot) {
    for (let root = 0; root < vertexCount; root++) {
      if (partOf[root] !== -1 || !canBeRoot(root)) continue;
      partOf[root] = parts.length;
      const queue = [root];
      let place = 0;
      let linkEnds = 0;
      let isFabric = true;
      let hostsAreAbove = true;
      for (const at of queue) {
        rank[at] = place++;
        for (let k = rows[at]!; k < rows[at + 1]!; k++) {
          const link = arcs[k]! >> 1;
          const next = ends[arcs[k]! ^ 1]!;
          if (fabric[link] === 0) isFabric = false;
          if (roles[next] !== FORWARDS || (routes !== undefined && betweenSockets[link] === 1)) continue;
          linkEnds++;
          if (partOf[next] !== -1) continue;
          partOf[next] = parts.length;
          if (hosts[next]! > hosts[at]!) hostsAreAbove = false;
          queue.push(next);
        }
      }
      const sockets = queue.filter((v) => isSocket[v] === 1).length;
      const isTree = linkEnds === 2 * (queue.length - 1) && sockets <= 1 && hostsAreAbove;
      parts.push({ hasSockets: sockets > 0, isFabric, isTree });
    }
  }
  return { parts, partOf, rank };
}
