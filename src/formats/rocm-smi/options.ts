import * as v from 'valibot';
import { parse, strictFields } from '../../topology/validate.js';
import { basis, linkGBps, numaNodesPerSocket, pcieGeneration, text } from '../server/import-options.js';
import { type XgmiLinks, xgmiLinks } from '../server/xgmi-links.js';

/** What {@link fromRocmSmiTopo} and {@link fromAmdSmiTopology} cannot read from the text; every figure is GB/s per direction. */
export interface RocmSmiTopoOptions {
  /** Name of the server document. Default: `rocm-smi-topo`, or `amd-smi-topology`. */
  readonly name?: string | undefined;
  /** Title of the server document. Default: says how many GPUs were read. */
  readonly title?: string | undefined;
  /**
   * Model of the GPUs, as `MI300X`, `MI250X`, `MI100`: gives the figure of one xGMI link. Default: `unknown`,
   * because the text does not say.
   */
  readonly gpuModel?: string | undefined;
  /** PCIe generation of every x16 link, 1 to 6. Default: 5, as in servers with MI300X. */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6 | undefined;
  /**
   * One xGMI link. Default: RCCL's figure for `gpuModel`, 48 for MI300X and where the model is not given; it
   * has 36 for MI200 and 24 for MI100 and older. Where a bandwidth matrix is the only hint, 50 GB/s a link is taken
   * for MI200, but for MI300X where eight GPUs have one link to each other, as drivers print it there too.
   */
  readonly xgmiGBpsPerLink?: number | undefined;
  /**
   * xGMI links of a pair of GPUs: one number for all pairs, or a list that names every pair by its headings.
   * Default: what the bandwidth matrix says (`rocm-smi --shownodesbw --showtopo`, `amd-smi topology`), else 2 for MI300A, else
   * 1; an MI250 or MI250X has 1, 2 or 4, and must be told.
   */
  readonly xgmiLinks?: number | readonly XgmiLinks[] | undefined;
  /** Between two sockets. Default: 16, NCCL's figure for AMD; it has 22 for Sapphire Rapids. */
  readonly socketGBps?: number | undefined;
  /**
   * NUMA nodes of one socket, counted from node 0: 4 says that nodes 0 to 3 are socket 0. Default: every node
   * is a socket of its own, as NCCL has it, because the text does not say.
   */
  readonly numaNodesPerSocket?: number | undefined;
  /**
   * Which figures to assume: the constants of NCCL and RCCL, or 0.85 of the line rate; figures given here are
   * taken to be of the same kind. Default: `nccl`.
   */
  readonly basis?: 'nccl' | 'raw' | undefined;
}

const optionsSchema: v.GenericSchema<RocmSmiTopoOptions> = strictFields({
  name: v.exactOptional(text),
  title: v.exactOptional(text),
  gpuModel: v.exactOptional(text),
  pcieGeneration: v.exactOptional(pcieGeneration),
  xgmiGBpsPerLink: v.exactOptional(linkGBps),
  xgmiLinks: v.exactOptional(xgmiLinks),
  socketGBps: v.exactOptional(linkGBps),
  numaNodesPerSocket: v.exactOptional(numaNodesPerSocket),
  basis: v.exactOptional(basis),
});

/**
 * Validates the options of {@link fromRocmSmiTopo}.
 *
 * @param options - what the caller gave
 * @returns the options
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseRocmOptions(options: unknown): RocmSmiTopoOptions {
  return parse(optionsSchema, options, { code: 'invalid-option' });
}
