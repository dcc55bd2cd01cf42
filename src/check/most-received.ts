import type { PermittedPaths } from './permitted-paths.js';

/** A figure below this is rounding. */
const EPSILON = 1e-10;

/**
 * The largest x such that one GPU can receive x from each of the others at once, over given paths; GPUs pass on what
 * they receive.
 *
 * A linear programme with one variable per path, solved by the simplex method on the full tableau with Bland's rule
 * (Mathematics of Operations Research 2, 1977).
 *
 * @param gpus - device ids of the set
 * @param sink - the one that receives
 * @param options - the paths, and what each link carries
 * @returns GB/s; 0 if some GPU does not reach the sink
 * @complexity O(links × (links + paths)) per step
 */
export function mostReceived(
  gpus: readonly string[],
  sink: string,
  { paths, capacities }: PermittedPaths,
): number {
  const senders = gpus.filter((gpu) => gpu !== sink);
  const used = paths.filter(({ from }) => from !== sink);
  const names = [...new Set(used.flatMap(({ links }) => links))];
  const width = 1 + used.length;
  // A GPU sends at most x and what it receives; a link carries at most its capacity. Last: what is to be largest.
  const rows = [
    ...senders.map((gpu) => [-1, ...used.map(({ from, to }) => Number(from === gpu) - Number(to === gpu))]),
    [gpus.length - 1, ...used.map(({ to }) => -Number(to === sink))],
    ...names.map((name) => [0, ...used.map(({ links }) => links.filter((link) => link === name).length)]),
  ];
  const right = [...gpus.map(() => 0), ...names.map((name) => capacities.get(name)!)];
  const tableau = rows.map((row, i) => [...row, ...rows.map((_, j) => Number(i === j)), right[i]!]);
  const goal = [-1, ...new Array<number>(used.length + rows.length + 1).fill(0)];
  const basic = rows.map((_, i) => width + i);
  for (;;) {
    const column = goal.findIndex((gain, i) => i < goal.length - 1 && gain < -EPSILON);
    if (column < 0) return goal.at(-1)!;
    const ratios = tableau.map((row) => (row[column]! > EPSILON ? row.at(-1)! / row[column]! : Infinity));
    const least = Math.min(...ratios);
    const row = ratios.reduce(
      (best, ratio, i) => (ratio <= least + EPSILON && (best < 0 || basic[i]! < basic[best]!) ? i : best),
      -1,
    );
    const pivot = tableau[row]![column]!;
    tableau[row] = tableau[row]!.map((value) => value / pivot);
    basic[row] = column;
    for (const other of [...tableau, goal]) {
      if (other === tableau[row] || other[column] === 0) continue;
      const factor = other[column]!;
      tableau[row]!.forEach((value, i) => {
        other[i] = other[i]! - factor * value;
      });
    }
  }
}
