import type { Link } from '../../topology/server-document.js';

/** What a link of a document says of its bandwidth, apart from its two ends. */
export type LinkFigures = Omit<Link, 'between'>;

/** An x16 link by generation: NCCL's constant (2.30.7, src/graph/topo.cc) and the line rate after encoding. */
export const PCIE_X16 = {
  1: { ncclGBps: 3, rawGBps: 4 },
  2: { ncclGBps: 6, rawGBps: 8 },
  3: { ncclGBps: 12, rawGBps: 15.75 },
  4: { ncclGBps: 24, rawGBps: 31.51 },
  5: { ncclGBps: 48, rawGBps: 63.02 },
  6: { ncclGBps: 96, rawGBps: 121 },
} as const;

/** NCCL's constant for transfers inside one NUMA node: not limiting. */
export const ON_PACKAGE_NCCL_GBPS = 5000;

/** What software reaches of a line rate where nothing was measured. */
export const RAW_SHARE = 0.85;

/** To 1 kB/s, so that 18 * 20.6 is 370.8. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
