import type { BandwidthBasis } from '../../topology/server-document.js';
import {
  type LinkFigures,
  ON_PACKAGE_NCCL_GBPS,
  PCIE_X16,
  RAW_SHARE,
  rounded,
} from '../server/link-figures.js';
import type { NvidiaSmiTopoOptions } from './options.js';

/** The bandwidth of each kind of link in an imported server. */
export interface AssumedFigures {
  /** A PCIe x16 link. */
  readonly pcie: LinkFigures;
  /** Between a NUMA node and its socket. */
  readonly onPackage: LinkFigures;
  /** Between two sockets. */
  readonly socket: LinkFigures;
  /** A bundle of NVLinks. */
  nvlink(links: number): LinkFigures;
}

/** One NVLink 4: NCCL's constant for H100 (2.30.7, src/graph/topo.h), and the line rate of NVLink 2 to 4. */
const NVLINK_4 = { ncclGBps: 20.6, rawGBps: 25 };
/** Between two sockets of Sapphire Rapids: NCCL's constant; no line rate was found. */
const SOCKET_NCCL_GBPS = 22;

const ASSUMED = 'assumed, not in nvidia-smi topo -m';

/**
 * The figures of an imported server: the text has none, so each is assumed or the caller's, and says so.
 *
 * @param options - what the caller knows of the machine
 * @returns figures by kind of link, none verified
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc and topo.h
 */
export function assumedFigures(options: NvidiaSmiTopoOptions): AssumedFigures {
  const { basis = 'nccl', pcieGeneration = 5, nvlinkGBpsPerLink, socketGBps } = options;
  const nvlinkGBps = nvlinkGBpsPerLink ?? defaultFigure(NVLINK_4, basis);
  const nvlinkSource =
    nvlinkGBpsPerLink === undefined ? `NVLink 4, ${sourceOf(basis, 'topo.h')}` : 'stated by the caller';
  return {
    pcie: {
      medium: 'pcie',
      bandwidthGBps: defaultFigure(PCIE_X16[pcieGeneration], basis),
      basis,
      ...PCIE_X16[pcieGeneration],
      source: `${ASSUMED}: PCIe Gen${pcieGeneration} x16, ${sourceOf(basis, 'topo.cc')}`,
      verified: false,
    },
    onPackage: {
      medium: 'on-package',
      bandwidthGBps: ON_PACKAGE_NCCL_GBPS,
      basis: 'nccl',
      ncclGBps: ON_PACKAGE_NCCL_GBPS,
      source: `${ASSUMED}: not limiting, NCCL 2.30.7 topo.h, LOC`,
      verified: false,
    },
    socket:
      socketGBps === undefined
        ? {
            medium: 'socket',
            bandwidthGBps: SOCKET_NCCL_GBPS,
            basis: 'nccl',
            ncclGBps: SOCKET_NCCL_GBPS,
            source: `${ASSUMED}: NCCL 2.30.7 topo.h, Sapphire Rapids`,
            verified: false,
          }
        : {
            medium: 'socket',
            bandwidthGBps: socketGBps,
            basis,
            source: `${ASSUMED}: stated by the caller`,
            verified: false,
          },
    nvlink: (links) => ({
      medium: 'nvlink',
      bandwidthGBps: rounded(links * nvlinkGBps),
      basis,
      links,
      source: `${ASSUMED}, which gives the number of links only: ${nvlinkGBps} GB/s per link, ${nvlinkSource}`,
      verified: false,
    }),
  };
}

function defaultFigure(
  figure: { readonly ncclGBps: number; readonly rawGBps: number },
  basis: BandwidthBasis,
): number {
  return basis === 'nccl' ? figure.ncclGBps : rounded(figure.rawGBps * RAW_SHARE);
}

function sourceOf(basis: BandwidthBasis, file: string): string {
  return basis === 'nccl' ? `NCCL 2.30.7 ${file}` : `${RAW_SHARE} of the line rate`;
}
