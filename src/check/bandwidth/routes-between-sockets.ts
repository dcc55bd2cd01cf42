import type { ServerTopology } from '../../topology/index.js';
import { kindOf, type MergedLink } from './merged-links.js';

/** The path that all traffic from one socket to another takes. */
export interface RouteBetweenSockets {
  readonly from: string;
  readonly to: string;
  /** Ids, both ends included. */
  readonly devices: readonly string[];
}

/** True if a link joins two CPUs. */
export function isBetweenSockets(server: ServerTopology, { a, b, medium }: MergedLink): boolean {
  return medium === 'socket' && [a, b].every((id) => !['gpu', 'nic'].includes(kindOf(server, id)));
}

/**
 * The routes between the ends of links of medium `socket`: the widest over sockets and NUMA nodes, then the shortest,
 * then the first in document order; also over switches if only that joins the two. The way back is the same route
 * reversed.
 *
 * @param links - of the server, NVSwitches merged
 * @returns one per ordered pair that a path with a link of medium `socket` joins
 * @complexity O(devices^3 + sockets^2 × devices × links)
 */
export function routesBetweenSockets(
  server: ServerTopology,
  links: readonly MergedLink[],
): RouteBetweenSockets[] {
  const kinds = new Map(server.document.devices.map(({ id, kind }) => [id, kind]));
  const between = links.filter((link) => isBetweenSockets(server, link));
  const joinsIn = (some: readonly MergedLink[], x: string, y: string): MergedLink | undefined =>
    some.find(({ a, b }) => (a === x && b === y) || (a === y && b === x));
  const among = (...allowed: readonly string[]): MergedLink[] =>
    links.filter(({ a, b }) => [a, b].every((id) => allowed.includes(kinds.get(id)!)));
  const hosts = among('numa', 'socket');
  const ways = [
    new WidestPaths(server, [...hosts, ...between.filter((link) => !hosts.includes(link))]),
    new WidestPaths(server, among('numa', 'socket', 'pcie-switch', 'nvswitch')),
  ];
  const ends = [...kinds.keys()].filter((id) => between.some(({ a, b }) => a === id || b === id));
  const routes: RouteBetweenSockets[] = [];
  ends.forEach((from, i) => {
    for (const to of ends.slice(i + 1)) {
      const devices = ways.map((paths) => paths.find(from, to)).find((path) => path.length > 0) ?? [];
      if (!devices.slice(1).some((id, at) => joinsIn(between, devices[at]!, id) !== undefined)) continue;
      routes.push({ from, to, devices }, { from: to, to: from, devices: [...devices].reverse() });
    }
  });
  return routes;
}

/**
 * Widest paths over some links. The widths of all pairs are computed first (Floyd's algorithm with the minimum in
 * place of the sum), then each path breadth first over the links of at least that width.
 */
class WidestPaths {
  readonly #order: readonly string[];
  readonly #flowGBps: number[][];
  readonly #widthGBps: number[][];

  constructor(server: ServerTopology, links: readonly MergedLink[]) {
    this.#order = server.document.devices
      .map(({ id }) => id)
      .filter((id) => links.some(({ a, b }) => a === id || b === id));
    this.#flowGBps = this.#order.map((x) =>
      this.#order.map((y) =>
        links
          .filter(({ a, b }) => (a === x && b === y) || (a === y && b === x))
          .reduce((sum, { flowGBps }) => sum + flowGBps, 0),
      ),
    );
    this.#widthGBps = this.#flowGBps.map((row) => [...row]);
    for (const k of this.#order.keys()) {
      for (const row of this.#widthGBps) {
        for (const j of this.#order.keys()) {
          row[j] = Math.max(row[j]!, Math.min(row[k]!, this.#widthGBps[k]![j]!));
        }
      }
    }
  }

  /** The ids on the path, empty if there is no path; `from` comes before `to` in the document. */
  find(from: string, to: string): readonly string[] {
    const [start, end] = [this.#order.indexOf(from), this.#order.indexOf(to)];
    if (start < 0 || end < 0 || this.#widthGBps[start]![end] === 0) return [];
    const paths: (readonly number[])[] = [[start]];
    const seen = new Set([start]);
    for (const path of paths) {
      for (const next of this.#order.keys()) {
        const isWide = this.#flowGBps[path.at(-1)!]![next]! >= this.#widthGBps[start]![end]!;
        if (!isWide || seen.has(next)) continue;
        seen.add(next);
        paths.push([...path, next]);
        if (next === end) return [...path, next].map((at) => this.#order[at]!);
      }
    }
    return [];
  }
}
