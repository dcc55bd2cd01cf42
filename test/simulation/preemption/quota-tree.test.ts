import { describe, expect, it } from 'vitest';
import type { Quota } from '../../../src/simulation/options/simulation-options.js';
import { QuotaTree } from '../../../src/simulation/preemption/quota-tree.js';
import { refusedAs } from '../../restart/refusals.js';

const refused = (code: string, ...path: (string | number)[]): unknown => refusedAs(code, path);

/** A group of 8 with tenants a (6) and b (2), and tenant c (4) beside it; d has no quota. */
const QUOTAS: readonly Quota[] = [
  { name: 'group', deservedGpus: 8 },
  { name: 'a', parent: 'group', deservedGpus: 6, limitGpus: 7 },
  { name: 'b', parent: 'group', deservedGpus: 2 },
  { name: 'c', deservedGpus: 4, overQuotaWeight: 2 },
];
const [A, B, C, D] = [0, 1, 2, 3];
const tree = (): QuotaTree => new QuotaTree(QUOTAS, ['a', 'b', 'c', 'd']);
/** The tree with so many GPUs in use by each tenant. */
const used = (...gpus: readonly number[]): QuotaTree => {
  const result = tree();
  gpus.forEach((count, tenant) => {
    result.use(tenant, count);
  });
  return result;
};

