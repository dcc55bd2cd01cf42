import { quote } from '../../errors.js';
import { PCIE_X16, type PcieGeneration } from '../server/constants.js';
import { type LinkFigures, rounded } from '../server/link-figures.js';
import type { NcclPci } from './tree.js';

/** The PCIe generations, from the first. */
export const PCIE_GENERATIONS: readonly PcieGeneration[] = [1, 2, 3, 4, 5, 6];

/** Values of `link_speed` that NCCL knows, in its order; kernels up to 5.6 print the short ones. */
const PCIE_SPEEDS: readonly (readonly [string, PcieGeneration])[] = [
  ['2.5 GT/s', 1],
  ['5 GT/s', 2],
  ['8 GT/s', 3],
  ['16 GT/s', 4],
  ['32 GT/s', 5],
  ...PCIE_GENERATIONS.map((generation) => [PCIE_X16[generation].speed, generation] as const),
];
/** The generation that NCCL assumes for other values. */
const PCIE_FALLBACK = 3;
/** The widest PCIe link; a driver that does not know reports 0, 63 or 255. */
const WIDTH_MAX = 32;
const WIDTH_DEFAULT = 16;

/** The PCIe link above a device. */
export interface PcieFigures extends LinkFigures {
  /** Whether the file has speed and width; otherwise they were assumed. */
  readonly stated: boolean;
}

/**
 * The figures of the PCIe link above a device: width / 16 of NCCL's constant for x16.
 *
 * As in NCCL, the start of the speed is compared: `32 GT/s PCIe/s` is Gen5. A speed that starts with no text of the table
 * is Gen3, for example `32.0 GT/s` without `PCIe`.
 *
 * @param pci - the device
 * @param generation - what to assume instead of Gen3 where NCCL does not know the speed
 * @returns bandwidth, basis `nccl`
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc
 */
export function pcieFigures(pci: NcclPci, generation: PcieGeneration | undefined): PcieFigures {
  const known = PCIE_SPEEDS.find(([text]) => pci.linkSpeed?.startsWith(text))?.[1];
  const assumed = known ?? generation ?? PCIE_FALLBACK;
  const x16 = PCIE_X16[assumed];
  const widthStated = pci.linkWidth !== undefined && pci.linkWidth > 0 && pci.linkWidth <= WIDTH_MAX;
  const width = widthStated ? pci.linkWidth! : WIDTH_DEFAULT;
  let why = 'from the file';
  if (known === undefined) {
    const speed = pci.linkSpeed === undefined ? 'no link_speed' : `link_speed ${quote(pci.linkSpeed)}`;
    why = `${generation === undefined ? 'assumed as NCCL does' : 'stated by the caller'}, ${speed} in the file`;
  } else if (!widthStated) why = 'width assumed as NCCL does, not in the file';
  const stated = known !== undefined && widthStated;
  return {
    medium: 'pcie',
    bandwidthGBps: (width * x16.ncclGBps) / 16,
    basis: 'nccl',
    ncclGBps: (width * x16.ncclGBps) / 16,
    rawGBps: rounded((x16.rawGBps * width) / 16),
    source: `PCIe Gen${assumed} x${width}, NCCL 2.30.7 topo.cc; ${why}`,
    verified: stated,
    stated,
  };
}

/**
 * The generation of a Broadcom switch that appears as two levels of bridges.
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
