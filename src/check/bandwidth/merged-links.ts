import { CorralError } from '../../errors.js';
import { devicesOf } from '../../topology/device-at.js';
import type { DeviceKind, Medium, ServerTopology } from '../../topology/index.js';
import type { Capacity } from './every-cut.js';

/** A link of the graph in which the NVSwitches of each fabric are one vertex. */
export interface MergedLink extends Capacity {
  /** True if it belongs to the accelerator fabric. */
  readonly inFabric: boolean;
  readonly medium: Medium;
  /** Highest rate of one flow, GB/s: the least of capacity and per-flow cap. */
  readonly flowGBps: number;
}

const FABRIC: ReadonlySet<Medium> = new Set<Medium>(['nvlink', 'xgmi', 'scale-up-ethernet']);

/**
 * The links of a server, each NVSwitch replaced by the first one of its fabric. Two NVSwitches are of one fabric if
 * links of one accelerator medium join them to each other or to a common GPU, directly or through further switches.
 *
 * @complexity O(links^2 × NVSwitches), small as both are
 */
export function mergedLinks(server: ServerTopology): MergedLink[] {
  const firstOf = new Map<string, string>();
  for (const { id, kind } of server.document.devices) if (kind === 'nvswitch') firstOf.set(id, id);
  const edges = server.document.links
    .map(({ medium, between: [a, b] }) => ({ a, b, medium }))
    .filter(({ medium }) => FABRIC.has(medium));
  const order = [...firstOf.keys()];
  const lower = (a: string, b: string): boolean => {
    const [x, y] = [firstOf.get(a)!, firstOf.get(b)!];
    if (x === y) return false;
    const first = order.indexOf(x) < order.indexOf(y) ? x : y;
    firstOf.set(a, first);
    firstOf.set(b, first);
    return true;
  };
  // The first switch of a fabric spreads to all its members. Ends: every change gives a switch an earlier
  // representative.
  for (let changed = true; changed; ) {
    changed = false;
    for (const { a, b, medium } of edges) {
      if (firstOf.has(a) && firstOf.has(b) && lower(a, b)) changed = true;
      for (const other of edges) {
        if (other.medium !== medium) continue;
        for (const [hub, from] of [
          [a, b],
          [b, a],
        ] as const) {
          const to = other.a === hub ? other.b : other.b === hub ? other.a : undefined;
          if (to === undefined || !firstOf.has(from) || !firstOf.has(to)) continue;
          if (kindOf(server, hub) === 'gpu' && lower(from, to)) changed = true;
        }
      }
    }
  }
  return plainLinks(server).map((link) => ({
    ...link,
    a: firstOf.get(link.a) ?? link.a,
    b: firstOf.get(link.b) ?? link.b,
  }));
}

/** The links of a server, each NVSwitch by itself. */
export function plainLinks({ document }: ServerTopology): MergedLink[] {
  return document.links.map(({ between: [a, b], medium, bandwidthGBps, flowCapGBps = bandwidthGBps }) => ({
    a,
    b,
    GBps: bandwidthGBps,
    inFabric: FABRIC.has(medium),
    medium,
    flowGBps: Math.min(bandwidthGBps, flowCapGBps),
  }));
}

/** Most devices and links of a server; the largest of the catalogue has 56 and 141. */
const DEVICES_MAX = 256;
const LINKS_MAX = 1024;

/**
 * Refuses a server for which the enumerations of this folder would take minutes.
 *
 * @throws CorralError `limit-exceeded`
 */
export function holdSize(server: ServerTopology): void {
  const { devices, links } = server.document;
  if (devices.length <= DEVICES_MAX && links.length <= LINKS_MAX) return;
  throw new CorralError(
    'limit-exceeded',
    ['server'],
    `${devices.length} devices and ${links.length} links, at most ${DEVICES_MAX} and ${LINKS_MAX} for an enumeration: take a smaller server`,
  );
}

/** The kind of a device by its id. */
export function kindOf(server: ServerTopology, id: string): DeviceKind {
  return devicesOf(server).get(id)!.kind;
}
