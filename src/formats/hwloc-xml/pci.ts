import { quote } from '../../errors.js';
import { LINK_MAX_GBPS } from '../server/constants.js';
import { invalidFormat } from '../text/format-errors.js';
import { readNumber } from '../text/numbers.js';
import type { HwlocDevice } from './devices.js';
import { type HwlocObject, objectsOf } from './objects.js';

/** A device or a PCIe switch, and the link above it. */
export type PciItem = PciEndpoint | PciSwitch;

/** A GPU or NIC. */
export interface PciEndpoint {
  readonly device: HwlocDevice;
  /** Line rate of the slowest link on the way up to what it hangs on, GB/s; absent where not known. */
  readonly rawGBps: number | undefined;
  /** Number of GPUs and NICs of one card that share this link, this one included. */
  readonly functions: number;
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

/** A link below 1 MB/s is a mistake of units, and a share of it could be less than a document allows. */
const LINK_MIN_GBPS = 0.001;

/** An AMD GPU contains the bridges of a switch, on which only the GPU hangs. */
const AMD = /\[1002:/;

/**
 * The PCI tree, reduced to switches, GPUs and NICs.
 *
 * Below a host bridge, bridges alternate between a port (of the host or of a switch) and the upper end of a switch: a bridge
 * above a port is a switch, a bridge above a switch or device is a port. A port becomes part of the link through it. A
 * switch with one GPU or NIC below it is kept only below another switch, where it makes `PXB` of `PIX`. The functions of
 * one card hang on the switch above its port and share the link of the card in equal parts; a port without a switch above
 * it becomes a switch.
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
    const items = (isHostBridge ? object.children : [object]).flatMap((top) => {
      const found = findItem(top, deviceOf);
      return found === undefined ? [] : [withoutSingles(found.item)];
    });
    if (items.length > 0) roots.push({ above: object.parent, isHostBridge, items });
  }
  return roots;
}

interface Found {
  readonly item: PciItem;
  /** Whether the last bridge on the way up was a port, so that the next is a switch. */
  readonly isBelowPort: boolean;
}

function findItem(object: HwlocObject, deviceOf: ReadonlyMap<HwlocObject, HwlocDevice>): Found | undefined {
  const device = deviceOf.get(object);
  if (device !== undefined) {
    if (device.kind === 'nvswitch') return undefined;
    return { item: { device, rawGBps: speedOf(object), functions: 1 }, isBelowPort: false };
  }
  if (object.type !== 'Bridge') return undefined;
  const parts = object.children.flatMap((child) => findItem(child, deviceOf) ?? []);
  const rawGBps = speedOf(object);
  const [first] = parts;
  if (first === undefined) return undefined;
  const isCard = parts.every(({ item, isBelowPort }) => 'device' in item && !isBelowPort);
  if (parts.length > 1) return { item: switchOf(object, parts, rawGBps, isCard), isBelowPort: isCard };
  const isInside = AMD.test(object.attributes.get('pci_type') ?? '');
  if (first.isBelowPort) {
    return { item: switchOf(object, parts, rawGBps, false), isBelowPort: false };
  }
  const item = { ...first.item, rawGBps: slower(first.item.rawGBps, rawGBps) };
  return { item, isBelowPort: !isInside };
}

function switchOf(
  { attributes, infos }: HwlocObject,
  parts: readonly Found[],
  rawGBps: number | undefined,
  isCard: boolean,
): PciSwitch {
  return {
    busId: (attributes.get('pci_busid') ?? '').slice(0, 32),
    model: infos.get('PCIDevice'),
    items: parts.flatMap(({ item }) =>
      'isCard' in item && item.isCard
        ? item.items.map((fn) => ({
            ...fn,
            rawGBps: slower(fn.rawGBps, item.rawGBps),
            functions: item.items.length,
          }))
        : [item],
    ),
    rawGBps,
    isCard,
  };
}

/** An item without the switches above it that have nothing else below. */
function withoutSingles(item: PciItem): PciItem {
  if ('device' in item || item.items.length > 1) return item;
  const inner = item.items[0]!;
  return withoutSingles({ ...inner, rawGBps: slower(inner.rawGBps, item.rawGBps) });
}

/** The slower of two links, as NCCL takes the slower of a device and its port. */
function slower(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? (a ?? b) : Math.min(a, b);
}

/** GB/s of the link of a bridge or device; 0 in the file means not known. */
function speedOf({ attributes, line }: HwlocObject): number | undefined {
  const text = attributes.get('pci_link_speed');
  if (text === undefined) return undefined;
  const speed = readNumber(text);
  if (speed === 0) return undefined;
  if (speed >= LINK_MIN_GBPS && speed <= LINK_MAX_GBPS) return speed;
  throw invalidFormat(['line', line, 'pci_link_speed'], `expected GB/s, got ${quote(text)}`);
}
