import { CorralError } from '../../errors.js';
import { remembered } from '../../remembered.js';
import { devicesOf } from '../../topology/device-at.js';
import { relation, type ServerTopology } from '../../topology/index.js';
import { VERTICES_MAX } from './every-cut.js';
import { largestValue } from './largest-value.js';
import { kindOf, type MergedLink, mergedLinks } from './merged-links.js';
import { permittedPathsToNics } from './permitted-paths.js';

/** Relation words from near to far. A fabric link between a GPU and a NIC counts as PIX. */
const WORDS: readonly string[] = ['PIX', 'PXB', 'PHB', 'NODE', 'SYS'];
const FAR = WORDS.indexOf('SYS');

/**
 * The bandwidth from a set of GPUs through the ports of its NICs together, by max-flow min-cut: the smallest capacity
 * of a near side.
 *
 * The NICs of the set are all compute NICs that come first in the order PIX, PXB, PHB, NODE, SYS for one of its GPUs.
 * A near side contains the set and any switches, NUMA nodes and sockets. Its capacity is that of its links to other
 * such vertices, plus for each NIC of the set the least of its links from the near side and of `portGBps`. GPUs
 * outside the set can be on the near side too, but they forward only from GPUs of the set that have no NIC nearer
 * than SYS, over direct links of the fabric, to NICs that are linked to GPUs only.
 *
 * Cuts do not express that traffic between two sockets follows their route. On servers with more than one link
 * between sockets a linear programme over all permitted paths from the set to its NICs gives the bandwidth.
 *
 * @param gpus - GPU ordinals, checked
 * @returns GB/s per direction; 0 without GPUs or NICs that they reach
 * @throws CorralError `limit-exceeded` as `referenceBandwidth` does
 * @complexity O(2^vertices), or that of a linear programme with a variable per path
 */
export function referenceNicBandwidth(server: ServerTopology, gpus: readonly number[]): number {
  const chosen = new Set(gpus.map((ordinal) => server.gpus[ordinal]!));
  const uses = usesOf(server);
  const nics = new Set([...chosen].flatMap((gpu) => uses.get(gpu)!.nics));
  if (server.document.links.filter(({ medium }) => medium === 'socket').length > 1) {
    return mostSent(server, chosen, nics, uses);
  }
  return leastCut(server, chosen, nics, uses);
}

/** The bandwidth of the permitted paths from a set of GPUs to its NICs. */
function mostSent(
  server: ServerTopology,
  chosen: ReadonlySet<string>,
  nics: ReadonlySet<string>,
  uses: ReadonlyMap<string, Use>,
): number {
  const { paths, capacities } = permittedPathsToNics(server, [...chosen], [...nics]);
  const limits = new Map(capacities);
  const ways = paths.map(({ to, links }) => [...links, to]);
  // Paths through a GPU outside the set: a link of the fabric, then one to a NIC.
  for (const gpu of chosen) {
    for (const { a, b, GBps, inFabric } of uses.get(gpu)!.isFar ? mergedOf(server) : []) {
      const owner = a === gpu ? b : b === gpu ? a : gpu;
      if (!inFabric || chosen.has(owner) || kindOf(server, owner) !== 'gpu') continue;
      const loan = JSON.stringify([gpu, owner, 'fabric']);
      limits.set(loan, (limits.get(loan) ?? 0) + GBps);
      for (const { other } of linksOf(server, owner)) {
        if (!nics.has(other) || !hangsOnGpus(server, other)) continue;
        ways.push([loan, JSON.stringify([owner, other]), other]);
      }
    }
  }
  for (const nic of nics) limits.set(nic, devicesOf(server).get(nic)!.portGBps ?? Infinity);
  const limiting = [...limits].filter(([, GBps]) => GBps < Infinity);
  return largestValue({
    rows: limiting.map(([name]) => ways.map((way) => way.filter((link) => link === name).length)),
    right: limiting.map(([, GBps]) => GBps),
    goal: ways.map(() => 1),
  });
}

/** The smallest capacity of a near side. */
function leastCut(
  server: ServerTopology,
  chosen: ReadonlySet<string>,
  nics: ReadonlySet<string>,
  uses: ReadonlyMap<string, Use>,
): number {
  const carriers = carriersOf(server, chosen, nics, uses);
  const vertices = [...carriers.keys()];
  if (vertices.length > VERTICES_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [],
      `${vertices.length} vertices, and every cut of at most ${VERTICES_MAX} can be looked at: take a smaller server`,
    );
  }
  const positionOf = new Map(vertices.map((id, v) => [id, v]));
  const positions = (links: Iterable<readonly [string, number]>): { at: number; GBps: number }[] =>
    [...links].flatMap(([id, GBps]) => (positionOf.has(id) ? [{ at: positionOf.get(id)!, GBps }] : []));
  const carried = vertices.map((id) => {
    const { fromSet, links } = carriers.get(id)!;
    return { fromSet, links: positions(links) };
  });
  const ports = [...nics].map((nic) => {
    const links = linksOf(server, nic);
    return {
      portGBps: devicesOf(server).get(nic)!.portGBps ?? Number.POSITIVE_INFINITY,
      fromSet: links.reduce((sum, { other, GBps }) => sum + (chosen.has(other) ? GBps : 0), 0),
      // A GPU outside the set does not forward to a NIC that is also linked to a switch or a socket.
      links: positions(
        links
          .filter(({ other }) => kindOf(server, other) !== 'gpu' || hangsOnGpus(server, nic))
          .map(({ other, GBps }) => [other, GBps]),
      ),
    };
  });

  let least = Number.POSITIVE_INFINITY;
  for (let side = 0; side < 2 ** vertices.length; side++) {
    const isNear = (v: number): boolean => ((side >>> v) & 1) === 1;
    let through = 0;
    carried.forEach(({ fromSet, links }, v) => {
      if (!isNear(v)) through += fromSet;
      else for (const { at, GBps } of links) if (!isNear(at)) through += GBps;
    });
    for (const { portGBps, fromSet, links } of ports) {
      let GBps = fromSet;
      for (const link of links) if (isNear(link.at)) GBps += link.GBps;
      through += Math.min(portGBps, GBps);
    }
    least = Math.min(least, through);
  }
  return least;
}

