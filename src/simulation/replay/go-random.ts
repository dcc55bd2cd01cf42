/**
 * Go's `math/rand` (version 1), bit for bit: published experiments are seeded with it.
 *
 * An additive lagged Fibonacci generator over 64-bit words, y[n] = y[n-607] + y[n-273], held as two 32-bit
 * halves. Source: Go's src/math/rand/rng.go and rand.go (BSD-3-Clause) for the constants and the mapping to
 * ranges; the 607 words that Go ships as a table are computed here instead, see {@link cookedWords}.
 */
export class GoRandom {
  readonly #high: Uint32Array = new Uint32Array(LENGTH);
  readonly #low: Uint32Array = new Uint32Array(LENGTH);
  #tap = 0;
  #feed = LENGTH - TAP;

  /** @param seed - a safe integer, as given to Go's `rand.Seed` */
  constructor(seed: number) {
    const cooked = cookedWords();
    seedWords(seed, (i, x1, x2, x3) => {
      // (x1 << 40) ^ (x2 << 20) ^ x3 ^ cooked[i] in 64 bits; each x has 31 bits.
      this.#high[i] = ((x1 << 8) ^ (x2 >>> 12) ^ cooked.high[i]!) >>> 0;
      this.#low[i] = ((x2 << 20) ^ x3 ^ cooked.low[i]!) >>> 0;
    });
  }

  /** Go's `Uint32`: bits 31 … 62 of the next word. */
  uint32(): number {
    const i = this.#step();
    return ((this.#high[i]! << 1) | (this.#low[i]! >>> 31)) >>> 0;
  }

  /** Go's `Int63`, as an exact integer. */
  int63(): bigint {
    const i = this.#step();
    return (BigInt(this.#high[i]! & 0x7fff_ffff) << 32n) | BigInt(this.#low[i]!);
  }

  /** Go's `Intn` for 1 ≤ n < 2^31. */
  intn(n: number): number {
    const powerOfTwo = (n & (n - 1)) === 0;
    if (powerOfTwo) return this.#int31() & (n - 1);
    // Rejects the top of the range that does not divide evenly: less than half, so that many rejections in a row are rare.
    const max = 0x7fff_ffff - (0x8000_0000 % n);
    let v = this.#int31();
    while (v > max) v = this.#int31();
    return v % n;
  }

  /** Go's `Shuffle` of a list, in place. */
  shuffle<T>(list: T[]): void {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.#boundedUint32(i + 1);
      const held = list[i]!;
      list[i] = list[j]!;
      list[j] = held;
    }
  }

  /** Go's `Perm`: a permutation of 0 … n - 1. */
  perm(n: number): Int32Array {
    const m = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const j = this.intn(i + 1);
      m[i] = m[j]!;
      m[j] = i;
    }
    return m;
  }

  /** Advances the generator and returns the position of the new word. */
  #step(): number {
    this.#tap = this.#tap === 0 ? LENGTH - 1 : this.#tap - 1;
    this.#feed = this.#feed === 0 ? LENGTH - 1 : this.#feed - 1;
    const low = this.#low[this.#feed]! + this.#low[this.#tap]!;
    const carry = low >= 2 ** 32 ? 1 : 0;
    this.#low[this.#feed] = low;
    this.#high[this.#feed] = this.#high[this.#feed]! + this.#high[this.#tap]! + carry;
    return this.#feed;
  }

  /** Go's `Int31`: bits 32 … 62. */
  #int31(): number {
    return this.#high[this.#step()]! & 0x7fff_ffff;
  }

  /** Go's unexported `int31n` (Lemire's multiplication), which only `Shuffle` uses. */
  #boundedUint32(n: number): number {
    let product = BigInt(this.uint32()) * BigInt(n);
    let low = Number(product & 0xffff_ffffn);
    if (low < n) {
      const threshold = 2 ** 32 % n;
      // Rejects less than half, too.
      while (low < threshold) {
        product = BigInt(this.uint32()) * BigInt(n);
        low = Number(product & 0xffff_ffffn);
      }
    }
    return Number(product >> 32n);
  }
}

const LENGTH = 607;
const TAP = 273;
/** 2^31 - 1, the modulus of the seeding generator. */
const SEED_MODULUS = 2 ** 31 - 1;

/** Runs Go's seeding sequence x ← 48271 x mod 2^31 - 1 and hands out three numbers per word. */
function seedWords(seed: number, word: (i: number, x1: number, x2: number, x3: number) => void): void {
  let x = seed % SEED_MODULUS;
  if (x < 0) x += SEED_MODULUS;
  if (x === 0) x = 89_482_311;
  const next = (): number => {
    // Schrage's method is not needed: the product stays below 2^47.
    x = (48_271 * x) % SEED_MODULUS;
    return x;
  };
  for (let i = 0; i < 20; i++) next();
  for (let i = 0; i < LENGTH; i++) {
    const x1 = next();
    const x2 = next();
    word(i, x1, x2, next());
  }
}

