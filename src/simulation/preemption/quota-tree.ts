import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { nonNegative } from '../../checks/quantity.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { Quota } from '../options/simulation-options.js';

/** Most quotas, and most groups around one: every decision looks at all of these. */
const QUOTAS_MAX = 10_000;
const DEPTH_MAX = 64;
const FIELDS: readonly (keyof Quota)[] = ['name', 'parent', 'deservedGpus', 'limitGpus', 'overQuotaWeight'];

/**
 * The quotas as a tree of numbers, and how many GPUs each of its nodes uses. A tenant without a quota is a node by itself
 * at the top, that deserves nothing and has weight 1.
 */
export class QuotaTree {
  /** Node → the one above, which comes before it; -1 at the top. */
  readonly parentOf: readonly number[];
  readonly deserved: readonly number[];
  readonly limit: readonly number[];
  readonly weight: readonly number[];
  /** Tenant → its node. */
  readonly nodeOf: readonly number[];
  /** Node → GPUs in use, shares as parts; those of the nodes below included. */
  readonly used: Float64Array;

  /**
   * @param tenants - names, by number
   * @throws CorralError with a path from `quotas` on
   */
  constructor(quotas: readonly Quota[], tenants: readonly string[]) {
    const list = readList(quotas, ['quotas'], 'invalid-option', QUOTAS_MAX);
    const nodes = new Map<string, number>();
    const parentOf: number[] = [];
    const deserved: number[] = [];
    const limit: number[] = [];
    const weight: number[] = [];
    const depth: number[] = [];
    for (let i = 0; i < list.length; i++) {
      const path: ErrorPath = ['quotas', i];
      const quota = readFields(list[i]!, FIELDS, path);
      const { name, parent } = quota;
      if (typeof name !== 'string') {
        throw new CorralError('invalid-option', [...path, 'name'], `expected a text, got ${quote(name)}`);
      }
      if (nodes.has(name)) {
        throw new CorralError('duplicate-id', [...path, 'name'], `${quote(name)} has a quota already`);
      }
      const above = parent === undefined ? -1 : nodes.get(parent);
      if (above === undefined) {
        throw new CorralError(
          'unknown-reference',
          [...path, 'parent'],
          `no quota ${quote(parent)} before this one: list parents first`,
        );
      }
      depth.push(above === -1 ? 1 : depth[above]! + 1);
      if (depth[i]! > DEPTH_MAX) {
        throw new CorralError(
          'limit-exceeded',
          [...path, 'parent'],
          `groups lie in each other ${DEPTH_MAX} deep at most`,
        );
      }
      nodes.set(name, i);
      parentOf.push(above);
      deserved.push(nonNegative(quota.deservedGpus, ...path, 'deservedGpus'));
      weight.push(nonNegative(quota.overQuotaWeight ?? 1, ...path, 'overQuotaWeight'));
      const most =
        quota.limitGpus === undefined
          ? Number.POSITIVE_INFINITY
          : nonNegative(quota.limitGpus, ...path, 'limitGpus');
      // Without weight there is no share of what is over.
      limit.push(weight[i] === 0 ? Math.min(most, deserved[i]!) : most);
    }
    this.nodeOf = tenants.map((tenant) => {
      const known = nodes.get(tenant);
      if (known !== undefined) return known;
      deserved.push(0);
      limit.push(Number.POSITIVE_INFINITY);
      weight.push(1);
      return parentOf.push(-1) - 1;
    });
    this.parentOf = parentOf;
    this.deserved = deserved;
    this.limit = limit;
    this.weight = weight;
    this.used = new Float64Array(parentOf.length);
  }

  /** Counts GPUs in, or out if negative, for a tenant and all above it. */
  use(tenant: number, gpus: number): void {
    for (let node = this.nodeOf[tenant]!; node !== -1; node = this.parentOf[node]!) this.used[node]! += gpus;
  }

  /** Whether so many GPUs more stay within every limit. */
  staysInLimits(tenant: number, gpus: number): boolean {
    return this.overLimits(tenant, gpus) <= 0;
  }

  /** GPUs by which so many more would pass a limit, the most of all above the tenant; 0 or negative if none. */
  overLimits(tenant: number, gpus: number): number {
    let over = Number.NEGATIVE_INFINITY;
    for (let node = this.nodeOf[tenant]!; node !== -1; node = this.parentOf[node]!) {
      over = Math.max(over, this.used[node]! + gpus - this.limit[node]!);
    }
    return over;
  }

  /** Whether a tenant, and all above it, deserve so many GPUs more. */
  deserves(tenant: number, gpus: number): boolean {
    for (let node = this.nodeOf[tenant]!; node !== -1; node = this.parentOf[node]!) {
      if (this.used[node]! + gpus > this.deserved[node]!) return false;
    }
    return true;
  }

  /**
   * Whether a tenant may have GPUs of another one: below where their branches part, it and all above it deserve them with
   * what they have; and the other and all above it have more than they deserve, or all of it without.
   */
  mayReclaim(tenant: number, gpus: number, from: number, fromGpus: number): boolean {
    const [own, other] = this.#branches(tenant, from);
    return (
      own.length > 0 &&
      other.length > 0 &&
      own.every((node) => this.used[node]! + gpus <= this.deserved[node]!) &&
      other.every(
        (node) =>
          this.used[node]! > this.deserved[node]! || this.used[node]! - fromGpus >= this.deserved[node]!,
      )
    );
  }

  /** Whether a tenant, and all above it below where its branch parts from another one's, have what they deserve without GPUs. */
  keepsDeserved(tenant: number, gpus: number, beside: number): boolean {
    const [own] = this.#branches(tenant, beside);
    return own.every((node) => this.used[node]! - gpus >= this.deserved[node]!);
  }

  /** GPUs that a tenant, and all above it below where its branch parts from another one's, deserve and do not have. */
  deservedLeft(tenant: number, beside: number): number {
    const [own] = this.#branches(tenant, beside);
    const left = own.map((node) => this.deserved[node]! - this.used[node]!);
    return Math.max(
      0,
      left.reduce((least, gpus) => Math.min(least, gpus), Number.POSITIVE_INFINITY),
    );
  }

  /**
   * Which of two tenants is served first: the one whose branch, below where they part, has less of what it deserves, or,
   * where both have that, less over it by weight. Negative: the first; 0: neither.
   */
  compare(a: number, b: number): number {
    const [own, other] = this.#branches(a, b);
    if (own.length === 0 || other.length === 0) return own.length - other.length;
    return this.#share(own[0]!) - this.#share(other[0]!) || own[0]! - other[0]!;
  }

  /** Below 0 what is missing of what a node deserves, above what it has over it. */
  #share(node: number): number {
    const used = this.used[node]!;
    const deserved = this.deserved[node]!;
    if (used < deserved) return used / deserved - 1;
    return used === deserved ? 0 : (used - deserved) / (this.weight[node]! || Number.MIN_VALUE);
  }

  /** The nodes of two tenants, from the top, below where they part. */
  #branches(a: number, b: number): [number[], number[]] {
    const pathA = this.#path(this.nodeOf[a]!);
    const pathB = this.#path(this.nodeOf[b]!);
    let at = 0;
    while (at < pathA.length && at < pathB.length && pathA[at] === pathB[at]) at++;
    return [pathA.slice(at), pathB.slice(at)];
  }

  #path(node: number): number[] {
    const path: number[] = [];
    for (let at = node; at !== -1; at = this.parentOf[at]!) path.push(at);
    return path.reverse();
  }
}
