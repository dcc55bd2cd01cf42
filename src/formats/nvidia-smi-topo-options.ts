import * as v from 'valibot';
import { parse } from '../topology/validate.js';

/** What {@link fromNvidiaSmiTopo} cannot read from the text; every figure is GB/s per direction. */
export interface NvidiaSmiTopoOptions {
  /** Name of the server document. Default: `nvidia-smi-topo`. */
  readonly name?: string;
  /** Title of the server document. Default: says how many GPUs and NICs were read. */
  readonly title?: string;
  /** Model of the GPUs. Default: `unknown`, because the text does not say. */
  readonly gpuModel?: string;
  /** PCIe generation of every x16 link, 1 to 6. Default: 5, as in servers with H100 and later GPUs. */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6;
  /**
   * One NVLink. Default: 20.6, NCCL's figure for H100. NCCL has 18 for P100, 20 for V100 and A100, 12 for
   * bridges of consumer Ampere, and 40.1 for B200.
   */
  readonly nvlinkGBpsPerLink?: number;
  /** Between two sockets. Default: 22, NCCL's figure for Sapphire Rapids; it has 16 for AMD, 10 for older Intel. */
  readonly socketGBps?: number;
  /**
   * NUMA nodes of one socket, counted from node 0: 4 says that nodes 0 to 3 are socket 0. Default: every node
   * is a socket of its own, as NCCL has it, because the text does not say.
   */
  readonly numaNodesPerSocket?: number;
  /**
   * Which figures to assume: NCCL's constants, or 0.85 of the line rate; figures given here are taken to be
   * of the same kind. Default: `nccl`.
   */
  readonly basis?: 'nccl' | 'raw';
}

/** Longest name, in characters, as in a server document. */
const TEXT_LENGTH_MAX = 1024;
/** A faster link is a unit mistake (Gb/s, MB/s). */
const LINK_MAX_GBPS = 1000;
/** Most NUMA nodes of one socket; EPYC has up to 4, or one per L3 cache: 16. */
const NUMA_NODES_PER_SOCKET_MAX = 64;

const text = v.pipe(
  v.string('expected a text'),
  v.minLength(1, 'expected a non-empty text'),
  v.maxLength(TEXT_LENGTH_MAX, `expected at most ${TEXT_LENGTH_MAX} characters`),
);
const expectedLink = `expected a number above 0, at most ${LINK_MAX_GBPS} GB/s`;
const linkGBps = v.pipe(
  v.number(expectedLink),
  v.check((x) => x > 0 && x <= LINK_MAX_GBPS, expectedLink),
);
const expectedNodes = `expected an integer from 1 to ${NUMA_NODES_PER_SOCKET_MAX}`;

const optionsSchema: v.GenericSchema<NvidiaSmiTopoOptions> = v.strictObject({
  name: v.exactOptional(text),
  title: v.exactOptional(text),
  gpuModel: v.exactOptional(text),
  pcieGeneration: v.exactOptional(
    v.picklist([1, 2, 3, 4, 5, 6] as const, 'expected a PCIe generation from 1 to 6'),
  ),
  nvlinkGBpsPerLink: v.exactOptional(linkGBps),
  socketGBps: v.exactOptional(linkGBps),
  numaNodesPerSocket: v.exactOptional(
    v.pipe(
      v.number(expectedNodes),
      v.check((x) => Number.isInteger(x) && x >= 1 && x <= NUMA_NODES_PER_SOCKET_MAX, expectedNodes),
    ),
  ),
  basis: v.exactOptional(v.picklist(['nccl', 'raw'] as const, 'expected nccl or raw')),
});

/**
 * Validates the options of {@link fromNvidiaSmiTopo}.
 *
 * @param options - what the caller gave
 * @returns the options
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseTopoOptions(options: unknown): NvidiaSmiTopoOptions {
  return parse(optionsSchema, options, { code: 'invalid-option' });
}
