import { CorralError } from '../../errors.js';
import { devicesOf } from '../../topology/device-at.js';
import { checkServer } from '../../topology/expected-topology.js';
import { route, type ServerTopology } from '../../topology/index.js';
import { mergedLinks } from './merged-links.js';

/** A link by its ends, the smaller id first. */
type LinkKey = string;

/** What is remembered of a server between calls. */
interface Routes {
  /** `between[a][b]`: the links of the route from GPU ordinal a to b. */
  readonly between: readonly (readonly (readonly LinkKey[])[])[];
  /** `inFabric[a][b]`: whether all of them belong to the accelerator fabric. */
  readonly inFabric: readonly (readonly boolean[])[];
  /** GPU ordinal → links of its routes to NICs, NUMA nodes and sockets. */
  readonly toHost: readonly ReadonlySet<LinkKey>[];
}

const known = new WeakMap<ServerTopology, Routes>();

/**
 * The load that a set of k GPUs puts on links that others could use, by its definition.
 *
 * Every GPU sends bandwidth / (k - 1) to each other one along its `route`; if the GPUs can be put in a ring in
 * which the accelerator fabric joins every two neighbours without a third GPU, only routes inside the fabric
 * count. Others could use a link if it lies on the route between two devices outside the set, one a GPU, the other
 * a GPU, a NIC, a NUMA node or a socket.
 *
 * @param server - a server type
 * @param gpus - GPU ordinals, checked, in any order
 * @param bandwidthGBps - of the set
 * @returns GB/s summed over those links and both their directions
 * @complexity O(k! + pairs × links × GPUs^2)
 */
export function referenceSharedLoad(
  server: ServerTopology,
  gpus: readonly number[],
  bandwidthGBps: number,
): number {
  checkServer(server, ['server']);
  if (gpus.length < 2) return 0;
  const { between, inFabric, toHost } = routesOf(server);
  const others = [...server.gpus.keys()].filter((gpu) => !gpus.includes(gpu));
  // Looked up once per link, not once per pair that crosses it.
  const answers = new Map<LinkKey, boolean>();
  const othersCouldUse = (link: LinkKey): boolean => {
    const answer =
      answers.get(link) ??
      others.some((a) => toHost[a]!.has(link) || others.some((b) => between[a]![b]!.includes(link)));
    answers.set(link, answer);
    return answer;
  };
  const fabricOnly = isRing(gpus, inFabric);
  let crossed = 0;
  for (const a of gpus) {
    for (const b of gpus) {
      if (a === b || (fabricOnly && !inFabric[a]![b])) continue;
      crossed += between[a]![b]!.filter(othersCouldUse).length;
    }
  }
  return (crossed * bandwidthGBps) / (gpus.length - 1);
}

/** Whether some order of the GPUs is a ring of joined neighbours. */
function isRing(gpus: readonly number[], joined: readonly (readonly boolean[])[]): boolean {
  const [first, ...others] = gpus;
  const closes = (at: number, left: readonly number[]): boolean =>
    left.length === 0
      ? joined[at]![first!]!
      : left.some(
          (next) =>
            joined[at]![next] &&
            closes(
              next,
              left.filter((gpu) => gpu !== next),
            ),
        );
  return closes(first!, others);
}

function routesOf(server: ServerTopology): Routes {
  let routes = known.get(server);
  if (routes === undefined) {
    const fabric = new Set(
      mergedLinks(server).flatMap(({ a, b, inFabric }) => (inFabric ? [keyOf(a, b)] : [])),
    );
    const between = server.gpus.map((a) => server.gpus.map((b) => (a === b ? [] : linksOn(server, a, b))));
    const hosts = [...devicesOf(server).values()].flatMap(({ id, kind }) =>
      ['nic', 'numa', 'socket'].includes(kind) ? [id] : [],
    );
    routes = {
      between,
      // A route leaves the fabric only where that does not join the two.
      inFabric: between.map((row) =>
        row.map((links) => links.length > 0 && links.every((link) => fabric.has(link))),
      ),
      toHost: server.gpus.map((gpu) => new Set(hosts.flatMap((host) => linksOn(server, gpu, host)))),
    };
    known.set(server, routes);
  }
  return routes;
}

/** The links of a route; none if nothing joins the two without crossing a GPU or a NIC. */
function linksOn(server: ServerTopology, from: string, to: string): LinkKey[] {
  try {
    const { devices } = route(server, from, to);
    return devices.slice(1).map((device, i) => keyOf(devices[i]!, device));
  } catch (error) {
    if (error instanceof CorralError && error.code === 'invalid-option') return [];
    throw error;
  }
}

function keyOf(a: string, b: string): LinkKey {
  return JSON.stringify([a, b].sort());
}