/** How often Go's authors stepped the generator from seed 1 to make their table. */
const COOKING_STEPS = 7_800_000_000_000n;

let cooked: { readonly high: Uint32Array; readonly low: Uint32Array } | undefined;

/**
 * The 607 words that Go adds to every seed: the state of y[n] = y[n-607] + y[n-273] after 7.8 · 10^12 steps
 * from seed 1 with the words (x1 << 20) ^ (x2 << 10) ^ x3 (Go's gen_cooked.go).
 *
 * That many steps at once: x^N modulo the characteristic polynomial x^607 - x^334 - 1 over the integers
 * modulo 2^64, by squaring. Polynomials are multiplied as one big integer each (Kronecker substitution), so
 * the whole takes some tens of milliseconds, once.
 */
function cookedWords(): { readonly high: Uint32Array; readonly low: Uint32Array } {
  if (cooked !== undefined) return cooked;
  // start[j] is y[j - 606]: the word that is used up at step j + 1 comes first.
  const start = new Array<bigint>(LENGTH);
  seedWords(1, (i, x1, x2, x3) => {
    start[wordAge(i, 0)] = (BigInt(x1) << 20n) ^ (BigInt(x2) << 10n) ^ BigInt(x3);
  });
  const power = powerOfX(COOKING_STEPS);
  // y[N - 606 + j] = Σ power[i] · y[i + j - 606]: a correlation with the first 1,213 numbers of the sequence.
  const sequence = start.slice();
  for (let n = LENGTH; n < 2 * LENGTH - 1; n++) {
    sequence.push(BigInt.asUintN(64, sequence[n - LENGTH]! + sequence[n - TAP]!));
  }
  const correlation = unpack(pack(power.reverse()) * pack(sequence));
  const high = new Uint32Array(LENGTH);
  const low = new Uint32Array(LENGTH);
  const shift = Number(COOKING_STEPS % BigInt(LENGTH));
  for (let i = 0; i < LENGTH; i++) {
    const word = correlation[LENGTH - 1 + wordAge(i, shift)]!;
    high[i] = Number(word >> 32n);
    low[i] = Number(word & 0xffff_ffffn);
  }
  cooked = { high, low };
  return cooked;
}

/**
 * Go keeps the words in a ring and walks it downwards from position 333. After `steps` steps the word at
 * position i is the one written that many steps after the oldest.
 */
function wordAge(i: number, steps: number): number {
  const nextPosition = (((LENGTH - TAP - 1 - steps) % LENGTH) + LENGTH) % LENGTH;
  return (nextPosition - i + LENGTH) % LENGTH;
}

/** The coefficients of x^n modulo x^607 - x^334 - 1, lowest first, each modulo 2^64. */
function powerOfX(n: bigint): bigint[] {
  let power: bigint[] = [1n, ...new Array<bigint>(LENGTH - 1).fill(0n)];
  for (const bit of n.toString(2)) {
    const packed = pack(power);
    power = reduce(unpack(packed * packed));
    if (bit === '1') power = reduce([0n, ...power]);
  }
  return power;
}

/** Replaces x^k, k ≥ 607, by x^(k-273) + x^(k-607). */
function reduce(polynomial: bigint[]): bigint[] {
  for (let k = polynomial.length - 1; k >= LENGTH; k--) {
    const c = polynomial[k]!;
    polynomial[k - TAP] = BigInt.asUintN(64, polynomial[k - TAP]! + c);
    polynomial[k - LENGTH] = BigInt.asUintN(64, polynomial[k - LENGTH]! + c);
  }
  const reduced = polynomial.slice(0, LENGTH);
  while (reduced.length < LENGTH) reduced.push(0n);
  return reduced;
}

/** Hexadecimal digits per coefficient: 2 × 64 bits for a product and 16 for up to 65,536 summands. */
const SLOT_DIGITS = 36;

/** One big integer that holds all coefficients (below 2^64), lowest first. */
function pack(coefficients: readonly bigint[]): bigint {
  let digits = '';
  for (let i = coefficients.length - 1; i >= 0; i--) {
    digits += coefficients[i]!.toString(16).padStart(SLOT_DIGITS, '0');
  }
  return BigInt(`0x${digits}`);
}

/** The coefficients modulo 2^64 of a product of packed polynomials, lowest first. */
function unpack(packed: bigint): bigint[] {
  const digits = packed.toString(16);
  const coefficients: bigint[] = [];
  for (let end = digits.length; end > 0; end -= SLOT_DIGITS) {
    coefficients.push(BigInt(`0x${digits.slice(Math.max(0, end - 16), end)}`));
  }
  return coefficients;
}
