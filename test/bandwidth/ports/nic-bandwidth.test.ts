import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../../src/arbitraries/index.js';
import { nicBandwidth } from '../../../src/bandwidth/ports/nic-bandwidth.js';
import { type TopologyName, topology, topologyNames } from '../../../src/catalogue/index.js';
import { synthetic } from '../../../src/catalogue/synthetic.js';
import { referenceNicBandwidth } from '../../../src/check/bandwidth/reference-nic-bandwidth.js';
import { serverTopology } from '../../../src/topology/server-topology.js';
import type { ServerTopology } from '../../../src/topology/types.js';
import { members, withFigures } from '../figures.js';
import { arbitraryMultiSocketServer, mesh } from '../multi-socket-server.js';
import { arbitraryServer, SEED, type ShortLink, smallServer } from '../small-server.js';

/** All sets of a server whose fast and slow answers differ, empty unless something is wrong. */
function unlike(server: ServerTopology): unknown[] {
  const wrong: unknown[] = [];
  for (let mask = 0; mask < 1 << server.gpus.length; mask++) {
    const fast = nicBandwidth(server, members(mask));
    const slow = referenceNicBandwidth(server, members(mask));
    if (Math.abs(fast - slow) > 1e-11 * (1 + slow)) wrong.push([members(mask), fast, slow]);
  }
  return wrong;
}

/** Random servers of up to five sockets joined in any way, with NICs on any of their devices. */
function arbitraryWithNics(): fc.Arbitrary<ServerTopology> {
  const nic = fc.record({
    places: fc.array(fc.nat(40), { minLength: 1, maxLength: 2 }),
    GBps: fc.integer({ min: 1, max: 60 }),
    portGBps: fc.option(fc.integer({ min: 1, max: 60 })),
  });
  return fc
    .tuple(arbitraryMultiSocketServer(), fc.array(nic, { minLength: 1, maxLength: 4 }))
    .map(([{ document }, nics]) => {
      const { devices, links } = document;
      const nicLinks = nics.flatMap(({ places, GBps }, i) =>
        [...new Set(places.map((place) => devices[place % devices.length]!.id))].map((id) => ({
          ...links[0]!,
          between: [id, `nic${i}`] as const,
          medium: 'pcie' as const,
          bandwidthGBps: GBps,
        })),
      );
      return serverTopology({
        ...document,
        devices: [
          ...devices,
          ...nics.map(({ portGBps }, i) => ({
            id: `nic${i}`,
            kind: 'nic' as const,
            ...(portGBps !== null && { portGBps }),
          })),
        ],
        links: [...links, ...nicLinks],
      });
    });
}

/** Four sockets joined by 22 GB/s with a GPU each, and one NIC of 50 GB/s; its link and those of the GPUs carry 48. */
function fourSockets(pairs: readonly (readonly [number, number])[], nicSocket: number): ServerTopology {
  const sockets = [0, 1, 2, 3];
  return smallServer(
    [...sockets.flatMap((i) => [`socket${i}`, `gpu${i}`]), 'nic0'],
    [
      ...pairs.map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
      ...sockets.map((i): ShortLink => [`gpu${i}`, `socket${i}`, 'pcie', 48]),
      ['nic0', `socket${nicSocket}`, 'pcie', 48],
    ],
    { nic0: 50 },
  );
}

