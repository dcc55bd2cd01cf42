import type { ErrorPath } from '../../errors.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import { limitExceeded } from '../text/format-errors.js';
import { listed } from './notes.js';

/**
 * Refuses more GPUs than a server may have.
 *
 * @param count - GPUs of the text
 * @param path - where that shows
 * @throws CorralError `limit-exceeded`
 */
export function refuseTooManyGpus(count: number, path: ErrorPath): void {
  if (count <= GPUS_PER_SERVER_MAX) return;
  throw limitExceeded(
    path,
    `${count} GPUs, at most ${GPUS_PER_SERVER_MAX} in one server: describe a larger domain as a tier of servers; where a GPU shows as many (CPX), write the text without partitions (SPX)`,
  );
}

/**
 * The note on GPUs that are functions of one PCI device, as the partitions of a GPU are (CPX, DPX).
 *
 * @param gpus - id and PCI address of each GPU
 * @returns a sentence, or none where every GPU is a device of its own
 * @complexity O(GPUs)
 */
export function partitionNotes(gpus: readonly { readonly id: string; readonly address: string }[]): string[] {
  const byCard = new Map<string, string[]>();
  for (const { id, address } of gpus) {
    const card = address
      .toLowerCase()
      .replace(/[^\da-f]/g, '')
      .slice(0, -1);
    byCard.set(card, [...(byCard.get(card) ?? []), id]);
  }
  const shared = [...byCard.values()].filter((ids) => ids.length > 1);
  if (shared.length === 0) return [];
  return [
    `Functions of one PCI device, as partitions of a GPU are (CPX, DPX), count as one GPU each: ${listed(shared.map((ids) => ids.join(' ')))}. They share memory and links, which the figures do not say.`,
  ];
}
