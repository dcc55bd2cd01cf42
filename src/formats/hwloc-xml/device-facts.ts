import { quote } from '../../errors.js';
import { PORT_MAX_MBPS } from '../server/constants.js';
import { type PortFigures, portFigures, portOfCaller } from '../server/link-figures.js';
import { readNumber } from '../text/numbers.js';
import type { HwlocDevice } from './devices.js';
import type { HwlocObject } from './objects.js';

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
 * The name of a NIC.
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
 * @returns the name in a GPU library, else the PCI name, else the PCI numbers
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

/** A lower rate is none of a port, and could be rounded to 0. */
const PORT_MIN_MBPS = 1;

/**
 * The total rate of the ports of a NIC.
 *
 * hwloc up to 3.0 writes no rates. Two infos of OS devices are read, which users add with `hwloc-annotate`; each has the
 * name and value of a file of Linux: `rate` of an RDMA device (`/sys/class/infiniband/mlx5_0/ports/1/rate`,
 * `400 Gb/sec (4X NDR)`), else `speed` of network devices (`/sys/class/net/eth0/speed`, Mb/s), which are added up.
 *
 * @param nic - a NIC
 * @param portGbps - the caller's figure for NICs without a rate in the file
 * @returns fields of the NIC; none where no rate is known
 */
export function portOf({ osDevices, rdma }: HwlocDevice, portGbps: number | undefined): Partial<PortFigures> {
  const rate = rdma?.infos.get('rate');
  const gbps = /^(\d{1,5}(?:\.\d{1,3})?) Gb\/sec\b/.exec(rate ?? '')?.[1];
  if (gbps !== undefined && isPossible(Number(gbps) * 1000)) {
    return portFigures(Number(gbps) / 8, `rate ${quote(rate)} of the file`, true);
  }
  const speeds = osDevices.flatMap((device) => speedOf(device) ?? []);
  if (speeds.length > 0) {
    const mbps = speeds.reduce((sum, speed) => sum + speed, 0);
    return portFigures(mbps / 8000, `speed ${speeds.join(' + ')} of the file, Mb/s`, true);
  }
  return portOfCaller(portGbps);
}

function speedOf({ infos }: HwlocObject): number | undefined {
  const mbps = readNumber(infos.get('speed') ?? '');
  return isPossible(mbps) ? mbps : undefined;
}

/** Drivers that do not know print -1, 65535 Gb/s or 4294967295 Mb/s. */
function isPossible(mbps: number): boolean {
  return mbps >= PORT_MIN_MBPS && mbps <= PORT_MAX_MBPS;
}
