/*
 * The figures of links by generation, for every reader and writer of servers; GB/s per direction.
 *
 * `ncclGBps` is what NCCL 2.30.7 (src/graph/topo.cc, topo.h) or, for xGMI, RCCL (src/graph/topo.h) assumes. `rawGBps`
 * is the line rate after encoding. Both are of one link, or of 16 lanes of PCIe.
 */

/** One line of a table of figures. */
export interface LinkConstant {
  readonly ncclGBps: number;
  readonly rawGBps: number;
}

/** PCIe x16 by generation, and the text that Linux writes for the speed of a lane. */
export const PCIE_X16 = {
  1: { ncclGBps: 3, rawGBps: 4, speed: '2.5 GT/s PCIe' },
  2: { ncclGBps: 6, rawGBps: 8, speed: '5.0 GT/s PCIe' },
  3: { ncclGBps: 12, rawGBps: 15.75, speed: '8.0 GT/s PCIe' },
  4: { ncclGBps: 24, rawGBps: 31.51, speed: '16.0 GT/s PCIe' },
  5: { ncclGBps: 48, rawGBps: 63.02, speed: '32.0 GT/s PCIe' },
  6: { ncclGBps: 96, rawGBps: 121, speed: '64.0 GT/s PCIe' },
} as const;

export type PcieGeneration = keyof typeof PCIE_X16;

/** One link of the accelerator fabric by generation of the GPUs. */
export interface FabricGeneration extends LinkConstant {
  /** The GPUs, for the source of a link. */
  readonly name: string;
  /** Matches their models. */
  readonly models: RegExp;
}

/** NVLink by generation; `sm` is the first compute capability, times ten, that has the figure. */
export const NVLINK_GENERATIONS: readonly (FabricGeneration & { readonly sm: number })[] = [
  { name: 'P100', sm: 60, models: /P100/i, ncclGBps: 18, rawGBps: 20 },
  { name: 'V100, A100', sm: 70, models: /V100|A100|A800|GV100|A30\b/i, ncclGBps: 20, rawGBps: 25 },
  { name: 'H100', sm: 90, models: /H[12]00|H800|H20\b|GH200/i, ncclGBps: 20.6, rawGBps: 25 },
  { name: 'B200', sm: 100, models: /B[123]00|GB[23]00/i, ncclGBps: 40.1, rawGBps: 50 },
];
/** NVLink bridges of consumer Ampere (GA102), compute capability 8.6. */
const NVLINK_GA102: LinkConstant = { ncclGBps: 12, rawGBps: 14.06 };

/**
 * One NVLink by compute capability.
 *
 * @param sm - compute capability times ten: 90 for H100
 * @returns its figures; those of V100 below 60, as in NCCL
 */
export function nvlinkOfSm(sm: number): LinkConstant {
  if (sm === 86) return NVLINK_GA102;
  return NVLINK_GENERATIONS.findLast((known) => known.sm <= sm) ?? NVLINK_GENERATIONS[1]!;
}

/** xGMI by generation; no line rate was found for Vega. */
export const XGMI_GENERATIONS: Readonly<{
  mi200: FabricGeneration;
  mi300: FabricGeneration;
  vega: Omit<FabricGeneration, 'rawGBps'>;
}> = {
  mi200: { name: 'MI200', models: /MI2[015]0/i, ncclGBps: 36, rawGBps: 50 },
  mi300: { name: 'MI300', models: /MI3[0-2]/i, ncclGBps: 48, rawGBps: 64 },
  vega: { name: 'Vega', models: /MI(?:50|60|100)(?!\d)|Vega|Radeon (?:Pro )?VII/i, ncclGBps: 24 },
};

/** One xGMI link; the line rate is absent where none was found. */
export type XgmiConstant = Pick<LinkConstant, 'ncclGBps'> & Partial<LinkConstant>;

/**
 * One xGMI link by architecture.
 *
 * @param gcn - `gfx942`, or 906, 908, 910 (gfx90a) in older files
 * @returns its figures
 */
export function xgmiOfGcn(gcn: string): XgmiConstant {
  if (/^(?:gfx)?9[45]/.test(gcn)) return XGMI_GENERATIONS.mi300;
  return /^(?:910$|gfx90a)/.test(gcn) ? XGMI_GENERATIONS.mi200 : XGMI_GENERATIONS.vega;
}

/** A model of GPU with xGMI. */
export interface XgmiModel extends XgmiConstant {
  readonly name: string;
  readonly models: RegExp;
  /** Links of every pair; absent where the pairs of one server differ. */
  readonly links?: number;
}

