import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { serverDocument } from '../../src/arbitraries/index.js';
import { synthetic, topology, topologyNames } from '../../src/catalogue/index.js';
import { placesOf } from '../../src/check/sets/gpu-places.js';
import { type Device, type ServerTopology, serverTopology } from '../../src/index.js';
import { fewestPlaces, gpuPlaces, gpusOnOne, placesTouched } from '../../src/topology/gpu-places.js';
import { type ShortLink, smallServer } from '../bandwidth/small-server.js';

const built = (description: string): ServerTopology => serverTopology(synthetic(description));

describe('gpuPlaces', () => {
  it('reads sockets and NUMA nodes of the machines of the catalogue', () => {
    for (const name of ['dgx-h100', 'aws-p5.48xlarge', 'l40s-8-dual-root'] as const) {
      expect(gpuPlaces(topology(name))).toEqual({ socket: [0b1111, 0b11110000], numa: [0b1111, 0b11110000] });
    }
    // Eight NUMA nodes, of which four have two GPUs each.
    expect(gpuPlaces(topology('dgx-a100'))).toEqual({
      socket: [0b1111, 0b11110000],
      numa: [0b11, 0b1100, 0b110000, 0b11000000],
    });
    expect(gpuPlaces(topology('azure-ncads-a100-v4'))).toEqual({ socket: [0b1111], numa: [1, 2, 4, 8] });
  });

  it('takes a GPU without a field of its own to be where the host above it is', () => {
    const links: ShortLink[] = [
      ['socket0', 'numa0', 'on-package', 100],
      ['socket1', 'numa1', 'on-package', 100],
      ['socket0', 'socket1', 'socket', 20],
      ['numa0', 'sw0', 'pcie', 50],
      ['sw0', 'gpu0', 'pcie', 50],
      ['sw0', 'gpu2', 'pcie', 50],
      ['numa1', 'gpu1', 'pcie', 50],
      ['gpu0', 'gpu1', 'nvlink', 90],
    ];
    const server = smallServer(
      ['gpu0', 'gpu1', 'gpu2', 'socket0', 'socket1', 'numa0', 'numa1', 'sw0'],
      links,
    );
    expect(gpuPlaces(server)).toEqual({ socket: [0b101, 0b010], numa: [0b101, 0b010] });
    // A field goes before the graph: the document says that GPU 2 is local to another socket.
    const said = server.document.devices.map((device): Device => {
      if (device.id === 'gpu2') return { ...device, socket: 7 };
      return device.kind === 'socket' ? { ...device, socket: Number(device.id.slice(-1)) } : device;
    });
    expect(gpuPlaces(serverTopology({ ...server.document, devices: said })).socket).toEqual([1, 2, 4]);
  });

  it('is open where one GPU hangs on nothing, or on a socket without NUMA nodes', () => {
    const lone = smallServer(['gpu0', 'gpu1', 'socket0'], [['socket0', 'gpu0', 'pcie', 50]]);
    expect(gpuPlaces(lone)).toEqual({ socket: undefined, numa: undefined });
    expect(gpuPlaces(smallServer(['gpu0', 'numa0'], [['numa0', 'gpu0', 'pcie', 50]]))).toEqual({
      socket: undefined,
      numa: [1],
    });
    expect(gpuPlaces(built('cpu:2 gpu:2'))).toMatchObject({ socket: [0b11, 0b1100] });
  });

  it('agrees with a walk up from every GPU, on all machines and on random servers', () => {
    const agree = (server: ServerTopology): void => {
      for (const kind of ['socket', 'numa'] as const) {
        const names = placesOf(server, kind);
        const masks = names?.map((name) =>
          names.reduce((mask, other, gpu) => mask | (+(other === name) << gpu), 0),
        );
        expect(gpuPlaces(server)[kind]).toEqual(masks === undefined ? undefined : [...new Set(masks)]);
      }
    };
    for (const name of topologyNames) agree(topology(name));
    fc.assert(
      fc.property(serverDocument(), fc.boolean(), (document, isBare) => {
        const devices = document.devices.map(
          ({ numa, socket, ...rest }): Device =>
            isBare || numa === undefined || socket === undefined ? rest : { ...rest, numa, socket },
        );
        agree(serverTopology({ ...document, devices }));
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

describe('gpusOnOne', () => {
  it('is the GPUs that are together on every kind of place', () => {
    expect(gpusOnOne(topology('dgx-a100'), ['socket'])).toEqual([0b1111, 0b11110000]);
    expect(gpusOnOne(topology('dgx-a100'), ['numa', 'socket'])).toHaveLength(4);
    expect(
      gpusOnOne(smallServer(['gpu0', 'numa0'], [['numa0', 'gpu0', 'pcie', 50]]), ['numa', 'socket']),
    ).toBe(undefined);
  });
});

describe('fewestPlaces', () => {
  it('counts the largest places first', () => {
    expect([...fewestPlaces([0b11, 0b11100])]).toEqual([0, 1, 1, 1, 2, 2]);
    expect([...fewestPlaces([])]).toEqual([0]);
  });
});

describe('placesTouched', () => {
  it('counts the places that hold some of a set', () => {
    expect(placesTouched([0b11, 0b1100], 0b0110)).toBe(2);
    expect(placesTouched([0b11, 0b1100], 0b1000)).toBe(1);
    expect(placesTouched([], 0b1000)).toBe(0);
  });
});
