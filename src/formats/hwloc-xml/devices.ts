import { quote } from '../../errors.js';
import { invalidFormat } from '../text/format-errors.js';
import { readInteger } from '../text/numbers.js';
import { type HwlocObject, type HwlocTopology, objectsOf } from './objects.js';

/** Types of an OS device, as bits of format 3. */
const GPU = 4;
const COPROCESSOR = 8;
const NETWORK = 16;
const OPENFABRICS = 32;
/** Types of format 2, by number, as bits: block, GPU, network, OpenFabrics, DMA, co-processor. */
const BITS_OF_FORMAT_2 = [1, GPU, NETWORK, OPENFABRICS | NETWORK, 64, COPROCESSOR | GPU] as const;

/** Libraries that list GPUs; the first ones number them as tools do. */
const GPU_LIBRARIES = ['NVML', 'RSMI', 'AMDSMI', 'CUDA', 'LevelZero', 'OpenCL'] as const;
/** Libraries whose devices have the type GPU in format 2, which displays have too. */
const MANAGEMENT_LIBRARIES: ReadonlySet<string> = new Set(['NVML', 'RSMI', 'AMDSMI']);

/** Whether an OS device comes from a library that lists each GPU, or each partition of one, once. */
export function isManagementLibrary(subtype: string | undefined): boolean {
  return MANAGEMENT_LIBRARIES.has(subtype ?? '');
}

/** PCI vendors by number. */
const NVIDIA = '10de';
const AMD = '1002';
const INTEL = '8086';
const HABANA = '1da3';
/** Names of accelerators for training and inference; class 1200 has FPGAs, NPUs and cryptographic coprocessors too. */
const ACCELERATOR_NAME = /\b(?:Instinct|Radeon|MI\d{2,3}[AX]?|Gaudi\d?|HL-\d{3}|Tesla|GPU|Ascend)\b/i;
/** Names of other devices of the same makers. */
const OTHER_NAME = /FPGA|Alveo|Versal|\bNPU\b|XDNA|Neural|Goya|Signal|Crypto/i;
/** Display chips of management controllers, and of servers of the 2000s: AMD Rage XL, RV100, ES1000. */
const OLD_DISPLAYS: ReadonlySet<string> = new Set(['1002:4752', '1002:5159', '1002:515e', '1002:5969']);
/** The address of the graphics inside an Intel processor. */
const INTEL_GRAPHICS = '0000:00:02.0';
/** Virtual functions by vendor and device, for files without names. */
const VIRTUAL_FUNCTIONS: ReadonlySet<string> = new Set(
  [
    ['15b3', '1002 1004 1014 1016 1018 101a 101c 101e'],
    [INTEL, '10ca 10ed 1515 1520 154c 1571 1889 37cd'],
  ].flatMap(([vendor, devices]) => devices!.split(' ').map((device) => `${vendor}:${device}`)),
);

/** The content of `pci_busid` and `pci_type`. */
export interface PciIdentity {
  /** `0000:17:00.0` as written. */
  readonly busId: string;
  /** Domain, bus, device, function as one number, for ordering. */
  readonly position: number;
  /** Class and subclass, four hexadecimal digits. */
  readonly class: string;
  readonly vendor: string;
  /** `vendor:device`. */
  readonly device: string;
}

/** A GPU, NIC or NVSwitch. */
export interface HwlocDevice {
  readonly kind: 'gpu' | 'nic' | 'nvswitch';
  /** The PCI device, or the OS device of a GPU that is none. */
  readonly object: HwlocObject;
  /** Absent for a GPU that is no PCI device. */
  readonly pci?: PciIdentity;
  /** OS devices of it: `cuda0`, `mlx5_0`, … */
  readonly osDevices: readonly HwlocObject[];
  /** NICs: its RDMA device. */
  readonly rdma?: HwlocObject;
}

/** GPUs, NICs and NVSwitches of a file, and what was left out. */
export interface HwlocDevices {
  /** GPUs in the order of the numbers of a library, else of their bus ids; then NICs and NVSwitches as listed. */
  readonly devices: readonly HwlocDevice[];
  readonly virtualFunctionCount: number;
  /** Displays of class 0300 that no GPU library lists, if one lists other devices. */
  readonly displayCount: number;
  /** Processing accelerators (class 1200) that are no known GPUs: `[8086:09c4] name`. */
  readonly otherAccelerators: readonly string[];
  /** All PCI devices, alike ones counted, for messages: `0200 [15b3:1021] name (2)`. */
  readonly seen: readonly string[];
  readonly pciCount: number;
}

