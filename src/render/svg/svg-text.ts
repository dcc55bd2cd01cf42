/** Widths of characters in em. They are those of DejaVu Sans, the widest of the likely fonts. */
const NARROW_EM = 0.4;
const COMMON_EM = 0.65;
const CAPITAL_EM = 0.8;
const WIDE_EM = 1;
/** All characters beyond Latin: ideographs are one em wide, pictographs up to 1.4. */
const OTHER_EM = 1.4;

const NARROW = new Set(" .,:;'|!()[]{}/\\iljftrI-·");
const WIDE = new Set('mwMW@%–—…&×');

/** Height of a line of text in multiples of the font size. */
export const LINE_HEIGHT = 1.25;

/**
 * An upper estimate of the width of a text in pixels, by classes of characters (narrow 0.4 em, most 0.65, capitals
 * 0.8, wide ones 1, other than Latin 1.4). It is large enough for Helvetica, Arial and DejaVu Sans.
 *
 * @param text - any text, one line
 * @param fontSize - pixels
 * @param bold - bold letters are up to a seventh wider
 * @complexity O(length)
 */
export function textWidth(text: string, fontSize: number, bold = false): number {
  let em = 0;
  for (const character of text) {
    if (NARROW.has(character)) em += NARROW_EM;
    else if (WIDE.has(character)) em += WIDE_EM;
    else if (character >= 'A' && character <= 'Z') em += CAPITAL_EM;
    else if (character < '\u0250') em += COMMON_EM;
    else em += OTHER_EM;
  }
  return em * fontSize * (bold ? 8 / 7 : 1);
}

/**
 * A text of at most `width` pixels: unchanged, or its beginning with an ellipsis.
 */
export function fittedText(text: string, fontSize: number, width: number, bold = false): string {
  if (textWidth(text, fontSize, bold) <= width) return text;
  const textMax = width - textWidth('…', fontSize, bold);
  let fitted = '';
  let used = 0;
  for (const character of text) {
    used += textWidth(character, fontSize, bold);
    if (used > textMax) break;
    fitted += character;
  }
  return `${fitted}…`;
}

/** Breaks a text between words into lines of at most `width` pixels; a wider word is shortened. */
export function wrappedText(text: string, fontSize: number, width: number, bold = false): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (textWidth(longer, fontSize, bold) <= width) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = fittedText(word, fontSize, width, bold);
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** Characters that XML 1.0 forbids, single surrogates, and controls of the direction of writing. */
const UNPRINTABLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufffe\uffff]|\p{Cs}/gu;

/** A text on one line, with U+FFFD for each character that cannot be printed. It is not escaped yet. */
export function printable(text: string): string {
  return text.replace(/[\t\n\r]/g, ' ').replace(UNPRINTABLE, '\ufffd');
}

/** A figure in GB/s in few characters: 0.25, 55.4, 386, 5000, 12,800. */
export function figure(gbps: number): string {
  if (gbps < 1) return String(Number(gbps.toPrecision(2)));
  if (gbps < 1000) return String(Math.round(gbps * 10) / 10);
  return gbps < 9999.5 ? String(Math.round(gbps)) : grouped(Math.round(gbps));
}

/** A whole number with commas between its thousands. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A number with its unit: `1 GPU`, `1,016 GPUs`. */
export function counted(count: number, word: string): string {
  return `${grouped(count)} ${word}${count === 1 ? '' : 's'}`;
}

/** As {@link fittedText}, but with an ellipsis in the middle: names of one series usually differ at the end. */
export function fittedEnds(text: string, fontSize: number, width: number, bold = false): string {
  if (textWidth(text, fontSize, bold) <= width) return text;
  const half = (width - textWidth('…', fontSize, bold)) / 2;
  const ends: [string, string] = ['', ''];
  // At most as many characters as fit if all are narrow.
  const most = Math.max(0, Math.ceil(half / (NARROW_EM * fontSize)));
  const first = [...text.slice(0, 2 * most)];
  const last = [...text.slice(-2 * most - 1)].reverse();
  [first, last].forEach((characters, end) => {
    let used = 0;
    for (const character of characters) {
      used += textWidth(character, fontSize, bold);
      if (used > half) break;
      ends[end] = end === 0 ? ends[end] + character : character + ends[end];
    }
  });
  return `${ends[0]}…${ends[1]}`;
}
