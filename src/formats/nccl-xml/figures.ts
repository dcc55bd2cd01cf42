import { quote } from '../../errors.js';
import { type LinkFigures, rounded } from '../server/link-figures.js';
import type { NcclCpu, NcclPci } from './tree.js';

/** PCIe: NCCL's lane rate (100 Mb/s, src/graph/topo.cc) and the line rate of x16 after encoding, by generation. */
export const PCIE_GENERATIONS = [
  { generation: 1, lane: 15, rawX16GBps: 4, speed: '2.5 GT/s PCIe' },
  { generation: 2, lane: 30, rawX16GBps: 8, speed: '5.0 GT/s PCIe' },
  { generation: 3, lane: 60, rawX16GBps: 15.75, speed: '8.0 GT/s PCIe' },
  { generation: 4, lane: 120, rawX16GBps: 31.51, speed: '16.0 GT/s PCIe' },
  { generation: 5, lane: 240, rawX16GBps: 63.02, speed: '32.0 GT/s PCIe' },
  { generation: 6, lane: 480, rawX16GBps: 121, speed: '64.0 GT/s PCIe' },
] as const;

/** Texts of `link_speed` that NCCL knows, in its order; kernels up to 5.6 print the short ones. */
const PCIE_SPEEDS: readonly (readonly [string, number])[] = [
  ['2.5 GT/s', 1],
  ['5 GT/s', 2],
  ['8 GT/s', 3],
  ['16 GT/s', 4],
  ['32 GT/s', 5],
  ...PCIE_GENERATIONS.map(({ speed, generation }) => [speed, generation] as const),
];
/** What NCCL takes for a text that it does not know. */
const PCIE_FALLBACK = 3;
/** The widest PCIe link; a driver that does not know reports 0, 63 or 255. */
const WIDTH_MAX = 32;
const WIDTH_DEFAULT = 16;

/** NCCL's figure for transfers that nothing limits (topo.h, LOC). */
export const LOC_GBPS = 5000;
/** The PCIe link above a device. */
export interface PcieFigures extends LinkFigures {
  /** Whether the file states speed and width, or they were assumed. */
  readonly stated: boolean;
}

/**
 * The figures of the PCIe link above a device: width × lane rate / 80.
 *
 * A speed that starts with none of the texts of NCCL's table counts as Gen3: `32.0 GT/s` without `PCIe` does.
 * NCCL compares beginnings, so `32 GT/s PCIe/s` is Gen5.
 *
 * @param pci - the device
 * @param generation - what to assume instead of Gen3 where NCCL does not know the speed
 * @returns bandwidth, basis `nccl`
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc
 */
export function pcieFigures(pci: NcclPci, generation: 1 | 2 | 3 | 4 | 5 | 6 | undefined): PcieFigures {
  const known = PCIE_SPEEDS.find(([text]) => pci.linkSpeed?.startsWith(text))?.[1];
  const number = known ?? generation ?? PCIE_FALLBACK;
  const { lane, rawX16GBps } = PCIE_GENERATIONS[number - 1]!;
  const widthStated = pci.linkWidth !== undefined && pci.linkWidth > 0 && pci.linkWidth <= WIDTH_MAX;
  const width = widthStated ? pci.linkWidth! : WIDTH_DEFAULT;
  let why = 'from the file';
  if (known === undefined) {
    const speed = pci.linkSpeed === undefined ? 'no link_speed' : `link_speed ${quote(pci.linkSpeed)}`;
    why = `${generation === undefined ? 'assumed as NCCL does' : 'stated by the caller'}, ${speed} in the file`;
  } else if (!widthStated) why = 'width assumed as NCCL does, not in the file';
  return {
    medium: 'pcie',
    bandwidthGBps: (width * lane) / 80,
    basis: 'nccl',
    ncclGBps: (width * lane) / 80,
    rawGBps: rounded((rawX16GBps * width) / 16),
    source: `PCIe Gen${number} x${width}, NCCL 2.30.7 topo.cc; ${why}`,
    verified: known !== undefined && widthStated,
    stated: known !== undefined && widthStated,
  };
}

/**
 * One NVLink by compute capability.
 *
 * @param sm - compute capability times ten: 90 for H100
 * @returns NCCL's figure and the line rate, GB/s
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.h
 */
