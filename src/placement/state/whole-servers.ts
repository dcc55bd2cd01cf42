import type { FabricTables } from '../../compile/fabric-tables.js';
import { damageKey } from '../../figures.js';

/**
 * Counts the wholly free servers of every cell, and finds the group in which taking one does least damage.
 *
 * A domain of N servers of a kind of n GPUs, W of them wholly free, is worth n W² / 2N: one domain that can still take a large
 * gang is worth more than two half-free ones. Taking one whole server costs n (W − ½) / N in each tier around it. A group
 * is judged by the sum over the tiers. The level of the whole cluster is left out: it loses the same wherever the server is.
 *
 * Every cell keeps the winner of its children in a tournament: a change costs O(log groups), a question O(tiers). Matches are
 * decided by the key of the cost, then by tree order, so that the winner depends on the counts alone, not on their history.
 */
export class WholeServers {
  readonly #fabric: FabricTables;
  /**
   * Cell → its record, four doubles or eight integers side by side, since a change reads them all: cost, weight, count and parent
   * in one double, and the key of the cost.
   *
   * * cost (double 0): GPU-equivalents lost inside the cell by taking its best server; Infinity = there is
   *   none;
   * * weight (double 1): GPUs of one server / servers of the cell; 0 for the whole cluster, which is left out;
   * * count (integer 4), parent (integer 5);
   * * key (double 3): the {@link damageKey} of the cost; Infinity = none to take.
   */
  readonly #doubles: Float64Array;
  readonly #integers: Int32Array;
  /** Cell → first node of the tournament of its children, and its leaves, a power of two. Length: cells. */
  readonly #treeStart: Int32Array;
  readonly #treeLeaves: Int32Array;
  /**
   * The tournaments: node 1 of each is the root, node i has children 2i and 2i + 1, leaves + j is child j; a node holds
   * the winning child, -1 for padding.
   */
  readonly #tree: Int32Array;

  /**
   * @param gpusOf - kind → GPUs of one server
   */
  constructor(fabric: FabricTables, gpusOf: Int32Array) {
    const { cellCount, cellChildStart, cellChildEnd, cellParent } = fabric;
    this.#fabric = fabric;
    const records = new ArrayBuffer(8 * RECORD_DOUBLES * cellCount);
    this.#doubles = new Float64Array(records);
    this.#integers = new Int32Array(records);
    this.#treeStart = new Int32Array(cellCount);
    this.#treeLeaves = new Int32Array(cellCount);
    let nodes = 0;
    for (let c = 0; c < cellCount; c++) {
      const all = fabric.cellEnd[c]! - fabric.cellStart[c]!;
      this.#doubles[RECORD_DOUBLES * c] = Number.POSITIVE_INFINITY;
      this.#doubles[RECORD_DOUBLES * c + KEY] = Number.POSITIVE_INFINITY;
      if (cellParent[c] !== -1) this.#doubles[RECORD_DOUBLES * c + 1] = gpusOf[fabric.cellKind[c]!]! / all;
      this.#integers[RECORD_INTEGERS * c + PARENT] = cellParent[c]!;
      const children = cellChildEnd[c]! - cellChildStart[c]!;
      if (children === 0) continue;
      let leaves = 1;
      while (leaves < children) leaves *= 2;
      this.#treeStart[c] = nodes;
      this.#treeLeaves[c] = leaves;
      nodes += 2 * leaves;
    }
    this.#tree = new Int32Array(nodes).fill(-1);
    for (let c = 0; c < cellCount; c++) this.#plant(c);
  }

  /** Wholly free servers in a cell that are not cordoned. */
  countOf(cell: number): number {
    return this.#integers[RECORD_INTEGERS * cell + COUNT]!;
  }

