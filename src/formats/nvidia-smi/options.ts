import type { ServerImportOptions } from '../server/import-options.js';

/** The options of {@link fromNvidiaSmiTopo}. */
export const SMI_OPTIONS = [
  'name',
  'title',
  'gpuModel',
  'pcieGeneration',
  'nvlinkGBpsPerLink',
  'portGbps',
  'socketGBps',
  'numaNodesPerSocket',
  'basis',
] as const;

/** What {@link fromNvidiaSmiTopo} cannot read from the text. */
export type NvidiaSmiTopoOptions = Pick<ServerImportOptions, (typeof SMI_OPTIONS)[number]>;
