import type { ServerImportOptions } from '../server/import-options.js';

/** The options of {@link fromHwlocXml}. */
export const HWLOC_OPTIONS = [
  'name',
  'title',
  'gpuModel',
  'pcieGeneration',
  'nvlinkGBpsPerLink',
  'xgmiGBpsPerLink',
  'xgmiLinks',
  'portGbps',
  'socketGBps',
  'basis',
] as const;

/** What {@link fromHwlocXml} cannot read from the file. */
export type HwlocXmlOptions = Pick<ServerImportOptions, (typeof HWLOC_OPTIONS)[number]>;
