import { remembered } from '../../remembered.js';
import type { Device, DeviceKind, Link } from '../../topology/server-document.js';
import type { ServerTopology } from '../../topology/types.js';

/** A device, and the devices that are drawn inside its box. */
export interface DeviceNode {
  readonly device: Device;
  /** The link to the device around it; undefined for an outermost one. */
  readonly link: Link | undefined;
  /** In document order. */
  readonly children: readonly DeviceNode[];
  /** True if it is a GPU or has one inside. */
  readonly bearsGpu: boolean;
}

/** The nesting of devices in a drawing. */
export interface DeviceTree {
  /** In document order; usually the sockets. NVSwitches are among them only if they are linked to no GPU. */
  readonly roots: readonly DeviceNode[];
  /** Links between boxes that are not nested, in document order. */
  readonly crossLinks: readonly Link[];
}

/** Nesting by kind: a larger number may be inside a smaller one, and a PCIe switch inside another. */
const DEPTH: Readonly<Record<Exclude<DeviceKind, 'nvswitch'>, number>> = {
  socket: 0,
  numa: 1,
  'pcie-switch': 2,
  gpu: 3,
  nic: 4,
};
const OUTERMOST_FIRST = Object.keys(DEPTH) as readonly (keyof typeof DEPTH)[];

function mayHold(outer: DeviceKind, inner: DeviceKind): boolean {
  if (outer === 'nvswitch' || inner === 'nvswitch') return false;
  return DEPTH[inner] > DEPTH[outer] || (inner === 'pcie-switch' && outer === 'pcie-switch');
}

/**
 * Nests the devices of a server: each is inside the device through which it is nearest to a socket.
 *
 * Devices below no socket are nested in the same way around NUMA nodes, then switches, then GPUs. Only links count,
 * not attributes such as `socket`, so that a drawing shows no link that does not exist.
 *
 * @complexity O(devices + links)
 */
export function deviceTree(server: ServerTopology): DeviceTree {
  const { devices, links } = server.document;
  const kinds = new Map(devices.map((device) => [device.id, device.kind]));
  const around = new Map<string, Link[]>(devices.map((device) => [device.id, []]));
  for (const link of links) {
    for (const end of link.between) around.get(end)!.push(link);
  }
  const linkTo = new Map<string, Link>();
  const parentOf = new Map<string, string>();
  const reached = new Set<string>();
  for (const kind of OUTERMOST_FIRST) {
    const queue = devices
      .filter((device) => device.kind === kind && !reached.has(device.id))
      .map(({ id }) => id);
    for (const id of queue) reached.add(id);
    // The queue grows during the loop. Ends: each device enters it once.
    for (const outer of queue) {
      for (const link of around.get(outer)!) {
        const inner = link.between[0] === outer ? link.between[1] : link.between[0];
        if (reached.has(inner) || !mayHold(kinds.get(outer)!, kinds.get(inner)!)) continue;
        reached.add(inner);
        parentOf.set(inner, outer);
        linkTo.set(inner, link);
        queue.push(inner);
      }
    }
  }
  const childrenOf = new Map<string, Device[]>();
  for (const device of devices) {
    const parent = parentOf.get(device.id);
    if (parent !== undefined) remembered(childrenOf, parent, () => []).push(device);
  }
  const nested = new Set(linkTo.values());
  const reachesGpu = (id: string): boolean =>
    around.get(id)!.some(({ between }) => between.some((end) => kinds.get(end) === 'gpu'));
  return {
    roots: devices
      .filter(({ id, kind }) => !parentOf.has(id) && (kind !== 'nvswitch' || !reachesGpu(id)))
      .map((device) => nodeOf(device, childrenOf, linkTo)),
    crossLinks: links.filter((link) => !nested.has(link)),
  };
}

/** The depth of the recursion is at most the 1,024 devices of a document. */
function nodeOf(
  device: Device,
  childrenOf: ReadonlyMap<string, readonly Device[]>,
  linkTo: ReadonlyMap<string, Link>,
): DeviceNode {
  const children = (childrenOf.get(device.id) ?? []).map((child) => nodeOf(child, childrenOf, linkTo));
  const bearsGpu = device.kind === 'gpu' || children.some((child) => child.bearsGpu);
  return { device, link: linkTo.get(device.id), children, bearsGpu };
}
