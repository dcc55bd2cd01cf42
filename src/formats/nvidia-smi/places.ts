import { components } from '../server/components.js';
import { groupedBy } from '../server/grouped.js';
import { invalidFormat } from '../text/format-errors.js';
import type { Affinity } from './affinity.js';
import type { SmiTable } from './table.js';
import { nvlinksOf } from './words.js';

/** Devices below one PCIe switch (`PIX`), by position in {@link SmiTable.labels}; one alone needs no switch. */
export type SwitchGroup = readonly number[];
/** Switches below one port of a host bridge (`PXB`); one alone needs no second level. */
export type PortGroup = readonly SwitchGroup[];
/** Ports of one host bridge (`PHB`). */
export type BridgeGroup = readonly PortGroup[];
/** Host bridges of one NUMA node (`NODE`); other nodes are `SYS`. */
export interface NumaGroup {
  readonly bridges: readonly BridgeGroup[];
  /** Position of the first group of the same NUMA node. `SYS` inside a node splits it into groups on one socket. */
  readonly sameNumaAs: number;
}

/** The words of a PCIe path from near to far; the position of a word is its distance. */
const WORDS: readonly string[] = ['PIX', 'PXB', 'PHB', 'NODE', 'SYS'];
const PIX = 0;
const PXB = 1;
const PHB = 2;
const NODE = 3;
const SYS = 4;
/** The distance of a pair whose PCIe path the tool does not show. */
const HIDDEN = -1;

/**
 * Where each device hangs below the CPUs, as nested groups that reproduce the words of the matrix.
 *
 * The words are an ultrametric: two devices that are `PIX` of a third are `PIX` of each other, and so for every word. So the
 * groups of a word are the connected components of all pairs with that word or a nearer one (single linkage). If a
 * component holds a pair with a farther word, the matrix fits no server.
 *
 * `NV#` hides the PCIe path of a pair. Single linkage then gives the farthest path that the other cells allow: two GPUs
 * that are `PXB` of one NIC are `PXB` of each other. Where no cell tells, the affinity columns decide on the NUMA node:
 *
 * 1. Groups of equal NUMA affinity share a NUMA node, each with a host bridge of its own (`NODE`), unless a cell between
 *    them is `SYS`. A GPU without NUMA affinity is compared by CPU affinity.
 * 2. Groups without any affinity share one node, unless a cell between them is `SYS`. If all other groups are in one node,
 *    they are in that node.
 * 3. Groups of equal affinity with `SYS` between them are parts of one NUMA node.
 *
 * @param table - the matrix
 * @returns NUMA nodes in the order of their first devices
 * @throws CorralError `invalid-format` that names the cells which contradict each other
 * @complexity O(devices^2), and O(devices^3) for GPUs behind `NV#`
 * @see Jardine & Sibson, Mathematical Taxonomy (1971): single linkage is the largest ultrametric below the data
 */
export function placesOf(table: SmiTable): readonly NumaGroup[] {
  const distances = table.cells.map((row) => row.map(distanceOf));
  const groupsByDistance = [PIX, PXB, PHB, NODE].map((distance) => groupsWithin(distances, distance));
  refuseContradictions(table, distances, groupsByDistance);
  const devices = table.labels.map((_, i) => i);
  const nodes = joinByAffinity(partition(devices, groupsByDistance[NODE]!), distances, table.affinities);
  const keys = nodes.map((node) => new Set(node.flatMap((at) => keyOf(table.affinities[at]!))));
  const firstOf = groupsOf(nodes.length, (a, b) => [...keys[a]!].some((key) => keys[b]!.has(key)));
  return nodes.map((node, i) => ({
    bridges: partition(node, groupsByDistance[PHB]!).map((bridge) =>
      partition(bridge, groupsByDistance[PXB]!).map((port) => partition(port, groupsByDistance[PIX]!)),
    ),
    sameNumaAs: firstOf[i]!,
  }));
}

function distanceOf(word: string | undefined): number {
  if (word === undefined || word === 'X' || nvlinksOf(word) > 0) return HIDDEN;
  return WORDS.indexOf(word);
}

function isWithin(distance: number, limit: number): boolean {
  return distance !== HIDDEN && distance <= limit;
}

