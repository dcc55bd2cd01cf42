import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nicBandwidth } from '../../src/bandwidth/nic-bandwidth.js';
import { topology } from '../../src/catalogue/index.js';
import type { ServerTopology } from '../../src/topology/server-topology.js';
import { members, withFigures } from './figures.js';
import { arbitraryServer, SEED, smallServer } from './small-server.js';

describe('nicBandwidth', () => {
  it('is the PCIe link of each GPU of a DGX H100, which has a NIC of its own', () => {
    const server = withFigures('dgx-h100', 'nccl');
    expect(nicBandwidth(server, [3])).toBe(48);
    expect(nicBandwidth(server, [0, 1, 2, 3, 4, 5, 6, 7])).toBe(8 * 48);
  });

  it('is the one NIC of a socket and what gets across for four GPUs behind one switch', () => {
    // 24 through the NIC on the switch, 16 across the sockets to the other.
    expect(nicBandwidth(withFigures('l40s-8-dual-root', 'nccl'), [0, 1, 2, 3])).toBe(40);
    expect(nicBandwidth(withFigures('l40s-8-dual-root', 'nccl'), [0])).toBe(24);
  });

  it('reaches a NIC that hangs on a GPU only if that GPU is in the set', () => {
    const server = topology('mi250x-frontier');
    const [nic] = server.document.links.filter(({ between }) => between.includes(server.nics[0]!));
    const owner = server.gpus.indexOf(nic!.between.find((id) => id !== server.nics[0])!);
    const sibling = owner ^ 1;
    expect(nicBandwidth(server, [sibling])).toBe(0);
    expect(nicBandwidth(server, [sibling, owner])).toBe(nic!.bandwidthGBps);
  });

  it('does not count storage and frontend NICs', () => {
    const server = topology('cert-2s-2gpu-switch');
    const compute = server.nics.filter(
      (id) => (server.graph.getNodeAttribute(id, 'role') ?? 'compute') === 'compute',
    );
    expect(compute.length).toBeLessThan(server.nics.length);
    expect(nicBandwidth(server, [0])).toBeCloseTo(55.4, 9);
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

  it('equals the smallest cut between the GPUs and the NICs on random servers', () => {
    fc.assert(
      fc.property(arbitraryServer({ caps: false }), (server) => {
        // Equal NVSwitches count as one, which the search below does not know.
        fc.pre(!server.graph.hasNode('nvsw1'));
        for (let mask = 1; mask < 1 << server.gpus.length; mask++) {
          const expected = smallestCut(
            server,
            new Set(members(mask).map((ordinal) => server.gpus[ordinal]!)),
          );
          const actual = nicBandwidth(server, members(mask));
          expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-11 * (1 + expected));
        }
      }),
      { seed: SEED, numRuns: 150 },
    );
  }, 60_000);
});

/** The smallest capacity out of any set that holds the chosen GPUs and no NIC, each NVSwitch by itself. */
function smallestCut(server: ServerTopology, chosen: ReadonlySet<string>): number {
  const { devices, links } = server.document;
  const dropped = new Set(
    devices.filter(({ id, kind }) => kind === 'gpu' && !chosen.has(id)).map(({ id }) => id),
  );
  const free = devices.filter(({ kind }) => kind !== 'gpu' && kind !== 'nic').map(({ id }) => id);
  let best = Number.POSITIVE_INFINITY;
  for (let side = 0; side < 2 ** free.length; side++) {
    const inside = new Set([...chosen, ...free.filter((_, i) => ((side >>> i) & 1) === 1)]);
    let capacity = 0;
    for (const {
      between: [a, b],
      bandwidthGBps,
    } of links) {
      if (!dropped.has(a) && !dropped.has(b) && inside.has(a) !== inside.has(b)) capacity += bandwidthGBps;
    }
    best = Math.min(best, capacity);
  }
  return best;
}