/** The NICs of a GPU: its nearest compute NICs; `isFar` if these are SYS. */
interface Use {
  readonly nics: readonly string[];
  readonly isFar: boolean;
}

const known = new WeakMap<ServerTopology, ReadonlyMap<string, Use>>();

function usesOf(server: ServerTopology): ReadonlyMap<string, Use> {
  return remembered(known, server, () => {
    const devices = devicesOf(server);
    const compute = server.nics.filter((id) => (devices.get(id)!.role ?? 'compute') === 'compute');
    return new Map(
      server.gpus.map((gpu): [string, Use] => {
        const byWord: string[][] = WORDS.map(() => []);
        for (const nic of compute) {
          const hangsElsewhere =
            hangsOnGpus(server, nic) && !linksOf(server, nic).some(({ other }) => other === gpu);
          const word = hangsElsewhere ? FAR : Math.max(0, WORDS.indexOf(relation(server, gpu, nic)));
          byWord[word]!.push(nic);
        }
        const word = byWord.findIndex((nics) => nics.length > 0);
        return [gpu, { nics: byWord[word] ?? [], isFar: word === FAR || word === -1 }];
      }),
    );
  });
}

function hangsOnGpus(server: ServerTopology, nic: string): boolean {
  return linksOf(server, nic).every(({ other }) => kindOf(server, other) === 'gpu');
}

/** A vertex between the set and the NICs: the capacity from the set, and its links to other such vertices. */
interface Carrier {
  fromSet: number;
  readonly links: Map<string, number>;
}

/** The forwarders, and the GPUs outside the set that forward to their NICs, without those that no cut needs. */
function carriersOf(
  server: ServerTopology,
  chosen: ReadonlySet<string>,
  nics: ReadonlySet<string>,
  uses: ReadonlyMap<string, Use>,
): Map<string, Carrier> {
  const carriers = new Map<string, Carrier>();
  const carrierOf = (id: string): Carrier =>
    remembered(carriers, id, (): Carrier => ({ fromSet: 0, links: new Map() }));
  const forwards = (id: string): boolean => !['gpu', 'nic'].includes(kindOf(server, id));
  for (const { a, b, GBps, inFabric } of mergedOf(server)) {
    for (const [from, to] of [
      [a, b],
      [b, a],
    ] as const) {
      if (a === b) continue;
      if (forwards(from) && forwards(to)) {
        const { links } = carrierOf(from);
        links.set(to, (links.get(to) ?? 0) + GBps);
      }
      if (chosen.has(from) && forwards(to)) carrierOf(to).fromSet += GBps;
      const isLoan = inFabric && chosen.has(from) && kindOf(server, to) === 'gpu' && !chosen.has(to);
      if (isLoan && uses.get(from)!.isFar && lends(server, to, nics)) carrierOf(to).fromSet += GBps;
    }
  }
  // Remove vertices with a single neighbour and no NIC of the set: they are on the side of that neighbour. Ends:
  // every round but the last removes one.
  for (let dropped = true; dropped; ) {
    dropped = false;
    for (const [id, { fromSet, links }] of carriers) {
      const reachesNic = linksOf(server, id).some(({ other }) => nics.has(other));
      if (reachesNic || links.size + (fromSet > 0 ? 1 : 0) > 1) continue;
      for (const other of links.keys()) carriers.get(other)!.links.delete(id);
      carriers.delete(id);
      dropped = true;
    }
  }
  return carriers;
}

function lends(server: ServerTopology, owner: string, nics: ReadonlySet<string>): boolean {
  return linksOf(server, owner).some(({ other }) => nics.has(other) && hangsOnGpus(server, other));
}

const merged = new WeakMap<ServerTopology, readonly MergedLink[]>();

function mergedOf(server: ServerTopology): readonly MergedLink[] {
  return remembered(merged, server, () => mergedLinks(server));
}

/** The links of a device after NVSwitches were merged; links to one neighbour are summed. */
function linksOf(server: ServerTopology, id: string): { readonly other: string; readonly GBps: number }[] {
  const to = new Map<string, number>();
  for (const { a, b, GBps } of mergedOf(server)) {
    if (a !== b && (a === id || b === id)) {
      const other = a === id ? b : a;
      to.set(other, (to.get(other) ?? 0) + GBps);
    }
  }
  return [...to].map(([other, GBps]) => ({ other, GBps }));
}
