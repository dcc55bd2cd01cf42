import { readList } from '../../checks/plain-data.js';
import { CorralError, quote } from '../../errors.js';
import type { ServerTopology } from '../../topology/index.js';

/**
 * Reads GPU ordinals once and sorts them.
 *
 * @param gpus - anything
 * @param path - name of the caller's argument, for the error
 * @throws CorralError `invalid-option` for anything but a list, for an ordinal that does not exist or is listed twice
 */
export function sortedGpus(server: ServerTopology, gpus: readonly number[], path: string): number[] {
  const seen = new Set<number>();
  readList(gpus, [path]).forEach((ordinal, i) => {
    if (!Number.isInteger(ordinal) || ordinal < 0 || ordinal >= server.gpus.length) {
      throw new CorralError(
        'invalid-option',
        [path, i],
        `server ${quote(server.name)} has ${server.gpus.length} GPUs, numbered from 0, got ${quote(ordinal)}`,
      );
    }
    if (seen.has(ordinal)) {
      throw new CorralError('invalid-option', [path, i], `GPU ${ordinal} is listed twice: remove one`);
    }
    seen.add(ordinal);
  });
  return [...seen].sort((a, b) => a - b);
}

/** The bit mask of a set of ordinals: a key that does not depend on their order. */
export function maskOf(gpus: readonly number[]): number {
  return gpus.reduce((mask, ordinal) => mask | (1 << ordinal), 0);
}

/** The sets of `size` of these GPUs, in lexicographic order if the GPUs ascend. */
export function subsetsOfSize(gpus: readonly number[], size: number): number[][] {
  if (size === 0) return [[]];
  return gpus.flatMap((first, i) =>
    subsetsOfSize(gpus.slice(i + 1), size - 1).map((rest) => [first, ...rest]),
  );
}

/** Mask → its ordinals, computed on first use: at most 2^16 masks, as servers have at most 16 GPUs. */
const lists: (readonly number[] | undefined)[] = [];

/** The ordinals of a mask, ascending. */
export function ordinalsOf(mask: number): readonly number[] {
  let ordinals = lists[mask];
  if (ordinals === undefined) {
    ordinals = Array.from({ length: 32 }, (_, gpu) => gpu).filter((gpu) => ((mask >>> gpu) & 1) === 1);
    lists[mask] = ordinals;
  }
  return ordinals;
}

/** The number of GPUs in a mask. */
export function sizeOf(mask: number): number {
  return ordinalsOf(mask).length;
}
