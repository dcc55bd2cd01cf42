/** An item along a row of columns: an arc between two of them, or a bar below several. */
export interface LaneItem {
  /** The columns it joins, ascending, at least one. */
  readonly columns: readonly number[];
  /**
   * True for a bar. In one row, bars share no column; arcs may share the column where one ends and the next begins.
   */
  readonly isBar: boolean;
}

/**
 * Puts items into rows by first fit, short ones first, so that short arcs are inside long ones.
 *
 * @returns item → row, 0 nearest to the columns; bars have their own rows after those of arcs
 * @complexity O(items log items + items × rows)
 */
export function laneRows(items: readonly LaneItem[]): number[] {
  const span = ({ columns }: LaneItem): number => columns.at(-1)! - columns[0]!;
  const rows: number[] = new Array(items.length).fill(0);
  let base = 0;
  for (const bars of [false, true]) {
    const order = items
      .map((item, i) => ({ item, i }))
      .filter(({ item }) => item.isBar === bars)
      .sort((a, b) => span(a.item) - span(b.item) || a.item.columns[0]! - b.item.columns[0]! || a.i - b.i);
    const taken: LaneItem[][] = [];
    for (const { item, i } of order) {
      const fit = taken.findIndex((row) => row.every((other) => areApart(item, other)));
      if (fit === -1) taken.push([item]);
      else taken[fit]!.push(item);
      rows[i] = base + (fit === -1 ? taken.length - 1 : fit);
    }
    base += taken.length;
  }
  return rows;
}

function areApart(a: LaneItem, b: LaneItem): boolean {
  const [left, right] = a.columns[0]! <= b.columns[0]! ? [a, b] : [b, a];
  const end = left.columns.at(-1)!;
  const start = right.columns[0]!;
  return a.isBar || b.isBar ? end < start : end <= start;
}

/**
 * The items that reach each column, from left to right, in an order with few crossings: arcs from the left, nearest
 * row first; bars; arcs to the right, farthest row first.
 *
 * @param rows - as {@link laneRows} returns them
 * @returns column → positions of items
 */
export function laneSlots(items: readonly LaneItem[], rows: readonly number[], columns: number): number[][] {
  const slots: number[][] = Array.from({ length: columns }, () => []);
  items.forEach((item, i) => {
    for (const column of item.columns) slots[column]!.push(i);
  });
  slots.forEach((slot, column) => {
    const side = (i: number): number => (items[i]!.isBar ? 1 : items[i]!.columns[0]! < column ? 0 : 2);
    slot.sort(
      (a, b) => side(a) - side(b) || (side(a) === 2 ? rows[b]! - rows[a]! : rows[a]! - rows[b]!) || a - b,
    );
  });
  return slots;
}

/**
 * The position of a label on a horizontal line, as near to the middle as possible without a crossing line.
 *
 * @param from, to - ends of the line
 * @param crossings - where other lines cross it, in any order
 * @param width - of the label
 * @returns its middle; if no gap is wide enough, the middle of the widest gap
 */
export function labelPosition(from: number, to: number, crossings: readonly number[], width: number): number {
  const stops = [from, ...crossings.filter((x) => x > from && x < to), to].sort((a, b) => a - b);
  const middle = (from + to) / 2;
  let best = middle;
  let bestGap = 0;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (let i = 1; i < stops.length; i++) {
    const [left, right] = [stops[i - 1]!, stops[i]!];
    const gap = Math.min(right - left, width);
    // The position inside the gap that is nearest to the middle.
    const position =
      right - left < width ? (left + right) / 2 : clamp(middle, left + width / 2, right - width / 2);
    const distance = Math.abs(position - middle);
    if (gap > bestGap || (gap === bestGap && distance < bestDistance)) {
      best = position;
      bestGap = gap;
      bestDistance = distance;
    }
  }
  return best;
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}
