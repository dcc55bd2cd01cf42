import { CorralError } from '../../errors.js';
import { devicesOf } from '../../topology/device-at.js';
import type { DeviceKind, Medium, ServerTopology } from '../../topology/index.js';
import type { Capacity } from './every-cut.js';

/** A link after the NVSwitches of each fabric have become one vertex. */
export interface MergedLink extends Capacity {
  /** Whether it belongs to the accelerator fabric. */
  readonly inFabric: boolean;
  readonly medium: Medium;
  /** What one flow reaches, GB/s: the capacity, or the cap on flows where that is less. */
  readonly flowGBps: number;
}

const FABRIC: ReadonlySet<Medium> = new Set<Medium>(['nvlink', 'xgmi', 'scale-up-ethernet']);

/**
 * The links of a server, each NVSwitch replaced by the first one of its fabric. Two are of one fabric if links of
 * one accelerator medium join them, or both of them to one GPU, directly or by way of further switches.
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
  // Names spread from the first switches until none changes: every change moves a switch to an earlier one.
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

/** Most devices and links of a server that is judged; the largest of the catalogue has 56 and 141. */
const DEVICES_MAX = 256;
const LINKS_MAX = 1024;

/**
 * Refuses a server that would take minutes: what is judged here is looked at in every possible way.
 *
 * @throws CorralError `limit-exceeded`
 */
export function holdSize(server: ServerTopology): void {
  const { devices, links } = server.document;
  if (devices.length <= DEVICES_MAX && links.length <= LINKS_MAX) return;
  throw new CorralError(
    'limit-exceeded',
    ['server'],
    `${devices.length} devices and ${links.length} links, at most ${DEVICES_MAX} and ${LINKS_MAX} can be looked at: take a smaller server`,
  );
}

/** The kind of a device by its id. */
export function kindOf(server: ServerTopology, id: string): DeviceKind {
  return devicesOf(server).get(id)!.kind;
}
