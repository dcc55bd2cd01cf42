import type { Link } from '../topology/server-document.js';

/** What a link of a document says of its bandwidth, apart from its two ends. */
export type HwlocLinkFigures = Omit<Link, 'between'>;

/** What software reaches of a line rate where nothing was measured. */
export const RAW_SHARE = 0.85;

/**
 * Where a figure comes from, for the source of a link.
 *
 * @param basis - which figures are wanted
 * @param nccl - where NCCL has its constant
 */
export function shareOf(basis: 'nccl' | 'raw', nccl: string): string {
  return basis === 'nccl' ? nccl : `${RAW_SHARE} of the line rate`;
}

/** To 1 kB/s, so that 18 * 20.6 is 370.8. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
