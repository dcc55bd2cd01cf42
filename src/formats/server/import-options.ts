import * as v from 'valibot';
import { BANDWIDTH_MIN_GBPS, TEXT_LENGTH_MAX } from '../../units.js';

/** A faster link is a unit mistake (Gb/s, MB/s). */
const LINK_MAX_GBPS = 1000;
/** Most NUMA nodes of one socket; EPYC has up to 4, or one per L3 cache: 16. */
const NUMA_NODES_PER_SOCKET_MAX = 64;

/** A name or title. */
export const text: v.GenericSchema<string> = v.pipe(
  v.string('expected a text'),
  v.minLength(1, 'expected a non-empty text'),
  v.maxLength(TEXT_LENGTH_MAX, `expected at most ${TEXT_LENGTH_MAX} characters`),
);

const expectedLink = `expected a number from ${BANDWIDTH_MIN_GBPS} to ${LINK_MAX_GBPS} GB/s`;
/** The bandwidth of a link, GB/s per direction. */
export const linkGBps: v.GenericSchema<number> = v.pipe(
  v.number(expectedLink),
  v.check((x) => x >= BANDWIDTH_MIN_GBPS && x <= LINK_MAX_GBPS, expectedLink),
);

/** A faster port is a unit mistake (Mb/s). */
const PORT_MAX_GBPS = 10_000;
const PORT_MIN_GBPS = 8 * BANDWIDTH_MIN_GBPS;
const expectedPort = `expected a number from ${PORT_MIN_GBPS} to ${PORT_MAX_GBPS} Gb/s`;
/** The rate of a port of a NIC, Gb/s per direction. */
export const portGbps: v.GenericSchema<number> = v.pipe(
  v.number(expectedPort),
  v.check((x) => x >= PORT_MIN_GBPS && x <= PORT_MAX_GBPS, expectedPort),
);

/** A PCIe generation. */
export const pcieGeneration: v.GenericSchema<1 | 2 | 3 | 4 | 5 | 6> = v.picklist(
  [1, 2, 3, 4, 5, 6] as const,
  'expected a PCIe generation from 1 to 6',
);

/** Which figures to assume. */
export const basis: v.GenericSchema<'nccl' | 'raw'> = v.picklist(
  ['nccl', 'raw'] as const,
  'expected nccl or raw',
);

/** An integer from `min` to `max`. */
export function integer(min: number, max: number): v.GenericSchema<number> {
  const expected = `expected an integer from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.check((x) => Number.isInteger(x) && x >= min && x <= max, expected),
  );
}

/** How many NUMA nodes one socket has. */
export const numaNodesPerSocket: v.GenericSchema<number> = integer(1, NUMA_NODES_PER_SOCKET_MAX);
