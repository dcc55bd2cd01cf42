import { FORWARDS, type Network } from './network.js';
import { widestPath } from './widest-path.js';

/** The path from one socket to another that all traffic between the two takes. */
export interface SocketRoute {
  /** Vertices. */
  readonly from: number;
  readonly to: number;
  /** Arcs of the network. */
  readonly arcs: Int32Array;
}

/**
 * True if traffic between two sockets could make a detour through a third one. A socket here is an end of a link of
 * medium `socket`.
 *
 * Take each socket with the devices below it as one vertex. If the socket links then form no cycle, every path
 * between two sockets that crosses no vertex twice crosses the same socket links, those of the only route. The same
 * holds for a single socket link. Any flow then follows the routes, at least after cycles are removed from it.
 *
 * @param network - a server's network
 * @returns false if each pair of sockets has only one path, as on every machine of two sockets
 * @complexity O(links), nearly
 */
export function hasSocketDetours(network: Network): boolean {
  const { linkCount, ends, roles, betweenSockets } = network;
  const parent = Int32Array.from({ length: network.vertexCount }, (_, v) => v);
  /** The root of a vertex in the union-find forest. Ends: only roots get parents, and never one of their own tree. */
  const rootOf = (v: number): number => {
    let at = v;
    while (parent[at] !== at) {
      parent[at] = parent[parent[at]!]!;
      at = parent[at]!;
    }
    return at;
  };
  const socketLinks: number[] = [];
  for (let link = 0; link < linkCount; link++) {
    const a = ends[2 * link]!;
    const b = ends[2 * link + 1]!;
    if (betweenSockets[link] === 1) socketLinks.push(link);
    else if (roles[a] === FORWARDS && roles[b] === FORWARDS) parent[rootOf(a)] = rootOf(b);
  }
  if (socketLinks.length < 2) return false;
  return socketLinks.some((link) => {
    const a = rootOf(ends[2 * link]!);
    const b = rootOf(ends[2 * link + 1]!);
    parent[a] = b;
    return a === b;
  });
}

/**
 * The routes between the sockets of a server: the widest path over sockets and NUMA nodes, then the one with the
 * fewest hops, then document order; also over switches if nothing else joins the two. Most machines join all sockets
 * directly, so that each route is one link.
 *
 * @param network - a server's network
 * @returns one per ordered pair of sockets that a path with a socket link joins; the way back is the same reversed
 * @complexity O(sockets × hosts^2), and O(hosts^2) more for each pair whose direct link is not the widest path
 */
export function socketRoutes(network: Network): SocketRoute[] {
  const { vertexCount, linkCount, ends, hosts, betweenSockets } = network;
  const sockets = new Set<number>();
  const counted = new Uint8Array(linkCount);
  for (let link = 0; link < linkCount; link++) {
    const a = ends[2 * link]!;
    const b = ends[2 * link + 1]!;
    if (betweenSockets[link] === 1) sockets.add(a).add(b);
    if (betweenSockets[link] === 1 || (hosts[a] === 1 && hosts[b] === 1)) counted[link] = 1;
  }
  const routes: SocketRoute[] = [];
  for (let from = 0; from < vertexCount; from++) {
    if (!sockets.has(from)) continue;
    for (let to = from + 1; to < vertexCount; to++) {
      if (!sockets.has(to)) continue;
      const arcs = widestPath(network, from, to, counted) ?? widestPath(network, from, to);
      if (arcs === undefined || !arcs.some((arc) => betweenSockets[arc >> 1] === 1)) continue;
      routes.push({ from, to, arcs });
      routes.push({ from: to, to: from, arcs: arcs.map((arc) => arc ^ 1).reverse() });
    }
  }
  return routes;
}
