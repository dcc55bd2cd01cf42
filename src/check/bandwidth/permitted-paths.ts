import { CorralError, quote } from '../../errors.js';
import type { ServerTopology } from '../../topology/index.js';
import { kindOf, type MergedLink, mergedLinks } from './merged-links.js';
import { isBetweenSockets, routesBetweenSockets } from './routes-between-sockets.js';

/** Most paths between the GPUs of one set. */
const PATHS_MAX = 5000;
/** Most ascents from one device; all pairs of them are tried. */
const ASCENTS_MAX = 500;

/** A path from one GPU to another, or to a NIC, that a transfer may take. */
export interface PermittedPath {
  /** Device ids. */
  readonly from: string;
  readonly to: string;
  /** The links that it crosses, by names that include the direction; see `capacities`. */
  readonly links: readonly string[];
  /** True if it stays in the accelerator fabric. */
  readonly inFabric: boolean;
}

export interface PermittedPaths {
  readonly paths: readonly PermittedPath[];
  /** Name of a link with its direction → GB/s. */
  readonly capacities: ReadonlyMap<string, number>;
}

/** A path from a GPU or a NIC through switches, NUMA nodes and sockets, without links between sockets. */
interface Ascent {
  readonly end: string;
  readonly vertices: readonly string[];
  readonly inFabric: boolean;
}

/**
 * True if a server permits fewer paths than its links alone would: it has more than one link between sockets, or no
 * peer-to-peer.
 */
export function restrictsPaths(server: ServerTopology): boolean {
  const { links, peerToPeer } = server.document;
  return peerToPeer === false || links.filter(({ medium }) => medium === 'socket').length > 1;
}

/**
 * Lists every permitted path between two GPUs of a set. A path crosses no third GPU and no NIC: it is a link between
 * the two, or leads up from the one, across at most one route between two sockets, and down to the other. Without
 * peer-to-peer it passes a NUMA node or a socket, unless it stays in the accelerator fabric.
 *
 * @param gpus - device ids
 * @throws CorralError `limit-exceeded` for more than 5,000 ways
 * @complexity O(paths × devices)
 */
export function permittedPaths(server: ServerTopology, gpus: readonly string[]): PermittedPaths {
  return pathsBetween(server, { sources: gpus, sinks: gpus, peerToPeer: server.document.peerToPeer ?? true });
}

/**
 * Lists every permitted path from a GPU of a set to one of some NICs. As {@link permittedPaths}, but without
 * peer-to-peer too a NIC reads from a GPU without host memory.
 *
 * @param gpus - device ids
 * @param nics - device ids
 * @throws CorralError `limit-exceeded` for more than 5,000 ways
 * @complexity O(paths × devices)
 */
export function permittedPathsToNics(
  server: ServerTopology,
  gpus: readonly string[],
  nics: readonly string[],
): PermittedPaths {
  return pathsBetween(server, { sources: gpus, sinks: nics, peerToPeer: true });
}

interface Between {
  /** Device ids. */
  readonly sources: readonly string[];
  readonly sinks: readonly string[];
  /** True if a path may turn round below host memory. */
  readonly peerToPeer: boolean;
}

function pathsBetween(server: ServerTopology, { sources, sinks, peerToPeer }: Between): PermittedPaths {
  const links = mergedLinks(server);
  const capacities = new Map<string, number>();
  for (const { a, b, GBps } of links) {
    for (const key of [keyOf(a, b), keyOf(b, a)]) capacities.set(key, (capacities.get(key) ?? 0) + GBps);
  }
  const routes = routesBetweenSockets(server, links);
  const paths: PermittedPath[] = [];
  const add = (from: string, to: string, devices: readonly string[], inFabric: boolean): void => {
    if (paths.length === PATHS_MAX) {
      throw new CorralError('limit-exceeded', [], `more than ${PATHS_MAX} paths: take a smaller server`);
    }
    paths.push({ from, to, links: devices.slice(1).map((id, i) => keyOf(devices[i]!, id)), inFabric });
  };
  const inside = links.filter((link) => !isBetweenSockets(server, link));
  const ascents = new Map([...sources, ...sinks].map((id) => [id, ascentsFrom(server, inside, id)]));
  for (const from of sources) {
    for (const to of sinks) {
      if (from === to) continue;
      const direct = inside.filter((link) => joins(link, from, to));
      if (direct.some(({ inFabric }) => inFabric || peerToPeer)) {
        add(
          from,
          to,
          [from, to],
          direct.some(({ inFabric }) => inFabric),
        );
      }
      for (const up of ascents.get(from)!) {
        for (const down of ascents.get(to)!) {
          const back = [...down.vertices].reverse();
          if (up.end === down.end) {
            const whole = [...up.vertices, ...back.slice(1)];
            const isHost = ['numa', 'socket'].includes(kindOf(server, up.end));
            const isAllowed = peerToPeer
              ? new Set(whole).size === whole.length
              : isHost || (up.inFabric && down.inFabric);
            if (isAllowed) add(from, to, whole, up.inFabric && down.inFabric);
          }
          for (const { from: s, to: t, devices } of routes) {
            if (up.end === s && down.end === t) {
              add(from, to, [...up.vertices, ...devices.slice(1), ...back.slice(1)], false);
            }
          }
        }
      }
    }
  }
  return { paths, capacities };
}

function ascentsFrom(server: ServerTopology, links: readonly MergedLink[], id: string): Ascent[] {
  const found: Ascent[] = [];
  const walk = (vertices: readonly string[], inFabric: boolean): void => {
    const at = vertices.at(-1)!;
    for (const link of links) {
      const next = link.a === at ? link.b : link.b === at ? link.a : undefined;
      if (next === undefined || vertices.includes(next) || ['gpu', 'nic'].includes(kindOf(server, next)))
        continue;
      if (found.length === ASCENTS_MAX) {
        throw new CorralError(
          'limit-exceeded',
          [],
          `more than ${ASCENTS_MAX} ways from ${quote(id)} up to its sockets: take a smaller server`,
        );
      }
      const longer = [...vertices, next];
      found.push({ end: next, vertices: longer, inFabric: inFabric && link.inFabric });
      walk(longer, inFabric && link.inFabric);
    }
  };
  walk([id], true);
  return found;
}

function joins({ a, b }: MergedLink, x: string, y: string): boolean {
  return (a === x && b === y) || (a === y && b === x);
}

function keyOf(from: string, to: string): string {
  return JSON.stringify([from, to]);
}
