import type { Device } from '../../topology/server-document.js';
import { rounded } from './link-figures.js';

/** What a NIC of a document says of the rate of its ports. */
export type PortFigures = Required<Pick<Device, 'portGBps' | 'portBasis' | 'portSource' | 'portVerified'>>;

/**
 * The rate of a port that the caller states.
 *
 * @param portGbps - option `portGbps`, Gb/s
 * @returns the fields of its NIC
 */
export function portOfCaller(portGbps: number): PortFigures {
  return {
    portGBps: rounded(portGbps / 8),
    portBasis: 'nccl',
    portSource: `${portGbps} Gb/s stated by the caller`,
    portVerified: false,
  };
}

/**
 * The note of a document with NICs whose rate nobody states.
 *
 * @param count - their number
 */
export function unknownPortsNote(count: number): string {
  return `NICs whose port rate the text does not state: ${count}. Their links alone limit them; give portGbps.`;
}
