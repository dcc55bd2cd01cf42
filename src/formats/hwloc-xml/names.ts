import type { HwlocDevice } from './devices.js';

/** Infos that hold the memory of a GPU, KiB. */
const MEMORY_INFOS = [
  'CUDAGlobalMemorySize',
  'RSMIVRAMSize',
  'LevelZeroHBMSize',
  'LevelZeroDDRSize',
  'OpenCLGlobalMemorySize',
];
const KIB_PER_GIB = 2 ** 20;
/** More in one device is no memory size. */
const MEMORY_MAX_GIB = 1e6;

/**
 * What a NIC is called.
 *
 * @param nic - a NIC
 * @returns the name of its RDMA device, else of its first network device, else its bus id
 */
export function nicNameOf({ osDevices, rdma, pci }: HwlocDevice): string {
  const named = [rdma, ...osDevices].find((device) => device?.name !== undefined);
  return named?.name ?? `nic ${pci!.busId}`;
}

/**
 * The model of a GPU.
 *
 * @param gpu - a GPU
 * @returns as a GPU library says, else the PCI name, else the PCI numbers
 */
export function gpuModelOf({ object, osDevices, pci }: HwlocDevice): string {
  const named = osDevices.find(({ infos }) => infos.has('GPUModel'))?.infos.get('GPUModel');
  return named ?? object.infos.get('PCIDevice') ?? pci?.device ?? 'unknown';
}

/**
 * The memory of a GPU; hwloc 2 leaves the unit (KiB) out, hwloc 3 writes it.
 *
 * @param gpu - a GPU
 * @returns GiB, to two digits, or undefined where no library says
 */
export function memoryGiBOf({ osDevices }: HwlocDevice): number | undefined {
  for (const name of MEMORY_INFOS) {
    for (const { infos } of osDevices) {
      const digits = /^(\d{1,18})(?:KiB)?$/.exec(infos.get(name) ?? '');
      const memoryGiB = digits === null ? 0 : Math.round((Number(digits[1]) / KIB_PER_GIB) * 100) / 100;
      if (memoryGiB > 0 && memoryGiB <= MEMORY_MAX_GIB) return memoryGiB;
    }
  }
  return undefined;
}
