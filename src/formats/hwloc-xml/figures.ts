import {
  type CpuIdentity,
  NOT_LIMITING_GBPS,
  RAW_SHARE,
  SOCKETS,
  type SocketConstant,
  socketOfCpu,
} from '../server/constants.js';
import {
  basisSource,
  type LinkFigures,
  notLimiting,
  pcieX16,
  rounded,
  socketLink,
} from '../server/link-figures.js';
import { type FabricRate, fabricFigures, graceFigures } from './fabric-figures.js';
import type { HwlocObject } from './objects.js';
import type { HwlocXmlOptions } from './options.js';

/** The bandwidth of each kind of link in an imported machine. */
export interface HwlocFigures {
  /** A PCIe link of a line rate in GB/s, shared by `functions` functions of a card; undefined = no rate in the file. */
  pcie(rawGBps: number | undefined, functions: number): LinkFigures;
  /** A link of the accelerator fabric between GPUs of a model. */
  fabric(link: FabricRate, model: string): LinkFigures;
  /** NVLinks between a GPU and a processor, which are not part of the fabric. */
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
/** Largest relative difference between the rates of GPU libraries and of PCIe. */
const ROUGH_SHARE = 0.05;
/**
 * The figures of an imported machine.
 *
 * @param options - what the caller knows of it
 * @param processor - its first package
 * @param architecture - info `Architecture` of the file
 * @returns figures by kind of link; `verified` where the line rate is in the file
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc and topo.h; ROCm/rccl src/graph/topo.h
 */
export function hwlocFigures(
  options: HwlocXmlOptions,
  processor: HwlocObject | undefined,
  architecture: string | undefined,
): HwlocFigures {
  const { basis = 'nccl', pcieGeneration } = options;
  const origin =
    pcieGeneration === undefined ? 'assumed, no speed in the hwloc file' : 'stated by the caller';
  const assumedPcie = pcieX16(pcieGeneration ?? 5, basis, origin);
  const fabric = (link: FabricRate, model: string): LinkFigures => fabricFigures(options, link, model);
  const socket = socketConstant(processor, architecture);
  return {
    pcie: (rawGBps, functions) => {
      const isAssumed = rawGBps === undefined || pcieGeneration !== undefined;
      return partOf(isAssumed ? assumedPcie : pcieFigures(rawGBps, basis), functions);
    },
    fabric,
    processorNvlink: (link, model) => ({ ...fabric({ ...link, medium: 'nvlink' }, model), medium: 'c2c' }),
    // GPUs reach POWER9 by NVLinks that the matrix of bandwidths holds.
    graceC2c: (gpuCount) => (socket === SOCKETS.power9 ? undefined : graceFigures(gpuCount, basis)),
    onPackage: notLimiting(
      'on-package',
      'assumed not limiting, not in the hwloc file: NCCL 2.30.7 topo.h, LOC',
    ),
    socket: socketLink(socket, options, 'not in the hwloc file: '),
  };
}

/**
 * Whether a line rate is one of PCIe Gen1 or Gen2, which send 10 bits per byte: 0.25 or 0.5 GB/s per lane, times 1, 2, 4, …
 * lanes.
 */
export function isOfFirstGenerations(rawGBps: number): boolean {
  return isPowerOfTwo(rawGBps / 0.25);
}

/** Whether a number is a power of two, except for rounding. */
export function isPowerOfTwo(x: number): boolean {
  const exponent = Math.log2(x);
  return Math.abs(exponent - Math.round(exponent)) < 0.001;
}

function pcieFigures(rawGBps: number, basis: 'nccl' | 'raw'): LinkFigures {
  const ncclGBps = rounded(pcieNccl(rawGBps));
  return {
    medium: 'pcie',
    bandwidthGBps: basis === 'nccl' ? ncclGBps : rounded(rawGBps * RAW_SHARE),
    basis,
    rawGBps,
    ncclGBps,
    source: `line rate from the hwloc file; ${basisSource(basis, 'NCCL 2.30.7 topo.cc')}`,
    verified: true,
  };
}

/** The share of each function of a card in a PCIe link. */
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

/** NCCL's figure of a line rate: 0.75 GB/s per lane of 8 GT/s, doubled or halved with the generation. */
function pcieNccl(rawGBps: number): number {
  if (isOfFirstGenerations(rawGBps)) return rawGBps * 0.75;
  if (isPowerOfTwo(rawGBps / GEN6_LANE_GBPS)) return (rawGBps / GEN6_LANE_GBPS) * 6;
  // GPU libraries print 15 or 31 GB/s for x16 of Gen3 and Gen4.
  const lanes = rawGBps / GEN3_LANE_GBPS;
  const whole = 2 ** Math.round(Math.log2(lanes));
  return (Math.abs(lanes - whole) <= ROUGH_SHARE * whole ? whole : lanes) * 0.75;
}

/** The least figure of NCCL, for processors that the file does not name or that NCCL has no figure for. */
const UNNAMED_SOCKET: SocketConstant = {
  ncclGBps: SOCKETS.broadwell.ncclGBps,
  name: 'its least figure, as the file does not name the processor',
};
const UNKNOWN_SOCKET: SocketConstant = {
  ...UNNAMED_SOCKET,
  name: 'its least figure, as it has none for this processor',
};

/** NCCL's constant between two sockets; where it would call them not limiting, its least. */
function socketConstant(
  processor: HwlocObject | undefined,
  architecture: string | undefined,
): SocketConstant {
  const constant = socketOfCpu(cpuOf(processor, architecture));
  if (constant === undefined) return UNNAMED_SOCKET;
  return constant.ncclGBps === NOT_LIMITING_GBPS ? UNKNOWN_SOCKET : constant;
}

/** A processor as NCCL would name it. */
function cpuOf(processor: HwlocObject | undefined, architecture = ''): CpuIdentity {
  const info = (name: string): string => processor?.infos.get(name) ?? '';
  const text = `${info('CPUVendor')} ${info('CPUModel')}`;
  const [family, model] = [Number(info('CPUFamilyNumber')), Number(info('CPUModelNumber'))];
  if (/Intel/i.test(text)) return { arch: 'x86_64', vendor: 'GenuineIntel', family, model };
  if (/AMD|Hygon/i.test(text)) return { arch: 'x86_64', vendor: 'AuthenticAMD' };
  if (/POWER/i.test(text) || /^ppc64/.test(architecture)) return { arch: 'ppc64' };
  if (info('CPUImplementer') !== '' || /^(?:aarch64|arm)/.test(architecture)) return { arch: 'arm64' };
  if (/CentaurHauls|Shanghai|Zhaoxin/i.test(text)) {
    return { arch: 'x86_64', vendor: 'CentaurHauls', family, model };
  }
  if (text.trim() !== '') return { arch: 'x86_64', vendor: text };
  return architecture === '' || architecture.startsWith('x86') ? {} : { arch: architecture };
}
