import { quote } from '../errors.js';
import type { ServerId } from '../ids.js';
import { remembered } from '../remembered.js';
import { checkCluster } from '../topology/expected-topology.js';
import type { ClusterTopology } from '../topology/index.js';
import { GPU_MILLI } from '../units.js';
import type { CheckedFreeCapacity, CheckedPlacement } from './read/claims.js';
import { readFreeCapacity, readPlacements } from './read/read-claims.js';

/**
 * How many more servers a list may name than twice those of the cluster: wrong lists are judged, much longer ones are
 * refused.
 */
const SURPLUS_MAX = 100_000;

/**
 * Checks that free + taken = capacity for every GPU, core and byte, from the cluster and the live placements alone.
 *
 * @param cluster - the cluster as the solver was given it
 * @param placements - all placements that are not released, in any order
 * @param free - what the solver says is free
 * @returns one sentence per violation, in the order of servers; empty = correct
 * @throws CorralError `invalid-option` for anything but placements and a capacity, `invalid-request` for a wrong
 * request
 * @complexity O(servers × GPUs + pods)
 */
export function checkFreeCapacity(
  cluster: ClusterTopology,
  placements: readonly CheckedPlacement[],
  free: CheckedFreeCapacity,
): string[] {
  checkCluster(cluster, ['cluster']);
  const live = readPlacements(placements);
  const said = readFreeCapacity(free, 2 * cluster.servers.length + SURPLUS_MAX);
  const violations: string[] = [];
  const expect = (what: string, is: Said, expected: Said): void => {
    if (!areEqual(is, expected)) violations.push(`${what}: said ${shown(is)}, expected ${shown(expected)}`);
  };
  expect(
    'servers',
    said.servers.map(({ server }) => server),
    cluster.servers.map(({ id }) => id),
  );
  /** Server → its pods, each with the request and its GPUs. */
  const podsOn = new Map<ServerId, (CheckedPlacement['request'] & { readonly held: readonly number[] })[]>();
  for (const { request, pods } of live) {
    for (const { server, gpus } of pods) {
      remembered(podsOn, server, () => []).push({ ...request, held: gpus });
    }
  }
  const saidOf = new Map(said.servers.map((entry) => [entry.server, entry]));
  let gpus = 0;
  let gpuMilli = 0;
  for (const { id, type, cpuMilli, memoryMiB } of cluster.servers) {
    const pods = podsOn.get(id) ?? [];
    const left = [...type.gpus.keys()].map((gpu) =>
      pods.reduce(
        (rest, pod) => rest - (pod.held.includes(gpu) ? (pod.gpuMilli ?? GPU_MILLI) : 0),
        GPU_MILLI,
      ),
    );
    const whole = [...left.keys()].filter((gpu) => left[gpu] === GPU_MILLI);
    gpus += whole.length;
    gpuMilli += left.reduce((sum, milli) => sum + milli, 0);
    const own = saidOf.get(id);
    if (own === undefined) continue;
    const name = `server ${quote(id)}`;
    const rest = (capacity: number | undefined, taken: number): number | null =>
      capacity === undefined ? null : capacity - taken;
    expect(`${name}, free GPUs`, own.gpus, whole);
    expect(`${name}, free thousandths per GPU`, own.gpuMilli, left);
    const cpuTaken = pods.reduce((sum, pod) => sum + (pod.cpuMilli ?? 0), 0);
    expect(`${name}, free milli-cores`, own.cpuMilli, rest(cpuMilli, cpuTaken));
    const memoryTaken = pods.reduce((sum, pod) => sum + (pod.memoryMiB ?? 0), 0);
    expect(`${name}, free MiB`, own.memoryMiB, rest(memoryMiB, memoryTaken));
  }
  expect('free GPUs in all', said.gpus, gpus);
  expect('free thousandths of GPUs in all', said.gpuMilli, gpuMilli);
  return violations;
}

type Said = number | null | readonly (number | string)[];

/** Most members of a list in a sentence. */
const SHOWN_MAX = 64;

function areEqual(a: Said, b: Said): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  return a.length === b.length && a.every((member, i) => member === b[i]);
}

function shown(value: Said): string {
  if (typeof value !== 'object' || value === null) return quote(value);
  const more = value.length > SHOWN_MAX ? `,… ${value.length} in all` : '';
  return `[${value.slice(0, SHOWN_MAX).map(quote).join(',')}${more}]`;
}
