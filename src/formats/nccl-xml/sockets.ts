import { CorralError } from '../../errors.js';
import type { LinkFigures } from '../server/link-figures.js';
import { interCpu } from './figures.js';
import type { NcclXmlOptions } from './options.js';
import type { NcclCpu } from './tree.js';

/** Longest name of a socket taken from the file, in characters. */
const NAME_LENGTH_MAX = 128;

/**
 * The socket of a NUMA node.
 *
 * @param cpu - the NUMA node
 * @param position - its place among those of the server
 * @param options - how many of them share a socket
 * @returns what the caller or the file says, else one of its own
 */
export function socketOf(cpu: NcclCpu, position: number, options: NcclXmlOptions): number | string {
  const perSocket = options.numaNodesPerSocket;
  if (perSocket !== undefined) {
    return cpu.numa === undefined ? `-unknown${position}` : Math.floor(cpu.numa / perSocket);
  }
  const said = cpu.socket?.slice(0, NAME_LENGTH_MAX);
  if (said === undefined) return position;
  return /^(?:0|[1-9]\d{0,8})$/.test(said) ? Number(said) : said;
}

/**
 * The figures of a link between two sockets.
 *
 * @param cpus - their NUMA nodes; the slowest decides
 * @param options - the figure where the file does not say which CPUs these are
 * @returns bandwidth of the link
 * @throws CorralError `invalid-option` if neither says
 */
export function socketFigures(cpus: readonly NcclCpu[], options: NcclXmlOptions): LinkFigures {
  const medium = 'socket';
  if (options.socketGBps !== undefined) {
    const bandwidthGBps = options.socketGBps;
    return { medium, bandwidthGBps, basis: 'nccl', source: 'stated by the caller', verified: false };
  }
  const figures = cpus.map((cpu) => {
    const figure = interCpu(cpu);
    if (figure !== undefined) return figure;
    throw new CorralError(
      'invalid-option',
      ['socketGBps'],
      `line ${cpu.line} does not say which CPU it is (arch, vendor, familyid, modelid): give GB/s between two sockets`,
    );
  });
  const least = figures.reduce((a, b) => (b.GBps < a.GBps ? b : a));
  return {
    medium,
    bandwidthGBps: least.GBps,
    basis: 'nccl',
    ncclGBps: least.GBps,
    source: `NCCL 2.30.7 topo.h, ${least.of}`,
    verified: false,
  };
}
