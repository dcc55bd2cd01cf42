import * as v from 'valibot';
import { strictFields } from '../../topology/validate.js';
import { GPUS_PER_SERVER_MAX } from '../../units.js';
import { integer, parseImportOptions, type ServerImportOptions, text } from '../server/import-options.js';
import { DEVICES_MAX, LINKS_PER_PAIR_MAX } from '../server/limits.js';

/** The NVLinks of a server, for files that leave them to detection by NCCL. GPUs are ordinals. */
export type NcclXmlNvlink =
  | { readonly via: 'none' }
  | { readonly via: 'nvswitch'; readonly linksPerGpu: number }
  | {
      readonly via: 'pairs';
      readonly pairs: readonly { readonly gpus: readonly [number, number]; readonly links: number }[];
    };

/** A device that the file leaves to detection by NCCL. */
export interface NcclXmlDevice {
  /** PCI address. A device of the file with this address gets this kind; otherwise a device is added. */
  readonly busId: string;
  readonly kind: 'gpu' | 'nic' | 'none';
  /** PCI address of the bridge in the file on which an added device hangs. Default: none, it hangs on the NUMA node. */
  readonly under?: string | undefined;
  /** `numaid` of an added device that hangs on no bridge. Default: that of the first `cpu`. */
  readonly numa?: number | undefined;
}

/** The options that {@link fromNcclXml} shares with other readers. */
const SHARED = [
  'name',
  'title',
  'gpuModel',
  'nvlinkGBpsPerLink',
  'pcieGeneration',
  'portGbps',
  'socketGBps',
  'numaNodesPerSocket',
] as const;

/** What {@link fromNcclXml} cannot read from the file. */
export interface NcclXmlOptions extends Pick<ServerImportOptions, (typeof SHARED)[number]> {
  /** `host_hash` of the server to read. Required where the file describes several. */
  readonly host?: string | undefined;
  /** NVLinks. Required where the file has no `gpu` element; elsewhere it replaces what the file says. */
  readonly nvlink?: NcclXmlNvlink | undefined;
  /** What PCI devices without class are that have nothing below them. Required where there are any. */
  readonly classless?: 'gpu' | 'nic' | undefined;
  /** Devices that the file leaves to detection. Default: none. */
  readonly devices?: readonly NcclXmlDevice[] | undefined;
}

const ordinal = integer(0, GPUS_PER_SERVER_MAX - 1);
const nvlink: v.GenericSchema<NcclXmlNvlink> = v.variant('via', [
  strictFields({ via: v.literal('none') }),
  strictFields({ via: v.literal('nvswitch'), linksPerGpu: integer(1, LINKS_PER_PAIR_MAX) }),
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
          links: integer(1, LINKS_PER_PAIR_MAX),
        }),
      ),
      v.maxLength(GPUS_PER_SERVER_MAX ** 2, `expected at most ${GPUS_PER_SERVER_MAX ** 2} pairs`),
      v.readonly(),
    ),
  }),
]);

const busDevices: v.GenericSchema<readonly NcclXmlDevice[]> = v.pipe(
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
);

/**
 * Validates the options of {@link fromNcclXml}.
 *
 * @param options - what the caller gave
 * @returns the options
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseNcclXmlOptions(options: unknown): NcclXmlOptions {
  return parseImportOptions<(typeof SHARED)[number], Omit<NcclXmlOptions, (typeof SHARED)[number]>>(
    options,
    SHARED,
    {
      host: text,
      nvlink,
      classless: v.picklist(['gpu', 'nic'] as const, 'expected gpu or nic'),
      devices: busDevices,
    },
  );
}
