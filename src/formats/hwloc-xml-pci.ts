import { CorralError, quote } from '../errors.js';
import type { HwlocDevice } from './hwloc-xml-devices.js';
import { type HwlocObject, objectsOf } from './hwloc-xml-objects.js';

/** A device or a PCIe switch, and the link above it. */
export type PciItem = PciEndpoint | PciSwitch;

/** A GPU or NIC. */
export interface PciEndpoint {
  readonly device: HwlocDevice;
  /** Line rate of the slowest link on the way up to what it hangs on, GB/s; absent where not known. */
  readonly rawGBps: number | undefined;
}

/** Where links meet: a switch chip, or a port whose card has several functions. */
export interface PciSwitch {
  /** Bus id of the bridge, `0000:17:00.0`. */
  readonly busId: string;
  readonly model: string | undefined;
  readonly items: readonly PciItem[];
  readonly rawGBps: number | undefined;
  /** All items are functions of one card. */
  readonly isCard: boolean;
}

/** What hangs below one host bridge. */
export interface PciRoot {
  /** The object that the host bridge hangs on. */
  readonly above: HwlocObject;
  /** False where the file leaves bridges out. */
  readonly isHostBridge: boolean;
  readonly items: readonly PciItem[];
}

/** A faster link is a unit mistake. */
const LINK_MAX_GBPS = 1000;

/**
 * The PCI tree, reduced to where links of GPUs and NICs meet.
 *
 * A bridge with one GPU or NIC below it is a piece of the way and vanishes into it, as do root ports and the
 * ports of a switch; a bridge with several is a switch. The functions of one card below a port of a switch hang
 * on that switch: they are as far from its other devices as any.
 *
 * @param machine - the machine
 * @param devices - its GPUs and NICs
 * @returns host bridges with something below, in document order
 * @throws CorralError `invalid-format` with the line where the speed of a link cannot be read
 * @complexity O(objects)
 */
export function pciRootsOf(machine: HwlocObject, devices: readonly HwlocDevice[]): readonly PciRoot[] {
  const deviceOf = new Map(
    devices.filter(({ pci }) => pci !== undefined).map((device) => [device.object, device]),
  );
  const roots: PciRoot[] = [];
  for (const object of objectsOf(machine)) {
    if (object.parent === undefined || object.parent.type === 'Bridge') continue;
    const isHostBridge = object.type === 'Bridge' && object.attributes.get('bridge_type') === '0-1';
    const items = (isHostBridge ? object.children : [object]).flatMap((top) => itemOf(top, deviceOf) ?? []);
    if (items.length === 0) continue;
    roots.push({ above: object.parent, isHostBridge, items });
  }
  return roots;
}

function itemOf(object: HwlocObject, deviceOf: ReadonlyMap<HwlocObject, HwlocDevice>): PciItem | undefined {
  const device = deviceOf.get(object);
  if (device !== undefined) {
    return device.kind === 'nvswitch' ? undefined : { device, rawGBps: speedOf(object) };
  }
  if (object.type !== 'Bridge') return undefined;
  const parts = object.children.map((child) => ({ child, item: itemOf(child, deviceOf) }));
  const items = parts.flatMap(({ item }) => item ?? []);
  const rawGBps = speedOf(object);
  const [first] = items;
  if (first === undefined) return undefined;
  if (items.length === 1) return { ...first, rawGBps: slower(first.rawGBps, rawGBps) };
  const { attributes, infos } = object;
  return {
    busId: (attributes.get('pci_busid') ?? '').slice(0, 32),
    model: infos.get('PCIDevice'),
    items: items.flatMap((item) =>
      'isCard' in item && item.isCard
        ? item.items.map((fn) => ({ ...fn, rawGBps: slower(fn.rawGBps, item.rawGBps) }))
        : [item],
    ),
    rawGBps,
    isCard: parts.every(({ child, item }) => item === undefined || child.type !== 'Bridge'),
  };
}

/** NCCL too takes the slower of a device and its port. */
function slower(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** GB/s of the link of a bridge or device; 0 stands for not known. */
function speedOf({ attributes, line }: HwlocObject): number | undefined {
  const text = attributes.get('pci_link_speed');
  if (text === undefined) return undefined;
  const speed = /^\d{1,4}(?:\.\d{1,12})?$/.test(text) ? Number(text) : Number.NaN;
  if (speed <= LINK_MAX_GBPS) return speed === 0 ? undefined : speed;
  throw new CorralError(
    'invalid-format',
    ['line', line, 'pci_link_speed'],
    `expected GB/s, got ${quote(text)}`,
  );
}