/** Device to the first device of its component, of the pairs within `limit`. */
function groupsWithin(distances: readonly (readonly number[])[], limit: number): readonly number[] {
  return groupsOf(distances.length, (a, b) => isWithin(distances[a]![b]!, limit));
}

/** Member to the first member of its component. */
function groupsOf(count: number, isJoined: (a: number, b: number) => boolean): readonly number[] {
  const members = Array.from({ length: count }, (_, i) => i);
  const pairs = members.flatMap((a) => members.filter((b) => isJoined(a, b)).map((b) => [a, b] as const));
  const firstOf: number[] = [];
  for (const component of components(members, pairs)) {
    for (const member of component) firstOf[member] = component[0]!;
  }
  return firstOf;
}

/** Devices grouped by the component they are in, in the order of their first members. */
function partition(devices: readonly number[], component: readonly number[]): number[][] {
  return [...groupedBy(devices, (device) => component[device]!).values()];
}

function refuseContradictions(
  table: SmiTable,
  distances: readonly (readonly number[])[],
  groupsByDistance: readonly (readonly number[])[],
): void {
  for (let a = 0; a < distances.length; a++) {
    for (let b = a + 1; b < distances.length; b++) {
      const limit = groupsByDistance.findIndex((group) => group[a] === group[b]);
      if (limit === -1 || distances[a]![b]! <= limit) continue;
      const chain = chainOf(distances, a, b, limit).map(
        ([from, to]) => `${table.labels[from]}–${table.labels[to]} is ${table.cells[from]![to]}`,
      );
      throw invalidFormat(
        ['line', table.lines[a]!, table.labels[b]!],
        `${table.labels[a]}–${table.labels[b]} is ${table.cells[a]![b]}, yet ${chain.join(' and ')}: no machine is wired like this, check these cells`,
      );
    }
  }
}

/** The shortest chain of pairs within `limit` from one device to another of the same component. */
function chainOf(
  distances: readonly (readonly number[])[],
  from: number,
  to: number,
  limit: number,
): (readonly [number, number])[] {
  const previous = new Map<number, number>([[to, to]]);
  const queue = [to];
  for (const at of queue) {
    distances[at]!.forEach((distance, next) => {
      if (previous.has(next) || !isWithin(distance, limit)) return;
      previous.set(next, at);
      queue.push(next);
    });
  }
  const chain: (readonly [number, number])[] = [];
  for (let at = from; at !== to; at = previous.get(at)!) chain.push([at, previous.get(at)!]);
  return chain;
}

/** A NUMA node while its groups are collected. */
interface Node {
  readonly devices: number[];
  /** NUMA and CPU affinities of its GPUs. */
  readonly affinities: Set<string>;
}

/** Joins groups by affinity, see the rules of {@link placesOf}. */
function joinByAffinity(
  groups: readonly (readonly number[])[],
  distances: readonly (readonly number[])[],
  affinities: readonly Affinity[],
): number[][] {
  const isKeptApart = (a: Node, b: Node): boolean =>
    a.devices.some((x) => b.devices.some((y) => distances[x]![y] === SYS));
  const place = (nodes: Node[], node: Node, belongs: (other: Node) => boolean): void => {
    const home = nodes.find((other) => belongs(other) && !isKeptApart(other, node));
    if (home === undefined) nodes.push(node);
    else {
      home.devices.push(...node.devices);
      for (const affinity of node.affinities) home.affinities.add(affinity);
    }
  };

  const nodes: Node[] = [];
  const homeless: Node[] = [];
  for (const group of groups) {
    const node = { devices: [...group], affinities: new Set(group.flatMap((at) => keyOf(affinities[at]!))) };
    if (node.affinities.size === 0) homeless.push(node);
    else place(nodes, node, (other) => [...node.affinities].some((key) => other.affinities.has(key)));
  }
  const isOnlyNode = nodes.length === 1;
  for (const node of homeless) place(nodes, node, (other) => isOnlyNode || other.affinities.size === 0);
  return nodes.map(({ devices }) => devices.sort((a, b) => a - b)).sort(([a], [b]) => a! - b!);
}

function keyOf({ numa, cpu }: Affinity): string[] {
  if (numa !== undefined) return [`numa ${numa}`];
  return cpu === undefined ? [] : [`cpu ${cpu}`];
}
