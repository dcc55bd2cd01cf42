import * as v from 'valibot';
import { parse, strictFields } from '../../topology/validate.js';
import { BANDWIDTH_MIN_GBPS, GPUS_PER_SERVER_MAX, TEXT_LENGTH_MAX } from '../../units.js';
import { LINK_MAX_GBPS, PORT_MAX_MBPS } from './constants.js';

/** The number of xGMI links between two GPUs. */
export interface XgmiLinks {
  /** The ids of the two GPUs in the document, `GPU0` and `GPU1`. */
  readonly between: readonly [string, string];
  readonly links: number;
}

/**
 * Facts that a text may lack, as options of the readers of servers; each reader takes some of them. Bandwidths are GB/s
 * per direction, `portGbps` is Gb/s per direction.
 */
export interface ServerImportOptions {
  /**
   * Name of the server document. Default: the name in the file (NCCL), else one for the format: `nccl-xml`, `hwloc`,
   * `nvidia-smi-topo`, `rocm-smi-topo`, `amd-smi-topology`.
   */
  readonly name?: string | undefined;
  /** Title of the server document. Default: the product (hwloc) and the number of GPUs and NICs. */
  readonly title?: string | undefined;
  /**
   * Model of the GPUs, as `H100` or `MI300X`; it decides the figures of NVLink (hwloc) and xGMI. Default: what the file
   * says, which in NCCL files is the compute capability or architecture (`sm90`, `gfx942`); else `unknown`. Required
   * where an NCCL file has no `gpu` element.
   */
  readonly gpuModel?: string | undefined;
  /**
   * PCIe generation, 1 to 6, of the links whose speed the text does not say. With `fromHwlocXml` it replaces the speeds
   * of the file as well, because GPUs that were idle when it was written show slow links. Default: 5; 3 for NCCL files,
   * as NCCL has it.
   */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6 | undefined;
  /**
   * One NVLink. Default: NCCL's figure for the GPUs: 18 for P100, 20 for V100 and A100, 12 for bridges of consumer
   * Ampere, 20.6 for H100, 40.1 for B200; `fromNvidiaSmiTopo` takes that of H100. Required where `nvlink` is given and
   * an NCCL file has no `sm`.
   */
  readonly nvlinkGBpsPerLink?: number | undefined;
  /**
   * One xGMI link. Default: RCCL's figure for `gpuModel`: 24 for MI100 and older, 36 for MI200, 48 for MI300 and where
   * nothing is known. Where the text has bandwidths and no model, 50 GB/s a link stands for MI200, but for MI300X where
   * eight GPUs have one link to each other: drivers print 50 there too.
   */
  readonly xgmiGBpsPerLink?: number | undefined;
  /**
   * xGMI links of a pair of GPUs: one number for all pairs, or a list that names every pair by the ids of its GPUs.
   * Default: what the bandwidths of the text say (`rocm-smi --shownodesbw`, `amd-smi topology`, hwloc), else 2 for MI300A
   * and 1 for others. Pairs of MI250 and MI250X have 1, 2 or 4 links: give them where the text does not.
   */
  readonly xgmiLinks?: number | readonly XgmiLinks[] | undefined;
  /**
   * What the ports of a NIC carry together where the text does not say. Default: left out; 10 for ports in NCCL files,
   * as NCCL has it.
   */
  readonly portGbps?: number | undefined;
  /**
   * Between two sockets. Default: NCCL's figure for the CPU, where the file names it: 6 for Intel up to Broadwell, 10 up
   * to Ice Lake, 22 for Sapphire Rapids, 40 for later ones, 16 for AMD, 32 for POWER, 6 for ARM. Else 6 for hwloc files,
   * 22 for `fromNvidiaSmiTopo`, 16 for `fromRocmSmiTopo` and `fromAmdSmiTopology`. Required where an NCCL file has several
   * CPUs and does not name them.
   */
  readonly socketGBps?: number | undefined;
  /**
   * NUMA nodes of one socket, counted from node 0: 4 says that nodes 0 to 3 are socket 0. Default: every node is a socket
   * of its own, as NCCL has it, because the text does not say.
   */
  readonly numaNodesPerSocket?: number | undefined;
  /**
   * Which figures to assume: the constants of NCCL and RCCL, or 0.85 of the line rate; bandwidths given here are taken to
   * be of the same kind. Default: `nccl`.
   */
  readonly basis?: 'nccl' | 'raw' | undefined;
}

