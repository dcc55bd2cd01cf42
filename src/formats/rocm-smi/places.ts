import { components } from '../server/components.js';
import { invalidFormat } from '../text/format-errors.js';
import type { RocmPair } from './pairs.js';
import type { RocmTable } from './table.js';

/** GPUs of one NUMA node, by position in {@link RocmTable.labels}. */
export interface RocmNode {
  /** Number of the node, where the text tells. */
  readonly numa?: number;
  readonly gpus: readonly number[];
}

/**
 * Which GPUs share a NUMA node.
 *
 * GPUs with one node number are in one node, and so are GPUs that PCIe joins in 2 hops. GPUs without a number and without
 * such a neighbour share one node, unless 3 hops lie between them; if all others are in one node, they are in that node.
 *
 * @param table - what the tool printed
 * @param pairs - see `pairsOf`
 * @returns nodes in the order of their first GPUs
 * @throws CorralError `invalid-format` if hops contradict each other or the NUMA nodes
 * @complexity O(GPUs^3)
 */
export function nodesOf(table: RocmTable, pairs: readonly (readonly RocmPair[])[]): readonly RocmNode[] {
  const { numa, labels } = table;
  const isTogether = (a: number, b: number): boolean =>
    pairs[a]![b]!.kind === 'near' || (numa[a] !== undefined && numa[a] === numa[b]);
  const gpus = [...labels.keys()];
  const together = gpus.flatMap((a) => gpus.filter((b) => isTogether(a, b)).map((b) => [a, b] as const));
  const nodes = components(gpus, together);
  for (const node of nodes) refuseContradictions(table, pairs, node);
  return joinUnknown(table, pairs, nodes).map((gpus) => {
    const known = gpus.find((gpu) => numa[gpu] !== undefined);
    return { gpus: gpus.sort((a, b) => a - b), ...(known !== undefined && { numa: numa[known]! }) };
  });
}

function refuseContradictions(
  { labels, numa, lines }: RocmTable,
  pairs: readonly (readonly RocmPair[])[],
  node: readonly number[],
): void {
  for (const a of node) {
    for (const b of node) {
      const isApart = pairs[a]![b]!.kind === 'far';
      if (!isApart && (numa[a] === undefined || numa[b] === undefined || numa[a] === numa[b])) continue;
      const apart = isApart ? 'are 3 hops apart' : `have NUMA nodes ${numa[a]} and ${numa[b]}`;
      throw invalidFormat(
        ['line', lines[a]!, labels[b]!],
        `${labels[a]} and ${labels[b]} ${apart}, yet 2 hops or equal NUMA nodes join them, also over other GPUs: check these cells and nodes`,
      );
    }
  }
}

/** Puts the GPUs without a number and without a near neighbour into nodes. */
function joinUnknown(
  { numa }: RocmTable,
  pairs: readonly (readonly RocmPair[])[],
  nodes: readonly number[][],
): number[][] {
  const isUnknown = (node: readonly number[]): boolean =>
    node.length === 1 &&
    numa[node[0]!] === undefined &&
    pairs[node[0]!]!.every(({ kind }) => kind !== 'near');
  const joined = nodes.filter((node) => !isUnknown(node)).map((node) => [...node]);
  const isOnlyNode = joined.length === 1;
  const homeless: number[][] = isOnlyNode ? joined : [];
  for (const [gpu] of nodes.filter(isUnknown)) {
    const home = homeless.find((node) => node.every((other) => pairs[gpu!]![other]!.kind !== 'far'));
    if (home !== undefined) home.push(gpu!);
    else {
      const node = [gpu!];
      homeless.push(node);
      if (!isOnlyNode) joined.push(node);
    }
  }
  return (isOnlyNode ? homeless : joined).sort((a, b) => Math.min(...a) - Math.min(...b));
}
