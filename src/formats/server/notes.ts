import { groupedBy } from './grouped.js';

/** Longest note of a server document, in characters. */
const NOTE_LENGTH_MAX = 1024;
/** Most members of a list inside a note; the rest is counted. */
const LISTED_MAX = 16;

/**
 * The notes of a document, each cut to the length that a document holds.
 *
 * @param notes - sentences
 * @complexity O(characters)
 */
export function fittingNotes(notes: readonly string[]): string[] {
  return notes.map((note) =>
    note.length <= NOTE_LENGTH_MAX ? note : `${note.slice(0, NOTE_LENGTH_MAX - 1)}…`,
  );
}

/**
 * A list inside a note: `a, b, c`, and beyond {@link LISTED_MAX} members the number of the others.
 *
 * @param members - names
 */
export function listed(members: readonly string[]): string {
  if (members.length <= LISTED_MAX) return members.join(', ');
  return `${members.slice(0, LISTED_MAX).join(', ')} and ${members.length - LISTED_MAX} more`;
}

/**
 * The note on NICs whose port rate neither the text nor the caller states.
 *
 * @param count - their number
 * @returns a sentence, or none without such NICs
 */
export function unknownPortNotes(count: number): string[] {
  if (count === 0) return [];
  return [
    `NICs whose port rate the text does not state: ${count}. Their links alone limit them; give portGbps.`,
  ];
}

/**
 * The note on GPUs that are functions of one PCI device, as the partitions of a GPU are (CPX, DPX).
 *
 * @param gpus - id and PCI address of each GPU
 * @returns a sentence, or none where every GPU is a device of its own
 * @complexity O(GPUs)
 */
export function partitionNotes(gpus: readonly { readonly id: string; readonly address: string }[]): string[] {
  const byCard = groupedBy(gpus, ({ address }) =>
    address
      .toLowerCase()
      .replace(/[^\da-f]/g, '')
      .slice(0, -1),
  );
  const shared = [...byCard.values()].filter(({ length }) => length > 1);
  if (shared.length === 0) return [];
  const cards = shared.map((functions) => functions.map(({ id }) => id).join(' '));
  return [
    `Functions of one PCI device, as partitions of a GPU are (CPX, DPX), count as one GPU each: ${listed(cards)}. They share memory and links, which the figures do not say.`,
  ];
}
