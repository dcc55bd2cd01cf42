import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { meshesOf } from '../../../src/render/server/meshes.js';
import type { Link } from '../../../src/topology/server-document.js';
import { link } from '../small-server.js';

const ids = (count: number): string[] => Array.from({ length: count }, (_, i) => `g${i}`);
const all = (members: readonly string[], GBps = 10): Link[] =>
  members.flatMap((a, i) => members.slice(i + 1).map((b) => link(a, b, 'nvlink', GBps) as Link));

describe('meshesOf', () => {
  it('finds a full mesh, also of 16, and no smaller one than asked for', () => {
    const found = meshesOf(ids(16), all(ids(16)), 4);
    expect(found.meshes.map(({ members }) => members.length)).toEqual([16]);
    expect(found.pairs).toEqual([]);
    expect(meshesOf(ids(3), all(ids(3)), 4).meshes).toEqual([]);
    expect(meshesOf(ids(3), all(ids(3)), 3).meshes).toHaveLength(1);
  });

  it('takes links of one figure only', () => {
    const links = all(ids(4));
    for (const other of [
      { bandwidthGBps: 11 },
      { flowCapGBps: 5 },
      { links: 2 },
      { medium: 'xgmi' as const },
    ]) {
      const mixed = links.with(2, { ...links[2]!, ...other });
      expect(meshesOf(ids(4), mixed, 4)).toEqual({ meshes: [], pairs: mixed });
    }
  });

  it('takes the largest first, and of equal ones the first', () => {
    // Two meshes of four that share the link g3 – g4.
    const links = all(['g0', 'g1', 'g3', 'g4']);
    const others = all(['g2', 'g3', 'g4', 'g5']).filter(({ between }) => between.join() !== 'g3,g4');
    const { meshes, pairs } = meshesOf(ids(6), [...others, ...links], 4);
    expect(meshes.map(({ members }) => members)).toEqual([['g0', 'g1', 'g3', 'g4']]);
    expect(pairs).toEqual(others);
  });

  it('has every link in one place, and every mesh full', () => {
    const pairs = all(ids(9));
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 36, maxLength: 36 }), (kept) => {
        const links = pairs.filter((_, i) => kept[i]);
        const found = meshesOf(ids(9), links, 4);
        const bundled = found.meshes.flatMap((mesh) => mesh.links);
        expect(new Set([...bundled, ...found.pairs]).size).toBe(links.length);
        expect(bundled.length + found.pairs.length).toBe(links.length);
        for (const { members, links: own } of found.meshes) {
          expect(own).toHaveLength((members.length * (members.length - 1)) / 2);
        }
        // What is left over holds no mesh.
        expect(meshesOf(ids(9), found.pairs, 4).meshes).toEqual([]);
      }),
    );
  });

  it('seeks none among more devices than a mask holds', () => {
    expect(meshesOf(ids(17), all(ids(17)), 3).meshes).toEqual([]);
  });
});
