import {
  type LinkFigures,
  ON_PACKAGE_NCCL_GBPS,
  PCIE_X16,
  RAW_SHARE,
  rounded,
} from '../server/link-figures.js';
import { type FabricRate, fabricFigures, graceFigures } from './fabric-figures.js';
import type { HwlocObject } from './objects.js';
import type { HwlocXmlOptions } from './options.js';
import { isOfFirstGenerations, isPowerOfTwo, shareOf } from './rates.js';

/** The bandwidth of each kind of link in an imported machine. */
export interface HwlocFigures {
  /** The part of one of `functions` in a PCIe link of a line rate in GB/s, or of which the file says nothing. */
  pcie(rawGBps: number | undefined, functions: number): LinkFigures;
  /** A link of the accelerator fabric between GPUs of a model. */
  fabric(link: FabricRate, model: string): LinkFigures;
  /** NVLinks between a GPU and a processor, which are no part of the fabric. */
  processorNvlink(link: FabricRate, model: string): LinkFigures;
  /** NVLink-C2C of a processor whose NUMA nodes include the memory of `gpuCount` GPUs; none for POWER. */
  graceC2c(gpuCount: number): LinkFigures | undefined;
  /** Between a NUMA node and its socket, or a GPU inside the processor. */
  readonly onPackage: LinkFigures;
  /** Between two sockets. */
  readonly socket: LinkFigures;
}

/** One lane of 8 GT/s after 128b/130b encoding, and of 64 GT/s after that of Gen6, GB/s; hwloc's figures. */
const GEN3_LANE_GBPS = 128 / 130;
const GEN6_LANE_GBPS = (64 / 8) * (242 / 256);
/** How far rates of GPU libraries are from those of PCIe. */
const ROUGH_SHARE = 0.05;
/** Its GPUs reach it by NVLink of their own, which the matrix of bandwidths holds. */
const POWER = 'POWER9';

/**
 * The figures of an imported machine.
 *
 * @param options - what the caller knows of it
 * @param machine - the machine, for its processors
 * @returns figures by kind of link; `verified` where the line rate is in the file
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc and topo.h; ROCm/rccl src/graph/topo.h
 */
export function hwlocFigures(
  options: HwlocXmlOptions,
  processor: HwlocObject | undefined,
  architecture: string | undefined,
): HwlocFigures {
  const { basis = 'nccl', pcieGeneration, socketGBps } = options;
  const x16 = PCIE_X16[pcieGeneration ?? 5];
  const assumedPcie: LinkFigures = {
    medium: 'pcie',
    bandwidthGBps: basis === 'nccl' ? x16.ncclGBps : rounded(x16.rawGBps * RAW_SHARE),
    basis,
    ...x16,
    source: `${pcieGeneration === undefined ? 'assumed, no speed in the hwloc file' : 'stated by the caller'}: PCIe Gen${pcieGeneration ?? 5} x16, ${shareOf(basis, 'NCCL 2.30.7 topo.cc')}`,
    verified: false,
  };
  const fabric = (link: FabricRate, model: string): LinkFigures => fabricFigures(options, link, model);
  const socket = socketConstant(processor, architecture);
  return {
    pcie: (rawGBps, functions) => {
      const isAssumed = rawGBps === undefined || pcieGeneration !== undefined;
      return partOf(isAssumed ? assumedPcie : pcieFigures(rawGBps, basis), functions);
    },
    fabric,
    processorNvlink: (link, model) => ({ ...fabric({ ...link, medium: 'nvlink' }, model), medium: 'c2c' }),
    graceC2c: (gpuCount) => (socket.name === POWER ? undefined : graceFigures(gpuCount, basis)),
    onPackage: {
      medium: 'on-package',
      bandwidthGBps: ON_PACKAGE_NCCL_GBPS,
      basis: 'nccl',
      ncclGBps: ON_PACKAGE_NCCL_GBPS,
      source: 'assumed not limiting, not in the hwloc file: NCCL 2.30.7 topo.h, LOC',
      verified: false,
    },
    socket: {
      medium: 'socket',
      bandwidthGBps: socketGBps ?? socket.ncclGBps,
      basis: socketGBps === undefined ? 'nccl' : basis,
      ...(socketGBps === undefined && { ncclGBps: socket.ncclGBps }),
      source: `not in the hwloc file: ${socketGBps === undefined ? `NCCL 2.30.7 topo.h, ${socket.name}` : 'stated by the caller'}`,
      verified: false,
    },
  };
}

function pcieFigures(rawGBps: number, basis: 'nccl' | 'raw'): LinkFigures {
  const ncclGBps = rounded(pcieNccl(rawGBps));
  return {
    medium: 'pcie',
    bandwidthGBps: basis === 'nccl' ? ncclGBps : rounded(rawGBps * RAW_SHARE),
    basis,
    rawGBps,
    ncclGBps,
    source: `line rate from the hwloc file; ${shareOf(basis, 'NCCL 2.30.7 topo.cc')}`,
    verified: true,
  };
}

/** The part of a PCIe link that falls to each function of a card. */
function partOf(link: LinkFigures, functions: number): LinkFigures {
  if (functions === 1) return link;
  return {
    ...link,
    bandwidthGBps: rounded(link.bandwidthGBps / functions),
    rawGBps: rounded(link.rawGBps! / functions),
    ncclGBps: rounded(link.ncclGBps! / functions),
    source: `${link.source}; shared by ${functions} functions of the card`,
  };
}

/** NCCL counts 0.75 of 8 GT/s a lane as GB/s, and so on up and down by powers of two. */
function pcieNccl(rawGBps: number): number {
  if (isOfFirstGenerations(rawGBps)) return rawGBps * 0.75;
  if (isPowerOfTwo(rawGBps / GEN6_LANE_GBPS)) return (rawGBps / GEN6_LANE_GBPS) * 6;
  // GPU libraries print 15 or 31 GB/s for x16 of Gen3 and Gen4.
  const lanes = rawGBps / GEN3_LANE_GBPS;
  const whole = 2 ** Math.round(Math.log2(lanes));
  return (Math.abs(lanes - whole) <= ROUGH_SHARE * whole ? whole : lanes) * 0.75;
}

/** NCCL's constant between two sockets, by vendor, family and model of the processor. */
function socketConstant(
  processor: HwlocObject | undefined,
  architecture: string | undefined,
): { readonly ncclGBps: number; readonly name: string } {
  const info = (name: string): string => processor?.infos.get(name) ?? '';
  const text = `${info('CPUVendor')} ${info('CPUModel')}`;
  if (/Intel/i.test(text)) {
    const model = Number(info('CPUFamilyNumber') === '6' ? info('CPUModelNumber') : 0);
    if (model >= 0xcf) return { ncclGBps: 40, name: 'Emerald or Granite Rapids' };
    if (model >= 0x8f) return { ncclGBps: 22, name: 'Sapphire Rapids' };
    if (model >= 0x55) return { ncclGBps: 10, name: 'Skylake to Ice Lake' };
    return { ncclGBps: 6, name: 'Intel up to Broadwell' };
  }
  if (/AMD|Hygon/i.test(text)) return { ncclGBps: 16, name: 'AMD' };
  if (/POWER/i.test(text) || /^ppc64/.test(architecture ?? '')) return { ncclGBps: 32, name: POWER };
  if (info('CPUImplementer') !== '' || /^(?:aarch64|arm)/.test(architecture ?? ''))
    return { ncclGBps: 6, name: 'Arm' };
  return { ncclGBps: 6, name: 'its least figure, as the file does not name the processor' };
}
