import type { Device, Link, ServerDocument } from '../../topology/server-document.js';
import type { ServerImportOptions } from './import-options.js';
import type { LinkFigures } from './link-figures.js';
import { fittingNotes } from './notes.js';

/** The fields of a device that say where it hangs. */
export type Location = Pick<Device, 'numa' | 'socket' | 'hostBridge'>;

/** What a reader knows of a whole document. */
export interface DocumentFacts extends Pick<ServerDocument, 'name' | 'title' | 'gpuModel' | 'devices'> {
  readonly confidence: NonNullable<ServerDocument['confidence']>;
  /** What was read: `hwloc XML`. */
  readonly source: string;
  readonly notes: readonly string[];
}

/**
 * Writes a server document piece by piece, for every reader: unique ids, sockets, NUMA nodes, switches, links.
 *
 * The devices of the host and the switches are collected here; GPUs and NICs are the reader's own.
 */
export class ServerWriter {
  /** Sockets and NUMA nodes. */
  readonly hosts: Device[] = [];
  /** PCIe switches and NVSwitches. */
  readonly switches: Device[] = [];
  readonly links: Link[] = [];
  /** Position of the link between two devices, by their sorted ids. */
  readonly #linkAt = new Map<string, number>();
  /** Id of each socket by its number or name, in the order in which they were added. */
  readonly #sockets = new Map<number | string, string>();
  readonly #ids: Set<string>;
  #pcieSwitchCount = 0;
  #nvswitchCount = 0;

  /** @param taken - ids that no device written here may have */
  constructor(taken: Iterable<string> = []) {
    this.#ids = new Set(taken);
  }

  get socketCount(): number {
    return this.#sockets.size;
  }

  /**
   * An id that no other device has: `base`, or `base.2`, `base.3`, … where that is taken.
   *
   * Names such as `constructor` get the ending `.nic`: graphology looks neighbours up in plain objects, which always
   * have a member of that name.
   */
  freshId(base: string): string {
    const free = base in Object.prototype ? `${base}.nic` : base;
    let id = free;
    for (let n = 2; this.#ids.has(id); n++) id = `${free}.${n}`;
    this.#ids.add(id);
    return id;
  }

  link(a: string, b: string, figures: LinkFigures): void {
    this.#linkAt.set(JSON.stringify([a, b].sort()), this.links.length);
    this.links.push({ between: [a, b], ...figures });
  }

  isLinked(a: string, b: string): boolean {
    return this.#linkAt.has(JSON.stringify([a, b].sort()));
  }

  /** As {@link link}, but two devices get one link: the faster of two of one medium, the first of two media. */
  linkOnce(a: string, b: string, figures: LinkFigures): void {
    if (!this.isLinked(a, b)) {
      this.link(a, b, figures);
      return;
    }
    const at = this.#linkAt.get(JSON.stringify([a, b].sort()))!;
    const { medium, bandwidthGBps, between } = this.links[at]!;
    if (medium === figures.medium && bandwidthGBps < figures.bandwidthGBps) {
      this.links[at] = { between, ...figures };
    }
  }

  /**
   * The socket of a number or name, which is written on first use.
   *
   * @param socket - number or name
   * @param figures - its link to every socket before it; without them the reader links sockets itself
   * @param model - the processor
   * @returns its id
   */
  socket(socket: number | string, figures?: LinkFigures, model?: string): string {
    const known = this.#sockets.get(socket);
    if (known !== undefined) return known;
    const id = this.freshId(`socket${socket}`);
    if (figures !== undefined) for (const other of this.#sockets.values()) this.link(other, id, figures);
    this.#sockets.set(socket, id);
    this.hosts.push({ id, kind: 'socket', socket, ...(model !== undefined && { model }) });
    return id;
  }

  /**
   * Writes a NUMA node.
   *
   * @param name - its number, or a name where the text has none
   * @param location - its number and socket, where they are known
   * @returns its id
   */
  numaNode(name: number | string, location: Location): string {
    const id = this.freshId(`numa${name}`);
    this.hosts.push({ id, kind: 'numa', ...location });
    return id;
  }

  /**
   * Writes a PCIe switch.
   *
   * @param fields - where it is, and what else is known of it
   * @param base - its id where that is free; default: `pcie-switch` and its number
   * @returns its id
   */
  pcieSwitch(
    fields: Omit<Device, 'id' | 'kind'>,
    base: string = `pcie-switch${this.#pcieSwitchCount++}`,
  ): string {
    const id = this.freshId(base);
    this.switches.push({ id, kind: 'pcie-switch', ...fields });
    return id;
  }

  /** Writes an NVSwitch and returns its id. */
  nvswitch(): string {
    const id = this.freshId(`nvswitch${this.#nvswitchCount++}`);
    this.switches.push({ id, kind: 'nvswitch' });
    return id;
  }

  /** The document with all links written so far. */
  document(options: Pick<ServerImportOptions, 'name' | 'title'>, facts: DocumentFacts): ServerDocument {
    const { name, title, gpuModel, devices, confidence, source, notes } = facts;
    return {
      name: options.name ?? name,
      title: options.title ?? title,
      gpuModel,
      devices,
      links: this.links,
      confidence,
      sources: [source],
      ...(notes.length > 0 && { notes: fittingNotes(notes) }),
    };
  }
}

/**
 * The socket of a NUMA node where the caller says how many nodes share one.
 *
 * @param numa - number of the node, if it has one
 * @param perSocket - nodes of one socket
 * @param position - position of the node among those of the server
 * @returns number of the socket; a name of its own for a node without number
 */
export function sharedSocketOf(
  numa: number | string | undefined,
  perSocket: number,
  position: number,
): number | string {
  return typeof numa === 'number' ? Math.floor(numa / perSocket) : `-unknown${position}`;
}