/** Models of GPUs with xGMI. The 2 links of MI300A are those of mi300a-4 in the catalogue, where they are unverified. */
export const XGMI_MODELS: readonly XgmiModel[] = [
  { ...XGMI_GENERATIONS.mi300, name: 'MI300X', models: /MI3(?:00X|08X|25X)/i, links: 1 },
  { ...XGMI_GENERATIONS.mi300, name: 'MI300A', models: /MI300A/i, links: 2 },
  { ...XGMI_GENERATIONS.mi200, name: 'MI250', models: /MI250/i },
  { ...XGMI_GENERATIONS.mi200, name: 'MI210', models: /MI210/i, links: 1 },
  { ...XGMI_GENERATIONS.vega, links: 1 },
];

/** NVLink-C2C of one Grace: 900 GB/s in both directions; NCCL's XML of GB200 has 10 × 44.712 GB/s. */
export const GRACE_C2C: LinkConstant = { ncclGBps: 447.12, rawGBps: 450 };

/** What NCCL assumes where nothing limits a transfer (LOC in topo.h): inside a NUMA node, a socket, a switch. */
export const NOT_LIMITING_GBPS = 5000;

/** The share of a line rate that software reaches where nothing was measured. */
export const RAW_SHARE = 0.85;

/** What NCCL assumes between two sockets. */
export interface SocketConstant {
  readonly ncclGBps: number;
  /** The CPUs that have this figure, for the source of a link. */
  readonly name: string;
}

/** Between two sockets by CPU; no line rates were found. */
export const SOCKETS = {
  broadwell: { ncclGBps: 6, name: 'Broadwell and earlier' },
  skylake: { ncclGBps: 10, name: 'Skylake to Ice Lake' },
  sapphireRapids: { ncclGBps: 22, name: 'Sapphire Rapids' },
  emeraldRapids: { ncclGBps: 40, name: 'Emerald Rapids and later' },
  amd: { ncclGBps: 16, name: 'AMD' },
  zhaoxin: { ncclGBps: 6, name: 'Zhaoxin' },
  yongFeng: { ncclGBps: 9, name: 'Zhaoxin YongFeng' },
  arm: { ncclGBps: 6, name: 'ARM' },
  power9: { ncclGBps: 32, name: 'POWER9' },
} as const;

/** CPUs that NCCL does not know: it takes the links between their sockets for ones that limit nothing. */
const unknownCpu = (name: string): SocketConstant => ({ ncclGBps: NOT_LIMITING_GBPS, name });

/** A CPU as a file names it. */
export interface CpuIdentity {
  /** `x86_64`, `arm64`, `ppc64`. */
  readonly arch?: string | undefined;
  /** `GenuineIntel`, `AuthenticAMD`, `CentaurHauls`. */
  readonly vendor?: string | undefined;
  readonly family?: number | undefined;
  readonly model?: number | undefined;
}

/**
 * What NCCL assumes between two sockets of a CPU.
 *
 * @param cpu - the CPU
 * @returns its figure; undefined where `cpu` does not say which CPU it is
 */
export function socketOfCpu({ arch, vendor, family, model }: CpuIdentity): SocketConstant | undefined {
  if (arch === undefined) return undefined;
  if (arch.startsWith('arm64')) return SOCKETS.arm;
  if (arch.startsWith('ppc64')) return SOCKETS.power9;
  if (!arch.startsWith('x86_64')) return unknownCpu('an architecture that NCCL does not know');
  if (vendor === undefined) return undefined;
  if (vendor.startsWith('AuthenticAMD')) return SOCKETS.amd;
  if (vendor.startsWith('GenuineIntel')) {
    if (family === undefined || model === undefined) return undefined;
    if (family === 6 && model >= 0xcf) return SOCKETS.emeraldRapids;
    if (family === 6 && model >= 0x8f) return SOCKETS.sapphireRapids;
    return family === 6 && model >= 0x55 ? SOCKETS.skylake : SOCKETS.broadwell;
  }
  // NCCL compares this vendor with two blanks on either side, which readers of files take away.
  if (vendor.startsWith('CentaurHauls') || vendor.trim() === 'Shanghai') {
    return family === 7 && model === 0x5b ? SOCKETS.yongFeng : SOCKETS.zhaoxin;
  }
  return unknownCpu('a vendor that NCCL does not know');
}

/** The port of a NIC whose speed a file leaves out, as NCCL has it, Mb/s. */
export const PORT_DEFAULT_MBPS = 10_000;
/** No port is faster, Mb/s: larger figures are in another unit, or stand for "not known". */
export const PORT_MAX_MBPS = 10_000_000;
/** No link is faster, GB/s: larger figures are in another unit. */
export const LINK_MAX_GBPS = 1000;
