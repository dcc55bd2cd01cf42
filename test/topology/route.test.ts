import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topology, topologyNames } from '../../src/catalogue/index.js';
import { route } from '../../src/topology/route.js';
import { isFabric } from '../../src/topology/switch-fabrics.js';
import type { ServerTopology } from '../../src/topology/types.js';
import { arbitraryServer, SEED, smallServer } from '../bandwidth/small-server.js';

describe('route', () => {
  it('takes the widest path, not the shortest', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'sw0'],
      [
        ['gpu0', 'gpu1', 'pcie', 20],
        ['gpu0', 'sw0', 'pcie', 24],
        ['gpu1', 'sw0', 'pcie', 24],
      ],
    );
    expect(route(server, 'gpu0', 'gpu1')).toEqual({
      devices: ['gpu0', 'sw0', 'gpu1'],
      relation: 'PIX',
      bandwidthGBps: 24,
    });
  });

  it('prefers fewer hops among equally wide paths, then the document order of the devices', () => {
    const server = smallServer(
      ['gpu0', 'sw9', 'sw2', 'sw1', 'sw3', 'gpu1'],
      [
        ['gpu1', 'sw1', 'pcie', 50],
        ['gpu0', 'sw1', 'pcie', 50],
        ['gpu0', 'sw2', 'pcie', 50],
        ['gpu1', 'sw2', 'pcie', 50],
        ['gpu0', 'sw9', 'pcie', 99],
        ['sw9', 'sw3', 'pcie', 99],
        ['sw3', 'gpu1', 'pcie', 50],
      ],
    );
    expect(route(server, 'gpu0', 'gpu1').devices).toEqual(['gpu0', 'sw2', 'gpu1']);
  });

  it('stays in the accelerator fabric where that joins the pair, even if PCIe were wider', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'sw0'],
      [
        ['gpu0', 'gpu1', 'xgmi', 48],
        ['gpu0', 'sw0', 'pcie', 55],
        ['gpu1', 'sw0', 'pcie', 55],
      ],
    );
    expect(route(server, 'gpu0', 'gpu1')).toEqual({
      devices: ['gpu0', 'gpu1'],
      relation: 'XGMI',
      bandwidthGBps: 48,
    });
  });

  it('never crosses a GPU or a NIC, even if nothing else joins the pair', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'nic0', 'sw0'],
      [
        ['gpu0', 'gpu1', 'nvlink', 50],
        ['gpu1', 'gpu2', 'nvlink', 50],
        ['gpu0', 'nic0', 'pcie', 50],
        ['gpu2', 'nic0', 'pcie', 50],
        ['sw0', 'gpu1', 'pcie', 50],
      ],
    );
    expect(() => route(server, 'gpu0', 'gpu2')).toThrow(
      expect.objectContaining({ code: 'invalid-option', path: ['to'] }),
    );
    expect(() => route(server, 'gpu0', 'sw0')).toThrow(expect.objectContaining({ code: 'invalid-option' }));
  });

  it('does not cross a GPU that is nearer than the switch', () => {
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'sw0'],
      [
        ['gpu0', 'gpu1', 'pcie', 50],
        ['gpu1', 'gpu2', 'pcie', 50],
        ['gpu0', 'sw0', 'pcie', 5],
        ['gpu2', 'sw0', 'pcie', 5],
      ],
    );
    expect(route(server, 'gpu0', 'gpu2')).toMatchObject({
      devices: ['gpu0', 'sw0', 'gpu2'],
      bandwidthGBps: 5,
    });
  });

  it('crosses the sockets where it must, and is held by the per-flow cap of a link', () => {
    const server = smallServer(
      ['gpu0', 'numa0', 'numa1', 'gpu1'],
      [
        ['gpu0', 'numa0', 'pcie', 55],
        ['numa0', 'numa1', 'socket', 83, 39],
        ['gpu1', 'numa1', 'pcie', 55],
      ],
    );
    expect(route(server, 'gpu0', 'gpu1')).toEqual({
      devices: ['gpu0', 'numa0', 'numa1', 'gpu1'],
      relation: 'SYS',
      bandwidthGBps: 39,
    });
  });

  it('sums the links to the NVSwitches of a fabric and names the first of them', () => {
    const server = topology('dgx-h100');
    const links = server.document.links.filter(
      ({ between, medium }) => medium === 'nvlink' && between.includes('gpu0'),
    );
    const { devices, relation, bandwidthGBps } = route(server, 'gpu0', 'gpu5');
    expect(devices).toHaveLength(3);
    expect(server.graph.getNodeAttribute(devices[1]!, 'kind')).toBe('nvswitch');
    expect(relation).toBe('NV18');
    expect(bandwidthGBps).toBeCloseTo(
      links.reduce((sum, link) => sum + link.bandwidthGBps, 0),
      9,
    );
  });

  it('tells NVSwitches apart where it begins or ends at one', () => {
    const server = topology('dgx-h100');
    const last = server.document.devices.filter((device) => device.kind === 'nvswitch').at(-1)!.id;
    const link = server.document.links.find(
      ({ between }) => between.includes('gpu0') && between.includes(last),
    )!;
    expect(route(server, 'gpu0', last)).toMatchObject({
      devices: ['gpu0', last],
      bandwidthGBps: link.bandwidthGBps,
    });
  });

  it('from a device to itself is the device, at any speed', () => {
    expect(route(topology('dgx-a100'), 'gpu3', 'gpu3')).toEqual({
      devices: ['gpu3'],
      relation: 'X',
      bandwidthGBps: Number.POSITIVE_INFINITY,
    });
  });

  it('refuses a device that the server does not have', () => {
    const server = topology('dgx-a100');
    expect(() => route(server, 'gpu0', 'gpu99')).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path: ['to'] }),
    );
    expect(() => route(server, '__proto__', 'gpu0')).toThrow(
      expect.objectContaining({ code: 'unknown-reference', path: ['from'] }),
    );
  });

  it.each(topologyNames.filter((name) => topology(name).gpus.length <= 8))(
    'is as wide as any path between each pair of GPUs of %s, and reads the same in both directions',
    (name) => {
      const server = topology(name);
      for (const from of server.gpus) {
        for (const to of server.gpus) {
          if (from === to) continue;
          const there = route(server, from, to);
          const back = route(server, to, from);
          expect([...back.devices].reverse()).toEqual(there.devices);
          expect(back.bandwidthGBps).toBe(there.bandwidthGBps);
          const kinds = there.devices.slice(1, -1).map((id) => server.graph.getNodeAttribute(id, 'kind'));
          expect(kinds).not.toContain('gpu');
          expect(kinds).not.toContain('nic');
          if (kinds.includes('nvswitch')) continue;
          expect(there.bandwidthGBps).toBe(bestByTrying(server, from, to)?.width);
        }
      }
    },
  );
});

