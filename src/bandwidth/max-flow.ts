/** Working memory of {@link maxFlow} for up to `size` vertices, so that a call allocates nothing. */
export interface FlowScratch {
  /** Vertex → its distance from the source; after a call, -1 marks the sink's side of a minimum cut. */
  readonly level: Int32Array;
  /** Vertex → the next neighbour to try. */
  readonly cursor: Int32Array;
  /** Vertices of the path under construction; also the queue of the breadth-first search. */
  readonly path: Int32Array;
}

/** @param size - the largest number of vertices of any call */
export function flowScratch(size: number): FlowScratch {
  return { level: new Int32Array(size), cursor: new Int32Array(size), path: new Int32Array(size) };
}

/**
 * The maximum flow between two vertices of a small dense network, and a minimum cut.
 *
 * Dinic's algorithm (Soviet Math. Doklady 11, 1970). It also ends with doubles: each augmentation sets at least one
 * residual to exactly zero (x - x), so that edges bound the augmentations of a phase and vertices bound the phases,
 * whatever the rounding elsewhere. A path without any limit ends it at once with Infinity.
 *
 * @param residual - capacities, row-major `size` x `size`, `residual[u * size + v]` from u to v; replaced by the
 * residuals
 * @param size - number of vertices
 * @param source - vertex
 * @param sink - another vertex
 * @param scratch - working memory; afterwards `scratch.level[v] >= 0` if v is on the source's side
 * @returns the value of the flow; Infinity if a path has no limit
 * @complexity O(size^4), in practice a few size^2
 */
export function maxFlow(
  residual: Float64Array,
  size: number,
  source: number,
  sink: number,
  scratch: FlowScratch,
): number {
  const { level, cursor, path } = scratch;
  let total = 0;
  while (layer(residual, size, source, sink, level, path)) {
    cursor.fill(0, 0, size);
    let depth = 0;
    path[0] = source;
    for (;;) {
      const at = path[depth]!;
      if (at === sink) {
        let amount = Number.POSITIVE_INFINITY;
        for (let i = 0; i < depth; i++) {
          amount = Math.min(amount, residual[path[i]! * size + path[i + 1]!]!);
        }
        if (amount === Number.POSITIVE_INFINITY) return amount;
        total += amount;
        // Continue from the tail of the first edge that is now full.
        let full = depth;
        for (let i = depth - 1; i >= 0; i--) {
          const edge = path[i]! * size + path[i + 1]!;
          residual[edge]! -= amount;
          residual[path[i + 1]! * size + path[i]!]! += amount;
          if (residual[edge] === 0) full = i;
        }
        depth = full;
        continue;
      }
      let next = cursor[at]!;
      while (next < size && !(residual[at * size + next]! > 0 && level[next] === level[at]! + 1)) next++;
      cursor[at] = next;
      if (next < size) {
        path[++depth] = next;
      } else if (depth === 0) {
        break;
      } else {
        // No path of this phase leads on from here: close the vertex for the rest of the phase.
        level[at] = -1;
        depth--;
      }
    }
  }
  return total;
}

/** Sets the distances from the source over residuals above 0; true if the sink is reached. */
function layer(
  residual: Float64Array,
  size: number,
  source: number,
  sink: number,
  level: Int32Array,
  queue: Int32Array,
): boolean {
  level.fill(-1, 0, size);
  level[source] = 0;
  queue[0] = source;
  let length = 1;
  for (let i = 0; i < length; i++) {
    const at = queue[i]!;
    for (let next = 0; next < size; next++) {
      if (level[next] !== -1 || !(residual[at * size + next]! > 0)) continue;
      level[next] = level[at]! + 1;
      queue[length++] = next;
    }
  }
  return level[sink] !== -1;
}