describe('nicBandwidth', () => {
  // One GPU, half of them, all: ordinals from 0. Ports are Gb/s divided by 8, links as the document states them.
  it.each<[TopologyName, number, number, number]>([
    ['dgx-h100', 50, 200, 400],
    ['gcp-a3-highgpu-8g', 25, 50, 100],
    ['azure-ndv2', 12.5, 12.5, 12.5],
    // One GPU has two NICs on its switch, and a PCIe link of 55.4 GB/s.
    ['dgx-b200', 55.4, 200, 400],
    // PCIe Gen3: 12 GB/s, a little less than the ports of 12.5.
    ['aws-p4d.24xlarge', 12, 24, 48],
    ['gb200-nvl72-tray', 100, 100, 200],
    ['mi250x-frontier', 25, 50, 100],
    // Three ports of 200 Gb/s are 75 GB/s, which the link between GPU and ports is not.
    ['gaudi3-hls3', 63.75, 255, 510],
    ['mi300a-4', 25, 50, 100],
  ])('of %s: %d GB/s for one GPU, %d for half of them, %d for all', (name, one, half, all) => {
    const server = topology(name);
    const ordinals = [...server.gpus.keys()];
    expect(nicBandwidth(server, [0])).toBeCloseTo(one, 9);
    expect(nicBandwidth(server, ordinals.slice(0, ordinals.length / 2))).toBeCloseTo(half, 9);
    expect(nicBandwidth(server, ordinals)).toBeCloseTo(all, 9);
  });

  it('crosses the sockets to the only NIC, at what joins them', () => {
    const server = topology('azure-ndv2');
    expect(nicBandwidth(server, [4])).toBe(10);
    expect(nicBandwidth(server, [4, 5, 6, 7])).toBe(10);
    expect(nicBandwidth(server, [0, 4])).toBe(12.5);
  });

  it('makes no detour through a third socket', () => {
    const server = fourSockets(mesh(4), 3);
    expect(nicBandwidth(server, [3])).toBe(48);
    expect(nicBandwidth(server, [0])).toBeCloseTo(22, 9);
    expect(nicBandwidth(server, [0, 1])).toBeCloseTo(44, 9);
    // 66 arrive, and the link to the NIC carries 48.
    expect(nicBandwidth(server, [0, 1, 2])).toBeCloseTo(48, 9);
    expect(unlike(server)).toEqual([]);
  });

  it('shares what the routes between sockets share', () => {
    // A ring 0–1–2–3, and the NIC on 2. From 0 two ways are as wide and as long: the first in the document leads over 1.
    const ring: [number, number][] = [
      [0, 1],
      [1, 2],
      [2, 3],
      [0, 3],
    ];
    const server = fourSockets(ring, 2);
    expect(nicBandwidth(server, [0])).toBeCloseTo(22, 9);
    // Both use the link 1–2.
    expect(nicBandwidth(server, [0, 1])).toBeCloseTo(22, 9);
    expect(nicBandwidth(server, [0, 3])).toBeCloseTo(44, 9);
    expect(nicBandwidth(server, [1, 3])).toBeCloseTo(44, 9);
    expect(nicBandwidth(server, [0, 1, 3])).toBeCloseTo(44, 9);
    expect(unlike(server)).toEqual([]);
  });

  it('follows the routes without peer-to-peer too, and turns at a switch', () => {
    const { document } = smallServer(
      ['socket0', 'socket1', 'socket2', 'sw0', 'gpu0', 'nic0', 'gpu1'],
      [
        ...mesh(3).map(([a, b]): ShortLink => [`socket${a}`, `socket${b}`, 'socket', 22]),
        ['sw0', 'socket0', 'pcie', 20],
        ['gpu0', 'sw0', 'pcie', 48],
        ['nic0', 'sw0', 'pcie', 48],
        ['gpu1', 'socket1', 'pcie', 48],
      ],
    );
    const server = serverTopology({ ...document, peerToPeer: false });
    expect(nicBandwidth(server, [0])).toBe(48);
    expect(nicBandwidth(server, [1])).toBe(20);
    expect(unlike(server)).toEqual([]);
  });

  it('uses the nearest NICs only, not that of the other socket', () => {
    // PCIe Gen4, NCCL: 24 GB/s to the NIC on the switch. 16 more would get across the sockets to a NIC that is SYS.
    const server = withFigures('l40s-8-dual-root', 'nccl');
    expect(nicBandwidth(server, [0])).toBe(24);
    expect(nicBandwidth(server, [0, 1, 2, 3])).toBe(24);
    expect(nicBandwidth(server, [0, 4])).toBe(48);
  });

  it('reaches the NIC of a GPU outside the set over the fabric if there is no other near one', () => {
    const server = topology('mi250x-frontier');
    const owners = server.nics.map((nic) => server.gpus.indexOf(server.graph.neighbors(nic)[0]!));
    expect(owners).toEqual([1, 3, 5, 7]);
    for (const gpu of server.gpus.keys()) expect(nicBandwidth(server, [gpu])).toBe(25);
    // Four GCDs without a NIC reach four; a GCD with one does not use another's.
    expect(nicBandwidth(server, [0, 2, 4, 6])).toBe(100);
    expect(nicBandwidth(server, [1, 3])).toBe(50);
    expect(nicBandwidth(server, [0, 1])).toBe(25);
  });

  it('lets a GPU outside the set carry no more than its links do', () => {
    const links: readonly ShortLink[] = [
      ['numa0', 'gpu0', 'pcie', 20],
      ['numa0', 'gpu1', 'pcie', 20],
      ['numa0', 'gpu2', 'pcie', 20],
      ['gpu0', 'gpu2', 'xgmi', 7],
      ['gpu1', 'gpu2', 'xgmi', 4],
      ['gpu2', 'nic0', 'pcie', 9],
    ];
    const server = smallServer(['numa0', 'gpu0', 'gpu1', 'gpu2', 'nic0'], links, { nic0: 8 });
    expect(nicBandwidth(server, [0])).toBe(7);
    expect(nicBandwidth(server, [1])).toBe(4);
    expect(nicBandwidth(server, [0, 1])).toBe(8);
    // PCIe does not lead through a GPU.
    const withoutFabric = smallServer(
      ['numa0', 'gpu0', 'gpu1', 'gpu2', 'nic0'],
      links.filter(([, , medium]) => medium === 'pcie'),
    );
    expect(nicBandwidth(withoutFabric, [0])).toBe(0);
    // A NIC on a socket as well does not hang on the GPU alone: GPU 0 reaches it by the socket, as far as NIC 0, at 2.
    const shared = smallServer(
      ['socket0', 'numa0', 'gpu0', 'gpu1', 'gpu2', 'nic0', 'nic1'],
      [
        ...links,
        ['socket0', 'numa0', 'on-chip', 99],
        ['socket0', 'nic1', 'pcie', 2],
        ['gpu2', 'nic1', 'pcie', 9],
      ],
      { nic0: 4 },
    );
    expect(nicBandwidth(shared, [0])).toBe(4 + 2);
    expect(nicBandwidth(shared, [2])).toBe(4 + 2 + 9);
    expect(unlike(shared)).toEqual([]);
    // A NIC of its own, and the other GPU's is not used.
    const withOwn = smallServer(
      ['numa0', 'gpu0', 'gpu1', 'gpu2', 'nic0', 'nic1'],
      [...links, ['numa0', 'nic1', 'pcie', 3]],
    );
    expect(nicBandwidth(withOwn, [0])).toBe(3);
  });

  it('counts a port once, however many links lead to it', () => {
    const ids = ['sw0', 'sw1', 'gpu0', 'gpu1', 'nic0'];
    const links: readonly ShortLink[] = [
      ['sw0', 'gpu0', 'pcie', 48],
      ['sw1', 'gpu1', 'pcie', 48],
      ['sw0', 'nic0', 'pcie', 48],
      ['sw1', 'nic0', 'pcie', 48],
    ];
    expect(nicBandwidth(smallServer(ids, links, { nic0: 50 }), [0, 1])).toBe(50);
    expect(nicBandwidth(smallServer(ids, links, { nic0: 50 }), [0])).toBe(48);
    // Without a figure the links alone limit; and a NIC forwards nothing from one link to the other.
    expect(nicBandwidth(smallServer(ids, links), [0, 1])).toBe(96);
  });

  it('does not count storage and frontend NICs', () => {
    const server = topology('cert-2s-2gpu-switch');
    expect(server.nics).toHaveLength(3);
    expect(nicBandwidth(server, [0, 1])).toBe(100);
  });

  it('is 0 for no GPUs and without NICs', () => {
    expect(nicBandwidth(topology('dgx-h100'), [])).toBe(0);
    expect(nicBandwidth(topology('azure-ncads-a100-v4'), [0, 1, 2, 3])).toBe(0);
  });

  it('refuses a GPU that does not exist', () => {
    expect(() => nicBandwidth(smallServer(['gpu0'], []), [1])).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['gpus', 0] }),
    );
  });

  it('is the cheapest of all cuts, for every set of every server of the catalogue up to 8 GPUs', () => {
    for (const name of topologyNames.filter((n) => topology(n).gpus.length <= 8)) {
      expect(unlike(topology(name)), name).toEqual([]);
    }
  }, 60_000);

  it('and of random servers with any links among switches, GPUs and NICs', () => {
    const server = fc.oneof(
      arbitraryServer({ caps: false }),
      serverDocument({ gpusMax: 5, nicsMax: 5 }).map((document) => serverTopology(document)),
    );
    fc.assert(
      fc.property(server, (s) => {
        expect(unlike(s)).toEqual([]);
      }),
      { seed: SEED, numRuns: 400 },
    );
  }, 60_000);

  it('and what permitted paths carry on random servers of more than two sockets', () => {
    const server = fc.oneof(
      serverDocument({ gpusMax: 5, nicsMax: 5, socketsMax: 4 }).map((document) => serverTopology(document)),
      arbitraryWithNics(),
    );
    fc.assert(
      fc.property(server, (s) => {
        expect(unlike(s)).toEqual([]);
      }),
      { seed: SEED, numRuns: 600 },
    );
  }, 120_000);

  it('is limited by the links alone where no port is stated', () => {
    const server = serverTopology(synthetic('cpu:2 gpu:2 nic:1'));
    expect(nicBandwidth(server, [0])).toBe(55.4);
    expect(nicBandwidth(server, [0, 1])).toBe(55.4);
    expect(nicBandwidth(server, [0, 1, 2, 3])).toBeCloseTo(110.8, 9);
  });
});
