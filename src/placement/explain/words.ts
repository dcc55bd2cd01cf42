/** A number and its noun. */
export function plural(n: number, noun: string): string {
  return n === 1 ? `1 ${noun}` : `${count(n)} ${noun}s`;
}

/** A whole number with its thousands apart. */
export function count(n: number): string {
  return String(n).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** At most three decimals. */
export function round(x: number): number {
  return Math.round(x * 1000) / 1000;
}