describe('QuotaTree', () => {
  it('counts what tenants use for all groups above them', () => {
    const t = used(3, 2, 1, 5);
    expect([...t.used]).toEqual([5, 3, 2, 1, 5]);
    t.use(A, -3);
    expect([...t.used]).toEqual([2, 0, 2, 1, 5]);
  });

  it('gives a tenant without a quota a node of its own that deserves nothing', () => {
    const t = tree();
    expect(t.nodeOf).toEqual([1, 2, 3, 4]);
    expect([t.parentOf[4], t.deserved[4], t.limit[4], t.weight[4]]).toEqual([
      -1,
      0,
      Number.POSITIVE_INFINITY,
      1,
    ]);
  });

  it('holds to the limit of the tenant and of every group above it', () => {
    expect(used(6).staysInLimits(A, 1)).toBe(true);
    expect(used(6).staysInLimits(A, 2)).toBe(false);
    const around = new QuotaTree(
      [{ name: 'group', deservedGpus: 8, limitGpus: 9 }, ...QUOTAS.slice(1)],
      ['a', 'b'],
    );
    around.use(A, 4);
    expect(around.staysInLimits(B, 5)).toBe(true);
    expect(around.staysInLimits(B, 6)).toBe(false);
  });

  it('limits who has no weight to what it deserves', () => {
    const t = new QuotaTree(
      [
        { name: 'x', deservedGpus: 3, overQuotaWeight: 0 },
        { name: 'y', deservedGpus: 3, overQuotaWeight: 0, limitGpus: 2 },
      ],
      ['x', 'y'],
    );
    expect(t.limit).toEqual([3, 2]);
  });

  it('serves first who lacks most of what it deserves', () => {
    // c lacks 1 of 4, the group of a and b 4 of 8, of which a lacks 3 of 6 and b 1 of 2.
    expect(used(3, 1, 3).compare(C, A)).toBeGreaterThan(0);
    expect(used(3, 1, 3).compare(A, C)).toBeLessThan(0);
    // Equal: the order of the list.
    expect(used(3, 1, 3).compare(A, B)).toBeLessThan(0);
    expect(used(4, 1, 3).compare(A, B)).toBeGreaterThan(0);
    expect(used(3, 1, 3).compare(A, A)).toBe(0);
  });

  it('serves first who has least over what it deserves, by weight, where nobody lacks anything', () => {
    // The group is 2 over at weight 1, c 3 over at weight 2: 2 against 1.5.
    expect(used(8, 2, 7).compare(C, A)).toBeLessThan(0);
    expect(used(8, 2, 9).compare(C, A)).toBeGreaterThan(0);
    // Who deserves nothing lacks nothing: d comes after those who lack, before those who are over.
    expect(used(0, 0, 0).compare(D, C)).toBeGreaterThan(0);
    expect(used(0, 0, 5).compare(D, C)).toBeLessThan(0);
  });

  it('lets a tenant reclaim what it deserves, all groups above it included, from who has more than it deserves', () => {
    // The group has 2 over: c may get them, also where somebody goes who leaves it with less.
    expect(used(8, 2, 2).mayReclaim(C, 2, A, 2)).toBe(true);
    expect(used(8, 2, 2).mayReclaim(C, 2, A, 8)).toBe(true);
    expect(used(8, 2, 2).mayReclaim(C, 3, A, 2)).toBe(false);
    // Of b only if b itself is over.
    expect(used(8, 2, 2).mayReclaim(C, 1, B, 1)).toBe(false);
    expect(used(7, 3, 2).mayReclaim(C, 1, B, 1)).toBe(true);
    // A group that has what it deserves, and not more, is left alone.
    expect(used(5, 3, 2).mayReclaim(C, 1, B, 1)).toBe(false);
    // Inside the group it does not matter what the group has.
    expect(used(9, 1, 4).mayReclaim(B, 1, A, 3)).toBe(true);
    expect(used(9, 1, 4).mayReclaim(B, 2, A, 3)).toBe(false);
    expect(used(9, 1, 4).mayReclaim(A, 1, A, 1)).toBe(false);
    // Who holds no GPUs may go where its tenant has what it deserves.
    expect(used(0, 0, 2, 0).mayReclaim(C, 1, D, 0)).toBe(true);
    expect(used(6, 1, 2).mayReclaim(C, 1, A, 0)).toBe(false);
  });

  it('tells who leaves its tenant, and all above it below the other one, with what they deserve', () => {
    expect(used(8, 2, 2).keepsDeserved(A, 2, C)).toBe(true);
    expect(used(8, 2, 2).keepsDeserved(A, 3, C)).toBe(false);
    // Beside b, the group of both does not matter.
    expect(used(9, 1, 2).keepsDeserved(A, 3, B)).toBe(true);
    expect(used(9, 1, 2).keepsDeserved(A, 3, C)).toBe(false);
  });

  it('counts what is missing of what is deserved', () => {
    expect(used(3, 1, 1).deservedLeft(A, C)).toBe(3);
    expect(used(5, 1, 1).deservedLeft(A, C)).toBe(1);
    expect(used(3, 4, 1).deservedLeft(A, C)).toBe(1);
    expect(used(3, 4, 1).deservedLeft(A, B)).toBe(3);
    expect(used(9, 0, 0).deservedLeft(A, C)).toBe(0);
    expect(used(3, 4).deserves(A, 1)).toBe(true);
    expect(used(3, 4).deserves(A, 2)).toBe(false);
    expect(used(6, 0).deserves(A, 1)).toBe(false);
  });

  it('refuses quotas that are none, twice the same, or below what comes later', () => {
    const make = (quotas: unknown) => (): QuotaTree => new QuotaTree(quotas as readonly Quota[], ['a']);
    expect(make({})).toThrow(refused('invalid-option', 'quotas'));
    expect(make([7])).toThrow(refused('invalid-option', 'quotas', 0));
    expect(make([{ name: 7, deservedGpus: 1 }])).toThrow(refused('invalid-option', 'quotas', 0, 'name'));
    expect(make([{ name: 'a', deservedGpus: -1 }])).toThrow(
      refused('invalid-option', 'quotas', 0, 'deservedGpus'),
    );
    expect(make([{ name: 'a', deservedGpus: 1, limitGpus: Number.NaN }])).toThrow(
      refused('invalid-option', 'quotas', 0, 'limitGpus'),
    );
    expect(make([{ name: 'a', deservedGpus: 1, gpus: 2 }])).toThrow(
      refused('invalid-option', 'quotas', 0, 'gpus'),
    );
    const a = { name: 'a', deservedGpus: 1 };
    expect(make([a, a])).toThrow(refused('duplicate-id', 'quotas', 1, 'name'));
    expect(make([{ ...a, parent: 'a' }])).toThrow(refused('unknown-reference', 'quotas', 0, 'parent'));
    expect(
      make([
        { ...a, parent: 'z' },
        { name: 'z', deservedGpus: 1 },
      ]),
    ).toThrow(refused('unknown-reference', 'quotas', 0, 'parent'));
  });

  it('takes any text for a name', () => {
    const names = ['__proto__', 'constructor', ''];
    const t = new QuotaTree(
      names.map((name, i) => ({ name, deservedGpus: i })),
      names,
    );
    expect(t.nodeOf).toEqual([0, 1, 2]);
  });
});