export function nvlinkPerLink(sm: number): { readonly ncclGBps: number; readonly rawGBps: number } {
  if (sm >= 100) return { ncclGBps: 40.1, rawGBps: 50 };
  if (sm >= 90) return { ncclGBps: 20.6, rawGBps: 25 };
  if (sm === 86) return { ncclGBps: 12, rawGBps: 14.06 };
  if (sm >= 70) return { ncclGBps: 20, rawGBps: 25 };
  if (sm >= 60) return { ncclGBps: 18, rawGBps: 20 };
  return { ncclGBps: 20, rawGBps: 25 };
}

/**
 * One xGMI link by architecture.
 *
 * @param gcn - `gfx942`, or 906, 908, 910 (gfx90a) in older files
 * @returns RCCL's figure and, where known, the line rate, GB/s
 * @see ROCm/rccl, src/graph/topo.h
 */
export function xgmiPerLink(gcn: string): { readonly ncclGBps: number; readonly rawGBps?: number } {
  if (/^(?:gfx)?9[45]/.test(gcn)) return { ncclGBps: 48, rawGBps: 64 };
  if (/^(?:910$|gfx90a)/.test(gcn)) return { ncclGBps: 36, rawGBps: 50 };
  return { ncclGBps: 24 };
}

/** NCCL's figures between CPUs, GB/s, with the CPU of a file that has each. */
export const INTER_CPU = [
  { GBps: 6, attributes: { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '79' } },
  { GBps: 10, attributes: { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '85' } },
  { GBps: 22, attributes: { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '143' } },
  { GBps: 40, attributes: { arch: 'x86_64', vendor: 'GenuineIntel', familyid: '6', modelid: '207' } },
  { GBps: 16, attributes: { arch: 'x86_64', vendor: 'AuthenticAMD', familyid: '175', modelid: '1' } },
  { GBps: 9, attributes: { arch: 'x86_64', vendor: 'CentaurHauls', familyid: '7', modelid: '91' } },
  { GBps: 32, attributes: { arch: 'ppc64' } },
] as const;

/**
 * NCCL's figure between a CPU and another.
 *
 * @param cpu - a `cpu` element
 * @returns GB/s and the CPU it is for; undefined where the file does not say which CPU it is
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc
 */
export function interCpu(cpu: NcclCpu): { readonly GBps: number; readonly of: string } | undefined {
  const { arch, vendor, family, model } = cpu;
  if (arch === undefined) return undefined;
  if (arch.startsWith('arm64')) return { GBps: 6, of: 'ARM' };
  if (arch.startsWith('ppc64')) return { GBps: 32, of: 'POWER9' };
  if (!arch.startsWith('x86_64')) return { GBps: LOC_GBPS, of: 'an architecture that NCCL does not know' };
  if (vendor === undefined) return undefined;
  if (vendor.startsWith('AuthenticAMD')) return { GBps: 16, of: 'AMD' };
  if (vendor.startsWith('GenuineIntel')) {
    if (family === undefined || model === undefined) return undefined;
    if (family === 6 && model >= 0xcf) return { GBps: 40, of: 'Emerald Rapids and later' };
    if (family === 6 && model >= 0x8f) return { GBps: 22, of: 'Sapphire Rapids' };
    if (family === 6 && model >= 0x55) return { GBps: 10, of: 'Skylake to Ice Lake' };
    return { GBps: 6, of: 'Broadwell and earlier' };
  }
  // The value is trimmed on reading; NCCL knows this vendor with two blanks on either side.
  if (vendor.startsWith('CentaurHauls') || vendor === 'Shanghai') {
    const yongFeng = family === 7 && model === 0x5b;
    return yongFeng ? { GBps: 9, of: 'Zhaoxin YongFeng' } : { GBps: 6, of: 'Zhaoxin' };
  }
  return { GBps: LOC_GBPS, of: 'a vendor that NCCL does not know' };
}

/**
 * The generation of a Broadcom switch that shows itself as two levels of bridges.
 *
 * @param ids - vendor, device, subsystem vendor, subsystem device
 * @param level - 0 for the upper bridge, 1 for one below it
 * @returns 4 or 5, or 0 for any other device
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc
 */
export function broadcomGeneration(ids: readonly (number | undefined)[], level: 0 | 1): 0 | 4 | 5 {
  const [vendor, device, subsystemVendor, subsystemDevice = -1] = ids;
  if (vendor !== 0x1000 || subsystemVendor !== 0x1000) return 0;
  const model = subsystemDevice >> 12;
  if (device === 0xc010 && model === 0xa) return 4;
  return device === 0xc030 && model === level ? 5 : 0;
}