/**
 * Finds GPUs, NICs and NVSwitches.
 *
 * A PCI device is a GPU if one of these holds:
 * - A GPU library lists it (CUDA, NVML, RSMI, Level Zero, OpenCL as GPU, any other co-processor).
 * - It is of class 03xx and of a maker of GPUs, but no display chip of a management controller and no graphics inside an
 *   Intel processor. If a library lists other GPUs, displays (class 0300) that none lists are left out.
 * - It is of class 1200 and of AMD, NVIDIA or Habana, or has the name of an accelerator.
 *
 * GPUs inside the processor's package are no PCI devices; they are found by library. A NIC is a PCI device of class 02xx
 * or 0c06, or with a network or RDMA device. Virtual functions are left out if there is a physical NIC of their maker.
 *
 * @param topology - an hwloc topology
 * @returns the devices
 * @throws CorralError `invalid-format` with the line where bus id or class cannot be read
 * @complexity O(objects * log objects)
 */
export function devicesOf({ machine, version }: HwlocTopology): HwlocDevices {
  const gpus: HwlocDevice[] = [];
  const displays: HwlocDevice[] = [];
  const others: HwlocDevice[] = [];
  const otherAccelerators: string[] = [];
  const seen = new Map<string, number>();
  let pciCount = 0;
  const all = objectsOf(machine);
  for (const object of all) {
    if (object.type !== 'PCIDev') continue;
    pciCount++;
    const pci = identityOf(object);
    const described = `${pci.class} ${nameOf(object, pci)}`;
    seen.set(described, (seen.get(described) ?? 0) + 1);
    const osDevices = objectsOf(object).filter(({ type }) => type === 'OSDev');
    if (osDevices.some((device) => isComputing(device, version)))
      gpus.push({ kind: 'gpu', object, pci, osDevices });
    else if (pci.class === '1200' && !isAccelerator(object, pci)) otherAccelerators.push(nameOf(object, pci));
    else if (isGpuClass(pci))
      (pci.class === '0300' ? displays : gpus).push({ kind: 'gpu', object, pci, osDevices });
    else if (pci.vendor === NVIDIA && pci.class === '0680')
      others.push({ kind: 'nvswitch', object, pci, osDevices });
    else if (isNic(pci, osDevices, version)) {
      const rdma = osDevices.find((device) => (typeOf(device, version) & OPENFABRICS) !== 0);
      others.push({ kind: 'nic', object, pci, osDevices, ...(rdma !== undefined && { rdma }) });
    }
  }
  const physical = withoutVirtualFunctions(others);
  const isListed = gpus.some(({ osDevices }) => osDevices.some((device) => isComputing(device, version)));
  if (!isListed) gpus.push(...displays);
  if (gpus.length === 0) gpus.push(...integratedGpus(all, version));
  return {
    devices: [...inOrder(gpus), ...physical],
    virtualFunctionCount: others.length - physical.length,
    displayCount: isListed ? displays.length : 0,
    otherAccelerators,
    seen: [...seen].map(([described, count]) => (count === 1 ? described : `${described} (${count})`)),
    pciCount,
  };
}

/** The bits of an OS device. */
function typeOf(device: HwlocObject, version: 2 | 3): number {
  const text = device.attributes.get('osdev_type');
  const read = readInteger(text ?? '');
  const number = read >= 0 && read <= 9999 ? read : undefined;
  const bits = version === 2 && number !== undefined ? (BITS_OF_FORMAT_2[number] ?? 0) : number;
  if (bits === undefined)
    throw invalidFormat(
      ['line', device.line],
      `expected the number of a type of OS device, got ${quote(text)}`,
    );
  return bits;
}

function identityOf(object: HwlocObject): PciIdentity {
  const busId = object.attributes.get('pci_busid');
  const bus = /^([\da-f]{4,8}):([\da-f]{2}):([\da-f]{2})\.([0-7])$/i.exec(busId ?? '');
  const type = object.attributes.get('pci_type');
  const ids = /^([\da-f]{4}) \[([\da-f]{4}):([\da-f]{4})\]/i.exec(type ?? '');
  if (bus === null || ids === null) {
    throw invalidFormat(
      ['line', object.line],
      `expected a bus id as 0000:17:00.0 and a type as 0302 [10de:2330] …, got ${quote(busId)} and ${quote(type)}`,
    );
  }
  const [domain, number, device, fn] = bus.slice(1).map((digits) => Number.parseInt(digits, 16)) as number[];
  const [className, vendor, id] = ids.slice(1).map((digits) => digits.toLowerCase()) as [
    string,
    string,
    string,
  ];
  return {
    busId: busId!,
    position: ((domain! * 256 + number!) * 256 + device!) * 8 + fn!,
    class: className,
    vendor,
    device: `${vendor}:${id}`,
  };
}

