import * as v from 'valibot';
import { parse, strictFields } from '../../topology/validate.js';
import { basis, linkGBps, pcieGeneration, portGbps, text } from '../server/import-options.js';
import { type XgmiLinks, xgmiLinks } from '../server/xgmi-links.js';

/** What {@link fromHwlocXml} cannot read from the file; figures are GB/s per direction, `portGbps` is Gb/s. */
export interface HwlocXmlOptions {
  /** Name of the server document. Default: `hwloc`. */
  readonly name?: string | undefined;
  /** Title of the server document. Default: the product, where the file has it, and how many GPUs and NICs. */
  readonly title?: string | undefined;
  /** Model of all GPUs. Default: as the file says, else `unknown`. */
  readonly gpuModel?: string | undefined;
  /**
   * PCIe generation of every link of 16 lanes, 1 to 6, instead of the speeds of the file: GPUs that were idle
   * when it was written show slow links. Default: the speeds of the file, and 5 where it has none.
   */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6 | undefined;
  /**
   * One NVLink. Default: NCCL's figure for the generation, told by model or line rate: 18 for P100, 20 for V100
   * and A100, 20.6 for H100, 40.1 for B200.
   */
  readonly nvlinkGBpsPerLink?: number | undefined;
  /** One xGMI link. Default: RCCL's figure by model: 24 for MI100 and older, 36 for MI200, 48 for MI300. */
  readonly xgmiGBpsPerLink?: number | undefined;
  /**
   * xGMI links of a pair of GPUs: one number for all pairs, or a list that names every pair by the ids `GPU0`, `GPU1`,
   * …. Default: by the figures of the file; where they are 100 GB/s for all pairs, which hwloc 2 writes whatever
   * links there are, by the model. An MI250 or MI250X has 1, 2 or 4, and must then be told.
   */
  readonly xgmiLinks?: number | readonly XgmiLinks[] | undefined;
  /** What the ports of a NIC carry together where the file does not say, Gb/s per direction. Default: left out. */
  readonly portGbps?: number | undefined;
  /**
   * Between two sockets. Default: NCCL's figure by processor: 6 for Intel up to Broadwell, 10 up to Ice Lake,
   * 22 for Sapphire Rapids, 40 for later ones, 16 for AMD, 32 for POWER, 6 for Arm and where nothing is known.
   */
  readonly socketGBps?: number | undefined;
  /**
   * Which figures to derive from line rates: NCCL's constants, or 0.85 of the line rate; figures given here
   * are taken to be of the same kind. Default: `nccl`.
   */
  readonly basis?: 'nccl' | 'raw' | undefined;
}

const optionsSchema: v.GenericSchema<HwlocXmlOptions> = strictFields({
  name: v.exactOptional(text),
  title: v.exactOptional(text),
  gpuModel: v.exactOptional(text),
  pcieGeneration: v.exactOptional(pcieGeneration),
  nvlinkGBpsPerLink: v.exactOptional(linkGBps),
  xgmiGBpsPerLink: v.exactOptional(linkGBps),
  xgmiLinks: v.exactOptional(xgmiLinks),
  portGbps: v.exactOptional(portGbps),
  socketGBps: v.exactOptional(linkGBps),
  basis: v.exactOptional(basis),
});

/**
 * Validates the options of {@link fromHwlocXml}.
 *
 * @param options - what the caller gave
 * @returns the options
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseHwlocOptions(options: unknown): HwlocXmlOptions {
  return parse(optionsSchema, options, { code: 'invalid-option' });
}
