import type { Link } from '../topology/server-document.js';
import type { HwlocObject } from './hwloc-xml-objects.js';
import type { HwlocXmlOptions } from './hwloc-xml-options.js';

/** What a link of a document says of its bandwidth, apart from its two ends. */
export type HwlocLinkFigures = Omit<Link, 'between'>;

/** The bandwidth of each kind of link in an imported machine. */
export interface HwlocFigures {
  /** The part of one of `functions` in a PCIe link of a line rate in GB/s, or of which the file says nothing. */
  pcie(rawGBps: number | undefined, functions: number): HwlocLinkFigures;
  /** A link of the accelerator fabric of a line rate in GB/s between GPUs of a model. */
  fabric(medium: 'nvlink' | 'xgmi', rawGBps: number, model: string): HwlocLinkFigures;
  /** NVLinks between a GPU and a processor, which are no part of the fabric. */
  processorNvlink(rawGBps: number, model: string): HwlocLinkFigures;
  /** NVLink-C2C of a processor whose NUMA nodes include the memory of `gpuCount` GPUs; none for POWER. */
  graceC2c(gpuCount: number): HwlocLinkFigures | undefined;
  /** Between a NUMA node and its socket, or a GPU inside the processor. */
  readonly onPackage: HwlocLinkFigures;
  /** Between two sockets. */
  readonly socket: HwlocLinkFigures;
}

/** An x16 link by generation: NCCL's constant (2.30.7, src/graph/topo.cc) and the line rate after encoding. */
const PCIE_X16 = {
  1: { ncclGBps: 3, rawGBps: 4 },
  2: { ncclGBps: 6, rawGBps: 8 },
  3: { ncclGBps: 12, rawGBps: 15.75 },
  4: { ncclGBps: 24, rawGBps: 31.51 },
  5: { ncclGBps: 48, rawGBps: 63.02 },
  6: { ncclGBps: 96, rawGBps: 121 },
} as const;
/** One lane of 8 GT/s after 128b/130b encoding, and of 64 GT/s after that of Gen6, GB/s; hwloc's figures. */
const GEN3_LANE_GBPS = 128 / 130;
const GEN6_LANE_GBPS = (64 / 8) * (242 / 256);
/** NCCL's constant for transfers inside one NUMA node: not limiting. */
const ON_PACKAGE_NCCL_GBPS = 5000;
/** What software reaches of a line rate where nothing was measured. */
const RAW_SHARE = 0.85;
/** NVLink-C2C of one Grace: 900 GB/s in both directions; NCCL's XML has 44,712 MB/s five times for half of it. */
const GRACE_RAW_GBPS = 450;
const GRACE_NCCL_GBPS = 447.12;

/** Its GPUs reach it by NVLink of their own, which the matrix of bandwidths holds. */
const POWER = 'POWER9';

interface FabricGeneration {
  readonly name: string;
  readonly medium: 'nvlink' | 'xgmi';
  readonly models: RegExp;
  /** One link: NCCL's or RCCL's constant, and the line rate in hwloc files. */
  readonly ncclGBps: number;
  readonly rawGBps: number;
}

