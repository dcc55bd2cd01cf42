import { quote } from '../../errors.js';
import { rounded } from '../server/link-figures.js';
import { type PortFigures, portOfCaller } from '../server/port-figures.js';
import { readNumber } from '../text/numbers.js';
import type { HwlocDevice } from './devices.js';
import type { HwlocObject } from './objects.js';

/** No port has 10 Tb/s. Drivers that do not know print -1, 65535 Gb/s or 4294967295 Mb/s. */
const PORT_MAX_MBPS = 10_000_000;
/** Less is no rate of a port, and could be rounded to nothing. */
const PORT_MIN_MBPS = 1;

/**
 * What the ports of a NIC carry together.
 *
 * hwloc itself, up to 3.0, writes no rates. Two infos of OS devices are read, each with the value of the file of
 * Linux that has its name: `rate` of an RDMA device (`/sys/class/infiniband/mlx5_0/ports/1/rate`,
 * `400 Gb/sec (4X NDR)`), else `speed` of network devices (`/sys/class/net/eth0/speed`, Mb/s), which are added up.
 * `hwloc-annotate` puts them in.
 *
 * @param nic - a NIC
 * @param portGbps - what the caller says of ports that the file does not
 * @returns fields of the NIC; none where nobody says
 */
export function portOf({ osDevices, rdma }: HwlocDevice, portGbps: number | undefined): Partial<PortFigures> {
  const rate = rdma?.infos.get('rate');
  const gbps = /^(\d{1,5}(?:\.\d{1,3})?) Gb\/sec\b/.exec(rate ?? '')?.[1];
  if (gbps !== undefined && isPossible(Number(gbps) * 1000)) {
    return portOfFile(Number(gbps) * 1000, `rate ${quote(rate)} of the file`);
  }
  const speeds = osDevices.flatMap((device) => speedOf(device) ?? []);
  if (speeds.length > 0) {
    const mbps = speeds.reduce((sum, speed) => sum + speed, 0);
    return portOfFile(mbps, `speed ${speeds.join(' + ')} of the file, Mb/s`);
  }
  return portGbps === undefined ? {} : portOfCaller(portGbps);
}

function speedOf({ infos }: HwlocObject): number | undefined {
  const mbps = readNumber(infos.get('speed') ?? '');
  return isPossible(mbps) ? mbps : undefined;
}

function isPossible(mbps: number): boolean {
  return mbps >= PORT_MIN_MBPS && mbps <= PORT_MAX_MBPS;
}

function portOfFile(mbps: number, portSource: string): PortFigures {
  return { portGBps: rounded(mbps / 8000), portBasis: 'nccl', portSource, portVerified: true };
}
