import { type ServerTopology, serverTopology } from '../../src/index.js';

/** A link of a server made by hand. */
export const link = (a: string, b: string, medium = 'pcie', bandwidthGBps = 10): object => ({
  between: [a, b],
  medium,
  bandwidthGBps,
  basis: 'raw',
  source: 'made up',
  verified: false,
});

/** A server made by hand: devices as ids by kind, in this order. */
export function smallServer(
  devices: Readonly<Record<string, readonly string[]>>,
  links: readonly object[],
): ServerTopology {
  return serverTopology({
    name: 's',
    title: 'A server',
    gpuModel: 'G',
    devices: Object.entries(devices).flatMap(([kind, ids]) => ids.map((id) => ({ id, kind }))),
    links,
  });
}
