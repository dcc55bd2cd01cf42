import { remembered } from '../../remembered.js';

/** A path from one vertex to another, as one arc. */
export interface HopArc {
  readonly tail: number;
  readonly head: number;
  /**
   * Arcs of the network that it crosses and that can limit it. At a class of GPUs they are the arcs of its first GPU.
   */
  readonly crossed: readonly number[];
}

/**
 * A graph of paths between terminals that is made smaller in place. Its other vertices are halves, see
 * DirectedNetwork.
 */
export class HopReduction {
  readonly #terminalCount: number;
  readonly #receiverCount: number;
  /** Vertex → the arcs that leave it; the arcs that enter it. */
  readonly #leaving = new Map<number, Set<HopArc>>();
  readonly #entering = new Map<number, Set<HopArc>>();

  /**
   * @param terminalCount - vertices below this number are terminals and are never removed
   * @param receiverCount - vertices below this number are classes of GPUs; one GPU of a class can be the sink of a
   * flow
   */
  constructor(terminalCount: number, receiverCount: number) {
    this.#terminalCount = terminalCount;
    this.#receiverCount = receiverCount;
  }

  /** Adds an arc, unless one between the same vertices crosses no more; removes those that the new arc replaces. */
  add(arc: HopArc): void {
    const leaving = this.#of(this.#leaving, arc.tail);
    for (const other of leaving) {
      if (other.head === arc.head && other.crossed.every((one) => arc.crossed.includes(one))) return;
    }
    for (const other of leaving) {
      if (other.head === arc.head && arc.crossed.every((one) => other.crossed.includes(one)))
        this.#remove(other);
    }
    leaving.add(arc);
    this.#of(this.#entering, arc.head).add(arc);
  }

  /** Removes halves that lie on no path between terminals. */
  prune(): void {
    const queue = this.#halves();
    // Ends: a half enters the queue again only after an arc was removed.
    for (const half of queue) {
      const leaving = this.#of(this.#leaving, half);
      const entering = this.#of(this.#entering, half);
      if (leaving.size > 0 && entering.size > 0) continue;
      for (const arc of [...leaving, ...entering]) {
        this.#remove(arc);
        const other = arc.tail === half ? arc.head : arc.tail;
        if (other >= this.#terminalCount) queue.push(other);
      }
    }
  }

  /** True if two arcs cross the same arc of the network. */
  isJoint(): boolean {
    const all = [...this.#leaving.values()].flatMap((arcs) => [...arcs].flatMap(({ crossed }) => crossed));
    return new Set(all).size < all.length;
  }

  /** Removes halves; only with `mayJoin` also halves whose removal makes arcs share a capacity. */
  contract(mayJoin: boolean): void {
    const queue = this.#halves();
    // Ends: a half enters the queue again only after another one was removed for good.
    for (const half of queue) {
      const leaving = [...this.#of(this.#leaving, half)];
      const entering = [...this.#of(this.#entering, half)];
      if (
        leaving.length === 0 ||
        !(mayJoin ? isSmaller(entering, leaving) : this.#staysApart(entering, leaving))
      ) {
        continue;
      }
      for (const arc of [...entering, ...leaving]) this.#remove(arc);
      for (const first of entering) {
        for (const second of leaving) {
          const { tail } = first;
          const { head } = second;
          // A path back to the same half is of no use.
          if (tail === head && tail >= this.#terminalCount) continue;
          this.add({ tail, head, crossed: [...new Set([...first.crossed, ...second.crossed])] });
        }
      }
      for (const other of [...entering.map(({ tail }) => tail), ...leaving.map(({ head }) => head)]) {
        if (other >= this.#terminalCount) queue.push(other);
      }
    }
  }

  /** The arcs that are left. Halves that are left get the numbers after the terminals. */
  renumbered(): { readonly vertexCount: number; readonly arcs: readonly HopArc[] } {
    const number = new Map<number, number>();
    for (let i = 0; i < this.#terminalCount; i++) number.set(i, i);
    for (const half of this.#halves())
      if (this.#of(this.#leaving, half).size > 0) number.set(half, number.size);
    const arcs = [...number.keys()].flatMap((vertex) =>
      [...this.#of(this.#leaving, vertex)].map(({ tail, head, crossed }) => ({
        tail: number.get(tail)!,
        head: number.get(head)!,
        crossed,
      })),
    );
    return { vertexCount: number.size, arcs };
  }

  /**
   * True if after the removal of a half no two arcs share a capacity because of it. An arc into a class of GPUs is
   * kept, because the sink of a flow is split from its class and each such arc then becomes two.
   */
  #staysApart(entering: readonly HopArc[], leaving: readonly HopArc[]): boolean {
    if (leaving.some(({ head }) => head < this.#receiverCount)) return false;
    if (entering.length === 1 && leaving.length === 1) return true;
    const isFree = ({ crossed }: HopArc): boolean => crossed.length === 0;
    return (
      (entering.length === 1 && entering.every(isFree)) || (leaving.length === 1 && leaving.every(isFree))
    );
  }

  #halves(): number[] {
    const all = new Set([...this.#leaving.keys(), ...this.#entering.keys()]);
    return [...all].filter((vertex) => vertex >= this.#terminalCount).sort((a, b) => a - b);
  }

  #of(arcs: Map<number, Set<HopArc>>, vertex: number): Set<HopArc> {
    return remembered(arcs, vertex, () => new Set());
  }

  #remove(arc: HopArc): void {
    this.#of(this.#leaving, arc.tail).delete(arc);
    this.#of(this.#entering, arc.head).delete(arc);
  }
}

/** True if the joined arcs are at most twice as many as those that they replace. */
function isSmaller(entering: readonly HopArc[], leaving: readonly HopArc[]): boolean {
  return entering.length * leaving.length <= 2 * (entering.length + leaving.length);
}
