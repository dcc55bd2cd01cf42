import * as v from 'valibot';
import { CorralError, quote } from '../errors.js';
import { GPUS_PER_SERVER_MAX, TEXT_LENGTH_MAX } from '../units.js';
import { bandwidthFigure } from './bandwidth-figure.js';
import { parse, strictFields } from './validate.js';

/** Most devices in one server document: the largest real machine in the catalogue has 56. */
const DEVICES_MAX = 1024;
/** Most links in one server document. */
const LINKS_MAX = 8192;
/** Most texts in `sources` and in `notes`. */
const TEXTS_MAX = 1024;
/** Most entries of the lists of a server document. */
export const SERVER_ENTRIES_MAX: Readonly<Record<string, number>> = {
  devices: DEVICES_MAX,
  links: LINKS_MAX,
  between: 16,
  sources: TEXTS_MAX,
  notes: TEXTS_MAX,
};
/** Largest memory of one device, GiB: a larger figure is a mistake of units. */
const MEMORY_MAX_GIB = 1e6;

const text = v.pipe(
  v.string(),
  v.minLength(1, 'expected a non-empty text'),
  v.maxLength(TEXT_LENGTH_MAX, `expected at most ${TEXT_LENGTH_MAX} characters`),
);
const place = v.union(
  [v.pipe(v.number(), v.integer(), v.minValue(0)), text],
  'expected a non-negative integer or a name',
);

/** The kinds of vertices of a server graph. `numa` is a NUMA node with its host bridges. */
export const DEVICE_KINDS = ['gpu', 'nic', 'numa', 'socket', 'pcie-switch', 'nvswitch'] as const;
/** The kind of a device. */
export type DeviceKind = (typeof DEVICE_KINDS)[number];

/** The media of links; the first three are the accelerator fabric. */
export const MEDIA = [
  'nvlink',
  'xgmi',
  'scale-up-ethernet',
  'pcie',
  'c2c',
  'socket',
  'on-package',
  'on-chip',
] as const;
/** The medium of a link. */
export type Medium = (typeof MEDIA)[number];

/** Where a bandwidth figure comes from: measured, NCCL's constant, or 0.85 of the raw line rate. */
export const BANDWIDTH_BASES = ['measured', 'nccl', 'raw'] as const;
/** The basis of a bandwidth figure. */
export type BandwidthBasis = (typeof BANDWIDTH_BASES)[number];

/** One vertex of a server document. */
export interface Device {
  readonly id: string;
  readonly kind: DeviceKind;
  /** NUMA node the device is local to. */
  readonly numa?: number | string | undefined;
  /** CPU socket the device is local to. */
  readonly socket?: number | string | undefined;
  /**
   * Host bridge (PCIe root) above the device. Two devices below one bridge are PHB, below two bridges of one NUMA
   * node NODE.
   */
  readonly hostBridge?: string | undefined;
  /** 2 for a switch that appears as two PCIe levels: devices below this one chip are then PXB, not PIX. */
  readonly levels?: 1 | 2 | undefined;
  readonly model?: string | undefined;
  readonly memoryGiB?: number | undefined;
  /** NICs only: the network of the port. Only `compute` NICs (the default) carry collectives. */
  readonly role?: 'compute' | 'storage' | 'frontend' | undefined;
  /** NICs only: bandwidth of all its ports together, GB/s per direction; absent = not known, not limiting. */
  readonly portGBps?: number | undefined;
  /** Where `portGBps` comes from; `nccl` is the line rate in Gb/s divided by 8. */
  readonly portBasis?: BandwidthBasis | undefined;
  /** Where `portGBps` was read. */
  readonly portSource?: string | undefined;
  /** True if `portGBps` was checked against a dump or a vendor's document. */
  readonly portVerified?: boolean | undefined;
}

/** One edge of a server document. */
export interface Link {
  /** The ids of the two devices it joins; it has no direction. */
  readonly between: readonly [string, string];
  readonly medium: Medium;
  /** Achievable by software, 10^9 bytes/s, per direction. */
  readonly bandwidthGBps: number;
  readonly basis: BandwidthBasis;
  /** Highest rate of one flow, GB/s per direction, where that is less than the link carries in total. */
  readonly flowCapGBps?: number | undefined;
  /** Line rate after encoding, GB/s per direction. */
  readonly rawGBps?: number | undefined;
  /** NCCL's constant for such a link, GB/s per direction. */
  readonly ncclGBps?: number | undefined;
  /** Physical NVLinks or xGMI links in this edge. */
  readonly links?: number | undefined;
  /** Where the figure was read. */
  readonly source: string;
  /** True if the figure was checked against a measurement, a dump or a vendor's document. */
  readonly verified: boolean;
}

/** A server type as data: devices, links, and the source of each figure. */
export interface ServerDocument {
  readonly name: string;
  readonly title: string;
  readonly gpuModel: string;
  readonly devices: readonly Device[];
  readonly links: readonly Link[];
  /**
   * False if GPUs cannot exchange data directly across PCIe or sockets, as in many virtual machines and with consumer
   * cards: all traffic outside the accelerator fabric then passes through host memory. Default true.
   */
  readonly peerToPeer?: boolean | undefined;
  readonly vendor?: string | undefined;
  /** Where the graph comes from: a dump, a published matrix, a specification, or rules. */
  readonly confidence?: 'file' | 'matrix' | 'spec' | 'derived' | undefined;
  readonly sources?: readonly string[] | undefined;
  readonly notes?: readonly string[] | undefined;
}

