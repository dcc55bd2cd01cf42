import * as v from 'valibot';
import { parse, strictFields } from '../../topology/validate.js';
import {
  basis,
  linkGBps,
  numaNodesPerSocket,
  pcieGeneration,
  portGbps,
  text,
} from '../server/import-options.js';

/** What {@link fromNvidiaSmiTopo} cannot read from the text; figures are GB/s per direction, `portGbps` is Gb/s. */
export interface NvidiaSmiTopoOptions {
  /** Name of the server document. Default: `nvidia-smi-topo`. */
  readonly name?: string | undefined;
  /** Title of the server document. Default: says how many GPUs and NICs were read. */
  readonly title?: string | undefined;
  /** Model of the GPUs. Default: `unknown`, because the text does not say. */
  readonly gpuModel?: string | undefined;
  /** PCIe generation of every x16 link, 1 to 6. Default: 5, as in servers with H100 and later GPUs. */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6 | undefined;
  /**
   * One NVLink. Default: 20.6, NCCL's figure for H100. NCCL has 18 for P100, 20 for V100 and A100, 12 for
   * bridges of consumer Ampere, and 40.1 for B200.
   */
  readonly nvlinkGBpsPerLink?: number | undefined;
  /** What the ports of a NIC carry together, Gb/s per direction. Default: left out, because the text does not say. */
  readonly portGbps?: number | undefined;
  /** Between two sockets. Default: 22, NCCL's figure for Sapphire Rapids; it has 16 for AMD, 10 for older Intel. */
  readonly socketGBps?: number | undefined;
  /**
   * NUMA nodes of one socket, counted from node 0: 4 says that nodes 0 to 3 are socket 0. Default: every node
   * is a socket of its own, as NCCL has it, because the text does not say.
   */
  readonly numaNodesPerSocket?: number | undefined;
  /**
   * Which figures to assume: NCCL's constants, or 0.85 of the line rate; figures given here are taken to be
   * of the same kind. Default: `nccl`.
   */
  readonly basis?: 'nccl' | 'raw' | undefined;
}

const optionsSchema: v.GenericSchema<NvidiaSmiTopoOptions> = strictFields({
  name: v.exactOptional(text),
  title: v.exactOptional(text),
  gpuModel: v.exactOptional(text),
  pcieGeneration: v.exactOptional(pcieGeneration),
  nvlinkGBpsPerLink: v.exactOptional(linkGBps),
  portGbps: v.exactOptional(portGbps),
  socketGBps: v.exactOptional(linkGBps),
  numaNodesPerSocket: v.exactOptional(numaNodesPerSocket),
  basis: v.exactOptional(basis),
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
