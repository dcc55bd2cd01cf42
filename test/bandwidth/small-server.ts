import * as fc from 'fast-check';
import type { Device, Link, Medium } from '../../src/topology/server-document.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import type { ServerTopology } from '../../src/topology/types.js';

/** A link of a server that a test writes down: the two ids, the medium, GB/s, and a per-flow cap. */
export type ShortLink = readonly [
  from: string,
  to: string,
  medium: Medium,
  gbps: number,
  flowCapGBps?: number,
];

/**
 * A server from the ids of its devices (`gpu…`, `nic…`, `numa…`, `socket…`, `sw…`, `nvsw…`) and links.
 *
 * @param portGBps - NIC to what its port carries; one that is left out states nothing
 */
export function smallServer(
  ids: readonly string[],
  links: readonly ShortLink[],
  portGBps: Readonly<Record<string, number>> = {},
): ServerTopology {
  const kinds: readonly [string, Device['kind']][] = [
    ['gpu', 'gpu'],
    ['nic', 'nic'],
    ['numa', 'numa'],
    ['socket', 'socket'],
    ['sw', 'pcie-switch'],
    ['nvsw', 'nvswitch'],
  ];
  return serverTopology({
    name: 'small',
    title: 'written in a test',
    gpuModel: 'none',
    devices: ids.map((id) => ({
      id,
      kind: kinds.find(([prefix]) => id.startsWith(prefix))![1],
      ...(portGBps[id] !== undefined && { portGBps: portGBps[id] }),
    })),
    links: links.map(
      ([a, b, medium, bandwidthGBps, flowCapGBps]): Link => ({
        between: [a, b],
        medium,
        bandwidthGBps,
        basis: 'raw',
        source: 'written in a test',
        verified: false,
        ...(flowCapGBps === undefined ? {} : { flowCapGBps }),
      }),
    ),
  });
}

/**
 * Random servers of 2 to 6 GPUs, up to 4 switches and 2 NVSwitches, with any links among them: many are not
 * connected, some are meshes, capacities are round or not.
 */
export function arbitraryServer(options: { readonly caps: boolean }): fc.Arbitrary<ServerTopology> {
  const gbps = fc.oneof(fc.integer({ min: 1, max: 8 }), fc.double({ min: 1e-3, max: 5000, noNaN: true }));
  return fc
    .record({
      gpus: fc.integer({ min: 2, max: 6 }),
      switches: fc.integer({ min: 0, max: 4 }),
      nvswitches: fc.integer({ min: 0, max: 2 }),
      nics: fc.integer({ min: 0, max: 1 }),
      // One pair in this many has no link.
      gap: fc.integer({ min: 2, max: 6 }),
    })
    .chain(({ gpus, switches, nvswitches, nics, gap }) => {
      const ids = [
        ...Array.from({ length: gpus }, (_, i) => `gpu${i}`),
        ...Array.from({ length: switches }, (_, i) => `sw${i}`),
        ...Array.from({ length: nvswitches }, (_, i) => `nvsw${i}`),
        ...Array.from({ length: nics }, (_, i) => `nic${i}`),
      ];
      const pairs = ids.flatMap((a, i) => ids.slice(i + 1).map((b) => [a, b] as const));
      return fc
        .tuple(
          ...pairs.map(() =>
            fc.option(
              fc.record({
                gbps,
                medium: fc.constantFrom<Medium>('pcie', 'pcie', 'nvlink'),
                cap: options.caps ? fc.option(gbps) : fc.constant(null),
              }),
              { freq: gap },
            ),
          ),
        )
        .map((chosen) =>
          smallServer(
            ids,
            chosen.flatMap((link, i): ShortLink[] => {
              if (link === null) return [];
              const plain = [...pairs[i]!, link.medium, link.gbps] as const;
              return [link.cap === null ? plain : [...plain, link.cap]];
            }),
          ),
        );
    });
}

/** The fixed seed of the property tests here; fast-check prints it with a failure. */
export const SEED = 20_240_207;
