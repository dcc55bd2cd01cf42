import { readFields } from '../checks/fields.js';
import { quote } from '../errors.js';
import { remembered } from '../remembered.js';
import { checkCluster } from '../topology/expected-topology.js';
import type { ClusterTopology } from '../topology/index.js';
import { maskOf } from './bandwidth/gpu-set.js';
import { GangDamage } from './gangs/gang-damage.js';
import {
  gangFaults,
  gpusPerPod,
  isPlaceKind,
  isWholeAndTalks,
  milliPerGpu,
  type PodRange,
  podFaults,
  podRange,
} from './gangs/gang-faults.js';
import { type GangState, gangState, type ReferenceState } from './gangs/gang-state.js';
import { gangBandwidthGBps, gangLoad } from './gangs/gang-traffic.js';
import { levelNames, levelOf, lowestLevel } from './gangs/levels.js';
import { strandedGpus } from './gangs/stranded-gpus.js';
import type { CheckedRequest } from './read/checked-request.js';
import type { ClaimedPlacement } from './read/claims.js';
import { readClaim } from './read/read-claims.js';
import { readRequest } from './read/read-request.js';
import type { ReferencePlacement, ReferencePlaceOptions } from './reference-place.js';
import { DEFAULT_SIZES, readSizes, type Sizes } from './sets/reference-leftover-value.js';
import { same } from './sets/set-figures.js';

/** The figures of a placement by which the best one is chosen, and its violations. */
export interface JudgedPlacement extends ReferencePlacement {
  /** One sentence per violation; empty = correct. */
  readonly violations: readonly string[];
}

/**
 * Judges one placement from the cluster and the state before it: checks that it gives what was asked for, that this
 * was free, and that its tier and bandwidth are correct; returns the figures that {@link referencePlace} compares. To
 * learn whether a better placement was possible, compare the figures of both.
 *
 * Slices are consecutive pods in the order of the placement. Servers and GPUs that do not exist are reported and do
 * not count in the figures.
 *
 * @param cluster - any cluster: unlike the search, this has no limit but that of `referenceSelectGpus` on a server
 * @param state - what was free before, and which servers are cordoned
 * @param request - what was asked for
 * @param placement - the answer
 * @param options - see {@link ReferencePlaceOptions}
 * @returns the figures and the violations
 * @throws CorralError as {@link referencePlace}, except for its limits on the cluster
 * @complexity O(pods + servers × tiers) besides the cuts of the sets, which are kept with the server type
 * @example
 * const cluster = clusterTopology({ tiers: [], types: { t: 'ws-4x5090' }, servers: [{ id: 's', type: 't' }] });
 * const solver = compile(cluster);
 * const free = solver.free();
 * const answer = solver.place({ gpus: 2 });
 * if (answer.ok) judgePlacement(cluster, { free }, { gpus: 2 }, answer.placement).violations; // []
 */
export function judgePlacement(
  cluster: ClusterTopology,
  state: ReferenceState,
  request: CheckedRequest,
  placement: ClaimedPlacement,
  options: ReferencePlaceOptions = {},
): JudgedPlacement {
  checkCluster(cluster, ['cluster']);
  const given = readFields(options, ['sizes'], ['options']);
  const sizes = readSizes(given.sizes ?? DEFAULT_SIZES);
  const asked = readRequest(request);
  const range = podRange(asked);
  return judged(cluster, gangState(cluster, state), asked, range, readClaim(placement), sizes);
}

function judged(
  cluster: ClusterTopology,
  before: GangState,
  request: CheckedRequest,
  range: PodRange,
  placement: ClaimedPlacement,
  sizes: Sizes,
): JudgedPlacement {
  const violations: string[] = [];
  if (placement.pods.length < range.min || placement.pods.length > range.max) {
    const wanted = range.min === range.max ? `${range.max}` : `${range.min} to ${range.max}`;
    violations.push(`${placement.pods.length} pods given, ${wanted} asked for`);
  }
  const positionOf = new Map(cluster.servers.map(({ id }, server) => [id, server]));
  const servers: number[] = [];
  /** Position of the server → number and GPUs of its pods. */
  const held = new Map<number, { pods: number; readonly gpus: number[] }>();
  placement.pods.forEach((pod, i) => {
    const position = positionOf.get(pod.server);
    if (position === undefined) {
      violations.push(`pod ${i}: server ${quote(pod.server)} does not exist`);
      return;
    }
    const server = cluster.servers[position]!;
    violations.push(...podFaults(server, request, pod.gpus).map((fault) => `pod ${i}: ${fault}`));
    const sum = remembered(held, position, () => ({ pods: 0, gpus: [] as number[] }));
    sum.pods++;
    sum.gpus.push(...pod.gpus.filter((gpu) => server.type.gpus[gpu] !== undefined));
    servers.push(position);
  });
  violations.push(...gangFaults(cluster, request, servers));

  const taken = cluster.servers.map(() => 0);
  for (const [position, { pods, gpus }] of [...held].sort(([a], [b]) => a - b)) {
    const free = before[position]!;
    const name = `server ${quote(cluster.servers[position]!.id)}`;
    if (free.cordoned) violations.push(`${name} is cordoned`);
    const check = (what: string, given: number, left: number): void => {
      if (given > left) violations.push(`${name}: ${given} ${what} given, ${left} were free`);
    };
    for (const gpu of [...new Set(gpus)].sort((a, b) => a - b)) {
      const pods = gpus.filter((other) => other === gpu).length;
      check(`thousandths of GPU ${gpu}`, pods * milliPerGpu(request), free.gpuMilli[gpu]!);
    }
    check('milli-cores of CPU', pods * (request.cpuMilli ?? 0), free.cpuMilli);
    check('MiB of memory', pods * (request.memoryMiB ?? 0), free.memoryMiB);
    taken[position] = maskOf(gpus);
  }

  const level = lowestLevel(cluster, servers);
  const tier = levelNames(cluster)[level]!;
  if (placement.tier !== tier) {
    violations.push(`tier said to be ${quote(placement.tier)}, it is ${quote(tier)}`);
  }
  if (request.prefer !== undefined && !isPlaceKind(request.prefer))
    levelOf(cluster, request.prefer, ['prefer']);
  const talks = isWholeAndTalks(request);
  const bandwidthGBps = talks ? gangBandwidthGBps(cluster, taken) : null;
  if (!sameBandwidth(placement.bandwidthGBps, bandwidthGBps)) {
    violations.push(`bandwidth said to be ${placement.bandwidthGBps} GB/s, it is ${bandwidthGBps}`);
  }
  const podsOn = cluster.servers.map((_, server) => held.get(server)?.pods ?? 0);
  const damage =
    gpusPerPod(request) === 0
      ? strandedGpus(cluster, before, request, podsOn)
      : new GangDamage(cluster, before, sizes).of(taken);
  return {
    pods: placement.pods.length,
    tier,
    bandwidthGBps,
    load: talks ? gangLoad(cluster, taken) : 0,
    damage,
    servers: held.size,
    violations,
  };
}

function sameBandwidth(said: number | null, is: number | null): boolean {
  return said === is || (said !== null && is !== null && same(said, is));
}
