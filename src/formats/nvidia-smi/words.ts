/** Most NVLinks of a pair; the largest GPUs have 18. */
export const NVLINKS_MAX = 256;

/** Words for a PCIe path; old drivers print `SOC` for `SYS`. */
const PCIE_WORDS = ['PIX', 'PXB', 'PHB', 'NODE', 'SYS', 'SOC'] as const;
/** Words of `nvidia-smi topo -p2p`, which has the same layout. */
const P2P_WORDS: ReadonlySet<string> = new Set(['OK', 'CNS', 'GNS', 'TNS', 'NS', 'DR', 'U']);

/**
 * The number of NVLinks that a word stands for.
 *
 * @param word - a cell
 * @returns the number in `NV#`; 0 for another word, or beyond {@link NVLINKS_MAX}
 */
export function nvlinksOf(word: string | undefined): number {
  if (word === undefined || !/^NV[1-9]\d{0,2}$/.test(word)) return 0;
  const links = Number(word.slice(2));
  return links <= NVLINKS_MAX ? links : 0;
}

/** Whether a word is a cell of `nvidia-smi topo -p2p` and never of `topo -m`. */
export function isP2pWord(word: string): boolean {
  return P2P_WORDS.has(word);
}

/** Whether a word can be a cell of `topo -m` or `topo -p2p`. */
export function isMatrixWord(word: string): boolean {
  return word === 'X' || PCIE_WORDS.some((known) => known === word) || isP2pWord(word) || nvlinksOf(word) > 0;
}

/** Cells without blanks between them, with or without a CPU list at the end. */
const RUN =
  /^(?:X|PIX|PXB|PHB|NODE|SYS|SOC|NV[1-9]\d{0,2}){2,}(?:\d[\d,-]*|N\/A)?$|^(?:X|PIX|PXB|PHB|NODE|SYS|SOC|NV[1-9])(?:\d[\d,-]*|N\/A)$/;

/** Whether a word is a cell, or several cells without blanks between them. */
export function isMatrixRun(word: string): boolean {
  return isMatrixWord(word) || RUN.test(word);
}

/**
 * The words of the matrix that may start at a position; several where the last digits of `NV#` may belong to what follows.
 *
 * @param text - a piece of a row
 * @param at - the position
 * @returns the words, the longest first
 */
export function wordsAt(text: string, at: number): string[] {
  const known = ['X', ...PCIE_WORDS].find((word) => text.startsWith(word, at));
  if (known !== undefined) return [known];
  const longest = /^NV[1-9]\d{0,2}/.exec(text.slice(at, at + 5))?.[0];
  if (longest === undefined) return [];
  return [longest, longest.slice(0, -1), longest.slice(0, -2)].filter((word) => nvlinksOf(word) > 0);
}
