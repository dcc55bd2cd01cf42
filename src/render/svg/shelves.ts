/** Pixels between two neighbours, horizontally and vertically. */
export const SHELF_GAP = 10;

/**
 * Puts rectangles side by side in lines of at most `widthMax`, about equally many in each, in the given order. A
 * longer rectangle gets its own line.
 *
 * @param blocks - the rectangles
 * @param widthMax - pixels
 * @returns the upper left corner of each, and the size of all
 * @complexity O(rectangles)
 */
export function shelves(
  blocks: readonly { readonly width: number; readonly height: number }[],
  widthMax: number,
): { readonly corners: (readonly [number, number])[]; readonly width: number; readonly height: number } {
  const lay = (perShelf: number) => {
    const corners: (readonly [number, number])[] = [];
    let [left, top, high, wide, shelf, count] = [0, 0, 0, 0, 1, 0];
    for (const { width, height } of blocks) {
      if (count > 0 && (left + width > widthMax || count === perShelf)) {
        top += high + SHELF_GAP;
        [left, high, count] = [0, 0, 0];
        shelf++;
      }
      corners.push([left, top]);
      left += width + SHELF_GAP;
      high = Math.max(high, height);
      wide = Math.max(wide, left - SHELF_GAP);
      count++;
    }
    return { corners, width: wide, height: top + high, shelf };
  };
  const greedy = lay(blocks.length);
  const { corners, width, height } = lay(Math.ceil(blocks.length / greedy.shelf));
  return { corners, width, height };
}
