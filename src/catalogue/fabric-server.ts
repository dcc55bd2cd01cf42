import { CorralError } from '../errors.js';
import type { Device, ServerDocument } from '../topology/server-document.js';
import type { ServerTopology } from '../topology/server-topology.js';
import { portsToGBps, serverOption } from './builder-options.js';

/** The servers of a built fabric: their type, and the ports that join each to the fabric. */
export interface FabricServer {
  /** Name of the type in the document. */
  readonly name: string;
  /** What stands under that name: a name of the catalogue, or a document. */
  readonly type: string | ServerDocument;
  /** Ports that join one server to the fabric. */
  readonly ports: number;
  /** What these carry together, GB/s per direction. */
  readonly GBps: number;
}

/** What the options of a builder say about the ports of a server. */
export interface PortOptions {
  /** The builder, for the source of the figures. */
  readonly builder: string;
  /** Ports of a server. Default: one for each compute NIC. */
  readonly ports?: number | undefined;
  /** Name of the option that says so. */
  readonly portsName: string;
  /** Rate of each, Gb/s per direction. Default: that of the server's own, where it states one rate for all. */
  readonly gbps?: number | undefined;
  /** Name of the option that says so. */
  readonly gbpsName: string;
  /** Rate where neither the option nor the server says one, Gb/s. */
  readonly usualGbps: number;
}

/**
 * The server type of a fabric, with the ports that the builder's options ask for: the first compute NICs in document
 * order, each one port of the rate asked for. The other compute NICs and their links are left out; NICs of other roles
 * stay. More ports than compute NICs are spread evenly, the first NICs having one more. A server without compute NICs
 * stays as it is: it has ports for the uplinks of its tier, but no GPU reaches one.
 *
 * @param given - the option `server`: a name of the catalogue or a document. Where it states just these ports it stays
 * as it is; else a type of the catalogue gets a name that says what is different, a document of the caller keeps its own
 * @param options - see {@link PortOptions}
 * @throws CorralError `unknown-topology`, what is wrong with the document, or `invalid-option` where ports are neither said
 * nor to be counted
 * @complexity O(devices + links)
 */
export function fabricServer(given: unknown, options: PortOptions): FabricServer {
  const server = serverOption(given);
  const nics = computeNics(server);
  const ports = options.ports ?? nics.length;
  if (ports === 0) {
    throw new CorralError(
      'invalid-option',
      [options.portsName],
      `server type ${server.name} has no compute NIC to count: say how many ports join it to the fabric, or add NICs to its document`,
    );
  }
  const gbps = options.gbps ?? statedGbps(nics) ?? options.usualGbps;
  const GBps = portsToGBps(ports, gbps);
  const kept = new Map(
    nics.slice(0, ports).map((nic, i) => {
      // Below one port for each NIC, those that are kept have one.
      const ofNic =
        ports < nics.length ? 1 : Math.floor(ports / nics.length) + Number(i < ports % nics.length);
      return [nic.id, portsToGBps(ofNic, gbps)];
    }),
  );
  const isAsStated = kept.size === nics.length && nics.every((nic) => nic.portGBps === kept.get(nic.id));
  if (isAsStated) {
    return { name: server.name, type: typeof given === 'string' ? given : server.document, ports, GBps };
  }
  const document = withPorts(server.document, kept, gbps, options);
  if (typeof given !== 'string') return { name: server.name, type: document, ports, GBps };
  const name = `${server.name} with ${ports} ports of ${gbps} Gb/s`;
  return { name, type: { ...document, name }, ports, GBps };
}

/** NICs that join a server to the compute fabric, in document order. */
export function computeNics(server: ServerTopology): readonly Device[] {
  return server.document.devices.filter(isComputeNic);
}

function isComputeNic({ kind, role }: Device): boolean {
  return kind === 'nic' && (role ?? 'compute') === 'compute';
}

/** The rate that all ports state, Gb/s; undefined where they differ or one states none. */
function statedGbps(nics: readonly Device[]): number | undefined {
  const [first] = nics;
  return first?.portGBps !== undefined && nics.every((nic) => nic.portGBps === first.portGBps)
    ? first.portGBps * 8
    : undefined;
}

/** @param kept - id of a compute NIC that stays → what its ports carry, GB/s */
function withPorts(
  document: ServerDocument,
  kept: ReadonlyMap<string, number>,
  gbps: number,
  { builder, gbpsName }: PortOptions,
): ServerDocument {
  const dropped = new Set(
    document.devices.filter((device) => isComputeNic(device) && !kept.has(device.id)).map(({ id }) => id),
  );
  return {
    ...document,
    devices: document.devices
      .filter(({ id }) => !dropped.has(id))
      .map((device): Device => {
        const portGBps = kept.get(device.id);
        if (portGBps === undefined || device.portGBps === portGBps) return device;
        const portSource = `${builder}, option ${gbpsName}: ${gbps} Gb/s`;
        return { ...device, portGBps, portBasis: 'nccl', portSource, portVerified: false };
      }),
    links: document.links.filter(({ between }) => !between.some((id) => dropped.has(id))),
  };
}
