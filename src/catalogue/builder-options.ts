import * as v from 'valibot';
import type { ServerDocument } from '../topology/server-document.js';
import { type ServerTopology, serverTopologyAt } from '../topology/server-topology.js';
import { parse } from '../topology/validate.js';
import { QUANTITY_MAX } from '../units.js';
import { type TopologyName, topology } from './topology.js';

/** Most servers in one built fabric: several times the largest machine in service (Frontier has 9,472). */
export const FABRIC_SERVERS_MAX = 65_536;
/** Slowest and fastest port, Gb/s: other figures are unit mistakes. */
const PORT_MIN_GBPS = 0.001;
const PORT_MAX_GBPS = 10_000;
/** Most ports of one server. */
const PORTS_MAX = 1024;
/** Ratios beyond these are mistakes. */
const OVERSUBSCRIPTION_MIN = 0.001;
const OVERSUBSCRIPTION_MAX = 1000;

/** What every server of a fabric has, whatever the fabric. */
export interface FabricServerOptions {
  /** CPU of each server, thousandths of a core. Default: left out of the document, not limiting. */
  readonly cpuMilli?: number | undefined;
  /** Memory of each server, MiB. Default: left out of the document, not limiting. */
  readonly memoryMiB?: number | undefined;
}

/** What joins each server to the fabric, where the builder does not call it rails. */
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
/** Rate below a level of switches divided by the rate above it. */
export const oversubscriptionOption: v.GenericSchema<number> = rangeOption(
  OVERSUBSCRIPTION_MIN,
  OVERSUBSCRIPTION_MAX,
  '',
);
/** The members of one domain, and the number of domains. */
export const sizeOption: v.GenericSchema<number> = countOption(FABRIC_SERVERS_MAX);
/** CPU in milli-cores, or memory in MiB. */
const quantityOption: v.GenericSchema<number> = countOption(QUANTITY_MAX);

/** The schemas of {@link FabricServerOptions}. */
export const serverFields: Record<
  keyof FabricServerOptions,
  v.OptionalSchema<v.GenericSchema<number>, undefined>
> = {
  cpuMilli: v.optional(quantityOption),
  memoryMiB: v.optional(quantityOption),
};
/** The schemas of {@link ServerPortOptions}. */
export const portFields: Record<
  keyof ServerPortOptions,
  v.OptionalSchema<v.GenericSchema<number>, undefined>
> = {
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
 * The server type of an option.
 *
 * @throws CorralError `unknown-topology`, or what is wrong with the document, below `server`
 */
export function serverOption(server: unknown): ServerTopology {
  return typeof server === 'string' ? topology(server as TopologyName) : serverTopologyAt(server, ['server']);
}

/** Ports of a rate in Gb/s (10^9 bits/s) as GB/s (10^9 bytes/s), both per direction. */
export function portsToGBps(ports: number, gbps: number): number {
  return (ports * gbps) / 8;
}
