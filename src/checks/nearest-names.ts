/** More suggestions than this are a list to search, not a hint. */
const SUGGESTIONS_MAX = 5;
/** Longer words are no misspelling of a name, and the distance is quadratic. */
const WORD_LENGTH_MAX = 64;
/** Edits between a word and the name it may stand for. */
const EDITS_MAX = 3;

/**
 * The names that somebody who wrote `word` may have meant: those that contain it, then those at most three
 * edits away (Levenshtein), nearest first, ties in the order of `names`.
 *
 * @param word - what was written, any text
 * @param names - what exists
 * @returns at most five names, possibly none
 * @complexity O(names · length²), words longer than 64 characters match nothing
 */
export function nearestNames(word: string, names: readonly string[]): string[] {
  const wanted = word.trim().toLowerCase();
  if (wanted === '' || wanted.length > WORD_LENGTH_MAX) return [];
  const rated: { name: string; edits: number }[] = [];
  for (const name of names) {
    const candidate = name.toLowerCase();
    const edits = candidate.includes(wanted) ? 0 : editDistance(wanted, candidate);
    if (edits <= EDITS_MAX && edits < wanted.length) rated.push({ name, edits });
  }
  // Array.sort is stable: equal distances keep the order of `names`.
  rated.sort((a, b) => a.edits - b.edits);
  return rated.slice(0, SUGGESTIONS_MAX).map((entry) => entry.name);
}

function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(replaced, above[j]! + 1, row[j - 1]! + 1));
    }
    above = row;
  }
  return above[b.length]!;
}