/** Most NUMA nodes of one socket; EPYC has up to 4, or one per L3 cache: 16. */
const NUMA_NODES_PER_SOCKET_MAX = 64;
/** Most xGMI links of a pair; the largest GPUs have 8. */
export const XGMI_LINKS_MAX = 16;
/** Pairs of the largest server. */
const PAIRS_MAX = (GPUS_PER_SERVER_MAX * (GPUS_PER_SERVER_MAX - 1)) / 2;

/** A name or title. */
export const text: v.GenericSchema<string> = v.pipe(
  v.string('expected a text'),
  v.minLength(1, 'expected a non-empty text'),
  v.maxLength(TEXT_LENGTH_MAX, `expected at most ${TEXT_LENGTH_MAX} characters`),
);

/** An integer from `min` to `max`. */
export function integer(min: number, max: number): v.GenericSchema<number> {
  const expected = `expected an integer from ${min} to ${max}`;
  return v.pipe(
    v.number(expected),
    v.check((x) => Number.isInteger(x) && x >= min && x <= max, expected),
  );
}

function rate(min: number, max: number, unit: string): v.GenericSchema<number> {
  const expected = `expected a number from ${min} to ${max} ${unit}`;
  return v.pipe(
    v.number(expected),
    v.check((x) => x >= min && x <= max, expected),
  );
}

const linkGBps = rate(BANDWIDTH_MIN_GBPS, LINK_MAX_GBPS, 'GB/s');
const pairLinks: v.GenericSchema<XgmiLinks> = strictFields({
  between: v.pipe(v.strictTuple([text, text]), v.readonly()),
  links: integer(1, XGMI_LINKS_MAX),
});
const pairList = v.pipe(
  v.array(pairLinks),
  v.maxLength(PAIRS_MAX, `expected at most ${PAIRS_MAX} pairs`),
  v.readonly(),
);

type Schemas<T> = { readonly [K in keyof T]-?: v.GenericSchema<Exclude<T[K], undefined>> };

const SCHEMAS: Schemas<ServerImportOptions> = {
  name: text,
  title: text,
  gpuModel: text,
  pcieGeneration: v.picklist([1, 2, 3, 4, 5, 6] as const, 'expected a PCIe generation from 1 to 6'),
  nvlinkGBpsPerLink: linkGBps,
  xgmiGBpsPerLink: linkGBps,
  xgmiLinks: v.lazy((input) => (Array.isArray(input) ? pairList : integer(1, XGMI_LINKS_MAX))),
  portGbps: rate(8 * BANDWIDTH_MIN_GBPS, PORT_MAX_MBPS / 1000, 'Gb/s'),
  socketGBps: linkGBps,
  numaNodesPerSocket: integer(1, NUMA_NODES_PER_SOCKET_MAX),
  basis: v.picklist(['nccl', 'raw'] as const, 'expected nccl or raw'),
};

/**
 * Validates the options of a reader of servers.
 *
 * @param given - what the caller gave
 * @param names - the shared options that the reader takes
 * @param own - schemas of the options that it alone has
 * @returns the options
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseImportOptions<K extends keyof ServerImportOptions, Own extends object = object>(
  given: unknown,
  names: readonly K[],
  own?: Schemas<Own>,
): Pick<ServerImportOptions, K> & Own {
  const all: Readonly<Record<string, v.GenericSchema>> = { ...SCHEMAS, ...own };
  const fields = [...names, ...Object.keys(own ?? {})];
  const entries = Object.fromEntries(fields.map((name) => [name, v.exactOptional(all[name]!)]));
  return parse(strictFields(entries), given, { code: 'invalid-option' }) as Pick<ServerImportOptions, K> &
    Own;
}
