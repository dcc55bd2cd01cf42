import type { ServerImportOptions } from '../server/import-options.js';

/** The options of {@link fromRocmSmiTopo} and {@link fromAmdSmiTopology}. */
export const ROCM_OPTIONS = [
  'name',
  'title',
  'gpuModel',
  'pcieGeneration',
  'xgmiGBpsPerLink',
  'xgmiLinks',
  'socketGBps',
  'numaNodesPerSocket',
  'basis',
] as const;

/** What {@link fromRocmSmiTopo} and {@link fromAmdSmiTopology} cannot read from the text. */
export type RocmSmiTopoOptions = Pick<ServerImportOptions, (typeof ROCM_OPTIONS)[number]>;