/** Accelerator fabrics by model, the first of a medium and line rate where the model is not known. */
const GENERATIONS: readonly FabricGeneration[] = [
  { name: 'P100', medium: 'nvlink', models: /P100/i, ncclGBps: 18, rawGBps: 20 },
  { name: 'V100, A100', medium: 'nvlink', models: /V100|A100|A800|GV100|A30\b/i, ncclGBps: 20, rawGBps: 25 },
  { name: 'H100', medium: 'nvlink', models: /H[12]00|H800|H20\b|GH200/i, ncclGBps: 20.6, rawGBps: 25 },
  { name: 'B200', medium: 'nvlink', models: /B[123]00|GB[23]00/i, ncclGBps: 40.1, rawGBps: 50 },
  { name: 'MI200', medium: 'xgmi', models: /MI2[15]0/i, ncclGBps: 36, rawGBps: 50 },
  { name: 'MI300', medium: 'xgmi', models: /MI3[0-2]/i, ncclGBps: 48, rawGBps: 64 },
  {
    name: 'Vega',
    medium: 'xgmi',
    models: /MI(?:50|60|100)(?!\d)|Vega|Radeon (?:Pro )?VII/i,
    ncclGBps: 24,
    rawGBps: 50,
  },
];

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
  const assumedPcie: HwlocLinkFigures = {
    medium: 'pcie',
    bandwidthGBps: basis === 'nccl' ? x16.ncclGBps : rounded(x16.rawGBps * RAW_SHARE),
    basis,
    ...x16,
    source: `${pcieGeneration === undefined ? 'assumed, no speed in the hwloc file' : 'stated by the caller'}: PCIe Gen${pcieGeneration ?? 5} x16, ${shareOf(basis, 'NCCL 2.30.7 topo.cc')}`,
    verified: false,
  };
  const nvlinkOrXgmi = (medium: 'nvlink' | 'xgmi', rawGBps: number, model: string): HwlocLinkFigures =>
    fabricFigures(options, medium, rawGBps, model);
  const socket = socketConstant(processor, architecture);
  return {
    pcie: (rawGBps, functions) => {
      const isAssumed = rawGBps === undefined || pcieGeneration !== undefined;
      return partOf(isAssumed ? assumedPcie : pcieFigures(rawGBps, basis), functions);
    },
    fabric: nvlinkOrXgmi,
    processorNvlink: (rawGBps, model) => ({ ...nvlinkOrXgmi('nvlink', rawGBps, model), medium: 'c2c' }),
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

function pcieFigures(rawGBps: number, basis: 'nccl' | 'raw'): HwlocLinkFigures {
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
function partOf(link: HwlocLinkFigures, functions: number): HwlocLinkFigures {
  if (functions === 1) return link;
  return {
    ...link,
    bandwidthGBps: rounded(link.bandwidthGBps / functions),
    rawGBps: rounded(link.rawGBps! / functions),
    ncclGBps: rounded(link.ncclGBps! / functions),
    source: `${link.source}; shared by ${functions} functions of the card`,
  };
}

function shareOf(basis: 'nccl' | 'raw', nccl: string): string {
  return basis === 'nccl' ? nccl : `${RAW_SHARE} of the line rate`;
}

/** NCCL counts 0.75 of 8 GT/s a lane as GB/s, and so on up and down by powers of two. */
function pcieNccl(rawGBps: number): number {
  // Gen1 and Gen2 send 10 bits a byte: 0.25 and 0.5 GB/s a lane, and 2, 4, … of that.
  if (isPowerOfTwo(rawGBps / 0.25)) return rawGBps * 0.75;
  if (isPowerOfTwo(rawGBps / GEN6_LANE_GBPS)) return (rawGBps / GEN6_LANE_GBPS) * 6;
  return (rawGBps / GEN3_LANE_GBPS) * 0.75;
}

function isPowerOfTwo(x: number): boolean {
  const exponent = Math.log2(x);
  return Math.abs(exponent - Math.round(exponent)) < 0.001;
}

function fabricFigures(
  options: HwlocXmlOptions,
  medium: 'nvlink' | 'xgmi',
  rawGBps: number,
  model: string,
): HwlocLinkFigures {
  const { basis = 'nccl' } = options;
  const stated = medium === 'nvlink' ? options.nvlinkGBpsPerLink : options.xgmiGBpsPerLink;
  const ofMedium = GENERATIONS.filter((generation) => generation.medium === medium);
  const isWhole = (known: FabricGeneration): boolean =>
    linksIn(rawGBps, known, UNKNOWN_MODEL_TOLERANCE) !== undefined;
  const named = ofMedium.find(({ models }) => models.test(model));
  const generation =
    named ??
    // 50 GB/s are two links of 25 rather than one of 50, so the slowest that divides is assumed.
    ofMedium
      .filter(isWhole)
      .sort((a, b) => a.rawGBps - b.rawGBps)
      .find((known) => known.rawGBps !== 20 || rawGBps % 25 !== 0);
  const tolerance = named === undefined ? UNKNOWN_MODEL_TOLERANCE : KNOWN_MODEL_TOLERANCE;
  const links = generation === undefined ? undefined : linksIn(rawGBps, generation, tolerance);
  if (generation === undefined || links === undefined) {
    return {
      medium,
      bandwidthGBps: rounded(rawGBps * RAW_SHARE),
      basis: 'raw',
      rawGBps,
      source: `line rate from the hwloc file; ${RAW_SHARE} of it, as the number of links is not known`,
      verified: true,
    };
  }
  const one = stated ?? (basis === 'nccl' ? generation.ncclGBps : generation.rawGBps * RAW_SHARE);
  return {
    medium,
    bandwidthGBps: rounded(links * one),
    basis,
    rawGBps,
    ncclGBps: rounded(links * generation.ncclGBps),
    links,
    source: `line rate from the hwloc file; ${rounded(one)} GB/s per link, ${stated === undefined ? shareOf(basis, `${medium === 'nvlink' ? 'NCCL 2.30.7' : 'RCCL'} topo.h, ${generation.name}`) : 'stated by the caller'}`,
    verified: true,
  };
}

/** Drivers print xGMI of MI300 at the rate of MI200, 50 GB/s a link. */
const KNOWN_MODEL_TOLERANCE = 0.25;
/** Nothing but rounding where the line rate has to tell the generation. */
const UNKNOWN_MODEL_TOLERANCE = 0.01;

/** The number of links that make a line rate, if it is whole within a share of one link's rate. */
function linksIn(rawGBps: number, { rawGBps: one }: FabricGeneration, tolerance: number): number | undefined {
  const links = Math.max(1, Math.round(rawGBps / one));
  return links <= 1024 && Math.abs(rawGBps / links - one) <= tolerance * one ? links : undefined;
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

function graceFigures(gpuCount: number, basis: 'nccl' | 'raw'): HwlocLinkFigures {
  return {
    medium: 'c2c',
    bandwidthGBps: rounded((basis === 'nccl' ? GRACE_NCCL_GBPS : GRACE_RAW_GBPS * RAW_SHARE) / gpuCount),
    basis,
    rawGBps: rounded(GRACE_RAW_GBPS / gpuCount),
    ncclGBps: rounded(GRACE_NCCL_GBPS / gpuCount),
    source: `GPU memory is a NUMA node, so NVLink-C2C; 900 GB/s in both directions of one Grace among ${gpuCount} GPUs; ${shareOf(basis, "NCCL's XML of GB200")}`,
    verified: false,
  };
}

/** To 1 kB/s, so that 18 * 20.6 is 370.8. */
function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
