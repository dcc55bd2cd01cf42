import {
  DEVICE_FIELDS,
  type PackedCatalogue,
  type PackedServer,
  TEXT_FIELDS,
} from '../../src/catalogue/unpack.js';
import type { Device, ServerDocument } from '../../src/topology/server-document.js';

/** Position of each value in a list that holds every distinct one once. */
class Distinct {
  readonly values: unknown[] = [];
  readonly #positions = new Map<string, number>();

  of(value: unknown): number {
    const key = JSON.stringify(value);
    const known = this.#positions.get(key);
    if (known !== undefined) return known;
    this.#positions.set(key, this.values.length);
    return this.values.push(value) - 1;
  }
}

/** Server documents as `topologies/packed/catalogue.json` holds them: what they have in common stands there once. */
export function packCatalogue(documents: readonly ServerDocument[]): PackedCatalogue {
  const texts = new Distinct();
  const deviceKinds = new Distinct();
  const linkKinds = new Distinct();
  const row = (device: Omit<Device, 'id'>): unknown[] => {
    const values = DEVICE_FIELDS.map((field) => {
      const value = device[field] ?? null;
      return value !== null && TEXT_FIELDS.has(field) ? texts.of(value) : value;
    });
    return values.slice(0, values.findLastIndex((value) => value !== null) + 1);
  };
  const servers = documents.map((document): [string, PackedServer] => {
    const { devices, links, sources = [], notes = [], ...head } = document;
    const position = new Map(devices.map((device, i) => [device.id, i]));
    return [
      document.name,
      {
        head,
        sources: sources.map((text) => texts.of(text)),
        notes: notes.map((text) => texts.of(text)),
        devices: devices.flatMap(({ id, ...kind }) => [texts.of(id), deviceKinds.of(row(kind))]),
        links: links.flatMap(({ between: [a, b], ...kind }) => [
          position.get(a)!,
          position.get(b)!,
          linkKinds.of({ ...kind, source: texts.of(kind.source) }),
        ]),
      },
    ];
  });
  return {
    texts: texts.values as string[],
    deviceKinds: deviceKinds.values as PackedCatalogue['deviceKinds'],
    linkKinds: linkKinds.values as PackedCatalogue['linkKinds'],
    servers: Object.fromEntries(servers),
  };
}

/** As JSON with one entry a line, so that a change of a file changes few lines here. */
export function packedText({ servers, ...lists }: PackedCatalogue): string {
  const block = (name: string, open: string, entries: string[], close: string): string =>
    `${JSON.stringify(name)}: ${open}\n${entries.join(',\n')}\n${close}`;
  const blocks = [
    ...Object.entries(lists).map(([name, values]) =>
      block(
        name,
        '[',
        (values as unknown[]).map((value) => JSON.stringify(value)),
        ']',
      ),
    ),
    block(
      'servers',
      '{',
      Object.entries(servers).map(([name, server]) => `${JSON.stringify(name)}: ${JSON.stringify(server)}`),
      '}',
    ),
  ];
  return `{\n${blocks.join(',\n')}\n}\n`;
}
