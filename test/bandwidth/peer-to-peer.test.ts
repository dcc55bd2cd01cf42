import { describe, expect, it } from 'vitest';
import { collectiveBandwidth } from '../../src/bandwidth/collective-bandwidth.js';
import { sharedBandwidth } from '../../src/bandwidth/shared-bandwidth.js';
import { type TopologyName, topology, topologyNames } from '../../src/catalogue/index.js';
import { referenceSharedLoad } from '../../src/check/bandwidth/reference-shared-load.js';
import { referenceBandwidth } from '../../src/check/index.js';
import { gpuSetTables } from '../../src/compile/gpu-set-tables.js';
import { route } from '../../src/topology/route.js';
import { serverTopology } from '../../src/topology/server-topology.js';
import type { ServerTopology } from '../../src/topology/types.js';
import { members, withFigures } from './figures.js';

/** A server where GPUs may not talk to each other across PCIe. */
function withoutPeers(server: ServerTopology): ServerTopology {
  return serverTopology({ ...server.document, peerToPeer: false });
}

function allOf(server: ServerTopology): number[] {
  return [...server.gpus.keys()];
}

/** Server, channels and GB/s per channel of NCCL 2.30.7's ring with NCCL_P2P_DISABLE=1, and the exact figure. */
const NCCL: readonly (readonly [TopologyName, number, number, number])[] = [
  ['cert-2s-2gpu-direct', 1, 15, 16],
  // All eight GPUs go up and down one link of 24, four on each of two.
  ['l40s-8-cascade', 1, 3, 3],
  ['l40s-8-dual-root', 1, 6, 6],
  // Every step of NCCL's ladder of speeds below 16 is 15.
  ['l40s-8-direct', 1, 15, 16],
  ['ws-4x5090', 2, 24, 48],
  ['rtxpro6000-8-pairs', 1, 15, 16],
];

describe('without peer-to-peer', () => {
  it.each(NCCL)('%s has the ring of NCCL, %d × %d GB/s, within 10 %%', (name, channels, each, exact) => {
    const server = withFigures(name, 'nccl');
    const ring = collectiveBandwidth(server, allOf(server), { algorithm: 'ring', peerToPeer: false });
    expect(ring).toBeCloseTo(exact, 9);
    expect(Math.abs(ring / (channels * each) - 1)).toBeLessThan(0.1);
    expect(collectiveBandwidth(server, allOf(server), { peerToPeer: false })).toBeGreaterThanOrEqual(ring);
  });

  it('takes a pair below one switch up to the memory and down again', () => {
    const server = topology('l40s-8-dual-root');
    expect(route(server, 'gpu0', 'gpu1').devices).toHaveLength(3);
    const { devices, relation, bandwidthGBps } = route(server, 'gpu0', 'gpu1', { peerToPeer: false });
    const kinds = devices.map((id) => server.graph.getNodeAttribute(id, 'kind'));
    expect(kinds).toEqual(['gpu', 'pcie-switch', 'numa', 'pcie-switch', 'gpu']);
    expect(relation).toBe('PIX');
    expect(bandwidthGBps).toBe(26.3);
    // A NIC is reached as ever.
    const nic = server.nics[0]!;
    expect(route(server, 'gpu0', nic, { peerToPeer: false })).toEqual(route(server, 'gpu0', nic));
  });

  it('shares the link of a switch among all that hang on it', () => {
    const server = topology('l40s-8-dual-root');
    expect(
      sharedBandwidth(server, [
        [0, 1],
        [2, 3],
      ]),
    ).toEqual([26.3, 26.3]);
    // Each pair sends 26.3 both ways, and the link carries 26.3 in each direction.
    const halved = sharedBandwidth(
      server,
      [
        [0, 1],
        [2, 3],
      ],
      { peerToPeer: false },
    );
    expect(halved[0]).toBeCloseTo(26.3 / 4, 9);
    expect(halved[1]).toBeCloseTo(26.3 / 4, 9);
  });

  it('is what the document says unless the caller says otherwise', () => {
    const direct = topology('l40s-8-cascade');
    const server = withoutPeers(direct);
    const all = allOf(server);
    const expected = collectiveBandwidth(direct, all, { peerToPeer: false });
    // All eight take seven shares each through the one link of 26.3 below the CPU.
    expect(expected).toBeCloseTo(26.3 / 8, 9);
    expect(collectiveBandwidth(direct, all)).toBeCloseTo(26.3, 9);
    expect(collectiveBandwidth(server, all)).toBe(expected);
    expect(collectiveBandwidth(server, all, { peerToPeer: true })).toBe(collectiveBandwidth(direct, all));
    expect(gpuSetTables(server).bandwidthGBps[2 ** server.gpus.length - 1]).toBe(expected);
  });

  it('leaves the accelerator fabric alone', () => {
    for (const name of ['dgx-h100', 'mi300x-8', 'ws-2x3090-nvlink'] as const) {
      const server = topology(name);
      for (const algorithm of ['optimal', 'ring'] as const) {
        expect(collectiveBandwidth(server, allOf(server), { algorithm, peerToPeer: false })).toBe(
          collectiveBandwidth(server, allOf(server), { algorithm }),
        );
      }
    }
  });

  it.each(topologyNames.filter((name) => topology(name).gpus.length <= 4))(
    'equals the programme over every permitted path, and the load its definition, for all sets of %s',
    (name) => {
      const server = withoutPeers(topology(name));
      const tables = gpuSetTables(server);
      for (let mask = 0; mask < 2 ** server.gpus.length; mask++) {
        const gpus = members(mask);
        const expected = referenceBandwidth(server, gpus);
        expect(collectiveBandwidth(server, gpus), `${gpus}`).toBeCloseTo(expected, 6);
        if (gpus.length < 2) continue;
        const load = referenceSharedLoad(server, gpus, tables.bandwidthGBps[mask]!);
        expect(tables.sharedLoadGBps[mask]!, `${gpus}`).toBeCloseTo(load, 6);
      }
    },
  );
});