/** Fields that only a NIC has. */
const NIC_FIELDS = ['role', 'portGBps', 'portBasis', 'portSource', 'portVerified'] as const;

const deviceSchema: v.GenericSchema<Device> = strictFields({
  id: text,
  kind: v.picklist(DEVICE_KINDS),
  numa: v.exactOptional(place),
  socket: v.exactOptional(place),
  hostBridge: v.exactOptional(text),
  levels: v.exactOptional(v.picklist([1, 2])),
  model: v.exactOptional(text),
  memoryGiB: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(MEMORY_MAX_GIB))),
  role: v.exactOptional(v.picklist(['compute', 'storage', 'frontend'])),
  portGBps: v.exactOptional(bandwidthFigure),
  portBasis: v.exactOptional(v.picklist(BANDWIDTH_BASES)),
  portSource: v.exactOptional(text),
  portVerified: v.exactOptional(v.boolean()),
});

const linkSchema: v.GenericSchema<Link> = strictFields({
  between: v.pipe(v.strictTuple([text, text]), v.readonly()),
  medium: v.picklist(MEDIA),
  bandwidthGBps: bandwidthFigure,
  basis: v.picklist(BANDWIDTH_BASES),
  flowCapGBps: v.exactOptional(bandwidthFigure),
  rawGBps: v.exactOptional(bandwidthFigure),
  ncclGBps: v.exactOptional(bandwidthFigure),
  links: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1024))),
  source: text,
  verified: v.boolean(),
});

/** The schema of a server document; `topologies/*.json` are instances. */
export const serverDocumentSchema: v.GenericSchema<ServerDocument> = strictFields({
  name: text,
  title: text,
  gpuModel: text,
  devices: v.pipe(
    v.array(deviceSchema),
    v.minLength(1, 'expected at least one device'),
    v.maxLength(DEVICES_MAX, `expected at most ${DEVICES_MAX} devices`),
    v.readonly(),
  ),
  links: v.pipe(
    v.array(linkSchema),
    v.maxLength(LINKS_MAX, `expected at most ${LINKS_MAX} links`),
    v.readonly(),
  ),
  peerToPeer: v.exactOptional(v.boolean()),
  vendor: v.exactOptional(text),
  confidence: v.exactOptional(v.picklist(['file', 'matrix', 'spec', 'derived'])),
  sources: v.exactOptional(v.pipe(v.array(text), v.readonly())),
  notes: v.exactOptional(v.pipe(v.array(text), v.readonly())),
});

/**
 * Validates a server document: shape, ranges, unique ids, and that links join two devices that exist.
 *
 * @param document - a parsed JSON value
 * @param path - where the document is inside a larger one, for errors
 * @returns the document, typed
 * @throws CorralError `invalid-document`, `duplicate-id`, `unknown-reference` or `limit-exceeded`
 */
export function parseServerDocument(
  document: unknown,
  path: readonly (string | number)[] = [],
): ServerDocument {
  const server = parse(serverDocumentSchema, document, {
    code: 'invalid-document',
    path,
    entriesMax: SERVER_ENTRIES_MAX,
  });
  const ids = new Set<string>();
  let gpuCount = 0;
  server.devices.forEach((device, i) => {
    if (ids.has(device.id)) {
      throw new CorralError(
        'duplicate-id',
        [...path, 'devices', i, 'id'],
        `device ${quote(device.id)} is defined twice: give each device its own id`,
      );
    }
    if (device.id in Object.prototype) {
      // graphology keeps neighbours in plain objects, where these keys are taken.
      throw new CorralError(
        'invalid-document',
        [...path, 'devices', i, 'id'],
        `no device can be called ${quote(device.id)}, a name that every JavaScript object has: give it another id`,
      );
    }
    ids.add(device.id);
    if (device.kind === 'gpu') gpuCount++;
    for (const field of NIC_FIELDS) {
      if (device[field] === undefined || device.kind === 'nic') continue;
      throw new CorralError(
        'invalid-document',
        [...path, 'devices', i, field],
        `only a nic has a ${field}: remove it`,
      );
    }
  });
  if (gpuCount > GPUS_PER_SERVER_MAX) {
    throw new CorralError(
      'limit-exceeded',
      [...path, 'devices'],
      `${gpuCount} GPUs, at most ${GPUS_PER_SERVER_MAX} in one server: describe a larger domain as a tier of servers`,
    );
  }
  const pairs = new Set<string>();
  server.links.forEach((link, i) => {
    const [a, b] = link.between;
    for (const end of [0, 1] as const) {
      if (!ids.has(link.between[end])) {
        throw new CorralError(
          'unknown-reference',
          [...path, 'links', i, 'between', end],
          `no device ${quote(link.between[end])}: add it to devices`,
        );
      }
    }
    if (a === b) {
      throw new CorralError(
        'invalid-document',
        [...path, 'links', i, 'between'],
        `joins ${quote(a)} to itself`,
      );
    }
    // JSON of the pair is unambiguous for any ids.
    const pair = JSON.stringify([a, b]);
    if (pairs.has(pair) || pairs.has(JSON.stringify([b, a]))) {
      throw new CorralError(
        'duplicate-id',
        [...path, 'links', i, 'between'],
        `${quote(a)} and ${quote(b)} are linked twice: sum the bandwidth and give the number as links`,
      );
    }
    pairs.add(pair);
  });
  return server;
}
