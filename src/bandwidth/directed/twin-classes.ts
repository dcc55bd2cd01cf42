import { remembered } from '../../remembered.js';
import type { HopGraph } from './hop-graph.js';
import type { HopArc } from './hop-reduction.js';

/**
 * Groups of classes of GPUs that can be exchanged without changing a graph, such as those of equal sockets that are
 * all joined alike. Only the numbers of GPUs per class then matter, not which class has which number.
 *
 * Two classes are twins if the graph is the same after exchanging them together with the vertices that belong to them
 * alone. Exchanges of two generate all others, so it is enough to compare each class with one of every group.
 *
 * @param graph - a reduced graph
 * @returns class → the first class of its group
 * @complexity O(classes × groups × arcs × vertices) at worst
 */
export function twinClasses(graph: HopGraph): Int32Array {
  const firstOf = new Int32Array(graph.classes.length);
  const groups: number[] = [];
  for (let i = 0; i < firstOf.length; i++) {
    const group = groups.find((first) => canExchange(graph, first, i));
    firstOf[i] = group ?? i;
    if (group === undefined) groups.push(i);
  }
  return firstOf;
}

function canExchange(graph: HopGraph, a: number, b: number): boolean {
  const image = exchange(graph, a, b);
  if (image === undefined) return false;
  const { network, arcs } = graph;
  const byEnds = new Map<string, HopArc[]>();
  for (const arc of arcs) {
    remembered(byEnds, `${arc.tail} ${arc.head}`, () => []).push(arc);
  }
  /** Arc of the network → its image; image → arc. */
  const there = new Map<number, number>();
  const back = new Map<number, number>();
  return arcs.every(({ tail, head, crossed }) => {
    const images = byEnds.get(`${image[tail]} ${image[head]}`);
    // Several arcs between two vertices cannot be told apart; the classes then count as different.
    if (images?.length !== 1 || images[0]!.crossed.length !== crossed.length) return false;
    return crossed.every((one, i) => {
      const other = images[0]!.crossed[i]!;
      if (!there.has(one)) there.set(one, other);
      if (!back.has(other)) back.set(other, one);
      const areEqual = network.capacityGBps[one >> 1] === network.capacityGBps[other >> 1];
      return areEqual && there.get(one) === other && back.get(other) === one;
    });
  });
}

/** Vertex → its image when two classes are exchanged and all others stay; `undefined` if the image is not unique. */
function exchange(
  { network, classes, vertexCount, arcs }: HopGraph,
  a: number,
  b: number,
): Int32Array | undefined {
  // Colour refinement: vertices of different colours differ. Colours are refined until their number stays the same.
  let colours = Array.from({ length: vertexCount }, (_, v) => (v === b ? a : v < classes.length ? v : -1));
  // Ends: each round but the last adds a colour, and there are at most as many as vertices.
  for (let count = 0; ; ) {
    const seen = colours.map((colour) => [`${colour}`]);
    for (const { tail, head, crossed } of arcs) {
      const figures = crossed.map((arc) => network.capacityGBps[arc >> 1]).join();
      seen[tail]!.push(`>${colours[head]} ${figures}`);
      seen[head]!.push(`<${colours[tail]} ${figures}`);
    }
    const numbers = new Map<string, number>();
    colours = seen.map(([own, ...others]) => {
      const key = [own, ...others.sort()].join('|');
      if (!numbers.has(key)) numbers.set(key, numbers.size);
      return numbers.get(key)!;
    });
    if (numbers.size === count) break;
    count = numbers.size;
  }
  const members = new Map<number, number[]>();
  colours.forEach((colour, v) => {
    remembered(members, colour, () => []).push(v);
  });
  const image = new Int32Array(vertexCount);
  for (const [first, second, ...more] of members.values()) {
    if (more.length > 0) return undefined;
    image[first!] = second ?? first!;
    if (second !== undefined) image[second] = first!;
  }
  return image[a] === b ? image : undefined;
}