  /** Follows a change of the number of wholly free servers of a group. */
  changed(group: number, by: number): void {
    const { cellChildStart } = this.#fabric;
    const doubles = this.#doubles;
    const integers = this.#integers;
    const tree = this.#tree;
    let below = 0;
    for (let c = group; ; ) {
      const left = integers[RECORD_INTEGERS * c + COUNT]! + by;
      integers[RECORD_INTEGERS * c + COUNT] = left;
      const at = RECORD_DOUBLES * c;
      if (left === 0) {
        doubles[at] = Number.POSITIVE_INFINITY;
        doubles[at + KEY] = Number.POSITIVE_INFINITY;
      } else {
        const cost = doubles[at + 1]! * (left - 0.5) + below;
        doubles[at] = cost;
        doubles[at + KEY] = damageKey(cost);
      }
      const parent = integers[RECORD_INTEGERS * c + PARENT]!;
      if (parent === -1) return;
      const first = cellChildStart[parent]!;
      const child = c - first;
      const start = this.#treeStart[parent]!;
      // Play the matches of the child again, until it loses one that it lost before.
      for (let node = (this.#treeLeaves[parent]! + child) >> 1; node >= 1; node >>= 1) {
        const one = tree[start + 2 * node]!;
        const other = tree[start + 2 * node + 1]!;
        const winner =
          other === -1 ||
          doubles[RECORD_DOUBLES * (first + one) + KEY]! <= doubles[RECORD_DOUBLES * (first + other) + KEY]!
            ? one
            : other;
        if (winner === tree[start + node] && winner !== child) break;
        tree[start + node] = winner;
      }
      below = doubles[RECORD_DOUBLES * (first + tree[start + 1]!)]!;
      c = parent;
    }
  }

  /** Forgets all servers; to be followed by {@link WholeServers.enter} for each and {@link WholeServers.rebuild}. */
  clear(): void {
    for (let c = 0; c < this.#fabric.cellCount; c++) this.#integers[RECORD_INTEGERS * c + COUNT] = 0;
  }

  /** Counts a wholly free server in its group alone. */
  enter(group: number): void {
    this.#integers[RECORD_INTEGERS * group + COUNT]!++;
  }

  /** Computes all figures anew from the counts of the groups. O(cells). */
  rebuild(): void {
    const { cellCount, cellParent, cellChildEnd } = this.#fabric;
    const integers = this.#integers;
    for (let c = 0; c < cellCount; c++) if (cellChildEnd[c]! > 0) integers[RECORD_INTEGERS * c + COUNT] = 0;
    // A cell comes after its children.
    for (let c = 0; c < cellCount; c++) {
      this.#plant(c);
      const cost = this.#costOf(c);
      this.#doubles[RECORD_DOUBLES * c] = cost;
      this.#doubles[RECORD_DOUBLES * c + KEY] = this.countOf(c) === 0 ? cost : damageKey(cost);
      const parent = cellParent[c]!;
      if (parent !== -1) integers[RECORD_INTEGERS * parent + COUNT]! += this.countOf(c);
    }
  }

  /**
   * The group of a kind where taking a wholly free server does least damage, the first in tree order among equals; -1 if
   * there is none.
   *
   * @param root - the cell of all servers of the kind
   */
  bestGroup(root: number): number {
    if (this.countOf(root) === 0) return -1;
    const { cellChildStart, levelCount } = this.#fabric;
    let c = root;
    for (let level = levelCount - 1; level > 0; level--) {
      c = cellChildStart[c]! + this.#tree[this.#treeStart[c]! + 1]!;
    }
    return c;
  }

  /** GPU-equivalents lost in the tiers by taking a server of the {@link WholeServers.bestGroup}. */
  leastDamage(root: number): number {
    return this.#doubles[RECORD_DOUBLES * root]!;
  }

  /** GPU-equivalents lost in the tiers by taking `servers` wholly free servers in one cell. O(tiers). */
  damageOf(cell: number, servers: number): number {
    let damage = 0;
    for (let c = cell; c !== -1; c = this.#integers[RECORD_INTEGERS * c + PARENT]!) {
      damage += this.damageInCell(c, servers);
    }
    return damage;
  }

  /** The share of one cell in {@link WholeServers.damageOf}. */
  damageInCell(cell: number, servers: number): number {
    return this.#doubles[RECORD_DOUBLES * cell + 1]! * servers * (this.countOf(cell) - servers / 2);
  }

  #costOf(cell: number): number {
    if (this.countOf(cell) === 0) return Number.POSITIVE_INFINITY;
    const { cellChildStart, cellChildEnd } = this.#fabric;
    const cost = this.#doubles[RECORD_DOUBLES * cell + 1]! * (this.countOf(cell) - 0.5);
    if (cellChildEnd[cell] === 0) return cost;
    const winner = cellChildStart[cell]! + this.#tree[this.#treeStart[cell]! + 1]!;
    return cost + this.#doubles[RECORD_DOUBLES * winner]!;
  }

  /** Plays all matches of a cell's tournament. */
  #plant(cell: number): void {
    const { cellChildStart, cellChildEnd } = this.#fabric;
    const first = cellChildStart[cell]!;
    const children = cellChildEnd[cell]! - first;
    if (children === 0) return;
    const tree = this.#tree;
    const start = this.#treeStart[cell]!;
    const leaves = this.#treeLeaves[cell]!;
    const keyOf = (child: number): number => this.#doubles[RECORD_DOUBLES * (first + child) + KEY]!;
    for (let j = 0; j < children; j++) tree[start + leaves + j] = j;
    for (let node = leaves - 1; node >= 1; node--) {
      const one = tree[start + 2 * node]!;
      const other = tree[start + 2 * node + 1]!;
      tree[start + node] = other === -1 || keyOf(one) <= keyOf(other) ? one : other;
    }
  }
}

/** Doubles, and integers, of one record; and where in it the key and the integers are. */
const RECORD_DOUBLES = 4;
const RECORD_INTEGERS = 8;
const KEY = 3;
const COUNT = 4;
const PARENT = 5;