function nameOf({ infos }: HwlocObject, pci: PciIdentity): string {
  const name = infos.get('PCIDevice');
  return name === undefined ? `[${pci.device}]` : `[${pci.device}] ${name.slice(0, 64)}`;
}

/** Whether a device of class 1200 counts as a GPU. */
function isAccelerator({ infos }: HwlocObject, { vendor }: PciIdentity): boolean {
  const name = infos.get('PCIDevice') ?? '';
  if (OTHER_NAME.test(name)) return false;
  return vendor === AMD || vendor === NVIDIA || vendor === HABANA || ACCELERATOR_NAME.test(name);
}

function isGpuClass(pci: PciIdentity): boolean {
  if (pci.class === '1200') return true;
  if (!pci.class.startsWith('03')) return false;
  if (pci.vendor === INTEL) return pci.busId !== INTEL_GRAPHICS;
  if (pci.vendor === AMD) return !OLD_DISPLAYS.has(pci.device);
  return pci.vendor === NVIDIA || pci.class === '0302';
}

function isNic(pci: PciIdentity, osDevices: readonly HwlocObject[], version: 2 | 3): boolean {
  if (pci.class.startsWith('02') || pci.class === '0c06') return true;
  return osDevices.some((device) => (typeOf(device, version) & NETWORK) !== 0);
}

/** Whether an OS device is a GPU for computing: no display, and no processor under OpenCL. */
function isComputing(device: HwlocObject, version: 2 | 3): boolean {
  const isCoprocessor = (typeOf(device, version) & COPROCESSOR) !== 0;
  if (!isCoprocessor && !MANAGEMENT_LIBRARIES.has(device.subtype ?? '')) return false;
  return device.subtype !== 'OpenCL' || /GPU/.test(device.infos.get('OpenCLDeviceType') ?? 'GPU');
}

/**
 * Leaves out virtual functions if there is a physical NIC of their maker, whose port they share. In a virtual machine
 * there is none, so the virtual function is the NIC.
 */
function withoutVirtualFunctions(devices: readonly HwlocDevice[]): HwlocDevice[] {
  const makers = new Set(
    devices
      .filter((device) => device.kind === 'nic' && !isVirtualFunction(device))
      .map(({ pci }) => pci!.vendor),
  );
  return devices.filter((device) => !isVirtualFunction(device) || !makers.has(device.pci!.vendor));
}

function isVirtualFunction({ kind, object, pci }: HwlocDevice): boolean {
  if (kind !== 'nic') return false;
  return VIRTUAL_FUNCTIONS.has(pci!.device) || /virtual function/i.test(object.infos.get('PCIDevice') ?? '');
}

/** GPUs that are no PCI devices, from the first library that lists any: one GPU may be in several. */
function integratedGpus(all: readonly HwlocObject[], version: 2 | 3): HwlocDevice[] {
  const found = all.filter(
    (object) => object.type === 'OSDev' && object.parent!.type !== 'OSDev' && isComputing(object, version),
  );
  for (const library of GPU_LIBRARIES) {
    const ofLibrary = found.filter(({ subtype }) => subtype === library);
    if (ofLibrary.length > 0)
      return ofLibrary.map((object) => ({ kind: 'gpu', object, osDevices: [object] }));
  }
  return [];
}

/** GPUs by their numbers in the first library that numbers all of them, else by bus id, as drivers do. */
function inOrder(gpus: readonly HwlocDevice[]): HwlocDevice[] {
  for (const library of GPU_LIBRARIES) {
    const numbers = new Map(gpus.map((gpu) => [gpu, numberIn(gpu, library)]));
    if ([...numbers.values()].includes(undefined) || new Set(numbers.values()).size < gpus.length) continue;
    return [...gpus].sort((a, b) => numbers.get(a)! - numbers.get(b)!);
  }
  return [...gpus].sort((a, b) => (a.pci?.position ?? 0) - (b.pci?.position ?? 0));
}

function numberIn({ osDevices }: HwlocDevice, library: string): number | undefined {
  const name = osDevices.find(({ subtype }) => subtype === library)?.name;
  const digits = /^[a-z]+(\d{1,4})(?:d(\d{1,4}))?$/.exec(name ?? '');
  return digits === null ? undefined : Number(digits[1]) * 10_000 + Number(digits[2] ?? 0);
}
