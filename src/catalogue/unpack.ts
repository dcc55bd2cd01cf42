import type { Device, Link, ServerDocument } from '../topology/server-document.js';

/**
 * Many server documents as one value that contains their common parts once. The test that compares it with
 * `topologies/*.json`, which are ten times as long, also writes it.
 */
export interface PackedCatalogue {
  /** Device ids, names of models and host bridges, sources and notes; other entries name them by position. */
  readonly texts: readonly string[];
  /** Devices without their ids: a value for each of {@link DEVICE_FIELDS}; null = absent. */
  readonly deviceKinds: readonly (readonly (string | number | boolean | null)[])[];
  /** Links without their ends; `source` is a position in `texts`. */
  readonly linkKinds: readonly (Omit<Link, 'between' | 'source'> & { readonly source: number })[];
  readonly servers: Readonly<Record<string, PackedServer>>;
}

/** The columns of `deviceKinds`. */
export const DEVICE_FIELDS: readonly Exclude<keyof Device, 'id'>[] = [
  'kind',
  'numa',
  'socket',
  'hostBridge',
  'model',
  'levels',
  'memoryGiB',
  'role',
  'portGBps',
  'portBasis',
  'portSource',
  'portVerified',
];
/** The columns that hold positions in `texts`. */
export const TEXT_FIELDS: ReadonlySet<string> = new Set<keyof Device>(['hostBridge', 'model', 'portSource']);

/** One server document of a {@link PackedCatalogue}. */
export interface PackedServer {
  /** The fields with single values. */
  readonly head: Omit<ServerDocument, 'devices' | 'links' | 'sources' | 'notes'>;
  /** Positions in `texts`. */
  readonly sources: readonly number[];
  readonly notes: readonly number[];
  /** Id and kind of each device: position in `texts`, position in `deviceKinds`. */
  readonly devices: readonly number[];
  /** Ends and kind of each link: two positions in `devices`, position in `linkKinds`. */
  readonly links: readonly number[];
}

/**
 * Unpacks one server document, equal to its file in `topologies/`.
 *
 * @param catalogue - the packed documents
 * @param name - a key of its `servers`
 * @returns the document, made of new objects
 * @complexity O(devices + links)
 */
export function unpackServer(catalogue: PackedCatalogue, name: string): ServerDocument {
  const { texts, deviceKinds, linkKinds, servers } = catalogue;
  const { head, ...packed } = servers[name]!;
  const textsAt = (positions: readonly number[]): string[] => positions.map((at) => texts[at]!);
  const devices: Device[] = [];
  for (let i = 0; i < packed.devices.length; i += 2) {
    const device: Record<string, unknown> = { id: texts[packed.devices[i]!]! };
    deviceKinds[packed.devices[i + 1]!]!.forEach((value, column) => {
      const field = DEVICE_FIELDS[column]!;
      if (value !== null) device[field] = TEXT_FIELDS.has(field) ? texts[value as number] : value;
    });
    devices.push(device as unknown as Device);
  }
  const links: Link[] = [];
  for (let i = 0; i < packed.links.length; i += 3) {
    const [a, b, kind] = packed.links.slice(i, i + 3) as [number, number, number];
    const { source, ...figures } = linkKinds[kind]!;
    links.push({ between: [devices[a]!.id, devices[b]!.id], ...figures, source: texts[source]! });
  }
  return {
    ...head,
    ...(packed.sources.length > 0 && { sources: textsAt(packed.sources) }),
    ...(packed.notes.length > 0 && { notes: textsAt(packed.notes) }),
    devices,
    links,
  };
}
