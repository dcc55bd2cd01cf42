/** Half a unit of the last digit, so that sums of doubles print alike everywhere. */
const ROUNDING = 1e-9;

/** A figure with one decimal from 1 GB/s up, and no zero behind the point. */
export function gbps(value: number): string {
  return String(Math.round(value * 10 + ROUNDING) / 10);
}

/** A ratio with two decimals. */
export function ratio(value: number): string {
  return (Math.round(value * 100 + ROUNDING) / 100).toFixed(2);
}

/** Whether a model is within 10 % of a figure, judged by the ratio as it is printed. */
export function isWithinTenPercent(value: number): boolean {
  return value >= 0.9 - ROUNDING && value <= 1.1 + ROUNDING;
}

/** A Markdown table; a bar inside a cell would end it. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n');
}
