import { readFields } from '../../checks/fields.js';
import { readList } from '../../checks/plain-data.js';
import { nonNegative } from '../../checks/quantity.js';
import { CorralError, type ErrorPath, quote } from '../../errors.js';
import type { Quota } from '../options/simulation-options.js';

/** The most quotas, and the most groups around one: every decision reads all of these. */
const QUOTAS_MAX = 10_000;
const DEPTH_MAX = 64;
const FIELDS: readonly (keyof Quota)[] = ['name', 'parent', 'deservedGpus', 'limitGpus', 'overQuotaWeight'];

/**
 * The quotas as a tree, with the number of GPUs that each node uses. A tenant without a quota is a node at the top
 * that deserves nothing and has weight 1.
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
      // With weight 0 a tenant gets no GPUs beyond what it deserves.
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

  /** Adds GPUs to a tenant and all nodes above it; a negative number takes them away. */
  use(tenant: number, gpus: number): void {
    for (let node = this.nodeOf[tenant]!; node !== -1; node = this.parentOf[node]!) this.used[node]! += gpus;
  }

  /** Whether so many more GPUs stay within every limit. */
  staysInLimits(tenant: number, gpus: number): boolean {
    return this.overLimits(tenant, gpus) <= 0;
  }

  /**
   * GPUs by which so many more would exceed a limit: the most over the tenant and the nodes above it; 0 or less if
   * none is exceeded.
   */
  overLimits(tenant: number, gpus: number): number {
    let over = Number.NEGATIVE_INFINITY;
    for (let node = this.nodeOf[tenant]!; node !== -1; node = this.parentOf[node]!) {
      over = Math.max(over, this.used[node]! + gpus - this.limit[node]!);
    }
    return over;
  }

  /** Whether a tenant and all nodes above it deserve so many more GPUs. */
  deserves(tenant: number, gpus: number): boolean {
    for (let node = this.nodeOf[tenant]!; node !== -1; node = this.parentOf[node]!) {
      if (this.used[node]! + gpus > this.deserved[node]!) return false;
    }
    return true;
  }

  /**
   * Whether a tenant may reclaim GPUs of another one. Below the node where their branches part: the tenant and all
   * nodes above it must deserve them in addition to their own; the other and all nodes above it must have more than
   * they deserve, or as much without the GPUs.
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

  /**
   * Whether a tenant, and all nodes above it below where its branch parts from another one's, have what they deserve
   * without some GPUs.
   */
  keepsDeserved(tenant: number, gpus: number, beside: number): boolean {
    const [own] = this.#branches(tenant, beside);
    return own.every((node) => this.used[node]! - gpus >= this.deserved[node]!);
  }

  /**
   * GPUs that a tenant, and all nodes above it below where its branch parts from another one's, deserve and do not
   * have.
   */
  deservedLeft(tenant: number, beside: number): number {
    const [own] = this.#branches(tenant, beside);
    const left = own.map((node) => this.deserved[node]! - this.used[node]!);
    return Math.max(
      0,
      left.reduce((least, gpus) => Math.min(least, gpus), Number.POSITIVE_INFINITY),
    );
  }

  /**
   * Which of two tenants is served first: the one whose branch, below where they part, has the smaller share of what
   * it deserves; if both have all of it, the one with less beyond it by weight. Negative: the first; 0: equal.
   */
  compare(a: number, b: number): number {
    const [own, other] = this.#branches(a, b);
    if (own.length === 0 || other.length === 0) return own.length - other.length;
    return this.#share(own[0]!) - this.#share(other[0]!) || own[0]! - other[0]!;
  }

  /** Negative: the part of its deserved GPUs that a node lacks. Positive: its GPUs beyond that, by weight. */
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
