/** A way from one vertex to another. */
export interface HopArc {
  readonly tail: number;
  readonly head: number;
  /** Arcs of the network that it crosses and that can limit it; those at a class of GPUs are of its first one. */
  readonly crossed: readonly number[];
}

/** A graph of ways between terminals that is made smaller in place; its other vertices are halves, see DirectedNetwork. */
export class HopReduction {
  readonly #terminalCount: number;
  readonly #receiverCount: number;
  /** Vertex to the arcs that leave it, and that enter it. */
  readonly #leaving = new Map<number, Set<HopArc>>();
  readonly #entering = new Map<number, Set<HopArc>>();

  /**
   * @param terminalCount - vertices below are never removed
   * @param receiverCount - vertices below stand for several GPUs, one of which may have to receive by itself
   */
  constructor(terminalCount: number, receiverCount: number) {
    this.#terminalCount = terminalCount;
    this.#receiverCount = receiverCount;
  }

  /** Adds an arc, unless another one between the same vertices is as good; takes out those that it makes needless. */
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

  /** Removes halves that no terminal reaches or that reach none. */
  prune(): void {
    const queue = this.#halves();
    // Ends: halves are looked at again only when an arc was removed.
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

  /** Whether two arcs cross the same arc of the network. */
  isJoint(): boolean {
    const all = [...this.#leaving.values()].flatMap((arcs) => [...arcs].flatMap(({ crossed }) => crossed));
    return new Set(all).size < all.length;
  }

  /** Removes halves, where `mayJoin` also such that make capacities joint. */
  contract(mayJoin: boolean): void {
    const queue = this.#halves();
    // Ends: halves are looked at again only when one was removed, and no arc leads to that any more.
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
          // Back to the same half is no way at all.
          if (tail === head && tail >= this.#terminalCount) continue;
          this.add({ tail, head, crossed: [...new Set([...first.crossed, ...second.crossed])] });
        }
      }
      for (const other of [...entering.map(({ tail }) => tail), ...leaving.map(({ head }) => head)]) {
        if (other >= this.#terminalCount) queue.push(other);
      }
    }
  }

  /** The arcs, with the halves that are left numbered on from the terminals. */
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
   * Whether removing a half leaves every arc of the network to one way. A way into a class of GPUs is
   * kept: the GPU that receives stands apart from its class, so each such way is two.
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
    let set = arcs.get(vertex);
    if (set === undefined) {
      set = new Set();
      arcs.set(vertex, set);
    }
    return set;
  }

  #remove(arc: HopArc): void {
    this.#of(this.#leaving, arc.tail).delete(arc);
    this.#of(this.#entering, arc.head).delete(arc);
  }
}

/** Whether joining ways in to ways out costs hardly more arcs than it saves, with a vertex less. */
function isSmaller(entering: readonly HopArc[], leaving: readonly HopArc[]): boolean {
  return entering.length * leaving.length <= 2 * (entering.length + leaving.length);
}
