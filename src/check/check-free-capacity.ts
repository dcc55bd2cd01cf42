import type { ServerId } from '../ids.js';
import { checkCluster } from '../topology/expected-topology.js';
import type { ClusterTopology } from '../topology/index.js';
import { GPU_MILLI } from '../units.js';
import type { CheckedPlacement } from './check-placements.js';

/** What a solver says is free; the `FreeCapacity` of a solver is one. */
export interface CheckedFreeCapacity {
  readonly gpus: number;
  readonly gpuMilli: number;
  readonly servers: readonly {
    readonly server: ServerId;
    readonly gpus: readonly number[];
    readonly gpuMilli: readonly number[];
    /** null = not limiting, as is `memoryMiB`. */
    readonly cpuMilli: number | null;
    readonly memoryMiB: number | null;
  }[];
}

/**
 * Whether free + taken = capacity, for every GPU, core and byte, judged from the cluster and the live placements
 * alone.
 *
 * @param cluster - the cluster as the solver was given it
 * @param placements - everything that is placed and not released, in any order
 * @param free - what the solver says is free
 * @returns one sentence per violation, in the order of servers; empty = all is well
 * @complexity O(servers × GPUs + pods)
 */
export function checkFreeCapacity(
  cluster: ClusterTopology,
  placements: readonly CheckedPlacement[],
  free: CheckedFreeCapacity,
): string[] {
  checkCluster(cluster, ['cluster']);
  const violations: string[] = [];
  const expect = (what: string, said: unknown, expected: unknown): void => {
    if (JSON.stringify(said) === JSON.stringify(expected)) return;
    violations.push(`${what}: said ${JSON.stringify(said)}, expected ${JSON.stringify(expected)}`);
  };
  expect(
    'servers',
    free.servers.map(({ server }) => server),
    cluster.servers.map(({ id }) => id),
  );
  let gpus = 0;
  let gpuMilli = 0;
  for (const { id, type, cpuMilli, memoryMiB } of cluster.servers) {
    const pods = placements.flatMap((placement) =>
      placement.pods
        .filter((pod) => pod.server === id)
        .map((pod) => ({ ...placement.request, held: pod.gpus })),
    );
    const left = [...type.gpus.keys()].map((gpu) =>
      pods.reduce(
        (rest, pod) => rest - (pod.held.includes(gpu) ? (pod.gpuMilli ?? GPU_MILLI) : 0),
        GPU_MILLI,
      ),
    );
    const whole = [...left.keys()].filter((gpu) => left[gpu] === GPU_MILLI);
    gpus += whole.length;
    gpuMilli += left.reduce((sum, milli) => sum + milli, 0);
    const said = free.servers.find(({ server }) => server === id);
    if (said === undefined) continue;
    const name = `server ${JSON.stringify(id)}`;
    const rest = (capacity: number | undefined, taken: number): number | null =>
      capacity === undefined ? null : capacity - taken;
    expect(`${name}, free GPUs`, said.gpus, whole);
    expect(`${name}, free thousandths per GPU`, said.gpuMilli, left);
    const cpuTaken = pods.reduce((sum, pod) => sum + (pod.cpuMilli ?? 0), 0);
    expect(`${name}, free milli-cores`, said.cpuMilli, rest(cpuMilli, cpuTaken));
    const memoryTaken = pods.reduce((sum, pod) => sum + (pod.memoryMiB ?? 0), 0);
    expect(`${name}, free MiB`, said.memoryMiB, rest(memoryMiB, memoryTaken));
  }
  expect('free GPUs in all', free.gpus, gpus);
  expect('free thousandths of GPUs in all', free.gpuMilli, gpuMilli);
  return violations;
}
