import { RAW_SHARE } from '../server/link-figures.js';

/**
 * Where a figure comes from, for the source of a link.
 *
 * @param basis - which figures are wanted
 * @param nccl - where NCCL has its constant
 */
export function shareOf(basis: 'nccl' | 'raw', nccl: string): string {
  return basis === 'nccl' ? nccl : `${RAW_SHARE} of the line rate`;
}

/**
 * Whether a line rate is that of PCIe Gen1 or Gen2, which send 10 bits a byte: 0.25 and 0.5 GB/s a lane, and 2, 4,
 * … of that.
 */
export function isOfFirstGenerations(rawGBps: number): boolean {
  return isPowerOfTwo(rawGBps / 0.25);
}

/** Whether a number is a power of two but for rounding. */
export function isPowerOfTwo(x: number): boolean {
  const exponent = Math.log2(x);
  return Math.abs(exponent - Math.round(exponent)) < 0.001;
}
