import type { CheckedFreeCapacity, ReferenceState } from '../../../src/check/index.js';
import { type ClusterTopology, clusterTopology, type ServerDocument } from '../../../src/index.js';
import { smallServer } from '../../bandwidth/small-server.js';

/** Two GPUs and a NIC on one switch: 10 GB/s between the GPUs, 5 GB/s out of the server however many send. */
export const pair: ServerDocument = smallServer(
  ['sw0', 'gpu0', 'gpu1', 'nic0'],
  [
    ['sw0', 'gpu0', 'pcie', 10],
    ['sw0', 'gpu1', 'pcie', 10],
    ['sw0', 'nic0', 'pcie', 5],
  ],
).document;

/** The same without the NIC. */
export const lonePair: ServerDocument = smallServer(
  ['sw0', 'gpu0', 'gpu1'],
  [
    ['sw0', 'gpu0', 'pcie', 10],
    ['sw0', 'gpu1', 'pcie', 10],
  ],
).document;

/** One GPU and its NIC. */
export const single: ServerDocument = smallServer(
  ['sw0', 'gpu0', 'nic0'],
  [
    ['sw0', 'gpu0', 'pcie', 10],
    ['sw0', 'nic0', 'pcie', 5],
  ],
).document;

/** Two GPUs on each of two switches with a NIC between them, 10 GB/s everywhere. */
export const twoSwitches: ServerDocument = smallServer(
  ['socket0', 'sw0', 'sw1', 'gpu0', 'gpu1', 'gpu2', 'gpu3', 'nic0'],
  [
    ['socket0', 'sw0', 'pcie', 10],
    ['socket0', 'sw1', 'pcie', 10],
    ['sw0', 'gpu0', 'pcie', 10],
    ['sw0', 'gpu1', 'pcie', 10],
    ['sw1', 'gpu2', 'pcie', 10],
    ['sw1', 'gpu3', 'pcie', 10],
    ['socket0', 'nic0', 'pcie', 10],
  ],
).document;

/** A cluster of racks, each a list of servers of type `pair`; more of the document on top. */
export function racks(
  servers: Readonly<Record<string, readonly string[]>>,
  more: Readonly<Record<string, unknown>> = {},
): ClusterTopology {
  return clusterTopology({
    tiers: ['rack'],
    types: { pair, lonePair, single, twoSwitches },
    servers: Object.entries(servers).flatMap(([rack, ids]) =>
      ids.map((id) => ({ id, type: 'pair', domains: { rack } })),
    ),
    ...more,
  });
}

/** Free thousandths of servers that are not empty, by id; every other GPU, core and byte is free. */
export function stateOf(
  cluster: ClusterTopology,
  gpuMilli: Readonly<Record<string, readonly number[]>> = {},
  cordoned: readonly string[] = [],
): ReferenceState & { readonly free: CheckedFreeCapacity } {
  const servers = cluster.servers.map(({ id, type, cpuMilli, memoryMiB }) => {
    const milli = gpuMilli[id] ?? type.gpus.map(() => 1000);
    return {
      server: id,
      gpus: [...milli.keys()].filter((gpu) => milli[gpu] === 1000),
      gpuMilli: milli,
      cpuMilli: cpuMilli ?? null,
      memoryMiB: memoryMiB ?? null,
    };
  });
  const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  return {
    free: {
      gpus: sum(servers.map(({ gpus }) => gpus.length)),
      gpuMilli: sum(servers.flatMap((server) => server.gpuMilli)),
      servers,
    },
    cordoned,
  };
}
