import { CorralError } from '../../errors.js';
import type { XgmiLinks } from './import-options.js';

/**
 * The lookup of the xGMI links that the caller states.
 *
 * @param stated - option `xgmiLinks`
 * @returns the links of two GPUs; throws CorralError `invalid-option` for a pair that the list does not name
 * @complexity O(pairs); the lookup O(1)
 */
export function statedXgmiLinks(stated: number | readonly XgmiLinks[]): (a: string, b: string) => number {
  if (typeof stated === 'number') return () => stated;
  const byPair = new Map(
    stated.flatMap(({ between: [a, b], links }) => [
      [`${a} ${b}`, links],
      [`${b} ${a}`, links],
    ]),
  );
  return (a, b) => {
    const links = byPair.get(`${a} ${b}`);
    if (links !== undefined) return links as number;
    throw new CorralError(
      'invalid-option',
      ['xgmiLinks'],
      `${a} and ${b} are joined by xGMI and not in the list: add the number of their links`,
    );
  };
}

/**
 * Refuses a list that names anything but pairs of GPUs.
 *
 * @param stated - option `xgmiLinks`
 * @param gpuIds - ids of the GPUs
 * @throws CorralError `invalid-option`
 */
export function refuseOtherPairs(
  stated: number | readonly XgmiLinks[] | undefined,
  gpuIds: readonly string[],
): void {
  if (typeof stated !== 'object') return;
  stated.forEach(({ between }, i) => {
    for (const end of [0, 1] as const) {
      if (gpuIds.includes(between[end]) && between[0] !== between[1]) continue;
      throw new CorralError(
        'invalid-option',
        ['xgmiLinks', i, 'between', end],
        `expected the headings of two GPUs, of ${gpuIds.join(' ')}`,
      );
    }
  });
}
