import type { Device } from '../topology/server-document.js';
import { type LinkFigures, rounded } from './link-figures.js';
import type { NcclNet, NcclPci } from './nccl-xml-tree.js';

/** NCCL's figure for a port that does not state its speed, Mb/s. */
const NET_DEFAULT_MBPS = 10_000;
/** No port has 10 Tb/s: some files of RCCL give kb/s. */
const NET_MAX_MBPS = 10_000_000;
/** Longest name taken from the file, in characters. */
const NAME_LENGTH_MAX = 128;

const ROLES = ['compute', 'storage', 'frontend'] as const;

/**
 * A port as the NIC of a document: what it is called, and the link above it.
 *
 * @param net - the port
 * @param ports - ports of its card, which share the lanes of the card evenly
 * @param above - the PCIe link of the card
 * @returns model and role of the NIC; its link, which carries no more than the port; whether the speed was taken
 * for kb/s
 * @see NVIDIA/nccl 2.30.7, src/graph/topo.cc: Mb/s ÷ 8000, and 10,000 where there is no speed
 */
export function portOf(
  net: NcclNet,
  ports: number,
  above: LinkFigures,
): Pick<Device, 'model' | 'role'> & { readonly figures: LinkFigures; readonly inKbps: boolean } {
  const said = net.speedMbps === undefined || net.speedMbps <= 0 ? NET_DEFAULT_MBPS : net.speedMbps;
  const inKbps = said > NET_MAX_MBPS;
  const mbps = inKbps ? said / 1000 : said;
  const shared = above.bandwidthGBps / ports;
  const port = mbps / 8000;
  const speed = `${rounded(mbps / 1000)} Gb/s`;
  const name = net.name?.slice(0, NAME_LENGTH_MAX);
  const role = ROLES.find((known) => known === net.role);
  const limit = port < shared ? `; the port carries ${speed}` : ports > 1 ? `; shared by ${ports} ports` : '';
  return {
    model: name === undefined ? speed : `${name}, ${speed}`,
    ...(role !== undefined && { role }),
    inKbps,
    figures: {
      ...above,
      bandwidthGBps: rounded(Math.min(shared, port)),
      ncclGBps: rounded(shared),
      ...(above.rawGBps !== undefined && { rawGBps: rounded(above.rawGBps / ports) }),
      source: `${above.source}${limit}`,
    },
  };
}

/** All that a file says of the model of a GPU: capability, or architecture, by its name of today. */
export function modelOf({ gpu }: NcclPci): string {
  if (gpu?.model !== undefined) return gpu.model.slice(0, NAME_LENGTH_MAX);
  const gcn = gpu?.gcn?.slice(0, NAME_LENGTH_MAX);
  if (gcn === '910') return 'gfx90a';
  if (gcn !== undefined) return /^\d{3}$/.test(gcn) ? `gfx${gcn}` : gcn;
  return gpu?.sm === undefined ? 'unknown' : `sm${gpu.sm}`;
}
