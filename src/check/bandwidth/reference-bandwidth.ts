import { checkServer } from '../../topology/expected-topology.js';
import type { ServerTopology } from '../../topology/index.js';
import { type Capacity, smallestCut } from './every-cut.js';
import { maskOf, sortedGpus } from './gpu-set.js';
import { holdSize, kindOf, type MergedLink, mergedLinks } from './merged-links.js';
import { mostReceived } from './most-received.js';
import { type PermittedPaths, permittedPaths, restrictsPaths } from './permitted-paths.js';

/** Server → bit mask of a set → its bandwidth: a search asks for each set many times. */
const known = new WeakMap<ServerTopology, Map<number, number>>();

/**
 * The bandwidth of the best possible schedule over a set S of n GPUs, by its definition:
 *
 *     min over A of (n - 1) c(A) / |A ∩ S|,   A a set of vertices with ∅ ≠ A ∩ S ≠ S
 *
 * where c(A) is the capacity that leaves A (Zhao et al., arXiv 2402.06787). If the accelerator fabric alone connects
 * S, only its links count; otherwise all links count. The NVSwitches of a fabric are one vertex. GPUs outside S and
 * NICs do not forward. Per-flow caps do not count. It enumerates all cuts: it checks `collectiveBandwidth` and is far
 * slower.
 *
 * Cuts do not express that traffic between two sockets follows their route, or that it passes host memory without
 * peer-to-peer. On servers with more than one link between sockets, and without peer-to-peer, a linear programme over
 * all permitted paths gives the largest rate at which each GPU can receive. In addition no link carries more than its
 * capacity when all GPUs receive at the same time, which matters where traffic cannot turn round at a switch.
 *
 * @param server - a server type
 * @param gpus - GPU ordinals, in any order
 * @returns GB/s per GPU and direction; `Infinity` for fewer than two GPUs, 0 if nothing joins them
 * @throws CorralError `invalid-option` for an ordinal that does not exist or is listed twice; `limit-exceeded` if
 * more than 20 vertices are left after those with one neighbour are removed, for more than 5,000 paths, 256 devices
 * or 1,024 links, and if a linear programme takes too many steps
 * @complexity O(2^vertices), or that of a linear programme per GPU, on the first call, then a look-up
 * @example
 * referenceBandwidth(topology('dgx1-v100'), [0, 1, 2, 3]) // 80
 */
export function referenceBandwidth(server: ServerTopology, gpus: readonly number[]): number {
  checkServer(server, ['server']);
  holdSize(server);
  const sorted = sortedGpus(server, gpus, 'gpus');
  const mask = maskOf(sorted);
  const answers = known.get(server) ?? new Map<number, number>();
  known.set(server, answers);
  let answer = answers.get(mask);
  if (answer === undefined) {
    answer = bandwidthOf(server, sorted);
    answers.set(mask, answer);
  }
  return answer;
}

function bandwidthOf(server: ServerTopology, gpus: readonly number[]): number {
  if (gpus.length < 2) return Number.POSITIVE_INFINITY;
  const chosen = gpus.map((ordinal): string => server.gpus[ordinal]!);
  const forwards = (id: string): boolean => {
    const kind = kindOf(server, id);
    return kind === 'gpu' ? chosen.includes(id) : kind !== 'nic';
  };
  const links = mergedLinks(server).filter(({ a, b }) => forwards(a) && forwards(b));
  const over = (some: readonly Capacity[]): number =>
    // Either side of a cut may be A; the side with more GPUs gives the lower rate.
    smallestCut(
      chosen,
      some,
      (GBps, near) => (GBps * (gpus.length - 1)) / Math.max(near, gpus.length - near),
    );
  const inFabric = over(links.filter((link: MergedLink) => link.inFabric));
  if (inFabric > 0) return inFabric;
  if (!restrictsPaths(server)) return over(links);
  const paths = permittedPaths(server, chosen);
  const received = Math.min(...chosen.map((sink) => mostReceived(chosen, sink, paths)));
  return (gpus.length - 1) * Math.min(received, ...sharesOfLinks(chosen, paths));
}

/**
 * The rate that each link allows when all GPUs receive at the same time. GPUs that the fabric joins form a group,
 * which needs what the others send once. A link that every path from elsewhere into a group crosses carries it for
 * each such group.
 */
function sharesOfLinks(gpus: readonly string[], { paths, capacities }: PermittedPaths): number[] {
  const groupOf = new Map(gpus.map((gpu) => [gpu, gpu]));
  for (const { from, to, inFabric } of paths) {
    const [one, other] = [groupOf.get(from)!, groupOf.get(to)!];
    if (inFabric) for (const [gpu, group] of groupOf) if (group === one) groupOf.set(gpu, other);
  }
  const groups = [...new Set(groupOf.values())].map((group) =>
    gpus.filter((gpu) => groupOf.get(gpu) === group),
  );
  return [...capacities].map(([name, GBps]) => {
    const crossing = groups.filter((group) => {
      const into = paths.filter(({ from, to }) => group.includes(to) && !group.includes(from));
      return into.length > 0 && into.every(({ links }) => links.includes(name));
    });
    const count = crossing.reduce((sum, group) => sum + gpus.length - group.length, 0);
    return count === 0 ? Number.POSITIVE_INFINITY : GBps / count;
  });
}