describe('route on random servers', () => {
  it('is as wide as the widest of all paths that cross neither GPU nor NIC, and none is shorter', () => {
    fc.assert(
      fc.property(arbitraryServer({ caps: true }), (server) => {
        for (const from of server.gpus) {
          for (const to of server.gpus) {
            // The search below does not sum the links of equal NVSwitches.
            if (from === to || server.graph.hasNode('nvsw1')) continue;
            const best = bestByTrying(server, from, to);
            if (best === undefined) {
              expect(() => route(server, from, to)).toThrow(
                expect.objectContaining({ code: 'invalid-option' }),
              );
              continue;
            }
            const { devices, bandwidthGBps } = route(server, from, to);
            expect({ width: bandwidthGBps, hops: devices.length - 1 }).toEqual(best);
            for (const id of devices.slice(1, -1)) expect(id).not.toMatch(/^(gpu|nic)/);
          }
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  }, 60_000);
});

/** The widest, then shortest, of all simple paths, tried one by one; inside the fabric if that has any. */
function bestByTrying(
  server: ServerTopology,
  from: string,
  to: string,
): { width: number; hops: number } | undefined {
  const { graph } = server;
  const search = (fabricOnly: boolean): { width: number; hops: number } | undefined => {
    let best: { width: number; hops: number } | undefined;
    const walk = (at: string, width: number, seen: readonly string[]): void => {
      const hops = seen.length - 1;
      if (at === to) {
        const better = best === undefined || width > best.width || (width === best.width && hops < best.hops);
        if (better) best = { width, hops };
        return;
      }
      const kind = graph.getNodeAttribute(at, 'kind');
      if (at !== from && (kind === 'gpu' || kind === 'nic')) return;
      graph.forEachEdge(at, (_, link, source, target) => {
        const next = source === at ? target : source;
        if (seen.includes(next) || (fabricOnly && !isFabric(link.medium))) return;
        const flow = Math.min(link.flowCapGBps ?? link.bandwidthGBps, link.bandwidthGBps);
        walk(next, Math.min(width, flow), [...seen, next]);
      });
    };
    walk(from, Number.POSITIVE_INFINITY, [from]);
    return best;
  };
  return search(true) ?? search(false);
}
