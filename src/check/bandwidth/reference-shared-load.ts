import { unexpected } from '../../checks/values.js';
import { CorralError } from '../../errors.js';
import { remembered } from '../../remembered.js';
import { devicesOf } from '../../topology/device-at.js';
import { checkServer } from '../../topology/expected-topology.js';
import { route, type ServerTopology } from '../../topology/index.js';
import { sortedGpus } from './gpu-set.js';
import { holdSize, mergedLinks } from './merged-links.js';

/** A link by its ends, the smaller id first. */
type LinkKey = string;

/** What is kept of a server between calls. */
interface Routes {
  /** `between[a][b]`: the links of the route from GPU ordinal a to b. */
  readonly between: readonly (readonly (readonly LinkKey[])[])[];
  /** `inFabric[a][b]`: true if all of them belong to the accelerator fabric. */
  readonly inFabric: readonly (readonly boolean[])[];
  /** GPU ordinal → links of its routes to NICs, NUMA nodes and sockets. */
  readonly toHost: readonly ReadonlySet<LinkKey>[];
}

const known = new WeakMap<ServerTopology, Routes>();

/**
 * The load of a set of k GPUs on links that others could use, by its definition.
 *
 * Every GPU sends bandwidth / (k - 1) to each other GPU along its `route`. If the GPUs can form a ring in which the
 * accelerator fabric joins every two neighbours without a third GPU, only routes inside the fabric count. Others
 * could use a link if it is on the route between two devices outside the set, of which one is a GPU and the other a
 * GPU, a NIC, a NUMA node or a socket.
 *
 * @param server - a server type
 * @param gpus - GPU ordinals, in any order
 * @param bandwidthGBps - of the set
 * @returns GB/s summed over those links and both their directions
 * @throws CorralError `invalid-option` for an ordinal that does not exist or is listed twice, and for a bandwidth below 0;
 * `limit-exceeded` as `referenceBandwidth`
 * @complexity O(2^k k^2 + pairs × links × GPUs^2)
 */
export function referenceSharedLoad(
  server: ServerTopology,
  gpus: readonly number[],
  bandwidthGBps: number,
): number {
  checkServer(server, ['server']);
  holdSize(server);
  const sorted = sortedGpus(server, gpus, 'gpus');
  if (typeof bandwidthGBps !== 'number' || !(bandwidthGBps >= 0)) {
    throw unexpected('GB/s, 0 or more', bandwidthGBps, ['bandwidthGBps']);
  }
  if (sorted.length < 2) return 0;
  const { between, inFabric, toHost } = routesOf(server);
  const others = [...server.gpus.keys()].filter((gpu) => !sorted.includes(gpu));
  // Computed once per link, not once per pair that crosses it.
  const answers = new Map<LinkKey, boolean>();
  const othersCouldUse = (link: LinkKey): boolean => {
    return remembered(answers, link, () =>
      others.some((a) => toHost[a]!.has(link) || others.some((b) => between[a]![b]!.includes(link))),
    );
  };
  const fabricOnly = isRing(sorted, inFabric);
  let crossed = 0;
  for (const a of sorted) {
    for (const b of sorted) {
      if (a === b || (fabricOnly && !inFabric[a]![b])) continue;
      crossed += between[a]![b]!.filter(othersCouldUse).length;
    }
  }
  return (crossed * bandwidthGBps) / (sorted.length - 1);
}

/**
 * True if some order of the GPUs is a ring of joined neighbours. It finds for every set of GPUs the ends of the paths
 * through all of them; to try all orders would take too long (15! for 16 GPUs).
 */
function isRing(gpus: readonly number[], joined: readonly (readonly boolean[])[]): boolean {
  const whole = (1 << gpus.length) - 1;
  const joins = (a: number, b: number): boolean => joined[gpus[a]!]![gpus[b]!]!;
  /** Set of positions → bit mask of the positions at which a path from the first through all of the set can end. */
  const ends = new Int32Array(whole + 1);
  ends[1] = 1;
  for (let set = 1; set <= whole; set += 2) {
    for (let at = 0; at < gpus.length; at++) {
      if (((ends[set]! >> at) & 1) === 0) continue;
      for (let next = 1; next < gpus.length; next++) {
        if (((set >> next) & 1) === 0 && joins(at, next)) ends[set | (1 << next)]! |= 1 << next;
      }
    }
  }
  return gpus.some((_, at) => ((ends[whole]! >> at) & 1) === 1 && joins(at, 0));
}

function routesOf(server: ServerTopology): Routes {
  return remembered(known, server, () => {
    const fabric = new Set(
      mergedLinks(server).flatMap(({ a, b, inFabric }) => (inFabric ? [keyOf(a, b)] : [])),
    );
    const between = server.gpus.map((a) => server.gpus.map((b) => (a === b ? [] : linksOn(server, a, b))));
    const hosts = [...devicesOf(server).values()].flatMap(({ id, kind }) =>
      ['nic', 'numa', 'socket'].includes(kind) ? [id] : [],
    );
    return {
      between,
      // A route leaves the fabric only where the fabric does not join the two GPUs.
      inFabric: between.map((row) =>
        row.map((links) => links.length > 0 && links.every((link) => fabric.has(link))),
      ),
      toHost: server.gpus.map((gpu) => new Set(hosts.flatMap((host) => linksOn(server, gpu, host)))),
    };
  });
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
