import * as v from 'valibot';
import { parse, strictFields } from '../topology/validate.js';
import { GPUS_PER_SERVER_MAX } from '../units.js';
import { basis, integer, linkGBps, numaNodesPerSocket, pcieGeneration, text } from './option-schemas.js';

/** What {@link fromRocmSmiTopo} cannot read from the text; every figure is GB/s per direction. */
export interface RocmSmiTopoOptions {
  /** Name of the server document. Default: `rocm-smi-topo`. */
  readonly name?: string;
  /** Title of the server document. Default: says how many GPUs were read. */
  readonly title?: string;
  /**
   * Model of the GPUs, as `MI300X`, `MI250X`, `MI100`: gives the figure of one xGMI link. Default: `unknown`,
   * because the text does not say.
   */
  readonly gpuModel?: string;
  /** PCIe generation of every x16 link, 1 to 6. Default: 5, as in servers with MI300X. */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6;
  /**
   * One xGMI link. Default: RCCL's figure for `gpuModel`, 48 for MI300X and where the model is not given; it
   * has 36 for MI200 and 24 for MI100 and older. Where a `Bandwidth` section is the only hint, 50 GB/s a link
   * is taken for MI200, though some drivers print it for MI300X too: name the model.
   */
  readonly xgmiGBpsPerLink?: number;
  /**
   * xGMI links of a pair of GPUs: one number for all pairs, or a list that names every pair by its headings.
   * Default: what a `Bandwidth` section says (`rocm-smi --shownodesbw --showtopo`), else 2 for MI300A, else
   * 1; an MI250 or MI250X has 1, 2 or 4, and must be told.
   */
  readonly xgmiLinks?: number | readonly XgmiLinks[];
  /** Between two sockets. Default: 16, NCCL's figure for AMD; it has 22 for Sapphire Rapids. */
  readonly socketGBps?: number;
  /**
   * NUMA nodes of one socket, counted from node 0: 4 says that nodes 0 to 3 are socket 0. Default: every node
   * is a socket of its own, as NCCL has it, because the text does not say.
   */
  readonly numaNodesPerSocket?: number;
  /**
   * Which figures to assume: the constants of NCCL and RCCL, or 0.85 of the line rate; figures given here are
   * taken to be of the same kind. Default: `nccl`.
   */
  readonly basis?: 'nccl' | 'raw';
}

/** The number of xGMI links between two GPUs. */
export interface XgmiLinks {
  /** The headings of the two GPUs, `GPU0` and `GPU1`. */
  readonly between: readonly [string, string];
  readonly links: number;
}

/** Most xGMI links of a pair; a GPU of today has 8. */
export const XGMI_LINKS_MAX = 16;
/** Pairs of the largest server. */
const PAIRS_MAX = (GPUS_PER_SERVER_MAX * (GPUS_PER_SERVER_MAX - 1)) / 2;

const pairLinks: v.GenericSchema<XgmiLinks> = strictFields({
  between: v.pipe(v.strictTuple([text, text]), v.readonly()),
  links: integer(1, XGMI_LINKS_MAX),
});

const optionsSchema: v.GenericSchema<RocmSmiTopoOptions> = strictFields({
  name: v.exactOptional(text),
  title: v.exactOptional(text),
  gpuModel: v.exactOptional(text),
  pcieGeneration: v.exactOptional(pcieGeneration),
  xgmiGBpsPerLink: v.exactOptional(linkGBps),
  xgmiLinks: v.exactOptional(
    v.lazy((input) =>
      Array.isArray(input)
        ? v.pipe(
            v.array(pairLinks),
            v.maxLength(PAIRS_MAX, `expected at most ${PAIRS_MAX} pairs`),
            v.readonly(),
          )
        : integer(1, XGMI_LINKS_MAX),
    ),
  ),
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
