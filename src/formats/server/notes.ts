/** Longest note of a server document, in characters. */
const NOTE_LENGTH_MAX = 1024;
/** Most members of a list inside a note; the rest is counted. */
const LISTED_MAX = 16;

/**
 * The notes of a document, each cut to what a document holds.
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
 * A list inside a note: `a, b, c`, and beyond {@link LISTED_MAX} members how many more there are.
 *
 * @param members - names
 */
export function listed(members: readonly string[]): string {
  if (members.length <= LISTED_MAX) return members.join(', ');
  return `${members.slice(0, LISTED_MAX).join(', ')} and ${members.length - LISTED_MAX} more`;
}
