import * as fc from 'fast-check';

/** Pieces that readers of tables trip over: line ends, signs, huge and odd numbers, names of prototype members. */
const PIECES = [
  '0',
  '7',
  ' ',
  ',',
  ';',
  ':',
  '"',
  '-',
  '-1',
  '-0',
  '+1',
  '.',
  '1.5',
  '1e309',
  '0x10',
  'NaN',
  'Infinity',
  '9'.repeat(400),
  '\n',
  '\r',
  '\r\n',
  '\t',
  '\v',
  '\0',
  '\uFEFF',
  '\u2028',
  '\uD800',
  '__proto__',
  'constructor',
  'toString',
] as const;

/** Texts made from `texts` by a few cuts and insertions. */
export function mutatedText(texts: readonly string[]): fc.Arbitrary<string> {
  const longest = Math.max(...texts.map((text) => text.length));
  const mutation = fc.record({
    at: fc.nat(longest),
    // Mostly small cuts: after a large one hardly anything is left to take.
    cut: fc.oneof(fc.nat(2), fc.nat(2), fc.nat(20)),
    insert: fc.oneof(fc.constantFrom('', ...PIECES), fc.string({ maxLength: 5 })),
  });
  return fc
    .tuple(fc.constantFrom(...texts), fc.array(mutation, { minLength: 1, maxLength: 3 }))
    .map(([text, mutations]) =>
      mutations.reduce((t, { at, cut, insert }) => t.slice(0, at) + insert + t.slice(at + cut), text),
    );
}

/** Beginnings of `texts`, the last line cut anywhere. */
export function truncatedText(texts: readonly string[]): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...texts), fc.nat(1_000_000))
    .map(([text, n]) => text.slice(0, n % (text.length + 1)));
}
