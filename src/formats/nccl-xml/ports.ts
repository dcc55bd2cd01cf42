import type { Device } from '../../topology/server-document.js';
import { PORT_DEFAULT_MBPS, PORT_MAX_MBPS } from '../server/constants.js';
import {
  type LinkFigures,
  type PortFigures,
  portFigures,
  portOfCaller,
  rounded,
} from '../server/link-figures.js';
import type { NcclNet, NcclPci } from './tree.js';

/** Longest name taken from the file, in characters. */
const NAME_LENGTH_MAX = 128;

const ROLES = ['compute', 'storage', 'frontend'] as const;

/** A NIC of the document, made of a port. */
export interface NcclPort {
  /** Model, role and rate of the NIC. */
  readonly fields: Pick<Device, 'model' | 'role'> & Partial<PortFigures>;
  /** Its link, limited by the port. */
  readonly figures: LinkFigures;
  /** Whether the speed was taken for kb/s. */
  readonly inKbps: boolean;
  /** Whether neither the file nor the caller states a speed, so that NCCL's default stands. */
  readonly isAssumed: boolean;
}

/**
 * Makes a NIC of a port: its model, role and rate, and the link above it.
 *
 * @param net - the port
 * @param ports - ports of its card, which share the lanes of the card evenly
 * @param above - the PCIe link of the card
 * @param portGbps - what to assume instead of 10 Gb/s where the file has no speed
 * @returns fields and link of the NIC
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc: Mb/s ÷ 8000, and 10,000 where there is no speed
 */
export function portOf(
  net: NcclNet,
  ports: number,
  above: LinkFigures,
  portGbps: number | undefined,
): NcclPort {
  const isStated = net.speedMbps !== undefined && net.speedMbps > 0;
  const said = isStated ? net.speedMbps! : (portGbps ?? PORT_DEFAULT_MBPS / 1000) * 1000;
  // Some files of RCCL give kb/s.
  const inKbps = said > PORT_MAX_MBPS;
  const mbps = inKbps ? said / 1000 : said;
  const shared = above.bandwidthGBps / ports;
  const port = mbps / 8000;
  const speed = `${rounded(mbps / 1000)} Gb/s`;
  const name = net.name?.slice(0, NAME_LENGTH_MAX);
  const role = ROLES.find((known) => known === net.role);
  const limit =
    port < shared
      ? `; the port carries ${speed}${isStated ? '' : ', which is not in the file'}`
      : ports > 1
        ? `; shared by ${ports} ports`
        : '';
  return {
    fields: {
      model: name === undefined ? speed : `${name}, ${speed}`,
      ...(role !== undefined && { role }),
      ...(isStated ? statedPort(net, mbps, inKbps) : assumedPort(portGbps)),
    },
    inKbps,
    isAssumed: !isStated && portGbps === undefined,
    figures: {
      ...above,
      bandwidthGBps: rounded(Math.min(shared, port)),
      ncclGBps: rounded(shared),
      ...(above.rawGBps !== undefined && { rawGBps: rounded(above.rawGBps / ports) }),
      source: `${above.source}${limit}`,
      // If the port limits the link, the figure is as reliable as the speed of the port.
      verified: above.verified && (port >= shared || (isStated && !inKbps)),
    },
  };
}

function statedPort({ speedMbps, rate }: NcclNet, mbps: number, inKbps: boolean): Partial<PortFigures> {
  if (rate === 'none') return {};
  const source = `speed ${speedMbps} of the file, ${inKbps ? 'taken for kb/s' : 'Mb/s'}`;
  return portFigures(mbps / 8000, source, !inKbps && rate !== 'unverified');
}

function assumedPort(portGbps: number | undefined): Partial<PortFigures> {
  if (portGbps !== undefined) return portOfCaller(portGbps);
  const source = 'no speed in the file; 10 Gb/s assumed as NCCL 2.30.7 does, topo.cc';
  return portFigures(PORT_DEFAULT_MBPS / 8000, source, false);
}

/** The model of a GPU as far as a file tells: the compute capability or architecture, `gfx90a` for the old 910. */
export function modelOf({ gpu }: NcclPci): string {
  if (gpu?.model !== undefined) return gpu.model.slice(0, NAME_LENGTH_MAX);
  const gcn = gpu?.gcn?.slice(0, NAME_LENGTH_MAX);
  if (gcn === '910') return 'gfx90a';
  if (gcn !== undefined) return /^\d{3}$/.test(gcn) ? `gfx${gcn}` : gcn;
  return gpu?.sm === undefined ? 'unknown' : `sm${gpu.sm}`;
}
