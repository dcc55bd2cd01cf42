import { GPU_MILLI } from '../../units.js';
import { forEachPiece } from '../allocation/holdings.js';
import type { ClusterRun } from '../kernel/cluster-run.js';

/** The resources that one server gets back when a victim is stopped. */
export interface VictimPiece {
  /** Position in the list of victims. */
  readonly victim: number;
  /** Pods of it on the server. */
  readonly pods: number;
  /** Bit mask of the GPUs that it holds alone. */
  readonly mask: number;
  /** Shares of GPUs: ordinal and thousandths, one entry per pod. */
  readonly shares: readonly (readonly [gpu: number, milli: number])[];
  readonly cpuMilli: number;
  readonly memoryMiB: number;
}

/**
 * The pieces of running jobs, by server.
 *
 * @param victims - running jobs; a piece names its job by the position in this list
 * @returns server → its pieces, one for each victim on it, in the order of the list
 * @complexity O(pieces)
 */
export function victimPieces(run: ClusterRun, victims: readonly number[]): Map<number, VictimPiece[]> {
  const { holdings } = run;
  const found = new Map<number, VictimPiece[]>();
  victims.forEach((job, victim) => {
    const { need } = run.gangOf(job);
    const add = (server: number, mask: number, pods: number): void => {
      const pieces = found.get(server) ?? [];
      found.set(server, pieces);
      const isShare = need.gpuMilli > 0 && need.gpuMilli < GPU_MILLI;
      const last = pieces.at(-1);
      const before = last?.victim === victim ? pieces.pop() : undefined;
      pieces.push({
        victim,
        pods: (before?.pods ?? 0) + pods,
        mask: (before?.mask ?? 0) | (isShare ? 0 : mask),
        shares: isShare ? [...(before?.shares ?? []), [31 - Math.clz32(mask), need.gpuMilli]] : [],
        cpuMilli: (before?.cpuMilli ?? 0) + pods * need.cpuMilli,
        memoryMiB: (before?.memoryMiB ?? 0) + pods * need.memoryMiB,
      });
    };
    forEachPiece(holdings.assignmentOf(job), add);
  });
  return found;
}
