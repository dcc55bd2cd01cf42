import { CorralError } from '../errors.js';
import type { Device, ServerDocument } from '../topology/server-document.js';
import type { ServerTopology } from '../topology/types.js';
import { portsToGBps, serverOption } from './builder-options.js';

/** The type of the servers of a built fabric, and their ports. */
export interface FabricServer {
  /** Name of the type in the document. */
  readonly name: string;
  /** The type itself: a name of the catalogue, or a document. */
  readonly type: string | ServerDocument;
  /** Ports that join one server to the fabric. */
  readonly ports: number;
  /** Bandwidth of all these ports together, GB/s per direction. */
  readonly GBps: number;
}

/** The options of a builder about the ports of a server. */
export interface PortOptions {
  /** Name of the builder, for the source of the figures. */
  readonly builder: string;
  /** Number of ports of a server. Default: one for each compute NIC. */
  readonly ports?: number | undefined;
  /** Name of the option that says so. */
  readonly portsName: string;
  /**
   * Rate of each port, Gb/s per direction. Default: that of the server's own ports, if it states one rate for all.
   */
  readonly gbps?: number | undefined;
  /** Name of the option that says so. */
  readonly gbpsName: string;
  /** Rate if neither the option nor the server gives one, Gb/s. */
  readonly usualGbps: number;
}

/**
 * The server type of a fabric with the ports that the builder's options ask for. The ports are on the first compute
 * NICs in document order, one on each. Other compute NICs and their links are left out; NICs of other roles stay. If
 * there are more ports than compute NICs, they are spread evenly, and the first NICs have one more. A server without
 * compute NICs is unchanged: its ports count for the uplinks of its tier, but no GPU reaches them.
 *
 * @param given - the option `server`: a name of the catalogue or a document. If it states exactly these ports it is
 * unchanged; else a type of the catalogue gets a name that tells the difference, and a document of the caller keeps
 * its name
 * @param options - see {@link PortOptions}
 * @throws CorralError `unknown-topology`, what is wrong with the document, or `invalid-option` if the number of ports
 * is neither given nor can be counted
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
      // With fewer ports than NICs, each NIC that is kept has one port.
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

/** The rate that all ports state, Gb/s; undefined if they differ or one states none. */
function statedGbps(nics: readonly Device[]): number | undefined {
  const [first] = nics;
  return first?.portGBps !== undefined && nics.every((nic) => nic.portGBps === first.portGBps)
    ? first.portGBps * 8
    : undefined;
}

/**
 * A copy of a document with other ports.
 *
 * @param kept - id of a compute NIC that stays → bandwidth of its ports, GB/s
 */
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
