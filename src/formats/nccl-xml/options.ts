import * as v from 'valibot';
import { parse, strictFields } from '../../topology/validate.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import {
  integer,
  linkGBps,
  numaNodesPerSocket,
  pcieGeneration,
  portGbps,
  text,
} from '../server/import-options.js';

/** NVLink of servers whose file leaves it to NCCL's detection. GPUs are named by ordinal. */
export type NcclXmlNvlink =
  | { readonly via: 'none' }
  | { readonly via: 'nvswitch'; readonly linksPerGpu: number }
  | {
      readonly via: 'pairs';
      readonly pairs: readonly { readonly gpus: readonly [number, number]; readonly links: number }[];
    };

/** A device that the file does not describe: what NCCL would detect at run time. */
export interface NcclXmlDevice {
  /** PCI address. One that the file has is taken to be of this kind; any other is added. */
  readonly busId: string;
  readonly kind: 'gpu' | 'nic' | 'none';
  /** PCI address of the bridge in the file above an added device. Default: it hangs on the NUMA node. */
  readonly under?: string | undefined;
  /** `numaid` of an added device that hangs on no bridge. Default: that of the first `cpu`. */
  readonly numa?: number | undefined;
}

/** What {@link fromNcclXml} cannot read from the text; figures are GB/s per direction, `portGbps` is Gb/s. */
export interface NcclXmlOptions {
  /** Name of the server document. Default: the name in the file, else `nccl-xml`. */
  readonly name?: string | undefined;
  /** Title of the server document. Default: says how many GPUs and NICs were read. */
  readonly title?: string | undefined;
  /**
   * Model of the GPUs. Required where the file has no `gpu` element. Default elsewhere: compute capability or
   * architecture (`sm90`, `gfx942`), which is all a file says.
   */
  readonly gpuModel?: string | undefined;
  /** `host_hash` of the server to read. Required where the file describes several. */
  readonly host?: string | undefined;
  /** NVLinks. Required where the file has no `gpu` element; elsewhere it replaces what the file says. */
  readonly nvlink?: NcclXmlNvlink | undefined;
  /** One NVLink. Required where NVLinks are given and the file has no `sm`. Default: NCCL's figure for that `sm`. */
  readonly nvlinkGBpsPerLink?: number | undefined;
  /** PCIe generation where the file states no link speed that NCCL knows. Default: 3, which NCCL falls back to. */
  readonly pcieGeneration?: 1 | 2 | 3 | 4 | 5 | 6 | undefined;
  /**
   * What the port of a NIC carries where the file has no `speed`, Gb/s per direction. Default: 10 for ports, as
   * NCCL has it; left out for NICs of templates, which NCCL finds the ports of at run time.
   */
  readonly portGbps?: number | undefined;
  /** Between two sockets. Required where the file has several CPUs and does not say which. Default: NCCL's figure. */
  readonly socketGBps?: number | undefined;
  /**
   * NUMA nodes of one socket, counted from node 0: 4 says that nodes 0 to 3 are socket 0. Default: every `cpu`
   * is a socket of its own, as NCCL has it.
   */
  readonly numaNodesPerSocket?: number | undefined;
  /** What PCI devices without class are that have nothing below them. Required where there are any. */
  readonly classless?: 'gpu' | 'nic' | undefined;
  /** Devices that the file leaves to detection. Default: none. */
  readonly devices?: readonly NcclXmlDevice[] | undefined;
}

/** Most NVLinks of one GPU or pair: no GPU has a tenth of it. */
const LINKS_MAX = 1024;
/** Most devices to add, as in a server document. */
const DEVICES_MAX = 1024;

const ordinal = integer(0, GPUS_PER_SERVER_MAX - 1);
const nvlinkSchema: v.GenericSchema<NcclXmlNvlink> = v.variant('via', [
  strictFields({ via: v.literal('none') }),
  strictFields({ via: v.literal('nvswitch'), linksPerGpu: integer(1, LINKS_MAX) }),
  strictFields({
    via: v.literal('pairs'),
    pairs: v.pipe(
      v.array(
        strictFields({
          gpus: v.pipe(
            v.strictTuple([ordinal, ordinal]),
            v.check(([a, b]) => a !== b, 'expected two different GPUs'),
            v.readonly(),
          ),
          links: integer(1, LINKS_MAX),
        }),
      ),
      v.maxLength(GPUS_PER_SERVER_MAX ** 2, `expected at most ${GPUS_PER_SERVER_MAX ** 2} pairs`),
      v.readonly(),
    ),
  }),
]);

const optionsSchema: v.GenericSchema<NcclXmlOptions> = strictFields({
  name: v.exactOptional(text),
  title: v.exactOptional(text),
  gpuModel: v.exactOptional(text),
  host: v.exactOptional(text),
  nvlink: v.exactOptional(nvlinkSchema),
  nvlinkGBpsPerLink: v.exactOptional(linkGBps),
  pcieGeneration: v.exactOptional(pcieGeneration),
  portGbps: v.exactOptional(portGbps),
  socketGBps: v.exactOptional(linkGBps),
  numaNodesPerSocket: v.exactOptional(numaNodesPerSocket),
  classless: v.exactOptional(v.picklist(['gpu', 'nic'] as const, 'expected gpu or nic')),
  devices: v.exactOptional(
    v.pipe(
      v.array(
        strictFields({
          busId: text,
          kind: v.picklist(['gpu', 'nic', 'none'] as const, 'expected gpu, nic or none'),
          under: v.exactOptional(text),
          numa: v.exactOptional(integer(0, 2 ** 31 - 1)),
        }),
      ),
      v.maxLength(DEVICES_MAX, `expected at most ${DEVICES_MAX} devices`),
      v.readonly(),
    ),
  ),
});

/**
 * Validates the options of {@link fromNcclXml}.
 *
 * @param options - what the caller gave
 * @returns the options
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseNcclXmlOptions(options: unknown): NcclXmlOptions {
  return parse(optionsSchema, options, { code: 'invalid-option' });
}
