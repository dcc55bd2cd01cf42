/**
 * The scores of all servers for one need, as a tournament tree. After a change it finds the best score, and its first server in
 * document order, in O(log servers).
 *
 * Layout of both arrays: a complete binary tree, root at 1, children of i at 2i and 2i + 1, servers at
 * `leaves + server` in document order. A server that does not fit scores -Infinity.
 */
export class ScoreTree {
  /** Node → best score below it. Length: 2 × leaves. */
  readonly #best: Float64Array;
  /** Node → how many servers below it reach that score; only kept where ties are drawn. */
  readonly #ties: Int32Array | undefined;
  readonly #leaves: number;

  constructor(serverCount: number, options: { readonly countTies: boolean }) {
    this.#leaves = 2 ** Math.ceil(Math.log2(Math.max(2, serverCount)));
    this.#best = new Float64Array(2 * this.#leaves).fill(Number.NEGATIVE_INFINITY);
    this.#ties = options.countTies ? new Int32Array(2 * this.#leaves).fill(1, this.#leaves) : undefined;
  }

  /** The best score of all; -Infinity if no server fits. */
  best(): number {
    return this.#best[1]!;
  }

  /** How many servers have the best score; needs `countTies`. */
  tied(): number {
    return this.#ties![1]!;
  }

  /** Sets the score of one server. */
  set(server: number, score: number): void {
    const best = this.#best;
    let node = this.#leaves + server;
    if (best[node] === score) return;
    best[node] = score;
    if (this.#ties !== undefined) {
      this.#setCounting(node);
      return;
    }
    for (node >>= 1; node >= 1; node >>= 1) {
      const left = best[2 * node]!;
      const right = best[2 * node + 1]!;
      const higher = left >= right ? left : right;
      if (best[node] === higher) return;
      best[node] = higher;
    }
  }

  #setCounting(leaf: number): void {
    const best = this.#best;
    const ties = this.#ties!;
    for (let node = leaf >> 1; node >= 1; node >>= 1) {
      const left = best[2 * node]!;
      const right = best[2 * node + 1]!;
      best[node] = left >= right ? left : right;
      ties[node] = (left >= right ? ties[2 * node]! : 0) + (right >= left ? ties[2 * node + 1]! : 0);
    }
  }

  /** The first server in document order with the best score. */
  first(): number {
    const best = this.#best;
    const wanted = best[1]!;
    let node = 1;
    while (node < this.#leaves) node = best[2 * node] === wanted ? 2 * node : 2 * node + 1;
    return node - this.#leaves;
  }

  /** The n-th (from 0) server in document order with the best score; needs `countTies`. */
  nth(n: number): number {
    const best = this.#best;
    const ties = this.#ties!;
    const wanted = best[1]!;
    let node = 1;
    let rest = n;
    while (node < this.#leaves) {
      node *= 2;
      const left = best[node] === wanted ? ties[node]! : 0;
      if (rest < left) continue;
      rest -= left;
      node++;
    }
    return node - this.#leaves;
  }
}
