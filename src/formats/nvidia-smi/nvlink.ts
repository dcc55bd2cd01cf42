import { components } from '../server/components.js';
import type { SmiTable } from './table.js';
import { nvlinksOf } from './words.js';

/** The most NVLinks that a GPU has (H100, B200). */
const NVLINKS_PER_GPU_MAX = 18;

/** GPUs behind common NVSwitches. */
export interface SwitchedGpus {
  /** Each GPU by position in {@link SmiTable.labels}, with its NVLinks into the switches. */
  readonly gpus: readonly { readonly gpu: number; readonly links: number }[];
}

/** Two GPUs joined by NVLinks of their own. */
export interface NvlinkPair {
  readonly gpus: readonly [number, number];
  readonly links: number;
}

/**
 * The NVLinks that the `NV#` cells mean.
 *
 * The tool prints the same word for a bridge between two GPUs and for a path through NVSwitches. A connected set of GPUs
 * counts as switched if every pair has an `NV#` cell, every cell is the minimum of one number per GPU, and direct links
 * would need more links per GPU than there are (18): 8 GPUs at NV18 would need 126. 4 GPUs at NV4 (12 links each, HGX
 * A100 4-GPU) and the uneven meshes of P100 and V100 servers are joined directly.
 *
 * @param table - the matrix
 * @returns groups behind NVSwitch, and pairs with links of their own
 * @complexity O(GPUs^2)
 */
export function nvlinksOfTable(table: SmiTable): {
  readonly switched: readonly SwitchedGpus[];
  readonly pairs: readonly NvlinkPair[];
} {
  const links = table.cells
    .slice(0, table.gpuCount)
    .map((row) => row.slice(0, table.gpuCount).map((word) => nvlinksOf(word)));
  const switched: SwitchedGpus[] = [];
  const pairs: NvlinkPair[] = [];
  for (const island of islandsOf(links)) {
    if (isSwitched(links, island)) {
      switched.push({ gpus: island.map((gpu) => ({ gpu, links: Math.max(...links[gpu]!) })) });
      continue;
    }
    for (const a of island) {
      for (const b of island) {
        if (a < b && links[a]![b]! > 0) pairs.push({ gpus: [a, b], links: links[a]![b]! });
      }
    }
  }
  return { switched, pairs };
}

/** Sets of GPUs that NVLink connects, also through other GPUs. */
function islandsOf(links: readonly (readonly number[])[]): number[][] {
  const joined = links.flatMap((row, a) => row.flatMap((count, b) => (count > 0 ? [[a, b] as const] : [])));
  return components([...links.keys()], joined);
}

function isSwitched(links: readonly (readonly number[])[], island: readonly number[]): boolean {
  const most = (gpu: number): number => Math.max(...links[gpu]!);
  const needed = (gpu: number): number => links[gpu]!.reduce((sum, count) => sum + count, 0);
  return (
    island.some((gpu) => needed(gpu) > NVLINKS_PER_GPU_MAX) &&
    island.every((a) => island.every((b) => a === b || links[a]![b] === Math.min(most(a), most(b))))
  );
}
