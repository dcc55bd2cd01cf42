import { largestValue } from './largest-value.js';
import type { PermittedPaths } from './permitted-paths.js';

/**
 * The largest x such that one GPU can receive x from each of the others at the same time, over given paths; GPUs
 * forward what they receive.
 *
 * A linear programme with one variable per path.
 *
 * @param gpus - device ids of the set
 * @param sink - the one that receives
 * @param options - the paths, and the capacity of each link
 * @returns GB/s; 0 if some GPU does not reach the sink
 * @complexity that of {@link largestValue}
 */
export function mostReceived(
  gpus: readonly string[],
  sink: string,
  { paths, capacities }: PermittedPaths,
): number {
  const senders = gpus.filter((gpu) => gpu !== sink);
  const used = paths.filter(({ from }) => from !== sink);
  const names = [...new Set(used.flatMap(({ links }) => links))];
  // Rows: a GPU sends at most x plus what it receives; the sink receives (n − 1) x; a link carries at most its
  // capacity.
  const rows = [
    ...senders.map((gpu) => [-1, ...used.map(({ from, to }) => Number(from === gpu) - Number(to === gpu))]),
    [gpus.length - 1, ...used.map(({ to }) => -Number(to === sink))],
    ...names.map((name) => [0, ...used.map(({ links }) => links.filter((link) => link === name).length)]),
  ];
  const right = [...gpus.map(() => 0), ...names.map((name) => capacities.get(name)!)];
  return largestValue({ rows, right, goal: [1, ...used.map(() => 0)] });
}
