/**
 * Servers by the time of their last change, latest first: a doubly linked list in three arrays.
 *
 * A reader that looked last at time t walks from `head` until `stamp <= t` to find what has changed since. A change costs
 * O(1), a look O(servers changed); memory does not grow with the number of changes.
 */
export class RecencyList {
  /** Server → time of its last change. Time counts changes; all servers start at 1, in document order. */
  readonly stamp: Float64Array;
  /** Server → the one changed just before it, -1 at the end. */
  readonly older: Int32Array;
  /** Server → the one changed just after it, -1 at the head. */
  readonly #newer: Int32Array;
  /** The server changed last. */
  head = 0;
  /** The present time. */
  now = 1;

  constructor(serverCount: number) {
    this.stamp = new Float64Array(serverCount).fill(1);
    this.older = Int32Array.from({ length: serverCount }, (_, s) => (s + 1 < serverCount ? s + 1 : -1));
    this.#newer = Int32Array.from({ length: serverCount }, (_, s) => s - 1);
  }

  /** Records a change of one server. */
  touch(server: number): void {
    this.stamp[server] = ++this.now;
    if (server === this.head) return;
    const newer = this.#newer[server]!;
    const older = this.older[server]!;
    this.older[newer] = older;
    if (older !== -1) this.#newer[older] = newer;
    this.older[server] = this.head;
    this.#newer[server] = -1;
    this.#newer[this.head] = server;
    this.head = server;
  }

  /** Records a change of every server. */
  touchAll(): void {
    this.stamp.fill(++this.now);
  }
}
