import * as fc from 'fast-check';
import {
  type ClusterDocument,
  type ClusterTopology,
  type PlacementRequest,
  type ServerDocument,
  type ServerTopology,
  serverTopology,
} from '../../src/index.js';
import { buildClusterTopology } from '../../src/topology/cluster-topology.js';

/** A server type that is only GPUs: how they are linked does not matter to these tests. */
export function gpuBox(gpus: number): ServerDocument {
  return {
    name: `box ${gpus}`,
    title: `${gpus} GPUs`,
    gpuModel: 'A',
    devices:
      gpus === 0
        ? [{ id: 'cpu', kind: 'socket' }]
        : Array.from({ length: gpus }, (_, i) => ({ id: `g${i}`, kind: 'gpu' })),
    links: [],
  };
}

const boxes = new Map<string, ServerTopology>();

/**
 * The topology of a document whose types are boxes, each box made once: what is compiled for a server type is kept with
 * it, and takes a second for 16 GPUs.
 */
export function boxCluster(document: ClusterDocument): ClusterTopology {
  const types = Object.entries(document.types).map(([name, type]) => [name, (type as ServerDocument).name]);
  return buildClusterTopology({ ...document, types: Object.fromEntries(types) }, (name) => {
    const box = boxes.get(name) ?? serverTopology(gpuBox(Number(name.slice('box '.length))));
    boxes.set(name, box);
    return box;
  });
}

const SIZES = [0, 1, 2, 4, 8, 16];

/** Small mixed clusters: 1 to 8 servers of 0 to 16 GPUs, three models, CPU and memory limits or none. */
export const cluster: fc.Arbitrary<ClusterDocument> = fc
  .array(
    fc.record(
      {
        type: fc.constantFrom(...SIZES.map(String)),
        gpuModel: fc.constantFrom('A', 'B', 'C'),
        cpuMilli: fc.integer({ min: 0, max: 40 }).map((x) => x * 1000),
        memoryMiB: fc.integer({ min: 0, max: 40 }).map((x) => x * 1024),
      },
      { requiredKeys: ['type', 'gpuModel'] },
    ),
    { minLength: 1, maxLength: 8 },
  )
  .map((servers) => ({
    tiers: [],
    types: Object.fromEntries(SIZES.map((gpus) => [String(gpus), gpuBox(gpus)])),
    servers: servers.map((server, i) => ({ id: `s${i}`, ...server })),
  }));

/** Requests of every kind that such a cluster might hold, or not. */
export const request: fc.Arbitrary<PlacementRequest> = fc
  .tuple(
    fc.oneof(
      fc.constant({}),
      fc.record({ gpus: fc.constantFrom(0, 1, 1, 2, 3, 4, 8, 16) }),
      fc.record({ gpuMilli: fc.constantFrom(1, 100, 250, 470, 500, 810, 1000) }),
    ),
    fc.record(
      {
        cpuMilli: fc.integer({ min: 0, max: 12 }).map((x) => x * 1000),
        memoryMiB: fc.integer({ min: 0, max: 12 }).map((x) => x * 1024),
        gpuModels: fc.subarray(['A', 'B', 'C', 'D']),
      },
      { requiredKeys: [] },
    ),
  )
  .map(([gpu, rest]) => ({ ...gpu, ...rest }));

/** One step of a history; `pick` chooses among what is live. */
export type Operation =
  | { readonly kind: 'place' | 'find'; readonly request: PlacementRequest }
  | { readonly kind: 'release'; readonly pick: number }
  | { readonly kind: 'snapshot' | 'restore' };

/** Histories in which most steps place. */
export const operations: fc.Arbitrary<Operation[]> = fc.array(
  fc.oneof(
    { weight: 5, arbitrary: fc.record({ kind: fc.constant('place' as const), request }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('find' as const), request }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('release' as const), pick: fc.nat(1000) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('snapshot' as const, 'restore' as const) }) },
  ),
  // At its default size fast-check stops at about ten.
  { maxLength: 60, size: 'max' },
);
