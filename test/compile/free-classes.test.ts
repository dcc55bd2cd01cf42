import { describe, expect, it } from 'vitest';
import { synthetic, topology } from '../../src/catalogue/index.js';
import { type FreeClasses, freeClasses, NO_RANK } from '../../src/compile/free-classes.js';
import { bestSet, lossGpus } from '../../src/compile/gpu-set-tables.js';
import { type ServerTopology, serverTopology } from '../../src/index.js';
import { popcount16 } from '../../src/placement/state/state.js';
import { serverTypes } from '../placement/gangs/gang-cluster.js';

/** Machines of the catalogue, and small ones of every build. */
const TYPES: readonly (readonly [string, ServerTopology])[] = [
  ...(
    ['dgx-h100', 'dgx1-v100', 'l40s-8-dual-root', 'rtxpro6000-8-pairs', 'azure-ncads-a100-v4'] as const
  ).map((name) => [name, topology(name)] as const),
  ...serverTypes.flatMap((type, i) => (type.gpus.length > 0 ? [[`small ${i}`, type] as const] : [])),
];

/** What a pod of `size` finds on a server with these GPUs free: bandwidth, load on others, loss of value × GPUs, free GPUs. */
function figures({ tables }: FreeClasses, size: number, free: number): number[] {
  const set = bestSet(tables, free, size);
  return [
    tables.bandwidthGBps[set]!,
    tables.sharedLoadGBps[set]!,
    lossGpus(tables, free, set),
    popcount16(free),
  ];
}

/** Negative if the first answer is better, 0 if they are equal but for rounding. */
function compare(a: readonly number[], b: readonly number[]): number {
  const same = (x: number, y: number): boolean =>
    x === y || Math.abs(x - y) <= 1e-9 * Math.max(Math.abs(x), Math.abs(y));
  if (!same(a[0]!, b[0]!)) return b[0]! - a[0]!;
  if (!same(a[1]!, b[1]!)) return a[1]! - b[1]!;
  if (Math.abs(a[2]! - b[2]!) > 1e-8) return a[2]! - b[2]!;
  // Few servers in use: the fuller one.
  return a[3]! - b[3]!;
}

