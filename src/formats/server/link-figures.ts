import type { BandwidthBasis, Device, Link, Medium } from '../../topology/server-document.js';
import {
  NOT_LIMITING_GBPS,
  PCIE_X16,
  type PcieGeneration,
  RAW_SHARE,
  type SocketConstant,
} from './constants.js';
import type { ServerImportOptions } from './import-options.js';

/** A link of a document without its two ends. */
export type LinkFigures = Omit<Link, 'between'>;

/** Rounds GB/s to 1 kB/s, so that 18 × 20.6 is 370.8. */
export function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

/**
 * Where a figure comes from, for the source of a link.
 *
 * @param basis - which figures are wanted
 * @param constant - where NCCL or RCCL has its constant: `NCCL 2.30.7 topo.cc`
 */
export function basisSource(basis: BandwidthBasis, constant: string): string {
  return basis === 'nccl' ? constant : `${RAW_SHARE} of the line rate`;
}

/**
 * A PCIe link of 16 lanes whose generation is assumed or stated.
 *
 * @param generation - PCIe generation
 * @param basis - NCCL's constant, or a share of the line rate
 * @param origin - start of the source: `stated by the caller`
 */
export function pcieX16(generation: PcieGeneration, basis: BandwidthBasis, origin: string): LinkFigures {
  const { ncclGBps, rawGBps } = PCIE_X16[generation];
  return {
    medium: 'pcie',
    bandwidthGBps: basis === 'nccl' ? ncclGBps : rounded(rawGBps * RAW_SHARE),
    basis,
    ncclGBps,
    rawGBps,
    source: `${origin}: PCIe Gen${generation} x16, ${basisSource(basis, 'NCCL 2.30.7 topo.cc')}`,
    verified: false,
  };
}

/** A link that limits no transfer. */
export function notLimiting(medium: Medium, source: string): LinkFigures {
  const bandwidthGBps = NOT_LIMITING_GBPS;
  return { medium, bandwidthGBps, basis: 'nccl', ncclGBps: bandwidthGBps, source, verified: false };
}

/** The link between two sockets by the caller's figure; `origin` is the start of its source. */
export function statedSocketLink(bandwidthGBps: number, basis: BandwidthBasis, origin: string): LinkFigures {
  return { medium: 'socket', bandwidthGBps, basis, source: `${origin}stated by the caller`, verified: false };
}

/**
 * The link between two sockets: the caller's figure, else NCCL's for the CPU.
 *
 * @param cpu - NCCL's figure
 * @param options - `socketGBps`, and its basis
 * @param origin - start of the source, with its separator
 */
export function socketLink(
  { ncclGBps, name }: SocketConstant,
  { socketGBps, basis = 'nccl' }: Pick<ServerImportOptions, 'socketGBps' | 'basis'>,
  origin: string,
): LinkFigures {
  if (socketGBps !== undefined) return statedSocketLink(socketGBps, basis, origin);
  const source = `${origin}NCCL 2.30.7 topo.h, ${name}`;
  return { medium: 'socket', bandwidthGBps: ncclGBps, basis: 'nccl', ncclGBps, source, verified: false };
}

/** The links between a GPU or NIC and the CPUs, in a server whose text has no figures of them. */
export interface HostFigures {
  /** PCIe x16. */
  readonly pcie: LinkFigures;
  /** Between a NUMA node and its socket. */
  readonly onPackage: LinkFigures;
  /** Between two sockets. */
  readonly socket: LinkFigures;
}

/**
 * The links to and between the CPUs of a server whose text has no figures of them.
 *
 * @param options - what the caller knows of the server; PCIe is Gen5 by default
 * @param cpu - NCCL's figure between sockets, used where the caller gives none
 * @param origin - start of the sources, which says that figures are assumed
 * @returns figures, none verified
 */
export function assumedHostFigures(
  options: Pick<ServerImportOptions, 'basis' | 'pcieGeneration' | 'socketGBps'>,
  cpu: SocketConstant,
  origin: string,
): HostFigures {
  return {
    pcie: pcieX16(options.pcieGeneration ?? 5, options.basis ?? 'nccl', origin),
    onPackage: notLimiting('on-package', `${origin}: not limiting, NCCL 2.30.7 topo.h, LOC`),
    socket: socketLink(cpu, options, `${origin}: `),
  };
}

/** The fields of a NIC that hold the rate of its ports. */
export type PortFigures = Required<Pick<Device, 'portGBps' | 'portBasis' | 'portSource' | 'portVerified'>>;

/**
 * The rate of the ports of a NIC.
 *
 * @param portGBps - what they carry together, GB/s per direction
 * @param portSource - where it comes from
 * @param portVerified - whether it can be trusted
 * @returns the fields of the NIC
 */
export function portFigures(portGBps: number, portSource: string, portVerified: boolean): PortFigures {
  return { portGBps: rounded(portGBps), portBasis: 'nccl', portSource, portVerified };
}

/**
 * The rate of ports that the caller states.
 *
 * @param portGbps - the option of that name, Gb/s
 * @returns the fields of the NIC; none without the option
 */
export function portOfCaller(portGbps: number | undefined): Partial<PortFigures> {
  if (portGbps === undefined) return {};
  return portFigures(portGbps / 8, `${portGbps} Gb/s stated by the caller`, false);
}
