import type { ServerId } from '../ids.js';
import type { ClusterServer, ClusterTopology } from '../topology/index.js';
import { GPU_MILLI } from '../units.js';

/** What one pod asked for: the fields of a placement request that are judged, spelled out anew. */
export interface CheckedRequest {
  readonly gpus?: number | undefined;
  readonly gpuMilli?: number | undefined;
  readonly cpuMilli?: number | undefined;
  readonly memoryMiB?: number | undefined;
  readonly gpuModels?: readonly string[] | undefined;
}

/** A request and where its pods are; a `Placement` with its request is one. */
export interface CheckedPlacement {
  /** What each of the pods asked for. */
  readonly request: CheckedRequest;
  readonly pods: readonly { readonly server: ServerId; readonly gpus: readonly number[] }[];
}

/** What is taken from one server. */
interface Taken {
  readonly gpuMilli: number[];
  cpuMilli: number;
  memoryMiB: number;
}

/**
 * What is wrong with a set of live placements, judged from the cluster alone: servers and GPUs that do not
 * exist, a wrong number of GPUs, a GPU twice in one pod, GPUs, CPU or memory given beyond capacity, a model that
 * was not asked for. Whether a better place was free is not judged.
 *
 * @param cluster - the cluster as the solver was given it
 * @param placements - everything that is placed and not released, in any order
 * @returns one sentence per violation, in the order of placements and then servers; empty = all is well
 * @complexity O(servers + pods × GPUs)
 */
export function checkPlacements(cluster: ClusterTopology, placements: readonly CheckedPlacement[]): string[] {
  const violations: string[] = [];
  const serverOf = new Map(cluster.servers.map((server) => [server.id, server]));
  const taken = new Map<ServerId, Taken>();
  placements.forEach(({ request, pods }, i) => {
    if (pods.length === 0) violations.push(`placement ${i} has no pods`);
    pods.forEach((pod, j) => {
      const where = `placement ${i}, pod ${j}`;
      const server = serverOf.get(pod.server);
      if (server === undefined) {
        violations.push(`${where}: server ${JSON.stringify(pod.server)} does not exist`);
        return;
      }
      violations.push(...faultsOfPod(server, request, pod.gpus).map((fault) => `${where}: ${fault}`));
      const sum = taken.get(server.id) ?? {
        gpuMilli: server.type.gpus.map(() => 0),
        cpuMilli: 0,
        memoryMiB: 0,
      };
      taken.set(server.id, sum);
      sum.cpuMilli += request.cpuMilli ?? 0;
      sum.memoryMiB += request.memoryMiB ?? 0;
      for (const gpu of pod.gpus) {
        // One that does not exist was reported, and has no capacity to exceed.
        if (sum.gpuMilli[gpu] !== undefined) sum.gpuMilli[gpu] += request.gpuMilli ?? GPU_MILLI;
      }
    });
  });
  for (const server of cluster.servers) {
    const sum = taken.get(server.id);
    if (sum !== undefined) violations.push(...overloadsOf(server, sum));
  }
  return violations;
}

function faultsOfPod(server: ClusterServer, request: CheckedRequest, gpus: readonly number[]): string[] {
  const faults: string[] = [];
  const name = `server ${JSON.stringify(server.id)}`;
  const wanted = request.gpuMilli !== undefined ? 1 : (request.gpus ?? 0);
  if (gpus.length !== wanted) faults.push(`${gpus.length} GPUs given, ${wanted} asked for`);
  if (new Set(gpus).size !== gpus.length) faults.push(`a GPU is given twice: ${gpus.join(', ')}`);
  for (const gpu of gpus) {
    if (server.type.gpus[gpu] === undefined) faults.push(`${name} has no GPU ${gpu}`);
  }
  const models = request.gpuModels ?? [];
  if (models.length > 0 && !models.includes(server.gpuModel)) {
    faults.push(
      `${name} has model ${JSON.stringify(server.gpuModel)}, allowed are ${JSON.stringify(models)}`,
    );
  }
  return faults;
}

function overloadsOf(server: ClusterServer, taken: Taken): string[] {
  const overloads: string[] = [];
  const check = (what: string, given: number, capacity: number | undefined): void => {
    if (capacity !== undefined && given > capacity) {
      overloads.push(`server ${JSON.stringify(server.id)}: ${given} ${what} given, ${capacity} there are`);
    }
  };
  taken.gpuMilli.forEach((milli, gpu) => {
    check(`thousandths of GPU ${gpu}`, milli, GPU_MILLI);
  });
  check('milli-cores of CPU', taken.cpuMilli, server.cpuMilli);
  check('MiB of memory', taken.memoryMiB, server.memoryMiB);
  return overloads;
}