describe.each(TYPES)('freeClasses of %s', (_, type) => {
  const classes = freeClasses(type);
  const { classCount, gpuCount, classOf, rankOf, classAt, tieEnd, fullClass } = classes;
  const full = 2 ** gpuCount - 1;
  const sizes = Array.from({ length: gpuCount }, (_, i) => i + 1);
  const masks = Array.from({ length: full + 1 }, (_, mask) => mask);
  /** Class → one of its masks. */
  const maskOf = Array.from({ length: classCount }, (_, c) => classOf.indexOf(c));

  it('put masks together that answer alike for every size, and the wholly free one apart', () => {
    for (const mask of masks) {
      const other = maskOf[classOf[mask]!]!;
      expect(popcount16(mask)).toBe(popcount16(other));
      if (mask === full) expect(other).toBe(full);
      for (const size of sizes) {
        if (size <= popcount16(mask))
          expect(compare(figures(classes, size, mask), figures(classes, size, other))).toBe(0);
      }
    }
    // No two classes are alike, or one would do.
    for (let a = 0; a < classCount; a++) {
      for (let b = 0; b < a; b++) {
        if (a === fullClass || b === fullClass) continue;
        const [x, y] = [maskOf[a]!, maskOf[b]!];
        const alike =
          popcount16(x) === popcount16(y) &&
          sizes.every(
            (size) =>
              size > popcount16(x) || compare(figures(classes, size, x), figures(classes, size, y)) === 0,
          );
        expect(alike).toBe(false);
      }
    }
  });

  it('order masks as comparing any two of them does, for every size', () => {
    for (const size of sizes) {
      const of = masks.filter((mask) => mask !== full && popcount16(mask) >= size);
      const entry = (mask: number): number => rankOf[size * classCount + classOf[mask]!]!;
      const answers = new Map(of.map((mask) => [mask, figures(classes, size, mask)]));
      for (const a of of) {
        // Beside all others of a small server every eighth of a large one: 256 masks squared are too many.
        for (const b of of) {
          if (gpuCount > 4 && (a + 3 * b) % 8 !== 0) continue;
          const order = compare(answers.get(a)!, answers.get(b)!);
          const [x, y] = [entry(a), entry(b)];
          if (order < 0 !== x < tieStart(size, y)) expect([size, a, b, x, y]).toBe('in the order of figures');
          if ((order === 0) !== (tieStart(size, x) === tieStart(size, y)))
            expect([size, a, b, x, y]).toBe('a tie where figures are equal');
        }
      }
    }
  });

  /** The first place of those that tie with a place. */
  function tieStart(size: number, place: number): number {
    let start = place;
    const row = size * classCount;
    while (start > 0 && tieEnd[row + start - 1] === tieEnd[row + place]) start--;
    return start;
  }

  it('have places 0, 1, 2 … for classes with enough GPUs, and none for others and the wholly free one', () => {
    for (const size of sizes) {
      const row = size * classCount;
      const able = Array.from({ length: classCount }, (_, c) => c).filter(
        (c) => c !== fullClass && popcount16(maskOf[c]!) >= size,
      );
      const places = able.map((c) => rankOf[row + c]!).sort((a, b) => a - b);
      expect(places).toEqual(able.map((_, i) => i));
      for (const c of able) expect(classAt[row + rankOf[row + c]!]).toBe(c);
      for (let c = 0; c < classCount; c++) if (!able.includes(c)) expect(rankOf[row + c]).toBe(NO_RANK);
    }
  });

  it('tell the figures of the best set', () => {
    for (const mask of masks) {
      for (const size of sizes) {
        if (size > popcount16(mask)) continue;
        const entry = size * classCount + classOf[mask]!;
        const told = [classes.bandwidthGBps, classes.sharedLoadGBps, classes.lossGpus]
          .map((f) => f[entry]!)
          .concat(popcount16(mask));
        expect(compare(told, figures(classes, size, mask))).toBe(0);
      }
    }
  });

  it('say which places beat a wholly free server that loses nothing in its tiers', () => {
    for (const size of sizes) {
      for (let c = 0; c < classCount; c++) {
        const place = rankOf[size * classCount + c]!;
        if (place === NO_RANK) continue;
        const beats = compare(figures(classes, size, maskOf[c]!), figures(classes, size, full)) < 0;
        expect(classes.beatsFull[size * classCount + place]).toBe(beats ? 1 : 0);
      }
    }
  });
});

describe('freeClasses', () => {
  it('has one class per two numbers of free GPUs on the sockets, whichever is which, where an NVSwitch joins all', () => {
    // 0 … 4 GPUs on either of two sockets: 5 + 4 + 3 + 2 + 1.
    expect(freeClasses(topology('dgx-h100')).classCount).toBe(15);
    expect(freeClasses(topology('aws-p5.48xlarge')).classCount).toBe(15);
    // 0 … 2 on either.
    expect(freeClasses(topology('gb200-nvl72-tray')).classCount).toBe(6);
    // Two roots are two sockets: they were told apart before.
    expect(freeClasses(topology('l40s-8-dual-root')).classCount).toBe(15);
    // One socket alone has GPUs: what decides is how many are free, as without sockets.
    expect(freeClasses(serverTopology(synthetic('cpu:1 gpu:8 nvswitch:1'))).classCount).toBe(9);
  });

  it('is sorted once for a server type and its sizes', () => {
    const type = topology('l40s-8-dual-root');
    expect(freeClasses(type)).toBe(freeClasses(type));
    expect(freeClasses(type, { 2: 1 })).toBe(freeClasses(type, { 2: 1 }));
    expect(freeClasses(type, { 2: 1 })).not.toBe(freeClasses(type));
  });

  it('follows the sizes that are expected', () => {
    const type = topology('l40s-8-dual-root');
    const usual = freeClasses(type);
    const ones = freeClasses(type, { 1: 1 });
    // If only single GPUs are to come every GPU is worth the same, but for a thousandth that is sockets': of 4 + 4 GPUs two
    // on one socket are 4 of 32 there, and one is 1.
    expect(ones.lossGpus[1 * ones.classCount + ones.classOf[0b11]!]).toBeCloseTo(0.999 + (0.008 * 3) / 32, 9);
    expect([...usual.lossGpus]).not.toEqual([...ones.lossGpus]);
  });
});
