import * as v from 'valibot';
import type { ServerDocument } from '../topology/server-document.js';
import { serverTopologyAt } from '../topology/server-topology.js';
import type { ServerTopology } from '../topology/types.js';
import { parse } from '../topology/validate.js';
import { QUANTITY_MAX } from '../units.js';
import { type TopologyName, topology } from './topology.js';

/** Most servers of one built fabric; Frontier has 9,472. */
export const FABRIC_SERVERS_MAX = 65_536;
/** Slowest and fastest port, Gb/s; other figures are mistakes of units. */
const PORT_MIN_GBPS = 0.001;
const PORT_MAX_GBPS = 10_000;
/** Most ports of one server. */
const PORTS_MAX = 1024;
/** Smallest and largest oversubscription. */
const OVERSUBSCRIPTION_MIN = 0.001;
const OVERSUBSCRIPTION_MAX = 1000;

/** Options of the servers of any built fabric. */
export interface FabricServerOptions {
  /** CPU of each server, thousandths of a core. Default: left out of the document, not limiting. */
  readonly cpuMilli?: number | undefined;
  /** Memory of each server, MiB. Default: left out of the document, not limiting. */
  readonly memoryMiB?: number | undefined;
}

/** Options of the ports of each server. */
export interface ServerPortOptions extends FabricServerOptions {
  /**
   * Ports that join one server to the fabric: its first compute NICs in document order; the others are left out.
   * Default: all. More ports than it has NICs are spread evenly over the NICs.
   */
  readonly portsPerServer?: number | undefined;
  /**
   * Rate of one of these ports, Gb/s per direction. Default: that of the server's own ports where it states one rate for
   * all, else that of the builder's usual network.
   */
  readonly portGbps?: number | undefined;
}

/** A server type as a builder's option: a name of the catalogue, or a document of the caller's own. */
export type ServerOption = TopologyName | ServerDocument;

/** An integer option from 1 to `max`. */
export function countOption(max: number): v.GenericSchema<number> {
  const expected = `expected an integer from 1 to ${max}`;
  return v.pipe(
    v.number(expected),
    v.check((x) => Number.isInteger(x) && x >= 1 && x <= max, expected),
  );
}

/** A number option from `min` to `max`. */
export function rangeOption(min: number, max: number, unit: string): v.GenericSchema<number> {
  const expected = `expected a number from ${min} to ${max}${unit}`;
  return v.pipe(
    v.number(expected),
    v.check((x) => x >= min && x <= max, expected),
  );
}

/** A port rate in Gb/s. */
export const portGbpsOption: v.GenericSchema<number> = rangeOption(PORT_MIN_GBPS, PORT_MAX_GBPS, ' Gb/s');
/** The number of ports that join one server to the fabric. */
export const portsOption: v.GenericSchema<number> = countOption(PORTS_MAX);
/** The rate below a level of switches divided by the rate above it. */
export const oversubscriptionOption: v.GenericSchema<number> = rangeOption(
  OVERSUBSCRIPTION_MIN,
  OVERSUBSCRIPTION_MAX,
  '',
);
/** The number of members of one domain, or of domains. */
export const sizeOption: v.GenericSchema<number> = countOption(FABRIC_SERVERS_MAX);
/** CPU in milli-cores, or memory in MiB. */
const quantityOption: v.GenericSchema<number> = countOption(QUANTITY_MAX);

type OptionalNumber = v.OptionalSchema<v.GenericSchema<number>, undefined>;
/** The schemas of {@link FabricServerOptions}. */
export const serverFields: Record<keyof FabricServerOptions, OptionalNumber> = {
  cpuMilli: v.optional(quantityOption),
  memoryMiB: v.optional(quantityOption),
};
/** The schemas of {@link ServerPortOptions}. */
export const portFields: Record<keyof ServerPortOptions, OptionalNumber> = {
  ...serverFields,
  portsPerServer: v.optional(portsOption),
  portGbps: v.optional(portGbpsOption),
};

/**
 * Validates the options of a builder.
 *
 * @throws CorralError `invalid-option` with the path of the offending option
 */
export function parseOptions<const S extends v.GenericSchema>(schema: S, options: unknown): v.InferOutput<S> {
  return parse(schema, options, { code: 'invalid-option' });
}

/**
 * Returns the server type of an option.
 *
 * @throws CorralError `unknown-topology`, or what is wrong with the document, below `server`
 */
export function serverOption(server: unknown): ServerTopology {
  return typeof server === 'string' ? topology(server as TopologyName) : serverTopologyAt(server, ['server']);
}

/** The bandwidth of ports of a rate in Gb/s (10^9 bits/s), in GB/s (10^9 bytes/s); both per direction. */
export function portsToGBps(ports: number, gbps: number): number {
  return (ports * gbps) / 8;
}
