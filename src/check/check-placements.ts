import { quote } from '../errors.js';
import type { ServerId } from '../ids.js';
import { remembered } from '../remembered.js';
import { checkCluster } from '../topology/expected-topology.js';
import type { ClusterServer, ClusterTopology } from '../topology/index.js';
import { GPU_MILLI } from '../units.js';
import { gangFaults, podFaults, podRange } from './gangs/gang-faults.js';
import type { CheckedPlacement } from './read/claims.js';
import { readPlacements } from './read/read-claims.js';

/** What is taken from one server. */
interface Taken {
  readonly gpuMilli: number[];
  cpuMilli: number;
  memoryMiB: number;
}

/**
 * Finds what is wrong with a set of live placements, from the cluster alone: servers and GPUs that do not exist; a
 * wrong number of pods or GPUs; a GPU twice in one pod; more GPUs, CPU or memory than a server has; a model or labels
 * that were not asked for; a gang in several domains of the level that it requires; a slice of consecutive pods in
 * several domains of its level. It does not judge whether a better placement was possible.
 *
 * @param cluster - the cluster as the solver was given it
 * @param placements - all placements that are not released, in any order
 * @returns one sentence per violation, in the order of placements and then servers; empty = correct
 * @throws CorralError `invalid-request` for a level that does not exist, for `podsMin` above `pods` or counts that
 * are no integers from 1, and for other fields of a wrong type or range; `invalid-option` for anything but placements
 * @complexity O(servers + pods × GPUs)
 */
export function checkPlacements(cluster: ClusterTopology, placements: readonly CheckedPlacement[]): string[] {
  checkCluster(cluster, ['cluster']);
  const violations: string[] = [];
  const positionOf = new Map(cluster.servers.map(({ id }, position) => [id, position]));
  const taken = new Map<ServerId, Taken>();
  readPlacements(placements).forEach(({ request, pods }, i) => {
    if (pods.length === 0) violations.push(`placement ${i} has no pods`);
    else if (request.pods !== undefined) {
      const { min, max } = podRange(request);
      if (pods.length < min || pods.length > max) {
        violations.push(`placement ${i} has ${pods.length} pods, ${min} to ${max} were asked for`);
      }
    }
    const positions: number[] = [];
    pods.forEach((pod, j) => {
      const where = `placement ${i}, pod ${j}`;
      const position = positionOf.get(pod.server);
      if (position === undefined) {
        violations.push(`${where}: server ${quote(pod.server)} does not exist`);
        return;
      }
      const server = cluster.servers[position]!;
      positions.push(position);
      violations.push(...podFaults(server, request, pod.gpus).map((fault) => `${where}: ${fault}`));
      const sum = remembered(taken, server.id, () => ({
        gpuMilli: server.type.gpus.map(() => 0),
        cpuMilli: 0,
        memoryMiB: 0,
      }));
      sum.cpuMilli += request.cpuMilli ?? 0;
      sum.memoryMiB += request.memoryMiB ?? 0;
      for (const gpu of pod.gpus) {
        // A GPU that does not exist was reported above.
        if (sum.gpuMilli[gpu] !== undefined) sum.gpuMilli[gpu] += request.gpuMilli ?? GPU_MILLI;
      }
    });
    const faults = gangFaults(cluster, request, positions);
    violations.push(...faults.map((fault) => `placement ${i}: ${fault}`));
  });
  for (const server of cluster.servers) {
    const sum = taken.get(server.id);
    if (sum !== undefined) violations.push(...overloadsOf(server, sum));
  }
  return violations;
}

function overloadsOf(server: ClusterServer, taken: Taken): string[] {
  const overloads: string[] = [];
  const check = (what: string, given: number, capacity: number | undefined): void => {
    if (capacity !== undefined && given > capacity) {
      overloads.push(`server ${quote(server.id)}: ${given} ${what} given, ${capacity} there are`);
    }
  };
  taken.gpuMilli.forEach((milli, gpu) => {
    check(`thousandths of GPU ${gpu}`, milli, GPU_MILLI);
  });
  check('milli-cores of CPU', taken.cpuMilli, server.cpuMilli);
  check('MiB of memory', taken.memoryMiB, server.memoryMiB);
  return overloads;
}
