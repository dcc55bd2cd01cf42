import type { DirectedNetwork } from '../topology/directed-network.js';
import { GPU, LEAF, type Network } from '../topology/network.js';

/** A way from one vertex to another. */
export interface HopArc {
  readonly tail: number;
  readonly head: number;
  /** Arcs of the network that it crosses and that can limit it; those at a GPU are of the first GPU of its class. */
  readonly crossed: readonly number[];
}

/**
 * The ways between the GPUs of a server, reduced to what can limit a flow. Vertices 0 … classes - 1 stand for
 * GPUs; those above are halves of switches, NUMA nodes and sockets that could not be removed. A class has arcs to
 * itself where its GPUs reach each other.
 */
export interface HopGraph {
  readonly network: Network;
  /** Class to the mask of its GPUs, which have equal links to everything and none to GPUs, or are one. */
  readonly classes: Int32Array;
  readonly vertexCount: number;
  readonly arcs: readonly HopArc[];
  /** Whether two arcs cross one arc of the network: then their capacities are joint, and cuts do not decide. */
  readonly isJoint: boolean;
}

/**
 * Reduces a directed network to the ways between its GPUs.
 *
 * What is left out changes no largest flow: halves that lie on no way between GPUs; arcs of the network that carry
 * all that every GPU sends at once; ways that cross all that another way between the same vertices crosses. A
 * half is removed by joining each way in to each way out where that makes the graph smaller, and where flows are
 * to be found as cuts only if no capacity becomes joint.
 *
 * @param directed - a server's directed network
 * @returns the graph
 * @complexity O(arcs^2) at worst; small machines well below a millisecond
 */
export function hopGraph(directed: DirectedNetwork): HopGraph {
  const { network } = directed;
  const classes = classesOf(directed);
  const graph = new Reduction(classes.length);
  const vertexOf = verticesOf(directed, classes);
  let sent = 0;
  for (const v of network.gpuVertices) {
    for (let k = network.rows[v]!; k < network.rows[v + 1]!; k++) {
      sent += network.capacityGBps[network.arcs[k]! >> 1]!;
    }
  }
  directed.tails.forEach((half, i) => {
    const tail = vertexOf[half]!;
    const head = vertexOf[directed.heads[i]!]!;
    if (tail < 0 || head < 0) return;
    const crossed = directed.crossed[i]!.filter((arc) => network.capacityGBps[arc >> 1]! <= sent);
    graph.add({ tail, head, crossed: Array.from(crossed) });
  });
  graph.prune();
  const isJoint = graph.isJoint();
  graph.contract(isJoint);
  graph.prune();
  return { network, classes: Int32Array.from(classes), isJoint, ...graph.renumbered() };
}

/** Masks of GPUs that hang on the same halves by links of the same bandwidth; a GPU with a link to a GPU is alone. */
function classesOf({ network, tails, heads, crossed, vertexOf, outbound }: DirectedNetwork): number[] {
  const linksOf = network.devices.map((): [number, number][] => []);
  const isAlone = new Uint8Array(network.vertexCount);
  crossed.forEach((arcs, i) => {
    const tail = vertexOf[tails[i]!]!;
    const head = vertexOf[heads[i]!]!;
    if (network.roles[tail] === GPU && network.roles[head] === GPU) isAlone[tail] = 1;
    if (network.roles[tail] === GPU) linksOf[tail]!.push([head, network.capacityGBps[arcs[0]! >> 1]!]);
  });
  const classes = new Map<string, number>();
  network.gpuVertices.forEach((vertex, gpu) => {
    const links = linksOf[vertex]!.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const key = JSON.stringify(isAlone[vertex] === 1 ? [outbound[vertex]] : links);
    classes.set(key, (classes.get(key) ?? 0) | (1 << gpu));
  });
  return [...classes.values()];
}

/** Half to vertex of the graph, -1 for NICs and for GPUs that another of their class stands for. */
function verticesOf(directed: DirectedNetwork, classes: readonly number[]): Int32Array {
  const { network, vertexOf } = directed;
  const classOf = new Map(classes.map((mask, i) => [network.gpuVertices[31 - Math.clz32(mask & -mask)]!, i]));
  let next = classes.length;
  return vertexOf.map((v) => {
    if (network.roles[v] === GPU) return classOf.get(v) ?? -1;
    return network.roles[v] === LEAF ? -1 : next++;
  });
}

/** A graph that is made smaller in place. */
class Reduction {
  readonly #classCount: number;
  /** Vertex to the arcs that leave it, and that enter it. */
  readonly #leaving = new Map<number, Set<HopArc>>();
  readonly #entering = new Map<number, Set<HopArc>>();

  constructor(classCount: number) {
    this.#classCount = classCount;
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

  /** Removes halves that no GPU reaches or that reach none. */
  prune(): void {
    const queue = this.#halves();
    for (const half of queue) {
      const leaving = this.#of(this.#leaving, half);
      const entering = this.#of(this.#entering, half);
      if (leaving.size > 0 && entering.size > 0) continue;
      for (const arc of [...leaving, ...entering]) {
        this.#remove(arc);
        const other = arc.tail === half ? arc.head : arc.tail;
        if (other >= this.#classCount) queue.push(other);
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
          if (tail === head && tail >= this.#classCount) continue;
          this.add({ tail, head, crossed: [...new Set([...first.crossed, ...second.crossed])] });
        }
      }
      for (const other of [...entering.map(({ tail }) => tail), ...leaving.map(({ head }) => head)]) {
        if (other >= this.#classCount) queue.push(other);
      }
    }
  }

  /** The arcs, with the halves that are left numbered on from the classes. */
  renumbered(): { readonly vertexCount: number; readonly arcs: readonly HopArc[] } {
    const number = new Map<number, number>();
    for (let i = 0; i < this.#classCount; i++) number.set(i, i);
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
   * Whether removing a half leaves every arc of the network to one way. A way into a GPU is kept: the GPU that
   * receives stands apart from its class, so each such way is two.
   */
  #staysApart(entering: readonly HopArc[], leaving: readonly HopArc[]): boolean {
    if (leaving.some(({ head }) => head < this.#classCount)) return false;
    if (entering.length === 1 && leaving.length === 1) return true;
    const isFree = ({ crossed }: HopArc): boolean => crossed.length === 0;
    return (
      (entering.length === 1 && entering.every(isFree)) || (leaving.length === 1 && leaving.every(isFree))
    );
  }

  #halves(): number[] {
    const all = new Set([...this.#leaving.keys(), ...this.#entering.keys()]);
    return [...all].filter((vertex) => vertex >= this.#classCount).sort((a, b) => a - b);
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
